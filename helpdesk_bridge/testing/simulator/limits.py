"""The rate limit of vendors: a number of units in a window that starts at the first request."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from attrs import define, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_SWEEP_AT = 4096


def whole_seconds(seconds: float, *, least: int = 1) -> int:
    """Round vendor seconds up for a header, so that it never names too short a wait."""
    return max(least, math.ceil(seconds))


@frozen
class Allowance:
    """The answer of a limit to one request. ``retry_after`` is 0 if it is allowed; ``reset`` is when the window ends.

    Both are vendor seconds from now, with fractions; ``whole_seconds`` makes a header of them.
    """

    allowed: bool
    limit: int
    remaining: int
    retry_after: float
    reset: float


@define
class _Window:
    started: float
    used: int


class FixedWindow:
    """Counts units for each key in windows of ``seconds`` vendor seconds, starting at the key's first request.

    ``limit`` may be changed while it runs. Refused requests are not charged, unless ``charge_refused``.
    """

    def __init__(
        self, limit: int, seconds: float, elapsed: Callable[[], float], *, charge_refused: bool = False
    ) -> None:
        self.limit = limit
        self.seconds = seconds
        self._elapsed = elapsed
        self._charge_refused = charge_refused
        self._windows: dict[Hashable, _Window] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable, units: int = 1) -> Allowance:
        """Spend ``units`` of the key's window, all or nothing."""
        with self._lock:
            window = self._current(key)
            allowed = window.used + units <= self.limit
            if allowed or self._charge_refused:
                window.used += units
            return self._told(window, allowed=allowed)

    def peek(self, key: Hashable) -> Allowance:
        """Return the state of a key without spending units or starting a window."""
        with self._lock:
            now = self._elapsed()
            window = self._windows.get(key)
            if window is None or now >= window.started + self.seconds:
                window = _Window(now, 0)
            return self._told(window, allowed=True)

    def running(self) -> dict[Hashable, Allowance]:
        """Return the state of every key whose window has not ended."""
        with self._lock:
            now = self._elapsed()
            return {
                key: self._told(window, allowed=True)
                for key, window in self._windows.items()
                if now < window.started + self.seconds
            }

    def clear(self) -> None:
        """Forget all windows."""
        with self._lock:
            self._windows.clear()

    def _current(self, key: Hashable) -> _Window:
        now = self._elapsed()
        window = self._windows.get(key)
        if window is None or now >= window.started + self.seconds:
            if len(self._windows) >= _SWEEP_AT:
                self._windows = {k: w for k, w in self._windows.items() if now < w.started + self.seconds}
            window = self._windows[key] = _Window(now, 0)
        return window

    def _told(self, window: _Window, *, allowed: bool) -> Allowance:
        reset = max(0.0, window.started + self.seconds - self._elapsed())
        return Allowance(allowed, self.limit, max(0, self.limit - window.used), 0.0 if allowed else reset, reset)
