"""Records that only an export has: files of messages with the place of their bytes, and conversations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import ActorKind, MessageKind, Visibility
from helpdesk_bridge.portable.codec import time_text
from helpdesk_bridge.portable.value import Portable


@frozen(kw_only=True)
class ExportedFile(Portable):
    """A file of a message. ``path`` is where its bytes are in the export, ``problem`` why they are not there."""

    ticket_id: str
    message_id: str
    position: int
    filename: str
    content_type: str | None = None
    size: int | None = None
    inline: bool = False
    content_id: str | None = None
    sha256: str | None = None
    path: str | None = None
    problem: str | None = None


def conversation(ticket: Ticket, thread: Iterable[Message], *, notes: bool) -> dict[str, Any]:
    """Return a ticket as a conversation: its messages with the roles that language models know.

    Internal notes are left out unless ``notes``; they then carry ``internal``.
    """
    return {
        "id": ticket.id,
        "ref": ticket.ref,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "created_at": None if ticket.created_at is None else time_text(ticket.created_at),
        "group": None if ticket.group is None else ticket.group.name,
        "tags": list(ticket.tags),
        "messages": [_said(message) for message in thread if notes or message.visibility is Visibility.PUBLIC],
    }


def _said(message: Message) -> dict[str, Any]:
    said: dict[str, Any] = {
        "role": _role(message),
        "content": message.body.text,
        "at": None if message.created_at is None else time_text(message.created_at),
    }
    if message.visibility is not Visibility.PUBLIC:
        said["internal"] = True
    if message.attachments:
        said["files"] = [file.filename for file in message.attachments]
    return said


def _role(message: Message) -> str:
    if message.author.kind is ActorKind.AGENT:
        return "assistant"
    if message.author.kind is ActorKind.SYSTEM or message.kind is MessageKind.AUTOMATIC:
        return "system"
    return "user"
