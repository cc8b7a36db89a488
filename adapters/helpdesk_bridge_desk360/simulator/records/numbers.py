"""Numbers that WhatsApp writes in two ways; written apart from the adapter, so that the two can disagree."""

from __future__ import annotations

import re
from typing import Final

_BRAZIL: Final = re.compile(r"55([1-9][1-9])(9?)([6-9]\d{7})")
_MEXICO: Final = re.compile(r"52(1?)([2-9]\d{9})")
_ARGENTINA: Final = re.compile(r"54(9?)([1-9]\d{9})")
"""observed: in many public reports of WhatsApp's ids."""


def other_way(digits: str) -> str | None:
    """Return the other way in which WhatsApp writes a number, None if it has one way."""
    if brazil := _BRAZIL.fullmatch(digits):
        return f"55{brazil[1]}{'' if brazil[2] else '9'}{brazil[3]}"
    if mexico := _MEXICO.fullmatch(digits):
        return f"52{'' if mexico[1] else '1'}{mexico[2]}"
    if argentina := _ARGENTINA.fullmatch(digits):
        return f"54{'' if argentina[1] else '9'}{argentina[2]}"
    return None


def one_of(digits: str) -> str:
    """Return the same text for both ways of a number."""
    return min(digits, other_way(digits) or digits)
