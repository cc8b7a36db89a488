"""Makes callers wait so that the vendor never has to refuse: reserve before sending, settle from the answer."""

from __future__ import annotations

import bisect
import logging
import math
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from attrs import define, field

from helpdesk_bridge.cancellation import cancellation
from helpdesk_bridge.errors import RateLimited
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.ratelimit import identity
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.ratelimit.fallback import FallbackCell
from helpdesk_bridge.ratelimit.policy import LARGEST, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.state import Amounts, Answer, BudgetState, Left, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.store import Cell, Store

logger = logging.getLogger("helpdesk_bridge.ratelimit")

LEASE_REAL_SECONDS = 600.0
"""After that a request in flight, of a caller that gave no lease, belongs to a process that died."""

TOLD_FROM = 1.0
"""Waits of that many vendor seconds and more are told."""

FIRST_LOOK, LONGEST_LOOK = 1.0, 32.0
"""Real seconds, doubling, between looks of a process's first in line whether another process gave something back."""

FIRST_POLL, LONGEST_POLL = 0.002, 1.0
"""The same while only an answer to another process can tell when to go on."""

SHORTEST_PAUSE = 1e-6
"""What is left of a wait after rounding between two clocks may be too little to move the clock that is waited by."""

PRESENCE = 5.0
"""Real seconds after its time at which a waiting process that has not come is taken for gone."""


@define(eq=False)
class Reservation:
    """Leave to send one request; to be settled or cancelled exactly once. ``waited`` is in vendor seconds."""

    ident: int
    amounts: Amounts
    units: int
    sent: float
    waited: float = 0.0


@define(eq=False)
class _Waiter:
    order: tuple[float, int]
    kind: tuple[Amounts, Amounts]
    """Callers of one kind ask for the same; if the first of them cannot go, none can."""
    event: threading.Event = field(factory=threading.Event)
    unknown: bool = False
    looks: int = 0


