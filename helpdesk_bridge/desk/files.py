"""References to files: what a web page holds, and how a file is found again by it."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Attachment, Message, NotFound, ReferringAttachments, Ticket
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.keys import DeskKeys
from helpdesk_bridge.model.refs import format_ref, local_id

KIND: Final = "attachment"


@frozen
class FileReferences:
    """Makes and reads the references of one desk. Each is signed with the desk's key, so nobody can make one up.

    It names a file by what the adapter finds it by, else by its message and its place there.
    """

    vendor: str
    adapter: Any
    keys: DeskKeys

    def in_ticket(self, ticket: Ticket) -> Ticket:
        """Return a ticket whose files, those of its opening message, have their references."""
        if not ticket.attachments:
            return ticket
        return evolve(ticket, attachments=self._referred(ticket.attachments, ticket.id, None))

    def in_message(self, message: Message) -> Message:
        """Return a message whose files have their references."""
        if not message.attachments:
            return message
        return evolve(message, attachments=self._referred(message.attachments, message.ticket_id, message.id))

    def _referred(
        self, files: tuple[Attachment, ...], ticket_id: str, message_id: str | None
    ) -> tuple[Attachment, ...]:
        known = self.adapter.attachments
        referring = known if isinstance(known, ReferringAttachments) else None
        return tuple(
            evolve(file, ref=self._ref(ticket_id, [own] if own is not None else [message_id, place]))
            for place, file in enumerate(files)
            for own in (None if referring is None else referring.reference(file),)
        )

    def _ref(self, ticket_id: str, way: list[Any]) -> str:
        content = urlsafe_b64encode(json.dumps([ticket_id, *way], separators=(",", ":")).encode()).decode().rstrip("=")
        seals = self.keys.seals(self.adapter.account, content)
        return format_ref(self.vendor, self.adapter.account, KIND, f"{content}.{seals[0]}") if seals else ""

    def read(self, ref: str) -> tuple[str, list[Any]]:
        """Return the ticket of a reference and the way to the file.

        Raises ``Invalid`` for a text that this desk did not make, ``WrongDesk`` for another account's.
        """
        content, _, seal = local_id(ref, vendor=self.vendor, account=self.adapter.account, kind=KIND).rpartition(".")
        seals = self.keys.seals(self.adapter.account, content) if content.isascii() and seal.isascii() else ()
        if not any(hmac.compare_digest(seal, known) for known in seals):
            raise Invalid("this is no reference to a file that this desk made", field="attachment")
        ticket_id, *way = json.loads(urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        return str(ticket_id), way

    def found(self, ticket_id: str, way: list[Any], thread: Any) -> Attachment:
        """Return the file itself; ``thread`` yields the ticket's messages, and is asked only if there is no other way."""
        if len(way) == 1:
            referring: ReferringAttachments = self.adapter.attachments
            return referring.referred(way[0], ticket_id)
        message_id, place = way
        for message in thread:
            if message_id in (None, message.id):
                if place < len(message.attachments):
                    file: Attachment = message.attachments[place]
                    return file
                break
        raise NotFound("this file is no longer on its ticket")
