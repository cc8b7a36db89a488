"""The governor's law: as the sole consumer it is never refused, whatever the server's phase, the load or the network.

A discrete-event simulation: the governor on a manual clock, a model server with a fixed window, and requests with
arbitrary arrival, latency, cost and fate. Nothing really waits.
"""

from __future__ import annotations

import heapq
import itertools
from random import Random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ratelimit.model import SECONDS, Server, spend

from helpdesk_bridge.errors import RateLimited
from helpdesk_bridge.ratelimit import Governor, MemoryStore, RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.codec import decode, encode
from helpdesk_bridge.ratelimit.state import BudgetState
from helpdesk_bridge.ratelimit.store import MemoryCell, SharedCell
from helpdesk_bridge.testing.clock import ManualClock

# Zero is drawn often: at one and the same instant requests are granted, counted and answered, in any order.
latencies = st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 25), st.floats(0, 90))
calls = st.lists(
    st.tuples(
        st.one_of(st.just(0.0), st.floats(0, 5), st.floats(50, 130)),  # pause before it arrives
        st.sampled_from([1, 1, 2]),
        latencies,  # to the server
        latencies,  # and back
        st.sampled_from(["answered"] * 8 + ["lost", "not sent"]),
    ),
    min_size=1,
    max_size=60,
)
kinds = st.sampled_from([(), ("Left",), ("Left", "Limit"), ("Left", "Limit", "Reset"), ("Reset",)])
phases = st.one_of(st.none(), st.floats(900, 1000))


class SetBack(ManualClock):
    """The governor's own clock: it shows less than the server's after each time that it was set back."""

    def __init__(self, start):
        super().__init__(start=start)
        self.behind = 0.0

    def now(self):
        return super().now() - self.behind

    def set_back(self, seconds):
        self.behind += seconds


def run(
    server,
    arrivals,
    kinds,
    *,
    hint=False,
    believed=None,
    outsiders=(),
    store=None,
    back=(),
    shuffle=None,
    places=(),
    works=(0.0,),
):
    """Play everything in the order of time, or in an order of ``shuffle`` where times are the same.

    Return the governor and when each request was sent. ``back``: when a clock is set back, and how far: that of
    ``places``, else the governor's own. ``works``: the seconds between a request's counting and its answer's headers,
    in turn.
    """
    clock = ManualClock(start=1000.0)
    own = SetBack(1000.0)
    headers = RateHeaders(limit="Limit", remaining="Left", reset="Reset", remaining_is_hint=hint)
    policy = RateLimitPolicy(windows=(Window(believed or server.limit, SECONDS, "units"),), headers=headers)
    governor = Governor(policy, store or MemoryStore(), own)
    order, work_of = itertools.count(), itertools.cycle(works)
    events = []
    sent = []

    def at(time, action, *args):
        heapq.heappush(events, (time, shuffle.random() if shuffle else 0, next(order), action, args))

    def arrive(cost, there, back, fate):
        try:
            reservation = governor.reserve(cost, max_wait=0.0)
        except RateLimited as limited:
            wait = limited.retry_after
            at(clock.now() + (0.5 if wait is None else max(wait, 1e-6)), arrive, cost, there, back, fate)
            return
        sent.append(clock.now())
        if fate == "not sent":
            at(clock.now() + back, governor.cancel, reservation)
        elif fate == "lost":
            # The server counts it, or not, at any moment before the client gives up.
            at(clock.now() + there, server.take, None, cost)
            at(clock.now() + there + back, governor.settle, reservation, None)
        else:
            at(clock.now() + there, process, reservation, cost, back)

    def process(reservation, cost, back):
        allowed = server.take(clock.now(), cost)
        if work := next(work_of):
            at(clock.now() + work, write, reservation, allowed, back)
        else:
            write(reservation, allowed, back)

    def write(reservation, allowed, back):
        at(clock.now() + back, answer, reservation, allowed, server.headers(clock.now(), kinds))

    def answer(reservation, allowed, told):
        governor.settle(reservation, 200 if allowed else 429, told, refused=not allowed)

    time = clock.now()
    for pause, *call in arrivals:
        time += pause
        at(time, arrive, *call)
    for time, cost in outsiders:
        at(1000.0 + time, server.take, None, cost)
    for time, seconds in back:
        at(1000.0 + time, places[0].clock.set_back if places else own.set_back, seconds)
    while events:
        time, _, _, action, args = heapq.heappop(events)
        passed = max(time - clock.now(), 0.0)
        clock.advance(passed)
        for one in (own, *(place.clock for place in places)):
            one.advance(passed)
        action(*[clock.now() if value is None and action == server.take else value for value in args])
        if not outsiders and (state := seen_by(governor)) is not None:
            now = (places[0].clock if places else own).now()
            assert counted(state, now) >= (server.used if clock.now() < server.ends else 0)
    return governor, sent


