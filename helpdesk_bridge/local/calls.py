"""The calls that reached a local desk, for tests to look at."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from attrs import frozen

_KEPT: Final = 10_000


@frozen
class Call:
    """One call: the operation in the port's words and the id of the record it was about, if any."""

    operation: str
    record_id: str | None = None


class Calls:
    """The last 10,000 calls, oldest first. Safe to share between threads."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def add(self, operation: str, record_id: str | None = None) -> None:
        """Note a call."""
        with self._lock:
            self._calls.append(Call(operation, record_id))

    def all(self) -> tuple[Call, ...]:
        """Return the calls so far."""
        with self._lock:
            return tuple(self._calls)

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._calls.clear()
