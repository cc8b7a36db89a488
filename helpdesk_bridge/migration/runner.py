"""Runner: tasks on several threads; a task that must wait is parked and taken up again."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from typing import Protocol

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.migration.outage import Stopped


class Parked(Exception):
    """A task cannot go on before ``ready_at`` (vendor seconds of the runner's clock)."""

    def __init__(self, ready_at: float) -> None:
        super().__init__()
        self.ready_at = ready_at


class Task(Protocol):
    """One unit of work; called again after it was parked, it continues where it stopped."""

    def advance(self) -> None:
        """Do the work. Raises ``Parked`` to be called again later."""


class Runner:
    """Takes tasks from an iterator, as many at once as there are workers; the first failure stops all."""

    def __init__(self, workers: int, clock: Clock, stop: threading.Event) -> None:
        self._workers = workers
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._parked: list[tuple[float, int, Task]] = []
        self._number = itertools.count()
        self._failure: BaseException | None = None
        self._halt = threading.Event()

    def run(self, tasks: Iterator[Task], *, first_alone: bool = False) -> None:
        """Run all tasks to their end. Raises the first failure; returns early if the run is to stop.

        ``first_alone``: the others begin when the first one is done: what it learns of refusals is learned once.
        """
        first = next(tasks, None)
        if first is None:
            return
        if not first_alone or self._workers == 1:
            tasks = itertools.chain([first], tasks)
        else:
            self._work(iter([first]))
        if self._failure is not None:
            raise self._failure
        if self._workers == 1:
            self._work(tasks)
        else:
            threads = [
                threading.Thread(target=self._work, args=(tasks,), name=f"migration-{n}") for n in range(self._workers)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self, tasks: Iterator[Task]) -> None:
        try:
            while not (self._stop.is_set() or self._halt.is_set()):
                task = self._next(tasks)
                if task is None:
                    return
                try:
                    task.advance()
                except Parked as parked:
                    with self._lock:
                        heapq.heappush(self._parked, (parked.ready_at, next(self._number), task))
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - handed to whoever called run
            with self._lock:
                self._failure = self._failure or error
            self._halt.set()

    def _next(self, tasks: Iterator[Task]) -> Task | None:
        with self._lock:
            if self._parked and self._parked[0][0] <= self._clock.now():
                return heapq.heappop(self._parked)[2]
            task = next(tasks, None)
            if task is not None:
                return task
            if not self._parked:
                return None
            ready_at, _, parked = heapq.heappop(self._parked)
        if self._clock.wait(self._stop, max(0.0, ready_at - self._clock.now())):
            raise Stopped
        return parked
