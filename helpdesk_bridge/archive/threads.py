"""Threads read whole: a thread that came short is read again, beside the desk's count of today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from helpdesk_bridge.errors import BadResponse, Conflict, Invalid, NotFound, PermissionDenied, Unsupported
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.ports import Helpdesk

OF_ONE_RECORD = (BadResponse, PermissionDenied, Invalid, Unsupported, Conflict)
"""Errors that are about one record: the others can still be read."""


@frozen
class Thread:
    """A thread as it was read. ``gone``: the ticket is no longer there; ``problem`` says why the thread is not whole."""

    messages: tuple[Message, ...] = ()
    gone: bool = False
    failed: bool = False
    problem: str | None = None


def unread_rows(desk: Helpdesk, kind: str, parent: str = "") -> int:
    """Return how many rows of a kind a desk's listings left out so far, because they cannot be read."""
    ask: Callable[[str, str], Sequence[object]] | None = getattr(desk, "unread_rows", None)
    return 0 if ask is None else len(ask(kind, parent))


def read_thread(desk: Helpdesk, ticket: Ticket) -> Thread:
    """Return the thread of a ticket; an error that is about this ticket alone is its problem."""
    try:
        return _read(desk, ticket)
    except NotFound:
        return Thread(gone=True)
    except OF_ONE_RECORD as error:
        return Thread(failed=True, problem=f"{type(error).__name__}: {error.message}")


def _read(desk: Helpdesk, ticket: Ticket) -> Thread:
    messages = _listed(desk, ticket)
    if _lacking(desk, ticket, messages, ticket.message_count) is not None:
        # An empty answer of a proxy, or a page that was left out, looks like the end of a thread.
        messages = max(messages, _listed(desk, ticket), key=len)
        lacking = _lacking(desk, ticket, messages, desk.tickets.get(ticket.id).message_count)
        if lacking is not None:
            return Thread(messages, problem=lacking)
    left_out = unread_rows(desk, "message", ticket.id)
    if left_out:
        return Thread(messages, problem=f"{left_out} of its messages cannot be read")
    return Thread(messages)


def _listed(desk: Any, ticket: Ticket) -> tuple[Message, ...]:
    return tuple(desk.messages.list(ticket.id, resolve=False))


def _lacking(desk: Helpdesk, ticket: Ticket, messages: Sequence[Message], told: int | None) -> str | None:
    unread = unread_rows(desk, "message", ticket.id)
    came = len(messages) + unread
    if told is not None and came < told:
        return f"{came} of {told} messages came, twice"
    if ticket.message_count != 0 and not unread and not any(message.opening for message in messages):
        return "it came without its opening, twice"
    return None
