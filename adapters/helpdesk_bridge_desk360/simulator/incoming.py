"""Incoming messages of customers: the description, the record, its file, and the webhook with it."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.datasets.files import pdf, png
from helpdesk_bridge_desk360.simulator.parameters import is_phone
from helpdesk_bridge_desk360.simulator.records.identifiers import incoming_id
from helpdesk_bridge_desk360.simulator.records.records import IncomingMessage
from helpdesk_bridge_desk360.simulator.rendering import CARD, FILE_KINDS, LOCATION, Envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helpdesk_bridge_desk360.simulator.courier import Emission
    from helpdesk_bridge_desk360.simulator.records.records import Account, Integration, Media
    from helpdesk_bridge_desk360.simulator.service import Service

_NOBODY: Final = ("+905550001122", "John Doe")
"""Who writes in an account without customers; documented: Desk360 API, "John Doe" in the samples of webhooks."""
_FILES: Final = {
    "image": ("image.jpeg", "image/jpeg"),
    "video": ("video.mp4", "video/mp4"),
    "audio": ("audio.ogg", "audio/ogg"),
    "voice": ("voice.ogg", "audio/ogg"),
    "document": ("document.pdf", "application/pdf"),
    "sticker": ("sticker.webp", "image/webp"),
}
_TEXT: Final = "Hello"
_EPOCH: Final = re.compile(r"\A[0-9]{1,11}\Z")


_FIELDS: Final = frozenset(
    {"kind", "type", "integration", "contact", "from", "name", "id", "timestamp", "text", "location", "contacts"}
    | {"button", "file", "caption", "content"}
)


class InjectionError(ValueError):
    """A customer's message was described wrongly; the message says what is allowed."""


