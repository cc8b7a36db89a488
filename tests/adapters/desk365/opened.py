"""A Desk365 desk over its simulator, on either front, under one clock that moves by waiting only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.simulator import SimulatorClock, SimulatorServer, mock_simulator
from helpdesk_bridge_desk365.simulator import Desk365Simulator, create

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
IN_PROCESS, SERVER = "in_process", "server"
FRONTS = (IN_PROCESS, SERVER)
_numbers = itertools.count(1)


@frozen
class Opened:
    """A desk, the simulator behind it and the clock of both."""

    desk: Desk
    simulator: Desk365Simulator
    clock: ManualClock

    def asked(self, operation: str | None = None) -> list[Any]:
        """The requests so far, of one operation."""
        return [one for one in self.simulator.requests if operation in (None, one.operation)]

    def query(self, number: int = -1) -> dict[str, str]:
        """The query of a request."""
        return dict(parse_qsl(self.simulator.requests[number].query, keep_blank_values=True))


@contextmanager
def opened(
    dataset: Dataset, front: str = IN_PROCESS, *, table: dict[str, Any] | None = None, **settings: Any
) -> Iterator[Opened]:
    """Open a desk; ``settings`` are the simulator's switches, ``table`` more keys of the desk.

    The account takes no key with a scheme word before it, unlike production, so that an adapter's slip shows.
    """
    clock = ManualClock(wall=NOW)
    settings = {"bearer": False, **settings}
    simulator = create(dataset, clock=SimulatorClock(wall=clock.wall, monotonic=clock.now), settings=settings)
    keys = {"vendor": "desk365", "max_wait": None, **simulator.connection, **(table or {})}
    if front == SERVER:
        with SimulatorServer(simulator) as server, open_desk({**keys, "base_url": server.url}, clock=clock) as desk:
            yield Opened(desk, simulator, clock)
        return
    # Budgets of one origin and key are shared within a process; each test has its own origin, and so its own budget.
    origin = f"https://t{next(_numbers)}.desk365.io"
    with mock_simulator(simulator, origin), open_desk({**keys, "base_url": origin}, clock=clock) as desk:
        yield Opened(desk, simulator, clock)
