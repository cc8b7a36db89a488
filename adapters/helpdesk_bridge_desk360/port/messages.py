"""Messages (``desk.messages``): threads of the inbox; a reply reaches the phone, a note never leaves the inbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import (
    HelpdeskError,
    InDoubt,
    Invalid,
    Message,
    MessageDraft,
    Page,
    Person,
    Sent,
    Unsupported,
    body_of,
)
from helpdesk_bridge_desk360.inbox.inbox import Inbox
from helpdesk_bridge_desk360.vendor_api.vendor_api import Desk360Api
from helpdesk_bridge_desk360.wire.phones import conversation_id, recipient
from helpdesk_bridge_desk360.wire.writing import TEXT_LIMIT, checked_files, checked_text

_PORT_WORDS: Final[Mapping[str, str]] = {"to": "ticket", "text": "body", "attachments": "attachments"}
"""What Desk360 calls the recipient, the text and the files of a message (documented: API, "Send WhatsApp Message")."""


@contextmanager
def _in_port_words() -> Iterator[None]:
    """Let a refusal name the field as the port does; ``vendor_api`` takes the vendor's words and keeps them."""
    try:
        yield
    except Invalid as error:
        head = re.split(r"[.\[]", error.field or "", maxsplit=1)[0]
        error.field = _PORT_WORDS.get(head, error.field)
        raise


@frozen(eq=False)
class Desk360Messages:
    """The thread of a conversation, as webhooks and this library know it: replies from the panel are missing."""

    _inbox: Inbox
    _api: Desk360Api

    def page(self, ticket_id: str, cursor: str | None) -> Page[Message]:
        """Return a page of the thread."""
        return self._inbox.store.messages.page(conversation_id(ticket_id), cursor)

    def reply(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Answer the customer: the text as one message, each file as another; ``Sent.ids`` has them all."""
        if draft.cc:
            raise Unsupported("a WhatsApp message has one recipient", capability="messages.reply:cc")
        conversation = conversation_id(ticket_id)
        self._inbox.ticket(conversation)
        return self.send(self._inbox.number(conversation), draft)

    def send(self, to: str, draft: MessageDraft) -> Sent:
        """Send text and files to a number; everything is checked before the first send.

        Raises ``InDoubt`` if the text was sent and the files were not: repeating the call would send the text twice.
        """
        number = recipient(to, "ticket")
        text = body_of(draft.body).text
        files = checked_files(draft.attachments) if draft.attachments else ()
        if files and not text.strip():
            with _in_port_words():
                return self._api.send_media(number, files)
        with _in_port_words():
            sent = self._api.send_text(number, checked_text(text, "body", TEXT_LIMIT))
        if not files:
            return sent
        try:
            more = self._api.send_media(number, files, anyway=True)
        except HelpdeskError as error:
            problem = error
        else:
            return Sent((*sent.ids, *more.ids), more.at)
        raise InDoubt.of_part("the text was sent and is in the inbox, its files are the rest", problem)

    def note(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Store a note in the inbox. Nothing is sent, and the panel does not show it."""
        message = self._inbox.note(conversation_id(ticket_id), body_of(draft.body), draft.attachments)
        return Sent((message.id,), message.created_at, message)

    def add_from_contact(self, ticket_id: str, draft: MessageDraft, author: Person) -> Sent:  # noqa: ARG002 - the port's signature
        """Refuse: customers' messages arrive by webhook."""
        raise Unsupported(
            "customers write on WhatsApp; their messages arrive by webhook", capability="messages.add_from_contact"
        )
