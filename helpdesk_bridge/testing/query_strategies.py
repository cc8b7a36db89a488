"""Hypothesis strategies for queries: values of existing records, in several spellings, so that queries match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from helpdesk_bridge.model.fields import CONTACT, TICKET, Field, Kind, Write, filters
from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Order, Period, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor
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


def _question(field: Field, among: Sequence[Any]) -> st.SearchStrategy[Any]:
    """Return what to ask about a field."""
    values = [getattr(record, field.name) for record in among]
    match field.kind:
        case Kind.CHOICE:
            labels = {label for record in among if (label := getattr(record, f"{field.name}_label"))}
            return _sets(st.sampled_from([*(field.choices or ()), *labels]))
        case Kind.PERSON:
            return _sets(_persons(values, none=Write.CLEAR in field.write))
        case Kind.REFERENCE:
            return _sets(_spelled(ref.name for ref in values if ref))
        case Kind.WORD:
            return _sets(_spelled(values))
        case Kind.WORDS | Kind.ADDRESSES:
            return _sets(_spelled(word for words in values for word in words))
        case Kind.PHONES:
            numbers = [phone.raw for phones in values for phone in phones]
            return _sets(st.sampled_from([*dict.fromkeys(numbers), "+49 30 000", NONE]))
        case Kind.TEXT:
            return _matches(values)
        case _:
            return _periods(values)


def _custom_fields(among: Sequence[Any]) -> st.SearchStrategy[Any]:
    names = sorted({name for record in among for name, value in record.custom_fields.items() if value is not None})
    return st.sampled_from(names).flatmap(
        lambda name: _sets(st.sampled_from([record.custom_fields.get(name) or NONE for record in among])).map(
            lambda wanted: {name: wanted}
        )
    )


def _questions(table: Mapping[str, Field], among: Sequence[Any]) -> dict[str, st.SearchStrategy[Any]]:
    asked = {name: field for name, field in filters(table).items() if field.kind is not Kind.CUSTOM_FIELDS}
    questions = {name: _question(field, among) for name, field in asked.items()}
    held = any(value is not None for record in among for value in record.custom_fields.values())
    if held and "custom_fields" in filters(table):
        questions["custom_fields"] = _custom_fields(among)
    return questions


@st.composite
def ticket_queries(draw: st.DrawFn, among: Sequence[Ticket] = ()) -> TicketQuery:
    """Return queries whose values are often those of ``among``, in several spellings; at most three filters."""
    questions = _questions(TICKET, among)
    picked = draw(st.lists(st.sampled_from(sorted(questions)), max_size=3, unique=True))
    return TicketQuery(
        order=draw(st.sampled_from(list(Order))),
        limit=draw(st.none() | st.integers(0, 5)),
        **{name: draw(questions[name]) for name in picked},
    )


@st.composite
def contact_queries(draw: st.DrawFn, among: Sequence[Contact] = ()) -> ContactQuery:
    """Return queries whose values are often those of ``among``, in several spellings; at most two filters."""
    questions = _questions(CONTACT, among)
    picked = draw(st.lists(st.sampled_from(sorted(questions)), max_size=2, unique=True))
    return ContactQuery(
        order=draw(st.sampled_from(list(Order))),
        limit=draw(st.none() | st.integers(0, 5)),
        include=draw(st.sampled_from([frozenset(), frozenset({"blocked"}), frozenset({"blocked", "deleted"})])),
        **{name: draw(questions[name]) for name in picked},
    )
