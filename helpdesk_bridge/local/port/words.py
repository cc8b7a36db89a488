"""Statuses and priorities by the desk's labels, and lists of words before and after a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import Words
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Add, Priority, Remove, Status
from helpdesk_bridge.text.plain import fold

E = TypeVar("E", Status, Priority)


def status_of(status: Status | str, capabilities: Capabilities) -> tuple[Status, str | None]:
    """Return a status and its label. A word of nobody's is UNKNOWN with that label, where any word can be written."""
    if isinstance(status, Status):
        return _labelled(status, capabilities.statuses, "status")
    found = _meaning(status, capabilities.statuses)
    if found is not None:
        return found
    if capabilities.open_statuses:
        return Status.UNKNOWN, status
    raise Invalid("no such status at this desk", field="status")


def priority_of(priority: Priority | str, capabilities: Capabilities) -> tuple[Priority, str | None]:
    """Return a priority and its label."""
    if isinstance(priority, Priority):
        return _labelled(priority, capabilities.priorities, "priority")
    found = _meaning(priority, capabilities.priorities)
    if found is None:
        raise Invalid("no such priority at this desk", field="priority")
    return found


def _labelled(member: E, labels: Mapping[E, str], field: str) -> tuple[E, str | None]:
    if member not in labels:
        raise Invalid(f"no {field} {member.value} at this desk", field=field)
    return member, labels[member]


def _meaning(word: str, labels: Mapping[E, str]) -> tuple[E, str | None] | None:
    for member, label in labels.items():
        if fold(label) == fold(word) or member.value == word:
            return member, label
    return None


def changed_words(
    now: tuple[str, ...], change: Words | None, same: Callable[[str], str] = fold, field: str = "tags"
) -> tuple[str, ...]:
    """Return ``now`` after a whole tuple, ``Add``, ``Remove`` or None; of words for which ``same`` is one, one stays."""
    if isinstance(change, Add):
        return _distinct((*now, *change.values), same, field)
    if isinstance(change, Remove):
        gone = {same(word) for word in change.values}
        return tuple(word for word in now if same(word) not in gone)
    return _distinct(change or (), same, field)


def _distinct(words: tuple[str, ...], same: Callable[[str], str], field: str) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for word in words:
        if not isinstance(word, str):
            raise Invalid("a list of words takes text only", field=field)
        found.setdefault(same(word), word)
    return tuple(found.values())


def text_or_none(value: Any, field: str) -> str | None:
    """Return a text or None. Raises ``Invalid`` for anything else."""
    if value is None or isinstance(value, str):
        return value
    raise Invalid(f"{field} takes text, not {type(value).__name__}", field=field)


def status_changes(ticket: Ticket, word: tuple[Status, str | None], now: datetime) -> dict[str, Any]:
    """Return what a ticket's new status and its label change in the ticket."""
    status, label = word
    solved = ticket.solved_at if status in (Status.SOLVED, Status.CLOSED) else None
    closed = ticket.closed_at if status is Status.CLOSED else None
    if status is Status.SOLVED and solved is None:
        solved = now
    if status is Status.CLOSED and closed is None:
        closed = now
    return {"status": status, "status_label": label, "solved_at": solved, "closed_at": closed}
