"""Queries: what to ask a desk for. The same query gives the same answer on every vendor.

A set means any of its values, fields together mean all of them. Text compares after NFKC and ``casefold()`` on both
sides, e-mails as mail systems do, phones with their country if both numbers name it; see ``addresses``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from attrs import field, fields, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.door import any_of, by_fields, check_custom_value, check_members, check_value
from helpdesk_bridge.model.fields import CONTACT, TICKET, Field, Kind, Write, filters
from helpdesk_bridge.model.values import Actor, CustomValue, FrozenDict, Priority, Ref, Status
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.text.decoding import judge
from helpdesk_bridge.text.plain import fold


class Nothing(enum.Enum):
    """The type of ``NONE``, which asks for records that have no value in a field."""

    NONE = None

    def __repr__(self) -> str:
        return "NONE"


NONE: Final = Nothing.NONE


class How(enum.Enum):
    """How a text is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"


def _how(value: How | str) -> How:
    try:
        return How(value)
    except ValueError:
        raise Invalid(f"how takes a How or one of {', '.join(repr(how.value) for how in How)}", field="how") from None


@frozen
class Match(Portable):
    """A text to look for. ``Match("Invoice", "prefix")``; the default is ``contains``."""

    text: str = field(repr=False)
    how: How = field(default=How.CONTAINS, converter=_how)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise Invalid(f"a match takes text, not a value of type {type(self.text).__name__}", field="text")
        judge(self)

    def matches(self, value: str | None) -> bool:
        """Whether ``value`` answers; None never does."""
        if value is None:
            return False
        wanted, text = fold(self.text), fold(value)
        match self.how:
            case How.EXACT:
                return text == wanted
            case How.PREFIX:
                return text.startswith(wanted)
            case How.SUFFIX:
                return text.endswith(wanted)
            case How.CONTAINS:
                return wanted in text


@frozen
class Period(Portable):
    """A half-open span of time: ``start <= t < end``; either side may be open. Times must be aware."""

    start: datetime | None = None
    end: datetime | None = None

    def __attrs_post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if value is not None and not isinstance(value, datetime):
                raise Invalid(f"the {name} of a period is an aware datetime or None", field=name)
            if value is not None and value.tzinfo is None:
                raise Invalid(f"the {name} of a period needs a time zone", field=name)
        if self.start and self.end and self.start > self.end:
            raise Invalid("the period ends before it starts", field="end")

    def contains(self, moment: datetime | None) -> bool:
        """Whether ``moment`` lies in the period; None never does."""
        if moment is None:
            return False
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)


class Order(enum.Enum):
    """The order of a listing; equal times are ordered by id."""

    CREATED_ASC = "created"
    CREATED_DESC = "-created"
    UPDATED_ASC = "updated"
    UPDATED_DESC = "-updated"

    @property
    def by_update(self) -> bool:
        """Whether the update time decides."""
        return self in (Order.UPDATED_ASC, Order.UPDATED_DESC)

    @property
    def descending(self) -> bool:
        """Whether the newest comes first."""
        return self in (Order.CREATED_DESC, Order.UPDATED_DESC)


Word: TypeAlias = str | Nothing
INCLUDES: Final = frozenset({"spam", "deleted", "merged", "description", "custom_fields", "rating", "blocked"})


def _statuses(value: Status | str | Iterable[Status | str] | None) -> frozenset[Status | str] | None:
    return any_of(value)


def _priorities(value: Priority | str | Iterable[Priority | str] | None) -> frozenset[Priority | str] | None:
    return any_of(value)


def _people(value: str | Actor | Iterable[str | Actor] | None) -> frozenset[str | Actor] | None:
    return any_of(value)


def _people_or_none(
    value: str | Actor | Nothing | Iterable[str | Actor | Nothing] | None,
) -> frozenset[str | Actor | Nothing] | None:
    return any_of(value)


def _refs(value: str | Ref | Nothing | Iterable[str | Ref | Nothing] | None) -> frozenset[str | Ref | Nothing] | None:
    return any_of(value)


def _words(value: Word | Iterable[Word] | None) -> frozenset[Word] | None:
    return any_of(value)


def _period(value: Period | tuple[datetime | None, datetime | None] | None) -> Period | None:
    if isinstance(value, (tuple, list)) and len(value) == len(("start", "end")):
        return Period(*value)
    return value  # type: ignore[return-value]  # anything else but a Period is refused by the check


def _match(value: Match | str | None) -> Match | None:
    return Match(value) if isinstance(value, str) else value


def _include(value: str | Iterable[str]) -> frozenset[str]:
    names = any_of(value)
    check_members("include", names, (str,), f"names among {', '.join(sorted(INCLUDES))}")
    unknown = (frozenset({"None"}) if names is None else names) - INCLUDES
    if names is None or unknown:
        raise Invalid(
            f"unknown include: {', '.join(sorted(unknown))}; known are {', '.join(sorted(INCLUDES))}", field="include"
        )
    return names


def _order(value: Order | str) -> Order:
    try:
        return Order(value)
    except ValueError:
        known = ", ".join(repr(order.value) for order in Order)
        raise Invalid(f"order takes an Order or one of {known}", field="order") from None


def _limit(value: int | None) -> int | None:
    check_value("limit", value, (int,), "a whole number or None")
    if value is not None and value < 0:
        raise Invalid("a limit is 0 or more", field="limit", limit=0)
    return value


