"""Several processes over one budget: a late one keeps its part, nobody waits for one that wants no more, none starves."""

from __future__ import annotations

import math

import pytest
from attrs import define, evolve, field
from ratelimit.model import Server
from ratelimit.virtual import ProcessStore, World

from helpdesk_bridge.ratelimit import Governor, RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.file_store import FileStore
from helpdesk_bridge.ratelimit.holders import LATEST, MOST_HOLDERS, Holder, owed, remember
from helpdesk_bridge.ratelimit.ledger import UNKNOWN

LIMIT, SECONDS = 60, 60.0
POLICY = RateLimitPolicy(
    windows=(Window(LIMIT, SECONDS, "units"),), headers=RateHeaders(limit="Limit", remaining="Left", reset="Reset")
)


@define(eq=False)
class LateClock:
    """A clock whose process gets its processor so many seconds after it should."""

    world: World
    late: float
    time_scale: float = 1.0

    def now(self):
        return self.world.now()

    def wall(self):
        return self.world.wall()

    def wait(self, event, seconds):
        woken = self.world.wait(event, seconds)
        self.world.sleep(self.late)
        return woken


@define
class Crowd:
    """Processes that call as fast as they may until the world's time is ``until``."""

    open_store: object
    until: float
    world: World = field(factory=lambda: World(3))
    server: Server = field(factory=lambda: Server(LIMIT))
    spent: dict = field(factory=dict)
    waits: dict = field(factory=dict)

    def add(self, name, *, late=0.0, takes=0.02, priority=0, calls=math.inf, threads=1):
        process = self.world.process()
        clock = LateClock(self.world, late)
        governor = Governor(POLICY, ProcessStore(self.open_store(), process), clock, "vendor-key")
        self.spent[name] = self.waits[name] = 0
        for _ in range(threads):
            self.world.spawn(process, self._call, governor, name, takes, priority, calls)

    def _call(self, governor, name, takes, priority, calls):
        while self.world.now() < self.until and calls > 0:
            calls -= 1
            reservation = governor.reserve(1, priority=priority, lease=30.0)
            self.waits[name] = max(self.waits[name], reservation.waited)
            self.world.sleep(takes / 2)
            allowed = self.server.take(self.world.now(), 1)
            told = self.server.headers(self.world.now(), ("Limit", "Left", "Reset"))
            self.world.sleep(takes / 2)
            governor.settle(reservation, 200 if allowed else 429, told, refused=not allowed)
            self.spent[name] += 1

    def run(self):
        """Return what was spent in whole windows."""
        self.world.run()
        assert self.server.refused == 0
        return list(self.server.windows.values())[:-1]


@pytest.fixture(params=["file", "redis", "postgresql"])
def crowd(request, tmp_path):
    def of(windows):
        until = 1000 + windows * SECONDS - 5
        if request.param == "file":
            return Crowd(lambda: FileStore(tmp_path / "budget"), until)
        found = Crowd(None, until)
        if request.param == "postgresql":
            from helpdesk_bridge.ratelimit.postgres_store import PostgresStore

            database = request.getfixturevalue("budget_database")
            database.forget()
            found.open_store = lambda: PostgresStore(database.url, time=found.world.now)
            return found
        from helpdesk_bridge.ratelimit.redis_store import RedisStore

        server = request.getfixturevalue("redis_server")
        RedisStore(server.url).client.flushdb()
        found.open_store = lambda: RedisStore(server.url, time=found.world.now)
        return found

    return of


def test_a_process_that_is_woken_late_finds_its_part(crowd):
    """Three that are there at once could spend all of a window in less than half a second."""
    four = crowd(5)
    for name in ("a", "b", "c"):
        four.add(name)
    four.add("late", late=2.0)
    assert set(four.run()) == {LIMIT}
    assert min(four.spent.values()) / max(four.spent.values()) >= 0.8, four.spent


def test_nobody_waits_for_a_process_that_wants_little(crowd):
    two = crowd(5)
    two.add("much")
    two.add("little", calls=25)
    assert set(two.run()) == {LIMIT}
    assert two.spent["little"] == 25


def test_a_process_that_is_slow_all_the_time_does_not_leave_the_budget_lying(crowd):
    two = crowd(5)
    two.add("fast")
    two.add("slow", takes=5.0)
    assert set(two.run()) == {LIMIT}
    assert two.spent["slow"] >= 5


def test_an_endless_stream_of_higher_rank_starves_nobody(crowd):
    both = crowd(6)
    both.add("live", threads=3)
    both.add("batch", priority=1)
    both.run()
    assert both.spent["batch"] >= 5
    assert both.waits["batch"] <= 3 * SECONDS


def test_what_is_owed_to_late_processes():
    mine = Holder(100.0, 90.0, taken=30)
    late = Holder(80.0, 100.0, taken=10)

    def left(other, now=100.0, priority=0):
        return owed({1: mine, 2: other}, 1, priority, now, latest=8.0)

    assert left(late) == left(late, 104.0) == 20
    assert left(late, 106.0) == 10
    assert left(late, 108.0) == 0
    assert left(late, 99.9) == 0  # its time has not come
    assert left(evolve(late, taken=30)) == left(evolve(late, taken=99)) == 0
    assert left(evolve(late, priority=1)) == 0
    assert left(evolve(late, priority=1), priority=1) == 20
    assert left(evolve(late, due=UNKNOWN)) == 0
    assert LATEST < 1


def test_a_turn_lasts_a_window_at_most():
    holder = Holder(0.0)
    holder.take(10.0, 5, 0, SECONDS)
    holder.take(69.0, 5, 0, SECONDS)
    assert (holder.taken, holder.due) == (10, 10.0)
    holder.take(70.0, 5, 0, SECONDS)
    assert (holder.taken, holder.due) == (5, 70.0)


def test_of_many_short_lived_processes_the_latest_are_remembered():
    holders = {number: Holder(float(number)) for number in range(500)}
    kept = remember(holders, 500.0)
    assert sorted(kept) == list(range(500 - MOST_HOLDERS + 1, 500))
    assert remember(holders, 5000.0) == {}
