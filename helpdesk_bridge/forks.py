"""Locks that a forked child finds open, whichever thread of its parent held them.

Only the forking thread lives on in the child, so a lock that another one held would stay closed for ever. What such a lock
guards is whole between two steps of Python, or is dropped in the child by a hook of its own (the budget, the files).
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any, Final

_made: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def new_lock() -> threading.Lock:
    """Return a lock."""
    lock = threading.Lock()
    _made.add(lock)
    return lock


def new_rlock() -> threading.RLock:
    """Return a lock that its holder may take again."""
    lock = threading.RLock()
    _made.add(lock)
    return lock


def _open_all() -> None:
    for lock in list(_made):
        lock._at_fork_reinit()  # noqa: SLF001 - as threading, logging and concurrent.futures do for theirs


os.register_at_fork(after_in_child=_open_all)
