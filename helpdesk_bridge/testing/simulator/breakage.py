"""Faults carried out on an answer, and on the socket beneath it."""

from __future__ import annotations

import gzip
import os
import re
import socket
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from attrs import evolve

from helpdesk_bridge.testing.simulator.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import WSGIEnvironment

    from helpdesk_bridge.testing.simulator.faults import Fault

SOCKET: Final = "werkzeug.socket"
"""The environ key under which the server front passes the connection; absent in process."""

_HTML: Final = (
    "<html>\r\n<head><title>{status} Gateway</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_LINK_TARGET: Final = re.compile(r"<[^>?]*")


class ConnectionBroken(ConnectionError):
    """The connection ends without an answer; in process the front turns this into the client's own error."""


class NotConnected(ConnectionError):
    """The connection is refused; only in process, where the front turns this into the client's own error."""


class NoAnswer(TimeoutError):
    """The answer does not come in time; only in process, where a wait is not possible."""


def gateway_page(status: int) -> Reply:
    """Answer as a proxy in front of the vendor would: HTML, and none of the vendor's headers."""
    return Reply.text(_HTML.format(status=status), status, content_type="text/html")


def damaged(reply: Reply, fault: Fault, base_url: str) -> Reply:
    """Return the answer as the fault damages it; faults of the connection leave it whole.

    ``base_url`` is the vendor's own address, which a foreign link replaces.
    """
    if fault.kind == "malformed_json":
        return evolve(reply, body=reply.body[: max(1, len(reply.body) // 2)] + b"\x00}{")
    if fault.kind == "empty":
        return evolve(reply, body=b"")
    if fault.kind == "gzip_bomb":
        return evolve(reply, body=_blanks(fault.size)).with_headers({"Content-Encoding": "gzip"}, override=True)
    if fault.kind == "foreign_next_link":
        links = {
            name: _LINK_TARGET.sub(lambda _: f"<{fault.location}", value) if name.lower() == "link" else value
            for name, value in reply.headers.items()
        }
        foreign = fault.location.rstrip("/").encode()
        return evolve(reply, headers=links, body=reply.body.replace(base_url.rstrip("/").encode(), foreign))
    return reply


def broken_body(fault: Fault, environ: WSGIEnvironment, body: bytes) -> Iterable[bytes]:
    """Return the parts of the body that the fault lets through; the announced length stays that of the whole body.

    ``ConnectionBroken`` and ``NoAnswer`` are raised before anything was sent.
    """
    act = _ACTS.get(fault.kind)
    return act(environ.get(SOCKET), fault, body) if act else [body]


def _reset(connection: socket.socket | None, _fault: Fault, _body: bytes) -> Iterable[bytes]:
    if connection is not None:
        # Closing with a linger time of 0 sends RST; a plain close would look like an orderly end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
    raise ConnectionBroken("the simulator broke the connection")


def _silence(connection: socket.socket | None, fault: Fault, _body: bytes) -> Iterable[bytes]:
    if connection is None:
        raise NoAnswer("the simulator does not answer")
    peer_left(connection, fault.seconds)
    raise ConnectionBroken("the simulator did not answer")


def _drip(connection: socket.socket | None, fault: Fault, body: bytes) -> Iterable[bytes]:
    if connection is None:
        raise NoAnswer("the simulator answers too slowly")
    return _drops(connection, fault.seconds, body)


def _drops(connection: socket.socket, seconds: float, body: bytes) -> Iterator[bytes]:
    for position in range(len(body)):
        if position and peer_left(connection, seconds):
            raise ConnectionBroken("the client left")
        yield body[position : position + 1]


def _half(_connection: socket.socket | None, _fault: Fault, body: bytes) -> Iterable[bytes]:
    return [body[: len(body) // 2]]


def peer_left(connection: socket.socket, seconds: float) -> bool:
    """Wait real seconds on the connection; True as soon as the other side, or the server, has closed it."""
    connection.settimeout(max(seconds, 0.001))
    try:
        while connection.recv(65536):
            continue
    except TimeoutError:
        connection.settimeout(None)
        return False
    except OSError:
        return True
    return True


@lru_cache(maxsize=1)
def _blanks(size: int) -> bytes:
    return gzip.compress(b" " * size, compresslevel=1)


_ACTS: Final[dict[str, Callable[[socket.socket | None, Fault, bytes], Iterable[bytes]]]] = {
    "connection_reset": _reset,
    "response_lost": _reset,
    "late_commit": _reset,
    "late_answer": _silence,
    "hang": _silence,
    "read_timeout": _silence,
    "slow_drip": _drip,
    "truncated": _half,
}
UNANSWERED: Final = frozenset(
    {"connection_reset", "response_lost", "late_commit", "late_answer", "hang", "read_timeout"}
)
"""Faults after which no byte of an answer is sent."""
CLOSING: Final = frozenset({"truncated", "slow_drip"})
"""Faults after which the connection must not be used again."""
