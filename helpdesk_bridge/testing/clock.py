"""``ManualClock``: a clock that moves only when a test or a wait moves it."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime, timedelta

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
