"""Reading: pure functions from events and answers to the model."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from helpdesk_bridge.adapter import (
    UNREADABLE,
    Actor,
    Attachment,
    Body,
    Keys,
    Message,
    MessageKind,
    Status,
    Visibility,
    squash,
)
from helpdesk_bridge_desk360.wire.documents import MediaDocument
from helpdesk_bridge_desk360.wire.events import InboundFile, Location, MessageReceived, unreadable
from helpdesk_bridge_desk360.wire.phones import phone_of

STATUSES: Final[Mapping[Status, str]] = {Status.OPEN: "open", Status.PENDING: "pending", Status.CLOSED: "closed"}
"""The inbox's own: WhatsApp conversations have no status in the API."""

SUBJECT_LENGTH: Final = 80
KNOWN_TYPES: Final = frozenset({"text", "location", "image", "video", "audio", "voice", "document", "sticker"})
_TYPE: Final = re.compile(r"[a-z_]{1,40}")


def actor_of(conversation: str, name: str | None) -> Actor:
    """Return the customer of a conversation."""
    phone = phone_of(conversation)
    return Actor.contact(id=conversation, name=name, phone=phone.e164 or phone.raw)


def message_of(event: MessageReceived, at: datetime, attachments: tuple[Attachment, ...], *, opening: bool) -> Message:
    """Return a received message; ``at`` is its time if the webhook has none."""
    return Message(
        id=event.id,
        ticket_id=event.ticket_id,
        author=actor_of(event.ticket_id, event.name),
        visibility=Visibility.PUBLIC,
        kind=MessageKind.REPLY,
        body=Body(text=text_of(event)),
        opening=opening,
        created_at=event.at or at,
        attachments=attachments,
        left_behind=_left_behind(event),
    )


_FILE: Final = Keys(carried=frozenset({"media_id", "mime_type", "sha", "message", "caption"}))
_PLACE: Final = Keys(carried=frozenset({"latitude", "longitude", "name", "address"}))
_KEYS: Final = Keys(
    carried=frozenset(
        {"id", "from", "type", "timestamp", "name", "text", "location", "contacts", "attachments", *KNOWN_TYPES}
    ),
    inside={"location": _PLACE, **dict.fromkeys(KNOWN_TYPES - {"text", "location"}, _FILE)},
)


def _left_behind(event: MessageReceived) -> Mapping[str, str]:
    # Of a card and of an unknown type the whole document is kept as a file, and so is that of values of another form.
    odd = dict.fromkeys(unreadable(event.raw, event.type), UNREADABLE)
    return {**_KEYS.behind(event.raw), **odd} if event.type in KNOWN_TYPES else odd


def text_of(event: MessageReceived) -> str:
    """Return the text of a message, or a placeholder such as ``[sticker]`` if it has neither text nor file."""
    if event.text is not None:
        return event.text
    if event.contacts:
        return "\n\n".join(card.lines() for card in event.contacts)
    if event.location is not None:
        return _line(event.location)
    return "" if event.files else f"[{word_of(event)}]"


def word_of(event: MessageReceived) -> str:
    """Return the type of a message as a displayable word."""
    return event.type if _TYPE.fullmatch(event.type) else "unknown"


def is_known(event: MessageReceived) -> bool:
    """Whether text and files contain the whole message."""
    return event.type in KNOWN_TYPES and not unreadable(event.raw, event.type)


def _line(location: Location) -> str:
    told = [part for part in (location.name, location.address) if part]
    point = f"latitude: {location.latitude}, longitude: {location.longitude}"
    return ", ".join([" - ".join(told), point] if told else [point])


def subject_of(text: str, word: str) -> str:
    """Return a subject, which WhatsApp does not have: the start of the first text, or the type of the message."""
    line = squash(text)
    if not line:
        return f"[{word}]"
    return line if len(line) <= SUBJECT_LENGTH else f"{line[: SUBJECT_LENGTH - 1].rstrip()}…"


def attachments_of(files: Iterable[InboundFile]) -> tuple[Attachment, ...]:
    """Return the files of a received message."""
    return tuple(
        Attachment(
            filename=file.name or _name(file.media_id, file.content_type),
            content_type=file.content_type or mimetypes.guess_type(file.name or "")[0],
            locator=locator_of(file.url, file.media_id),
        )
        for file in files
    )


def sent_attachment(media: MediaDocument) -> Attachment:
    """Return a file that was sent, as the vendor keeps it."""
    return Attachment(
        filename=media.name or _name(media.media_id, media.content_type),
        content_type=media.content_type,
        locator=locator_of(media.url, media.media_id),
    )


def _name(media_id: str | None, content_type: str | None) -> str:
    return f"{media_id or 'file'}{mimetypes.guess_extension(content_type or '') or ''}"


def locator_of(url: str | None, media_id: str | None) -> str:
    """Return a file's locator."""
    return json.dumps({"url": url, "media": media_id}, separators=(",", ":"))


def place_of(attachment: Attachment) -> tuple[str | None, str | None]:
    """Return URL and media id of a file; neither if the attachment is from another desk."""
    try:
        place: Any = json.loads(attachment.locator)
    except ValueError:
        return None, None
    known = place if isinstance(place, dict) else {}
    url, media_id = known.get("url"), known.get("media")
    return (url if isinstance(url, str) else None), (media_id if isinstance(media_id, str) else None)
