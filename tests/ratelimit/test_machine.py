"""A state machine over each store: processes start, call, wait and are killed, in windows of a minute or an hour.

Nobody else spends, so the model server never refuses; nobody who waits is forgotten; and in the end nothing is held.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ratelimit.model import Server
from ratelimit.virtual import ProcessStore, World

from helpdesk_bridge.errors import RateLimited
from helpdesk_bridge.ratelimit import Governor, MemoryStore, RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.file_store import FileStore

LEASE = 200.0
latencies = st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 25))


class Traffic(RuleBasedStateMachine):
    """What memory, file and Redis have in common."""

    most_processes = 3
    killable = True
    """Whether the budget outlives the process."""
    crowds = False
    """Whether many wait at once: over a shared store each of them looks every few seconds, which takes time here."""

    def open_store(self):
        raise NotImplementedError

    @initialize(
        limit=st.integers(2, 12),
        seconds=st.sampled_from([60.0, 3600.0]),
        phase=st.one_of(st.none(), st.floats(900, 1000)),
        kinds=st.sampled_from([(), ("Left",), ("Left", "Limit"), ("Left", "Limit", "Reset"), ("Reset",)]),
        hint=st.booleans(),
        seed=st.integers(0, 99),
    )
    def begin(self, limit, seconds, phase, kinds, hint, seed):
        self.world, self.kinds = World(seed), kinds
        self.server = Server(limit, phase, seconds)
        headers = RateHeaders(limit="Limit", remaining="Left", reset="Reset", remaining_is_hint=hint)
        self.policy = RateLimitPolicy(windows=(Window(limit, seconds, "units"),), headers=headers)
        self.running, self.sent, self.units = [], [], 0
        self.start()

    @precondition(lambda self: len(self.running) < self.most_processes)
    @rule()
    def start(self):
        process = self.world.process()
        store = ProcessStore(self.open_store(), process)
        self.running.append((process, Governor(self.policy, store, self.world, "vendor-key")))

    @precondition(lambda self: self.running)
    @rule(
        who=st.integers(0, 2),
        times=st.integers(1, 6),
        cost=st.sampled_from([1, 1, 2]),
        there=latencies,
        back=latencies,
        fate=st.sampled_from(["answered"] * 6 + ["lost", "not sent"]),
        priority=st.sampled_from([0, 0, 0, 1]),
        patience=st.sampled_from([None, None, None, 0.0, 30.0]),
    )
    def call(self, who, times, patience, **call):
        process, governor = self.running[who % len(self.running)]
        waiting = sum(len(one._queue) for _, one in self.running)
        for _ in range(times if self.crowds else min(times, 4 - waiting)):
            self.units += call["cost"]
            self.world.spawn(process, self._call, process, governor, patience, call)
        self.world.run(self.world.now())

    @rule(seconds=st.one_of(st.floats(0, 5), st.floats(5, 130), st.floats(0, 7500)))
    def pass_time(self, seconds):
        self.world.run(self.world.now() + seconds)

    @precondition(lambda self: self.running and self.killable)
    @rule(who=st.integers(0, 2), arrives=st.booleans())
    def kill(self, who, arrives):
        process, _ = self.running.pop(who % len(self.running))
        self.world.kill(process)
        for sender, cost in list(self.sent):
            if sender is process and arrives:
                self.server.take(self.world.now(), cost)
        self.sent = [one for one in self.sent if one[0] is not process]
        self.world.run(self.world.now())

    def _call(self, process, governor, patience, call):
        world, cost = self.world, call["cost"]
        try:
            reservation = governor.reserve(cost, priority=call["priority"], max_wait=patience, lease=LEASE)
            if call["fate"] == "not sent":
                world.sleep(call["back"])
                governor.cancel(reservation)
                return
            sent = (process, cost)
            self.sent.append(sent)
            world.sleep(call["there"])
            self.sent.remove(sent)
            allowed = self.server.take(world.now(), cost)
            told = self.server.headers(world.now(), self.kinds)
            world.sleep(call["back"])
            answer = (None, None) if call["fate"] == "lost" else (200 if allowed else 429, told)
            governor.settle(reservation, *answer, refused=answer[0] == 429)
        except RateLimited:
            assert patience is not None

    @invariant()
    def nobody_is_refused(self):
        assert self.server.refused == 0
        assert all(used <= self.server.limit for used in self.server.windows.values())

    def teardown(self):
        try:
            before = self.world.now()
            self.world.run()
            windows = self.units / self.server.limit + 3
            assert self.world.now() - before <= windows * (self.server.seconds * 1.02 + 200) + LEASE
            self.nobody_is_refused()
            self.world.run(self.world.now() + LEASE + 3 * self.server.seconds)
            if self.running:
                assert self.running[0][1].left().units == self.policy.windows[0].limit
        finally:
            self.world.close()


class OverMemory(Traffic):
    """One process, many threads."""

    most_processes = 1
    killable = False
    crowds = True

    def open_store(self):
        return MemoryStore()

    @invariant()
    def who_could_go_is_awake(self):
        """Whatever came back, the first in line was told."""
        state, now = self.running[0][1]._cell._state, self.world.now()
        if state.waiting:
            first = min(state.waiting.values(), key=lambda waiter: waiter.order)
            assert state.blocked_until > now or state.ledgers[0].wait(now, *first.amounts) > 0


class OverFile(Traffic):
    """Processes of one host."""

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()

    def open_store(self):
        return FileStore(Path(self._folder.name) / "budget")

    def teardown(self):
        try:
            super().teardown()
        finally:
            self._folder.cleanup()


def play(machine, examples):
    how = settings(
        max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=how)


def test_threads_of_one_process():
    play(OverMemory, 40)


def test_processes_over_a_file():
    play(OverFile, 80)


def test_processes_over_redis(redis_server):
    from helpdesk_bridge.ratelimit.redis_store import RedisStore

    class OverRedis(Traffic):
        """Processes of several hosts."""

        def __init__(self):
            super().__init__()
            RedisStore(redis_server.url).client.flushdb()

        def open_store(self):
            return RedisStore(redis_server.url, time=self.world.now)

    play(OverRedis, 20)


def test_processes_over_postgresql(budget_database):
    from helpdesk_bridge.ratelimit.postgres_store import PostgresStore

    class OverPostgres(Traffic):
        """Processes of several hosts."""

        def __init__(self):
            super().__init__()
            budget_database.forget()

        def open_store(self):
            return PostgresStore(budget_database.url, time=self.world.now)

    play(OverPostgres, 15)
