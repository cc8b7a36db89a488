"""What to ask a desk for. The same query gives the same answer on every vendor.

A set means any of its values, fields together mean all of them. Text compares after NFKC and ``casefold()`` on both
sides, e-mails as mail systems do, phones with their country where both numbers name it; see ``addresses``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.values import Actor, CustomValue, Priority, Ref, Status
from helpdesk_bridge.text.decoding import judge
from helpdesk_bridge.text.plain import fold


class Nothing(enum.Enum):
    """The type of ``NONE``, which asks for records that have no value in a field."""

    NONE = "NONE"

    def __repr__(self) -> str:
        return "NONE"


NONE: Final = Nothing.NONE


class How(enum.Enum):
    """How a text is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"


@frozen
class Match:
    """A text to look for. ``Match("Invoice", "prefix")``; the default is ``contains``."""

    text: str = field(repr=False)
    how: How = field(default=How.CONTAINS, converter=How)

    def __attrs_post_init__(self) -> None:
        judge(self)

    def matches(self, value: str | None) -> bool:
        """Whether ``value`` answers; None never does."""
        if value is None:
            return False
        wanted, found = fold(self.text), fold(value)
        match self.how:
            case How.EXACT:
                return found == wanted
            case How.PREFIX:
                return found.startswith(wanted)
            case How.SUFFIX:
                return found.endswith(wanted)
            case How.CONTAINS:
                return wanted in found


@frozen
class Period:
    """A half-open span of time: ``start <= t < end``; either side may be open. Times must be aware."""

    start: datetime | None = None
    end: datetime | None = None

    def __attrs_post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
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


def _any_of(value: Any) -> frozenset[Any] | None:
    if value is None:
        return None
    if isinstance(value, (str, enum.Enum, Actor, Ref)):
        return frozenset({value})
    return frozenset(value)


def _period(value: Any) -> Period | None:
    return Period(*value) if isinstance(value, tuple) else value


def _match(value: Any) -> Match | None:
    return Match(value) if isinstance(value, str) else value


def _include(value: Iterable[str]) -> frozenset[str]:
    names = frozenset({value} if isinstance(value, str) else value)
    if unknown := names - INCLUDES:
        raise Invalid(
            f"unknown include: {', '.join(sorted(unknown))}; known are {', '.join(sorted(INCLUDES))}", field="include"
        )
    return names


def _limit(value: int | None) -> int | None:
    if value is not None and value < 0:
        raise Invalid("a limit is 0 or more", field="limit", limit=0)
    return value


def _custom(value: Mapping[str, Any] | None) -> Mapping[str, frozenset[Any]] | None:
    if value is None:
        return None
    judge(value, "custom_fields")  # a signalling NaN has no hash
    return {name: wanted if isinstance(wanted, frozenset) else _custom_values(wanted) for name, wanted in value.items()}


def _custom_values(wanted: Any) -> frozenset[Any]:
    return frozenset(wanted) if isinstance(wanted, (set, list)) else frozenset({wanted})


@frozen(kw_only=True)
class TicketQuery:
    """Which tickets. Spam, deleted and merged ones are left out unless ``include`` names them.

    ``requester`` and ``assignee`` take an e-mail, an id or an ``Actor``; ``groups`` names or ids; every field that
    takes one value also takes a set of them. ``include`` further loads ``description``, ``custom_fields``, ``rating``.
    """

    statuses: frozenset[Status | str] | None = field(default=None, converter=_any_of)
    priorities: frozenset[Priority | str] | None = field(default=None, converter=_any_of)
    requester: frozenset[str | Actor] | None = field(default=None, converter=_any_of, repr=False)
    assignee: frozenset[str | Actor | Nothing] | None = field(default=None, converter=_any_of, repr=False)
    groups: frozenset[str | Ref | Nothing] | None = field(default=None, converter=_any_of)
    tags: frozenset[Word] | None = field(default=None, converter=_any_of)
    channels: frozenset[Word] | None = field(default=None, converter=_any_of)
    category: frozenset[Word] | None = field(default=None, converter=_any_of)
    subcategory: frozenset[Word] | None = field(default=None, converter=_any_of)
    type: frozenset[Word] | None = field(default=None, converter=_any_of)
    custom_fields: Mapping[str, frozenset[CustomValue | Nothing]] | None = field(
        default=None, converter=_custom, hash=False
    )
    subject: Match | None = field(default=None, converter=_match)
    created: Period | None = field(default=None, converter=_period)
    updated: Period | None = field(default=None, converter=_period)
    include: frozenset[str] = field(default=frozenset(), converter=_include)
    order: Order = field(default=Order.CREATED_ASC, converter=Order)
    limit: int | None = field(default=None, converter=_limit)

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class ContactQuery:
    """Which contacts. Blocked and deleted ones are left out unless ``include`` names them, or loads ``custom_fields``."""

    email: frozenset[Word] | None = field(default=None, converter=_any_of, repr=False)
    phone: frozenset[Word] | None = field(default=None, converter=_any_of, repr=False)
    name: Match | None = field(default=None, converter=_match)
    company: frozenset[Word] | None = field(default=None, converter=_any_of)
    external_id: frozenset[Word] | None = field(default=None, converter=_any_of)
    created: Period | None = field(default=None, converter=_period)
    updated: Period | None = field(default=None, converter=_period)
    include: frozenset[str] = field(default=frozenset(), converter=_include)
    order: Order = field(default=Order.CREATED_ASC, converter=Order)
    limit: int | None = field(default=None, converter=_limit)

    def __attrs_post_init__(self) -> None:
        judge(self)
