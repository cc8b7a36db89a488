"""Words: Desk365's names and numbers for statuses, priorities and channels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from helpdesk_bridge.adapter import Priority, Status, fold

# Observed: the four built-in statuses. Tenants add their own, which are UNKNOWN unless the configuration says more.
STATUSES: Final[Mapping[Status, str]] = MappingProxyType(
    {Status.OPEN: "Open", Status.PENDING: "Pending", Status.SOLVED: "Resolved", Status.CLOSED: "Closed"}
)
_STATUS_AS_SENT: Final = {label: (status, label) for status, label in STATUSES.items()}
_STATUS_OF: Final = {fold(label): (status, label) for status, label in STATUSES.items()}

# Documented: Desk365 API, "Fixed numerical values"; one cell of its filter table contradicts it (10 as Urgent).
_PRIORITIES: Final = (
    (1, Priority.LOW, "Low"),
    (5, Priority.NORMAL, "Medium"),
    (10, Priority.HIGH, "High"),
    (20, Priority.URGENT, "Urgent"),
)
PRIORITIES: Final[Mapping[Priority, str]] = MappingProxyType({priority: label for _, priority, label in _PRIORITIES})
_PRIORITY_OF: Final = {number: (priority, label) for number, priority, label in _PRIORITIES}

# Documented: Desk365 API, "Fixed numerical values" (1 to 13); observed: 15 on every ticket made by API; a client of
# 2026 names 16 to 18, the AI agents of chat widget, Teams and portal.
_CHANNELS: Final[Mapping[int, str]] = {
    1: "email",
    5: "teams",
    6: "portal",
    7: "phone",
    12: "web_form",
    13: "web_widget",
    15: "api",
    16: "chat",
    17: "teams",
    18: "portal",
}

NEW_STATUS: Final = STATUSES[Status.OPEN]
NEW_PRIORITY: Final = 5
"""Documented: Desk365 API, "5 (Medium)". Observed: what working clients send for a new ticket without a priority."""

UNASSIGNED: Final = "--"
"""Documented: Desk365 API, "- -" finds and sets none; the vendor's own JSON writes it without the blank."""

_NUMBER: Final = re.compile(r"-?[0-9]{1,100}")


def whole_number(text: str) -> int | None:
    """Return the number that a text writes in the digits 0 to 9; None for any other text, and for absurdly long ones."""
    return int(text) if _NUMBER.fullmatch(text) else None


def status_of(word: str | None) -> tuple[Status, str | None]:
    """Return status and label; the built-in words are recognised in any case and given in their own."""
    if word is None:
        return Status.UNKNOWN, None
    if word in _STATUS_AS_SENT:
        return _STATUS_AS_SENT[word]
    return _STATUS_OF.get(fold(word.strip()), (Status.UNKNOWN, word))


def priority_of(number: int | None) -> tuple[Priority, str | None]:
    """Return priority and label of a number; an unknown number is its own label."""
    if number is None:
        return Priority.UNKNOWN, None
    return _PRIORITY_OF.get(number, (Priority.UNKNOWN, str(number)))


def priority_number(priority: Priority | str) -> int | None:
    """Return the number of a priority or of a label (or of a number as text); None if there is none."""
    if isinstance(priority, Priority):
        return next((number for number, one, _ in _PRIORITIES if one is priority), None)
    word = fold(priority.strip())
    for number, one, label in _PRIORITIES:
        if word in (fold(label), one.value):
            return number
    return whole_number(word)


def channel_of(source: int | str | None) -> str | None:
    """Return the channel of a source; an unknown source is its own word."""
    if isinstance(source, int):
        return _CHANNELS.get(source, str(source))
    return source


def sources_of(channel: str) -> tuple[str, ...]:
    """Return the sources, as the text that filters take, whose channel is this word."""
    word = fold(channel)
    known = tuple(str(number) for number, name in _CHANNELS.items() if fold(name) == word)
    number = whole_number(word)
    return known or ((word,) if number is not None and number not in _CHANNELS else ())
