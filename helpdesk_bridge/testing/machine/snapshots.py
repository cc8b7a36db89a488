"""Snapshots: records as dictionaries of plain values on which two desks must agree, without what may differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from helpdesk_bridge.adapter import MARKER_FIELD
from helpdesk_bridge.model.fields import TICKET, Kind, travelling
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, IdKind
from helpdesk_bridge.testing.conformance.plain_filter import box

_BREAKS: Final = frozenset("\t\n\r")
_INVISIBLE: Final = frozenset("\u200b\ufeff")
_MARKER: Final = re.compile(r" ?\[ref:[0-9a-f]{16}\]$")
CUSTOM: Final = "custom_fields."
_WORDS: Final = tuple(name for name in travelling(TICKET) if TICKET[name].kind is Kind.WORD)
_FLAGS: Final = ("spam", "deleted", "merged_into")
_TIMES: Final = ("created_at", "updated_at", "closed_at", "solved_at", "first_response_at")


def visible_text(text: str | None) -> str:
    """Return a text as its reader sees it: vendors keep texts as HTML, where white space runs together."""
    kept = "".join(
        letter
        for letter in unicodedata.normalize("NFC", text or "")
        if letter not in _INVISIBLE and (letter in _BREAKS or unicodedata.category(letter) != "Cc")
    )
    return " ".join(kept.split())


def body(text: str | None) -> str:
    """Return the text of a message without the marker line of a desk that has no field for markers."""
    return _MARKER.sub("", visible_text(text))


def folded(text: str | None) -> str:
    """Return a text as people compare it."""
    return unicodedata.normalize("NFKC", text or "").casefold()


def digits(phone: str | None) -> str:
    """Return the digits of a phone number, in its international form."""
    found = "".join(letter for letter in phone or "" if letter.isdecimal())
    return found.removeprefix("00")


def address(text: str) -> str:
    """Return an e-mail or a phone number in the form in which two are the same."""
    return box(text.strip()) if "@" in text else digits(text)


def address_of(actor: Actor | None) -> str | None:
    """Return the address of a person: the e-mail, else the phone."""
    if actor is None:
        return None
    return address(actor.email or "") or digits(actor.phone) or None


def custom(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return custom fields that have a value, each by itself; markers are the library's own."""
    return {
        f"{CUSTOM}{name}": visible_text(value) if isinstance(value, str) else value
        for name, value in fields.items()
        if value not in (None, "", ()) and name != MARKER_FIELD
    }


def ticket(one: Ticket, declared: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a ticket that were loaded and are declared."""
    values: dict[str, Any] = {
        "subject": visible_text(one.subject),
        "status": one.status,
        "status_label": folded(one.status_label),
        "priority": one.priority,
        "priority_label": folded(one.priority_label),
        "requester": address_of(one.requester),
        "assignee": None if one.assignee is None else box(one.assignee.email or one.assignee.id or ""),
        "group": None if one.group is None else one.group.name,
        "company": None if one.company is None else one.company.name,
        "tags": frozenset(map(folded, one.tags)),
        "cc": frozenset(map(box, one.cc)),
        "watchers": frozenset(map(box, one.watchers)),
        "description": None if one.description is None else body(one.description.text),
        "attachments": tuple(file.filename for file in one.attachments),
        **{name: getattr(one, name) or None for name in _WORDS},
        **{name: getattr(one, name) for name in (*_FLAGS, *_TIMES, "message_count", "number")},
    }
    there = (declared | {"subject", "status", "requester"}) - one.not_loaded
    found = {name: value for name, value in values.items() if name in there}
    return {**found, **({"custom_fields": custom(one.custom_fields)} if "custom_fields" in there else {})}


def contact(one: Contact, declared: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a contact that were loaded and are declared."""
    values: dict[str, Any] = {
        "name": visible_text(one.name),
        "emails": tuple(address(email) for email in one.emails),
        "phones": tuple(digits(phone.e164 or phone.raw) for phone in one.phones),
        "company": one.company.name if one.company is not None else None,
        "title": one.title,
        "external_id": one.external_id,
        "blocked": one.blocked,
        "deleted": one.deleted,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }
    there = declared - one.not_loaded
    found = {name: value for name, value in values.items() if name in there}
    return {**found, **({"custom_fields": custom(one.custom_fields)} if "custom_fields" in there else {})}


def thread(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return a thread. A message of files alone belongs to the one before it: some vendors send each file by itself."""
    found: list[dict[str, Any]] = []
    for message in messages:
        if (
            found
            and not visible_text(message.body.text)
            and message.attachments
            and message.visibility is found[-1]["visibility"]
        ):
            found[-1]["files"] += message.attachments
            found[-1]["ids"] += (message.id,)
            continue
        found.append(
            {
                "ids": (message.id,),
                "native": message.id_kind is IdKind.NATIVE,
                "text": body(message.body.text),
                "visibility": message.visibility,
                "kind": message.kind,
                "opening": message.opening,
                "customer": message.author.kind is ActorKind.CONTACT,
                "author": address_of(message.author),
                "cc": frozenset(map(box, message.cc)),
                "files": message.attachments,
                "created_at": message.created_at,
                "sequence": message.sequence,
            }
        )
    return found
