"""Where a budget lives. In memory here; a file or a server serves several processes behind the same two methods."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from helpdesk_bridge.ratelimit.state import BudgetState

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

P = ParamSpec("P")
T = TypeVar("T")


class Cell(Protocol):
    """The state of one budget."""

    def update(self, change: Callable[Concatenate[BudgetState, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Load the state, call ``change(state, …)``, keep the state, and return the result: all of it, atomically.

        ``change`` is short, never waits, and may be called again after a conflict.
        """
        ...

    def reopen(self) -> None:
        """Make the cell usable in a process that was just forked."""
        ...


class Store(Protocol):
    """Keeps the state of budgets by their keys."""

    @property
    def poll(self) -> float | None:
        """Vendor seconds after which a waiter looks again, because others may have settled; None if nobody else can."""
        ...

    def cell(self, key: str, policy: RateLimitPolicy) -> Cell:
        """Return the cell of that key; ``policy`` says what an unspent budget looks like."""
        ...


class MemoryCell:
    """One state behind one lock."""

    def __init__(self, state: BudgetState) -> None:
        self._state = state
        self._lock = threading.Lock()

    def update(self, change: Callable[Concatenate[BudgetState, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Apply the change under the lock."""
        with self._lock:
            return change(self._state, *args, **kwargs)

    def reopen(self) -> None:
        """Replace the lock: a thread that does not exist in this process may have held it."""
        self._lock = threading.Lock()


class MemoryStore:
    """Budgets of this process; one that no governor uses any more is forgotten."""

    poll: float | None = None

    def __init__(self) -> None:
        self._cells: weakref.WeakValueDictionary[str, MemoryCell] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def cell(self, key: str, policy: RateLimitPolicy) -> MemoryCell:
        """Return the one cell of that key."""
        with self._lock:
            found = self._cells.get(key)
            if found is None:
                found = self._cells[key] = MemoryCell(BudgetState.fresh(policy))
            return found
