"""Sockets with a deadline for the whole attempt, which know whether anything was sent and refuse private addresses.

A timeout of a socket starts again with every byte, so a server that drips can hold a call for ever: in headers as
well as in the body. Here every receive gets what is left of the attempt.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context

from helpdesk_bridge.clock import real_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LONGEST_IDLE: Final = 1.0
"""Real seconds after which an unused connection is not used again.

A firewall or a balancer may have forgotten it by then, and answers the next request with a reset: of a create nobody
knows what became of it. Servers close theirs after 2 seconds (gunicorn's default, documented) or 5 (Node.js, uvicorn and
Apache, documented).
"""


class NeverBegun(TimeoutError):
    """The deadline of an attempt had passed before the first byte of its request."""


class _Attempt(threading.local):
    deadline: float | None = None
    sent: bool = False
    idle_clock: Callable[[], float] | None = None
    check: Callable[[], None] | None = None


_attempt = _Attempt()


@contextmanager
def attempt(
    seconds: float, idle_clock: Callable[[], float] | None = None, check: Callable[[], None] | None = None
) -> Iterator[None]:
    """Give the socket work of this thread that many real seconds in all, and note that nothing was sent yet.

    Connections that are made meanwhile tell their age by ``idle_clock``, in real seconds, as long as they live.
    ``check`` is called before each piece that is sent, and keeps it back by raising.
    """
    before = (_attempt.deadline, _attempt.sent, _attempt.idle_clock, _attempt.check)
    _attempt.deadline = real_seconds() + seconds
    _attempt.sent = False
    _attempt.idle_clock = idle_clock
    _attempt.check = check
    try:
        yield
    finally:
        _attempt.deadline, _attempt.sent, _attempt.idle_clock, _attempt.check = before


class _Quiet(logging.Filter):
    """Drops urllib3's own line about a request of ours: it quotes the query, which may hold customers' data."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - judged by whose request it is
        return _attempt.deadline is None


logging.getLogger("urllib3.connectionpool").addFilter(_Quiet())


def anything_sent() -> bool:
    """Whether a byte was handed to a socket in the current ``attempt`` of this thread."""
    return _attempt.sent


class ForbiddenAddress(Exception):
    """A host that the vendor named resolves to an address that is not public."""


def _left() -> float | None:
    deadline = _attempt.deadline
    if deadline is None:
        return None
    left = deadline - real_seconds()
    if left <= 0:
        message = "the deadline of the attempt has passed"
        raise TimeoutError(message)
    return left


def _about_to_send() -> float | None:
    """Return the seconds that are left, when everything allows the next bytes of this attempt to go."""
    if _attempt.check is not None:
        _attempt.check()
    try:
        left = _left()
    except TimeoutError as late:
        # The process may have been stopped while it connected.
        raise late if _attempt.sent else NeverBegun(*late.args) from None
    _attempt.sent = True
    return left


class _Use:
    """When a connection was last used."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()

    def note(self) -> None:
        self._last = self._clock()

    @property
    def idle(self) -> float:
        return self._clock() - self._last


class _DeadlineSocket(socket.socket):
    use: _Use | None = None

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        left = _left()
        if left is not None:
            self.settimeout(left)
        count = super().recv_into(*args, **kwargs)
        if self.use is not None:
            self.use.note()
        return count

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        left = _about_to_send()
        if left is not None:
            self.settimeout(left)
        super().sendall(*args, **kwargs)
        if self.use is not None:
            self.use.note()


class _DeadlineTlsSocket(_DeadlineSocket, ssl.SSLSocket):
    """The same over TLS: what reads and writes above is then ``SSLSocket``'s."""


def _watched(plain: socket.socket) -> socket.socket:
    timeout = plain.gettimeout()
    watched = _DeadlineSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
    watched.settimeout(timeout)
    return watched


class _Aging:
    """A connection that urllib3 replaces by a new one once it was unused for ``LONGEST_IDLE``."""

    _use: _Use | None = None

    def connect(self: Any) -> None:
        super().connect()  # type: ignore[misc]
        self._use = self.sock.use = _Use(_attempt.idle_clock or real_seconds)

    @property
    def is_connected(self: Any) -> bool:
        fresh = self._use is None or self._use.idle < LONGEST_IDLE
        return bool(fresh and super().is_connected)  # type: ignore[misc]


class _Connection(_Aging, HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())


