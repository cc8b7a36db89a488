"""Two desks over simulator servers, for migrations between vendors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from attrs import frozen

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator.server import SimulatorServer

SCALES = {"deskie": 200.0, "desk365": 7200.0}


@frozen
class Served:
    """A desk and the simulator behind it; none for a local desk."""

    desk: Any
    simulator: Any = None
    url: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        return {"vendor": self.desk.vendor, **settings_for(self.simulator, self.url, self.desk.clock.time_scale)}


def settings_for(simulator: Any, url: str, scale: float) -> dict[str, Any]:
    return {**simulator.connection, "base_url": url, "time_scale": scale, "max_wait": None, "directory_ttl": 1e9}


@contextmanager
def served(vendor: str, tickets: int | Dataset, **settings: Any) -> Iterator[Served]:
    content = generate(tickets) if isinstance(tickets, int) else tickets
    with ExitStack() as stack:
        if vendor == "local":
            desk = open_desk({"vendor": "local", "path": ":memory:"}, name="local")
            stack.callback(desk.close)
            if tickets:
                desk.vendor_api.seed(content)
            yield Served(desk)
            return
        create = import_module(f"helpdesk_bridge_{vendor}.simulator").create
        scale = SCALES[vendor]
        simulator = create(content, time_scale=scale, settings=settings)
        server = stack.enter_context(SimulatorServer(simulator))
        desk = open_desk({"vendor": vendor, **settings_for(simulator, server.url, scale)}, name=vendor)
        stack.callback(desk.close)
        yield Served(desk, simulator, server.url)
