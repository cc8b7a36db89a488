"""Events by polling: for vendors without webhooks, and for webhooks that nothing receives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.model.queries import Order, Period, TicketQuery
from helpdesk_bridge.ports import Messages, Tickets


@frozen
class RecordEvent:
    """A record was written: ``kind`` is ticket.created, ticket.updated, contact.… or message.created.

    ``at`` is when the desk says that it was written; ``ticket_id`` is the ticket that a message belongs to.
    """

    kind: str
    id: str
    at: datetime
    ticket_id: str | None = None


@frozen(eq=False)
class Polling:
    """Events out of ``tickets.list`` and ``messages.list``.

    It costs the pages of the tickets that changed since, and their threads: poll often and from where the last answer
    ended. A ticket that changed several times comes once; one that is spam or deleted, and a changed contact, do
    not come. assumed: a new message moves the time at which its ticket was updated, at every vendor.
    """

    tickets: Tickets
    messages: Messages

    def since(self, since: datetime) -> Sequence[RecordEvent]:
        """Return what was written at or after ``since``, oldest first."""
        changed = TicketQuery(updated=Period(since, None), order=Order.UPDATED_ASC)
        found: list[tuple[datetime, int, RecordEvent]] = []
        for ticket in self.tickets.list(changed, resolve=False):
            is_new = ticket.created_at is not None and ticket.created_at >= since
            at = (ticket.created_at if is_new else ticket.updated_at) or since
            found.append((at, 0, RecordEvent("ticket.created" if is_new else "ticket.updated", ticket.id, at)))
            found += [(event.at, 1, event) for event in self._messages(ticket.id, since)]
        return tuple(event for _, _, event in sorted(found, key=lambda one: one[:2]))

    def _messages(self, ticket_id: str, since: datetime) -> Sequence[RecordEvent]:
        try:
            return [
                RecordEvent("message.created", message.id, message.created_at, ticket_id)
                for message in self.messages.list(ticket_id, resolve=False)
                if message.created_at is not None and message.created_at >= since
            ]
        except NotFound:  # deleted since the list was read
            return []
