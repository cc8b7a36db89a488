"""Starts a vendor's simulator with a desk on it for one test: in process by the test's clock, or on a socket."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import from_table
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.desk.connection import open_desk
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.testing.simulator.clock import SimulatorClock
from helpdesk_bridge.testing.simulator.faults import FaultPlan

if TYPE_CHECKING:  # what these need is installed with an extra
    from helpdesk_bridge.testing.simulator.app import SimulatorApp
    from helpdesk_bridge.testing.simulator.switches import Setting

REQUESTS_A_SECOND: Final = 200
"""How many requests pass in a real second over sockets, where the vendor's own clock is sped up for it."""
_numbers = itertools.count(1)


@frozen(eq=False)
class RunningSimulator:
    """A running simulator, and a desk that is connected to it."""

    desk: Desk
    simulator: SimulatorApp
    base_url: str
    settings: Mapping[str, Any] = field(repr=False)
    """The table that opens another desk there: ``open_desk(running.settings)``; in process with the test's clock."""

    @property
    def faults(self) -> FaultPlan:
        """The fault plan of the simulator: what goes wrong on the wire."""
        return self.simulator.faults


def dataset_of(*, tickets: int = 0, seed: int = 0, corpus: str | os.PathLike[str] | None = None) -> Dataset:
    """Return the records to start with: those of a corpus, or a number of made-up tickets."""
    if corpus is not None:
        from helpdesk_bridge.datasets.corpus import load_corpus

        return load_corpus(corpus)
    from helpdesk_bridge.datasets.generator import generate

    return generate(tickets, seed)


def start_simulator(
    vendor: str,
    stack: ExitStack,
    clock: Clock,
    *,
    tickets: int = 0,
    seed: int = 0,
    corpus: str | os.PathLike[str] | None = None,
    sockets: bool = False,
    switches: Mapping[str, Setting] | None = None,
    base_url: str | None = None,
    **keys: Any,
) -> RunningSimulator:
    """Start a vendor's simulator and open a desk on it; both end with ``stack``.

    ``keys`` are further keys of the desk's table. In process both live by ``clock``; over sockets by real time, sped
    up. Raises ``ConfigError`` for a vendor that is unknown or has no simulator, ``SettingError`` for a switch.
    """
    make = _maker(vendor)
    data, chosen = dataset_of(tickets=tickets, seed=seed, corpus=corpus), dict(switches or {})
    if sockets:
        from helpdesk_bridge.testing.simulator.server import SimulatorServer

        table = _table(vendor, make(data, settings=chosen), base_url="http://127.0.0.1", **keys)
        scale = automatic_scale(vendor, table)
        app = make(data, settings=chosen, time_scale=scale)
        origin = stack.enter_context(SimulatorServer(app)).url
        table = {**_table(vendor, app, base_url=origin, **keys), "time_scale": scale}
        desk = stack.enter_context(open_desk(table))
    else:
        from helpdesk_bridge.testing.simulator.in_process import mock_simulator

        app = make(data, settings=chosen, clock=SimulatorClock(wall=clock.wall, monotonic=clock.now))
        origin = _origin(vendor) if base_url is None else base_url
        stack.enter_context(mock_simulator(app, origin))
        table = _table(vendor, app, base_url=origin, **keys)
        desk = stack.enter_context(open_desk(table, clock=clock))
    return RunningSimulator(desk, app, origin, table)


def _maker(vendor: str) -> Any:
    found = registry.vendor(vendor)
    if found.simulator is None:
        raise ConfigError(
            f"{found.title} has no simulator, because it is not reached over HTTP; use the fixture `helpdesk`"
        )
    return registry.load(found.simulator)


def _table(vendor: str, app: SimulatorApp, **keys: Any) -> dict[str, Any]:
    return {"vendor": vendor, **app.connection, **keys}


def _origin(vendor: str) -> str:
    """Return an address of the vendor's that no other test uses: desks of one address share a budget."""
    domains = registry.vendor(vendor).domains
    return f"https://t{next(_numbers)}.{domains[0]}" if domains else f"http://127.0.0.1:{next(_numbers)}"


def automatic_scale(vendor: str, table: Mapping[str, Any]) -> float:
    """Return how much faster a vendor's clock has to run for ``REQUESTS_A_SECOND`` to pass; at least 1."""
    policy = registry.vendor(vendor).policy(from_table(table).settings)
    windows = policy.windows if policy is not None else ()
    scales = [REQUESTS_A_SECOND * window.seconds / window.limit for window in windows if window.counts != "rows"]
    return max([1.0, *(round(scale, 3) for scale in sorted(scales)[:1])])
