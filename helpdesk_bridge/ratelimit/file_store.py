"""Budgets in a file, for all processes of one host; no server is needed."""

from __future__ import annotations

import hashlib
import math
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.clock import boot_id
from helpdesk_bridge.ratelimit.budget_file import MOST_SEGMENTS, BudgetFile, Slot
from helpdesk_bridge.ratelimit.policy import LONGEST_WAIT
from helpdesk_bridge.ratelimit.store import SharedCell, StoreLost

if TYPE_CHECKING:
    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

OWNER_ONLY: Final = 0o600
OWNER_AND_GROUP: Final = 0o660

CHECK_EVERY: Final = 0.05
"""Real seconds between looks whether the file is still where it was."""


class FileStore:
    """Budgets in one file. ``boot`` tells one zero of the machine's monotonic clock from another."""

    def __init__(self, path: Path, *, mode: int = OWNER_AND_GROUP, boot: bytes | None = None) -> None:
        self.path = path
        self._mode = mode
        self._boot = boot
        self._cells: weakref.WeakValueDictionary[tuple[str, Clock], SharedCell] = weakref.WeakValueDictionary()

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> SharedCell:
        """Return the cell of that key. The file is opened, or created, with its first use."""
        found = self._cells.get((key, clock))
        if found is None:
            boot = boot_id() if self._boot is None else self._boot
            file = BudgetFile(self.path, self._mode, makes_folder=self._mode == OWNER_ONLY)
            found = self._cells[key, clock] = SharedCell(FilePlace(file, key, clock, boot), policy, clock)
        return found


class FilePlace:
    """One budget's segment of a file, under the file's lock. The clock is the machine's own."""

    far: bool = False

    def __init__(self, file: BudgetFile, key: str, clock: Clock, boot: bytes) -> None:
        self.name = f"file {file.path}"
        self._file = file
        self._key = hashlib.sha256(key.encode()).digest()[:16]
        self._clock = clock
        self._boot = boot
        self._segment = -1
        self._other = self._sequence = 0
        """The slot to be written next, and the number of the one that was written last."""
        self._heads = [b"", b""]
        self._data: bytes | None = None
        """What was read or written last."""
        self.remains: bytes | None = None
        self.doubtful = self.restarted = False
        self._now = self._check_at = -math.inf

    def lock(self) -> None:
        """Keep other processes out of the file, which is opened if it is not, and opened anew if it was replaced."""
        file = self._file
        while True:
            if not file.is_open:
                file.open()
            file.lock()
            # Time is told under the lock, so that the times of all processes are in the order of their steps.
            self._now = now = self._clock.now()
            if now < self._check_at:
                return
            self._check_at = now + CHECK_EVERY * self._clock.time_scale
            if file.is_there():
                return
            remains, _ = self.read()
            file.unlock()
            self.close()
            self.remains = remains

    def read(self) -> tuple[bytes | None, float]:
        """Return the budget's bytes; they are read again only if somebody else has written."""
        # Whoever wrote after us wrote into the other slot first.
        if self._data is None or self._file.head(self._segment, self._other) != self._heads[self._other]:
            slot = self._find()
            if slot is None:
                self._file.mend()
                self._data, self._other, self._sequence, self.restarted = None, 0, 0, False
            else:
                self._data, self._other, self._sequence = slot.payload, 1 - slot.number, slot.sequence
                self.restarted = slot.boot != self._boot
                self._heads = [self._file.head(self._segment, number) for number in (0, 1)]
        return self._data, self._now

    def write(self, data: bytes) -> bool:
        """Write into the older slot; the newer one stays whole in case this process is killed."""
        begins = self._sequence == 0
        until = (self._now + LONGEST_WAIT) / self._clock.time_scale
        for _ in range(1 + begins):  # at first both, so that it is seen in either whether somebody else writes
            number, self._sequence = self._other, self._sequence + 1
            slot = (self._sequence, until, self._key, self._boot, data)
            self._heads[number] = self._file.write(self._segment, number, *slot)
            self._other = 1 - number
        self._data, self.remains, self.restarted = data, None, False
        return True

    def unlock(self) -> None:
        """Let others in."""
        self._file.unlock()

    def close(self) -> None:
        """Close the file: what is read next is read anew, under a lock of this process's own."""
        self._file.close()
        self._data = self.remains = None

    def _find(self) -> Slot | None:
        """Return the newest slot of this key; without one, note whether there may have been one."""
        file = self._file
        damaged = free = -1
        if self._segment >= 0 and (slot := file.newest(self._segment)) is not None and slot.key == self._key:
            return slot
        for segment in range(MOST_SEGMENTS):
            slot = file.newest(segment)
            if slot is None and file.is_blank(segment):
                self._segment = segment if damaged < 0 else damaged
                self.doubtful = damaged >= 0 or file.cut
                return None
            if slot is None:
                damaged = segment if damaged < 0 else damaged
            elif slot.key == self._key:
                self._segment = segment
                return slot
            elif free < 0 and (slot.boot != self._boot or slot.until < self._now / self._clock.time_scale):
                free = segment
        if free < 0 and damaged < 0:
            raise StoreLost("it is full")
        self._segment = free if damaged < 0 else damaged
        self.doubtful = damaged >= 0
        return None
