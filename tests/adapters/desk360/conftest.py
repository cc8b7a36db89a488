import pytest
import responses
from adapters.desk360.wiretap import tapped


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        wiretap = tapped(mock)
        yield wiretap
        wiretap.close()


@pytest.fixture
def inbox(tmp_path):
    return str(tmp_path / "inbox.db")
