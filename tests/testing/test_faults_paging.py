"""Lists while the account moves: nothing that was there throughout is lost, nothing comes twice, and what it costs."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from attrs import field, frozen
from testing.benches import generate, opened

from helpdesk_bridge import ContactQuery, Order, TicketQuery
from helpdesk_bridge.datasets.dataset import Dataset, SeedMessage
from helpdesk_bridge.errors import BadResponse
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.faults import ChaosHelpdesk, Fault

TICKETS = TicketQuery(include={"spam", "deleted", "merged"})
CONTACTS = ContactQuery(include={"blocked", "deleted"})


WALKS_BACK = 5
"""Rows of these lists are known by one row of overlap: where it moved, the walk goes back to ground that it knows."""
SWEEPS = 4
"""Page numbers alone: where pages do not fit together all are read again, four times at most."""


@frozen
class List:
    """One list of one vendor: how it is read, what there is, and the operation that its requests are counted by."""

    vendor: str
    operation: str
    read: object
    there: object
    page_size: int
    tickets: int = 420
    switches: dict = field(factory=dict)
    cost: int = 2

    def __str__(self):
        return f"{self.vendor} {self.operation}"


def thread_of(bench):
    cases = bench.app.account.messages
    return max(cases, key=lambda case: len(cases[case]))


LISTS = [
    List(
        "deskie",
        "tickets.list",
        lambda bench: [int(one.id) for one in bench.desk.tickets.list(TICKETS, resolve=False)],
        lambda bench: {case.case_id for case in bench.app.account.cases.values() if not case.active_chat},
        100,
    ),
    List(
        "deskie",
        "contacts.list",
        lambda bench: [int(one.id) for one in bench.desk.contacts.list(CONTACTS)],
        lambda bench: set(bench.app.account.users),
        100,
        700,
    ),
    List(
        "deskie",
        "messages.list",
        lambda bench: [int(one.id) for one in bench.desk.messages.list(str(thread_of(bench)), resolve=False)],
        lambda bench: {one.message_id for one in bench.app.account.messages[thread_of(bench)]},
        100,
        3,
    ),
    List(
        "desk365",
        "tickets.list",
        lambda bench: [int(one.id) for one in bench.desk.tickets.list(TICKETS, resolve=False)],
        lambda bench: set(bench.app.account.tickets),
        100,
    ),
    List(
        "desk365",
        "contacts.list",
        lambda bench: [one.id for one in bench.desk.contacts.list(CONTACTS)],
        lambda bench: {one.email for one in bench.app.account.contacts.values() if not one.is_deleted},
        30,
        cost=WALKS_BACK,
    ),
    List(
        "desk365",
        "companies.list",
        lambda bench: [one.name for one in bench.desk.companies.list()],
        lambda bench: set(bench.app.account.companies),
        30,
        cost=WALKS_BACK,
    ),
    List(
        "desk360",
        "templates.list",
        lambda bench: [one.id for one in bench.desk.templates.list()],
        lambda bench: set(bench.app.account.first_integration.templates),
        20,
        3,
        {"templates": 90},
        cost=SWEEPS,
    ),
]
ORDERS = [
    (one, order) for one in LISTS for order in (Order if one.operation == "tickets.list" else [Order.CREATED_ASC])
]


def dataset_of(one):
    made = generate(one.tickets, 3)
    if one.operation == "messages.list":
        first = made.tickets[0]
        more = tuple(SeedMessage(first.requester, first.created_at, text=f"number {number}") for number in range(450))
        from attrs import evolve

        made = evolve(made, tickets=(evolve(first, messages=(*first.messages, *more)), *made.tickets[1:]))
    if one.operation == "companies.list":
        from attrs import evolve

        made = evolve(made, companies=(*made.companies, *(f"Company {number:03d}" for number in range(160))))
    return made


DATASETS: dict[str, Dataset] = {}


@pytest.fixture
def bench_of():
    def opening(one):
        if str(one) not in DATASETS:
            DATASETS[str(one)] = dataset_of(one)
        return opened(one.vendor, dataset=DATASETS[str(one)], switches=one.switches, max_wait=None)

    return opening


def in_order(one, order):
    if one.operation != "tickets.list":
        return one.read
    query = TicketQuery(include=TICKETS.include, order=order)
    return lambda bench: [int(ticket.id) for ticket in bench.desk.tickets.list(query, resolve=False)]


def moving(bench, monkeypatch):
    """Let time pass between two requests, as it does."""
    app, clock = bench.app, bench.clock
    drift = type(app).drift

    def later(call, chance):
        clock.advance(1)
        drift(app, call, chance)

    monkeypatch.setattr(app, "drift", later)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2, 3))])
@pytest.mark.parametrize(("one", "order"), ORDERS, ids=lambda value: str(getattr(value, "name", value)))
def test_page_drift_loses_nothing_and_repeats_nothing_at_a_bounded_cost(bench_of, monkeypatch, one, order, seed):
    with bench_of(one) as bench:
        if seed % 2:
            moving(bench, monkeypatch)
        bench.app._chance.seed(seed)
        before = one.there(bench)
        pages = math.ceil(len(before) / one.page_size)
        assert pages > 2
        with bench.app.faults.inject(Fault.PAGE_DRIFT(), on=one.operation, times=None, after=1):
            seen = in_order(one, order)(bench)
        calls = bench.received(one.operation)
        throughout = before & one.there(bench)
        assert len(throughout) < len(before)
        assert [key for key, count in Counter(seen).items() if count > 1] == []
        # Desk360 has page numbers alone and fixed calls: what a deletion moved comes the next time.
        lost = throughout - set(seen)
        assert len(lost) <= (pages if one.vendor == "desk360" else 0), lost
        assert calls <= one.cost * pages + 4, f"{calls} calls for {pages} pages"


def assert_whole_or_refused(bench_of, one, order, fault, after):
    with bench_of(one) as bench:
        there = one.there(bench)
        bench.app.faults.inject(fault, on=one.operation, after=after)
        try:
            seen = in_order(one, order)(bench)
        except BadResponse:
            return
        assert sorted(seen) == sorted(there)


@pytest.mark.parametrize("after", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("one", "order"), ORDERS, ids=lambda value: str(getattr(value, "name", value)))
def test_a_page_that_is_skipped_is_noticed(bench_of, one, order, after):
    assert_whole_or_refused(bench_of, one, order, Fault.SKIPPED_PAGE(), after)


@pytest.mark.parametrize("after", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("one", "order"), ORDERS, ids=lambda value: str(getattr(value, "name", value)))
def test_a_page_that_comes_twice_loses_nothing_in_silence(bench_of, one, order, after):
    assert_whole_or_refused(bench_of, one, order, Fault.DUPLICATE_PAGE(), after)


@pytest.mark.parametrize(("one", "order"), ORDERS, ids=lambda value: str(getattr(value, "name", value)))
def test_pages_that_go_round_in_a_circle_end(bench_of, one, order):
    with bench_of(one) as bench:
        pages = math.ceil(len(one.there(bench)) / one.page_size)
        bench.app.faults.inject(Fault.DUPLICATE_PAGE(), on=one.operation, times=None, after=1)
        try:
            seen = in_order(one, order)(bench)
        except BadResponse:
            seen = []
        assert len(set(seen)) == len(seen)
        assert bench.received(one.operation) <= 2 * max(one.cost, 2) * pages + 4


@pytest.fixture(scope="module")
def filled():
    with FakeHelpdesk(clock=ManualClock()) as fake:
        fake.seed(450)
        return fake.snapshot()


@pytest.mark.parametrize("order", Order)
def test_a_local_desk_keeps_its_place_while_others_work_in_it(order, filled):
    fake = FakeHelpdesk(clock=ManualClock(), state=filled)
    chaos = ChaosHelpdesk(fake)
    before = [one.id for one in fake.tickets.list(TICKETS)]
    chaos.faults.inject(Fault.PAGE_DRIFT(), on="tickets.list", times=None)
    listing = chaos.tickets.list(TicketQuery(include=TICKETS.include, order=order))
    seen, doomed = [], iter(before[::7])
    for number, ticket in enumerate(listing):
        seen.append(ticket.id)
        if number % 20 == 0:
            fake.removal.ticket(next(doomed))
    throughout = set(before) & {one.id for one in fake.tickets.list(TICKETS)}
    assert len(throughout) < len(before)
    assert len(set(seen)) == len(seen)
    assert throughout <= set(seen)
    pages = math.ceil(len(before) / 100)
    calls = sum(call.operation == "tickets.list" for call in fake.calls)
    assert calls <= 2 * pages + 8, f"{calls} pages read for {pages}"


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_a_search_that_lags_behind_shows_a_new_record_once_the_lag_is_over(vendor):
    from helpdesk_bridge import TicketDraft

    with opened(vendor) as bench:
        desk = bench.desk
        bench.clock.advance(60)
        new = desk.tickets.create(TicketDraft(subject="New", description="d", requester="fresh@x.example"))
        with bench.app.faults.inject(Fault.STALE_SEARCH(seconds=20), times=None):
            assert new.id not in {one.id for one in desk.tickets.list()}
            assert desk.tickets.get(new.id).subject == "New"
            assert len(list(desk.tickets.list())) == 3
            bench.clock.advance(20)
            assert new.id in {one.id for one in desk.tickets.list()}
            assert "fresh@x.example" in {one.email for one in desk.contacts.list()}
