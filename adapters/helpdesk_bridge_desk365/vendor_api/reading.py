"""Reading: the vendor's documents, in any of their spellings, as values of ``desk.vendor_api``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_type_hints

from attrs import fields

from helpdesk_bridge.adapter import Attachment, BadResponse, Converter, OddValues, Wire, WireTypeError, readable
from helpdesk_bridge_desk365.client.client import Rows
from helpdesk_bridge_desk365.vendor_api.documents import Contract, Folder, TicketDetails
from helpdesk_bridge_desk365.wire.parsing import canonical_ticket, field_name, has_next_page, read_rows, split_words
from helpdesk_bridge_desk365.wire.reading import locator, unsigned
from helpdesk_bridge_desk365.wire.times import read_moment
from helpdesk_bridge_desk365.wire.words import whole_number

T = TypeVar("T")

# Observed names that differ from the documentation's models: the left is read as the right.
_NAMES: Final[Mapping[str, str]] = {
    "createdOn": "created_on",
    "updatedOn": "updated_on",
    "secondary_email": "secondary_emails",
    "is_email_deliveribility_failiure": "delivery_failed",
}


def _time(value: Any, _type: Any) -> datetime | None:
    if not isinstance(value, str):
        raise WireTypeError(f"expected a time, found {type(value).__name__}")
    try:
        return read_moment(value).at
    except ValueError:
        raise WireTypeError("expected a time such as 2026-01-31 09:15:00") from None


def _day(value: Any, _type: Any) -> date | None:
    if not isinstance(value, str):
        raise WireTypeError(f"expected a date, found {type(value).__name__}")
    try:
        moment = read_moment(value).at
    except ValueError:
        raise WireTypeError("expected a date such as 2026-01-31") from None
    return None if moment is None else moment.date()


def _rows(value: Any, _type: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
        raise WireTypeError(f"expected a list of objects, found {type(value).__name__}")
    return tuple(map(unsigned, value))


def _flag(value: Any, _type: Any) -> bool:
    # Observed: flags are written as truth values in some documents, as 0 and 1 in others.
    if isinstance(value, bool) or value in (0, 1, "0", "1"):
        return value in (True, 1, "1")
    raise WireTypeError(f"expected a flag, found {type(value).__name__}")


def _number(value: Any, _type: Any) -> int:
    if type(value) is int:
        return value
    # Documented: Desk365 API, "Sample response body": a number as text.
    if isinstance(value, str) and (number := whole_number(value)) is not None:
        return number
    raise WireTypeError(f"expected a whole number, found {type(value).__name__}")


def _number_or_text(value: Any, _type: Any) -> int | str | None:
    if value is None or (isinstance(value, (int, str)) and not isinstance(value, bool)):
        return value
    raise WireTypeError(f"expected a number or text, found {type(value).__name__}")


def _words(value: Any, _type: Any) -> tuple[str, ...]:
    # Observed: an array in lists, a text joined by commas in details.
    words = split_words(value)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise WireTypeError(f"expected a list of texts, found {type(value).__name__}")
    return tuple(words)


def _object(value: Any, _type: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise WireTypeError(f"expected an object, found {type(value).__name__}")
    return value


def _files(value: Any, _type: Any) -> tuple[Attachment, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, Mapping) for item in value):
        raise WireTypeError(f"expected a list of files, found {type(value).__name__}")
    return tuple(_file(item) for item in value)


def _file(document: Mapping[str, Any]) -> Attachment:
    name, kind, size = (document.get(key) for key in ("file_name", "file_type", "file_size"))
    url = document.get("attachment_url")
    return Attachment(
        name if isinstance(name, str) and name else "file",
        kind if isinstance(kind, str) else None,
        size if type(size) is int else None,
        # An address that cannot be asked for again, as that of an inline image.
        locator=locator(inline=url if isinstance(url, str) else ""),
    )


def _configure(converter: Converter) -> None:
    converter.register_structure_hook(datetime, _time)
    converter.register_structure_hook(date, _day)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(int, _number)
    converter.register_structure_hook(str | int | None, _number_or_text)
    converter.register_structure_hook_func(lambda type_: type_ == tuple[str, ...], _words)
    converter.register_structure_hook_func(lambda type_: type_ == tuple[Attachment, ...], _files)
    converter.register_structure_hook_func(lambda type_: type_ == Mapping[str, Any], _object)
    converter.register_structure_hook_func(lambda type_: type_ == tuple[Mapping[str, Any], ...], _rows)


_wire: Final = Wire(_configure)


def _folder(document: Mapping[str, Any]) -> Mapping[str, Any]:
    # Documented (OpenAPI): the folder's own name is called category_name beside the category's.
    if "parent_category_name" not in document:
        return document
    return {**document, "folder_name": document.get("category_name"), "category_name": document["parent_category_name"]}


def _contract(document: Mapping[str, Any]) -> Mapping[str, Any]:
    # Documented: OpenAPI, ContractCreateOrUpdateResponseModel nests what ContractDetailsModel has flat, and calls the
    # category otherwise.
    flat = dict(document)
    for block in ("block_hours", "block_tickets"):
        if isinstance(flat.get(block), Mapping):
            flat |= flat[block]
    if flat.get("category") is None:
        flat["category"] = flat.get("contract_category")
    return flat


def _ticket(document: Mapping[str, Any]) -> Mapping[str, Any]:
    known = canonical_ticket(document)
    if isinstance(known.get("survey_rating"), list):
        known["survey_rating"] = next(iter(known["survey_rating"]), None)
    return known


_RESHAPED: Final[Mapping[type[Any], Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = MappingProxyType(
    {Folder: _folder, Contract: _contract, TicketDetails: _ticket}
)


def read(type_: type[T], document: Any, at: str = "$", odd: OddValues | None = None) -> T:
    """Return a document as a value. Raises ``BadResponse`` with the path of what cannot be read.

    With ``odd`` that is what the value cannot be without; anything else is noted there and left out.
    """
    if not isinstance(document, dict):
        raise BadResponse(f"expected an object at {at}, found {type(document).__name__}", path=at)
    known: dict[str, Any] = {}
    names = _names(type_)
    for key, value in _RESHAPED.get(type_, dict)(document).items():
        name = "primary_email" if key == "email" and "primary_email" in names else _NAMES.get(key, key)
        if name in names and known.get(name) is None:
            known[name] = value
    _emptied(known, type_)
    if isinstance(known.get("custom_fields"), dict):
        known["custom_fields"] = {field_name(key): value for key, value in known["custom_fields"].items()}
    if "document" in names:
        known["document"] = unsigned(document)
    return _wire.read(type_, known, at=at, odd=odd)


def _names(type_: type[Any]) -> frozenset[str]:
    return frozenset(field.name for field in fields(type_))


def _emptied(known: dict[str, Any], type_: type[Any]) -> None:
    """Remove nulls from fields that are never None: they count as not sent."""
    hints = get_type_hints(type_)
    for name in [name for name, value in known.items() if value is None]:
        if type(None) not in getattr(hints[name], "__args__", (type(None),)):
            del known[name]


def read_page(type_: type[T], document: Any, odd: OddValues, *keys: str) -> Rows[T]:
    """Return the rows of a list under the first of ``keys`` that it has, with the total and whether more follow."""
    total, rows, at = read_rows(document, *keys)
    if total is None and type(document.get("total")) is int:
        # A client of 2026: the list of asset locations has "total" where all others have "count".
        total = document["total"]
    items = readable(
        rows, lambda number, row: read(type_, row, f"{at}[{number}]", odd), odd, kind=type_.__name__.lower()
    )
    return Rows(tuple(item for _, item in items), total, has_next_page(document))
