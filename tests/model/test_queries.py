"""Queries: one law for all desks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import NONE, Actor, ContactQuery, Invalid, Match, Order, Period, Status, TicketQuery
from helpdesk_bridge.model.matching import contact_matches, sort_key, ticket_matches
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Phone, Ref

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def ticket(**values):
    return Ticket(**{"id": "1", "ref": "x:y/ticket/1", **values})


def test_fields_mean_all_of_and_sets_mean_any_of():
    one = ticket(status=Status.OPEN, tags=("vip", "late"))
    assert ticket_matches(TicketQuery(statuses={Status.OPEN, Status.CLOSED}, tags={"VIP", "x"}), one)
    assert not ticket_matches(TicketQuery(statuses={Status.OPEN}, tags={"x"}), one)


def test_text_compares_after_nfkc_and_casefold_also_for_dotted_i_and_sharp_s():
    assert Match("STRASSE", "exact").matches("straße")
    assert Match("ﬁx", "prefix").matches("FIXED")
    assert not Match("x", "suffix").matches(None)


def test_none_asks_for_records_without_a_value():
    assert ticket_matches(
        TicketQuery(assignee=NONE, groups=NONE, tags=NONE, custom_fields={"Order No": NONE}), ticket()
    )
    assert not ticket_matches(TicketQuery(groups=NONE), ticket(group=Ref("1", "Sales")))


def test_people_are_found_by_email_in_any_case_by_id_and_by_phone():
    one = ticket(requester=Actor.contact(id="7", email="Ann@X.io", phone="+905551112233"))
    for wanted in ("ann@x.IO", "7", "0090 555 111 22 33", Actor.contact(email="ANN@x.io"), Actor.contact(id="7")):
        assert ticket_matches(TicketQuery(requester=wanted), one)
    assert not ticket_matches(TicketQuery(requester="joann@x.io"), one)


def test_spam_deleted_and_merged_are_left_out_unless_asked_for():
    for flags, name in (({"spam": True}, "spam"), ({"deleted": True}, "deleted"), ({"merged_into": "9"}, "merged")):
        assert not ticket_matches(TicketQuery(), ticket(**flags))
        assert ticket_matches(TicketQuery(include={name}), ticket(**flags))


def test_a_boolean_custom_field_is_not_a_number():
    assert not ticket_matches(TicketQuery(custom_fields={"n": True}), ticket(custom_fields={"n": 1}))
    assert ticket_matches(TicketQuery(custom_fields={"n": {1, 2}}), ticket(custom_fields={"n": 2}))


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-5, 5))
def test_a_period_is_half_open(start, offset):
    try:
        end, moment = start + timedelta(seconds=3), start + timedelta(seconds=offset)
    except OverflowError:
        return
    assert Period(start, end).contains(moment) == (0 <= offset < 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Period(datetime(2026, 1, 1), None),  # noqa: DTZ001 - the point of the test
        lambda: Period(DAY, DAY - timedelta(1)),
        lambda: TicketQuery(include={"colour"}),
        lambda: TicketQuery(limit=-1),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(make):
    with pytest.raises(Invalid):
        make()


def test_contacts_match_by_any_email_and_phone_compares_e164_before_digits():
    one = Contact(
        id="1",
        ref="x:y/contact/1",
        emails=("a@x.io", "B@x.io"),
        phones=(Phone("0555 111", None), Phone("x", "+905551112233")),
    )
    assert contact_matches(ContactQuery(email="b@X.io"), one)
    assert contact_matches(ContactQuery(phone="+905551112233"), one)
    assert contact_matches(ContactQuery(phone="0555-111"), one)
    assert not contact_matches(ContactQuery(phone="555"), one)


def test_order_puts_equal_times_by_number_not_by_text():
    tickets = [ticket(id=number, created_at=DAY) for number in ("10", "9", "100")]
    assert [one.id for one in sorted(tickets, key=sort_key(Order.CREATED_ASC))] == ["9", "10", "100"]
