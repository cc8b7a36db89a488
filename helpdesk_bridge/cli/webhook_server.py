"""The HTTP server of ``helpdesk-bridge serve``: threads, limits and an orderly end around a WSGI application.

It is made for trusted networks: this machine, or what a proxy lets through. Its limits keep room for real webhooks where
somebody opens connections and says little: a request has one deadline from its first byte to its last, and where a
connection too many comes, the one that has been silent for longest, of the address that has most, makes room.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import logging
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import define
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from helpdesk_bridge.clock import real_seconds

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger("helpdesk_bridge.webhooks")
MOST_AT_ONCE: Final = 64
MOST_OF_AN_ADDRESS: Final = 32
"""Connections of one address; of IPv6, of one network of 64 bits, which is what a single customer has."""
REQUEST_SECONDS: Final = 10.0
"""How long a request may take to arrive in all, headers and body."""
SOCKET_SECONDS: Final = 10.0
"""How long an answer may take to leave, and how long an orderly end waits for what is in flight."""
_BACKLOG: Final = 128
_POLL_SECONDS: Final = 0.05
_BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class WebhookServer:
    """Serves an application until ``stop``, which answers what is in flight first. Nothing of a request is logged."""

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Listen and serve in the background; return the address. Raises ``OSError`` if it cannot listen."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        with socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG) as listening:
            self._server = _Server(self._host, self._app, listening.fileno())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, name="webhooks", daemon=True
        )
        # Python runs signal handlers in the main thread alone; one that the kernel gives to another thread would wait there
        # for as long as the main thread sleeps. Threads inherit what is blocked, so the main one alone gets them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        try:
            self._thread.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.port}/"

    def stop(self) -> None:
        """Take no new connection, wait for those in flight, cut those that do not end."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.drain(SOCKET_SECONDS)
        self._server.server_close()
        self._server = self._thread = None


@define(eq=False)
class _Client:
    """An open connection; ``waits`` says that nothing is lost by hanging up: more has to come, or the answer has left."""

    connection: socket.socket
    network: str
    deadline: float
    waits: bool = True
    answered: bool = False


class _Server(ThreadedWSGIServer):
    daemon_threads = True

    def __init__(self, host: str, app: WSGIApplication, listening: int) -> None:
        # The listening socket is made by the caller: werkzeug exits the process where a port is taken.
        super().__init__(host, 0, self._answer, _Handler, fd=listening)
        self._served = app
        self.open: dict[socket.socket, _Client] = {}
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread; where too many are busy, hang up on one that only waits, or on this one."""
        client = _Client(request, _network(client_address), real_seconds() + REQUEST_SECONDS)
        with self._changed:
            if not self._has_room(client.network):
                _refuse(request)
                self.shutdown_request(request)
                return
            self.open[request] = client
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the machine gives no more threads
            self._forget(request)
            raise

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        yield from self._served(environ, start_response)
        # What is read from here on is thrown away: the client may not have ended its request.
        client = self.open.get(environ["werkzeug.socket"])
        if client is not None:
            client.answered = client.waits = True

    def _has_room(self, network: str) -> bool:
        counts = Counter(one.network for one in self.open.values())
        if counts[network] >= MOST_OF_AN_ADDRESS:
            return self._hang_up(lambda one: one.network == network)
        if len(self.open) < MOST_AT_ONCE:
            return True
        most = max(counts.values())
        return self._hang_up(lambda one: counts[one.network] == most) or self._hang_up(lambda _: True)

    def _hang_up(self, may: Callable[[_Client], bool]) -> bool:
        """Hang up on the first that came of those that wait; return whether there is one."""
        client = next((one for one in self.open.values() if one.waits and may(one)), None)
        if client is None:
            return False
        _cut(self.open.pop(client.connection).connection)
        return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def _forget(self, request: Any) -> None:
        with self._changed:
            self.open.pop(request, None)
            self._changed.notify_all()

    def drain(self, seconds: float) -> None:
        """Wait until no connection is open, and cut those that are left."""
        ended: Callable[[], bool] = lambda: not self.open  # noqa: E731 - typed, it is asked twice
        with self._changed:
            if self._changed.wait_for(ended, seconds):
                return
            for connection in self.open:
                _cut(connection)
            self._changed.wait_for(ended, seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the signature is socketserver's
        """Note that a connection failed; a traceback could show what was sent."""
        logger.debug("a connection failed", extra={"event": "webhooks.connection_failed"})

    def log(self, type: str, message: str, *args: Any) -> None:
        """Stay quiet: paths hold the secret."""


def _network(address: tuple[str, int]) -> str:
    try:
        found = ipaddress.ip_address(address[0].partition("%")[0])
    except ValueError:
        return address[0]
    if isinstance(found, ipaddress.IPv4Address) or found.ipv4_mapped is not None:
        return str(getattr(found, "ipv4_mapped", None) or found)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _refuse(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setblocking(False)
        connection.send(_BUSY)


class _Incoming(io.RawIOBase):
    """What a client sends, until its deadline."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        client = self._client
        left = client.deadline - real_seconds()
        if left <= 0:
            raise TimeoutError
        client.connection.settimeout(left)
        client.waits = True
        try:
            return client.connection.recv_into(buffer)
        finally:
            client.waits = client.answered
            client.connection.settimeout(SOCKET_SECONDS)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Read what the client sends through its deadline."""
        super().setup()
        self.rfile.close()
        client = cast("_Server", self.server).open.get(self.request) or _Client(
            self.request, "", 0.0
        )  # hung up on already
        self.rfile = io.BufferedReader(_Incoming(client))

    def handle_expect_100(self) -> bool:
        """Leave "100 Continue" to ``run_wsgi``, which says it as well."""
        return True

    def version_string(self) -> str:
        """Return a name without versions."""
        return "helpdesk-bridge"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay quiet: the request line holds the secret."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Stay quiet, for the same reason."""
