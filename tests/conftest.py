"""Settings of the whole suite."""

import os
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

from helpdesk_bridge.ratelimit import shared
from helpdesk_bridge.ratelimit.store import MemoryStore

# Two cores shared with other work: how long an example takes says nothing here. Speed lives in benchmarks/.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

TIMES = int(os.environ.get("HELPDESK_BRIDGE_TIMES", "1"))
"""So many times the examples of every property: a profile alone does not reach those that name their number."""


def pytest_collection_modifyitems(items):
    for item in items:
        tiers = [name for name in ("slow", "exhaustive") if item.get_closest_marker(name)]
        if len(tiers) > 1:
            raise pytest.UsageError(f"{item.nodeid} is in two tiers, {' and '.join(tiers)}: choose one")
        if TIMES != 1 and hasattr(item, "obj"):
            _multiply(item.obj)


def _multiply(test):
    function = getattr(test, "__func__", test)
    asked = getattr(function, "_hypothesis_internal_use_settings", None)
    if asked is not None and not getattr(function, "multiplied", False):
        function._hypothesis_internal_use_settings = settings(asked, max_examples=asked.max_examples * TIMES)
        function.multiplied = True  # a parametrized test comes several times


@pytest.fixture(autouse=True)
def _own_budgets():
    """Start with no budget of the process: a test's server may get the port of one that another test had."""
    with mock.patch.object(shared, "_shared", {}), mock.patch.object(shared, "_memory", MemoryStore()):
        yield
