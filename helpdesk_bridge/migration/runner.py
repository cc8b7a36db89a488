"""Runner: tasks on several threads; one that must wait is parked and taken up again, one that meets a defect ends alone."""

from __future__ import annotations

import heapq
import itertools
import threading
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from attrs import define, field
from sqlalchemy.exc import SQLAlchemyError

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import ConfigError, HelpdeskError
from helpdesk_bridge.migration.journal.states import reason_of
from helpdesk_bridge.migration.outage import Stopped
from helpdesk_bridge.migration.outcome import MigrationError
from helpdesk_bridge.migration.slices import Slices, wait

MOST_IN_A_ROW: Final = 10
"""So many tasks in a row that meet a defect: it is in all of them, and the run stops."""


class Parked(Exception):
    """A task cannot go on before ``ready_at`` (vendor seconds of the runner's clock)."""

    def __init__(self, ready_at: float) -> None:
        super().__init__()
        self.ready_at = ready_at


class Task(Protocol):
    """One unit of work; called again after it was parked, it continues where it stopped."""

    def advance(self) -> None:
        """Do the work. Raises ``Parked`` to be called again later."""


_NOT_OF_A_RECORD: Final = (Parked, Stopped, MigrationError, ConfigError, OSError, SQLAlchemyError, MemoryError)
"""What has its own meaning for the whole run; everything else is a defect, a vendor's error that nobody caught included."""


class RecordTask(Task, Protocol):
    """The work on one record."""

    def abandon(self, reason: str) -> None:
        """End the record: as failed, or as in doubt if a create may have been sent."""


@define
class Unforeseen:
    """Counts the defects that the tasks of one step meet. Shared between its workers."""

    _in_a_row: int = 0
    _lock: threading.Lock = field(factory=threading.Lock)

    def advance(self, task: RecordTask) -> None:
        """Let a record go on; one that meets a defect is ended. Raises the defect if it is one of too many in a row."""
        try:
            task.advance()
        except _NOT_OF_A_RECORD:
            raise
        except Exception as defect:
            with self._lock:
                self._in_a_row += 1
                too_many = self._in_a_row >= MOST_IN_A_ROW
            task.abandon(defect_of(defect))
            if too_many:
                raise
        else:
            with self._lock:
                self._in_a_row = 0


def defect_of(error: Exception) -> str:
    """Return the kind of an error and where in the code it was raised; never its text, which may quote a customer."""
    if isinstance(error, HelpdeskError):
        return reason_of(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"unexpected {type(error).__name__}{place}, a defect of this program: please report it"


@define
class Guarded:
    """A task whose defects end its record alone."""

    task: RecordTask
    unforeseen: Unforeseen

    def advance(self) -> None:
        """Do the work. Raises ``Parked`` to be called again later."""
        self.unforeseen.advance(self.task)


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
            work = partial(self._work, tasks)
            if isinstance(self._stop, Slices) and self._stop.sliced:
                work = partial(self._stop.crew(self._workers).work, work)
            threads = [threading.Thread(target=work, name=f"migration-{n}") for n in range(self._workers)]
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
        left = max(0.0, ready_at - self._clock.now()) / self._clock.time_scale
        if wait(self._stop, self._clock, left, "what was sent last may still arrive"):
            raise Stopped
        return parked
