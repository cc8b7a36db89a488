"""Filters: the part of a ticket query that Desk365 answers itself."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from attrs import frozen

from helpdesk_bridge.adapter import NONE, Actor, Order, Priority, Ref, Status, TicketQuery, email_spellings
from helpdesk_bridge_desk365.wire.times import time_text
from helpdesk_bridge_desk365.wire.words import STATUSES, UNASSIGNED, priority_number, sources_of, status_of
from helpdesk_bridge_desk365.wire.writing import Filters, filters_json

# Assumed: Apache refuses request lines above 8,190 bytes; longer filters are left to be compared here.
LONGEST_FILTERS: Final = 6000
UPDATED_OVERLAP: Final = timedelta(seconds=1)
"""Documented: only tickets updated *after* ``updated_since``; the vendor's reference says "since"."""

Spellings = Callable[[str, str], tuple[str, ...]]


@frozen
class NativeTickets:
    """The native part of a ticket query. ``until`` is the time, as text, past which no row can match."""

    filters: Filters
    order: Order
    updated_since: str | None = None
    description: bool = False
    custom_fields: bool = False
    rating: bool = False
    until: str | None = None


@frozen
class NativeFilter:
    """The filters of a query, the fields that they narrow, and the fields that they match exactly."""

    filters: Filters
    fields: frozenset[str]
    exact: frozenset[str]
    empty: bool = False


def spellings_of(word: str, seen: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the spellings to ask for: as given, as seen on tickets, and in the usual cases.

    The port ignores case and it is unknown whether Desk365 does: a single spelling could miss tickets.
    """
    plain = unicodedata.normalize("NFC", word)
    spellings = [
        word,
        plain,
        *seen,
        plain.lower(),
        plain.upper(),
        plain.capitalize(),
        plain.title(),
        plain[:1].upper() + plain[1:],
    ]
    return tuple(dict.fromkeys(spelling for spelling in spellings if spelling and spelling != UNASSIGNED))


def _words(wanted: Iterable[Any], name: str, spellings: Spellings) -> tuple[str, ...] | None:
    values: list[str] = []
    for value in wanted:
        word = value.name or value.id if isinstance(value, Ref) else value
        if value is NONE:
            values.append(UNASSIGNED)
        elif isinstance(word, str) and word.strip() and word != UNASSIGNED:
            values += spellings_of(word, spellings(name, word))
        else:
            return None
    return tuple(dict.fromkeys(values))


def _people(wanted: Iterable[Any]) -> tuple[str, ...] | None:
    values: list[str] = []
    for value in wanted:
        if value is NONE:
            values.append(UNASSIGNED)
            continue
        emails = (value.id, value.email) if isinstance(value, Actor) else (value,)
        addresses = [email for email in emails if email and "@" in email]
        if not addresses:
            return None
        values += [spelling for email in addresses for spelling in email_spellings(email)]
    return tuple(dict.fromkeys(values))


def _statuses(wanted: Iterable[Any], spellings: Spellings) -> tuple[str, ...] | None:
    values: list[str] = []
    for value in wanted:
        if value is Status.UNKNOWN:
            return None
        if isinstance(value, Status):
            values += [STATUSES[value]] if value in STATUSES else []
        else:
            label = status_of(value)[1] or value
            values += spellings_of(label, spellings("status", label))
    return tuple(dict.fromkeys(values))


def _priorities(wanted: Iterable[Priority | str]) -> tuple[str, ...] | None:
    if Priority.UNKNOWN in wanted:
        return None
    numbers = (priority_number(value) for value in wanted)
    return tuple(dict.fromkeys(str(number) for number in numbers if number is not None))


def _channels(wanted: Iterable[Any]) -> tuple[str, ...] | None:
    if NONE in wanted:
        return None
    return tuple(dict.fromkeys(source for value in wanted for source in sources_of(value)))


def native_filter(query: TicketQuery, spellings: Spellings) -> NativeFilter:
    """Return the filters that Desk365 answers by its own paper.

    Documented: Desk365 API, "How to use filters?": nine attributes, each an array of strings, any of the values.
    """
    offered: dict[str, tuple[str, tuple[str, ...] | None]] = {}
    if query.statuses is not None:
        offered["statuses"] = ("status", _statuses(query.statuses, spellings))
    if query.priorities is not None:
        offered["priorities"] = ("priority", _priorities(query.priorities))
    if query.channels is not None:
        offered["channels"] = ("source", _channels(query.channels))
    if query.requester is not None:
        offered["requester"] = ("contact", _people(query.requester))
    if query.assignee is not None:
        offered["assignee"] = ("assigned_to", _people(query.assignee))
    for name, key in (("groups", "group"), ("type", "type"), ("category", "category"), ("subcategory", "subcategory")):
        wanted = getattr(query, name)
        if wanted is not None:
            offered[name] = (key, _words(wanted, key, spellings))
    offered_values = {name: (key, values) for name, (key, values) in offered.items() if values is not None}
    # A desk without tags has no ticket with one; a word that Desk365 cannot have finds nothing either.
    tagged = query.tags is not None and NONE not in query.tags
    if tagged or any(not values for _, values in offered_values.values()):
        return NativeFilter({}, frozenset(), frozenset(), empty=True)
    kept = _short_enough(offered_values)
    return NativeFilter(dict(kept.values()), frozenset(kept), frozenset(kept) & {"statuses", "priorities", "channels"})


def _short_enough(offered: dict[str, tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, tuple[str, ...]]]:
    kept: dict[str, tuple[str, tuple[str, ...]]] = {}
    room = LONGEST_FILTERS
    for name, pair in sorted(offered.items(), key=lambda item: (_length(item[1]), item[0])):
        room -= _length(pair)
        if room < 0:
            break
        kept[name] = pair
    return {name: offered[name] for name in offered if name in kept}


def _length(pair: tuple[str, tuple[str, ...]]) -> int:
    key, values = pair
    text = filters_json({key: values}, "backslash")
    # Half a character is measured too; the request with it is rejected later.
    return len(quote(text.encode("utf-8", "surrogatepass"), safe=""))


def since_of(query: TicketQuery) -> str | None:
    """Return ``updated_since``: a second before the first moment that can match, or None.

    A ticket was not updated before it was created, so that the start of ``created`` narrows as well.
    """
    starts = [
        period.start for period in (query.updated, query.created) if period is not None and period.start is not None
    ]
    if not starts:
        return None
    start = max(starts).astimezone(UTC).replace(microsecond=0)
    # Year 1 cannot be left further; nothing was ever that old.
    return time_text(max(start, datetime(1970, 1, 2, tzinfo=UTC)) - UPDATED_OVERLAP)


def until_of(query: TicketQuery) -> str | None:
    """Return the time past which no row in the order of the listing can match, or None."""
    match query.order:
        case Order.CREATED_ASC if query.created and query.created.end:
            return _whole_second_after(query.created.end)
        case Order.UPDATED_ASC if query.updated and query.updated.end:
            return _whole_second_after(query.updated.end)
        case Order.CREATED_DESC if query.created and query.created.start:
            return time_text(query.created.start.replace(microsecond=0))
        case _:
            return None


def _whole_second_after(moment: datetime) -> str:
    whole = moment.replace(microsecond=0)
    try:
        return time_text(whole if whole == moment else whole + timedelta(seconds=1))
    except OverflowError:
        return time_text(whole)
