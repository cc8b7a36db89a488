"""The table of fields: what a ticket, a contact and a message have, each field written once.

Whatever walks through the fields of a record (store, local desk, migration, report, command line, test kit) is derived
from here. To add a field, add it to its record, to the draft, change and query that name it, and to its table.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from helpdesk_bridge.model.values import IdKind, MessageKind, Priority, Status, Visibility


class Kind(enum.Enum):
    """What a field holds, and so how it is stored, compared and shown."""

    ID = "id"
    TEXT = "text"
    WORD = "word"
    CHOICE = "choice"
    PERSON = "person"
    REFERENCE = "reference"
    TIME = "time"
    FLAG = "flag"
    NUMBER = "number"
    WORDS = "words"
    ADDRESSES = "addresses"
    PHONES = "phones"
    IDENTITIES = "identities"
    CUSTOM_FIELDS = "custom_fields"
    BODY = "body"
    FILES = "files"
    RATING = "rating"
    ANSWER = "answer"
    """Of the vendor's answer, not of the record."""


SINGLE: Final = frozenset({Kind.WORD, Kind.CHOICE, Kind.PERSON, Kind.REFERENCE})
"""Kinds of one short value, which one option of a command line can give."""


class Travel(enum.Enum):
    """How a field comes to the destination of a migration."""

    VALUE = "as its value"
    MAPPED = "in the destination's words"
    OPENING = "in the opening message"
    DERIVED = "from what it depends on"
    OWN = "the destination's own"
    NOT = "not at all"


class Write(enum.Flag):
    """What a caller may do with a field: give it in a draft, change it, clear it with ``None``."""

    NOTHING = 0
    DRAFT = enum.auto()
    CHANGE = enum.auto()
    CLEAR = enum.auto()
    KEEP = DRAFT | CHANGE
    ALL = DRAFT | CHANGE | CLEAR


@frozen
class Field:
    """A field of a record. ``filter`` is its name in a query, ``choices`` the enumeration of a ``CHOICE``.

    ``decision`` names what the user decides about values that lack a counterpart (``tag`` for ``tags``), and
    ``parts`` what of the field travels by itself. ``words`` name field, decision and parts for people.
    """

    name: str
    kind: Kind
    travel: Travel
    filter: str | None = None
    write: Write = Write.NOTHING
    choices: type[enum.Enum] | None = None
    decision: str | None = None
    parts: tuple[str, ...] = ()
    words: Mapping[str, str] = MappingProxyType({})

    @property
    def travels(self) -> bool:
        """Whether a migration carries the field by itself, so that the destination must keep it or announce its loss."""
        return self.travel in (Travel.VALUE, Travel.MAPPED)


def _table(*fields: Field) -> Mapping[str, Field]:
    return MappingProxyType({field.name: field for field in fields})


_DEFAULT: Final = MappingProxyType[str, str]({})


def _mapped(
    name: str,
    kind: Kind,
    *,
    filter: str | None = None,
    write: Write = Write.NOTHING,
    choices: type[enum.Enum] | None = None,
    decision: str | None = None,
    words: Mapping[str, str] = _DEFAULT,
) -> Field:
    return Field(name, kind, Travel.MAPPED, filter, write, choices, decision or name, words=words)


_IDENTITY: Final = (Field("id", Kind.ID, Travel.OWN), Field("ref", Kind.ID, Travel.OWN))
_ID_KIND: Final = Field("id_kind", Kind.CHOICE, Travel.OWN, choices=IdKind)
_ANSWER: Final = tuple(Field(name, Kind.ANSWER, Travel.NOT) for name in ("not_loaded", "left_behind", "raw"))
_CREATED: Final = Field(
    "created_at", Kind.TIME, Travel.VALUE, filter="created", words={"created_at": "time of creation"}
)
_UPDATED: Final = Field(
    "updated_at", Kind.TIME, Travel.VALUE, filter="updated", words={"updated_at": "time of last change"}
)

