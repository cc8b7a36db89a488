"""Faults of lists: the history of record counts, for searches that lag behind, and the call for the next page."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from helpdesk_bridge.testing.simulator.call import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helpdesk_bridge.testing.simulator.clock import SimulatorClock
    from helpdesk_bridge.testing.simulator.routing import RouteTable

_REMEMBERED: Final = 10_000


class RecordCounts:
    """The history of how many records of each kind had been created, for the last 10,000 writes."""

    def __init__(self, clock: SimulatorClock, count: Callable[[], Mapping[str, int]]) -> None:
        self._clock = clock
        self._count = count
        self._counts: deque[tuple[float, Mapping[str, int]]] = deque(maxlen=_REMEMBERED)

    def start_over(self) -> None:
        """Forget the history: all present records count as old."""
        self._counts.clear()
        self._counts.append((-1.0, self._count()))

    def update(self) -> None:
        """Count again after a write."""
        counts = self._count()
        if not self._counts or counts != self._counts[-1][1]:
            self._counts.append((self._clock.elapsed(), counts))

    def before(self, seconds: float, kind: str) -> int:
        """Return how many records of ``kind`` there were so many vendor seconds ago."""
        then = self._clock.elapsed() - seconds
        return next((counts[kind] for at, counts in reversed(self._counts) if at <= then), self._counts[0][1][kind])


def with_query(call: Call, fields: Mapping[str, str], table: RouteTable, *, max_body: int) -> Call:
    """Return the same call with other query fields."""
    query = call.query.copy()
    for name, value in fields.items():
        query[name] = value
    environ = {**call.environ, "QUERY_STRING": urlencode(list(query.items(multi=True)))}
    return Call(environ, table.match(call.method, call.path), max_body=max_body)
