"""Versions: digests of source records, by which a later run and a verification know what has changed since."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final

from helpdesk_bridge.adapter.digests import body_digest
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.contents import contents
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.fields import Field, Kind
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor
from helpdesk_bridge.text.plain import digest

_OWN: Final = frozenset({Kind.ID, Kind.ANSWER, Kind.BODY, Kind.FILES})
_TOLD_ELSEWHERE: Final = frozenset({"updated_at", "message_count"})
_PART: Final = "."
_YOUNG: Final = "~"
"""Ends the first part of the version of a ticket whose time of change may stay the same although its thread changes."""
STEP: Final = timedelta(seconds=2)
"""How long a ticket's time may stay the same: vendors write whole seconds, and tell their own time in whole seconds."""


def _plain(value: Any, field: Field) -> Any:
    """Return a value as it compares with itself later: people and groups by one half, whichever lists were read meanwhile."""
    if value is None:
        return None
    if field.kind is Kind.PERSON:
        return person_key(value)
    if field.kind is Kind.REFERENCE:
        return value.id or value.name
    return expected.shown_value(value, field)


def person_key(actor: Actor) -> str:
    """Return what a source names a person by: the id, else the address, phone or name."""
    return actor.id or (email_key(actor.email) if actor.email else "") or actor.phone or actor.name or actor.kind.value


def author_digest(key: str) -> str:
    """Return the digest by which versions name whoever wrote a message or has a ticket; ``key`` is what ``person_key`` says."""
    return digest("author", key)


def assignee_in(version: str | None) -> str | None:
    """Return the digest of whoever had a ticket, by its version."""
    return (version or "").split(_PART)[2] if (version or "").count(_PART) > 1 else None


def author_in(version: str | None) -> str | None:
    """Return the digest of whoever wrote a message, by its version."""
    return None if version is None else version.partition(_PART)[0]


def _fields(record: Ticket | Contact) -> str:
    table = fields.TICKET if isinstance(record, Ticket) else fields.CONTACT
    values = {
        field.name: _plain(getattr(record, field.name), field)
        for field in table.values()
        if field.kind not in _OWN and field.name not in _TOLD_ELSEWHERE and field.name not in record.not_loaded
    }
    return digest(json.dumps(values, sort_keys=True))


def ticket_version(ticket: Ticket) -> str:
    """Return what changes when a ticket does, as its list shows it: what a thread's change moves, the fields, who has it."""
    moment = ticket.updated_at.isoformat() if ticket.updated_at else ""
    moved = digest(moment, str(ticket.message_count), ticket.status_label or ticket.status.value, str(ticket.spam))
    assignee = author_digest(person_key(ticket.assignee)) if ticket.assignee is not None else "-"
    return _PART.join([moved, _fields(ticket), assignee])


def version_at(ticket: Ticket, look: datetime) -> str:
    """Return the version of a ticket whose thread is read at ``look``, by the vendor's clock.

    One that was changed just before may change again without another time of change, so that a later run reads its thread
    again.
    """
    moved_part, _, rest = ticket_version(ticket).partition(_PART)
    young = ticket.updated_at is not None and ticket.updated_at > look - STEP
    return f"{moved_part}{_YOUNG if young else ''}{_PART}{rest}"


def contact_version(contact: Contact) -> str:
    """Return what changes when a contact does; its time of change, which its own tickets may move, is not part of it."""
    return _fields(contact)


def same_version(known: str | None, now: str) -> bool:
    """Whether a record shows what it did. Of one that an earlier version wrote down only the first part is known, or nothing."""
    if known is None:
        return False
    known = known.replace(_YOUNG, "")
    return known == now or (_PART not in known and known == now.partition(_PART)[0])


def may_differ(known: str | None, now: str) -> bool:
    """Whether a record or its thread may not be as it was: it shows something else, or was young when it was read."""
    return not same_version(known, now) or _is_young(known)


def moved(known: str | None, now: str) -> bool:
    """Whether a ticket's thread may have changed: its time or count moved, or it was young when it was read."""
    return known is None or _is_young(known) or known.partition(_PART)[0] != now.partition(_PART)[0]


def _is_young(known: str | None) -> bool:
    return _YOUNG in (known or "")


def message_version(message: Message) -> str:
    """Return who wrote a message, when, and what it holds, as three digests that can be compared one by one."""
    moment = message.created_at.isoformat() if message.created_at else ""
    held = {
        "text": body_digest(message.body),
        **contents(message, ()),
        "visibility": message.visibility.value,
        "files": sorted(f"{file.filename} {file.size}" for file in message.attachments),
    }
    author = author_digest(person_key(message.author))
    return _PART.join([author, digest(moment), digest(json.dumps(held, sort_keys=True))])


def same_place(one: str | None, other: str | None) -> bool:
    """Whether two messages have the same author and time: an edited one has, wherever ids are made of its text."""
    return one is not None and other is not None and one.rpartition(_PART)[0] == other.rpartition(_PART)[0]
