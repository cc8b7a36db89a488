"""Tables of an export: their columns, generated from the table of fields and the records' own types.

Each column is of one of six types, whatever a vendor sends, so that a custom field that comes or goes changes no schema.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, get_args, get_type_hints

import attrs
from attrs import frozen

from helpdesk_bridge.archive.rows import Event, Tombstone
from helpdesk_bridge.export.records import ExportedFile
from helpdesk_bridge.model.fields import CONTACT, MESSAGE, TICKET, Field, Kind, Travel
from helpdesk_bridge.model.records import Agent, Company, Contact, FieldDefinition, Group, Message, Tag, Ticket
from helpdesk_bridge.text.plain import digest


class ColumnType(enum.Enum):
    """What a column holds."""

    TEXT = "text"
    TIME = "time"
    FLAG = "flag"
    NUMBER = "number"
    TEXTS = "texts"
    JSON = "json"


@frozen
class Column:
    """A column: its name, its type, and how its value is got from a record."""

    name: str
    type: ColumnType
    get: Callable[[Any], Any]


@frozen
class Table:
    """A table: its name, the class of its records, and its columns. ``by_month``: a file for each month of creation."""

    name: str
    record: type[Any]
    columns: tuple[Column, ...]
    by_month: bool = False

    def row(self, record: Any) -> dict[str, Any]:
        """Return a record as a row."""
        return {column.name: column.get(record) for column in self.columns}

    def schema(self) -> list[dict[str, str]]:
        """Return names and types of the columns."""
        return [{"name": column.name, "type": column.type.value} for column in self.columns]


def _word(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def plain_json(values: Mapping[str, Any]) -> str:
    """Return custom fields as JSON: decimals, dates and times as their text."""
    return json.dumps({name: _plain(value) for name, value in values.items()}, ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, (date, Decimal)):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


Part = tuple[str, ColumnType, Callable[[Any], Any]]
"""What follows the field's name in a column's name, the column's type, and what it is of the field's value."""


def _as_it_is(value: Any) -> Any:
    return value


def _of(name: str) -> Callable[[Any], Any]:
    return lambda value: None if value is None else _word(getattr(value, name))


def _parts(type_: ColumnType, *names: str) -> tuple[Part, ...]:
    return tuple((f"_{name}", type_, _of(name)) for name in names)


_PARTS: Final[Mapping[Kind, tuple[Part, ...]]] = {
    **dict.fromkeys((Kind.ID, Kind.TEXT, Kind.WORD), (("", ColumnType.TEXT, _as_it_is),)),
    Kind.CHOICE: (("", ColumnType.TEXT, _word),),
    Kind.PERSON: _parts(ColumnType.TEXT, "kind", "id", "name", "email", "phone"),
    Kind.REFERENCE: _parts(ColumnType.TEXT, "id", "name"),
    Kind.TIME: (("", ColumnType.TIME, _as_it_is),),
    Kind.FLAG: (("", ColumnType.FLAG, _as_it_is),),
    Kind.NUMBER: (("", ColumnType.NUMBER, _as_it_is),),
    **dict.fromkeys((Kind.WORDS, Kind.ADDRESSES), (("", ColumnType.TEXTS, list),)),
    Kind.PHONES: (("", ColumnType.TEXTS, lambda phones: [one.e164 or one.raw for one in phones]),),
    Kind.IDENTITIES: (("", ColumnType.TEXTS, lambda found: [f"{one.kind}:{one.value}" for one in found]),),
    Kind.CUSTOM_FIELDS: (("", ColumnType.JSON, plain_json),),
    Kind.BODY: _parts(ColumnType.TEXT, "text", "html"),
    Kind.FILES: (("_count", ColumnType.NUMBER, len),),
    Kind.RATING: (
        *_parts(ColumnType.NUMBER, "score"), *_parts(ColumnType.TEXT, "label", "comment"), *_parts(ColumnType.TIME, "at"),
    ),
    Kind.ANSWER: (("", ColumnType.TEXTS, sorted),),
}  # fmt: skip


def _of_field(field: Field) -> Iterator[Column]:
    """Yield the columns of a field of a ticket, a contact or a message; the vendor's own document has none."""
    if field.name == "raw":
        return
    for suffix, type_, part in _PARTS[field.kind]:
        if field.travel is Travel.OPENING and suffix == "_html":
            continue  # the message that opens the ticket has it
        yield Column(field.name + suffix, type_, _getter(field.name, part))


def _getter(name: str, part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda record: part(getattr(record, name))


def _of_fields(name: str, record: type[Any], fields: Mapping[str, Field], *, by_month: bool = False) -> Table:
    columns = tuple(column for field in fields.values() for column in _of_field(field))
    return Table(name, record, columns, by_month)


_TYPES: Final[Mapping[Any, ColumnType]] = {
    str: ColumnType.TEXT,
    bool: ColumnType.FLAG,
    int: ColumnType.NUMBER,
    datetime: ColumnType.TIME,
}


def _of_class(name: str, record: type[Any], *, by_month: bool = False) -> Table:
    """Return the table of records whose fields are plain values."""
    hints = get_type_hints(record)

    def column(of: str) -> Column:
        hint = hints[of]
        kinds = [one for one in get_args(hint) if one is not type(None)] or [hint]
        if isinstance(kinds[0], type) and issubclass(kinds[0], enum.Enum):
            return Column(of, ColumnType.TEXT, lambda one: _word(getattr(one, of)))
        if kinds[0] in _TYPES and hint != tuple[str, ...]:
            return Column(of, _TYPES[kinds[0]], lambda one: getattr(one, of))
        return Column(of, ColumnType.TEXTS, lambda one: list(getattr(one, of)))

    return Table(name, record, tuple(column(field.name) for field in attrs.fields(record)), by_month)


TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        table.name: table
        for table in (
            _of_fields("tickets", Ticket, TICKET, by_month=True),
            _of_fields("messages", Message, MESSAGE, by_month=True),
            _of_class("files", ExportedFile, by_month=True),
            _of_fields("contacts", Contact, CONTACT),
            _of_class("agents", Agent),
            _of_class("groups", Group),
            _of_class("companies", Company),
            _of_class("tags", Tag),
            _of_class("custom_fields", FieldDefinition),
            _of_class("events", Event),
            _of_class("tombstones", Tombstone),
        )
    }
)
"""Every table by its name."""


def schema_digest() -> str:
    """Return what tells this schema from that of another version."""
    return digest(json.dumps({name: table.schema() for name, table in TABLES.items()}))
