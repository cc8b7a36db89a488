"""Cancellation of a call that another thread runs: nothing more goes out, unless some of a write has gone already."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.last_check import checked_last, last_check

if TYPE_CHECKING:
    from helpdesk_bridge.clock import Clock

_current: Final[ContextVar[Cancellation | None]] = ContextVar("cancellation", default=None)


class CallCancelled(BaseException):
    """The call was cancelled, and nothing of the attempt that was about to begin went out.

    It is no ``Exception``, so that nothing on the way takes it for a failure of the vendor.
    """


class Cancellation:
    """Whether one call is cancelled. Once its first write goes out, it can no longer be: the call runs to its end."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._cancelled = False
        self._wrote = False
        self._waiting: list[threading.Event] = []

    @property
    def cancelled(self) -> bool:
        """Whether the call was cancelled."""
        return self._cancelled

    @property
    def wrote(self) -> bool:
        """Whether some of a write has gone, or is about to."""
        return self._wrote

    def cancel(self) -> bool:
        """Cancel the call and wake it from its waits; return False, having done nothing, if some of a write has gone."""
        with self._lock:
            if self._wrote:
                return False
            self._cancelled = True
            for event in self._waiting:
                event.set()
            return True

    def check(self) -> None:
        """Raise ``CallCancelled`` if the call was cancelled."""
        if self._cancelled:
            raise CallCancelled

    def begin_write(self) -> None:
        """Raise ``CallCancelled`` if the call was cancelled; else it can be no more."""
        with self._lock:
            self.check()
            self._wrote = True

    @contextmanager
    def waking(self, event: threading.Event) -> Iterator[None]:
        """Set ``event`` when the call is cancelled, so that who waits for it looks again."""
        with self._lock:
            self._waiting.append(event)
        try:
            yield
        finally:
            with self._lock:
                self._waiting.remove(event)


def cancellation() -> Cancellation | None:
    """Return the cancellation of the call that this thread runs, or None if nobody can cancel it."""
    return _current.get()


@contextmanager
def cancellable(call: Cancellation) -> Iterator[None]:
    """Let ``call`` be asked before anything goes out that this thread sends meanwhile."""
    earlier = last_check()

    def check() -> None:
        if earlier is not None:
            earlier()
        call.begin_write()

    token = _current.set(call)
    try:
        with checked_last(check):
            yield
    finally:
        _current.reset(token)


def check_before_first_byte(anything_sent: Callable[[], bool]) -> Callable[[], None] | None:
    """Return what a read asks before it sends: a cancelled one is kept back whole, and never cut in two."""
    call = _current.get()
    if call is None:
        return None

    def check() -> None:
        if not anything_sent():
            call.check()

    return check


def cancellable_sleep(clock: Clock, seconds: float) -> None:
    """Return after that many vendor seconds. Raises ``CallCancelled`` as soon as the call is cancelled."""
    call = _current.get()
    if call is None:
        clock.sleep(seconds)
        return
    woken = threading.Event()
    with call.waking(woken):
        call.check()
        clock.wait(woken, seconds)
    call.check()
