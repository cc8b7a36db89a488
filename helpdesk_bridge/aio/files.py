"""Files of messages, read by tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import BinaryIO, Final, Self

from helpdesk_bridge.aio.calls import Calls
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.forks import new_lock

PIECE: Final = 64 * 1024


class AsyncFile:
    """A file that is opened with ``async with`` and read with ``await file.read(size)``, or in pieces with ``async for``."""

    def __init__(self, calls: Calls, operation: str, ask: Callable[[], AbstractContextManager[BinaryIO]]) -> None:
        self._calls = calls
        self._operation = operation
        self._ask = ask
        self._context: AbstractContextManager[BinaryIO] | None = None
        self._file: BinaryIO | None = None
        self._lock = new_lock()  # a read that was cancelled goes on in its thread until its bytes are there

    async def __aenter__(self) -> Self:
        def begin() -> tuple[AbstractContextManager[BinaryIO], BinaryIO]:
            context = self._ask()
            return context, context.__enter__()

        opened = await self._calls.run(self._operation, begin, discard=_drop)
        self._context, self._file = opened
        return self

    async def __aexit__(self, *_: object) -> None:
        context, self._context, self._file = self._context, None, None
        if context is None:
            return

        def end() -> None:
            with self._lock:
                _end(context)

        await self._calls.to_its_end(end)

    async def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes (-1: all that is left), b"" at the end."""
        file = self._file
        if file is None:
            raise Invalid("a file is read within `async with desk.attachments.open(attachment) as file`", field="file")

        def read() -> bytes:
            with self._lock:
                return file.read(size)

        return await self._calls.run(self._operation, read)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self.read(PIECE):
            yield piece


def _end(context: AbstractContextManager[BinaryIO]) -> None:
    context.__exit__(None, None, None)


def _drop(made: tuple[AbstractContextManager[BinaryIO], BinaryIO]) -> None:
    _end(made[0])
