"""JSON Schemas of tickets, contacts and messages, and of their drafts and changes, made from the table of fields.

``python -m helpdesk_bridge.cli.reference.schemas docs/reference/schemas`` writes them anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Final, TypeAlias, get_args, get_type_hints

import attrs

from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.fields import RECORDS, Field, Kind, Write
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, Attachment, Identity, Phone, Rating, Ref, Upload
from helpdesk_bridge.portable.codec import JSON
from helpdesk_bridge.portable.kinds import kind_of
from helpdesk_bridge.portable.value import VERSION

Schema: TypeAlias = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: _TEXT,
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: _TIME,
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _any(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def _or_null(schema: Schema) -> Schema:
    return {"type": [schema["type"], "null"], **_rest(schema)} if "type" in schema else _any(schema, {"type": "null"})


def _rest(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "type"}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _object(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _tagged(name: str) -> Schema:
    return _object({name: _TEXT}, [name])


def _words(choices: type[Enum]) -> Schema:
    return {"enum": [member.value for member in choices]}


def _part(cls: type[Any]) -> Schema:
    """Return the schema of what a field is made of, by the types of its fields."""
    hints, properties = get_type_hints(cls), {}
    for attribute in attrs.fields(cls):
        if JSON in attribute.metadata:  # the content of an upload
            properties[attribute.metadata[JSON][0]] = {**_TEXT, "contentEncoding": "base64"}
            continue
        hint = hints[attribute.name]
        members = [member for member in get_args(hint) if member is not NoneType] or [hint]
        schema = _words(members[0]) if issubclass(members[0], Enum) else _PLAIN[members[0]]
        properties[attribute.name] = _or_null(schema) if NoneType in get_args(hint) else schema
    return _object(properties, [name for name in properties if name != "locator"])


def _change(kind: str) -> Schema:
    return _object({"object": {"const": kind}, "values": _list(_TEXT)}, ["object", "values"])


_CUSTOM: Final = _any(
    {"type": ["string", "integer", "boolean", "null"]}, _list(_TEXT), *map(_tagged, ("decimal", "date", "datetime"))
)
_PARTS: Final[Mapping[str, Callable[[], Schema]]] = {
    "person": lambda: _part(Actor),
    "reference": lambda: _part(Ref),
    "identity": lambda: _part(Identity),
    "phone": lambda: _part(Phone),
    "rating": lambda: _part(Rating),
    "file": lambda: _part(Attachment),
    "upload": lambda: _part(Upload),
    "body": lambda: _object(
        {
            "html": _or_null(_TEXT), "text": _or_null(_TEXT),
            "derived": {"const": True, "description": "The text was made from the HTML."},
            "shortened": {"const": True, "description": "The HTML is too long for its text, which ends early."},
        },
        ["html", "text"],
    ),
    "custom_value": lambda: _CUSTOM,
    "label": lambda: _tagged("label"),
    "add": lambda: _change("add"),
    "remove": lambda: _change("remove"),
}  # fmt: skip
_READ: Final[Mapping[Kind, Schema]] = {
    **dict.fromkeys((Kind.ID, Kind.TEXT, Kind.WORD), _TEXT),
    Kind.PERSON: _ref("person"),
    Kind.REFERENCE: _ref("reference"),
    Kind.TIME: _TIME,
    Kind.FLAG: _PLAIN[bool],
    Kind.NUMBER: _PLAIN[int],
    **dict.fromkeys((Kind.WORDS, Kind.ADDRESSES), _list(_TEXT)),
    Kind.PHONES: _list(_ref("phone")),
    Kind.IDENTITIES: _list(_ref("identity")),
    Kind.CUSTOM_FIELDS: {"type": "object", "additionalProperties": _ref("custom_value")},
    Kind.BODY: _ref("body"),
    Kind.FILES: _list(_ref("file")),
    Kind.RATING: _ref("rating"),
}
_ANSWERS: Final[Mapping[str, Schema]] = {
    "not_loaded": _list(_TEXT),
    "left_behind": {"type": "object", "additionalProperties": _TEXT},
    "raw": {"type": "object"},
}
_WRITTEN: Final[Mapping[Kind, Schema]] = {
    Kind.PERSON: _any(_TEXT, _ref("person")),
    Kind.REFERENCE: _any(_TEXT, _ref("reference")),
    Kind.PHONES: _list(_TEXT),
    Kind.BODY: _any(_TEXT, _ref("body")),
    Kind.FILES: _list(_ref("upload")),
}
_SEVERAL: Final = frozenset({Kind.WORDS, Kind.ADDRESSES, Kind.PHONES})


def _read(field: Field) -> Schema:
    if field.kind is Kind.ANSWER:
        return _ANSWERS[field.name]
    return _words(field.choices) if field.choices else _READ[field.kind]


def _written(field: Field, way: Write) -> Schema:
    if field.choices:
        return _any(_words(field.choices), _ref("label"))
    schema = _WRITTEN.get(field.kind, _READ.get(field.kind, _TEXT))
    if field.kind in _SEVERAL:
        return _any(schema, _ref("add"), _ref("remove")) if way is Write.CHANGE else schema
    return _or_null(schema) if Write.CLEAR in field.write else schema


def _record(cls: type[Any], table: Mapping[str, Field]) -> tuple[dict[str, Schema], list[str]]:
    fields = attrs.fields_dict(cls)
    schemas = {
        name: _or_null(_read(field)) if fields[name].default is None and name != "raw" else _read(field)
        for name, field in table.items()
    }
    return schemas, [name for name in schemas if name != "raw"]


def _draft(cls: type[Any], table: Mapping[str, Field], way: Write) -> tuple[dict[str, Schema], list[str]]:
    schemas = {name: _written(field, way) for name, field in table.items() if way in field.write}
    return schemas, [name for name, field in attrs.fields_dict(cls).items() if field.default is attrs.NOTHING]


def schema_of(cls: type[Any]) -> Schema:
    """Return the JSON Schema of what ``to_dict`` of a record, a draft or a change writes."""
    table = RECORDS[next(name for name in RECORDS if kind_of(cls).startswith(name))]
    if cls in (Ticket, Contact, Message):
        properties, required = _record(cls, table)
    else:
        properties, required = _draft(cls, table, Write.CHANGE if cls in (TicketChange, ContactChange) else Write.DRAFT)
    title: dict[str, Schema] = {"object": {"const": kind_of(cls)}, "version": {"const": VERSION}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": cls.__name__,
        **_object({**title, **properties}, [*title, *required]),
        "$defs": _used({**title, **properties}),
    }


def _used(schema: object) -> dict[str, Schema]:
    """Return the definitions that a schema refers to, in the order of the table above."""
    text = json.dumps(schema)
    names = [name for name in _PARTS if f'"#/$defs/{name}"' in text]
    return {name: _PARTS[name]() for name in names}


DESCRIBED: Final = (
    Ticket, Contact, Message, TicketDraft, TicketChange, ContactDraft, ContactChange, MessageDraft,
)  # fmt: skip
"""The classes that have a schema."""


def texts() -> dict[str, str]:
    """Return the schemas as the text of files, by their names."""
    return {f"{kind_of(cls)}.json": json.dumps(schema_of(cls), indent=2) + "\n" for cls in DESCRIBED}


def main(folder: Path) -> None:
    """Write the files anew."""
    for name, text in texts().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
