"""Parsing: Desk365's documents, in any of their spellings, as frozen classes.

The documentation's samples and recorded answers name the same things differently; both are read into the recorded
names (`docs/vendors/desk365.md` lists the differences).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from attrs import evolve

from helpdesk_bridge.adapter import Agent, BadResponse, Converter, Keys, OddValues, Wire, WireTypeError
from helpdesk_bridge_desk365.wire import keys
from helpdesk_bridge_desk365.wire.documents import (
    CompanyDocument,
    ContactDocument,
    MessageDocument,
    Moment,
    TicketDocument,
    WrittenDocument,
)
from helpdesk_bridge_desk365.wire.fast_reading import CUSTOM_PREFIX, SURVEY_PREFIX, quick_ticket
from helpdesk_bridge_desk365.wire.times import read_moment
from helpdesk_bridge_desk365.wire.words import whole_number

T = TypeVar("T")

# Documented (Desk365 API, "Sample response body"; OpenAPI, TicketDetailsModel) -> observed.
_TICKET_NAMES: Final = {
    "sub_category": "subcategory",
    "assign_to": "assigned_to",
    "survey_ratings": "survey_rating",
    "email": "contact_email",
}
_CONTACT_NAMES: Final = {"email": "primary_email", "secondary_email": "secondary_emails"}


def _moment(value: Any, _type: Any) -> Moment:
    if isinstance(value, Moment):
        return value
    if not isinstance(value, str):
        raise WireTypeError(f"expected a time, found {type(value).__name__}")
    try:
        return read_moment(value)
    except ValueError:
        raise WireTypeError("expected a time such as 2026-01-31 09:15:00") from None


def _number_or_text(value: Any, _type: Any) -> int | str | None:
    if value is None or (isinstance(value, (int, str)) and not isinstance(value, bool)):
        return value
    raise WireTypeError(f"expected a number or text, found {type(value).__name__}")


def _configure(converter: Converter) -> None:
    converter.register_structure_hook(Moment, _moment)
    for union in (int | str | None, str | int | None):
        converter.register_structure_hook(union, _number_or_text)
    # Put beside what was sent.
    converter.register_structure_hook_func(
        lambda type_: type_ in (frozenset[str], Mapping[str, Any]), lambda value, _: value
    )


_wire: Final = Wire(_configure)


def _as_object(document: Any, at: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise BadResponse(f"expected an object at {at}, found {type(document).__name__}", path=at)
    return document


def _renamed(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    known = dict(document)
    for other, name in names.items():
        if other in known:
            value = known.pop(other)
            if known.get(name) is None:
                known[name] = value
    return known


def _numbered(known: dict[str, Any], *keys: str) -> None:
    # Documented: Desk365 API, "Sample response body": source as the text 1; observed: a number.
    for key in keys:
        value = known.get(key)
        if isinstance(value, str) and (number := whole_number(value.strip())) is not None:
            known[key] = number


def _flag(value: Any) -> Any:
    # Observed: the vendor writes flags as 0 and 1 in some documents, as booleans in others.
    return bool(value) if type(value) is int else value


def _public(value: Any) -> bool | None:
    """Return whether a note is public; an unknown word for it counts as private."""
    if value is None or isinstance(value, bool):
        return value
    return value == 1 or (isinstance(value, str) and value.strip().casefold() in {"1", "true"})


def split_words(value: Any) -> Any:
    """Return the parts of a comma-joined text as a list; anything else as it is."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def field_name(key: str) -> str:
    """Return a custom field's name as people see it, without its prefix."""
    return key.removeprefix(CUSTOM_PREFIX)


def field_key(name: str) -> str:
    """Return the key under which a custom field is written: with its prefix, never twice."""
    return name if name.startswith(CUSTOM_PREFIX) else f"{CUSTOM_PREFIX}{name}"