_Custom: TypeAlias = Mapping[str, frozenset[CustomValue | Nothing]]


def _custom(value: Mapping[str, Any] | None) -> _Custom | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise Invalid("custom_fields takes a mapping of names to values", field="custom_fields")
    judge(value, "custom_fields")  # a signalling NaN has no hash
    return FrozenDict({name: _custom_values(name, wanted) for name, wanted in value.items()})


def _custom_values(name: str, wanted: Any) -> frozenset[Any]:
    try:
        values = frozenset(wanted) if isinstance(wanted, (frozenset, set, list)) else frozenset({wanted})
    except TypeError:
        field = f"custom_fields.{name}"
        raise Invalid(f"{field} takes a value or a set of values, and cannot compare this one", field=field) from None
    for value in values:
        check_custom_value(f"custom_fields.{name}", None if value is NONE else value)
    return frozenset(NONE if value is None else value for value in values)


_WORD: Final = ((str, Nothing), "text or NONE")
_SETS: Final[Mapping[Kind, tuple[tuple[type, ...], str]]] = {
    Kind.REFERENCE: ((str, Ref, Nothing), "a name, an id, a Ref or NONE"),
    **dict.fromkeys((Kind.WORD, Kind.WORDS, Kind.ADDRESSES, Kind.PHONES), _WORD),
}
_VALUES: Final[Mapping[Kind, tuple[tuple[type, ...], str]]] = {
    Kind.TEXT: ((Match,), "text or a Match"),
    Kind.TIME: ((Period,), "a Period or a pair of aware datetimes"),
}
_FILTERS: Final = {**filters(TICKET), **filters(CONTACT)}


def _members(asked: Field) -> tuple[tuple[type, ...], str]:
    """Return the types of what a query asks of a field that takes a set, and their words."""
    if asked.choices is not None:
        return (str, asked.choices), f"a {asked.choices.__name__} or the vendor's own word for it"
    if asked.kind is not Kind.PERSON:
        return _SETS[asked.kind]
    if Write.CLEAR in asked.write:
        return (str, Actor, Nothing), "an e-mail, an id, an Actor or NONE"
    return (str, Actor), "an e-mail, an id or an Actor"


def _check(query: Any) -> None:
    for attribute in fields(type(query)):
        asked = _FILTERS.get(attribute.name)
        if asked is None or asked.kind is Kind.CUSTOM_FIELDS:
            continue  # checked by its converter
        value = getattr(query, attribute.name)
        if asked.kind in _VALUES:
            check_value(attribute.name, value, *_VALUES[asked.kind])
        else:
            check_members(attribute.name, value, *_members(asked))
    judge(query)


@by_fields
@frozen(kw_only=True)
class TicketQuery(Portable):
    """Which tickets. Spam, deleted and merged ones are left out unless ``include`` names them.

    ``requester`` and ``assignee`` take an e-mail, an id or an ``Actor``; ``groups`` names or ids; every field that
    takes one value also takes a set of them. ``include`` further loads ``description``, ``custom_fields``, ``rating``.
    """

    statuses: frozenset[Status | str] | None = field(default=None, converter=_statuses)
    priorities: frozenset[Priority | str] | None = field(default=None, converter=_priorities)
    requester: frozenset[str | Actor] | None = field(default=None, converter=_people, repr=False)
    assignee: frozenset[str | Actor | Nothing] | None = field(default=None, converter=_people_or_none, repr=False)
    groups: frozenset[str | Ref | Nothing] | None = field(default=None, converter=_refs)
    tags: frozenset[Word] | None = field(default=None, converter=_words)
    channels: frozenset[Word] | None = field(default=None, converter=_words)
    category: frozenset[Word] | None = field(default=None, converter=_words)
    subcategory: frozenset[Word] | None = field(default=None, converter=_words)
    type: frozenset[Word] | None = field(default=None, converter=_words)
    custom_fields: _Custom | None = field(default=None, converter=_custom, hash=False)
    subject: Match | None = field(default=None, converter=_match)
    created: Period | None = field(default=None, converter=_period)
    updated: Period | None = field(default=None, converter=_period)
    include: frozenset[str] = field(default=frozenset(), converter=_include)
    order: Order = field(default=Order.CREATED_ASC, converter=_order)
    limit: int | None = field(default=None, converter=_limit)

    def __attrs_post_init__(self) -> None:
        _check(self)


@by_fields
@frozen(kw_only=True)
class ContactQuery(Portable):
    """Which contacts. Blocked and deleted ones are left out unless ``include`` names them, or loads ``custom_fields``."""

    email: frozenset[Word] | None = field(default=None, converter=_words, repr=False)
    phone: frozenset[Word] | None = field(default=None, converter=_words, repr=False)
    name: Match | None = field(default=None, converter=_match)
    company: frozenset[str | Ref | Nothing] | None = field(default=None, converter=_refs)
    external_id: frozenset[Word] | None = field(default=None, converter=_words)
    created: Period | None = field(default=None, converter=_period)
    updated: Period | None = field(default=None, converter=_period)
    include: frozenset[str] = field(default=frozenset(), converter=_include)
    order: Order = field(default=Order.CREATED_ASC, converter=_order)
    limit: int | None = field(default=None, converter=_limit)

    def __attrs_post_init__(self) -> None:
        _check(self)
