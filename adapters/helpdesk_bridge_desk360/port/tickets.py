"""Tickets (``desk.tickets``): the conversations of the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import (
    Actor,
    Body,
    Invalid,
    MessageDraft,
    Page,
    Person,
    QuerySplit,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Unsupported,
    divide_tickets,
)
from helpdesk_bridge_desk360.inbox.inbox import Inbox, without_own_fields
from helpdesk_bridge_desk360.port.messages import Desk360Messages
from helpdesk_bridge_desk360.wire.phones import conversation_id, recipient, with_plus
from helpdesk_bridge_desk360.wire.reading import STATUSES

_WORDS: Final = {word: status for status, word in STATUSES.items()}
_OWN_FIELDS: Final = frozenset({"custom_fields"})


@frozen(eq=False)
class Desk360Tickets:
    """Reads use only the inbox and cost no request; ``create`` sends a message to a phone."""

    _inbox: Inbox
    _messages: Desk360Messages

    def split(self, query: TicketQuery) -> QuerySplit:
        """Divide a query: the inbox answers nearly all of it."""
        # Custom fields there are the inbox's own notes, which no query may see.
        split = divide_tickets(query)
        return evolve(split, fields=split.fields - _OWN_FIELDS, exact=split.exact and query.custom_fields is None)

    def page(self, native: Any, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return a page of the inbox."""
        page = self._inbox.store.tickets.page(native, cursor, size)
        return evolve(page, items=tuple(map(without_own_fields, page.items)))

    def get(self, ticket_id: str) -> Ticket:
        """Return a conversation; its number in any spelling is its id."""
        return self._inbox.ticket(conversation_id(ticket_id))

    def create(self, draft: TicketDraft, marker: str | None = None, earlier: Sequence[str] = ()) -> Ticket:  # noqa: ARG002 - there is no place for one
        """Write to a customer by text, which WhatsApp allows within 24 hours of the customer's last message.

        The subject is stored in the inbox. Raises ``Unsupported`` if the window is closed: then a template starts the
        conversation (``desk.templates.send``).
        """
        if marker is not None:
            raise Unsupported(
                "a WhatsApp message cannot carry an idempotency key", capability="idempotency:tickets.create"
            )
        number = recipient(_phone(draft.requester), "requester")
        conversation = conversation_id(number)
        description = draft.description if isinstance(draft.description, Body) else Body(text=draft.description)
        self._messages.send(conversation, MessageDraft(body=description, attachments=draft.attachments))
        return (
            self._inbox.change(conversation, subject=draft.subject) if draft.subject.strip() else self.get(conversation)
        )

    def update(self, ticket_id: str, change: TicketChange) -> Ticket:
        """Set the status, only in the inbox: the panel does not show it."""
        status = _WORDS.get(str(change.status))
        if status is None:
            raise Unsupported(f"the inbox has the statuses {', '.join(_WORDS)}", capability="status")
        return self._inbox.change(conversation_id(ticket_id), status=status)


def _phone(requester: Person) -> str:
    given = requester
    if isinstance(given, Actor):
        given = given.phone or given.id or given.email or ""
    if "@" in given:
        raise Invalid("Desk360 identifies customers by phone number, not by e-mail", field="requester")
    conversation = conversation_id(given)
    return with_plus(conversation) if conversation.isdecimal() else given
