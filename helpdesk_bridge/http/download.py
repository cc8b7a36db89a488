"""Downloads: bodies of answers, read with a cap on what the decompressor returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from urllib3.exceptions import HTTPError

from helpdesk_bridge.errors import Unavailable
from helpdesk_bridge.http import sockets
from helpdesk_bridge.http.failures import TooLarge, kind_of
from helpdesk_bridge.http.headers import Headers

if TYPE_CHECKING:
    from types import TracebackType

    import requests
    from urllib3 import BaseHTTPResponse

    from helpdesk_bridge.http.request import Response

PIECE = 64 * 1024


def read_capped(raw: BaseHTTPResponse, cap: int) -> bytes:
    """Return the whole decoded body. Raises ``TooLarge`` once it exceeds ``cap`` bytes, before it is read if it says so."""
    told = raw.headers.get("Content-Length", "")
    if told.isdecimal() and int(told) > cap and not raw.headers.get("Content-Encoding"):
        raise TooLarge
    data = raw.read(PIECE, decode_content=True)
    if not data:
        return b""
    pieces = []
    size = 0
    while data:
        size += len(data)
        if size > cap:
            raise TooLarge
        pieces.append(data)
        data = raw.read(PIECE, decode_content=True)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class StreamedDownload:
    """An answer being read piece by piece. Each ``read`` has the timeout of an attempt, the whole body a cap."""

    def __init__(self, answer: requests.Response, failed: Response | None, *, timeout: float, cap: int) -> None:
        self.status = answer.status_code
        self.headers = Headers(answer.headers)
        self.failed = failed
        self._answer = answer
        self._timeout = timeout
        self._left = cap

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` decoded bytes (-1: all that is left), b"" at the end.

        Raises ``Unavailable`` if the connection fails or the body exceeds the cap; start again with a new download.
        """
        if self.failed is not None or size == 0:
            return b""
        wanted = self._left + 1 if size < 0 else min(size, self._left + 1)
        problem: Unavailable
        try:
            with sockets.attempt(self._timeout):
                data: bytes = self._answer.raw.read(wanted, decode_content=True)
        except (HTTPError, OSError) as error:
            self.close()
            problem = Unavailable(f"a download failed: {kind_of(error, 'its host')}", status=self.status)
        else:
            self._left -= len(data)
            if self._left >= 0:
                return data
            self.close()
            problem = Unavailable("a download is larger than allowed", status=self.status)
        raise problem

    def close(self) -> None:
        """Give the connection back, or drop it if the body was not read to its end."""
        self._answer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()
