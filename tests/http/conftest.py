"""A scripted loopback server that speaks raw bytes, so that every wire fault can be played exactly."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading

import pytest
from attrs import define, field
from requests.auth import AuthBase

from helpdesk_bridge.http import EventBus, HttpOptions, open_transport
from helpdesk_bridge.ratelimit import RateLimitPolicy, Window
from helpdesk_bridge.testing.clock import ManualClock

CANARY = "s3cr3t-canary-7f1e"


@define
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def answer(body=b"{}", status="200 OK", **headers):
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('__', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def reset(conn):
    """Close so that the other side gets RST instead of FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    hang_up(conn)


def hang_up(conn):
    """Serve nothing more on this connection."""
    raise ConnectionAbortedError


@define
class WireServer:
    """``play(conn, received)`` answers each request; what it returns, if anything, is sent."""

    play: object = None
    received: list[Received] = field(factory=list)
    port: int = 0
    _wrap: object = lambda conn: conn
    _listener: socket.socket = None
    _threads: list[threading.Thread] = field(factory=list)
    _open: list[socket.socket] = field(factory=list)

    def start(self, port=0):
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._run(self._accept)
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for conn in self._open:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for conn in self._open:
            conn.close()
        self._open.clear()
        self._threads.clear()

    def _run(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self._listener.accept()
                self._open.append(conn)
                self._run(self._serve, conn)

    def _serve(self, plain):
        try:
            conn = self._wrap(plain)
        except OSError:
            plain.close()
            return
        stream = conn.makefile("rb")
        with contextlib.suppress(OSError, ValueError), stream:
            while (received := _read(stream)) is not None:
                self.received.append(received)
                data = self.play(conn, received)
                if data:
                    conn.sendall(data)
        conn.close()


def _read(stream):
    start = stream.readline().decode()
    if not start.strip():
        return None
    method, target, _ = start.split(" ", 2)
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(": ")
        headers[name] = value
    body = stream.read(int(headers.get("Content-Length", 0)))
    return Received(method, target, headers, body)


class KeyAuth(AuthBase):
    """A custom key header: the kind that requests itself would send along on a redirect."""

    def __call__(self, request):
        request.headers["X-Api-Key"] = CANARY
        request.headers["Authorization"] = f"Basic {CANARY}"
        return request


def no_error(request, response):
    return None


@pytest.fixture
def wire():
    """Start a scripted server: ``wire(play)``."""
    servers = []

    def start(play=None):
        server = WireServer(play or (lambda conn, received: answer())).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect():
    """Open a stack to a base URL on a manual clock; its policy never makes anybody wait unless told."""
    stacks = []

    def start(base_url, *, classify=no_error, policy=None, clock=None, auth=None, events=None, **options):
        stack = open_transport(
            base_url=base_url,
            auth=auth or KeyAuth(),
            policy=policy or RateLimitPolicy(windows=(Window(10_000, 60, "units"),)),
            scope_key=f"account {CANARY}",
            classify=classify,
            vendor="testvendor",
            desk="support",
            options=HttpOptions(**options),
            clock=clock or ManualClock(),
            events=events or EventBus(),
        )
        stacks.append(stack)
        return stack

    yield start
    for stack in stacks:
        stack.close()


@pytest.fixture
def canary():
    return CANARY


@pytest.fixture
def say():
    """Build an answer: ``say(document, status=…, **headers)``."""

    def build(document=None, status="200 OK", **headers):
        return answer(json.dumps({} if document is None else document).encode(), status, **headers)

    return build


@pytest.fixture
def rst():
    return reset
