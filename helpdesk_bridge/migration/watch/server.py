"""The page's server: on loopback alone, for whoever has the address with this start's token, and for no other web page."""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from werkzeug.serving import WSGIRequestHandler, make_server

from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.http.origin import is_foreign
from helpdesk_bridge.migration.watch.state import WatchedJournal, summed
from helpdesk_bridge.web_page import NOT_KEPT, self_contained

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 16
Answered = tuple[str, bytes, Mapping[str, str]]


class WatchPage:
    """The WSGI application: the page at ``/``, and at ``/state`` what it shows, as JSON, for who has the token."""

    def __init__(self, journals: Sequence[Path], token: str, clock: Clock | None = None) -> None:
        self._journals = [WatchedJournal(journal) for journal in journals]
        self._token = token
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        status, body, headers = self._answer(environ)
        start_response(status, [*headers.items(), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> Answered:
        said = (environ.get(f"HTTP_{name}") for name in ("HOST", "ORIGIN", "SEC_FETCH_SITE"))
        if is_foreign(*said):
            return _refused("403 Forbidden", "this is for this machine's own page alone")
        if environ.get("REQUEST_METHOD") != "GET":
            return _refused("405 Method Not Allowed", "this page only shows", Allow="GET")
        path = environ.get("PATH_INFO", "")
        if path == "/":
            return "200 OK", *self_contained("helpdesk_bridge.migration.watch")
        if path != "/state":
            return _refused("404 Not Found", "there is nothing here")
        scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return _refused("401 Unauthorized", "open the address that the command printed", **_ASKS)
        with self._lock:
            states = [journal.state() for journal in self._journals]
        return "200 OK", json.dumps(summed(states, self._clock.wall())).encode(), {**NOT_KEPT, **_JSON}


_JSON: Final = {"Content-Type": "application/json"}
_ASKS: Final = {"WWW-Authenticate": "Bearer"}


def _refused(status: str, why: str, **headers: str) -> Answered:
    return status, json.dumps({"error": why}).encode(), {**NOT_KEPT, **_JSON, **headers}


class WatchServer:
    """Serves the page until it is closed. Raises ``OSError`` if the port is taken."""

    def __init__(self, journals: Sequence[Path], port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        page: Callable[..., Any] = WatchPage(journals, self.token)
        # The socket is made here: werkzeug ends the process if a port is taken.
        with socket.create_server((LOOPBACK, port), backlog=_BACKLOG) as listening:
            self._server = make_server(LOOPBACK, 0, page, threaded=True, request_handler=_Silent, fd=listening.fileno())
        self._thread = threading.Thread(target=self._server.serve_forever, name="watch page", daemon=True)

    @property
    def url(self) -> str:
        """The address to open, with this start's token, which browsers keep to themselves."""
        return f"http://{LOOPBACK}:{self._server.port}/#token={self.token}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: a terminal that shows a migration is not for its page's requests."""
