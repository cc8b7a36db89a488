"""The errors of the machine: a desk that disagrees with the model, and a factory that gives no testable desk."""

from __future__ import annotations


class Disagreement(AssertionError):
    """A desk differs from the model; the message names the desk, the record and both values."""


class FactoryError(ValueError):
    """The factory gives something that cannot be tested; the message says what to give instead."""
