"""The scaled vendor: a minimal HTTP server in a process of its own, so that its work is not the clients' work."""

from __future__ import annotations

import asyncio
import gc
import math
import random
import re
import time
from typing import TYPE_CHECKING

from attrs import define

from limiters.accounting import Account, Books, FixedWindow, Report, SlidingWindow, Verdict
from limiters.scenarios import LIMIT, SECONDS, WRITE_UNITS, ServerSettings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LIMIT_HEADER = "rate_limit_per_minute"
LEFT_HEADER = "api_calls_left"
RESET_HEADER = "retry_after"
"""As Deskie names them; the last one tells the seconds on any answer, unless the scenario has it on refusals only."""

FREE_PATH = "/ping"
"""Neither limited nor counted: what every thread calls once, so that its connection stands before it starts."""

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_BODY = {
    True: b'{"ok": true, "case": {"case_id": 2000, "subject": "Where is my order?"}}',
    False: b'{"error": "limit"}',
}


@define
class Vendor:
    """Decides, keeps the books and tells when they are full."""

    settings: ServerSettings
    account: Account
    books: Books
    pipe: Connection
    began: float
    told: bool = False

    def answer(self, method: bytes, path: str) -> bytes:
        if path == FREE_PATH:
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        client = path.removeprefix("/")
        units = 1 if method == b"GET" else WRITE_UNITS
        now = time.monotonic()
        verdict = self.account.take(now, units)
        self.books.enter(now, client, units, verdict)
        if self.books.closed and not self.told:
            self.tell()
        return self._response(verdict)

    def tell(self) -> None:
        self.told = True
        busy = time.process_time() / max(time.monotonic() - self.began, 1e-9)
        self.pipe.send(Report(tuple(self.books.periods), self.books.closed, busy))

    def _response(self, verdict: Verdict) -> bytes:
        body = _BODY[verdict.accepted]
        head = (
            f"HTTP/1.1 {'200 OK' if verdict.accepted else '429 Too Many Requests'}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{LEFT_HEADER}: {verdict.left}\r\n"
        )
        if self.settings.reset_header:
            head += f"{LIMIT_HEADER}: {LIMIT}\r\n"
        if self.settings.reset_header or not verdict.accepted:
            # Whole vendor seconds, rounded up, as vendors tell them.
            head += f"{RESET_HEADER}: {max(1, math.ceil(verdict.wait * self.settings.scale))}\r\n"
        return head.encode() + b"\r\n" + body


class Exchange(asyncio.Protocol):
    """One connection; a request is answered before the next one is read."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not found or len(rest) < size:
            return
        self._buffer = rest[size:]
        method, target, _ = head.split(b" ", 2)
        path = target.decode()
        half = self._vendor.settings.latency / 2
        if half:
            loop = asyncio.get_running_loop()
            loop.call_later(half, lambda: loop.call_later(half, self._write, self._vendor.answer(method, path)))
        else:
            self._write(self._vendor.answer(method, path))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


async def _serve(settings: ServerSettings, windows: int, pipe: Connection) -> None:
    # The clients arrive somewhere in a window that runs already; a sliding one has no phase, but settles first.
    first = SECONDS if settings.sliding else random.uniform(0.1, 0.5)  # noqa: S311 - no secret
    account: Account
    if settings.sliding:
        account = SlidingWindow(LIMIT, SECONDS)
    else:
        account = FixedWindow(LIMIT, SECONDS, settings.penalised, first)
    vendor = Vendor(settings, account, Books(windows, SECONDS, first), pipe, time.monotonic())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(vendor), "127.0.0.1", 0)
    over = asyncio.Event()

    def asked() -> None:
        pipe.recv()
        if not vendor.told:
            vendor.tell()
        over.set()

    loop.add_reader(pipe.fileno(), asked)
    pipe.send(server.sockets[0].getsockname()[1])
    await over.wait()
    server.close()


def serve(settings: ServerSettings, windows: int, pipe: Connection) -> None:
    """Send the port, then the ``Report`` once the books are full or anything is received."""
    gc.disable()  # a pause of the collector would be a pause of the vendor; the process lives for half a minute
    asyncio.run(_serve(settings, windows, pipe))
