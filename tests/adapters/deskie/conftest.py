from __future__ import annotations

from contextlib import ExitStack, contextmanager

import pytest

from helpdesk_bridge import open_desk
from helpdesk_bridge.testing.simulator import SimulatorServer, mock_simulator
from helpdesk_bridge.testing.simulator.clock import SimulatorClock
from helpdesk_bridge.testing.simulator.generator import generate
from helpdesk_bridge_deskie.simulator import create

HOME = "https://robotsrule.deskie.io"


@pytest.fixture(params=["in process", "server"])
def front(request):
    return request.param


@pytest.fixture
def deskie_account(front):
    """Opens simulated accounts: ``deskie_account(tickets=…, **switches)`` gives (desk, simulator)."""
    with ExitStack() as stack:

        def account(dataset=None, *, tickets=40, seed=1, table=None, settings=None):
            # One scale for both fronts is not possible: a faster clock is for loopback only.
            scale = 200 if front == "server" else 1
            app = create(dataset or generate(tickets, seed), settings={"rate_limit": 100_000, **(settings or {})}, time_scale=scale)
            return _opened(stack, app, front, scale, table or {}), app

        yield account


def _opened(stack, app, front, scale, table):
    if front == "server":
        base = stack.enter_context(SimulatorServer(app)).url
    else:
        base = HOME
        stack.enter_context(mock_simulator(app, HOME))
    settings = {"vendor": "deskie", **app.connection, "base_url": base, "time_scale": scale, "max_wait": None, **table}
    desk = open_desk(settings)
    stack.callback(desk.close)
    return desk


@contextmanager
def in_process(dataset=None, *, settings=None, table=None, clock=None, tickets=40):
    """One simulated account in process, for tests that are about neither front."""
    with ExitStack() as stack:
        app = create(dataset or generate(tickets, 1), settings={"rate_limit": 100_000, **(settings or {})}, clock=clock)
        yield _opened(stack, app, "in process", 1, table or {}), app


@pytest.fixture
def in_process_account():
    return in_process


@pytest.fixture
def simulator_clock():
    return SimulatorClock()
