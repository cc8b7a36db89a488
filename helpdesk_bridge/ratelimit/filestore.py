"""Budgets in a file, for all processes of one host; no server is needed."""

from __future__ import annotations

import hashlib
import logging
import math
import secrets
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

from helpdesk_bridge.http.clock import boot_id
from helpdesk_bridge.ratelimit import codec, identity
from helpdesk_bridge.ratelimit.budgetfile import MOST_SEGMENTS, BudgetFile, Slot
from helpdesk_bridge.ratelimit.fallback import LEAST_SHARERS
from helpdesk_bridge.ratelimit.policy import LONGEST_WAIT
from helpdesk_bridge.ratelimit.state import Amounts, Answer, BudgetState, Spent
from helpdesk_bridge.ratelimit.store import StoreLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge.http.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

logger = logging.getLogger("helpdesk_bridge.ratelimit")

P = ParamSpec("P")
T = TypeVar("T")

OWNER_ONLY: Final = 0o600
OWNER_AND_GROUP: Final = 0o660

REAP_EVERY: Final = 0.1
"""Real seconds between looks whether those are alive who hold something that somebody waits for."""

CHECK_EVERY: Final = 0.05
"""Real seconds between looks whether the file is still where it was."""

_ANY_SPACE: Final = 1
"""The mark of a budget that processes of several pid namespaces spend: none can tell who of the others is alive."""


class FileStore:
    """Budgets in one file. ``boot`` tells one zero of the machine's monotonic clock from another."""

    def __init__(self, path: Path, *, mode: int = OWNER_AND_GROUP, boot: bytes | None = None) -> None:
        self.path = path
        self._mode = mode
        self._boot = boot
        self._cells: weakref.WeakValueDictionary[tuple[str, Clock], FileCell] = weakref.WeakValueDictionary()

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> FileCell:
        """Return the cell of that key. The file is opened, or created, with its first use."""
        found = self._cells.get((key, clock))
        if found is None:
            boot = boot_id() if self._boot is None else self._boot
            file = BudgetFile(self.path, self._mode, makes_folder=self._mode == OWNER_ONLY)
            found = self._cells[key, clock] = FileCell(file, key, policy, clock, boot)
        return found