def canonical_ticket(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ticket's keys in their recorded names, custom fields and survey details in objects of their own.

    Documented: Desk365 API, "nested_fields": with 1 custom fields and survey details are in the ticket itself.
    """
    known: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    survey: dict[str, Any] = {}
    for key, value in document.items():
        head = key[:3]
        if head == CUSTOM_PREFIX:
            fields[key] = value
        elif head == SURVEY_PREFIX:
            survey[key] = value
        elif key in _TICKET_NAMES:
            name = _TICKET_NAMES[key]
            if known.get(name) is None:
                known[name] = value
        elif value is not None or key not in known:
            known[key] = value
    if fields and known.get("custom_fields") is None:
        known["custom_fields"] = fields
    if survey and known.get("survey_rating") is None:
        known["survey_rating"] = survey if any(value is not None for value in survey.values()) else None
    return known


def read_ticket(document: Any, at: str = "$", odd: OddValues | None = None) -> TicketDocument:
    """Return a ticket. Raises ``BadResponse`` with the path of what cannot be read.

    With ``odd``, here and below, that is what the record cannot be without; anything else is noted there and left out.
    """
    return quick_ticket(document) or exact_ticket(document, at, odd)


def exact_ticket(document: Any, at: str = "$", odd: OddValues | None = None) -> TicketDocument:
    """Return a ticket in any spelling, by the slow path."""
    known = canonical_ticket(_as_object(document, at))
    present = frozenset(known)
    _numbered(known, "ticket_number", "source", "priority")
    for key in ("watchers", "share_to"):
        if isinstance(known.get(key), str):
            known[key] = split_words(known[key])
    survey = known.get("survey_rating")
    if isinstance(survey, list):
        known["survey_rating"] = survey[0] if survey else None
    _named(known)
    ticket = _wire.read(TicketDocument, _beside(known, document, keys.TICKET, present=present), at=at, odd=odd)
    return evolve(ticket, present=present.difference(ticket.left.odd)) if ticket.left.odd else ticket


def _beside(known: Mapping[str, Any], document: Mapping[str, Any], of: Keys, **more: Any) -> dict[str, Any]:
    """Return what is known, and beside it the document and what of it no record takes."""
    return {**known, "raw": document, "left": of.left(document), **more}


def _named(known: dict[str, Any]) -> None:
    fields = known.get("custom_fields")
    if isinstance(fields, dict):
        known["custom_fields"] = {field_name(key): value for key, value in fields.items()}


def read_message(document: Any, at: str = "$", odd: OddValues | None = None) -> MessageDocument:
    """Return a message of a thread."""
    known = dict(_as_object(document, at))
    for key in ("to_address", "cc_address"):
        known[key] = split_words(known.get(key))
    known["public_note"] = _public(known.get("public_note"))
    return _wire.read(MessageDocument, _beside(known, document, keys.MESSAGE), at=at, odd=odd)


def read_contact(document: Any, at: str = "$", odd: OddValues | None = None) -> ContactDocument:
    """Return a contact, from a list, from details or from an echo. Assumed: none is without an e-mail, by which alone details are asked for."""
    known = _renamed(_as_object(document, at), _CONTACT_NAMES)
    present = frozenset(known)
    known["secondary_emails"] = split_words(known.get("secondary_emails"))
    known["is_deleted"] = _flag(known.get("is_deleted"))
    _named(known)
    if not isinstance(known.get("primary_email"), str) or not known["primary_email"]:
        raise BadResponse(f"the contact at {at} has no e-mail, its only identifier", path=f"{at}.primary_email")
    contact = _wire.read(ContactDocument, _beside(known, document, keys.CONTACT, present=present), at=at, odd=odd)
    return evolve(contact, present=present.difference(contact.left.odd)) if contact.left.odd else contact


def read_company(document: Any, at: str = "$", odd: OddValues | None = None) -> CompanyDocument:
    """Return a company; its domains are a list in lists and a comma-joined text in details."""
    known = dict(_as_object(document, at))
    known["domains"] = split_words(known.get("domains"))
    return _wire.read(CompanyDocument, known, at=at, odd=odd)


def read_agent(document: Any, at: str = "$", _odd: OddValues | None = None) -> Agent:
    """Return an agent."""
    known = _as_object(document, at)
    email, name = known.get("email"), known.get("name")
    if not isinstance(email, str) or not email:
        raise BadResponse(f"expected an e-mail at {at}.email, found {type(email).__name__}", path=f"{at}.email")
    return Agent(id=email, email=email, name=name if isinstance(name, str) and name else None)


def read_written(document: Any, at: str = "$") -> WrittenDocument:
    """Return the answer about a written message."""
    return _wire.read(WrittenDocument, _as_object(document, at), at=at)


def has_next_page(document: Any) -> bool:
    """Whether a list names a next page. Observed: on the last page the URL is null or missing."""
    return isinstance(document, dict) and isinstance(document.get("next_page"), str) and bool(document["next_page"])


def read_rows(document: Any, *keys: str) -> tuple[int | None, list[Any], str]:
    """Return total and rows of a list under the first of ``keys`` that it has, and that key's path."""
    answer = _as_object(document, "$")
    for key in keys:
        if key in answer:
            rows = answer[key]
            if not isinstance(rows, list):
                raise BadResponse(f"expected a list at $.{key}, found {type(rows).__name__}", path=f"$.{key}")
            count = answer.get("count")
            total = count if type(count) is int and count >= 0 else None
            return total, rows, f"$.{key}"
    raise BadResponse(f"the answer lacks the list {keys[0]}", path=f"$.{keys[0]}")
