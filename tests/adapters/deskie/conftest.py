from __future__ import annotations

import itertools
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.simulator import SimulatorServer, mock_simulator
from helpdesk_bridge_deskie.simulator import create

# Desks of one origin and account share a budget in a process, so every account here has an origin of its own.
_numbers = itertools.count()


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
            app = create(
                dataset or generate(tickets, seed),
                settings={"rate_limit": 100_000, **(settings or {})},
                time_scale=scale,
            )
            return _opened(stack, app, front, scale, table or {}), app

        yield account


def _opened(stack, app, front, scale, table):
    if front == "server":
        base = stack.enter_context(SimulatorServer(app)).url
    else:
        base = f"https://test-{next(_numbers)}.deskie.io"
        stack.enter_context(mock_simulator(app, base))
    settings = {"vendor": "deskie", **app.connection, "base_url": base, "time_scale": scale, "max_wait": None, **table}
    # In process nothing is ever slow, so nobody has to wait for a repeated call either.
    clock = ManualClock(wall=datetime.now(UTC)) if front == "in process" else None
    desk = open_desk(settings, clock=clock)
    stack.callback(desk.close)
    return desk


@contextmanager
def in_process(dataset=None, *, settings=None, table=None, tickets=40):
    """One simulated account in process, for tests that are about neither front."""
    with ExitStack() as stack:
        app = create(dataset or generate(tickets, 1), settings={"rate_limit": 100_000, **(settings or {})})
        yield _opened(stack, app, "in process", 1, table or {}), app


@pytest.fixture
def in_process_account():
    return in_process
