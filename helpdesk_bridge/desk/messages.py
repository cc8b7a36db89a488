"""``desk.messages``: threads, replies and notes joined to the adapter's messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Unpack

from attrs import frozen

from helpdesk_bridge.adapter import QuerySplit
from helpdesk_bridge.desk.idempotency import note_once, unmarked
from helpdesk_bridge.desk.link import DeskLink, refuse_key
from helpdesk_bridge.desk.listing import QueryListing
from helpdesk_bridge.desk.refusals import check_message
from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.model.drafts import MessageDraft, Sent
from helpdesk_bridge.model.keywords import MessageFields, made_of
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Body, Person, Visibility
from helpdesk_bridge.ports import TicketId


@frozen(repr=False)
class MessagesPort:
    """``desk.messages``."""

    _link: DeskLink

    def __repr__(self) -> str:
        return f"<messages of desk {self._link.name}>"

    def list(
        self, ticket_id: TicketId, *, visibility: Visibility | str | None = None, resolve: bool = True
    ) -> QueryListing[Message]:
        """Yield the thread, oldest first, the opening message first; ``visibility`` leaves the other messages out."""
        resolved = self._link.people.message if resolve else _as_it_is
        with self._link.operation("messages.list", passing=True):
            eyes = _visibility(visibility)
        files = self._link.files
        return self._thread(ticket_id, lambda message: files.in_message(unmarked(resolved(message))), eyes)

    def _thread(
        self, ticket_id: TicketId, shown: Callable[[Message], Message], eyes: Visibility | None = None
    ) -> QueryListing[Message]:
        link = self._link
        with link.operation("messages.list", passing=True):
            known_id = link.id(ticket_id, "ticket")
        return QueryListing(
            split=QuerySplit(known_id, exact=eyes is None),
            fetch=lambda cursor, _: link.adapter.messages.page(known_id, cursor),
            keep=lambda message: message if eyes in (None, message.visibility) else None,
            shown=shown,
            key=lambda message: message.id,
            sort=lambda messages: messages,
            listing=lambda: link.listing("messages.list", known_id, eyes),
            place=lambda message: message.sequence,
            located=lambda: link.operation_of("messages.list", "ticket", known_id),
            begin=lambda: link.begin("messages.list"),
        )

    def get(self, ticket_id: TicketId, id: str) -> Message:
        """Return one message of a ticket."""
        with self._link.operation("messages.list"):
            known_id = self._link.id(ticket_id, "ticket")
            if not isinstance(id, str):
                raise Invalid(f"the id of a message is text, not a value of type {type(id).__name__}", field="id")
            earlier, moved = self._link.earlier(ticket_id), self._link.moved
            wanted = id if moved is None or earlier is None else moved.message(earlier, id)
            for message in self.list(known_id, resolve=False):
                if message.id == wanted:
                    return self._link.people.message(message)
            raise NotFound("this ticket has no such message")

    def reply(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Answer the customer."""
        link = self._link
        with link.operation("messages.reply"):
            refuse_key(link.capabilities, "messages.reply", idempotency_key)
            return link.adapter.messages.reply(
                link.id(ticket_id, "ticket"), check_message(_draft(draft, fields), link.capabilities)
            )

    def note(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Add an internal note."""
        link = self._link
        with link.operation("messages.note"):
            refuse_key(link.capabilities, "messages.note", idempotency_key)
            known_id, checked = link.id(ticket_id, "ticket"), check_message(_draft(draft, fields), link.capabilities)
            write = partial(link.adapter.messages.note, known_id)
            if idempotency_key is None:
                return write(checked)
            thread = self._thread(known_id, _as_it_is)
            tokens = link.tokens("messages.note", known_id, idempotency_key)
            return note_once(thread, write, checked, tokens, key=idempotency_key)

    def add_from_contact(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str,
        author: Person,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Record what a customer wrote in the application's own portal."""
        link = self._link
        with link.operation("messages.add_from_contact"):
            refuse_key(link.capabilities, "messages.add_from_contact", idempotency_key)
            known_id = link.id(ticket_id, "ticket")
            return link.adapter.messages.add_from_contact(
                known_id, check_message(_draft(draft, fields), link.capabilities), link.person(author, "author")
            )


def _as_it_is(message: Message) -> Message:
    return message


def _draft(given: MessageDraft | Body | str | None, fields: MessageFields) -> MessageDraft:
    if isinstance(given, (str, Body)):
        if "body" in fields:
            raise Invalid("the body is given twice; give it once", field="body")
        return made_of(MessageDraft, None, {"body": given, **fields})
    return made_of(MessageDraft, given, fields)


def _visibility(given: Visibility | str | None) -> Visibility | None:
    try:
        return None if given is None else Visibility(given)
    except ValueError:
        known = ", ".join(repr(one.value) for one in Visibility)
        raise Invalid(f"visibility takes a Visibility or one of {known}", field="visibility") from None
