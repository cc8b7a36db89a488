"""``desk.messages`` of a local desk. A reply goes into the outbox; nothing is ever sent."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Page
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.local.port.words import status_changes
from helpdesk_bridge.model.drafts import MessageDraft, Sent
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, MessageKind, Person, Visibility, body_of


@frozen(eq=False)
class LocalMessages:
    """Threads as ``MessagesAdapter`` has them."""

    _desk: LocalDesk

    def page(self, ticket_id: str, cursor: str | None) -> Page[Message]:
        """Return a page of the whole thread, oldest first, the opening first."""
        self._desk.calls.add("messages.list", ticket_id, cursor=cursor)
        return self._desk.store.messages.page(ticket_id, cursor)

    def reply(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Answer the customer: the message is public, and the outbox has it."""
        self._desk.calls.add("messages.reply", ticket_id, draft=draft)
        return self._write(ticket_id, draft, MessageKind.REPLY, None)

    def note(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Add an internal note."""
        self._desk.calls.add("messages.note", ticket_id, draft=draft)
        return self._write(ticket_id, draft, MessageKind.NOTE, None)

    def add_from_contact(self, ticket_id: str, draft: MessageDraft, author: Person) -> Sent:
        """Record what a customer wrote elsewhere; an unknown author becomes a contact."""
        self._desk.calls.add("messages.add_from_contact", ticket_id, draft=draft, author=author)
        return self._write(ticket_id, draft, MessageKind.REPLY, author)

    def _write(self, ticket_id: str, draft: MessageDraft, kind: MessageKind, customer: Person | None) -> Sent:
        desk, store = self._desk, self._desk.store
        with desk.operation(draft.attachments) as files, store.database.write() as connection:
            ticket = store.tickets.get(ticket_id)
            people = desk.people
            author = people.own_agent() if customer is None else people.requester(customer, "author")
            sends = kind is MessageKind.REPLY and customer is None
            message = Message(
                id=store.messages.new_id(),
                ticket_id=ticket_id,
                author=author,
                visibility=Visibility.INTERNAL if kind is MessageKind.NOTE else Visibility.PUBLIC,
                kind=kind,
                body=body_of(draft.body),
                to=_recipients(ticket.requester) if sends else (),
                cc=draft.cc,
                created_at=desk.now(),
                attachments=store.files.keep(connection, files),
            )
            store.messages.add(message)
            if sends:
                store.outbox.add(connection, message.id)
            store.tickets.put(self._answered(ticket, message))
            (written,) = store.messages.tail(ticket_id, 1)
        return Sent((message.id,), message.created_at, evolve(message, sequence=written.sequence))

    def _answered(self, ticket: Ticket, message: Message) -> Ticket:
        now, first = message.created_at or self._desk.now(), ticket.first_response_at
        public = message.visibility is Visibility.PUBLIC
        changes: dict[str, Any] = {"updated_at": now}
        if first is None and public and message.author.kind is ActorKind.AGENT:
            changes["first_response_at"] = now
        status = self._desk.capabilities.reopens
        if status not in (None, ticket.status) and message.author.kind is ActorKind.CONTACT:
            changes |= status_changes(ticket, (status, self._desk.capabilities.statuses.get(status)), now)
        return evolve(ticket, **changes)


def _recipients(requester: Actor | None) -> tuple[str, ...]:
    address = (requester.email or requester.phone) if requester is not None else None
    return (address,) if address else ()
