"""Where a budget lives: memory, or a place that several processes share, which keeps its bytes.

The rule itself is in ``BudgetState`` alone. A place only has to read and write bytes as one step, and tell the time.
"""

from __future__ import annotations

import logging
import math
import secrets
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, Protocol, TypeVar

from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.ratelimit import codec, identity
from helpdesk_bridge.ratelimit.state import Amounts, Answer, BudgetState, Spent

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

logger = logging.getLogger("helpdesk_bridge.ratelimit")

P = ParamSpec("P")
T = TypeVar("T")

LEAST_SHARERS: Final = 2
"""Who cannot be seen may be there all the same: alone, we still leave half of the limit."""

REAP_EVERY: Final = 0.1
"""Real seconds between looks whether those are alive who hold something that somebody waits for."""

MOST_ATTEMPTS: Final = 1000
"""So often a step is done again because another process was faster; then the place is no use."""

JUMP_PART, JUMP_SECONDS = 1.01, 2.0
"""The clock of a place may run faster than ours by that factor, and be that many real seconds ahead at once."""


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
        self._lock = new_lock()

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
        self.update(BudgetState.abandon)


class MemoryStore:
    """Budgets of this process; one that no governor uses any more is forgotten."""

    def __init__(self) -> None:
        self._cells: weakref.WeakValueDictionary[tuple[str, Clock], MemoryCell] = weakref.WeakValueDictionary()
        self._lock = new_lock()

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> MemoryCell:
        """Return the one cell of that key and clock."""
        with self._lock:
            found = self._cells.get((key, clock))
            if found is None:
                found = self._cells[key, clock] = MemoryCell(BudgetState.fresh(policy), clock)
            return found


class Place(Protocol):
    """The bytes of one budget, which one process at a time reads and writes, and the clock that goes with them.

    A step is ``lock``, ``read``, ``write`` and ``unlock``; if ``write`` was too late, ``read`` and ``write`` again.
    All may raise ``StoreLost`` or ``OSError``.
    """

    @property
    def name(self) -> str:
        """Where it is, in words; no secret is in it."""
        ...

    @property
    def far(self) -> bool:
        """Whether it has a clock of its own, which may jump."""
        ...

    def lock(self) -> None:
        """Begin a step, if others can be kept out of it."""
        ...

    def read(self) -> tuple[bytes | None, float]:
        """Return what was written last, None for nothing, and the time in vendor seconds."""
        ...

    @property
    def doubtful(self) -> bool:
        """Whether something may have been there that could not be read; after ``read``."""
        ...

    @property
    def restarted(self) -> bool:
        """Whether the clock began anew since that was written; after ``read``."""
        ...

    @property
    def remains(self) -> bytes | None:
        """What was still to be read of a place that was deleted or replaced since the last step; after ``read``."""
        ...

    def write(self, data: bytes) -> bool:
        """Replace what was read, and return whether nobody else had done so meanwhile."""
        ...

    def unlock(self) -> None:
        """End a step."""
        ...

    def close(self) -> None:
        """Let go of what is open: something failed, or this process was just forked. The next step opens it again."""
        ...