def seen_by(governor):
    cell = getattr(governor._cell, "_primary", governor._cell)
    return cell._known if isinstance(cell, SharedCell) else cell._state


def counted(state, now):
    """Return what the governor holds against itself: never less than the server counted in its window."""
    ledger, now = state.ledgers[0], max(now + state.skew, state.seen)
    return ledger.used - sum(
        units for release, units in zip(ledger.releases, ledger.units, strict=True) if release <= now
    )


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 12), phases, calls, kinds, st.booleans(), st.one_of(st.none(), st.randoms(use_true_random=False)))
def test_sole_consumer_is_never_refused(limit, phase, arrivals, kinds, hint, shuffle):
    server = Server(limit, phase)
    governor, sent = run(server, arrivals, kinds, hint=hint, shuffle=shuffle)
    assert server.refused == 0
    assert all(used <= limit for used in server.windows.values())
    assert len(sent) == len(arrivals)
    governor.clock.advance(3 * SECONDS)
    assert governor.budget.remaining == limit
    assert governor.budget.resets_in is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 12), phases, calls, kinds, st.booleans(), st.lists(st.floats(0, 19), min_size=1, max_size=9))
@example(
    2,
    None,
    [(pause, 1, 0.0, 0.0, "answered") for pause in (0.0, 55.0, 6.5, 40.0, 0.0)],
    ("Left", "Limit", "Reset"),
    False,
    [0.0, 6.0, 0.0, 0.0, 0.0],
)
def test_headers_that_are_written_when_the_window_is_over_lead_to_no_refusal(
    limit, phase, arrivals, kinds, hint, works
):
    """They speak of a window that has not begun: it will end later than they say."""
    server = Server(limit, phase)
    _, sent = run(server, arrivals, kinds, hint=hint, works=works)
    assert server.refused == 0
    assert len(sent) == len(arrivals)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(2, 12),
    phases,
    calls,
    kinds,
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 600), st.floats(300, 7200)), min_size=1, max_size=4),
)
@example(
    2,
    900.0,
    [(50.0, 1, 0.0, 0.0, "answered")] * 2 + [(50.0, 1, 12.0, 0.0, "answered"), (0.0, 1, 0.0, 0.0, "answered")],
    ("Left", "Limit", "Reset"),
    False,
    [(105.0, 300.0)],
)
def test_a_clock_that_is_set_back_at_any_moment_leads_to_no_refusal(limit, phase, arrivals, kinds, hint, back):
    """By more than has passed since the last step: a step shows it."""
    server = Server(limit, phase)
    _, sent = run(server, arrivals, kinds, hint=hint, back=back)
    assert server.refused == 0
    assert len(sent) == len(arrivals)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 12), calls, st.integers(1, 5))
def test_the_servers_limit_replaces_ours_in_both_directions(limit, arrivals, believed):
    server = Server(limit, None)
    governor, _ = run(server, arrivals, ("Left", "Limit", "Reset"), believed=min(believed, limit))
    assert server.refused == 0
    if any(fate == "answered" for *_, fate in arrivals):
        assert governor.budget.limit == limit


@settings(max_examples=80, deadline=None)
@given(calls, kinds, st.lists(st.tuples(st.floats(0, 300), st.integers(1, 4)), max_size=30))
def test_with_an_outsider_every_request_still_gets_through(arrivals, kinds, outsiders):
    server = Server(10, None)
    _, sent = run(server, arrivals, kinds, outsiders=outsiders)
    assert len(sent) == len(arrivals)


