"""Phone numbers: with a plus in sends, without it in webhooks and conversation ids."""

from __future__ import annotations

import re
from typing import Final

from helpdesk_bridge.adapter import Invalid, Phone

# documented: Desk360 API, "It should start with (+) and a country code."; the length is E.164's (assumed).
_RECIPIENT: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST: Final = 64
_DECORATION: Final = re.compile(r"[\s().\-/]+")


def recipient(to: str, field: str = "to") -> str:
    """Return a number for a send. Raises ``Invalid`` for any other form, without quoting the number."""
    if not isinstance(to, str) or not _RECIPIENT.fullmatch(to):
        raise Invalid("use a number with +, country code and digits only, such as +905551112233", field=field)
    return to


def conversation_id(phone: str) -> str:
    """Return the id of a number's conversation: `+90…`, `90…` and `0090…` are the same.

    Other text, such as a masked number, is its own id, so that no webhook is lost.
    """
    bare = _DECORATION.sub("", phone).removeprefix("+")
    if bare.isascii() and bare.isdigit():
        return bare.removeprefix("00")[:_LONGEST]
    return phone.strip().removeprefix("+")[:_LONGEST].encode("utf-8", "replace").decode()


def with_plus(conversation: str) -> str:
    """Return the number of a conversation with its plus, as people write it and sends require it."""
    return f"+{conversation}"


def phone_of(conversation: str) -> Phone:
    """Return the number as a value; WhatsApp numbers are international."""
    number = with_plus(conversation)
    return Phone(number, number if _RECIPIENT.fullmatch(number) else None)
