"""What subscribers of a desk are told about its budget."""

from __future__ import annotations

import os

import pytest

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.http.events import BudgetBack, BudgetLost, Refused, Waiting
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.simulator import create


@pytest.fixture
def told(tmp_path):
    """A desk whose budget is in a file, its clock, and the events so far."""
    clock = ManualClock(start=1000.0)
    with SimulatorServer(create(generate(2))) as server:
        table = {"vendor": "deskie", **server.app.connection, "base_url": server.url}
        with open_desk({**table, "budget": f"file:{tmp_path / 'budget'}", "max_wait": 90}, clock=clock) as desk:
            events = []
            desk.subscribe(events.append)
            desk.tickets.list().page()
            events.clear()
            yield desk, clock, events


def of(events, *kinds):
    return [event for event in events if isinstance(event, kinds)]


def test_a_lost_store_and_its_return_are_told_once_each(told, tmp_path):
    desk, clock, events = told
    path = tmp_path / "budget"
    path.rename(tmp_path / "kept")
    path.write_text("Dear diary")
    clock.advance(1)
    for _ in range(3):
        desk.tickets.list().page()
    os.replace(tmp_path / "kept", path)  # noqa: PTH105 - over what is there
    clock.advance(5)
    for _ in range(3):
        desk.tickets.list().page()
    lost, back = of(events, BudgetLost, BudgetBack)
    assert isinstance(lost, BudgetLost)
    assert lost.place == back.place == f"file {path}"
    assert "holds something else" in lost.reason


def test_a_wait_of_a_second_and_more_is_told_before_it_begins(tmp_path):
    with SimulatorServer(create(generate(2), time_scale=200.0)) as server:
        table = {"vendor": "deskie", **server.app.connection, "base_url": server.url, "time_scale": 200.0}
        # All but a unit of every window is left to others.
        more = {"budget": f"file:{tmp_path / 'budget'}", "reserve": 10_000, "max_wait": 90}
        with open_desk({**table, **more}) as desk:
            events = []
            desk.subscribe(events.append)
            desk.check()
            desk.check()
    waits = of(events, Waiting)
    assert waits
    assert of(events, Refused) == []
    for waiting in waits:
        attempt = events[events.index(waiting) + 1]
        assert (waiting.desk, waiting.operation, waiting.reason) == (attempt.desk, attempt.operation, "rate limit")
        assert 1 <= waiting.seconds <= 61
        assert attempt.waited >= 1
