"""Vendor API (``desk.vendor_api``): every Desk360 call outside the common port.

Every rule of the papers about a value is checked before anything is sent. Sends reach a real phone, are recorded in the
inbox if there is one, and are never repeated if their outcome is unknown (``InDoubt``).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, BinaryIO

from attrs import frozen

from helpdesk_bridge.adapter import Directory, Invalid, Sent, Unsupported, Upload
from helpdesk_bridge_desk360.client.client import Desk360Client
from helpdesk_bridge_desk360.client.media import open_media
from helpdesk_bridge_desk360.inbox.inbox import Inbox, ReplyWindow
from helpdesk_bridge_desk360.inbox.sent import SentMessages
from helpdesk_bridge_desk360.wire.cards import ContactCard, documents
from helpdesk_bridge_desk360.wire.documents import IntegrationDocument
from helpdesk_bridge_desk360.wire.interactive import BODY_LIMIT, Button, Header, Interactive
from helpdesk_bridge_desk360.wire.phones import conversation_id, digits_of, recipient, with_plus
from helpdesk_bridge_desk360.wire.reading import sent_attachment
from helpdesk_bridge_desk360.wire.writing import (
    TEXT_LIMIT,
    LocationMessage,
    Outgoing,
    checked_files,
    checked_list,
    checked_text,
)


@frozen(kw_only=True)
class Integration:
    """A WhatsApp business number of the account."""

    id: int
    name: str | None = None
    phone: str | None = None
    active: bool | None = None


@frozen(kw_only=True)
class Chat:
    """A row of the panel's chat list (observed); ``last_message_at`` as the vendor writes it."""

    id: int
    phone: str | None = None
    name: str | None = None
    last_message_at: str | None = None


@frozen(eq=False)
class Desk360Api:
    """The calls. Numbers start with + and a country code; ``anyway`` sends even if the 24-hour window is closed."""

    _client: Desk360Client
    _directory: Directory
    _sent_messages: SentMessages

    # ---- what there is

    def integrations(self) -> tuple[Integration, ...]:
        """Return the account's integrations; the directory caches the list."""
        return tuple(integration_of(document) for document in self._directory.listed("integrations"))

    def chats(self) -> tuple[Chat, ...]:
        """Return the chats of the panel. observed, not documented: ``Unsupported`` if the account lacks the call."""
        return tuple(
            Chat(
                id=chat.id,
                phone=with_plus(digits_of(chat.phone)) if chat.phone else None,
                name=chat.name,
                last_message_at=chat.last_message_at,
            )
            for chat in self._client.chats()
        )

    def window(self, to: str) -> ReplyWindow:
        """Return from the inbox whether free-form messages may be sent to a number, and until when."""
        return self._inbox().window(conversation_id(to))

    def delivery(self, message_id: str) -> str | None:
        """Return a message's state from the inbox: sent, delivered, read, or None if unknown."""
        return self._inbox().delivery(message_id)

    def unread_webhooks(self) -> tuple[Any, ...]:
        """Return the webhooks of unknown shape from the inbox, as they came; oldest first."""
        return self._inbox().all_unread()

    # ---- sends

    def send_text(self, to: str, text: str, *, anyway: bool = False) -> Sent:
        """Send a text of at most 4096 characters."""
        number, said = recipient(to), checked_text(text, "text", TEXT_LIMIT)
        self._sent_messages.require_open_window(number, anyway=anyway)
        return self._kept(number, Outgoing(self._client.send_text(number, said), said))

    def send_location(
        self, to: str, *, latitude: float, longitude: float, name: str, address: str, anyway: bool = False
    ) -> Sent:
        """Send a location."""
        number, place = recipient(to), LocationMessage(latitude, longitude, name, address)
        document = place.document()
        self._sent_messages.require_open_window(number, anyway=anyway)
        return self._kept(number, Outgoing(self._client.send_location(number, document), place.line()))

    def send_contacts(self, to: str, cards: Sequence[ContactCard], *, anyway: bool = False) -> Sent:
        """Send visiting cards."""
        number, contacts = recipient(to), documents(cards)
        self._sent_messages.require_open_window(number, anyway=anyway)
        said = "\n\n".join(card.lines() for card in cards)
        return self._kept(number, Outgoing(self._client.send_contacts(number, contacts), said))

    def send_media(self, to: str, files: Sequence[Upload], *, anyway: bool = False) -> Sent:
        """Send one to five files of 20 MB at most; each becomes a message with an id of its own."""
        number, uploads = recipient(to), checked_files(files)
        self._sent_messages.require_open_window(number, anyway=anyway)
        answered = self._client.send_media(number, uploads)
        sent = [Outgoing(media.message_id, "", (sent_attachment(media),)) for media in answered]
        return self._kept(number, *sent)

    def send_interactive(
        self,
        to: str,
        body: str,
        buttons: Sequence[Button],
        *,
        header: Header | None = None,
        footer: str | None = None,
        anyway: bool = False,
    ) -> Sent:
        """Send a message with up to ten buttons; markup is sent as given."""
        number, message = recipient(to), Interactive(body=body, buttons=buttons, header=header, footer=footer)
        document = message.document()
        self._sent_messages.require_open_window(number, anyway=anyway)
        return self._kept(number, Outgoing(self._client.send_interactive(number, document), message.lines()))

    def request_location(self, to: str, body: str, *, anyway: bool = False) -> Sent:
        """Ask the customer for a place."""
        number, asked = recipient(to), checked_text(body, "body", BODY_LIMIT)
        self._sent_messages.require_open_window(number, anyway=anyway)
        return self._kept(number, Outgoing(self._client.request_location(number, asked), asked))

    def mark_read(self, to: str, message_ids: Sequence[str]) -> tuple[str, ...]:
        """Mark messages of the customer as read; return the ids that the vendor echoes.

        Ids are not checked: the printed answer shows ids of sent messages.
        """
        number = recipient(to)
        ids = [checked_text(message_id, "message_ids") for message_id in checked_list(message_ids, str, "message_ids")]
        if not ids:
            raise Invalid("message_ids: give at least one id", field="message_ids")
        return self._client.mark_read(number, ids)

    # ---- files

    def media(self, media_id: str) -> AbstractContextManager[BinaryIO]:
        """Stream the file of a media id."""
        return open_media(self._client, checked_text(media_id, "media_id"))

    def _kept(self, number: str, *sent: Outgoing) -> Sent:
        at: datetime = self._sent_messages.record(number, sent)
        return Sent(tuple(message.id for message in sent), at)

    def _inbox(self) -> Inbox:
        if self._sent_messages.inbox is None:
            raise Unsupported("this desk has no inbox; set inbox = PATH", capability="tickets.list")
        return self._sent_messages.inbox


def integration_of(document: IntegrationDocument) -> Integration:
    """Return an integration of either documented shape; ``logo`` counts as a number only if it looks like a number."""
    logo: Any = document.logo
    number = document.phone_number
    if number is None and isinstance(logo, str) and logo.startswith("+") and logo[1:].isdecimal():
        number = logo
    # observed: clients compare the status with "activated", whatever its case.
    active = document.status.casefold() == "activated" if isinstance(document.status, str) else None
    return Integration(id=document.id, name=document.display_name or document.name, phone=number, active=active)
