"""Settings of the whole suite."""

import os
from unittest import mock
from urllib.parse import urlsplit

import postgres_server
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from helpdesk_bridge.ratelimit import shared
from helpdesk_bridge.ratelimit.store import MemoryStore

# Two cores shared with other work: how long an example takes says nothing here. Speed lives in benchmarks/.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

TIMES = int(os.environ.get("HELPDESK_BRIDGE_TIMES", "0"))
"""How many times the examples that it names each property runs. Without it the quick tier runs a third of them, but no
fewer than ten; each run draws others."""

if not TIMES:
    # Newer releases also draw what the literals of the modules at hand are. With the whole suite imported these are tens
    # of thousands, which they sift anew for each kind of text: a third of the tier's time. TIMES draws them too.
    providers.is_local_module_file = lambda _path: False


def pytest_itemcollected(item):
    tiers = _tiers(item)
    if len(tiers) > 1:
        raise pytest.UsageError(f"{item.nodeid} is in two tiers, {' and '.join(tiers)}: choose one")


@pytest.hookimpl(trylast=True)  # after -m: a function may have cases in more than one tier
def pytest_collection_modifyitems(items):
    properties = [item for item in items if item.get_closest_marker("hypothesis")]
    in_full = {_function(item) for item in properties if _tiers(item)}
    for function in {_function(item) for item in properties}:
        asked = function._hypothesis_internal_use_settings
        count = asked.max_examples
        if TIMES:
            count *= TIMES
        elif function not in in_full:
            count = max(count // 3, min(count, 10))
        function._hypothesis_internal_use_settings = settings(asked, max_examples=count)


def _tiers(item):
    return [name for name in ("slow", "exhaustive") if item.get_closest_marker(name)]


def _function(item):
    return getattr(item.obj, "__func__", item.obj)


@pytest.fixture(autouse=True)
def _own_budgets():
    """Start with no budget of the process: a test's server may get the port of one that another test had."""
    with mock.patch.object(shared, "_shared", {}), mock.patch.object(shared, "_memory", MemoryStore()):
        yield


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory, worker_id):
    """The URL of a database of this process's own, on a server that all processes of the run share."""
    import psycopg

    folder = tmp_path_factory.getbasetemp()
    with postgres_server.shared(folder if worker_id == "master" else folder.parent) as url:
        name = f"tests_{worker_id}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(url)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def _own_postgres():
    server = postgres_server.PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def own_postgres(_own_postgres):
    """A server that a test may stop and start; what an earlier test wrote is still there."""
    _own_postgres.stop()
    _own_postgres.start()
    return _own_postgres
