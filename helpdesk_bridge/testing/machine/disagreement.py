"""What the machine raises."""

from __future__ import annotations


class Disagreement(AssertionError):
    """A desk does not say what the model says; the message tells which desk, which record and both values."""
