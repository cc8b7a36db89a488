"""``SimulatorClock``: wall time for records, and scaled vendor seconds for limits, tokens and late commits."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from attrs import frozen

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def _wall() -> datetime:
    return datetime.now(UTC)


class SimulatorClock:
    """Tells the time to one simulator.

    ``now()`` is unscaled and stamps records. ``elapsed()`` counts vendor seconds, ``time_scale`` of them a real one,
    and rules rate windows, expiring URLs, penalties and late commits.
    """

    def __init__(
        self,
        time_scale: float = 1.0,
        *,
        wall: Callable[[], datetime] = _wall,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (math.isfinite(time_scale) and time_scale > 0):
            raise ValueError(f"time_scale must be a positive number, not {time_scale!r}")
        self.time_scale = time_scale
        self._wall = wall
        self._monotonic = monotonic
        self._started = monotonic()
        self._advanced = 0.0
        self._lock = threading.Lock()
        self._stopped = threading.local()

    def now(self) -> datetime:
        """Return the aware wall time, not scaled."""
        stopped: Moment | None = getattr(self._stopped, "at", None)
        return self._wall() + timedelta(seconds=self._advanced) if stopped is None else stopped.wall

    def elapsed(self) -> float:
        """Return the vendor seconds since this clock was made."""
        stopped: Moment | None = getattr(self._stopped, "at", None)
        if stopped is not None:
            return stopped.elapsed
        return (self._monotonic() - self._started) * self.time_scale + self._advanced

    def moment(self, *, later: float = 0.0) -> Moment:
        """Return the present in both times, or the point that many vendor seconds after it."""
        return Moment(self.now() + timedelta(seconds=later / self.time_scale), self.elapsed() + later)

    @contextmanager
    def stopped_at(self, moment: Moment) -> Iterator[None]:
        """Tell this thread ``moment`` while the block runs: what was due then is done as it would have been then."""
        before = getattr(self._stopped, "at", None)
        self._stopped.at = moment
        try:
            yield
        finally:
            self._stopped.at = before

    def go_on(self, since: Moment, advanced: float) -> None:
        """Go on from ``since``, when the clock of an earlier process had been advanced so much: the time since then has passed."""
        with self._lock:
            self._advanced = advanced
            passed = max(0.0, (self.now() - since.wall).total_seconds()) * self.time_scale
            self._started += (self.elapsed() - since.elapsed - passed) / self.time_scale

    @property
    def advanced(self) -> float:
        """The seconds by which this clock was moved by hand."""
        return self._advanced

    def advance(self, seconds: float) -> None:
        """Move both times forward by hand; going back is a ``ValueError``."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"a clock moves forward by a number of seconds, not by {seconds!r}")
        with self._lock:
            self._advanced += seconds

    def deadline(self, seconds: float) -> Deadline:
        """Return a point ``seconds`` vendor seconds from now."""
        return Deadline(self, self.elapsed() + seconds)


@frozen
class Moment:
    """A point in both of a simulator's times: the wall time of records, and vendor seconds."""

    wall: datetime
    elapsed: float


@frozen
class Deadline:
    """A point in vendor time."""

    clock: SimulatorClock
    at: float

    @property
    def remaining(self) -> float:
        """The vendor seconds that are left, never below 0."""
        return max(0.0, self.at - self.clock.elapsed())

    @property
    def passed(self) -> bool:
        """Whether the point is reached."""
        return self.clock.elapsed() >= self.at


class Expiring(Generic[Key, Value]):
    """A mapping whose entries vanish after their vendor seconds: tokens, signed URLs, penalties."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._entries: dict[Key, tuple[float, Value]] = {}
        self._order: list[tuple[float, int, Key]] = []
        self._serial = 0
        self._lock = threading.Lock()

    def put(self, key: Key, value: Value, seconds: float) -> None:
        """Keep ``value`` for ``seconds`` vendor seconds, in place of what the key held."""
        with self._lock:
            self._forget_expired()
            at = self._clock.elapsed() + seconds
            self._serial += 1
            self._entries[key] = (at, value)
            heapq.heappush(self._order, (at, self._serial, key))

    def get(self, key: Key) -> Value | None:
        """Return the value, or None once it has expired."""
        with self._lock:
            entry = self._entries.get(key)
            return entry[1] if entry is not None and entry[0] > self._clock.elapsed() else None

    def pop(self, key: Key) -> Value | None:
        """Remove the entry and return what ``get`` would have."""
        value = self.get(key)
        with self._lock:
            self._entries.pop(key, None)
        return value

    def __len__(self) -> int:
        with self._lock:
            self._forget_expired()
            return len(self._entries)

    def _forget_expired(self) -> None:
        now = self._clock.elapsed()
        while self._order and self._order[0][0] <= now:
            _, _, key = heapq.heappop(self._order)
            entry = self._entries.get(key)
            if entry is not None and entry[0] <= now:
                del self._entries[key]
