"""Records as JSON and back without loss: the exact value types, times to the microsecond.

Text that was written with an unpaired surrogate or NUL is read as valid text, like everything from outside.

A field with its empty value is left out. Values that are computed from other rows (a ticket's description, its files
and message count) and those of an answer instead of a record (``raw``, ``not_loaded``) are not stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

import attrs

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import Field, Kind
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import (
    Actor,
    ActorKind,
    Attachment,
    Body,
    Phone,
    Rating,
    Ref,
    Visibility,
)
from helpdesk_bridge.store.values import micros, moment_of
from helpdesk_bridge.text.decoding import Mending, Odd, mended_tree

Codec: TypeAlias = tuple[Callable[[Any], Any], Callable[[Any], Any]]
Codecs: TypeAlias = Mapping[str, Codec]


def _same(value: Any) -> Any:
    return value


def _time(moment: datetime) -> str:
    return moment_of(micros(moment)).isoformat()


def _dict(value: Any) -> dict[str, Any]:
    return {name: one for name, one in attrs.asdict(value, recurse=False).items() if one is not None}


def _actor(actor: Actor) -> dict[str, Any]:
    return {**_dict(actor), "kind": actor.kind.value}


def _read_actor(document: dict[str, Any]) -> Actor:
    return Actor(**{**document, "kind": ActorKind(document["kind"])})


def _rating(rating: Rating) -> dict[str, Any]:
    return {**_dict(rating), **({"at": _time(rating.at)} if rating.at else {})}


def _read_rating(document: dict[str, Any]) -> Rating:
    at = document.get("at")
    return Rating(**{**document, "at": datetime.fromisoformat(at) if at else None})


def _body(body: Body) -> dict[str, Any]:
    return {name.lstrip("_"): one for name, one in _dict(body).items()}


def _attachment(attachment: Attachment) -> dict[str, Any]:
    document = _dict(attachment)
    return {name: one for name, one in document.items() if name != "inline" or one}


def custom_value(value: Any, field: str = "custom_fields") -> Any:
    """Return a custom field's value as JSON that names its type. Raises ``Invalid`` for a type that no field has."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"datetime": _time(value) if value.tzinfo else value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, (tuple, list)) and all(isinstance(one, str) for one in value):
        return list(value)
    raise Invalid(
        f"a custom field takes text, int, Decimal, bool, date, datetime or a tuple of text, not {type(value).__name__}",
        field=field,
    )


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def _read_custom(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _READERS[kind](text)
    return value


_TEXT: Final[Codec] = (_same, _same)
_TIME: Final[Codec] = (_time, datetime.fromisoformat)
_ACTOR: Final[Codec] = (_actor, _read_actor)
_REF: Final[Codec] = (_dict, lambda document: Ref(**document))
_WORDS: Final[Codec] = (list, tuple)
_CUSTOM: Final[Codec] = (
    lambda fields: {name: custom_value(value, f"custom_fields.{name}") for name, value in fields.items()},
    lambda fields: {name: _read_custom(value) for name, value in fields.items()},
)


def _enum(kind: Any) -> Codec:
    return (lambda member: member.value, kind)


def _read_visibility(word: Any) -> Visibility:
    """Return who may read a message: an unknown word, of a later version, keeps it internal."""
    return Visibility.PUBLIC if word == Visibility.PUBLIC.value else Visibility.INTERNAL


_CODECS: Final[Mapping[Kind, Codec]] = {
    **dict.fromkeys((Kind.ID, Kind.TEXT, Kind.WORD, Kind.FLAG, Kind.NUMBER), _TEXT),
    Kind.TIME: _TIME,
    Kind.PERSON: _ACTOR,
    Kind.REFERENCE: _REF,
    **dict.fromkeys((Kind.WORDS, Kind.ADDRESSES), _WORDS),
    Kind.PHONES: (
        lambda phones: [_dict(phone) for phone in phones],
        lambda phones: tuple(Phone(**phone) for phone in phones),
    ),
    Kind.CUSTOM_FIELDS: _CUSTOM,
    Kind.RATING: (_rating, _read_rating),
    Kind.BODY: (_body, lambda document: Body(**document)),
}
_ELSEWHERE: Final = frozenset({"id", "ref", "ticket_id", "sequence", "description", "message_count", "attachments"})
"""In columns, or computed from other rows."""


def _codec(field: Field) -> Codec:
    if field.choices is Visibility:
        return (lambda member: member.value, _read_visibility)
    return _enum(field.choices) if field.choices is not None else _CODECS[field.kind]


def _codecs(table: Mapping[str, Field]) -> Codecs:
    stored = (field for name, field in table.items() if name not in _ELSEWHERE and field.kind is not Kind.ANSWER)
    return {field.name: _codec(field) for field in stored}


TICKET: Final = _codecs(fields.TICKET)
MESSAGE: Final = _codecs(fields.MESSAGE)
CONTACT: Final = _codecs(fields.CONTACT)


def dump(record: Ticket | Message | Contact, codecs: Codecs) -> str:
    """Return a record as JSON in ASCII."""
    document = {}
    for name, (write, _) in codecs.items():
        value = getattr(record, name)
        if value is not None and value is not False and (value or isinstance(value, (str, int, Body))):
            document[name] = write(value)
    return json.dumps(document, separators=(",", ":"))


def read(text: str, mending: Mending) -> dict[str, Any]:
    """Return a stored document, its texts made valid."""
    document: dict[str, Any] = json.loads(text)
    if "\\u" not in text:
        return document
    odd: Counter[Odd] = Counter()
    document = mended_tree(document, odd)
    if odd:
        mending.note(odd)
    return document


def load(document: dict[str, Any], codecs: Codecs) -> dict[str, Any]:
    """Return the fields of a record, to be passed to its class."""
    return {name: codecs[name][1](value) for name, value in document.items()}


def dump_attachment(attachment: Attachment) -> str:
    """Return a file's description as JSON."""
    return json.dumps(_attachment(attachment), separators=(",", ":"))


def load_attachment(text: str, mending: Mending) -> Attachment:
    """Return a file's description."""
    return Attachment(**read(text, mending))