TICKET: Final = _table(
    *_IDENTITY,
    Field("subject", Kind.TEXT, Travel.VALUE, filter="subject", write=Write.KEEP),
    Field("number", Kind.ID, Travel.OWN),
    Field("url", Kind.ID, Travel.OWN, words={"url": "web address"}),
    _mapped("status", Kind.CHOICE, filter="statuses", write=Write.KEEP, choices=Status),
    Field("status_label", Kind.WORD, Travel.DERIVED),
    _mapped("priority", Kind.CHOICE, filter="priorities", write=Write.KEEP, choices=Priority),
    Field("priority_label", Kind.WORD, Travel.DERIVED),
    _mapped("requester", Kind.PERSON, filter="requester", write=Write.DRAFT, words={"requester": "customer"}),
    _mapped("assignee", Kind.PERSON, filter="assignee", write=Write.ALL, words={"assignee": "assigned agent"}),
    _mapped("group", Kind.REFERENCE, filter="groups", write=Write.ALL),
    Field("company", Kind.REFERENCE, Travel.VALUE, write=Write.ALL),
    Field("sla", Kind.REFERENCE, Travel.VALUE, words={"sla": "service level"}),
    _mapped("type", Kind.WORD, filter="type", write=Write.ALL),
    _mapped("category", Kind.WORD, filter="category", write=Write.ALL),
    _mapped("subcategory", Kind.WORD, filter="subcategory", write=Write.ALL),
    Field("channel", Kind.WORD, Travel.VALUE, filter="channels"),
    _mapped("tags", Kind.WORDS, filter="tags", write=Write.ALL, decision="tag"),
    _mapped("custom_fields", Kind.CUSTOM_FIELDS, filter="custom_fields", write=Write.ALL, decision="custom_field"),
    Field("cc", Kind.ADDRESSES, Travel.VALUE, write=Write.ALL, words={"cc": "copied addresses"}),
    _mapped(
        "watchers",
        Kind.ADDRESSES,
        write=Write.ALL,
        decision="watcher",
        words={"watchers": "agents who watch", "watcher": "agent who watches"},
    ),
    Field("description", Kind.BODY, Travel.OPENING, write=Write.DRAFT),
    _CREATED,
    _UPDATED,
    Field("first_response_at", Kind.TIME, Travel.VALUE, words={"first_response_at": "time of first response"}),
    Field("solved_at", Kind.TIME, Travel.VALUE, words={"solved_at": "time of solving"}),
    Field("closed_at", Kind.TIME, Travel.VALUE, words={"closed_at": "time of closing"}),
    Field("due_at", Kind.TIME, Travel.VALUE, words={"due_at": "due time"}),
    Field("rating", Kind.RATING, Travel.VALUE, words={"rating": "customer's rating"}),
    Field("spam", Kind.FLAG, Travel.NOT),
    Field("deleted", Kind.FLAG, Travel.NOT),
    Field("merged_into", Kind.ID, Travel.VALUE, words={"merged_into": "merge target"}),
    Field("message_count", Kind.NUMBER, Travel.DERIVED),
    Field("attachments", Kind.FILES, Travel.OPENING, write=Write.DRAFT, words={"attachments": "files"}),
    *_ANSWER,
)

CONTACT: Final = _table(
    *_IDENTITY,
    _ID_KIND,
    Field("name", Kind.TEXT, Travel.VALUE, filter="name", write=Write.ALL),
    Field(
        "emails", Kind.ADDRESSES, Travel.VALUE, filter="email", write=Write.KEEP, words={"emails": "e-mail addresses"}
    ),
    Field("phones", Kind.PHONES, Travel.VALUE, filter="phone", write=Write.KEEP, words={"phones": "phone numbers"}),
    Field("identities", Kind.IDENTITIES, Travel.VALUE, words={"identities": "identities in networks"}),
    Field("title", Kind.TEXT, Travel.VALUE, write=Write.ALL, words={"title": "job title"}),
    Field("company", Kind.REFERENCE, Travel.VALUE, filter="company", write=Write.ALL),
    Field("external_id", Kind.WORD, Travel.VALUE, filter="external_id", write=Write.ALL),
    Field("blocked", Kind.FLAG, Travel.VALUE, write=Write.CHANGE, words={"blocked": "blocked mark"}),
    Field("deleted", Kind.FLAG, Travel.NOT),
    _mapped(
        "custom_fields",
        Kind.CUSTOM_FIELDS,
        write=Write.KEEP,
        decision="contact_field",
        words={"contact_field": "custom field"},
    ),
    _CREATED,
    _UPDATED,
    *_ANSWER,
)

MESSAGE: Final = _table(
    Field("id", Kind.ID, Travel.OWN),
    Field("ticket_id", Kind.ID, Travel.OWN),
    Field("author", Kind.PERSON, Travel.MAPPED),
    Field("visibility", Kind.CHOICE, Travel.VALUE, choices=Visibility, words={"visibility": "public or private"}),
    Field("kind", Kind.CHOICE, Travel.VALUE, choices=MessageKind, words={"kind": "kind (reply or note)"}),
    Field("body", Kind.BODY, Travel.VALUE, write=Write.DRAFT, words={"body": "text"}),
    _ID_KIND,
    Field("opening", Kind.FLAG, Travel.DERIVED),
    Field("to", Kind.ADDRESSES, Travel.VALUE, words={"to": "recipients"}),
    Field("cc", Kind.ADDRESSES, Travel.VALUE, write=Write.DRAFT, words={"cc": "copied addresses"}),
    Field("created_at", Kind.TIME, Travel.VALUE, words={"created_at": "time of creation"}),
    Field("sequence", Kind.NUMBER, Travel.DERIVED),
    Field(
        "attachments",
        Kind.FILES,
        Travel.VALUE,
        write=Write.DRAFT,
        parts=("inline",),
        words={"attachments": "files", "inline": "images in the text"},
    ),
    *_ANSWER,
)

RECORDS: Final[Mapping[str, Mapping[str, Field]]] = MappingProxyType(
    {"ticket": TICKET, "contact": CONTACT, "message": MESSAGE}
)


def travelling(table: Mapping[str, Field]) -> tuple[str, ...]:
    """Return the names of what a migration carries by itself: fields, and parts of them."""
    return tuple(name for field in table.values() if field.travels for name in (field.name, *field.parts))


def writable(table: Mapping[str, Field], write: Write) -> tuple[str, ...]:
    """Return the names of the fields that a caller may write in every way that ``write`` names."""
    return tuple(field.name for field in table.values() if write in field.write)


def filters(table: Mapping[str, Field]) -> Mapping[str, Field]:
    """Return the fields that a query can ask for, by their name in the query."""
    return {field.filter: field for field in table.values() if field.filter is not None}
