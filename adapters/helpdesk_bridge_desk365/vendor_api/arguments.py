"""Checks of arguments, made before anything is sent; each error names the argument and its limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from helpdesk_bridge.adapter import UNSET, Invalid
from helpdesk_bridge_desk365.client.client import Pairs, numbered
from helpdesk_bridge_desk365.wire.times import time_text


def text(value: Any, field: str, *, limit: int | None = None) -> str:
    """Return a text that is not blank."""
    if not isinstance(value, str):
        raise Invalid(f"{field}: expected text, found {type(value).__name__}", field=field)
    if not value.strip():
        raise Invalid(f"{field}: must not be empty", field=field)
    if limit is not None and len(value) > limit:
        raise Invalid(f"{field}: has {len(value)} characters; at most {limit}", field=field, limit=limit)
    return value


def email(value: Any, field: str) -> str:
    """Return an e-mail address. Documented: OpenAPI, "emails separated by comma", so an address must not contain one."""
    address = text(value, field).strip()
    local, _, host = address.rpartition("@")
    if not local or not host or any(character.isspace() or character == "," for character in address):
        raise Invalid(f"{field}: expected an e-mail address", field=field)
    return address


def several(values: Iterable[str], field: str) -> tuple[str, ...]:
    """Return texts; a single text is rejected, because its characters would pass for several."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise Invalid(f"{field}: expected a list or tuple of texts", field=field)
    return tuple(text(value, field) for value in values)


def emails(values: Iterable[str], field: str) -> tuple[str, ...]:
    """Return e-mail addresses."""
    return tuple(email(address, field) for address in several(values, field))


def whole(value: Any, field: str, *, least: int = 0, most: int | None = None) -> int:
    """Return a whole number within its bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{field}: expected a whole number, found {type(value).__name__}", field=field)
    if value < least:
        raise Invalid(f"{field}: must be at least {least}", field=field, limit=least)
    if most is not None and value > most:
        raise Invalid(f"{field}: must be at most {most}", field=field, limit=most)
    return value


def one_of(value: Any, field: str, words: Collection[Any]) -> Any:
    """Return a value that is among those allowed; an enumeration takes its numbers too."""
    if isinstance(value, bool) or value not in words:
        listed = ", ".join(str(int(word) if isinstance(word, int) else word) for word in words)
        raise Invalid(f"{field}: use one of {listed}", field=field, limit=listed)
    return int(value) if isinstance(value, int) else value


def truth(value: Any, field: str) -> str:
    """Return a flag as the API writes it in a query: 1 or 0."""
    if not isinstance(value, bool):
        raise Invalid(f"{field}: expected True or False, found {type(value).__name__}", field=field)
    return str(int(value))


def moment(value: Any, field: str) -> str:
    """Return a time as the API writes it, in UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Invalid(f"{field}: expected a time with a time zone", field=field)
    return time_text(value)


def day(value: Any, field: str) -> str:
    """Return a date as the API writes it. Documented: OpenAPI, "Start date of the contract", without a time."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Invalid(f"{field}: expected a date, found {type(value).__name__}", field=field)
    return value.isoformat()


def ticket_number(value: Any) -> str:
    """Return a ticket's number as it is sent; ``NotFound`` for any other value, as everywhere on this desk."""
    digits = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return numbered(digits if isinstance(digits, str) else "")


def page(offset: Any, count: Any = None, counts: Collection[int] = (), name: str = "count") -> Pairs:
    """Return the parameters of a page: ``offset`` counts rows (documented: OpenAPI, "Get next 30 contacts from offset value")."""
    params: Pairs = (("offset", str(whole(offset, "offset"))),)
    return params if count is None else ((name, str(one_of(count, "count", counts))), *params)


def given(**values: Any) -> dict[str, Any]:
    """Return the values to send, without UNSET and None."""
    return {name: value for name, value in values.items() if value is not UNSET and value is not None}


def clearing(values: Mapping[str, Any], *, needed: Collection[str] = ()) -> dict[str, Any]:
    """Return texts to set; None clears. Documented: "empty strings are converted to null"."""
    texts: dict[str, Any] = {}
    for name, value in values.items():
        if value is UNSET:
            continue
        if value is None and name not in needed:
            texts[name] = ""
        else:
            texts[name] = text(value, name)
    return texts


def something(change: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return a change; an empty change is rejected."""
    if not change:
        raise Invalid(f"nothing to change: give at least one field of the {what}", field=what)
    return dict(change)
