"""``Transport``: what sends a request, and the failures below HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from attrs import frozen

if TYPE_CHECKING:
    from types import TracebackType

    from helpdesk_bridge.http.headers import Headers
    from helpdesk_bridge.http.request import Request, Response


class TransportFailure(Exception):
    """Below HTTP something failed. Internal: ``Retrying`` turns it into a ``HelpdeskError``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSent(TransportFailure):
    """Provably not a byte of the request left: name not found, connection refused, TLS refused, connect timeout.

    ``final`` says that trying again at once is no use, ``passing`` that it may be later.
    """

    def __init__(self, reason: str, *, final: bool = False, passing: bool = True) -> None:
        super().__init__(reason)
        self.final = final
        self.passing = passing


class Lost(TransportFailure):
    """Some of the request may have left, and no complete answer came: the outcome is unknown."""


class Oversized(Lost):
    """An answer came that is larger than its request takes."""


@frozen
class Grant:
    """What the governor allowed for one attempt: units charged, and vendor seconds waited for them."""

    units: int = 0
    waited: float = 0.0


FREE = Grant()


class Download(Protocol):
    """An open answer whose body is read piece by piece; a context manager that closes itself."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Headers:
        """The headers of the answer."""
        ...

    @property
    def failed(self) -> Response | None:
        """The whole answer, if its status was not 2xx; nothing is left to read then."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` decoded bytes, b"" at the end; ``Unavailable`` if the connection fails."""
        ...

    def close(self) -> None:
        """Give the connection back, or drop it if the body was not read to its end."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


class Transport(Protocol):
    """Carries requests. Each layer of the stack is one and wraps the next."""

    def send(self, request: Request, grant: Grant = FREE) -> Response:
        """Return the complete answer, whatever its status."""
        ...

    def open(self, request: Request, grant: Grant = FREE) -> Download:
        """Return the answer with its body still to be read; use it in a ``with``."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
