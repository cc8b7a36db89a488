"""Comparison of records with a query, and the order of a listing: the same at every vendor.

Text compares after NFKC and ``casefold()`` on both sides, e-mails as mail systems do, phones with their country if both
numbers name it; see ``addresses``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from helpdesk_bridge.model.addresses import email_key, same_phone
from helpdesk_bridge.model.fields import CONTACT, TICKET, Field, Kind, filters
from helpdesk_bridge.model.queries import NONE, ContactQuery, Order, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor, CustomValue, Phone, Ref
from helpdesk_bridge.text.plain import fold


def _same_person(wanted: str | Actor, actor: Actor) -> bool:
    if isinstance(wanted, Actor):
        if wanted.id is not None and actor.id is not None:
            return wanted.id == actor.id
        return bool(wanted.email and actor.email) and email_key(wanted.email or "") == email_key(actor.email or "")
    if actor.id == wanted or (actor.email is not None and email_key(actor.email) == email_key(wanted)):
        return True
    return bool(actor.phone) and "@" not in wanted and same_phone(wanted, actor.phone or "")


def _person_in(wanted: frozenset[Any], actor: Actor | None) -> bool:
    if actor is None:
        return NONE in wanted
    return any(_same_person(member, actor) for member in wanted if member is not NONE)


def _ref_in(wanted: frozenset[Any], ref: Ref | None) -> bool:
    if ref is None:
        return NONE in wanted
    for member in wanted:
        if member is NONE:
            continue
        if isinstance(member, Ref):
            if (member.id is not None and member.id == ref.id) or (
                member.id is None and member.name and fold(member.name) == fold(ref.name or "")
            ):
                return True
        elif member == ref.id or fold(member) == fold(ref.name or ""):
            return True
    return False


def _word_in(wanted: frozenset[Any], value: str | None) -> bool:
    if value is None or value == "":
        return NONE in wanted
    return any(member is not NONE and fold(member) == fold(value) for member in wanted)


def _words_in(wanted: frozenset[Any], values: tuple[str, ...]) -> bool:
    if not values:
        return NONE in wanted
    folded = {fold(value) for value in values}
    return any(member is not NONE and fold(member) in folded for member in wanted)


def _same_value(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return fold(left) == fold(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _value_in(wanted: frozenset[Any], value: CustomValue) -> bool:
    if value is None or value in ("", ()):
        return NONE in wanted or None in wanted
    if isinstance(value, tuple) and not any(isinstance(member, tuple) for member in wanted):
        return any(_same_value(member, item) for member in wanted for item in value)
    return any(_same_value(member, value) for member in wanted)


def _enum_in(wanted: frozenset[Any], value: enum.Enum, label: str | None) -> bool:
    return value in wanted or (
        label is not None and any(isinstance(member, str) and fold(member) == fold(label) for member in wanted)
    )


def _emails_in(wanted: frozenset[Any], emails: tuple[str, ...]) -> bool:
    if not emails:
        return NONE in wanted
    keys = {email_key(email) for email in emails}
    return any(member is not NONE and email_key(member) in keys for member in wanted)


def _phones_in(wanted: frozenset[Any], phones: tuple[Phone, ...]) -> bool:
    if not phones:
        return NONE in wanted
    return any(member is not NONE and any(same_phone(member, phone) for phone in phones) for member in wanted)


def _custom_fields_match(wanted: Mapping[str, frozenset[Any]], values: Mapping[str, CustomValue]) -> bool:
    return all(_value_in(among, values.get(name)) for name, among in wanted.items())


_TESTS: Final[Mapping[Kind, Callable[[Any, Any], bool]]] = {
    Kind.TEXT: lambda wanted, text: wanted.matches(text),
    Kind.WORD: _word_in,
    Kind.PERSON: _person_in,
    Kind.REFERENCE: _ref_in,
    Kind.TIME: lambda wanted, moment: wanted.contains(moment),
    Kind.WORDS: _words_in,
    Kind.ADDRESSES: _emails_in,
    Kind.PHONES: _phones_in,
    Kind.CUSTOM_FIELDS: _custom_fields_match,
}


def _test(field: Field) -> Callable[[Any, Any], bool]:
    """Return whether a record's value of the field answers what is wanted of it."""
    if field.kind is Kind.CHOICE:
        label = f"{field.name}_label"
        return lambda wanted, record: _enum_in(wanted, getattr(record, field.name), getattr(record, label))
    test = _TESTS[field.kind]
    return lambda wanted, record: test(wanted, getattr(record, field.name))


_TICKET_TESTS: Final = {name: _test(field) for name, field in filters(TICKET).items()}
_CONTACT_TESTS: Final = {name: _test(field) for name, field in filters(CONTACT).items()}


def ticket_filters(query: TicketQuery) -> tuple[str, ...]:
    """Return the names of the fields that this query filters by."""
    return tuple(name for name in _TICKET_TESTS if getattr(query, name) is not None)


def ticket_matches(query: TicketQuery, ticket: Ticket) -> bool:
    """Whether ``ticket`` answers ``query``, order and limit aside."""
    if ticket.spam and "spam" not in query.include:
        return False
    if ticket.deleted and "deleted" not in query.include:
        return False
    if ticket.merged_into is not None and "merged" not in query.include:
        return False
    return all(_TICKET_TESTS[name](getattr(query, name), ticket) for name in ticket_filters(query))


def contact_filters(query: ContactQuery) -> tuple[str, ...]:
    """Return the names of the fields that this query filters by."""
    return tuple(name for name in _CONTACT_TESTS if getattr(query, name) is not None)


def contact_matches(query: ContactQuery, contact: Contact) -> bool:
    """Whether ``contact`` answers ``query``, order and limit aside."""
    if contact.blocked and "blocked" not in query.include:
        return False
    if contact.deleted and "deleted" not in query.include:
        return False
    return all(_CONTACT_TESTS[name](getattr(query, name), contact) for name in contact_filters(query))


_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def natural_key(record_id: str) -> tuple[int, str]:
    """Return a key that sorts numeric ids by their number and others by their text."""
    return (len(record_id), record_id) if record_id.isdigit() else (0, record_id)


def sort_key(order: Order) -> Callable[[Any], Any]:
    """Return the key by which ``order`` sorts tickets or contacts (before reversing for a descending one)."""
    name = "updated_at" if order.by_update else "created_at"
    return lambda record: (getattr(record, name) or _EPOCH, natural_key(record.id))


def place_in(order: Order) -> Callable[[Any], int]:
    """Return the time by which ``order`` sorts a record, in microseconds; equal times have the same place."""
    name = "updated_at" if order.by_update else "created_at"
    return lambda record: ((getattr(record, name) or _EPOCH) - _EPOCH) // _MICROSECOND
