"""Custom values: translation between Deskie's keys and option keys and the words that people see.

observed: keys ``cf_<field_id>``; text is a string, a checkbox a bool, a select the key of its option.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from helpdesk_bridge.adapter import CustomValue, FieldDefinition, FieldType, Invalid, fold
from helpdesk_bridge_deskie.wire.documents import CustomFieldDocument

TICKET: Final = "ticket"
CONTACT: Final = "contact"
_TYPES: Final[Mapping[str, FieldType]] = {
    "text": FieldType.TEXT,
    "textarea": FieldType.TEXT,
    "checkbox": FieldType.BOOLEAN,
    "select": FieldType.SELECT,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
}
_ISO_DATE: Final = len("2026-03-01")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


def definition(document: CustomFieldDocument) -> FieldDefinition:
    """Return the definition of a custom field; ``key`` is ``cf_<id>``."""
    options = {str(key): str(word) for key, word in (document.field_data or {}).items()}
    return FieldDefinition(
        key=f"cf_{document.field_id}",
        name=document.title or f"cf_{document.field_id}",
        type=_TYPES.get((document.field_type or "").casefold(), FieldType.UNKNOWN),
        options=tuple(options.values()),
        option_keys=tuple(options),
        applies_to=CONTACT if document.field_level == "user" else TICKET,
        active=document.active is not False,
    )


def reader_of(field: FieldDefinition | None) -> Callable[[Any], CustomValue]:
    """Return what ``read_value`` does for one field, without looking at its definition each time."""
    if field is None or field.type is FieldType.TEXT:
        return lambda value: value or None if type(value) is str else read_value(field, value)
    if field.type is FieldType.SELECT:
        words = dict(zip(reversed(field.option_keys), reversed(field.options), strict=True))
        return lambda value: (
            words[value] if type(value) is str and value and value in words else read_value(field, value)
        )
    if field.type is FieldType.DATE:
        return lambda value: _day(value) if type(value) is str and _is_iso(value) else read_value(field, value)
    return lambda value: read_value(field, value)


def _is_iso(text: str) -> bool:
    return len(text) == _ISO_DATE and text[4] == text[7] == "-"


def _day(text: str) -> CustomValue:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def read_value(field: FieldDefinition | None, value: Any) -> CustomValue:
    """Return a value as people see it; what does not fit its definition comes as text, never as an error."""
    if type(value) is str and (field is None or field.type is FieldType.TEXT):
        return value or None
    if value is None or value in ("", [], {}):
        return None
    if field is None:
        return _plain(value)
    if field.type is FieldType.BOOLEAN:
        return _flag(value)
    if field.type is FieldType.SELECT:
        word = next(
            (word for key, word in zip(field.option_keys, field.options, strict=True) if key == str(value)), None
        )
        return _plain(value) if word is None else word
    if field.type in (FieldType.DATE, FieldType.DATETIME) and isinstance(value, str):
        return None if value == "-" else _moment(field.type, value)
    return value if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> CustomValue:
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    return str(value)


def _flag(value: Any) -> CustomValue:
    if isinstance(value, bool):
        return value
    folded = str(value).casefold()
    if folded in _TRUE or folded in _FALSE:
        return folded in _TRUE
    return _plain(value)


def _moment(kind: FieldType, text: str) -> CustomValue:
    if kind is FieldType.DATE and _is_iso(text):
        return _day(text)
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            parsed = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        # A time without a zone would be a guess at the account's zone.
        return parsed.date() if kind is FieldType.DATE else (parsed if parsed.tzinfo else text)
    return text


def write_value(field: FieldDefinition, value: CustomValue) -> Any:
    """Return a value as Deskie takes it; None clears. Raises ``Invalid`` naming the field if it does not fit."""
    where = f"custom_fields.{field.name}"
    if field.type is FieldType.BOOLEAN:
        if value is None or isinstance(value, bool):
            return bool(value)
        raise Invalid(f"{field.name} is a checkbox and takes True or False", field=where)
    if value is None:
        return ""
    if field.type is FieldType.SELECT:
        return _option_key(field, value, where)
    if field.type is FieldType.DATE and isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bool):
        return "1" if value else "0"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _option_key(field: FieldDefinition, value: CustomValue, where: str) -> str:
    for key, word in zip(field.option_keys, field.options, strict=True):
        if isinstance(value, (str, int)) and not isinstance(value, bool) and fold(word) == fold(str(value)):
            return key
    raise Invalid(f"{field.name} has no such option", field=where, limit=len(field.options))
