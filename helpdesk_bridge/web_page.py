"""What this machine serves to its own user: self-contained pages, and a server on loopback alone."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 16


@cache
def self_contained(package: str, name: str = "index.html") -> tuple[bytes, dict[str, str]]:
    """Return the page with the headers to serve it with.

    Nothing runs but the page's one script and one style, and nothing is asked but its own server.
    """
    page = files(package).joinpath(name).read_text("utf-8")
    digests = {tag: _digest(page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]) for tag in ("script", "style")}
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data:; script-src '{digests['script']}'; style-src '{digests['style']}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page.encode(), {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy, **NOT_KEPT}


NOT_KEPT = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Headers of whatever such a page asks for."""


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class LoopbackServer:
    """Serves a WSGI application on a port of this machine, for itself alone, inside a ``with``; nothing is logged.

    Port 0 is any that is free. Raises ``OSError`` for a port that cannot be had.
    """

    def __init__(self, app: WSGIApplication, port: int = 0) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Silent(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: Any) -> None:
                """Log nothing."""

        # The socket is made here: werkzeug ends the process if a port is taken.
        with socket.create_server((LOOPBACK, port), backlog=_BACKLOG) as listening:
            self._server = make_server(LOOPBACK, 0, app, threaded=True, request_handler=Silent, fd=listening.fileno())
        self._thread = threading.Thread(target=self._server.serve_forever, name="loopback server", daemon=True)

    @property
    def url(self) -> str:
        """The address."""
        return f"http://{LOOPBACK}:{self._server.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