class SharedCell:
    """One budget in a shared place. The state read last is kept, for who finds it unchanged and for who finds it lost."""

    shared: bool = True

    def __init__(self, place: Place, policy: RateLimitPolicy, clock: Clock) -> None:
        self._place = place
        self._policy = policy
        self._clock = clock
        self._limits = tuple(window.limit for window in policy.windows)
        """What this process knows; the place keeps only what the server told, since programs learn better."""
        self._lock = new_lock()
        self._data: bytes | None = None
        """What ``_known`` looks like in the place, if it may be used for the next step."""
        self._known: BudgetState | None = None
        """The state as it was last seen, also once the place is lost."""
        self._seen = self._time = self._own_time = 0.0
        """When that was: by the state's clock, the place's, and our own."""
        self._reap_at = -math.inf
        self._failures = 0
        self._reason = ""

    @property
    def place(self) -> str:
        """The place."""
        return self._place.name

    @property
    def sharers(self) -> int:
        """How many processes were seen last."""
        return 1 if self._known is None else len(self._known.holders)

    def update(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do one step in the place."""
        failures = self._failures
        with self._lock:
            if self._failures != failures:
                raise StoreLost(self._reason)  # for the one before us: who stands in line need not wait for it again
            try:
                return self._step(change, *args, **kwargs)
            except BaseException as error:
                self._data = None
                self._place.close()
                if not isinstance(error, (OSError, StoreLost)):
                    raise
                reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
                self._failures, self._reason = failures + 1, reason
                raise StoreLost(reason) from None

    def tighten(self, limits: Amounts) -> None:
        """Lower the limits that hold for this process until the server has told its own."""
        with self._lock:
            self._limits = tuple(map(min, self._limits, limits))
            self._data = None

    def known(self) -> tuple[Spent, ...] | None:
        """Return what was spent as far as was seen last."""
        with self._lock:
            return None if self._known is None else self._remembered(self._known)

    def holders(self) -> tuple[str, ...]:
        """Return the other processes that spend it."""
        own = identity.this_process()
        return tuple(
            f"process {identity.pid_of(process)}" + (f" on {host}" if host != identity.host_name() else "")
            for process, host in sorted(self.update(BudgetState.processes).items())
            if process != own and not identity.is_gone(process)
        )

    def reopen(self) -> None:
        """Let go of what the parent process has open."""
        self._data = None
        self._place.close()

    def _step(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        place = self._place
        place.lock()
        try:
            for _ in range(MOST_ATTEMPTS):
                own_time = self._clock.now()
                data, now = place.read()
                if data is not None and data == self._data and self._known is not None:
                    state = self._known
                else:
                    state = self._taken_up(data, now)
                self._data = None
                if place.far:
                    self._steady(state, now, own_time)
                if identity.this_process() not in state.holders:
                    self._reap(state, now)
                result = change(state, now, *args, **kwargs)
                if isinstance(result, Answer) and result.wait and self._reap(state, now):
                    result = change(state, now, *args, **kwargs)
                data = codec.encode(state)
                if place.write(data):
                    self._data, self._known = data, state
                    self._seen, self._time, self._own_time = state.seen, now, own_time
                    return result
            raise StoreLost("too many change it at once")
        finally:
            place.unlock()

    def _taken_up(self, data: bytes | None, now: float) -> BudgetState:
        """Return the state that another process wrote, or a new one."""
        if self._place.remains is not None:
            with suppress(codec.Unreadable):
                self._known = codec.decode(self._place.remains, self._policy)
        if data is None:
            return self._begun(now, doubtful=self._place.doubtful)
        try:
            state = codec.decode(data, self._policy)
        except codec.Foreign as error:
            raise StoreLost(str(error)) from None
        except codec.Unreadable:
            return self._begun(now, doubtful=True)
        if self._known is not None and self._known.birth == state.birth and state.seen < self._seen:
            # An earlier one: the server crashed, or another took over that had not heard all. What we saw was of all.
            return self._begun(now, doubtful=False)
        for ledger, limit in zip(state.ledgers, self._limits, strict=True):
            ledger.limit = ledger.limit if ledger.told else limit
        if self._place.restarted:
            state.restart()
        if self._known is not None and self._known.birth != state.birth:
            # Another process began it anew, and may not know what we know.
            state.restore(now, self._remembered(self._known))
        return state

    def _steady(self, state: BudgetState, now: float, own_time: float) -> None:
        """Take out what the place's clock jumped ahead of ours since our last step, and note if it was set back."""
        if self._known is None or self._known.birth != state.birth:
            return
        time, passed, slack = now + state.skew, own_time - self._own_time, JUMP_SECONDS * self._clock.time_scale
        if time < self._seen + passed / JUMP_PART - slack:
            state.forget_ends()
        latest = self._seen + passed * JUMP_PART + slack
        if time > max(latest, state.seen):
            state.skew -= time - max(latest, state.seen)

    def _begun(self, now: float, *, doubtful: bool) -> BudgetState:
        """Return a new state: with what is known of the old one, or if there may have been one with half of it spent."""
        state = BudgetState.fresh(self._policy)
        state.birth = secrets.randbits(63) | 1
        state.tighten(now, self._limits)
        if self._known is not None:
            logger.warning(
                "the rate-limit budget in %s was deleted, damaged or set back; it is written anew from memory",
                self.place,
                extra={"event": "budget.restored", "place": self.place},
            )
            state.restore(now, self._remembered(self._known))
        elif doubtful:
            logger.warning(
                "the rate-limit budget in %s was damaged; half of every limit counts as spent for one window",
                self.place,
                extra={"event": "budget.damaged", "place": self.place},
            )
            state.add(now, [(ledger.limit - ledger.limit // LEAST_SHARERS, ledger.seconds) for ledger in state.ledgers])
        return state

    def _remembered(self, known: BudgetState) -> tuple[Spent, ...]:
        copy = codec.decode(codec.encode(known), self._policy)
        return copy.spent(self._time + max(self._clock.now() - self._own_time, 0.0))

    def _reap(self, state: BudgetState, now: float) -> bool:
        """Charge what processes of this machine had in flight that have ended; return whether there were any."""
        if now < self._reap_at:
            return False
        self._reap_at = now + REAP_EVERY * self._clock.time_scale
        there = {identity.process_of(ident) for ident in (*state.flights, *state.waiting)} | set(state.holders)
        gone = {process for process in there if identity.is_gone(process)}
        if gone:
            state.reap(now, gone)
        return bool(gone)
