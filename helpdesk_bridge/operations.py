"""Operations: the calls of a desk as whoever watches the process sees them, with the tries that each takes.

Nobody watches unless ``watch`` was called; until then this costs a look at an empty tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, Final, Protocol

from attrs import frozen


class Connection(Protocol):
    """What a watcher may ask of a desk's connection: its ``origin`` and its ``budget``."""

    @property
    def origin(self) -> Any: ...  # noqa: D102 - what it is, ``http.Stack`` says
    @property
    def budget(self) -> Any: ...  # noqa: D102 - see above


@frozen
class Begun:
    """An operation that has begun: ``tickets.create`` of the desk ``support``.

    ``transport`` is the desk's connection, None for a desk without one. ``passing`` marks one that rarely asks the vendor
    anything, such as the checks before a listing: it is worth telling only if it does, or fails.
    """

    vendor: str
    desk: str
    name: str
    transport: Connection | None
    passing: bool = False


class Running(Protocol):
    """One watcher's view of an operation."""

    def current(self) -> AbstractContextManager[object]:
        """Make the operation the one that the tries of this thread belong to."""
        ...

    def end(self, error: BaseException | None) -> None:
        """Take note of how it ended."""
        ...


class Watcher(Protocol):
    """Watches every desk of this process."""

    def begin(self, operation: Begun) -> Running:
        """Take note of an operation that begins."""
        ...

    def event(self, event: Any) -> None:
        """Take note of a ``DeskEvent`` of a transport, in the thread where it happens."""
        ...


_watchers: tuple[Watcher, ...] = ()
_within: Final[ContextVar[bool]] = ContextVar("within_an_operation", default=False)


def watch(watcher: Watcher) -> Callable[[], None]:
    """Tell ``watcher`` of everything from now on; the result ends that."""
    global _watchers  # noqa: PLW0603 - one process, one list
    _watchers = (*_watchers, watcher)

    def end() -> None:
        global _watchers  # noqa: PLW0603 - see above
        _watchers = tuple(other for other in _watchers if other is not watcher)

    return end


def watchers() -> tuple[Watcher, ...]:
    """Return who watches."""
    return _watchers


class Operation:
    """An operation as all who watch see it."""

    def __init__(self, running: tuple[Running, ...]) -> None:
        self._running = running

    @contextmanager
    def current(self) -> Iterator[None]:
        """Let what this thread does meanwhile be part of the operation."""
        token = _within.set(True)
        try:
            with ExitStack() as stack:
                for one in self._running:
                    stack.enter_context(one.current())
                yield
        finally:
            _within.reset(token)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Tell how it ended when the block does; a listing that is not read to its end has not failed."""
        try:
            yield
        except GeneratorExit:
            self._end(None)
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._end(None)

    def _end(self, error: BaseException | None) -> None:
        for one in self._running:
            one.end(error)


def begin(
    vendor: str, desk: str, name: str, transport: Connection | None, *, passing: bool = False
) -> Operation | None:
    """Return an operation that begins; None if nobody watches, or if it is part of another one."""
    if not _watchers or _within.get():
        return None
    begun = Begun(vendor, desk, name, transport, passing)
    return Operation(tuple(watcher.begin(begun) for watcher in _watchers))
