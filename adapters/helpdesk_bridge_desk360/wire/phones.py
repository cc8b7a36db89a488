"""Phone numbers: with a plus in sends, without it in webhooks and conversation ids."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import Invalid, Phone

# documented: Desk360 API, "It should start with (+) and a country code."; the length is E.164's (assumed).
_RECIPIENT: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST: Final = 64
_DECORATION: Final = re.compile(r"[\s().\-/]+")


@frozen
class WrittenTwice:
    """A country whose numbers WhatsApp writes with and without a ``digit`` between the pattern's two groups.

    ``dialled`` says whether people dial that digit from abroad.
    """

    country: str
    pattern: re.Pattern[str]
    digit: str
    dialled: bool


WRITTEN_TWICE: Final = (
    WrittenTwice("BR", re.compile(r"(55[1-9][1-9])9?([6-9][0-9]{7})"), "9", dialled=True),
    WrittenTwice("MX", re.compile(r"(52)1?([2-9][0-9]{9})"), "1", dialled=False),
    WrittenTwice("AR", re.compile(r"(54)9?([1-9][0-9]{9})"), "9", dialled=True),
)
"""observed (many clients report it; docs/vendors/desk360.md): the ids of WhatsApp keep or drop Brazil's ninth digit of a
mobile number, Mexico's former 1 and Argentina's 9. Brazil's old mobile numbers began with 6 to 9: one that begins
otherwise is a landline's without the 9, and is not joined."""


def recipient(to: str, field: str = "to") -> str:
    """Return a number for a send. Raises ``Invalid`` for any other form, without quoting the number."""
    if not isinstance(to, str) or not _RECIPIENT.fullmatch(to):
        raise Invalid("use a number with +, country code and digits only, such as +905551112233", field=field)
    return to


def digits_of(phone: str) -> str:
    """Return a number's digits as they are written, with country code: `+90…`, `90…` and `0090…` are the same.

    Other text, such as a masked number, stays as it is, so that no webhook is lost.
    """
    bare = _DECORATION.sub("", phone).removeprefix("+")
    if bare.isascii() and bare.isdigit():
        return bare.removeprefix("00")[:_LONGEST]
    return phone.strip().removeprefix("+")[:_LONGEST].encode("utf-8", "replace").decode()


def conversation_id(phone: str) -> str:
    """Return the id of a number's conversation: its digits, in the form that people dial if WhatsApp has two."""
    digits = digits_of(phone)
    for rule in WRITTEN_TWICE:
        found = rule.pattern.fullmatch(digits)
        if found is not None:
            return f"{found[1]}{rule.digit if rule.dialled else ''}{found[2]}"
    return digits


def spellings(phone: str) -> tuple[str, ...]:
    """Return the digits of a number as they are written, then the other form if WhatsApp has two."""
    digits = digits_of(phone)
    for rule in WRITTEN_TWICE:
        found = rule.pattern.fullmatch(digits)
        if found is not None:
            both = (f"{found[1]}{found[2]}", f"{found[1]}{rule.digit}{found[2]}")
            return (digits, *(form for form in both if form != digits))
    return (digits,)


def with_plus(digits: str) -> str:
    """Return a number with its plus, as people write it and sends require it."""
    return f"+{digits}"


def phone_of(digits: str) -> Phone:
    """Return the number as a value; WhatsApp numbers are international."""
    number = with_plus(digits)
    return Phone(number, number if _RECIPIENT.fullmatch(number) else None)
