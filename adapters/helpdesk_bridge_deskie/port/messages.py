"""Messages (``desk.messages``), in Deskie's own order."""

from __future__ import annotations

from typing import Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import (
    Body,
    Message,
    MessageDraft,
    Page,
    Person,
    Sent,
    Unsupported,
    Upload,
    body_of,
)
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.client.threads import ThreadReading
from helpdesk_bridge_deskie.port.inline_images import InlineImageWriter
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.wire.documents import MessageDocument
from helpdesk_bridge_deskie.wire.images import with_names
from helpdesk_bridge_deskie.wire.reading import Reader
from helpdesk_bridge_deskie.wire.writing import body_fields

NO_MAIL: Final = {"do_not_send_email": True}
"""observed: keeps a message from being mailed to the customer."""
_LATER: Final = 1
"""The place of a message that was added: not in the answer, but never that of the opening."""


@frozen
class DeskieMessages:
    """Messages and notes of a case."""

    client: DeskieClient = field(repr=False)
    reader: Reader = field(repr=False)
    people: People = field(repr=False)
    images: InlineImageWriter = field(repr=False)

    def page(self, ticket_id: str, cursor: str | None) -> Page[Message]:
        """Return the thread, oldest first, the opening first: as a single page unless its messages are large."""
        page = ThreadReading(self.client).page(ticket_id, cursor)
        messages = (
            self.reader.message(document, ticket_id, page.first + place)
            for place, document in enumerate(page.documents)
        )
        return Page(tuple(messages), page.next, page.total)

    def reply(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Answer the customer as the agent of ``staff_email``; Deskie mails it.

        Inline images are sent as files and named in the mailed body: Deskie gives them URLs only afterwards, which the
        body in the thread then gets.
        """
        self._refuse_cc(draft, "messages.reply")
        body = body_of(draft.body)
        names = {file.content_id: file.filename for file in draft.attachments if file.inline and file.content_id}
        mailed = Body(html=with_names(body.html, names)) if body.html and names else body
        message = self.client.add_message(ticket_id, body_fields(mailed), draft.attachments)
        return self._sent(ticket_id, message, body, draft.attachments)

    def note(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Add an internal note as the agent of ``staff_email``."""
        self._refuse_cc(draft, "messages.note")
        body = body_of(draft.body)
        message = self.client.add_note(ticket_id, body_fields(body), draft.attachments)
        return self._sent(ticket_id, message, body, draft.attachments)

    def add_from_contact(self, ticket_id: str, draft: MessageDraft, author: Person) -> Sent:
        """Record a message that a customer wrote elsewhere; Deskie is asked not to mail anyone."""
        self._refuse_cc(draft, "messages.add_from_contact")
        user_id = self.people.contact_id(author)
        body = body_of(draft.body)
        fields = {**body_fields(body), "user_id": int(user_id) if user_id.isdecimal() else user_id, **NO_MAIL}
        message = self.client.add_message(ticket_id, fields, draft.attachments, operation="messages.add_from_contact")
        return self._sent(ticket_id, message, body, draft.attachments)

    def _sent(self, ticket_id: str, message: MessageDocument, body: Body, files: tuple[Upload, ...]) -> Sent:
        if self.images.needed(body, files):
            self.images.write_urls(
                ticket_id, str(message.message_id), body, files, message.attachments or (), note=bool(message.note)
            )
        read = self.reader.message(message, ticket_id, _LATER)
        return Sent((read.id,), read.created_at, evolve(read, not_loaded=frozenset({"sequence"})))

    @staticmethod
    def _refuse_cc(draft: MessageDraft, operation: str) -> None:
        if draft.cc:
            raise Unsupported("Deskie takes no cc for a message", capability=f"{operation}:cc")
