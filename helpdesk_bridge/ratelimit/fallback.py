"""What becomes of a budget whose place is lost: a safe share of it, in memory, until the place is there again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from helpdesk_bridge.forks import new_rlock
from helpdesk_bridge.ratelimit.state import Amounts, BudgetState, Spent
from helpdesk_bridge.ratelimit.store import LEAST_SHARERS, Cell, MemoryCell, StoreLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

logger = logging.getLogger("helpdesk_bridge.ratelimit")

P = ParamSpec("P")
T = TypeVar("T")

FIRST_RETRY, LONGEST_RETRY = 1.0, 30.0
"""Real seconds between attempts to use the place again."""


class Tell(Protocol):
    """Is called when the place is lost or there again."""

    def __call__(self, place: str, reason: str, *, lost: bool) -> None:
        """Take note; ``reason`` says why, without any secret."""
        ...


class FallbackCell:
    """A shared cell, or while it is lost a share of the limit in memory, charged with all that was known to be spent.

    The share is the limit divided by the number of processes seen last, two at least. When the place is there again,
    what was spent meanwhile is charged to it.
    """

    def __init__(self, primary: Cell, policy: RateLimitPolicy, clock: Clock, tell: Tell) -> None:
        self._primary = primary
        self._policy = policy
        self._clock = clock
        self._tell = tell
        self._lock = new_rlock()
        self._local: MemoryCell | None = None
        self._base: list[tuple[int, float]] = []
        self._reason = ""
        self._retry = FIRST_RETRY
        self._again = 0.0

    @property
    def place(self) -> str:
        """Where it lives now."""
        if self._local is None:
            return self._primary.place
        return f"memory of this process, a share of the limit ({self._primary.place}: {self._reason})"

    @property
    def lost(self) -> bool:
        """Whether the place is lost."""
        return self._local is not None

    @property
    def shared(self) -> bool:
        """Whether others may change it."""
        return self._local is None and self._primary.shared

    @property
    def sharers(self) -> int:
        """How many processes were seen."""
        return self._primary.sharers

    def update(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do one step where the budget lives now."""
        if self._local is None:
            try:
                return self._primary.update(change, *args, **kwargs)
            except StoreLost as lost:
                self._lose(str(lost))
        elif self._clock.now() >= self._again:
            self._try_again()
        with self._lock:
            if self._local is not None:
                return self._local.update(change, *args, **kwargs)
        return self.update(change, *args, **kwargs)

    def tighten(self, limits: Amounts) -> None:
        """Lower the limits that the server has not told."""
        self._primary.tighten(limits)
        if (local := self._local) is not None:
            local.tighten(limits)

    def known(self) -> tuple[Spent, ...] | None:
        """Return what was spent as far as was seen."""
        local = self._local
        return self._primary.known() if local is None else local.known()

    def holders(self) -> tuple[str, ...]:
        """Return who else spends it, as far as can be seen."""
        try:
            return self._primary.holders() if self._local is None else ()
        except StoreLost as lost:
            self._lose(str(lost))
            return ()

    def reopen(self) -> None:
        """Make both usable in a child process."""
        self._primary.reopen()
        if self._local is not None:
            self._local.reopen()

    def _lose(self, reason: str) -> None:
        with self._lock:
            if self._local is not None:
                return
            sharers = max(self._primary.sharers, LEAST_SHARERS)
            known = self._primary.known()
            now = self._clock.now()
            state = BudgetState.fresh(self._policy)
            state.share = sharers
            for ledger in state.ledgers:
                ledger.limit = max(ledger.limit // sharers, 1)
            self._base = []
            if known is not None:
                spent = [(window.units, window.ends_in, window.limit // sharers or 1, window.told) for window in known]
                state.restore(now, spent)
                self._base = [(window.units, now + window.ends_in) for window in known]
            self._reason, self._retry = reason, FIRST_RETRY
            self._again = now + self._retry * self._clock.time_scale
            self._local = MemoryCell(state, self._clock)
        logger.warning(
            "the rate-limit budget in %s is lost (%s); this process goes on with 1/%d of the limit",
            self._primary.place,
            reason,
            sharers,
            extra={"event": "budget.lost", "place": self._primary.place, "reason": reason, "share": sharers},
        )
        self._tell(self._primary.place, reason, lost=True)

    def _is_back(self) -> bool:
        return self._local is None

    def _try_again(self) -> None:
        with self._lock:
            now = self._clock.now()
            if self._local is None or now < self._again:
                return
            self._retry = min(self._retry * 2, LONGEST_RETRY)
            self._again = now + self._retry * self._clock.time_scale
        try:
            # Outside the lock: reaching a place that is lost may take its time, and nobody has to wait for that.
            self._primary.update(BudgetState.left, self._policy.headers.window)
            with self._lock:
                if self._is_back():
                    return
                self._primary.update(BudgetState.add, self._own())
                self._local = None
        except StoreLost as lost:
            self._reason = str(lost)
            return
        place = self._primary.place
        logger.warning(
            "the rate-limit budget in %s is there again", place, extra={"event": "budget.back", "place": place}
        )
        self._tell(self._primary.place, "", lost=False)

    def _own(self) -> tuple[tuple[int, float], ...]:
        """Return what this process spent since the loss: units and the seconds until they are free again."""
        if self._local is None:
            return ()
        now = self._clock.now()
        base = self._base or [(0, now)] * len(self._policy.windows)
        own = []
        for spent, (units, until) in zip(self._local.known(), base, strict=True):
            own.append((spent.units - (units if until > now else 0), spent.ends_in))
        return tuple(own)
