"""Random schedules of several processes and threads over each store, in virtual time.

As long as nobody else spends: never more in a window of the server than allowed, nobody waits for ever, and whoever
waits is woken. Hour-long windows take milliseconds.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ratelimit.model import Server
from ratelimit.virtual import ProcessStore, World

from helpdesk_bridge.ratelimit import Governor, MemoryStore, RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.file_store import FileStore

LEASE = 200.0


@frozen
class Call:
    pause: float
    cost: int
    there: float
    back: float
    fate: str
    priority: int


# Zero is drawn often: at one and the same instant requests are granted, counted and answered, in any order.
latencies = st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 25), st.floats(0, 90))
calls = st.builds(
    Call,
    st.one_of(st.just(0.0), st.floats(0, 5), st.floats(50, 130)),
    st.sampled_from([1, 1, 2]),
    latencies,
    latencies,
    st.sampled_from(["answered"] * 8 + ["lost", "not sent"]),
    st.sampled_from([0, 0, 0, 1]),
)
threads = st.lists(st.lists(calls, min_size=1, max_size=6), min_size=1, max_size=4)
kinds = st.sampled_from([(), ("Left",), ("Left", "Limit"), ("Left", "Limit", "Reset"), ("Reset",)])


class Play:
    """One run: a server, and processes whose threads call it."""

    def __init__(self, world, server, kinds, *, hint=False, believed=None):
        self.world, self.server, self.kinds = world, server, kinds
        headers = RateHeaders(limit="Limit", remaining="Left", reset="Reset", remaining_is_hint=hint)
        self.policy = RateLimitPolicy(
            windows=(Window(believed or server.limit, server.seconds, "units"),), headers=headers
        )
        self.waits = []
        self.served = 0

    def governor(self, store, process):
        return Governor(self.policy, ProcessStore(store, process), self.world, "vendor-key")

    def thread(self, governor, script):
        world, server = self.world, self.server
        for call in script:
            world.sleep(call.pause)
            reservation = governor.reserve(call.cost, priority=call.priority, lease=LEASE)
            self.waits.append(reservation.waited)
            if call.fate == "not sent":
                world.sleep(call.back)
                governor.cancel(reservation)
            elif call.fate == "lost":
                world.sleep(call.there)
                server.take(world.now(), call.cost)
                world.sleep(call.back)
                governor.settle(reservation, None)
            else:
                world.sleep(call.there)
                allowed = server.take(world.now(), call.cost)
                told = server.headers(world.now(), self.kinds)
                world.sleep(call.back)
                governor.settle(reservation, 200 if allowed else 429, told, refused=not allowed)
            self.served += 1


def play(world, server, kinds, store, crowd, **how):
    """Let every process of the crowd run its threads over its own opening of the store; return what happened."""
    found = Play(world, server, kinds, **how)
    for scripts in crowd:
        process = world.process()
        governor = found.governor(store(), process)
        for script in scripts:
            world.spawn(process, found.thread, governor, script)
    world.run()
    return found


def check(found, server, crowd):
    assert server.refused == 0
    assert all(used <= server.limit for used in server.windows.values())
    assert found.served == sum(len(script) for scripts in crowd for script in scripts)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(2, 12), st.one_of(st.none(), st.floats(900, 1000)), threads, kinds, st.booleans(), st.integers(0, 99)
)
def test_threads_over_memory(limit, phase, scripts, kinds, hint, seed):
    server = Server(limit, phase)
    found = play(World(seed), server, kinds, MemoryStore, [scripts], hint=hint)
    check(found, server, [scripts])


crowds = given(
    st.integers(2, 12),
    st.one_of(st.none(), st.floats(900, 1000)),
    st.lists(threads, min_size=1, max_size=3),
    kinds,
    st.booleans(),
    st.integers(0, 99),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@crowds
def test_processes_over_a_file(limit, phase, crowd, kinds, hint, seed):
    server = Server(limit, phase)
    with tempfile.TemporaryDirectory() as folder:
        found = play(World(seed), server, kinds, lambda: FileStore(Path(folder) / "budget"), crowd, hint=hint)
    check(found, server, crowd)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@crowds
def test_processes_of_several_hosts_over_redis(redis_server, limit, phase, crowd, kinds, hint, seed):
    from helpdesk_bridge.ratelimit.redis_store import RedisStore

    server, world = Server(limit, phase), World(seed)
    stores = [RedisStore(redis_server.url, time=world.now) for _ in crowd]
    stores[0].client.flushdb()
    found = play(world, server, kinds, iter(stores).__next__, crowd, hint=hint)
    check(found, server, crowd)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@crowds
def test_processes_of_several_hosts_over_postgresql(budget_database, limit, phase, crowd, kinds, hint, seed):
    from helpdesk_bridge.ratelimit.postgres_store import PostgresStore

    server, world = Server(limit, phase), World(seed)
    stores = [PostgresStore(budget_database.url, time=world.now) for _ in crowd]
    budget_database.forget()
    found = play(world, server, kinds, iter(stores).__next__, crowd, hint=hint)
    check(found, server, crowd)
