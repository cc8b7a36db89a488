"""A Redis server of the tests' own, on loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

import pytest
from attrs import define


@define(eq=False)
class RedisServer:
    """A server without persistence; what it holds is gone when it stops."""

    folder: object
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [*command, "--dir", str(self.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise AssertionError("redis-server does not listen")

    def stop(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def new_server(folder):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (apt-get install redis-server)")
    pytest.importorskip("redis", reason="the redis client is not installed (pip install 'helpdesk-bridge[redis]')")
    return RedisServer(folder, free_port())


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """One server for all tests that leave it running."""
    server = new_server(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path):
    """A server that a test may stop and start."""
    server = new_server(tmp_path)
    server.start()
    yield server
    server.stop()
