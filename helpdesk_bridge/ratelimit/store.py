"""Where a budget lives: what every place offers, and memory."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from helpdesk_bridge.ratelimit.state import Amounts, BudgetState, Spent

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge.http.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

P = ParamSpec("P")
T = TypeVar("T")


class StoreLost(Exception):
    """The place cannot be used just now; the message says why, without any secret."""


class Cell(Protocol):
    """The state of one budget."""

    @property
    def place(self) -> str:
        """Where it lives, in words; no secret is in it."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other processes may change it, which wakes nobody here."""
        ...

    def update(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do one step, atomically: ``change`` is a public method of ``BudgetState``, the time is put before ``args``.

        Times are those of the cell's own clock. Raises ``StoreLost``; whether the step was done is unknown then.
        """
        ...

    def tighten(self, limits: Amounts) -> None:
        """Lower the limits to these, one a window, where the server has not told its own."""
        ...

    def known(self) -> tuple[Spent, ...] | None:
        """Return what was spent as far as was seen last, without asking anybody; None if nothing was seen."""
        ...

    @property
    def sharers(self) -> int:
        """How many processes were seen spending it last, this one included."""
        ...

    def holders(self) -> tuple[str, ...]:
        """Return who else spends it. Raises ``StoreLost``."""
        ...

    def reopen(self) -> None:
        """Make the cell usable in a process that was just forked."""
        ...


class Store(Protocol):
    """Keeps the state of budgets by their keys."""

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> Cell:
        """Return the cell of that key; ``policy`` says what an unspent budget looks like. No I/O happens here."""
        ...


class MemoryCell:
    """One state behind one lock."""

    place: str = "memory of this process"
    shared: bool = False
    sharers: int = 1

    def __init__(self, state: BudgetState, clock: Clock) -> None:
        self._state = state
        self._now = clock.now
        self._lock = threading.Lock()

    def update(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Apply the change under the lock."""
        with self._lock:
            return change(self._state, self._now(), *args, **kwargs)

    def tighten(self, limits: Amounts) -> None:
        """Lower the limits that the server has not told."""
        self.update(BudgetState.tighten, limits)

    def known(self) -> tuple[Spent, ...]:
        """Return what is spent."""
        return self.update(BudgetState.spent)

    def holders(self) -> tuple[str, ...]:
        """Return nobody: no other process sees this memory."""
        return ()

    def reopen(self) -> None:
        """Start with what was spent, and nothing in flight: no thread of the parent settles or waits here."""
        self._lock = threading.Lock()
        self.update(BudgetState.abandon)


class MemoryStore:
    """Budgets of this process; one that no governor uses any more is forgotten."""

    def __init__(self) -> None:
        self._cells: weakref.WeakValueDictionary[tuple[str, Clock], MemoryCell] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> MemoryCell:
        """Return the one cell of that key and clock."""
        with self._lock:
            found = self._cells.get((key, clock))
            if found is None:
                found = self._cells[key, clock] = MemoryCell(BudgetState.fresh(policy), clock)
            return found
