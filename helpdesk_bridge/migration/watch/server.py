"""The page's server: on loopback alone, for whoever has the address with this start's token, and for no other web page."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.http.origin import is_foreign
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.watch.state import WatchedJournal, summed
from helpdesk_bridge.web_page import NOT_KEPT, LoopbackServer, self_contained

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Answered = tuple[str, bytes, Mapping[str, str]]


class WatchPage:
    """The WSGI application: the page at ``/``, and at ``/state`` what it shows, as JSON, for who has the token."""

    def __init__(self, journals: Sequence[Address], token: str, clock: Clock | None = None) -> None:
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


class WatchServer(LoopbackServer):
    """Serves the page of some journals until the ``with`` ends."""

    def __init__(self, journals: Sequence[Address], port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        super().__init__(WatchPage(journals, self.token), port)

    @property
    def url(self) -> str:
        """The address to open, with this start's token, which browsers keep to themselves."""
        return f"{super().url}#token={self.token}"
