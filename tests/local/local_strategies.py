"""Random tickets, contacts, messages and queries, with the text that breaks things."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Order, Period, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import (
    Actor,
    ActorKind,
    Body,
    MessageKind,
    Phone,
    Priority,
    Rating,
    Ref,
    Status,
    Visibility,
)

NASTY = [
    "", "a", "A", "ß", "SS", "ﬁ", "fi", "İ", "i̇", "Straße", "STRASSE", "é", "é", "👩‍👩‍👧", "ا",
    "\x1f", "a\x1fb", "\x1e", "%", "_", "%a_", "'", '"', "\\", "--", "- -", "x' OR 1=1", "\u200b", "\r\n", "\u202ex",
    "a, b", "²", "٣", "1", "01", "NULL", "😀" * 3,
]  # fmt: skip
text = st.sampled_from(NASTY) | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)
words = st.sampled_from(["a", "A", "ß", "ss", "x", "\ufffd", "a\x1fb", "b"]) | text
emails = st.sampled_from(["ann@x.io", "ANN@x.io", "bob@x.io", " ann@x.io", "straße@x.io", "STRASSE@X.IO"])
phones = st.sampled_from(["+4917012345", "0049 170 12345", "4917012345", "170-12345", "x", "+90 555 000 11 22"])
ids = st.sampled_from(["1", "2", "3", "10", "a"])
BASE = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
times = st.one_of(
    st.integers(-5, 5).map(lambda minutes: BASE + timedelta(minutes=minutes)),
    st.integers(0, 3).map(lambda micros: BASE + timedelta(microseconds=micros)),
    st.datetimes(datetime(2, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.integers(-14, 14).map(lambda hours: BASE.astimezone(timezone(timedelta(hours=hours)))),
)
maybe_time = st.none() | times
kinds = st.sampled_from(list(ActorKind))
actors = st.builds(Actor, kinds, st.none() | ids, st.none() | text, st.none() | emails, st.none() | phones)
refs = st.builds(Ref, st.none() | ids, st.none() | words)
custom_values = st.one_of(
    words,
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.decimals(-(10**9), 10**9, places=4),
    st.dates(date(1, 1, 1), date(9999, 1, 1)),
    times.map(lambda moment: moment.astimezone(UTC)),
    st.lists(words, max_size=3).map(tuple),
)
field_names = st.sampled_from(["Order No", "order no", "Größe", "x", "\ufffd"])
custom_fields = st.dictionaries(field_names, custom_values, max_size=3)
ratings = st.builds(Rating, st.none() | st.integers(-3, 3), st.none() | text, st.none() | text, maybe_time)
bodies = st.builds(Body, st.none() | text, st.none() | text)


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    number = draw(st.integers(0, 10**12))
    return Ticket(
        id=str(number),
        ref="",
        subject=draw(text),
        number=draw(st.none() | text),
        url=draw(st.none() | text),
        status=draw(st.sampled_from(list(Status))),
        status_label=draw(st.none() | words),
        priority=draw(st.sampled_from(list(Priority))),
        priority_label=draw(st.none() | words),
        requester=draw(st.none() | actors),
        assignee=draw(st.none() | actors),
        group=draw(st.none() | refs),
        company=draw(st.none() | refs),
        sla=draw(st.none() | refs),
        type=draw(st.none() | words),
        category=draw(st.none() | words),
        subcategory=draw(st.none() | words),
        channel=draw(st.none() | words),
        tags=tuple(draw(st.lists(words, max_size=3))),
        custom_fields=draw(custom_fields),
        cc=tuple(draw(st.lists(emails, max_size=2))),
        created_at=draw(maybe_time),
        updated_at=draw(maybe_time),
        first_response_at=draw(maybe_time),
        solved_at=draw(maybe_time),
        closed_at=draw(maybe_time),
        due_at=draw(maybe_time),
        rating=draw(st.none() | ratings),
        spam=draw(st.booleans()),
        deleted=draw(st.booleans()),
        merged_into=draw(st.none() | ids),
    )


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    return Contact(
        id=str(draw(st.integers(0, 10**6))),
        ref="",
        name=draw(st.none() | text),
        emails=tuple(draw(st.lists(emails, max_size=2))),
        phones=tuple(draw(st.lists(st.builds(Phone, phones, st.none() | st.just("+4917012345")), max_size=2))),
        company=draw(st.none() | refs),
        external_id=draw(st.none() | words),
        blocked=draw(st.booleans()),
        # several may share an e-mail only where all but one are deleted
        deleted=True,
        custom_fields=draw(custom_fields),
        created_at=draw(maybe_time),
        updated_at=draw(maybe_time),
    )


@st.composite
def messages(draw: st.DrawFn, *, opening: bool = False) -> Message:
    return Message(
        id="old",
        ticket_id="old",
        author=draw(actors),
        visibility=draw(st.sampled_from(list(Visibility))),
        kind=draw(st.sampled_from(list(MessageKind))),
        body=draw(bodies),
        opening=opening,
        to=tuple(draw(st.lists(emails, max_size=2))),
        cc=tuple(draw(st.lists(emails, max_size=2))),
        created_at=draw(maybe_time),
    )


def _some(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | st.frozensets(values, max_size=3)


word_or_none = words | st.just(NONE)
matches = st.builds(Match, words, st.sampled_from(list(How)))
periods = st.builds(lambda one, other: Period(*sorted((one, other))), times, times) | st.builds(Period, maybe_time)


@st.composite
def ticket_queries(draw: st.DrawFn) -> TicketQuery:
    return TicketQuery(
        statuses=draw(_some(st.sampled_from(list(Status)) | words)),
        priorities=draw(_some(st.sampled_from(list(Priority)) | words)),
        requester=draw(_some(actors | emails | ids | phones)),
        assignee=draw(_some(actors | emails | ids | phones | st.just(NONE))),
        groups=draw(_some(refs | words | ids | st.just(NONE))),
        tags=draw(_some(word_or_none)),
        channels=draw(_some(word_or_none)),
        category=draw(_some(word_or_none)),
        subcategory=draw(_some(word_or_none)),
        type=draw(_some(word_or_none)),
        custom_fields=draw(
            st.none()
            | st.dictionaries(field_names, st.frozensets(custom_values | st.just(NONE), max_size=2), max_size=2)
        ),
        subject=draw(st.none() | matches),
        created=draw(st.none() | periods),
        updated=draw(st.none() | periods),
        include=draw(st.frozensets(st.sampled_from(["spam", "deleted", "merged", "description"]))),
        order=draw(st.sampled_from(list(Order))),
    )


def _any_of(values: st.SearchStrategy[object]) -> st.SearchStrategy[frozenset[object]]:
    return st.frozensets(values, max_size=4)


FEW_WORDS = st.sampled_from(["", "a", "A", "b", "ß", "SS", "\ufffd", "a\x1fb"])
FEW_ACTORS = st.builds(
    Actor,
    st.just(ActorKind.CONTACT),
    st.none() | st.sampled_from(["1", "2"]),
    st.none(),
    st.none() | st.sampled_from(["ann@x.io", "ANN@x.io ", "straße@x.io", "STRASSE@x.io"]),
    st.none() | st.sampled_from(["+491701234567", "00491701234567", "x"]),
)
FEW_REFS = st.builds(Ref, st.none() | st.sampled_from(["1", "2"]), st.none() | FEW_WORDS)
FEW_TIMES = st.integers(-2, 2).map(lambda micros: BASE + timedelta(microseconds=micros))
FEW_VALUES = FEW_WORDS | st.sampled_from([1, True, Decimal("1.0"), date(2026, 1, 1), ("a",), ("a", "b"), (), None])
_PERSONS = FEW_ACTORS | st.sampled_from(["1", "ann@x.io", "Ann@X.io", "strasse@x.io", "+491701234567", "01701234567"])
_WORDS_WANTED = _any_of(FEW_WORDS | st.just(NONE))
FIELDS = {
    "statuses": (
        {"status": st.sampled_from(list(Status)[:3]), "status_label": st.none() | FEW_WORDS},
        _any_of(st.sampled_from(list(Status)[:3]) | FEW_WORDS),
    ),
    "priorities": (
        {"priority": st.sampled_from(list(Priority)[:3]), "priority_label": st.none() | FEW_WORDS},
        _any_of(st.sampled_from(list(Priority)[:3]) | FEW_WORDS),
    ),
    "requester": ({"requester": st.none() | FEW_ACTORS}, _any_of(_PERSONS)),
    "assignee": ({"assignee": st.none() | FEW_ACTORS}, _any_of(_PERSONS | st.just(NONE))),
    "groups": (
        {"group": st.none() | FEW_REFS},
        _any_of(FEW_REFS | FEW_WORDS | st.sampled_from(["1", NONE])),
    ),
    "tags": ({"tags": st.lists(FEW_WORDS, max_size=2).map(tuple)}, _WORDS_WANTED),
    "channels": ({"channel": st.none() | FEW_WORDS}, _WORDS_WANTED),
    "category": ({"category": st.none() | FEW_WORDS}, _WORDS_WANTED),
    "subcategory": ({"subcategory": st.none() | FEW_WORDS}, _WORDS_WANTED),
    "type": ({"type": st.none() | FEW_WORDS}, _WORDS_WANTED),
    "custom_fields": (
        {"custom_fields": st.dictionaries(st.sampled_from(["X", "x"]), FEW_VALUES, max_size=2)},
        st.dictionaries(st.sampled_from(["X", "x"]), st.frozensets(FEW_VALUES | st.just(NONE), max_size=2), max_size=2),
    ),
    "subject": (
        {"subject": st.lists(FEW_WORDS, max_size=3).map("".join)},
        st.builds(Match, st.lists(FEW_WORDS, max_size=2).map("".join), st.sampled_from(list(How))),
    ),
    "created": ({}, periods | st.builds(Period, st.none() | FEW_TIMES)),
    "updated": ({}, st.builds(lambda one, other: Period(*sorted((one, other))), FEW_TIMES, FEW_TIMES)),
}


@st.composite
def one_filter(draw: st.DrawFn, name: str) -> tuple[list[Ticket], TicketQuery]:
    """Tickets and a query that differ in one field and its few values only, so that they often meet."""
    attributes, wanted = FIELDS[name]
    kept = [
        Ticket(
            id=str(draw(st.sampled_from([number, 10**number]))),
            ref="",
            created_at=draw(st.none() | FEW_TIMES),
            updated_at=draw(st.none() | FEW_TIMES),
            spam=draw(st.booleans()) and draw(st.booleans()),
            **{attribute: draw(values) for attribute, values in attributes.items()},
        )
        for number in range(2, draw(st.integers(3, 6)))
    ]
    include = draw(st.sampled_from([set(), {"spam"}]))
    query = TicketQuery(order=draw(st.sampled_from(list(Order))), include=include, **{name: draw(wanted)})
    return kept, query


@st.composite
def contact_queries(draw: st.DrawFn) -> ContactQuery:
    filters = {
        "email": _some(emails | st.just(NONE)),
        "phone": _some(phones | st.just(NONE)),
        "name": st.none() | matches,
        "company": _some(refs | words | ids | st.just(NONE)),
        "external_id": _some(word_or_none),
        "created": st.none() | periods,
        "updated": st.none() | periods,
    }
    names = draw(st.lists(st.sampled_from(sorted(filters)), max_size=2, unique=True))
    return ContactQuery(
        include=draw(st.sampled_from([{"blocked", "deleted"}, {"deleted"}, set()])),
        order=draw(st.sampled_from(list(Order))),
        **{name: draw(filters[name]) for name in names},
    )
