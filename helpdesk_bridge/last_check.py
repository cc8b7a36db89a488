"""Last check: what a write asks after every wait, immediately before its bytes go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_check: Final[ContextVar[Callable[[], None] | None]] = ContextVar("last_check", default=None)


@contextmanager
def checked_last(check: Callable[[], None]) -> Iterator[None]:
    """Call ``check`` before each piece of every write that this thread sends meanwhile; if it raises, no more goes out.

    A read is not checked. What ``check`` raises comes out of the write as it is, so it must be no ``OSError``.
    """
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def last_check() -> Callable[[], None] | None:
    """Return what writes of this thread have to ask, or None."""
    return _check.get()
