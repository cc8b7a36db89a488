"""The HTTP server of ``helpdesk-bridge serve``: threads, limits and an orderly end around a WSGI application."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger("helpdesk_bridge.webhooks")
MOST_AT_ONCE: Final = 32
SOCKET_SECONDS: Final = 10.0
"""How long a client may send nothing, and how long an orderly end waits for what is in flight."""
_BACKLOG: Final = 128
_POLL_SECONDS: Final = 0.05


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


class _Server(ThreadedWSGIServer):
    daemon_threads = True

    def __init__(self, host: str, app: WSGIApplication, listening: int) -> None:
        # The listening socket is made by the caller: werkzeug exits the process where a port is taken.
        super().__init__(host, 0, app, _Handler, fd=listening)
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread, or hang up if too many are busy and none ends."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._open) < MOST_AT_ONCE, SOCKET_SECONDS):
                self.shutdown_request(request)
                return
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def drain(self, seconds: float) -> None:
        """Wait until no connection is open, and cut those that are left."""
        ended: Callable[[], bool] = lambda: not self._open  # noqa: E731 - typed, it is asked twice
        with self._changed:
            if self._changed.wait_for(ended, seconds):
                return
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(ended, seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the signature is socketserver's
        """Note that a connection failed; a traceback could show what was sent."""
        logger.debug("a connection failed")

    def log(self, type: str, message: str, *args: Any) -> None:
        """Stay quiet: paths hold the secret."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_SECONDS

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