class Governor:
    """One budget's gatekeeper, shared by every thread that spends it.

    Callers are served by priority (lower first), then in the order they came, over all processes that share the
    budget; each step of priority lets those pass who come up to one window later, so that nobody waits for ever. No
    lock is held while waiting.
    """

    def __init__(self, policy: RateLimitPolicy, store: Store, clock: Clock, key: str = "") -> None:
        self.policy = policy
        self.clock = clock
        self.key = key
        cell = store.cell(key, policy, clock)
        self._cell: Cell = FallbackCell(cell, policy, clock, self._store_changed) if cell.shared else cell
        self._real = clock.time_scale
        self._rows = tuple(window.counts == "rows" for window in policy.windows)
        self._plain = len(policy.windows) == 1 and _always_charges(policy.windows[0])
        self._counts_units = policy.windows[0].counts == "units"
        self._no_spares = self._spares(0)
        self._lock = new_lock()
        self._queue: list[_Waiter] = []
        self.budget = Budget(self)
        self.users: weakref.WeakSet[User] = weakref.WeakSet()
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
        reserve: float = 0,
        lease: float | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> Reservation:
        """Return when that many units may be spent.

        ``reserve`` units of every window, or below 1 that share of it, are left to others. ``lease``: real seconds after which the request has
        ended whatever happens. ``on_wait`` is told the expected seconds of a wait of a second and more. Raises
        ``RateLimited`` as soon as the wait is seen to exceed ``max_wait`` vendor seconds; nothing was sent.
        """
        amounts = self._amounts(min(units, LARGEST), min(rows, LARGEST), method, path)
        ident = identity.next_ident()
        if not any(amounts):
            return Reservation(ident, amounts, 0, 0.0)
        spares = self._spares(reserve) if reserve else self._no_spares
        leased = (LEASE_REAL_SECONDS if lease is None else lease) * self._real
        patience = math.inf if max_wait is None else max_wait
        presence = PRESENCE * self._real if self._cell.shared else math.inf
        answer = self._cell.update(BudgetState.take, ident, amounts, spares, leased, None, priority, patience, presence)
        if answer.wait == 0.0:
            return Reservation(ident, amounts, units, answer.at)
        if answer.expected > patience:
            raise self._too_long(answer.expected, patience)
        logger.debug(
            "waiting about %.1f s for the budget",
            answer.expected,
            extra={"event": "budget.wait", "seconds": answer.expected, "units": units},
        )
        turn = _Turn(ident, amounts, spares, leased, priority, patience, presence, answer.at)
        sent = self._wait(turn, answer, on_wait)
        return Reservation(ident, amounts, units, sent, sent - answer.at)

    def settle(
        self,
        reservation: Reservation,
        status: int | None,
        headers: Mapping[str, str] | None = None,
        *,
        refused: bool = False,
        rows: int | None = None,
        wall: Callable[[], datetime] | None = None,
    ) -> None:
        """Charge what was sent and learn from the answer; ``status`` None if none came: it is charged in full.

        ``rows`` replaces the reserved number of records by the one received. ``wall`` tells the vendor's time of day, for
        an answer without a date of its own; this machine's without it.
        """
        ident = reservation.ident
        told: Told | None = None
        if headers is not None:
            told = self.policy.read(headers, refused=refused, wall=wall or self.clock.wall)
        if refused:
            told = told or (None, None, None, None)
            logger.debug(
                "refused by the vendor; retry after %s s",
                told[3],
                extra={"event": "budget.refused", "retry_after": told[3]},
            )
            self._cell.update(BudgetState.refuse, ident, told)
        elif any(reservation.amounts):
            amounts = reservation.amounts if self._plain else self._spent(reservation.amounts, status, rows)
            self._cell.update(BudgetState.settle, ident, amounts, told, lost=status is None)
        self._wake()

    def cancel(self, reservation: Reservation) -> None:
        """Give everything back: the request was provably not sent."""
        self._cell.update(BudgetState.drop, reservation.ident)
        self._wake()

    def forecast(self, units: int, rows: int = 0, reserve: float = 0) -> float:
        """Return the seconds until that many units can have been sent, all who wait now first and ``reserve`` left to others."""
        amounts = tuple(
            0 if window.applies is not None else rows if window.counts == "rows" else max(units, 0)
            for window in self.policy.windows
        )
        return self._cell.update(BudgetState.forecast, amounts, self._spares(reserve))

    def left(self) -> Left:
        """Return limit, units left now, and the seconds until nothing is spent any more (None: nothing is)."""
        return self._cell.update(BudgetState.left, self.policy.headers.window)

    @property
    def place(self) -> str:
        """Where the state lives now, in words."""
        return self._cell.place

    @property
    def lost(self) -> bool:
        """Whether the place cannot be used just now."""
        return isinstance(self._cell, FallbackCell) and self._cell.lost

    def holders(self) -> tuple[str, ...]:
        """Return the other processes that spend this budget."""
        return self._cell.holders()

    def tighten(self, policy: RateLimitPolicy) -> None:
        """Lower the limits to those of another policy for the same budget, except where the server told its own."""
        self._cell.tighten(tuple(window.limit for window in policy.windows))

    def idle(self) -> bool:
        """Whether forgetting this governor would lose nothing."""
        return not self._queue and (self._cell.shared or self._cell.update(BudgetState.idle))

    def after_fork(self) -> None:
        """Start anew in a child process: no thread of the parent waits or settles here."""
        self._queue = []
        self._cell.reopen()

    def _wait(self, turn: _Turn, answer: Answer, on_wait: Callable[[float], None] | None) -> float:
        waiter = _Waiter((turn.order(self.policy), turn.ident), (turn.amounts, turn.spares))
        call = cancellation()
        with self._lock:
            bisect.insort(self._queue, waiter, key=_order)
        try:
            while True:
                waited = answer.at - turn.arrived
                if on_wait is not None and max(waited, answer.expected) >= TOLD_FROM:
                    on_wait(max(answer.expected, answer.wait) if answer.wait < math.inf else answer.expected)
                    on_wait = None
                waiter.event.clear()
                answer = self._cell.update(BudgetState.take, *turn.arguments)
                if answer.wait == 0.0:
                    return answer.at
                pause = max(self._pause(waiter, answer, turn), SHORTEST_PAUSE)
                if call is None:
                    self.clock.wait(waiter.event, pause)
                    continue
                with call.waking(waiter.event):
                    call.check()
                    self.clock.wait(waiter.event, pause)
                call.check()
        finally:
            with self._lock:
                self._queue.remove(waiter)
            if answer.wait != 0.0:
                self._cell.update(BudgetState.leave, turn.ident)
            self._wake()

    def _pause(self, waiter: _Waiter, answer: Answer, turn: _Turn) -> float:
        waited = answer.at - turn.arrived
        unknown = math.isinf(answer.wait)
        # Only an answer in flight can tell; it has a timeout, and so has our patience.
        longest = turn.lease if math.isinf(turn.patience) else turn.patience - waited
        if (unknown and longest <= 0) or (not unknown and waited + answer.wait > turn.patience):
            raise self._too_long(answer.wait, turn.patience)
        pause = min(answer.wait, longest) if unknown else answer.wait
        if not self._cell.shared:
            return pause
        if not self._leads(waiter):
            return min(pause, PRESENCE / 2 * self._real) if unknown else pause
        first, last = (FIRST_POLL, LONGEST_POLL) if unknown else (FIRST_LOOK, LONGEST_LOOK)
        if unknown is not waiter.unknown:
            waiter.unknown, waiter.looks = unknown, 0
        look = min(first * 2.0 ** min(waiter.looks, 16), last)
        waiter.looks += 1
        return min(pause, look * self._real)

    def _leads(self, waiter: _Waiter) -> bool:
        with self._lock:
            return next(other for other in self._queue if other.kind == waiter.kind) is waiter

    def _too_long(self, wait: float, patience: float) -> RateLimited:
        window = self.policy.windows[self.policy.headers.window]
        after = None if math.isinf(wait) else wait
        told = "unknown" if after is None else f"{after:.0f} s"
        return RateLimited(
            f"the budget of {window.limit} {window.counts} in {window.seconds:.0f} s is spent; the next call could be "
            f"sent in {told}, and max_wait allows {patience:g} s",
            retry_after=after,
        )

    def _amounts(self, units: int, rows: int, method: str, path: str) -> Amounts:
        if self._plain:
            return (units if self._counts_units and units > 0 else int(units > 0),)
        return tuple(
            0
            if units <= 0 or (window.applies is not None and not window.applies(method, path))
            else {"requests": 1, "units": units, "rows": max(rows, 0)}[window.counts]
            for window in self.policy.windows
        )

    def _spent(self, amounts: Amounts, status: int | None, rows: int | None) -> Amounts:
        spent = []
        for window, amount, counts_rows in zip(self.policy.windows, amounts, self._rows, strict=True):
            charged = status is None or window.charges is None or window.charges(status)
            received = rows if counts_rows and amount and rows is not None else amount
            spent.append(received if charged else 0)
        return tuple(spent)

    def _spares(self, reserve: float) -> Amounts:
        if reserve < 1:
            limits = (window.limit for window in self.policy.windows)
            shares = (min(limit - 1, math.ceil(limit * reserve)) for limit in limits)
            return tuple(0 if rows else share for rows, share in zip(self._rows, shares, strict=True))
        return tuple(0 if rows else int(reserve) for rows in self._rows)

    def _wake(self) -> None:
        """Let the first of every kind look again; who has its turn lets the next of its kind look."""
        if not self._queue:
            return
        with self._lock:
            kinds = set()
            for waiter in self._queue:
                if waiter.kind not in kinds:
                    kinds.add(waiter.kind)
                    waiter.event.set()

    def _store_changed(self, place: str, reason: str, *, lost: bool) -> None:
        for user in list(self.users):
            user.store_changed(place, reason, lost=lost)


class User(Protocol):
    """Spends a budget through an open connection."""

    def store_changed(self, place: str, reason: str, *, lost: bool) -> None:
        """Take note that the place where the budget lives is lost, or there again."""
        ...


@define
class _Turn:
    ident: int
    amounts: Amounts
    spares: Amounts
    lease: float
    priority: int
    patience: float
    presence: float
    arrived: float

    def order(self, policy: RateLimitPolicy) -> float:
        return self.arrived + self.priority * policy.windows[policy.headers.window].seconds

    @property
    def arguments(self) -> tuple[int, Amounts, Amounts, float, float, int, float, float]:
        return (
            self.ident,
            self.amounts,
            self.spares,
            self.lease,
            self.arrived,
            self.priority,
            math.inf,
            self.presence,
        )


def _order(waiter: _Waiter) -> tuple[float, int]:
    return waiter.order


def _always_charges(window: Window) -> bool:
    return window.counts != "rows" and window.applies is None and window.charges is None
