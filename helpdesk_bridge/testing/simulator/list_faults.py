"""Faults of lists: pages that drift, are skipped, or lag behind what was written."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlencode

from helpdesk_bridge.testing.simulator.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator.clock import SimulatorClock
    from helpdesk_bridge.testing.simulator.routing import RouteTable

_REMEMBERED: Final = 10_000


class ListFaults:
    """What a vendor supplies so that faults of lists can be acted out, and the memory that they need."""

    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = {}
    """The faults of lists, each with the handlers that can act it out."""

    clock: SimulatorClock
    _table: RouteTable
    MAX_BODY: ClassVar[int]

    def __init__(self) -> None:
        self._marks: deque[tuple[float, Mapping[str, int]]] = deque(maxlen=_REMEMBERED)
        self._chance = random.Random(0)  # noqa: S311 - repeatable chance, no secret

    # What a vendor overrides

    def turned(self, call: Call) -> Mapping[str, str]:  # noqa: ARG002 - for the vendor to override
        """Return the query fields that ask for the page after the one that ``call`` asks for."""
        return {}

    def drift(self, call: Call, chance: random.Random) -> None:
        """Add one record to the list that ``call`` asks for, change one and delete one, each taken by ``chance``."""

    def newest(self) -> Mapping[str, int]:
        """Tell, for each kind of record that a search may lag behind with, how many were ever entered."""
        return {}

    # What a vendor uses

    def entered(self, call: Call, kind: str) -> int | None:
        """Return how many records of ``kind`` this list knows of yet, None where it is up to date."""
        if call.fault is None or call.fault.kind != "stale_search":
            return None
        then = self.clock.elapsed() - call.fault.seconds
        return next((marks[kind] for at, marks in reversed(self._marks) if at <= then), self._marks[0][1][kind])

    # What the application does

    def forget_marks(self) -> None:
        """Start over: what is there now counts as old."""
        self._marks.clear()
        self._marks.append((-1.0, self.newest()))
        self._chance.seed(0)

    def mark(self) -> None:
        """Note after a write what is there."""
        found = self.newest()
        if not self._marks or found != self._marks[-1][1]:
            self._marks.append((self.clock.elapsed(), found))

    def page_after(self, call: Call) -> Call:
        """Return the call for the page after the one asked for."""
        query = call.query.copy()
        for name, value in self.turned(call).items():
            query[name] = value
        environ = {**call.environ, "QUERY_STRING": urlencode(list(query.items(multi=True)))}
        return Call(environ, self._table.match(call.method, call.path), max_body=self.MAX_BODY)