@frozen
class Description:
    """The fields of ``POST /_sim/inbound``; whatever is left out is made up.

    ``kind``, or ``type`` as the webhook calls it: text, location, contacts, button, one of the kinds of files, or any other; ``integration``; ``contact`` a
    key of the seed, or ``from`` and ``name``; ``id``; ``timestamp`` in epoch seconds; ``text``; ``location``;
    ``contacts``; ``button`` with ``id`` and ``title``; ``file`` with ``name``, ``content_type`` and base64 ``content``;
    ``caption``; ``content`` for any other kind.
    """

    given: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind of message."""
        return str(self.given.get("kind") or self.given.get("type") or "text")

    def check(self) -> None:
        """Raise `InjectionError` for a field that is not one of these, or two kinds at once."""
        unknown = sorted(self.given.keys() - _FIELDS)
        if unknown:
            raise InjectionError(f"there is no field {unknown[0][:40]!r}; the fields are {', '.join(sorted(_FIELDS))}")
        if "kind" in self.given and "type" in self.given and self.given["kind"] != self.given["type"]:
            raise InjectionError("kind and type are one field; use one of them")
        if not isinstance(self.given.get("kind", self.given.get("type", "")), str):
            raise InjectionError("kind takes a word, such as text or image")

    def integration(self, account: Account) -> Integration:
        """Return the integration that is written to, the first by default."""
        number = self.given.get("integration", account.first_integration.id)
        integration = account.integrations.get(number) if isinstance(number, int) else None
        if integration is None:
            raise InjectionError(f"integration takes one of: {', '.join(map(str, account.integrations))}")
        return integration

    def envelope(self, account: Account, now: int) -> Envelope:
        """Return who writes, and when."""
        phone, name = self._sender(account)
        timestamp = self.given.get("timestamp", now)
        if isinstance(timestamp, bool) or not _EPOCH.match(str(timestamp)):
            raise InjectionError("timestamp takes whole epoch seconds")
        message_id = str(self.given.get("id") or incoming_id())
        return Envelope(message_id, phone.removeprefix("+"), int(timestamp), name)

    def content(
        self, envelope: Envelope, keep: Callable[[str, str, bytes], Media], url_of: Callable[[Media], str]
    ) -> dict[str, Any]:
        """Build the content of ``messages``; a file is kept through ``keep`` and linked through ``url_of``."""
        kind = self.kind
        if kind == "text":
            return envelope.text(str(self.given.get("text", _TEXT)))
        if kind == "location":
            return envelope.location(self._mapping("location", LOCATION))
        if kind == "contacts":
            cards = self.given.get("contacts", [CARD])
            if not isinstance(cards, list):
                raise InjectionError("contacts takes a list of cards")
            return envelope.contacts(cards)
        if kind == "button":
            button = self._mapping("button", {"id": "ID 1.1", "title": "Button 1"})
            return envelope.button(str(button.get("id", "")), str(button.get("title", "")))
        if kind in FILE_KINDS:
            media = keep(*self._file(kind))
            caption = self.given.get("caption")
            return envelope.file(kind, media, url_of(media), None if caption is None else str(caption))
        return envelope.other(kind, self.given.get("content", {}))

    def _sender(self, account: Account) -> tuple[str, str]:
        key = self.given.get("contact")
        if key is not None:
            customer = account.customer(str(key))
            if customer is None:
                raise InjectionError("contact takes the key of a contact who has a phone; see GET /_sim/customers")
            return customer.phone, str(self.given.get("name", customer.name))
        usual = account.customers[0] if account.customers else None
        phone = str(self.given.get("from", usual.phone if usual else _NOBODY[0]))
        phone = phone if phone.startswith("+") else f"+{phone}"
        if not is_phone(phone):
            raise InjectionError("from takes a phone number of 7 to 15 digits with its country code")
        known = next((customer.name for customer in account.customers if customer.phone == phone), _NOBODY[1])
        return phone, str(self.given.get("name", known))

    def _mapping(self, name: str, usual: Mapping[str, Any]) -> Mapping[str, Any]:
        value = self.given.get(name, usual)
        if not isinstance(value, dict):
            raise InjectionError(f"{name} takes an object")
        return value

    def _file(self, kind: str) -> tuple[str, str, bytes]:
        name, content_type = _FILES[kind]
        described = self._mapping("file", {})
        name = str(described.get("name", name))
        content_type = str(described.get("content_type", content_type))
        if "content" not in described:
            return name, content_type, pdf(name) if kind == "document" else png(40, 120, 200)
        try:
            return name, content_type, base64.b64decode(str(described["content"]), validate=True)
        except (binascii.Error, ValueError):
            raise InjectionError("content of a file takes base64") from None


@frozen
class Injected:
    """A customer's message and the webhooks that carry it, as many as copies were asked for."""

    message: IncomingMessage
    payload: Mapping[str, Any]
    emissions: tuple[Emission, ...]


def inject(
    service: Service, given: Mapping[str, Any], *, copies: int | None = None, hold: bool = False, lose: bool = False
) -> Injected:
    """Let a customer write; ``given`` is as `Description` says, wrong fields are an `InjectionError`."""
    account, messaging = service.account, service.messaging
    description = Description(given)
    description.check()
    integration = description.integration(account)
    envelope = description.envelope(account, int(service.clock.now().timestamp()))
    envelope = evolve(envelope, digits=messaging.written(envelope.digits))

    def keep(filename: str, content_type: str, content: bytes) -> Media:
        return messaging.keep_file(integration, filename, content_type, content)

    content = description.content(envelope, keep, messaging.url_of)
    message = IncomingMessage(envelope.id, integration.id, envelope.digits, content)
    account.incoming[message.id] = message
    _touch_chat(service, integration.id, envelope)
    emissions = messaging.emit(integration.id, "messages", content, copies=copies, hold=hold, lose=lose)
    return Injected(message, emissions[0].payload if emissions else {"messages": content}, tuple(emissions))


def _touch_chat(service: Service, integration: int, envelope: Envelope) -> None:
    """Open the customer's window of 24 hours from the time that the message bears."""
    chat = service.account.chat(integration, envelope.digits)
    now = service.clock.now()
    since = service.clock.elapsed() - max(0.0, now.timestamp() - envelope.timestamp)
    chat.name = envelope.name
    chat.last_inbound = since if chat.last_inbound is None else max(chat.last_inbound, since)
    chat.last_message_at = now
