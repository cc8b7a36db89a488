"""Slices: a migration that works for a while, and then holds still until it is asked again.

Between two slices its threads stand where they are, at the next place where they look whether to stop. So a list that is
half read goes on with its next page, and nothing is sent.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Final, TypeVar

from attrs import define, frozen

from helpdesk_bridge.clock import Clock

T = TypeVar("T")

SHORT: Final = 1.0
"""Real seconds of a wait for which no slice ends."""


@frozen
class Waiting:
    """A slice has ended before its migration has: ask for the next at ``until``, by this machine's clock.

    ``reason`` is what is waited for until then: a side's rate limit, its outage, the hours; empty if only the slice's time
    was over.
    """

    until: datetime
    reason: str


@define(eq=False)
class Crew:
    """The threads that do a step's work in place of the thread that started them, until the last of them has ended."""

    _slices: Slices
    _left: int

    def work(self, work: Callable[[], None]) -> None:
        """Do the work of one of them."""
        self._slices.join()
        try:
            work()
        finally:
            self._slices.dismiss(self)

    def one_left(self) -> bool:
        """Whether the one that ends is the last, whose place the thread that started them takes again."""
        self._left -= 1
        return self._left == 0


class Slices(threading.Event):
    """The request to stop, which a migration's threads look at wherever they can; between slices they wait there.

    Outside of a sliced migration it is an event like any other.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._turn = threading.Condition()
        self._mine = threading.local()
        self._open_until = -math.inf
        self._awake = 0
        self._resting: dict[int, tuple[float, str]] = {}

    @property
    def sliced(self) -> bool:
        """Whether this thread works in slices."""
        return getattr(self._mine, "sliced", False)

    def is_set(self) -> bool:
        """Whether to stop; a thread that works in slices is held here until a slice is open."""
        if self.sliced and self._now() >= self._open_until:
            self._rest(0.0, "")
        return super().is_set()

    def set(self) -> None:
        """Have all threads stop, those that are held as well."""
        super().set()
        with self._turn:
            self._turn.notify_all()

    def rest(self, seconds: float, reason: str) -> bool:
        """Hold a thread that works in slices for so many real seconds and until a slice is open; return whether to stop."""
        self._rest(seconds, reason)
        return super().is_set()

    def _now(self) -> float:
        return self._clock.now() / self._clock.time_scale

    def _rest(self, seconds: float, reason: str) -> None:
        me, until = threading.get_ident(), self._now() + seconds
        with self._turn:
            self._resting[me] = (until, reason)
            self._awake -= 1
            self._turn.notify_all()
            while me in self._resting:
                now = self._now()
                if super().is_set() or until <= now < self._open_until:
                    self._wake(me)
                else:
                    self._turn.wait(until - now if until > now and now < self._open_until else None)

    def _wake(self, thread: int) -> None:
        del self._resting[thread]
        self._awake += 1

    # -- who works -------------------------------------------------------------------------------------------------

    def join(self) -> None:
        """Have the calling thread work in slices."""
        self._mine.sliced = True

    def crew(self, count: int) -> Crew:
        """Return the place of ``count`` threads, one of which takes the calling thread's."""
        with self._turn:
            self._awake += count - 1
        return Crew(self, count)

    def dismiss(self, crew: Crew) -> None:
        """Let one of a crew go."""
        with self._turn:
            if not crew.one_left():
                self._leave()

    def _leave(self) -> None:
        self._awake -= 1
        self._turn.notify_all()

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Start a thread that works in slices, and return what becomes of its work; it is held until a slice is open."""
        outcome: Future[T] = Future()

        def main() -> None:
            self.join()
            try:
                self.is_set()
                outcome.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the outcome
                outcome.set_exception(error)
            finally:
                with self._turn:
                    self._leave()

        with self._turn:
            self._awake += 1
        threading.Thread(target=main, name="migration in slices", daemon=True).start()
        return outcome

    def open(self, seconds: float) -> Waiting:
        """Let the threads work for so many real seconds, and return when all of them rest or have ended.

        That is sooner if all wait for something, and later by what takes long between two looks.
        """
        with self._turn:
            began = self._now()
            self._open_until = began + seconds
            for thread, (until, _) in list(self._resting.items()):
                if until <= began:
                    self._wake(thread)
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._awake == 0)
            self._open_until = -math.inf
            until, reason = min(self._resting.values(), default=(self._now(), ""))
        wait = max(0.0, until - self._now())
        return Waiting(self._clock.wall() + timedelta(seconds=wait), reason)


def wait(stop: threading.Event, clock: Clock, seconds: float, reason: str) -> bool:
    """Wait for real seconds, or until the next slice after them; return whether to stop."""
    if isinstance(stop, Slices) and stop.sliced and seconds > SHORT:
        return stop.rest(seconds, reason)
    return clock.wait(stop, seconds * clock.time_scale)
