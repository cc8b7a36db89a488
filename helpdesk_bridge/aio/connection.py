"""``aconnect`` and ``aopen_desk``: from a name or a table to a desk whose calls are awaited."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, Generic, overload

from helpdesk_bridge.adapter import Vendor
from helpdesk_bridge.aio.calls import THREADS, Calls, checked_threads
from helpdesk_bridge.aio.ports import AsyncDesk
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.desk.connection import connect, open_desk
from helpdesk_bridge.model.values import UNSET, Unset
from helpdesk_bridge.ports import Api_co, Helpdesk

_NO_KEYS: Final[Mapping[str, Any]] = {}


class Opening(Generic[Api_co]):
    """A desk that is about to be opened: ``async with`` opens and closes it, ``await`` opens it."""

    def __init__(self, work: Callable[[], Helpdesk[Api_co]], threads: int) -> None:
        self._work = work
        self._threads = threads
        self._desk: AsyncDesk[Api_co] | None = None

    def __await__(self) -> Generator[Any, None, AsyncDesk[Api_co]]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncDesk[Api_co]:
        self._desk = await self._open()
        return self._desk

    async def __aexit__(self, *_: object) -> None:
        if self._desk is not None:
            await self._desk.close()

    async def _open(self) -> AsyncDesk[Api_co]:
        calls = Calls("open", 1)
        try:
            # The file, and where its secrets are, may have to be waited for.
            desk = await calls.run("connect", self._work, discard=lambda made: made.close())
        finally:
            await calls.close(lambda: None)
        return AsyncDesk(desk, threads=self._threads)


@overload
def aconnect(
    name: str,
    config: str | os.PathLike[str] | None = None,
    *,
    vendor: Vendor[Api_co],
    max_wait: float | Unset | None = UNSET,
    threads: int = THREADS,
    **keys: object,
) -> Opening[Api_co]: ...
@overload
def aconnect(
    name: str,
    config: str | os.PathLike[str] | None = None,
    *,
    vendor: str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    threads: int = THREADS,
    **keys: object,
) -> Opening[object]: ...
def aconnect(
    name: str,
    config: str | os.PathLike[str] | None = None,
    *,
    vendor: Vendor[Any] | str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    threads: int = THREADS,
    **keys: object,
) -> Opening[Any]:
    """Open the desk ``name`` of ``helpdesk.toml`` for asyncio; use it in an ``async with``, or await and close it.

    All but ``threads`` is as ``connect`` takes it. At most ``threads`` calls run at once; the others wait in a queue, in the
    order in which they came. Raises ``ConfigError`` when it is entered or awaited; no request is made.
    """
    return Opening(lambda: connect(name, config, vendor=vendor, max_wait=max_wait, **keys), checked_threads(threads))


@overload
def aopen_desk(
    table: Mapping[str, Any] = _NO_KEYS,
    /,
    *,
    vendor: Vendor[Api_co],
    max_wait: float | Unset | None = UNSET,
    name: str = "desk",
    clock: Clock | None = None,
    threads: int = THREADS,
    **keys: object,
) -> Opening[Api_co]: ...
@overload
def aopen_desk(
    table: Mapping[str, Any] = _NO_KEYS,
    /,
    *,
    vendor: str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    name: str = "desk",
    clock: Clock | None = None,
    threads: int = THREADS,
    **keys: object,
) -> Opening[object]: ...
def aopen_desk(
    table: Mapping[str, Any] = _NO_KEYS,
    /,
    *,
    vendor: Vendor[Any] | str | Unset = UNSET,
    max_wait: float | Unset | None = UNSET,
    name: str = "desk",
    clock: Clock | None = None,
    threads: int = THREADS,
    **keys: object,
) -> Opening[Any]:
    """Open a desk for asyncio from the keys of a table ``[desks.NAME]``, or from a whole table; no file is needed.

    All but ``threads`` is as ``open_desk`` takes it.
    """
    return Opening(
        lambda: open_desk(table, vendor=vendor, max_wait=max_wait, name=name, clock=clock, **keys),
        checked_threads(threads),
    )
