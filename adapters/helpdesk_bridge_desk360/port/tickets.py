"""Tickets (``desk.tickets``): the conversations of the inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from helpdesk_bridge_desk360.wire.phones import conversation_id, digits_of, recipient, spellings, with_plus
from helpdesk_bridge_desk360.wire.reading import STATUSES

_WORDS: Final = {word: status for status, word in STATUSES.items()}
_OWN_FIELDS: Final = frozenset({"custom_fields"})


@frozen
class _Native:
    """A query of the inbox, and the numbers that the user asked for by their conversation."""

    query: Any
    asked: Mapping[str, str]

    def as_asked(self, ticket: Ticket) -> Ticket:
        """Return a ticket with its customer's number in the way in which the user wrote it: the desk compares that."""
        number = self.asked.get(ticket.id)
        if number is None or ticket.requester is None:
            return ticket
        return evolve(ticket, requester=evolve(ticket.requester, phone=with_plus(digits_of(number))))


@frozen(eq=False)
class Desk360Tickets:
    """Reads use only the inbox and cost no request; ``create`` sends a message to a phone."""

    _inbox: Inbox
    _messages: Desk360Messages

    def split(self, query: TicketQuery) -> QuerySplit:
        """Divide a query: the inbox answers nearly all of it."""
        wanted = query.requester or frozenset()
        asked = {conversation_id(each): each for each in wanted if isinstance(each, str) and len(spellings(each)) > 1}
        if asked:
            query = evolve(query, requester=wanted.difference(asked.values()).union(asked))
        # Custom fields there are the inbox's own notes, which no query may see.
        split = divide_tickets(query)
        return evolve(
            split,
            native=_Native(split.native, asked),
            fields=split.fields - _OWN_FIELDS,
            exact=split.exact and query.custom_fields is None,
        )

    def page(self, native: _Native, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return a page of the inbox."""
        page = self._inbox.store.tickets.page(native.query, cursor, size)
        return evolve(page, items=tuple(native.as_asked(without_own_fields(ticket)) for ticket in page.items))

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
        given = recipient(_phone(draft.requester), "requester")
        conversation = conversation_id(given)
        known = self._inbox.store.contacts.lookup(conversation) is not None
        description = draft.description if isinstance(draft.description, Body) else Body(text=draft.description)
        number = self._inbox.number(conversation) if known else given
        self._messages.send(number, MessageDraft(body=description, attachments=draft.attachments))
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
    digits = digits_of(given)
    return with_plus(digits) if digits.isdecimal() else given
