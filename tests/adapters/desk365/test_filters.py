from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import NONE, Order, Priority, Ref, Status, TicketQuery
from helpdesk_bridge.adapter import Actor, fold
from helpdesk_bridge_desk365.port.filters import LONGEST_FILTERS, native_filter, since_of, spellings_of, until_of
from helpdesk_bridge_desk365.wire.writing import filters_json


def unseen(_name, _word):
    return ()


def native(**query):
    return native_filter(TicketQuery(**query), unseen)


def lenient(text):
    """Read JSON in which single quotes may be escaped, as the documentation demands."""
    out, skip = [], False
    for here, following in zip(text, [*text[1:], ""], strict=True):
        if skip:
            out.append(here)
            skip = False
        elif here == "\\" and following == "'":
            continue
        else:
            out.append(here)
            skip = here == "\\"
    return json.loads("".join(out))


def test_nine_attributes_each_an_array_of_strings():
    found = native(
        statuses={Status.OPEN, Status.SOLVED},
        priorities={Priority.LOW, "High"},
        type="Question",
        groups=Ref(None, "Sales"),
        assignee="Ada@desk.example",
        category="Hardware",
        subcategory="Printer",
        channels={"email", "portal"},
        requester=Actor.contact(email="mira@client.example"),
    )
    assert set(found.filters) == {
        *("status", "priority", "type", "group", "assigned_to", "category", "subcategory", "source", "contact")
    }
    assert all(isinstance(one, str) for values in found.filters.values() for one in values)
    assert sorted(found.filters["status"]) == ["Open", "Resolved"]
    assert sorted(found.filters["priority"]) == ["1", "10"]
    assert sorted(found.filters["source"]) == ["1", "18", "6"]
    assert found.filters["assigned_to"] == ("Ada@desk.example", "ada@desk.example")
    assert found.filters["contact"] == ("mira@client.example",)
    assert "Sales" in found.filters["group"]


def test_none_is_two_hyphens_and_what_is_not_asked_is_left_out():
    assert native(assignee=NONE).filters == {"assigned_to": ("--",)}
    assert native(category={NONE, "VPN"}).filters["category"][0:1] in (("--",), ("VPN",))
    assert "--" in native(category={NONE, "VPN"}).filters["category"]
    assert native().filters == {}


@given(st.text(max_size=30), st.sampled_from(["backslash", "unicode", "bare"]))
def test_every_value_survives_its_escaping(word, quotes):
    text = filters_json({"category": (word,)}, quotes)
    assert lenient(text) == {"category": [word]}


def test_the_documented_values_as_they_are_written():
    words = ("Customer's Request", '"Sales" Department', "a\\b")
    assert (
        filters_json({"type": words}, "backslash") == r'{"type":["Customer\'s Request","\"Sales\" Department","a\\b"]}'
    )
    assert filters_json({"type": words}, "bare") == json.dumps({"type": list(words)}, separators=(",", ":"))
    assert json.loads(filters_json({"type": words}, "unicode")) == {"type": list(words)}


@given(st.text(min_size=1, max_size=20))
def test_the_spellings_asked_for_hold_the_word_as_given(word):
    if word == "--":
        return
    assert spellings_of(word)[0] == word
    assert len(set(spellings_of(word))) == len(spellings_of(word))


def test_seen_spellings_are_asked_for():
    def seen(name, word):
        return ("VPN Access",) if (name, fold(word)) == ("category", "vpn access") else ()

    found = native_filter(TicketQuery(category="vpn access"), seen).filters["category"]
    assert {"vpn access", "VPN Access", "VPN ACCESS"} <= set(found)


@pytest.mark.parametrize(
    "query",
    [
        {"statuses": {Status.UNKNOWN, Status.OPEN}},
        {"priorities": {Priority.UNKNOWN}},
        {"channels": {NONE}},
        {"requester": "+49 30 1"},
        {"assignee": Actor.agent(name="Ada")},
        {"category": "--"},
        {"type": " "},
        {"subject": "VPN"},
        {"custom_fields": {"Order No": "A"}},
    ],
)
def test_what_the_vendor_cannot_answer_is_not_sent(query):
    found = native(**query)
    assert (found.filters, found.fields, found.empty) == ({}, frozenset(), False)


@pytest.mark.parametrize(
    "query", [{"statuses": Status.NEW}, {"priorities": "Blocker"}, {"channels": "fax"}, {"tags": "vip"}]
)
def test_what_no_ticket_here_can_have_needs_no_call(query):
    assert native(**query).empty


def test_filters_too_long_for_a_url_are_left_to_the_desk():
    many = {f"user{number}@client.example" for number in range(500)}
    found = native(requester=many, statuses=Status.OPEN)
    assert found.filters == {"status": ("Open",)}
    assert found.fields == {"statuses"}
    assert len(quote(filters_json(found.filters, "backslash"))) <= LONGEST_FILTERS


BERLIN = timezone(timedelta(hours=2))


def test_updated_since_starts_a_second_early_in_utc():
    start = datetime(2026, 3, 2, 11, 15, 0, 999_999, tzinfo=BERLIN)
    assert since_of(TicketQuery(updated=(start, None))) == "2026-03-02 09:14:59"
    assert since_of(TicketQuery(created=(start, None))) == "2026-03-02 09:14:59"
    later = start + timedelta(days=1)
    assert since_of(TicketQuery(created=(start, None), updated=(later, None))) == "2026-03-03 09:14:59"
    assert since_of(TicketQuery(updated=(None, start))) is None
    assert since_of(TicketQuery(updated=(datetime(1, 1, 1, tzinfo=UTC), None))) == "1970-01-01 23:59:59"


def test_a_listing_ends_where_its_order_says_that_nothing_more_can_match():
    end = datetime(2026, 3, 2, 9, 15, 0, 1, tzinfo=UTC)
    assert until_of(TicketQuery(created=(None, end))) == "2026-03-02 09:15:01"
    assert until_of(TicketQuery(updated=(None, end), order=Order.UPDATED_ASC)) == "2026-03-02 09:15:01"
    assert until_of(TicketQuery(created=(end, None), order=Order.CREATED_DESC)) == "2026-03-02 09:15:00"
    assert until_of(TicketQuery(created=(None, end), order=Order.UPDATED_ASC)) is None
    assert until_of(TicketQuery(updated=(None, end), order=Order.UPDATED_DESC)) is None
