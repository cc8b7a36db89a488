"""Threads under a virtual clock: one runs at a time, and time moves when all wait. Hours pass in milliseconds."""

from __future__ import annotations

import itertools
import math
import random
import threading
from datetime import UTC, datetime, timedelta

from attrs import define, field

from helpdesk_bridge.ratelimit import identity
from helpdesk_bridge.ratelimit.store import StoreLost


class Stuck(AssertionError):
    """Everybody waits and nothing will ever wake anyone: a wake-up was lost."""


class Killed(BaseException):
    """Ends an actor at once, as SIGKILL ends a process."""


@define(eq=False)
class Process:
    """A process number as ``identity`` gives them."""

    number: int
    counter: itertools.count = field(factory=itertools.count)
    alive: bool = True


class Dying:
    """A process's way to its cell: nothing comes through any more once the process was killed."""

    def __init__(self, cell, process):
        self._cell, self._process = cell, process

    def __getattr__(self, name):
        return getattr(self._cell, name)

    def update(self, change, *args, **kwargs):
        if not self._process.alive:
            raise StoreLost("killed")
        return self._cell.update(change, *args, **kwargs)


@define(eq=False)
class ProcessStore:
    """A store as one process reaches it."""

    store: object
    process: Process

    def cell(self, key, policy, clock):
        return Dying(self.store.cell(key, policy, clock), self.process)


@define(eq=False)
class _Actor:
    process: Process
    thread: threading.Thread | None = None
    go: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))
    event: threading.Event | None = None
    deadline: float = 0.0
    done: bool = False
    error: BaseException | None = None


class World:
    """A clock, and the actors that live by it. The order of those who could go on is drawn from ``seed``."""

    time_scale = 1.0

    def __init__(self, seed=0, start=1000.0):
        self._now = start
        self._random = random.Random(seed)
        self._actors = []
        self._baton = threading.Semaphore(0)
        self._running = None
        self._pids = itertools.count(100)
        self.processes = []
        self.switches = 0

    def now(self):
        return self._now

    def wall(self):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._now)

    def sleep(self, seconds):
        self.wait(None, seconds)

    def wait(self, event, seconds):
        actor = self._running
        if actor is None:
            raise AssertionError("only actors wait")
        actor.event, actor.deadline = event, self._now + max(seconds, 0.0)
        self._baton.release()
        actor.go.acquire()
        if not actor.process.alive:
            raise Killed
        return event is not None and event.is_set()

    def process(self):
        """Return a new process."""
        found = Process(next(self._pids) << identity.RUN_BITS)
        self.processes.append(found)
        return found

    def is_alive(self, pid):
        return any(one.alive and one.number >> identity.RUN_BITS == pid for one in self.processes)

    def spawn(self, process, target, *args):
        """Let an actor of that process begin now."""
        actor = _Actor(process, deadline=self._now)

        def run():
            actor.go.acquire()
            try:
                if process.alive:
                    target(*args)
            except Killed:
                pass
            except BaseException as error:  # noqa: BLE001 - whatever it is, the run raises it
                actor.error = error
            actor.done = True
            self._baton.release()

        actor.thread = threading.Thread(target=run, daemon=True)
        actor.thread.start()
        self._actors.append(actor)

    def kill(self, process):
        """End a process: whatever its actors do or wait for, they do nothing any more."""
        process.alive = False

    def run(self, until=math.inf):
        """Run until every actor has ended, or until then; raise what one raised, or ``Stuck``."""
        before, identity._process = identity._process, None
        alive, identity.is_alive = identity.is_alive, self.is_alive
        finished = False
        try:
            while self._actors and self._step(until):
                pass
            finished = True
        finally:
            if not finished:
                self.close()
            identity._process, identity.is_alive = before, alive
        if until < math.inf:
            self._now = max(self._now, until)

    def close(self):
        """End every actor."""
        for actor in self._actors:
            actor.process.alive = False
            actor.go.release()
            actor.thread.join()
        self._actors = []

    def _step(self, until):
        ready = [one for one in self._actors if self._is_ready(one)]
        if not ready:
            soonest = min(one.deadline for one in self._actors)
            if soonest > until:
                return False
            self._now = max(self._now, soonest)
            if math.isinf(self._now):
                raise Stuck
            ready = [one for one in self._actors if self._is_ready(one)]
        actor = self._random.choice(ready)
        self._running = actor
        identity._process = actor.process
        self.switches += 1
        actor.go.release()
        self._baton.acquire()
        self._running = None
        if actor.done:
            self._actors.remove(actor)
            actor.thread.join()
            if actor.error is not None:
                raise actor.error
        return True

    def _is_ready(self, actor):
        return (
            not actor.process.alive or actor.deadline <= self._now or (actor.event is not None and actor.event.is_set())
        )
