"""Hypothesis strategies for queries: their values are those of the records that they are to find, in several spellings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Order, Period, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor, Priority, Status
from helpdesk_bridge.testing.nasty import START


def _spelled(words: Iterable[str | None]) -> st.SearchStrategy[Any]:
    """Return the words that are there in several spellings, a stranger, and NONE."""
    known = sorted({word for word in words if word})
    spelled = [*known, *(word.upper() for word in known), *(word.casefold() for word in known)]
    return st.sampled_from([*dict.fromkeys(spelled), "a word that nobody used", NONE])


def _sets(values: st.SearchStrategy[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(values, min_size=1, max_size=3)


def _persons(actors: Iterable[Actor | None], *, none: bool) -> st.SearchStrategy[Any]:
    known = [actor for actor in actors if actor is not None]
    words: list[Any] = [actor.email.upper() for actor in known if actor.email]
    words += [actor.email for actor in known if actor.email] + [actor.id for actor in known if actor.id]
    return st.sampled_from([*dict.fromkeys(words), "nobody@nowhere.example", *([NONE] if none else [])])


def _matches(texts: Iterable[str | None]) -> st.SearchStrategy[Match]:
    known = sorted({text for text in texts if text}) or ["x"]
    whole = st.sampled_from([*known, *(text.upper() for text in known)])
    parts = st.builds(lambda text, at, size: text[at : at + size] or text, whole, st.integers(0, 8), st.integers(1, 6))
    return st.builds(Match, parts | whole, st.sampled_from(list(How)))


def _periods(moments: Iterable[datetime | None]) -> st.SearchStrategy[Period]:
    known = sorted({moment for moment in moments if moment is not None}) or [START]
    near = st.builds(
        lambda moment, seconds: moment + timedelta(seconds=seconds), st.sampled_from(known), st.integers(-1, 1)
    )
    bounded = st.builds(lambda one, other: Period(min(one, other), max(one, other)), near, near)
    return bounded | st.builds(Period, near) | st.builds(lambda end: Period(None, end), near)


@st.composite
def ticket_queries(draw: st.DrawFn, among: Sequence[Ticket] = ()) -> TicketQuery:
    """Return queries whose values are often those of ``among``, in several spellings; at most three filters."""
    fields = {name: value for ticket in among for name, value in ticket.custom_fields.items() if value is not None}
    filters: dict[str, st.SearchStrategy[Any]] = {
        "statuses": _sets(st.sampled_from([*Status, *{one.status_label for one in among if one.status_label}])),
        "priorities": _sets(st.sampled_from([*Priority, *{one.priority_label for one in among if one.priority_label}])),
        "requester": _sets(_persons((one.requester for one in among), none=False)),
        "assignee": _sets(_persons((one.assignee for one in among), none=True)),
        "groups": _sets(_spelled(one.group.name for one in among if one.group)),
        "tags": _sets(_spelled(tag for one in among for tag in one.tags)),
        "channels": _sets(_spelled(one.channel for one in among)),
        "category": _sets(_spelled(one.category for one in among)),
        "subcategory": _sets(_spelled(one.subcategory for one in among)),
        "type": _sets(_spelled(one.type for one in among)),
        "subject": _matches(one.subject for one in among),
        "created": _periods(one.created_at for one in among),
        "updated": _periods(one.updated_at for one in among),
    }
    if fields:
        filters["custom_fields"] = st.sampled_from(sorted(fields)).flatmap(
            lambda name: _sets(st.sampled_from([one.custom_fields.get(name) or NONE for one in among])).map(
                lambda wanted: {name: wanted}
            )
        )
    picked = draw(st.lists(st.sampled_from(sorted(filters)), max_size=3, unique=True))
    return TicketQuery(
        order=draw(st.sampled_from(list(Order))),
        limit=draw(st.none() | st.integers(0, 5)),
        **{name: draw(filters[name]) for name in picked},
    )


@st.composite
def contact_queries(draw: st.DrawFn, among: Sequence[Contact] = ()) -> ContactQuery:
    """Return queries whose values are often those of ``among``, in several spellings; at most two filters."""
    addresses = _spelled(email for one in among for email in one.emails)
    numbers = [phone.raw for one in among for phone in one.phones]
    filters: dict[str, st.SearchStrategy[Any]] = {
        "email": _sets(addresses),
        "phone": _sets(st.sampled_from([*dict.fromkeys(numbers), "+49 30 000", NONE])),
        "name": _matches(one.name for one in among),
        "company": _sets(_spelled(one.company.name for one in among if one.company)),
        "created": _periods(one.created_at for one in among),
        "updated": _periods(one.updated_at for one in among),
    }
    picked = draw(st.lists(st.sampled_from(sorted(filters)), max_size=2, unique=True))
    return ContactQuery(
        order=draw(st.sampled_from(list(Order))),
        limit=draw(st.none() | st.integers(0, 5)),
        include=draw(st.sampled_from([frozenset(), frozenset({"blocked"}), frozenset({"blocked", "deleted"})])),
        **{name: draw(filters[name]) for name in picked},
    )
