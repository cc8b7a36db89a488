from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.migration.journal.expected import custom_text
from helpdesk_bridge.migration.journal.spool_codec import decode, encode
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Attachment, Body, Phone, Priority, Rating, Ref, Status

text = st.text(max_size=20)
maybe = st.none() | text
moments = st.none() | st.datetimes(timezones=st.just(UTC))
custom = st.one_of(
    st.none(), text, st.integers(), st.booleans(), st.decimals(allow_nan=False, allow_infinity=False), st.dates(),
    st.datetimes(timezones=st.just(UTC)), st.lists(text, max_size=3).map(tuple),
)  # fmt: skip
actors = st.builds(Actor, st.sampled_from(ActorKind), id=maybe, name=maybe, email=maybe, phone=maybe)
tickets = st.builds(
    Ticket,
    id=text,
    ref=text,
    subject=text,
    status=st.sampled_from(Status),
    status_label=maybe,
    priority=st.sampled_from(Priority),
    requester=st.none() | actors,
    group=st.none() | st.builds(Ref, maybe, maybe),
    tags=st.lists(text, max_size=3).map(tuple),
    custom_fields=st.dictionaries(text, custom, max_size=4),
    description=st.none() | st.builds(Body, html=maybe, text=maybe),
    created_at=moments,
    rating=st.none() | st.builds(Rating, score=st.none() | st.integers(), comment=maybe),
    spam=st.booleans(),
    message_count=st.none() | st.integers(0, 99),
    attachments=st.lists(st.builds(Attachment, text, size=st.none() | st.integers(0), locator=text), max_size=2).map(
        tuple
    ),
    not_loaded=st.frozensets(st.sampled_from(["rating", "description"])),
)
contacts = st.builds(
    Contact,
    id=text,
    ref=text,
    emails=st.lists(text, max_size=2).map(tuple),
    phones=st.lists(st.builds(Phone, text, maybe), max_size=2).map(tuple),
    blocked=st.booleans(),
)


@given(tickets)
def test_a_ticket_comes_back_as_it_was(ticket):
    back = decode(encode(ticket), Ticket)
    assert back == ticket
    assert [one.locator for one in back.attachments] == [one.locator for one in ticket.attachments]
    assert [type(one) for one in back.custom_fields.values()] == [type(one) for one in ticket.custom_fields.values()]


@given(contacts)
def test_a_contact_comes_back_as_it_was(contact):
    assert decode(encode(contact), Contact) == contact


def test_what_is_something_else_is_refused():
    with pytest.raises(Invalid, match="is no ticket"):
        decode(encode(Contact(id="1", ref="r")), Ticket)
    with pytest.raises(ValueError, match="does not hold a str"):
        decode(encode(("a", "b")), str)
    with pytest.raises(TypeError, match="cannot hold a tuple"):
        encode((1.5,))


def test_words_and_lists_of_words_come_back():
    assert decode(encode(("a", "b")), tuple) == ("a", "b")
    assert decode(encode("a"), str) == "a"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (5, "5"),
        (Decimal("5.0"), 5),
        (True, "yes"),
        (date(2026, 1, 31), "2026-01-31"),
        (("b", "A"), ("a", "B")),
        (None, ""),
    ],
)
def test_custom_values_are_compared_as_people_compare_them(one, other):
    assert custom_text(one) == custom_text(other)


def test_times_are_compared_in_utc():
    assert custom_text(datetime(2026, 1, 1, 12, tzinfo=UTC)) == "2026-01-01T12:00:00Z"
