"""Clocks for tests: ``ManualClock`` moves only when a test or a wait moves it, ``SkippingClock`` does not wait."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.forks import new_lock

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    """A :class:`~helpdesk_bridge.clock.Clock` that moves only by ``sleep``, ``wait`` and ``advance``.

    ``slept`` lists every wait in order, so that a test can assert exactly how long a caller would have waited. Safe
    to share between threads.
    """

    def __init__(self, start: float = 0.0, wall: datetime = EPOCH, *, time_scale: float = 1.0) -> None:
        self.time_scale = time_scale
        self.slept: list[float] = []
        self._start = start
        self._now = start
        self._wall = wall
        self._lock = new_lock()

    def now(self) -> float:
        """Return the seconds of this clock."""
        with self._lock:
            return self._now

    def wall(self) -> datetime:
        """Return the wall time of the start plus the seconds that have passed."""
        with self._lock:
            return self._wall + timedelta(seconds=self._now - self._start)

    def advance(self, seconds: float) -> None:
        """Let time pass without a recorded wait."""
        if seconds < 0:
            message = "a monotonic clock never goes back"
            raise ValueError(message)
        with self._lock:
            self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Move the clock forward at once and record the wait."""
        if seconds <= 0:
            return
        with self._lock:
            self._now += seconds
            self.slept.append(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Return True if the event is set; otherwise move forward as ``sleep`` does.

        An infinite wait has no end to move to, so it really waits for another thread to set the event.
        """
        if event.is_set():
            return True
        if math.isinf(seconds):
            return event.wait()
        self.sleep(seconds)
        return event.is_set()


class SkippingClock:
    """A :class:`~helpdesk_bridge.clock.Clock` over another, for which waits are over at once: the time they take has passed.

    ``slept`` lists every wait in order. Over a clock that waits without waiting, such as ``ManualClock``, it leaves the
    waits to that. Safe to share between threads.
    """

    def __init__(self, inner: Clock | None = None) -> None:
        self.inner: Clock = inner or SystemClock()
        self.slept: list[float] = []
        self._skips = inner is None
        self._skipped = 0.0
        self._lock = new_lock()
        self._stopped = threading.local()

    @property
    def time_scale(self) -> float:
        """The scale of the inner clock."""
        return self.inner.time_scale

    def now(self) -> float:
        """Return the seconds of this clock."""
        return self.inner.now() + self._skipped

    def wall(self) -> datetime:
        """Return the time of day, skipped waits included."""
        stopped: datetime | None = getattr(self._stopped, "at", None)
        return self.inner.wall() + timedelta(seconds=self._skipped) if stopped is None else stopped

    @contextmanager
    def stopped_at(self, wall: datetime) -> Iterator[None]:
        """Tell this thread ``wall`` as the time of day while the block runs."""
        before = getattr(self._stopped, "at", None)
        self._stopped.at = wall
        try:
            yield
        finally:
            self._stopped.at = before

    def advance(self, seconds: float) -> None:
        """Let time pass without a recorded wait."""
        if seconds < 0:
            message = "a monotonic clock never goes back"
            raise ValueError(message)
        with self._lock:
            self._skipped += seconds

    def sleep(self, seconds: float) -> None:
        """Be over at once, the seconds having passed."""
        if not self._skips:
            self.inner.sleep(seconds)
        elif seconds > 0:
            self.advance(seconds)
            self.slept.append(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Return True if the event is set; otherwise be over at once. An infinite wait waits for another thread."""
        if not self._skips or event.is_set() or math.isinf(seconds):
            return self.inner.wait(event, seconds)
        self.sleep(seconds)
        return event.is_set()
