import pytest
import responses
from adapters.desk360.wiretap import tapped

from helpdesk_bridge.ratelimit import shared
from helpdesk_bridge.ratelimit.store import MemoryStore


@pytest.fixture
def own_budget(monkeypatch):
    """All Desk360 desks of a process share one budget; each test starts with a new one."""
    monkeypatch.setattr(shared, "_memory", MemoryStore())
    monkeypatch.setattr(shared, "_shared", {})


@pytest.fixture
def wire(own_budget):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        wiretap = tapped(mock)
        yield wiretap
        wiretap.close()


@pytest.fixture
def inbox(tmp_path):
    return str(tmp_path / "inbox.db")
