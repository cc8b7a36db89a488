"""``SimulatorServer``: a simulator on a loopback port, a threaded HTTP/1.1 server with keep-alive on werkzeug's."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from helpdesk_bridge.http.origin import is_loopback
from helpdesk_bridge.testing.simulator.breakage import ConnectionBroken
from helpdesk_bridge.testing.simulator.faults import CONNECT_TIMEOUT, FaultError
from helpdesk_bridge.testing.simulator.switches import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication

    from helpdesk_bridge.testing.simulator.app import SimulatorApp

logger = logging.getLogger("helpdesk_bridge.simulator")
_POLL_SECONDS = 0.05
_LINGER_SECONDS = 0.5
_LINGER_BYTES = 256 << 20
_BACKLOG = 256
_FULL_SECONDS = 0.05
"""How long a connection on this machine may take before the queue of connections counts as full."""
_MOST_FILLERS = 8
SHORTEST_TOKEN = 16
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address that is looked for, not listened on
"""Where a simulator that listens on every address is reached from this machine."""


class SimulatorServer:
    """Serves one simulator on a loopback address, on a free port by default; nothing is printed or logged.

    On any other ``host``, such as 0.0.0.0 in a container, ``token`` is what ``/_sim`` asks for, as ``Authorization: Bearer
    TOKEN``; addresses in answers are then those by which each client came. A context manager; ``stop()`` ends every open
    connection and returns when all threads are gone.
    """

    def __init__(self, app: SimulatorApp, port: int = 0, *, host: str = "127.0.0.1", token: str | None = None) -> None:
        if not is_loopback(host) and token is None:
            raise SettingError(
                f"a simulator listens on a loopback address only, not on {host!r}, unless a token guards its admin routes; "
                "use 127.0.0.1 or ::1, or give a token"
            )
        if token is not None and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
            raise SettingError(f"the token of the admin routes has at least {SHORTEST_TOKEN} characters of ASCII")
        self.app = app
        app.admin_token = token
        app.follows_host = not is_loopback(host)
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen and serve in the background. Raises ``OSError`` if the port is taken."""
        if self._server is not None:
            raise RuntimeError("the simulator is already running")
        family, _, _, _, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[0]
        with socket.create_server((address[0], self._port), family=family, backlog=_BACKLOG) as listening:
            self._server = _Server(str(address[0]), self.app, listening.fileno())
        self.app.served_at(self.url)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name=f"simulator-{self.app.vendor}",
            daemon=True,
        )
        self._thread.start()
        self.app.faults.changed = self._follow_faults
        self._follow_faults()
        return self

    def _follow_faults(self) -> None:
        """Refuse connections for as long as a fault says so."""
        server, injections = self._server, self.app.faults.in_force(CONNECT_TIMEOUT)
        if any(injection.fault.on is not None for injection in injections):
            raise FaultError(
                "fault 'connect_timeout': over sockets a connection is refused before its request is known; omit `on`, "
                "or inject the fault in process or at the port"
            )
        if server is None:
            return
        if not injections:
            server.take_connections()
            return
        lasting = injections[-1].fault.seconds
        server.drop_connections(injections[-1].remove if lasting else None, lasting)

    def stop(self) -> None:
        """Stop listening, end all connections and wait for their threads; harmless if it is not running."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self.app.faults.changed = lambda: None
        # Where a listening socket cannot be shut, its next look at the clock ends it.
        with contextlib.suppress(OSError):
            server.socket.shutdown(socket.SHUT_RDWR)
        server.shutdown()
        thread.join()
        server.take_connections()
        server.end_connections()
        server.server_close()
        self._server = self._thread = None

    @property
    def url(self) -> str:
        """Scheme, host and port, such as ``http://127.0.0.1:4711``."""
        if self._server is None:
            raise RuntimeError("the simulator is not running")
        reached = _EVERYWHERE.get(self._host, self._host)
        host = f"[{reached}]" if ":" in reached else reached
        return f"http://{host}:{self._server.port}"

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return self._server.open_connections if self._server is not None else 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadedWSGIServer):
    daemon_threads = True

    def __init__(self, host: str, app: WSGIApplication, listening: int) -> None:
        # The listening socket is made by the caller: werkzeug exits the process where a port is taken.
        super().__init__(host, 0, app, _Handler, fd=listening)
        self._open: dict[socket.socket, threading.Thread] = {}
        self._open_lock = threading.Lock()
        self._busy: set[socket.socket] = set()
        self._accepting = threading.Lock()
        self._fillers: list[socket.socket] = []
        self._again: tuple[float, Callable[[], object]] | None = None
        self.reachable = True

    @property
    def open_connections(self) -> int:
        return len(self._open)

    # Out of reach: with its queue full, the kernel answers no new connection, and the client's time runs out.

    def drop_connections(self, end: Callable[[], object] | None, seconds: float) -> None:
        """Accept no connection and end idle ones; call ``end`` after that many real seconds."""
        with self._accepting:
            self._again = None if end is None else (time.monotonic() + seconds, end)
            if not self.reachable:
                return
            self.reachable = False
            self.socket.listen(0)
            self._fill_queue()
        with self._open_lock:
            idle = [connection for connection in self._open if connection not in self._busy]
        for connection in idle:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _fill_queue(self) -> None:
        for _ in range(_MOST_FILLERS):
            filler = socket.socket(self.address_family, socket.SOCK_STREAM)
            self._fillers.append(filler)
            filler.settimeout(_FULL_SECONDS)
            try:
                filler.connect(self.socket.getsockname())
            except OSError:
                return

    def take_connections(self) -> None:
        """Accept connections again."""
        with self._accepting:
            self._again = None
            if self.reachable:
                return
            for filler in self._fillers:
                filler.close()
            self._fillers.clear()
            self.socket.listen(_BACKLOG)
            self.reachable = True

    def _handle_request_noblock(self) -> None:
        with self._accepting:
            if self.reachable:
                super()._handle_request_noblock()  # type: ignore[misc]  # typeshed leaves socketserver's own name out
                return
        time.sleep(_POLL_SECONDS)

    def service_actions(self) -> None:
        again = self._again
        if again is not None and time.monotonic() >= again[0]:
            again[1]()

    def working(self, connection: socket.socket) -> None:
        """Note that a request is being answered on a connection."""
        with self._open_lock:
            self._busy.add(connection)

    def idle(self, connection: socket.socket) -> None:
        """Note that its answer is sent."""
        with self._open_lock:
            self._busy.discard(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._open_lock:
            self._open[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.pop(request, None)
                self._busy.discard(request)

    def end_connections(self) -> None:
        with self._open_lock:
            connections = list(self._open.items())
        for connection, _ in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in connections:
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the signature is socketserver's
        logger.error(
            "a simulator connection failed",
            exc_info=True,  # noqa: LOG014 - socketserver calls it from an except block
            extra={"event": "simulator.connection_failed"},
        )

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: ARG002 - the signature is werkzeug's
        logger.debug(message, *args, extra={"event": "simulator.server"})


class _Handler(WSGIRequestHandler):
    """Werkzeug's handler, but it keeps connections alive and sends each answer in one piece."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  # nothing else makes these handlers
    protocol_version = "HTTP/1.1"
    rbufsize = 1 << 16

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay quiet."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: ARG002 - the signature is werkzeug's
        """Log what http.server complains about, such as a malformed request line."""
        logger.debug(message, *args, extra={"event": "simulator.server"})

    def run_wsgi(self) -> None:
        """Answer one request; the connection stays open unless the answer or the client says otherwise."""
        environ = self.make_environ()
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ARG001
            started[:] = [status, headers]

        self.server.working(self.connection)
        try:
            chunks = self.server.app(environ, start_response)
            self._write(started[0], started[1], chunks)
        except ConnectionBroken:
            self.close_connection = True
        except OSError:
            self.close_connection = True
        finally:
            self.server.idle(self.connection)
            self.close_connection = self.close_connection or not self.server.reachable

    def _write(self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes]) -> None:
        lines = [f"HTTP/1.1 {status}"]
        announced = -1
        for name, value in headers:
            lowered = name.lower()
            if lowered == "content-length":
                announced = int(value)
            elif lowered == "connection" and value.lower() == "close":
                self.close_connection = True
            lines.append(f"{name}: {value}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        sent = 0
        pending = head
        for chunk in chunks:
            sent += len(chunk)
            self.wfile.write(pending + chunk)
            pending = b""
        if pending:
            self.wfile.write(pending)
        if announced > sent and self.command != "HEAD":
            self.close_connection = True
        if self.close_connection:
            self._let_client_read()

    def _let_client_read(self) -> None:
        """Discard what the client still sends: closing over unread bytes would reset the answer away."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            left = _LINGER_BYTES
            while left > 0 and (data := self.connection.recv(1 << 16)):
                left -= len(data)
