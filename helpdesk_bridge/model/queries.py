"""What to ask a desk for. The same query gives the same answer on every vendor.

A set means any of its values, fields together mean all of them. Text compares after NFKC and ``casefold()`` on both
sides, e-mails as mail systems do, phones with their country where both numbers name it; see ``addresses``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.addresses import email_key, same_phone
from helpdesk_bridge.model.records import Actor, Contact, CustomValue, Phone, Priority, Ref, Status, Ticket
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
    return any(_same_person(one, actor) for one in wanted if one is not NONE)


def _ref_in(wanted: frozenset[Any], ref: Ref | None) -> bool:
    if ref is None:
        return NONE in wanted
    for one in wanted:
        if one is NONE:
            continue
        if isinstance(one, Ref):
            if (one.id is not None and one.id == ref.id) or (
                one.id is None and one.name and fold(one.name) == fold(ref.name or "")
            ):
                return True
        elif one == ref.id or fold(one) == fold(ref.name or ""):
            return True
    return False


def _word_in(wanted: frozenset[Any], value: str | None) -> bool:
    if value is None or value == "":
        return NONE in wanted
    return any(one is not NONE and fold(one) == fold(value) for one in wanted)


def _words_in(wanted: frozenset[Any], values: tuple[str, ...]) -> bool:
    if not values:
        return NONE in wanted
    found = {fold(value) for value in values}
    return any(one is not NONE and fold(one) in found for one in wanted)


def _same_value(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return fold(one) == fold(other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _value_in(wanted: frozenset[Any], value: CustomValue) -> bool:
    if value is None or value in ("", ()):
        return NONE in wanted or None in wanted
    if isinstance(value, tuple) and not any(isinstance(one, tuple) for one in wanted):
        return any(_same_value(one, item) for one in wanted for item in value)
    return any(_same_value(one, value) for one in wanted)


def _enum_in(wanted: frozenset[Any], value: enum.Enum, label: str | None) -> bool:
    return value in wanted or (
        label is not None and any(isinstance(one, str) and fold(one) == fold(label) for one in wanted)
    )


_TICKET_TESTS: Final[Mapping[str, Callable[[Any, Ticket], bool]]] = {
    "statuses": lambda wanted, t: _enum_in(wanted, t.status, t.status_label),
    "priorities": lambda wanted, t: _enum_in(wanted, t.priority, t.priority_label),
    "requester": lambda wanted, t: _person_in(wanted, t.requester),
    "assignee": lambda wanted, t: _person_in(wanted, t.assignee),
    "groups": lambda wanted, t: _ref_in(wanted, t.group),
    "tags": lambda wanted, t: _words_in(wanted, t.tags),
    "channels": lambda wanted, t: _word_in(wanted, t.channel),
    "category": lambda wanted, t: _word_in(wanted, t.category),
    "subcategory": lambda wanted, t: _word_in(wanted, t.subcategory),
    "type": lambda wanted, t: _word_in(wanted, t.type),
    "custom_fields": lambda wanted, t: all(
        _value_in(values, t.custom_fields.get(name)) for name, values in wanted.items()
    ),
    "subject": lambda wanted, t: wanted.matches(t.subject),
    "created": lambda wanted, t: wanted.contains(t.created_at),
    "updated": lambda wanted, t: wanted.contains(t.updated_at),
}


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


def _emails_in(wanted: frozenset[Any], emails: tuple[str, ...]) -> bool:
    if not emails:
        return NONE in wanted
    found = {email_key(email) for email in emails}
    return any(one is not NONE and email_key(one) in found for one in wanted)


def _phones_in(wanted: frozenset[Any], phones: tuple[Phone, ...]) -> bool:
    if not phones:
        return NONE in wanted
    return any(one is not NONE and any(same_phone(one, phone) for phone in phones) for one in wanted)


_CONTACT_TESTS: Final[Mapping[str, Callable[[Any, Contact], bool]]] = {
    "email": lambda wanted, c: _emails_in(wanted, c.emails),
    "phone": lambda wanted, c: _phones_in(wanted, c.phones),
    "name": lambda wanted, c: wanted.matches(c.name),
    "company": lambda wanted, c: _ref_in(wanted, c.company),
    "external_id": lambda wanted, c: _word_in(wanted, c.external_id),
    "created": lambda wanted, c: wanted.contains(c.created_at),
    "updated": lambda wanted, c: wanted.contains(c.updated_at),
}


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


def natural_key(record_id: str) -> tuple[int, str]:
    """Return a key that sorts numeric ids by their number and others by their text."""
    return (len(record_id), record_id) if record_id.isdigit() else (0, record_id)


def sort_key(order: Order) -> Callable[[Any], Any]:
    """Return the key by which ``order`` sorts tickets or contacts (before reversing for a descending one)."""
    name = "updated_at" if order.by_update else "created_at"
    return lambda record: (getattr(record, name) or _EPOCH, natural_key(record.id))
