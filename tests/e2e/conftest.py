from __future__ import annotations

import os

import pytest

SLOW = os.environ.get("HELPDESK_BRIDGE_SLOW") == "1"


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: minutes long; runs with HELPDESK_BRIDGE_SLOW=1")


def pytest_collection_modifyitems(items):
    for item in items:
        if "slow" in item.keywords and not SLOW:
            item.add_marker(pytest.mark.skip(reason="minutes long: set HELPDESK_BRIDGE_SLOW=1"))