class _Tunnelled(_Aging, HTTPSConnection):
    def _tunnel(self) -> None:
        try:
            super()._tunnel()
        finally:
            # Only CONNECT went out, and to the proxy: of the request itself nothing was sent.
            _attempt.sent = False


class _TlsConnection(_Tunnelled):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection  # pyright: ignore[reportAssignmentType]  # the real class, not urllib3's protocol of it


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection  # pyright: ignore[reportAssignmentType]  # ditto


class DeadlineAdapter(HTTPAdapter):
    """A requests adapter whose sockets keep the deadline of the attempt."""

    pools: ClassVar[Mapping[str, type[HTTPConnectionPool]]] = {"http": _Pool, "https": _TlsPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Build the pools with connections of this module."""
        super().init_poolmanager(*args, ssl_context=_tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(self.pools)

    def close(self) -> None:
        """Close every connection now: urllib3 leaves it to the collector, and a lost one's traceback keeps its pool."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - a container of urllib3's, which cannot be iterated
                pool = manager.pools.get(key)
                if pool is not None:
                    pool.close()
        super().close()

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Do the same for connections through a proxy; the proxy's own address may be private, and often is."""
        manager = super().proxy_manager_for(proxy, ssl_context=_tls_context(), **kwargs)
        manager.pool_classes_by_scheme = dict(DeadlineAdapter.pools)
        return manager


def _tls_context() -> ssl.SSLContext:
    context = create_urllib3_context()
    context.sslsocket_class = _DeadlineTlsSocket
    return context


def public_addresses(host: str, port: int, *, allow_loopback: bool) -> list[tuple[Any, ...]]:
    """Return what ``getaddrinfo`` gives for a host, if every address of it may be fetched from.

    Raises ``ForbiddenAddress`` otherwise, and ``OSError`` if the name does not resolve.
    """
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    for *_, address in found:
        if not _is_allowed(str(address[0]), allow_loopback=allow_loopback):
            message = "it resolves to an address that is not public"
            raise ForbiddenAddress(message)
    return list(found)


def _is_allowed(text: str, *, allow_loopback: bool) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address.sixtofour is not None or address.teredo is not None or address in _NAT64:
            return False  # tunnels to an IPv4 address that nobody has judged
    if address.is_loopback:
        return allow_loopback
    if not any(address in network for network in _UNICAST) or any(address in network for network in _WITHDRAWN):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("2000::/3"))
"""What the world gives to hosts (IANA, IPv6 Global Unicast): site-local fec0::/10 and what is reserved lies outside."""
_WITHDRAWN = tuple(map(ipaddress.ip_network, ("3fff::/20", "3ffe::/16", "192.88.99.0/24")))
"""For documentation (RFC 9637), the 6bone's (RFC 3701), 6to4 relays' (RFC 7526): global to Pythons before, or still."""


class _CheckedMixin:
    """Connects to the very address that was judged, so that a second look-up cannot name another one."""

    allow_loopback = False

    def _new_conn(self: Any) -> socket.socket:
        problem: Exception | None = None
        for family, kind, proto, _, address in public_addresses(
            self._dns_host, self.port, allow_loopback=self.allow_loopback
        ):
            plain = socket.socket(family, kind, proto)
            try:
                plain.settimeout(self.timeout)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                plain.connect(address)
            except OSError as error:
                plain.close()
                problem = error
            else:
                return _watched(plain)
        raise problem or OSError("no address")


class _CheckedConnection(_CheckedMixin, _Aging, HTTPConnection):
    pass


class _CheckedTlsConnection(_CheckedMixin, _Tunnelled):
    pass


class _LoopbackConnection(_CheckedConnection):
    allow_loopback = True


class _LoopbackTlsConnection(_CheckedTlsConnection):
    allow_loopback = True


def _pool(connection: type[HTTPConnection]) -> type[HTTPConnectionPool]:
    base = HTTPSConnectionPool if issubclass(connection, HTTPSConnection) else HTTPConnectionPool
    return cast("type[HTTPConnectionPool]", type(f"{connection.__name__}Pool", (base,), {"ConnectionCls": connection}))


class PublicAdapter(DeadlineAdapter):
    """Fetches from public addresses only."""

    pools: ClassVar = {"http": _pool(_CheckedConnection), "https": _pool(_CheckedTlsConnection)}


class LoopbackAdapter(DeadlineAdapter):
    """Fetches from public addresses and from this machine: for a desk that is a simulator here."""

    pools: ClassVar = {"http": _pool(_LoopbackConnection), "https": _pool(_LoopbackTlsConnection)}
