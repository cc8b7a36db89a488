"""Rendering: the bodies of webhooks. documented: Desk360 API, "WhatsApp Webhooks", for text, location, contacts, image and status."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from helpdesk_bridge_desk360.simulator.records.records import Media

FILE_KINDS: Final = ("image", "video", "audio", "voice", "document", "sticker")
"""documented: Desk360 API, "attachments" of an image; assumed: the others, by analogy."""
LOCATION: Final[Mapping[str, Any]] = {
    "address": "Main Street Beach, Santa Cruz, CA",
    "latitude": 38.9806263495,
    "longitude": -131.9428612257,
    "name": "Main Street Beach",
}
CARD: Final[Mapping[str, Any]] = {
    "addresses": [
        {
            "city": "Menlo Park",
            "country": "United States",
            "country_code": "us",
            "state": "CA",
            "street": "1 Hacker Way",
            "type": "WORK",
            "zip": "94025",
        }
    ],
    "birthday": "2012-08-18",
    "emails": [{"email": "kfish@fb.com", "type": "WORK"}],
    "ims": [{"service": "AIM", "user_id": "kfish"}],
    "name": {"first_name": "Kerry", "formatted_name": "Kerry Fisher", "last_name": "Fisher"},
    "org": {"company": "Meta", "department": "WhatsApp"},
    "phones": [{"phone": "+1 (650) 555-1234", "type": "WORK", "wa_id": "16505551234"}],
    "urls": [{"url": "https://www.facebook.com", "type": "WORK"}],
}


@frozen
class Envelope:
    """What every inbound message has: the number without ``+``, and the time as text of epoch seconds."""

    id: str
    digits: str
    timestamp: int
    name: str

    def text(self, text: str) -> dict[str, Any]:
        """Return a text message."""
        return {"id": self.id, "text": text, **self._sender(), "type": "text"}

    def location(self, location: Mapping[str, Any]) -> dict[str, Any]:
        """Return a location with the line of text that is composed from it."""
        line = "{name} - {address}, latitude: {latitude}, longitude: {longitude}".format_map(
            {"name": "", "address": "", "latitude": "", "longitude": "", **location}
        )
        return {"id": self.id, "text": line, **self._sender(), "location": dict(location), "type": "location"}

    def contacts(self, cards: Sequence[Any]) -> dict[str, Any]:
        """Return visiting cards."""
        return {"id": self.id, **self._sender(), "type": "contacts", "contacts": list(cards)}

    def file(self, kind: str, media: Media, url: str, caption: str | None) -> dict[str, Any]:
        """Return a message with one file."""
        stored = media.stored
        return {
            "id": self.id,
            **self._sender(),
            kind: {
                "message": caption,
                "media_id": media.media_id,
                "mime_type": stored.content_type,
                "sha": hashlib.sha256(stored.content).hexdigest(),
            },
            "attachments": {media.group: [{"url": url, "name": media.cdn_name, "type": media.kind, "aws": True}]},
            "type": kind,
        }

    def button(self, button_id: str, title: str) -> dict[str, Any]:
        """Return a click on a button; documented: Desk360 API, "This ID is returned in the webhook"; assumed: the shape."""
        return {
            "id": self.id,
            "text": title,
            **self._sender(),
            "button": {"id": button_id, "title": title},
            "type": "button",
        }

    def other(self, kind: str, content: Any) -> dict[str, Any]:
        """Return a message of a kind that no paper shows, its content under its kind's name (assumed)."""
        return {"id": self.id, **self._sender(), kind: content, "type": kind}

    def _sender(self) -> dict[str, str]:
        return {"from": self.digits, "timestamp": str(self.timestamp), "name": self.name}


def status(message_id: str, digits: str, state: str) -> dict[str, Any]:
    """Return a status update. It has no time and no reason; there is none for sent or failed."""
    return {"id": message_id, "from": digits, "status": state}


def wrapped(key: str, content: Mapping[str, Any], shape: str) -> dict[str, Any]:
    """Put ``messages`` or ``statuses`` around, in the shape of the switch ``webhook_shape``."""
    if shape == "list":
        return {key: [content]}
    return {"body": {key: content}} if shape == "body" else {key: content}
