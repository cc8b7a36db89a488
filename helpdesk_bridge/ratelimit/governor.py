"""Makes callers wait so that the vendor never has to refuse: reserve before sending, settle from the answer."""

from __future__ import annotations

import bisect
import itertools
import logging
import math
import os
import threading
import weakref
from typing import TYPE_CHECKING

from attrs import define, field

from helpdesk_bridge.errors import RateLimited
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.ratelimit.policy import NOTHING, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.state import BudgetState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from helpdesk_bridge.http.clock import Clock
    from helpdesk_bridge.ratelimit.store import Store

logger = logging.getLogger("helpdesk_bridge.ratelimit")

LEASE_REAL_SECONDS = 600.0
"""After that a request in flight belongs to a process that died; far above any timeout of one attempt."""

Amounts = tuple[int, ...]


@define(eq=False)
class Reservation:
    """Leave to send one request; to be settled or cancelled exactly once. ``waited`` is in vendor seconds."""

    ident: str
    amounts: Amounts
    units: int
    sent: float
    waited: float = 0.0


@define(eq=False)
class _Waiter:
    order: tuple[int, int]
    amounts: Amounts
    event: threading.Event = field(factory=threading.Event)


class Governor:
    """One budget's gatekeeper, shared by every thread that spends it.

    Callers are served by priority (lower first), then in the order they came. No lock is held while waiting.
    """

    def __init__(self, policy: RateLimitPolicy, store: Store, clock: Clock, key: str = "") -> None:
        self.policy = policy
        self.clock = clock
        self._cell = store.cell(key, policy)
        self._poll = math.inf if store.poll is None else store.poll
        self._lease = LEASE_REAL_SECONDS * clock.time_scale
        self._rows = tuple(window.counts == "rows" for window in policy.windows)
        self._plain = len(policy.windows) == 1 and _always_charges(policy.windows[0])
        self._no_spares = self._spares(0)
        self._lock = threading.Lock()
        self._queue: list[_Waiter] = []
        self._numbers = itertools.count()
        self._prefix = f"{os.getpid():x}."
        self.budget = Budget(self)
        self.users: weakref.WeakSet[object] = weakref.WeakSet()
        """Who spends it through open connections."""

    def reserve(
        self,
        units: int,
        rows: int = 0,
        priority: int = 0,
        max_wait: float | None = None,
        *,
        method: str = "",
        path: str = "",
        reserve: int = 0,
        on_wait: Callable[[float], None] | None = None,
    ) -> Reservation:
        """Return when that many units may be spent.

        ``reserve`` units of every window are left to others. ``on_wait`` is told the expected seconds before a wait.
        Raises ``RateLimited`` as soon as the wait is seen to exceed ``max_wait`` vendor seconds; nothing was sent.
        """
        amounts = self._amounts(units, rows, method, path)
        number = next(self._numbers)
        ident = f"{self._prefix}{number:x}"
        entered = self.clock.now()
        if not any(amounts):
            return Reservation(ident, amounts, 0, entered)
        spares = self._spares(reserve) if reserve else self._no_spares
        order = (priority, number)
        with self._lock:
            if not self._queue or order < self._queue[0].order:
                wait = self._cell.update(BudgetState.take, ident, amounts, spares, entered, self._lease)
                if wait == 0.0:
                    return Reservation(ident, amounts, units, entered)
            waiter = _Waiter(order, amounts)
            expected = self._expected(waiter, spares)
            self._refuse_long_wait(expected, 0.0, max_wait)
            bisect.insort(self._queue, waiter, key=_order)
        logger.debug("waiting about %.1f s for the budget", expected)
        try:
            if on_wait is not None:
                on_wait(expected)
            sent = self._wait(waiter, ident, spares, entered, max_wait)
        finally:
            with self._lock:
                self._queue.remove(waiter)
                self._wake_head()
        return Reservation(ident, amounts, units, sent, sent - entered)

    def settle(
        self,
        reservation: Reservation,
        status: int | None,
        headers: Mapping[str, str] | None = None,
        *,
        refused: bool = False,
        rows: int | None = None,
    ) -> None:
        """Charge what was sent and learn from the answer; ``status`` None if none came: it is charged in full.

        ``rows`` replaces the reserved number of records by the one received.
        """
        ident, sent = reservation.ident, reservation.sent
        answered = self.clock.now()
        reading = NOTHING
        if headers is not None:
            reading = self.policy.read(headers, refused=refused, wall=self.clock.wall)
        if refused:
            logger.debug("refused by the vendor; retry after %s s", reading.retry_after)
            self._cell.update(BudgetState.refuse, ident, sent, answered, reading=reading)
        elif any(reservation.amounts):
            amounts = reservation.amounts if self._plain else self._spent(reservation.amounts, status, rows)
            lost = status is None
            self._cell.update(BudgetState.settle, ident, amounts, sent, answered, reading=reading, lost=lost)
        self._wake()

    def cancel(self, reservation: Reservation) -> None:
        """Give everything back: the request was provably not sent."""
        self._cell.update(BudgetState.drop, reservation.ident)
        self._wake()

    def forecast(self, units: int, rows: int = 0) -> float:
        """Return the seconds until that many units can have been sent, all who wait now first."""
        amounts = tuple(
            0 if window.applies is not None else rows if window.counts == "rows" else units
            for window in self.policy.windows
        )
        with self._lock:
            return self._expected(_Waiter((0, next(self._numbers)), amounts), self._spares(0))

    def left(self) -> tuple[int, int, float | None]:
        """Return limit, units left now, and the seconds until nothing is spent any more (None: nothing is)."""
        now = self.clock.now()
        number = self.policy.headers.window

        def look(state: BudgetState) -> tuple[int, int, float | None]:
            ledger = state.ledgers[number]
            ledger.sweep(now)
            blocked = state.blocked_until - now
            left = 0 if blocked > 0 else max(ledger.limit - ledger.used, 0)
            ends = ledger.charges[-1].release - now if ledger.charges else ledger.seconds if ledger.held else None
            return ledger.limit, left, max(ends or 0.0, blocked) if ends or blocked > 0 else None

        return self._cell.update(look)

    def tighten(self, policy: RateLimitPolicy) -> None:
        """Lower the limits to those of another policy for the same budget, except where the server told its own."""
        self._cell.update(BudgetState.tighten, tuple(window.limit for window in policy.windows))

    def idle(self) -> bool:
        """Whether forgetting this governor would lose nothing."""
        now = self.clock.now()
        return not self._queue and self._cell.update(BudgetState.idle, now)

    def after_fork(self) -> None:
        """Start anew in a child process: no thread of the parent waits or settles here."""
        self._lock = threading.Lock()
        self._queue = []
        self._prefix = f"{os.getpid():x}."
        self._cell.reopen()
        now = self.clock.now()
        self._cell.update(BudgetState.abandon, now)

    def _wait(self, waiter: _Waiter, ident: str, spares: Amounts, entered: float, max_wait: float | None) -> float:
        while True:
            pause = math.inf
            with self._lock:
                waiter.event.clear()
                now = self.clock.now()
                if self._queue[0] is waiter:
                    wait = self._cell.update(BudgetState.take, ident, waiter.amounts, spares, now, self._lease)
                    if wait == 0.0:
                        return now
                    waited = now - entered
                    pause = min(wait, self._poll)
                    if math.isinf(wait):
                        # Only an answer in flight can tell; it has a timeout, and so has our patience.
                        longest = self._lease if max_wait is None else max_wait - waited
                        pause = min(pause, longest)
                        wait = 0.0 if longest > 0 else math.inf
                    self._refuse_long_wait(wait, waited, max_wait)
            self.clock.wait(waiter.event, pause)

    def _refuse_long_wait(self, wait: float, waited: float, max_wait: float | None) -> None:
        if max_wait is None or waited + wait <= max_wait:
            return
        window = self.policy.windows[self.policy.headers.window]
        after = None if math.isinf(wait) else wait
        told = "unknown" if after is None else f"{after:.0f} s"
        raise RateLimited(
            f"the budget of {window.limit} {window.counts} in {window.seconds:.0f} s is spent; the next call could be "
            f"sent in {told}, and max_wait allows {max_wait:g} s",
            retry_after=after,
        )

    def _expected(self, waiter: _Waiter, spares: Amounts) -> float:
        ahead = [other.amounts for other in self._queue if other.order < waiter.order]
        amounts = tuple(sum(column) for column in zip(waiter.amounts, *ahead, strict=True))
        now = self.clock.now()
        return self._cell.update(BudgetState.forecast, amounts, spares, now)

    def _amounts(self, units: int, rows: int, method: str, path: str) -> Amounts:
        if self._plain:
            return (units if self.policy.windows[0].counts == "units" else int(units > 0),)
        return tuple(
            0
            if units <= 0 or (window.applies is not None and not window.applies(method, path))
            else {"requests": 1, "units": units, "rows": rows}[window.counts]
            for window in self.policy.windows
        )

    def _spent(self, amounts: Amounts, status: int | None, rows: int | None) -> Amounts:
        spent = []
        for window, amount, counts_rows in zip(self.policy.windows, amounts, self._rows, strict=True):
            charged = status is None or window.charges is None or window.charges(status)
            received = rows if counts_rows and amount and rows is not None else amount
            spent.append(received if charged else 0)
        return tuple(spent)

    def _spares(self, reserve: int) -> Amounts:
        return tuple(0 if rows else reserve for rows in self._rows)

    def _wake(self) -> None:
        if self._queue:
            with self._lock:
                self._wake_head()

    def _wake_head(self) -> None:
        if self._queue:
            self._queue[0].event.set()


def _order(waiter: _Waiter) -> tuple[int, int]:
    return waiter.order


def _always_charges(window: Window) -> bool:
    return window.counts != "rows" and window.applies is None and window.charges is None
