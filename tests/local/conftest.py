from __future__ import annotations

import pytest

from helpdesk_bridge import open_desk
from helpdesk_bridge.store.store import LocalStore
from helpdesk_bridge.testing.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=["memory", "file"])
def path(request, tmp_path):
    return ":memory:" if request.param == "memory" else str(tmp_path / "desk.db")


@pytest.fixture
def desk(path, clock):
    with open_desk({"vendor": "local", "path": path}, clock=clock) as opened:
        yield opened


@pytest.fixture
def store(path, clock):
    opened = LocalStore(path, clock)
    yield opened
    opened.close()
