"""Which of a simulated vendor's people share an address: as mail systems and phone networks see it, or by less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from helpdesk_bridge.model.addresses import email_key, phone_key
from helpdesk_bridge.testing.simulator.routing import ASSUMED
from helpdesk_bridge.testing.simulator.switches import Switch

KeyOf = Callable[[str], str]

ADDRESSES: Final = Switch(
    "exact",
    "which addresses are one person's: exact (as mail systems and phone networks see them) or folded (more of them)",
    ASSUMED,
    ("exact", "folded"),
)
"""The switch ``addresses``. assumed: no vendor documents how it compares them."""


def email_keys(how: str) -> KeyOf:
    """Return what two e-mails of one person share."""
    return _folded if how == "folded" else lambda email: email_key(email.strip())


def phone_keys(how: str) -> KeyOf:
    """Return what two phone numbers of one person share; a plus in front is always read into a number that lacks it."""
    return _digits if how == "folded" else lambda phone: phone_key(phone).removeprefix("+") or phone


def _folded(email: str) -> str:
    return email.strip().casefold()


def _digits(phone: str) -> str:
    return "".join(filter(str.isdecimal, phone)) or phone


__all__ = ["ADDRESSES", "KeyOf", "email_keys", "phone_keys"]
