"""What SQL finds, compared again, is what the query means: the same as a filter in plain Python."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local.local_strategies import (
    BASE,
    FIELDS,
    contact_queries,
    contacts,
    one_filter,
    ticket_queries,
    tickets,
)

from helpdesk_bridge.model.matching import contact_matches, sort_key, ticket_matches
from helpdesk_bridge.model.queries import NONE, TicketQuery
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.store.conditions import divide_contacts, divide_tickets
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.testing.clock import ManualClock


def _pages(table, native, size):
    found, cursor = [], None
    while True:
        page = table.page(native, cursor, size)
        found += page.items
        if page.next is None:
            return found
        cursor = page.next


@pytest.fixture(scope="module")
def shared():
    """One store for all examples of a test: making the tables takes longer than most examples."""
    opened = LocalStore(":memory:", ManualClock())
    yield opened
    opened.close()


def _check_tickets(store, kept, query, size):
    store.clear()
    with store.transaction():
        for ticket in kept:
            store.tickets.put(ticket)
    every_ticket = divide_tickets(TicketQuery(include={"spam", "deleted", "merged", "description"}))
    everything = _pages(store.tickets, every_ticket.native, 100)
    wanted = [ticket for ticket in everything if ticket_matches(query, ticket)]
    divided = divide_tickets(query)
    if divided.empty:
        assert wanted == []
        return
    found = _pages(store.tickets, divided.native, size)
    in_order = sorted(wanted, key=sort_key(query.order), reverse=query.order.descending)
    assert [one.id for one in found if ticket_matches(query, one)] == [one.id for one in in_order]
    if divided.exact:
        assert store.tickets.page(divided.native, None, 1).total == len(wanted)


many = st.lists(tickets(), min_size=1, max_size=5, unique_by=lambda ticket: ticket.id)


@pytest.mark.parametrize("name", FIELDS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_each_filter_finds_what_python_finds(shared, name, data):
    kept, query = data.draw(one_filter(name))
    _check_tickets(shared, kept, query, data.draw(st.integers(1, 4)))


@settings(max_examples=30, deadline=None)
@given(many, ticket_queries(), st.integers(1, 4))
def test_all_filters_together_find_what_python_finds(shared, kept, query, size):
    _check_tickets(shared, kept, query, size)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(contacts(), min_size=1, max_size=6, unique_by=lambda contact: contact.id),
    contact_queries(),
    st.integers(1, 4),
)
def test_contact_queries_find_what_python_finds(shared, kept, query, size):
    shared.clear()
    with shared.transaction():
        for contact in kept:
            shared.contacts.put(contact)
    everything = [shared.contacts.get(contact.id) for contact in kept]
    wanted = [contact for contact in everything if contact_matches(query, contact)]
    divided = divide_contacts(query)
    if divided.empty:
        assert wanted == []
        return
    found = _pages(shared.contacts, divided.native, size)
    in_order = sorted(wanted, key=sort_key(query.order), reverse=query.order.descending)
    assert [one.id for one in found if contact_matches(query, one)] == [one.id for one in in_order]
    if divided.exact:
        assert shared.contacts.page(divided.native, None, 1).total == len(wanted)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (TicketQuery(), "by_creation"),
        (TicketQuery(order="-created", statuses={Status.OPEN}, tags={"x"}), "by_creation"),
        (TicketQuery(order="-updated"), "by_update"),
        (TicketQuery(order="updated", updated=(BASE, None)), "by_update"),
    ],
)
def test_pages_are_read_along_an_index_and_never_sorted(store, query, index):
    statements = []
    with store.database.read() as connection:
        connection.set_trace_callback(statements.append)
        store.tickets.page(divide_tickets(query).native, None)
        connection.set_trace_callback(None)
        (statement,) = [one for one in statements if "id_rank" in one]
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
    assert f"USING INDEX tickets_{index}" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("values", [{str(number) for number in range(40_000)}, {NONE, *map(str, range(600))}])
def test_a_set_larger_than_sqlite_takes_is_compared_in_python(store, values):
    # Every ticket has a status and a requester: nobody asks for those that have none.
    needed = () if NONE in values else ("statuses", "requester")
    for name in (*needed, "assignee", "groups", "tags", "channels"):
        divided = divide_tickets(TicketQuery(**{name: values}))
        assert not divided.exact
        assert divided.fields == frozenset()
        store.tickets.page(divided.native)


def test_explain_tells_sql_without_a_customers_words(desk):
    told = desk.tickets.explain(TicketQuery(requester="ann@example.com", statuses={Status.OPEN}, tags={"vip"}))
    assert set(told.native) == {"requester", "statuses", "tags"}
    assert "ann" not in str(told)
    assert told.client_side == ()
    assert desk.vendor_api.calls == ()
