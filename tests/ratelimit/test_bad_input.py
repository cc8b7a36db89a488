"""Bad headers, limits, clocks and policies: each has a defined end, and none is a busy loop, a burst or a hang.

A caller that never pauses spends a budget of 10 units a minute at a model server, which notes what it sees.
"""

from __future__ import annotations

import pytest
from attrs import define, field
from ratelimit.model import SECONDS, Server

from helpdesk_bridge.errors import RateLimited
from helpdesk_bridge.ratelimit import Governor, MemoryStore, RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.file_store import FileStore
from helpdesk_bridge.testing.clock import ManualClock

LIMIT = 10
HEADERS = RateHeaders(limit="Limit", remaining="Left", reset="Reset")
POLICY = RateLimitPolicy(windows=(Window(LIMIT, SECONDS, "units"),), headers=HEADERS)
ALL = ("Left", "Limit", "Reset", "Retry-After")
GARBAGE = {
    "missing": None,
    "empty": "",
    "text": "soon",
    "negative": "-5",
    "zero": "0",
    "huge": "1" + "0" * 40,
    "beyond floats": "1e999",
    "not a number": "nan",
    "a date": "Thu, 01 Jan 2026 00:00:30 GMT",
    "milliseconds": "58000",
}


@define
class Caller:
    """One process that calls as fast as it may. ``server`` and caller have clocks of their own."""

    server: Server
    spoil: dict = field(factory=dict)
    policy: RateLimitPolicy = POLICY
    store: object = field(factory=MemoryStore)
    clock: ManualClock = field(factory=lambda: ManualClock(start=1000.0))
    outside: ManualClock = field(factory=lambda: ManualClock(start=5000.0))
    governor: Governor = field(init=False)
    attempts: int = 0

    def __attrs_post_init__(self):
        self.governor = Governor(self.policy, self.store, self.clock)

    def pass_time(self, seconds):
        self.clock.advance(seconds)
        self.outside.advance(seconds)

    def call(self, units=1, latency=0.1):
        """Call until one call is accepted."""
        while True:
            reservation = self.governor.reserve(units)
            self.outside.advance(reservation.waited)
            self.attempts += 1
            self.pass_time(latency / 2)
            allowed = self.server.take(self.outside.now(), units)
            told = self.server.headers(self.outside.now(), ALL) | self.spoil
            self.pass_time(latency / 2)
            told = {name: value for name, value in told.items() if value is not None}
            self.governor.settle(reservation, 200 if allowed else 429, told, refused=not allowed)
            if allowed:
                return


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("names", [("Limit",), ("Left",), ("Reset",), ("Retry-After",), ALL], ids="+".join)
def test_headers_that_are_wrong_cost_some_time_or_some_refusals_and_never_more(names, kind):
    server = Server(LIMIT)
    caller = Caller(server, dict.fromkeys(names, GARBAGE[kind]))
    calls = 6 * LIMIT
    for _ in range(calls):
        caller.call()
    windows = len(server.windows)
    assert caller.attempts == calls + server.refused
    believed = (kind == "milliseconds" and "Limit" in names) or (kind == "zero" and "Reset" in names)
    # A limit that is too high and may be meant, or a window that is said to end now, is found out by refusals.
    assert server.refused <= (8 * windows if believed else 0)
    # A vendor that says that nothing is left is believed, too: then each call waits for a window.
    assert windows <= (calls if kind == "zero" and "Left" in names else 8)


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_refusal_whose_time_is_garbage_is_not_answered_by_a_storm(kind):
    server = Server(LIMIT)
    caller = Caller(server, {"Retry-After": GARBAGE[kind], "Reset": None, "Left": None})
    server.take(caller.outside.now(), LIMIT)  # somebody else was here first
    caller.call()
    assert caller.attempts <= 9  # pauses of a sixtieth of a window, doubling
    assert caller.outside.now() <= 5000 + 3 * SECONDS


@pytest.mark.parametrize("tells", [ALL, ("Left", "Retry-After"), ("Retry-After",)], ids="+".join)
def test_a_limit_that_shrinks_and_grows_in_mid_run(tells):
    server = Server(LIMIT)
    caller = Caller(server, {name: None for name in ALL if name not in tells})
    for limit in (LIMIT, 4, 25):
        server.limit = limit
        before, began = server.refused, caller.outside.now()
        for _ in range(50):
            caller.call()
        used = (caller.outside.now() - began) / SECONDS
        assert used <= 50 / min(limit, LIMIT) + 2
        assert server.refused - before <= (1 if "Left" in tells else used + 1)
    assert caller.governor.budget.limit == (25 if "Limit" in tells else LIMIT)


@pytest.mark.parametrize("store", ["memory", "file"])
@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_an_hour_either_way(store, hours, tmp_path):
    server = Server(LIMIT)
    caller = Caller(server, store=MemoryStore() if store == "memory" else FileStore(tmp_path / "budget"))
    for _ in range(15):
        caller.call()
    caller.clock._now += 3600 * hours
    for _ in range(30):
        caller.call()
    assert server.refused <= 1  # ahead: what was spent seems long ago, until the first refusal tells
    assert len(server.windows) <= 7


def test_a_machine_that_sleeps_for_an_hour_goes_on_as_before():
    server = Server(LIMIT)
    caller = Caller(server)
    for _ in range(15):
        caller.call()
    caller.outside.advance(3600)  # its monotonic clock stood still
    for _ in range(30):
        caller.call()
    assert server.refused <= 1  # a window that begins within a second of the old one's phase is taken for the old one
    assert len(server.windows) <= 7


@pytest.mark.parametrize("units", [11, 1000, 10**30])
@pytest.mark.parametrize("reserve", [0, 5])
def test_a_request_that_costs_more_than_the_limit_goes_alone_in_a_window(units, reserve, tmp_path):
    for store in (MemoryStore(), FileStore(tmp_path / "budget")):
        clock = ManualClock(start=1000.0)
        gov = Governor(RateLimitPolicy(windows=(Window(LIMIT, SECONDS, "units"),)), store, clock)
        gov.settle(gov.reserve(1), 200)
        large = gov.reserve(units, reserve=reserve)
        assert SECONDS <= large.waited <= SECONDS + 0.1
        gov.settle(large, 200)
        with pytest.raises(RateLimited):
            gov.reserve(1, max_wait=SECONDS / 2)
        assert gov.reserve(1).waited <= SECONDS + 0.1


@pytest.mark.parametrize("units", [-1, -(10**30)])
def test_a_cost_below_zero_is_free_and_gives_nothing_back(units):
    gov = Governor(RateLimitPolicy(windows=(Window(LIMIT, SECONDS, "units"),)), MemoryStore(), ManualClock())
    gov.settle(gov.reserve(units), 200)
    assert gov.budget.remaining == LIMIT


@pytest.mark.parametrize("seconds", [1e-3, 366 * 86_400.0])
@pytest.mark.parametrize("limit", [1, 10**12])
def test_the_smallest_and_largest_windows_work_in_a_file_too(limit, seconds, tmp_path):
    clock = ManualClock(start=1000.0)
    gov = Governor(RateLimitPolicy(windows=(Window(limit, seconds, "units"),)), FileStore(tmp_path / "budget"), clock)
    gov.settle(gov.reserve(limit), 200)
    assert gov.budget.remaining == 0
    assert seconds <= gov.budget.resets_in <= seconds * 1.001
    clock.advance(seconds * 1.001)
    assert gov.budget.remaining == limit
