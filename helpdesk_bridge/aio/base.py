"""What the generated classes of the asynchronous port are built on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, NoReturn, Self, TypeVar

from helpdesk_bridge.aio.calls import THREADS, Calls
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.ports import Api_co, Helpdesk

if TYPE_CHECKING:
    from helpdesk_bridge.http.events import DeskEvent

P = TypeVar("P")
T = TypeVar("T")


class AsyncPort(Generic[P]):
    """A part of a synchronous desk, and what runs its calls."""

    __slots__ = ("_calls", "_name", "_port")

    def __init__(self, calls: Calls, port: P, name: str = "") -> None:
        self._calls = calls
        self._port = port
        self._name = name

    def __repr__(self) -> str:
        return f"<async {self._port!r}>"


class AsyncDeskBase(Generic[Api_co]):
    """What an asynchronous desk has that is not written from the port."""

    def __init__(self, desk: Helpdesk[Api_co], *, threads: int = THREADS) -> None:
        self.sync: Helpdesk[Api_co] = desk
        """The synchronous desk, for what never waits, and for threads of the application's own."""
        self._calls = Calls(desk.name, threads)

    def __repr__(self) -> str:
        return f"<async {self.sync!r}>"

    def __str__(self) -> str:
        return str(self.sync)

    def __reduce__(self) -> NoReturn:
        raise Invalid("a desk cannot travel: it has sockets and secrets; open it in the other process, by aconnect()")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self, work: Callable[[Helpdesk[Api_co]], T]) -> T:
        """Return what ``work`` makes of the synchronous desk, in one thread: several calls, or ``desk.vendor_api``.

        It counts as one call: cancelled before its first write goes out, it sends nothing more; later it runs to its end.
        """
        return await self._calls.run("run", lambda: work(self.sync))

    def subscribe(self, callback: Callable[[DeskEvent], None]) -> Callable[[], None]:
        """Call ``callback`` in this event loop with typed events of the transport; returns what ends the subscription."""
        if not callable(callback):
            raise Invalid(
                f"subscribe takes a function, not a value of type {type(callback).__name__}", field="callback"
            )
        loop = asyncio.get_running_loop()

        def tell(event: DeskEvent) -> None:
            with suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(callback, event)

        return self.sync.subscribe(tell)

    async def close(self) -> None:
        """Let what is on the wire come to its end, end all other calls, and give back threads, sockets and files.

        A call that waits, or has not begun, raises ``HelpdeskError``; so does a later one.
        """
        await self._calls.close(self.sync.close)
