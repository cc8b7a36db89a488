"""Calls of a synchronous desk in a bounded pool of threads, awaited by tasks."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar, cast

from helpdesk_bridge.cancellation import CallCancelled, Cancellation, cancellable
from helpdesk_bridge.errors import HelpdeskError, Invalid
from helpdesk_bridge.forks import new_lock

T = TypeVar("T")

THREADS: Final = 8
"""How many calls of one desk run at once; the others wait in a queue, in the order in which they came."""


class CancelledWrite(Exception):
    """What became of a write whose task was cancelled when some of it had gone: its ``result``, or its ``error``.

    ``operation`` is its name, such as ``tickets.create``. ``error`` is what the call would have raised, ``InDoubt``
    among others. ``cancelled_write`` returns it.
    """

    def __init__(self, operation: str, result: Any = None, error: BaseException | None = None) -> None:
        super().__init__(operation)
        self.operation = operation
        self.result = result
        self.error = error

    def __str__(self) -> str:
        """Return one line without what was written."""
        ended = "was done" if self.error is None else f"ended with {type(self.error).__name__}"
        return f"{self.operation} {ended}: the task was cancelled when it was on its way"


def cancelled_write(error: BaseException) -> CancelledWrite | None:
    """Return what became of the write that ``CancelledError`` or ``TimeoutError`` interrupted; None: nothing was sent."""
    seen: set[int] = set()
    known: BaseException | None = error
    while known is not None and id(known) not in seen:
        if isinstance(known, CancelledWrite):
            return known
        seen.add(id(known))
        known = known.__cause__ or known.__context__
    return None


class _Call(Generic[T]):
    """One call: what it does, who can cancel it, and how it ended."""

    def __init__(self, work: Callable[[], T], discard: Callable[[T], object] | None) -> None:
        self.cancellation = Cancellation()
        self.future: Future[None] = Future()
        self.result: T | None = None
        self.error: BaseException | None = None
        self._work = work
        self._discard = discard

    def run(self) -> None:
        try:
            with cancellable(self.cancellation):
                self.cancellation.check()
                self.result = self._work()
        except BaseException as error:  # noqa: BLE001 - raised where the call is awaited
            self.error = error

    def drop(self, _: object) -> None:
        """Give back what nobody waits for any more."""
        if self._discard is not None and self.result is not None:
            self._discard(self.result)

    def outcome(self) -> T:
        """Return the result, or raise the error: once, since what is kept would hold the frames that it went through."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
            return cast("T", self.result)
        finally:
            # The error's traceback refers to this frame; this frame must not refer to the error.
            del error


class Calls:
    """Runs calls of one desk. At most ``threads`` run at once; closing leaves no thread behind."""

    def __init__(self, name: str, threads: int = THREADS) -> None:
        self._executor = ThreadPoolExecutor(checked_threads(threads), thread_name_prefix=f"helpdesk-bridge {name}")
        self._lock = new_lock()
        self._running: set[_Call[Any]] = set()
        self._closed = False
        self._closing = threading.Thread()
        self._ended: Future[None] = Future()

    async def run(self, operation: str, work: Callable[[], T], *, discard: Callable[[T], object] | None = None) -> T:
        """Return what ``work`` returns, run in a thread with the context of this task.

        If the task is cancelled, nothing more goes out; a write of which some has gone is waited for, and its outcome is
        the cause of the ``CancelledError``. ``discard`` gets a result that came after that.
        """
        call = _Call(work, discard)
        try:
            self._submit(call)
            waiter = _waiter(call.future)
            try:
                await waiter
            except asyncio.CancelledError:
                if not call.future.cancel() and not call.cancellation.cancel():
                    await _to_its_end(call.future)
                    raise asyncio.CancelledError from _known(operation, call)
                call.future.add_done_callback(call.drop)
                raise
            try:
                return call.outcome()
            except CallCancelled:
                problem = HelpdeskError("the desk was closed", operation=operation)
            raise problem
        finally:
            del call

    async def to_its_end(self, work: Callable[[], None]) -> None:
        """Run ``work`` to its end also if the task is cancelled meanwhile: what gives something back."""
        call = _Call(work, None)
        call.cancellation.begin_write()
        try:
            self._submit(call)
        except HelpdeskError:  # closed: no thread is left
            work()
            return
        cancelled = await _to_its_end(call.future)
        call.outcome()
        if cancelled:
            raise asyncio.CancelledError

    def _submit(self, call: _Call[Any]) -> None:
        context = contextvars.copy_context()
        with self._lock:
            if self._closed:
                raise HelpdeskError("the desk was closed")
            self._running.add(call)
            self._executor.submit(self._work, call, context)

    def _work(self, call: _Call[Any], context: contextvars.Context) -> None:
        try:
            if call.future.set_running_or_notify_cancel():
                context.run(call.run)
        finally:
            with self._lock:
                self._running.discard(call)
            if not call.future.cancelled():
                call.future.set_result(None)

    async def close(self, work: Callable[[], None]) -> None:
        """Let what is on the wire come to its end, end all other calls, run ``work`` and end the threads.

        Calls that had not begun, or that wait, raise ``HelpdeskError``; so do later ones.
        """
        with self._lock:
            first, self._closed = not self._closed, True
            left = list(self._running) if first else []
        for call in left:
            call.cancellation.cancel()
        if first:
            self._closing = threading.Thread(target=self._end, args=(work,), name="helpdesk-bridge close")
            self._closing.start()
        cancelled = await _to_its_end(self._ended)
        self._closing.join()
        if cancelled:
            raise asyncio.CancelledError
        if first and (error := self._ended.exception()) is not None:
            raise error

    def _end(self, work: Callable[[], None]) -> None:
        self._executor.shutdown(wait=True)
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised where the close is awaited
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)


def checked_threads(threads: int) -> int:
    """Return a number of threads. Raises ``Invalid`` for what is none."""
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise Invalid("threads is a whole number above 0", field="threads", limit=1)
    return threads


def _waiter(future: Future[None]) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def ended(_: object) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(ended)
    return waiter


async def _to_its_end(future: Future[None]) -> bool:
    """Return when ``future`` is done, and whether the task was cancelled meanwhile."""
    cancelled = False
    while not future.done():
        try:
            await _waiter(future)
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


def _known(operation: str, call: _Call[Any]) -> CancelledWrite:
    error, call.error = call.error, None
    return CancelledWrite(operation, call.result, error)