@settings(max_examples=20, deadline=None)
@given(st.integers(5, 40), st.sampled_from([(), ("Left",), ("Left", "Limit", "Reset")]), st.integers(1, 2))
def test_nearly_all_of_a_limit_is_used(limit, kinds, cost):
    """Ten windows of constant demand with a latency of 0.2 s: no more than that latency and a second lost in each."""
    server = Server(limit, None)
    arrivals = [(0.0, cost, 0.1, 0.1, "answered")] * (10 * (limit // cost))
    _, sent = run(server, arrivals, kinds)
    assert server.refused == 0
    assert sent[-1] - sent[0] <= 9 * (SECONDS + 1.3)


@settings(max_examples=60, deadline=None)
@given(calls, kinds, st.randoms(use_true_random=False))
def test_state_survives_being_written_down_at_any_moment(arrivals, kinds, random):
    """What a file or a server would store is all there is: a store that forgets everything else is just as good."""

    class Forgetful(MemoryStore):
        def cell(self, key, policy, clock):
            return ForgetfulCell(BudgetState.fresh(policy), policy, clock)

    class ForgetfulCell(MemoryCell):
        def __init__(self, state, policy, clock):
            super().__init__(state, clock)
            self.policy = policy

        def update(self, change, *args, **kwargs):
            result = super().update(change, *args, **kwargs)
            if random.random() < 0.5:
                self._state = decode(encode(self._state), self.policy)
            return result

    server = Server(6, None)
    run(server, arrivals, kinds, store=Forgetful())
    assert server.refused == 0


class FarPlace:
    """The least that a place is: bytes, a clock of its own, and now and then another process that was faster."""

    name = "far away"
    far = True
    doubtful = restarted = False
    remains = None

    def __init__(self, clock, random):
        self.clock, self.random, self.data = clock, random, None

    def lock(self):
        pass

    def read(self):
        return self.data, self.clock.now()

    def write(self, data):
        if self.random.random() < 0.3:
            return False
        self.data = data
        return True

    def unlock(self):
        pass

    def close(self):
        pass


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(2, 12),
    phases,
    calls,
    kinds,
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 600), st.one_of(st.floats(0, 90), st.floats(0, 7200))), max_size=4),
    st.integers(0, 99),
)
@example(
    2,
    900.0,
    [(0.0, 1, 0.0, 0.0, "answered")] * 4 + [(50.0, 1, 0.0, 0.0, "answered")] * 3 + [(0.0, 1, 12.0, 0.0, "answered")],
    ("Left", "Limit", "Reset"),
    False,
    [(101.0, 47.0)],
    0,
)
def test_a_place_needs_bytes_and_a_clock_that_may_be_set_back(limit, phase, arrivals, kinds, hint, back, seed):
    """By however little: a caller that was there before knows how much time has passed."""
    places, random = [], Random(seed)

    class Far(MemoryStore):
        def cell(self, key, policy, clock):
            places.append(FarPlace(SetBack(1000.0), random))
            return SharedCell(places[0], policy, clock)

    server = Server(limit, phase)
    _, sent = run(server, arrivals, kinds, hint=hint, store=Far(), back=back, places=places)
    assert server.refused == 0
    assert len(sent) == len(arrivals)


def test_a_step_that_was_too_late_is_done_again_from_what_there_is():
    policy = RateLimitPolicy(windows=(Window(1000, SECONDS, "units"),))
    place = FarPlace(ManualClock(start=1000.0), Random(0))
    cell = SharedCell(place, policy, place.clock)
    store = MemoryStore()
    store.cell = lambda *_: cell
    governor = Governor(policy, store, place.clock)
    spend(governor, 50)
    assert governor.budget.remaining == 950


def test_many_charges_are_kept_in_few_entries_and_stay_safe():
    server = Server(600, None)
    arrivals = [(0.05, 1, 0.05, 0.05, "answered")] * 1000
    governor, sent = run(server, arrivals, ())
    assert server.refused == 0
    assert len(sent) == 1000
    assert len(governor._cell._state.ledgers[0].releases) <= 256
