"""Drafts, changes and queries given as keywords: ``desk.tickets.create(subject=…)`` beside ``create(TicketDraft(…))``.

The typed dictionaries say for a type checker what each call takes; a test holds them to the classes they stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Required, TypeAlias, TypedDict, TypeVar

import attrs

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.door import unknown_field
from helpdesk_bridge.model.queries import Match, Nothing, Order, Period
from helpdesk_bridge.model.values import (
    Actor,
    Add,
    Body,
    CustomValue,
    Named,
    Person,
    Priority,
    Ref,
    Remove,
    Status,
    Upload,
)

T = TypeVar("T")

Texts: TypeAlias = str | Iterable[str]
_Words: TypeAlias = str | Nothing | Iterable[str | Nothing]
_People: TypeAlias = str | Actor | Iterable[str | Actor]
_PeopleOrNone: TypeAlias = str | Actor | Nothing | Iterable[str | Actor | Nothing]
_Refs: TypeAlias = str | Ref | Nothing | Iterable[str | Ref | Nothing]
_Statuses: TypeAlias = Status | str | Iterable[Status | str]
_Priorities: TypeAlias = Priority | str | Iterable[Priority | str]
_Period: TypeAlias = Period | tuple[datetime | None, datetime | None]


class TicketFields(TypedDict, total=False):
    """The fields of a ``TicketDraft``."""

    subject: Required[str]
    description: Required[str | Body]
    requester: Required[Person]
    assignee: Person | None
    group: Named | None
    company: Named | None
    status: Status | str
    priority: Priority | str
    type: str | None
    category: str | None
    subcategory: str | None
    tags: Texts | None
    custom_fields: Mapping[str, CustomValue] | None
    cc: Texts | None
    watchers: Texts | None
    attachments: Iterable[Upload] | Upload


class TicketChanges(TypedDict, total=False):
    """The fields of a ``TicketChange``."""

    subject: str
    assignee: Person | None
    group: Named | None
    company: Named | None
    status: Status | str
    priority: Priority | str
    type: str | None
    category: str | None
    subcategory: str | None
    tags: Texts | Add | Remove | None
    custom_fields: Mapping[str, CustomValue] | None
    cc: Texts | Add | Remove | None
    watchers: Texts | Add | Remove | None


class ContactFields(TypedDict, total=False):
    """The fields of a ``ContactDraft``."""

    name: str | None
    emails: Texts
    phones: Texts
    title: str | None
    company: Named | None
    external_id: str | None
    custom_fields: Mapping[str, CustomValue]


class ContactChanges(TypedDict, total=False):
    """The fields of a ``ContactChange``."""

    name: str | None
    emails: Texts | Add | Remove | None
    phones: Texts | Add | Remove | None
    title: str | None
    company: Named | None
    external_id: str | None
    blocked: bool
    custom_fields: Mapping[str, CustomValue]


class MessageFields(TypedDict, total=False):
    """The fields of a ``MessageDraft``; its body may come before them instead."""

    body: str | Body
    cc: Texts
    attachments: Iterable[Upload] | Upload


class _Listing(TypedDict, total=False):
    created: _Period | None
    updated: _Period | None
    include: Texts
    order: Order | str
    limit: int | None


class TicketFilters(_Listing, total=False):
    """The filters of a ``TicketQuery``; singular and plural of a name mean the same."""

    statuses: _Statuses | None
    status: _Statuses | None
    priorities: _Priorities | None
    priority: _Priorities | None
    requester: _People | None
    requesters: _People | None
    assignee: _PeopleOrNone | None
    assignees: _PeopleOrNone | None
    groups: _Refs | None
    group: _Refs | None
    tags: _Words | None
    tag: _Words | None
    channels: _Words | None
    channel: _Words | None
    category: _Words | None
    categories: _Words | None
    subcategory: _Words | None
    subcategories: _Words | None
    type: _Words | None
    types: _Words | None
    custom_fields: Mapping[str, Any] | None
    subject: Match | str | None


class ContactFilters(_Listing, total=False):
    """The filters of a ``ContactQuery``; singular and plural of a name mean the same."""

    email: _Words | None
    emails: _Words | None
    phone: _Words | None
    phones: _Words | None
    name: Match | str | None
    company: _Refs | None
    companies: _Refs | None
    external_id: _Words | None
    external_ids: _Words | None


SAME_FILTER: Final[Mapping[str, str]] = {
    "status": "statuses",
    "priority": "priorities",
    "requesters": "requester",
    "assignees": "assignee",
    "group": "groups",
    "tag": "tags",
    "channel": "channels",
    "categories": "category",
    "subcategories": "subcategory",
    "types": "type",
    "emails": "email",
    "phones": "phone",
    "companies": "company",
    "external_ids": "external_id",
}
"""The other number of a filter's name, and the name that the query has."""


def made_of(cls: type[T], value: T | None, keywords: Mapping[str, Any]) -> T:
    """Return ``value``, or one made of the keywords. Raises ``Invalid`` for both, neither, and what does not fit."""
    if value is not None:
        if not isinstance(value, cls):
            raise Invalid(
                f"expected a {cls.__name__}, or its fields as keywords, not a value of type {type(value).__name__}"
            )
        if keywords:
            raise Invalid(f"give a {cls.__name__} or keywords, not both", field=next(iter(keywords)))
        return value
    return cls(**keywords)


def query_of(cls: type[T], value: T | None, filters: Mapping[str, Any]) -> T:
    """Return a query, or the one that the filters mean, in singular or plural."""
    named: dict[str, Any] = {}
    known = attrs.fields_dict(cls)  # type: ignore[arg-type]  # a query
    for given, wanted in filters.items():
        name = SAME_FILTER.get(given, given)
        if name not in known:
            raise unknown_field(given, [*known, *SAME_FILTER])
        if name in named:
            other = next(twin for twin in filters if SAME_FILTER.get(twin, twin) == name)
            raise Invalid(f"{other} and {given} are the same filter: give one of them", field=given)
        named[name] = wanted
    return made_of(cls, value, named)
