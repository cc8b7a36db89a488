"""A plain filter: what a query means, in Python written apart from the library, so that the two can disagree."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import idna

from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Period, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor


def _alike(text: str | None) -> str:
    return unicodedata.normalize("NFKC", text or "").casefold()


def box(address: str) -> str:
    """Return an e-mail address as mail systems compare it, written a second time: A to Z folded, the domain as its A-label."""
    plain = "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in address)
    local, at, domain = plain.rpartition("@")
    try:
        return f"{local}{at}{'.'.join(idna.encode(domain, uts46=True).decode().split('.'))}"
    except UnicodeError:
        return plain


def _boxes(wanted: Iterable[Any] | None, emails: Iterable[str]) -> bool:
    if wanted is None:
        return True
    there = [box(email) for email in emails]
    return any((not there) if wanted_value is NONE else box(wanted_value) in there for wanted_value in wanted)


def _among(wanted: Iterable[Any] | None, *values: str | None) -> bool:
    """Whether one of the values is wanted; ``NONE`` means no value."""
    if wanted is None:
        return True
    there = [_alike(value) for value in values if value]
    return any((not there) if wanted_value is NONE else _alike(wanted_value) in there for wanted_value in wanted)


def _person(wanted: Iterable[Any] | None, actor: Actor | None) -> bool:
    if wanted is None:
        return True
    if actor is None:
        return NONE in wanted
    return any(
        wanted_value == actor.id
        or box(wanted_value) == box(actor.email or " ")
        or _number(wanted_value) == _number(actor.phone or "no")
        for wanted_value in wanted
        if wanted_value is not NONE
    )


def _number(text: str) -> str:
    """Return the digits of a phone number; any other text stays as it is."""
    digits = "".join(letter for letter in text if letter.isdigit())
    return digits.removeprefix("00") if digits and "@" not in text else text


def _text(match: Match | None, text: str | None) -> bool:
    if match is None:
        return True
    wanted, there = _alike(match.text), _alike(text)
    return (
        text is not None
        and {
            How.EXACT: there == wanted,
            How.PREFIX: there[: len(wanted)] == wanted,
            How.SUFFIX: there[len(there) - len(wanted) :] == wanted,
            How.CONTAINS: there.find(wanted) >= 0,
        }[match.how]
    )


def _during(period: Period | None, moment: datetime | None) -> bool:
    if period is None:
        return True
    if moment is None:
        return False
    return not (period.start is not None and moment < period.start) and not (
        period.end is not None and moment >= period.end
    )


def _enum(wanted: Iterable[Any] | None, value: Any, label: str | None) -> bool:
    return wanted is None or any(
        wanted_value is value or (isinstance(wanted_value, str) and _alike(wanted_value) == _alike(label))
        for wanted_value in wanted
    )


def _fields(query: TicketQuery, ticket: Ticket) -> bool:
    for name, wanted in (query.custom_fields or {}).items():
        value = ticket.custom_fields.get(name)
        if value in (None, "", ()):
            if NONE not in wanted:
                return False
        elif not any(_same(wanted_value, value) for wanted_value in wanted):
            return False
    return True


def _same(one: Any, value: Any) -> bool:
    if isinstance(one, str) and isinstance(value, str):
        return _alike(one) == _alike(value)
    return isinstance(one, bool) is isinstance(value, bool) and bool(one == value)


def answers_ticket(query: TicketQuery, ticket: Ticket) -> bool:
    """Whether a ticket answers a query, order and limit aside."""
    return (
        not (ticket.spam or ticket.deleted or ticket.merged_into)
        and _enum(query.statuses, ticket.status, ticket.status_label)
        and _enum(query.priorities, ticket.priority, ticket.priority_label)
        and _person(query.requester, ticket.requester)
        and _person(query.assignee, ticket.assignee)
        and _among(query.groups, *((ticket.group.name, ticket.group.id) if ticket.group else ()))
        and _among(query.tags, *ticket.tags)
        and _among(query.channels, ticket.channel)
        and _among(query.category, ticket.category)
        and _among(query.subcategory, ticket.subcategory)
        and _among(query.type, ticket.type)
        and _fields(query, ticket)
        and _text(query.subject, ticket.subject)
        and _during(query.created, ticket.created_at)
        and _during(query.updated, ticket.updated_at)
    )


def answers_contact(query: ContactQuery, contact: Contact) -> bool:
    """Whether a contact answers a query, order and limit aside."""
    digits = [_number(phone.raw) for phone in contact.phones]
    return (
        (not contact.blocked or "blocked" in query.include)
        and (not contact.deleted or "deleted" in query.include)
        and _boxes(query.email, contact.emails)
        and (query.phone is None or any((not digits) if one is NONE else _number(one) in digits for one in query.phone))
        and _text(query.name, contact.name)
        and _among(query.company, *((contact.company.name, contact.company.id) if contact.company else ()))
        and _among(query.external_id, contact.external_id)
        and _during(query.created, contact.created_at)
        and _during(query.updated, contact.updated_at)
    )


def ids(records: Sequence[Ticket] | Sequence[Contact]) -> list[str]:
    """Return the ids of records, in their order."""
    return [record.id for record in records]
