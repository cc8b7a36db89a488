"""What an archive knows beside the desk's records: events, tombstones, and where the bytes of files are."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from helpdesk_bridge.model.values import Attachment
from helpdesk_bridge.portable.value import Portable


@frozen(kw_only=True)
class Event(Portable):
    """A change that a run saw: ``kind`` is ticket.created, ticket.updated, contact.…, message.created, ….removed.

    ``at`` is when the desk says that it happened, ``seen_at`` when the run saw it.
    """

    number: int
    kind: str
    id: str
    ticket_id: str | None = None
    at: datetime | None = None
    seen_at: datetime
    run: int


@frozen(kw_only=True)
class Tombstone(Portable):
    """A record that is no longer there: ``reason`` is ``deleted``, or ``left scope`` of one that the choice no longer takes."""

    kind: str
    id: str
    ref: str
    reason: str
    seen_at: datetime
    run: int


@frozen(kw_only=True)
class StoredFile:
    """A file of a message. ``sha`` is the SHA-256 of its bytes if they are here, ``problem`` why they cannot be had."""

    ticket_id: str
    message_id: str
    position: int
    file: Attachment
    sha: str | None = None
    size: int | None = None
    problem: str | None = None
