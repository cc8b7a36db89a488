"""``RequestLog``: the requests that a simulator received, within a bounded memory."""

from __future__ import annotations

import base64
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, overload

from attrs import field, frozen

_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie", "token", "x-token"})
_STARS: Final = "***"


@frozen
class RecordedRequest:
    """A request as it arrived, and its status, 0 if no answer was sent. Long bodies are cut; ``headers`` are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int
    operation: str
    cut: bool = False

    def shown(self, *, bodies: bool) -> dict[str, Any]:
        """Return the request for JSON; with ``bodies`` its headers, without what a real key may be in, and its body too.

        A body that is no text is ``body_base64``.
        """
        told: dict[str, Any] = {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "operation": self.operation,
        }
        if not bodies:
            return told
        told["headers"] = {name: _STARS if name in _SECRET else value for name, value in self.headers.items()}
        try:
            told["body"] = self.body.decode()
        except UnicodeDecodeError:
            told["body_base64"] = base64.b64encode(self.body).decode()
        return told | ({"cut": True} if self.cut else {})


class RequestLog(Sequence[RecordedRequest]):
    """The newest requests, oldest first; ``total`` counts those that were dropped too. Safe for threads."""

    def __init__(self, *, keep: int = 10_000, keep_bytes: int = 32 << 20, body_bytes: int = 1 << 20) -> None:
        self.total = 0
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._body_bytes = body_bytes
        self._requests: deque[RecordedRequest] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        status: int,
        operation: str,
    ) -> None:
        """Keep one request and drop the oldest ones that no longer fit."""
        cut = len(body) > self._body_bytes
        kept = RecordedRequest(method, path, query, headers, body[: self._body_bytes], status, operation, cut)
        with self._lock:
            self.total += 1
            self._requests.append(kept)
            self._bytes += len(kept.body)
            while len(self._requests) > self._keep or self._bytes > self._keep_bytes:
                self._bytes -= len(self._requests.popleft().body)

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._requests.clear()
            self._bytes = 0
            self.total = 0

    def snapshot(self) -> list[RecordedRequest]:
        """Return a copy of the requests as a list."""
        with self._lock:
            return list(self._requests)

    @overload
    def __getitem__(self, index: int) -> RecordedRequest: ...

    @overload
    def __getitem__(self, index: slice) -> list[RecordedRequest]: ...

    def __getitem__(self, index: int | slice) -> RecordedRequest | list[RecordedRequest]:
        if isinstance(index, slice):
            return self.snapshot()[index]
        with self._lock:
            return self._requests[index]

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(self.snapshot())
