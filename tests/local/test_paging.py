"""Pages stay right while records come, go and move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge import TicketChange, TicketDraft, TicketQuery, open_desk
from helpdesk_bridge.errors import BadResponse
from helpdesk_bridge.model.queries import Order
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.store.conditions import divide_tickets
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.testing.clock import ManualClock

BASE = datetime(2026, 1, 1, tzinfo=UTC)
ACTIONS = st.lists(st.tuples(st.sampled_from(["insert", "remove", "update", "back"]), st.integers(0, 30)), max_size=4)


def _ticket(number, minutes, updated=None):
    return Ticket(
        id=str(number),
        ref="",
        created_at=BASE + timedelta(minutes=minutes),
        updated_at=BASE + timedelta(minutes=minutes if updated is None else updated),
    )


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(list(Order)),
    st.integers(1, 4),
    st.lists(st.integers(0, 5), min_size=1, max_size=14),
    st.lists(ACTIONS, max_size=12),
)
def test_whoever_is_there_throughout_comes_at_least_once(order, size, minutes, drift):
    store = LocalStore(":memory:", ManualClock())
    try:
        for number, minute in enumerate(minutes):
            store.tickets.put(_ticket(number, minute))
        throughout = {str(number) for number in range(len(minutes))}
        native = divide_tickets(TicketQuery(order=order)).native
        new, seen, cursor, steps = 1000, [], None, iter(drift)
        for _ in range(200):
            page = store.tickets.page(native, cursor, size)
            seen += [ticket.id for ticket in page.items]
            cursor = page.next
            if cursor is None:
                break
            for action, target in next(steps, ()):
                new += 1
                alive = sorted(throughout)
                if action == "insert":
                    store.tickets.put(_ticket(new, target % 7))
                elif action == "remove" and alive:
                    victim = alive[target % len(alive)]
                    throughout.discard(victim)
                    store.tickets.remove(victim)
                elif alive:
                    moved = store.tickets.get(alive[target % len(alive)])
                    to = 100 + new if action == "update" else -new
                    store.tickets.put(_ticket(moved.id, int((moved.created_at - BASE).total_seconds() // 60), to))
        assert cursor is None
        assert throughout <= set(seen)
    finally:
        store.close()


@pytest.mark.parametrize("order", list(Order))
def test_without_drift_each_comes_exactly_once_in_order(order):
    store = LocalStore(":memory:", ManualClock())
    for number in range(25):
        store.tickets.put(_ticket(number, number % 3, number % 4))
    native = divide_tickets(TicketQuery(order=order)).native
    seen, cursor = [], None
    while True:
        page = store.tickets.page(native, cursor, 7)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    name = "updated_at" if order.by_update else "created_at"
    expected = sorted(seen, key=lambda one: (getattr(one, name), len(one.id), one.id), reverse=order.descending)
    assert seen == expected
    assert len({ticket.id for ticket in seen}) == len(seen) == 25
    store.close()


def test_a_desk_that_is_listed_and_changed_at_once_gives_each_once(desk, clock):
    for number in range(330):
        clock.advance(1)
        desk.tickets.create(TicketDraft(subject=f"t{number}", description="x", requester="ann@example.com"))
    seen = []
    for ticket in desk.tickets.list(TicketQuery(order="-updated")):
        seen.append(ticket.id)
        if len(seen) % 50 == 0:
            clock.advance(1)
            desk.tickets.update("7", TicketChange(tags=(f"x{len(seen)}",)))
    assert sorted(seen, key=int) == [str(number) for number in range(1, 331)]


def test_records_without_times_come_where_the_model_sorts_them(store):
    store.tickets.put(Ticket(id="2", ref=""))
    store.tickets.put(_ticket(1, 0))
    store.tickets.put(Ticket(id="10", ref=""))
    native = divide_tickets(TicketQuery()).native
    assert [ticket.id for ticket in store.tickets.page(native).items] == ["2", "10", "1"]


def test_a_reader_that_stops_in_the_middle_holds_nothing(path, clock):
    with open_desk({"vendor": "local", "path": path}, clock=clock) as desk:
        for number in range(150):
            desk.tickets.create(TicketDraft(subject=f"t{number}", description="x", requester="ann@example.com"))
        reading = iter(desk.tickets.list())
        next(reading)
        desk.tickets.create(TicketDraft(subject="new", description="x", requester="ann@example.com"))
        for ticket in desk.tickets.list(TicketQuery(limit=5)):
            desk.tickets.update(ticket.id, TicketChange(tags=("seen",)))
        try:
            assert len(list(reading)) == 150
        except BadResponse:  # pragma: no cover - would be a loop
            pytest.fail("the reader was stopped")