class FileCell:
    """One budget in a file. The state read last is kept, and read anew only when somebody else has changed it."""

    shared: bool = True

    def __init__(self, file: BudgetFile, key: str, policy: RateLimitPolicy, clock: Clock, boot: bytes) -> None:
        self._file = file
        self._key = hashlib.sha256(key.encode()).digest()[:16]
        self._policy = policy
        self._clock = clock
        self._boot = boot
        self._limits = tuple(window.limit for window in policy.windows)
        """What this process knows; in the file stands only what the server told, since programs learn better."""
        self._lock = threading.Lock()
        self._segment = -1
        self._other = self._sequence = self._birth = 0
        """The slot to be written next, and what stands in the other one."""
        self._heads = [b"", b""]
        self._state: BudgetState | None = None
        self._known: BudgetState | None = None
        """The state as it was last seen, also once the file is lost."""
        self._space = identity.pid_space()
        self._check_at = self._reap_at = -math.inf
        self._real = clock.time_scale

    @property
    def place(self) -> str:
        """The file."""
        return f"file {self._file.path}"

    @property
    def sharers(self) -> int:
        """How many processes were seen last."""
        return 1 if self._known is None else len(self._known.holders)

    def update(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do one step under the file's lock."""
        with self._lock:
            try:
                return self._step(change, *args, **kwargs)
            except OSError as error:
                self._lose()
                raise StoreLost(error.strerror or type(error).__name__) from None
            except BaseException:
                self._lose()
                raise

    def tighten(self, limits: Amounts) -> None:
        """Lower the limits that hold for this process until the server has told its own."""
        with self._lock:
            self._limits = tuple(map(min, self._limits, limits))
            if self._state is not None:
                self._state.tighten(self._state.seen, limits)

    def known(self) -> tuple[Spent, ...] | None:
        """Return what was spent as far as was seen last."""
        with self._lock:
            return None if self._known is None else self._known.spent(self._clock.now())

    def holders(self) -> tuple[str, ...]:
        """Return the ids of the other processes that spend it."""
        own, found = identity.this_process(), self.update(BudgetState.processes)
        there = sorted(one for one in found if one != own and (self._space == _ANY_SPACE or _is_there(one)))
        return tuple(f"process {identity.pid_of(process)}" for process in there)

    def reopen(self) -> None:
        """Use a descriptor of this process's own: a file lock belongs to the descriptor."""
        self._lock = threading.Lock()
        self._file.close()
        self._state = None
        self._space = identity.pid_space()

    def _step(self, change: Callable[Concatenate[BudgetState, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        file = self._file
        if not file.is_open:
            file.open()
        file.lock()
        try:
            # Read under the lock, so that the times of all processes are in the order of their steps.
            now = self._clock.now()
            state = self._state
            # Whoever wrote after us wrote into the other slot first.
            if state is None or file.head(self._segment, self._other) != self._heads[self._other]:
                state = self._read(now)
            if now < self._check_at or self._is_there(now):
                if identity.this_process() not in state.holders:
                    self._reap(state, now)
                result = change(state, now, *args, **kwargs)
                if isinstance(result, Answer) and result.wait and self._reap(state, now):
                    result = change(state, now, *args, **kwargs)
                self._write(state)
                return result
            self._known = state
        finally:
            file.unlock()
        self._lose()  # it was deleted or replaced
        return self._step(change, *args, **kwargs)

    def _is_there(self, now: float) -> bool:
        self._check_at = now + CHECK_EVERY * self._real
        return self._file.is_there()

    def _lose(self) -> None:
        self._file.close()
        self._state = None

    def _read(self, now: float) -> BudgetState:
        slot, blank = self._find(now)
        if slot is None:
            return self._begin(now, doubtful=not blank)
        try:
            state = codec.decode(slot.payload, slot.version, self._policy)
        except codec.TooNew as error:
            raise StoreLost(str(error)) from None
        except codec.Unreadable:
            return self._begin(now, doubtful=True)
        for ledger, limit in zip(state.ledgers, self._limits, strict=True):
            ledger.limit = ledger.limit if ledger.told else limit
        if slot.boot != self._boot:
            # Monotonic time started anew, and what had to be waited for then has waited since: nobody is in flight.
            state.abandon(state.seen)
            state.shift(-state.seen)
        if slot.space not in (0, self._space):
            self._space = _ANY_SPACE
        if self._known is not None and self._birth not in (0, slot.birth):
            # Somebody else began it anew, and may not know what we know.
            state.restore(now, self._known.spent(now))
        self._other, self._sequence, self._birth = 1 - slot.number, slot.sequence, slot.birth
        self._heads = [self._file.head(self._segment, number) for number in (0, 1)]
        return state

    def _find(self, now: float) -> tuple[Slot | None, bool]:
        """Return the newest slot of this key, or None and whether nothing was ever there."""
        file = self._file
        damaged = free = -1
        if self._segment >= 0 and (slot := file.newest(self._segment)) is not None and slot.key == self._key:
            return slot, False
        for segment in range(MOST_SEGMENTS):
            slot = file.newest(segment)
            if slot is None and file.is_blank(segment):
                self._segment = segment if damaged < 0 else damaged
                return None, damaged < 0 and not file.cut
            if slot is None:
                damaged = segment if damaged < 0 else damaged
            elif slot.key == self._key:
                self._segment = segment
                return slot, False
            elif free < 0 and (slot.boot != self._boot or slot.until < now / self._real):
                free = segment
        if free < 0 and damaged < 0:
            raise StoreLost("it is full")
        self._segment = free if damaged < 0 else damaged
        return None, damaged < 0

    def _begin(self, now: float, *, doubtful: bool) -> BudgetState:
        """Return a new state: with what is known of the old one, or if there may have been one with half of it spent."""
        self._file.mend()
        state = BudgetState.fresh(self._policy)
        state.tighten(now, self._limits)
        self._other = self._sequence = 0
        self._birth = secrets.randbits(63) | 1
        if self._known is not None:
            logger.warning(
                "the rate-limit budget in %s was deleted or damaged; it is written anew from memory", self.place
            )
            state.restore(now, self._known.spent(now))
        elif doubtful:
            logger.warning(
                "the rate-limit budget in %s was damaged; half of every limit counts as spent for one window",
                self.place,
            )
            state.add(now, [(one.limit - one.limit // LEAST_SHARERS, one.seconds) for one in state.ledgers])
        return state

    def _write(self, state: BudgetState) -> None:
        number, sequence, begins = self._other, self._sequence + 1, self._sequence == 0
        until = (state.seen + LONGEST_WAIT) / self._real
        slot = (codec.FORMAT, self._birth, self._space, until, self._key, self._boot, codec.encode(state))
        self._heads[number] = self._file.write(self._segment, number, sequence, *slot)
        if begins:
            # Both slots, so that it is seen in either whether somebody else writes.
            number, sequence = 1 - number, sequence + 1
            self._heads[number] = self._file.write(self._segment, number, sequence, *slot)
        self._other, self._sequence = 1 - number, sequence
        self._state = self._known = state

    def _reap(self, state: BudgetState, now: float) -> bool:
        """Charge what dead processes had in flight; return whether there were any."""
        if now < self._reap_at or self._space == _ANY_SPACE:
            return False
        self._reap_at = now + REAP_EVERY * self._real
        own = identity.this_process()
        processes = {identity.process_of(ident) for ident in (*state.flights, *state.waiting)} | set(state.holders)
        gone = {one for one in processes if one != own and not _is_there(one)}
        if gone:
            state.reap(now, gone)
        return bool(gone)


def _is_there(process: int) -> bool:
    """Whether a process of that number runs; one with our own id and another run is an earlier one."""
    pid = identity.pid_of(process)
    return pid != identity.pid_of(identity.this_process()) and identity.is_alive(pid)
