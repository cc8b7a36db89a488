"""The account of one rate window: what was spent, and until when each part of it must be held against us.

The rule that makes it safe whatever the phase of the server's window: a charge is released no earlier than the end of
the server window in which it was counted. A later request can fall into that window only if it was sent before that
end, and at that moment the charge still stood. So the sum never exceeds the limit in any server window, wherever the
window starts. What is in flight has no release time and counts against every window until its answer.

Without a reset header the window in which an answer was counted ended at the latest one window after the answer came;
with one, the header tells, unless it contradicts what it told before. Both are upper bounds, so a charge may be held a
little too long and never too short.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right

from attrs import define, field

UNKNOWN = -math.inf
FEW_ROWS, MOST_ROWS = 32, 256
FINEST, COARSEST = 1024, 64
"""Beyond few rows, those without a told end are released in steps of the finest part of a window; beyond most rows, in
the finest that does."""


def _doubles() -> array[float]:
    return array("d")


def _integers() -> array[int]:
    return array("q")


@define(eq=False)
class Ledger:
    """The live state of one window, in vendor seconds. Plain data: the store decides where it lives and locks it.

    ``releases``, ``units`` and ``earliest`` are columns of one table, a row a charge, in the order of release. A row is
    held until its release; ``earliest`` is the other bound of its window's end where a header told it.
    """

    limit: int
    seconds: float
    used: int = 0
    """The sum of all charges and of all that is in flight."""
    in_flight: int = 0
    told: bool = False
    """Whether ``limit`` is the server's own figure."""
    swept: float = UNKNOWN
    """The release of the last charge that was dropped."""
    doubtful_until: float = UNKNOWN
    """Until then the server may count a request that we have charged and whose answer we shall never see."""
    outside_until: float = UNKNOWN
    """Until then the window is known to be shared with somebody we cannot see."""
    ends_from: float = UNKNOWN
    """Lower bound of the last window's end that a header told."""
    ends_until: float = UNKNOWN
    """Its upper bound."""
    restored: int = 0
    """Units charged because a process still knew of them after the store had lost them."""
    releases: array[float] = field(factory=_doubles)
    units: array[int] = field(factory=_integers)
    earliest: array[float] = field(factory=_doubles)
    guard: float = field(init=False)
    """Seconds added to every release, for clocks that do not run equally fast."""

    def __attrs_post_init__(self) -> None:
        self.guard = self.seconds * 2e-4

    def sweep(self, now: float) -> None:
        """Drop what cannot count any more."""
        releases = self.releases
        if not releases or releases[0] > now:
            return
        gone = bisect_right(releases, now)
        self.swept = releases[gone - 1]
        self.used -= sum(self.units[:gone])
        del releases[:gone], self.units[:gone], self.earliest[:gone]

    def wait(self, now: float, units: int, spare: int = 0, ahead: int = 0) -> float:
        """Return the seconds until ``units`` can be sent at the earliest: 0 for now, infinity if only an answer can tell.

        ``spare`` units of the window are left alone, unless the request would never fit then. ``ahead`` units are
        waited for by others whose turn comes first.
        """
        need = self.used + ahead + units - max(self.limit - spare, units)
        if self.in_flight and self.outside_until > now:
            # Somebody else spends too: what is in flight may not be in the last figure the server told.
            need += self.in_flight
        if need <= 0:
            return 0.0
        for release, amount in zip(self.releases, self.units, strict=True):
            need -= amount
            if need <= 0:
                return max(release - now, 0.0)
        if self.releases and not self.in_flight:
            # More wait than fit into a window: until all of it is there again, nothing can change for this one.
            return max(self.releases[-1] - now, 0.0)
        return math.inf

    def forecast(self, now: float, units: int, spare: int = 0) -> float:
        """Return the seconds until that many units can have been sent one after the other, as things look now."""
        limit = max(self.limit - spare, 1)
        need = self.used + units - limit
        if need <= 0:
            return 0.0
        told = bool(self.releases) and self.earliest[-1] != UNKNOWN
        unknown = self.releases[-1] if told else now + self.seconds
        steps = list(zip(self.releases, self.units, strict=True))
        steps.append((unknown, max(limit, self.used) - sum(self.units)))
        rounds, rest = divmod(need - 1, max(limit, self.used))
        for release, amount in steps:
            rest -= amount
            if rest < 0:
                return max(release - now, 0.0) + rounds * self.seconds
        return max(unknown - now, 0.0) + rounds * self.seconds

    def charge(self, units: int, sent: float, answered: float, reset: float | None, resolution: float) -> int:
        """Enter what an answered request spent; return the row."""
        self.used += units
        if reset is None:
            return self.hold_until(answered + self.seconds + self.guard, units)
        earliest, latest = sent + reset - resolution, answered + reset + self.guard
        if not self._believable(earliest, latest, sent, resolution):
            return self.hold_until(answered + self.seconds + self.guard, units)
        if latest - earliest >= self.seconds / 3:
            return self._insert(latest, units, UNKNOWN)
        return self._lock_on(units, earliest, latest)

    def hold_until(self, release: float, units: int) -> int:
        """Enter a row in whose window's end no header has a say. ``used`` is the caller's business; return the row."""
        if len(self.releases) >= FEW_ROWS:
            grain = self.seconds / FINEST
            release = math.ceil(release / grain) * grain
            row = bisect_right(self.releases, release) - 1
            if row >= 0 and self.releases[row] == release and self.earliest[row] == UNKNOWN:
                self.units[row] += units
                return row
            if len(self.releases) >= MOST_ROWS:
                self._coarsen()
        return self._insert(release, units, UNKNOWN)

    def _coarsen(self) -> None:
        # Rows join at a later release: the state stays small and errs on the safe side.
        parts = FINEST
        while len(self.releases) > MOST_ROWS / 2 and parts >= COARSEST:
            grain = self.seconds / parts
            joined: dict[tuple[float, float], int] = {}
            for release, units, earliest in zip(self.releases, self.units, self.earliest, strict=True):
                late = release if earliest != UNKNOWN else max(release, math.ceil(release / grain) * grain)
                joined[late, earliest] = joined.get((late, earliest), 0) + units
            self._fill([(release, units, earliest) for (release, earliest), units in joined.items()])
            parts //= 2

    def _fill(self, rows: list[tuple[float, int, float]]) -> None:
        rows.sort()
        self.releases = array("d", [row[0] for row in rows])
        self.units = array("q", [row[1] for row in rows])
        self.earliest = array("d", [row[2] for row in rows])

    def _insert(self, release: float, units: int, earliest: float) -> int:
        row = bisect_right(self.releases, release)
        self.releases.insert(row, release)
        self.units.insert(row, units)
        self.earliest.insert(row, earliest)
        return row

    def _believable(self, earliest: float, latest: float, sent: float, resolution: float) -> bool:
        """Whether a told end fits the one told before: the same, or a whole window away from it.

        A header that is stuck, counts in another unit or belongs to a sliding window does not.
        """
        if self.ends_until == UNKNOWN:
            return True
        slack = max(2 * resolution, self.seconds / 100)
        if latest < self.ends_from:
            return earliest <= self.ends_until - self.seconds + slack
        if earliest <= self.ends_until:
            return sent <= self.ends_until
        return latest >= self.ends_from + self.seconds - slack

    def _lock_on(self, units: int, earliest: float, latest: float) -> int:
        # Windows end at least one window apart: two narrow intervals that touch speak of the same end.
        if latest < self.ends_from:
            pass
        elif earliest <= self.ends_until:
            earliest, latest = max(earliest, self.ends_from), min(latest, self.ends_until)
            self.ends_from, self.ends_until = earliest, latest
        else:
            self.ends_from, self.ends_until = earliest, latest
        for row in range(bisect_left(self.releases, earliest), len(self.releases)):
            if UNKNOWN != (lower := self.earliest[row]) <= latest:
                return self._join(row, units, max(earliest, lower), min(latest, self.releases[row]))
        return self._insert(latest, units, earliest)

    def _join(self, row: int, units: int, earliest: float, release: float) -> int:
        units += self.units[row]
        if release < self.releases[row] and row and self.releases[row - 1] > release:
            del self.releases[row], self.units[row], self.earliest[row]
            return self._insert(release, units, earliest)
        self.releases[row], self.units[row], self.earliest[row] = release, units, earliest
        return row

    def observe(self, remaining: int, row: int, sent: float, *, exact: bool) -> None:
        """Compare with what the server says is left after the answer whose charge is in that row.

        What it counts and we do not, others have spent: it is charged. What we count and it does not is given back if
        the figure is ``exact``, that is, if no other request could reach the server between the sending of this one and
        its answer. More than the limit is nonsense.
        """
        if self.swept > sent or remaining > self.limit:
            # A window may have ended while that request was in flight: the figure may speak of the old one.
            return
        others = 0
        if self.earliest[row] != UNKNOWN and len(self.releases) > 1:
            others = sum(
                units for number, units in enumerate(self.units) if number != row and self.earliest[number] != UNKNOWN
            )
        missing = self.limit - remaining - (self.used - others)
        if missing > 0:
            self.units[row] += missing
            self.used += missing
            self.outside_until = max(self.outside_until, self.releases[row])
        elif missing < 0 and exact and self.doubtful_until <= sent:
            self._give_back(-missing, row)

    def _give_back(self, units: int, newest: int) -> None:
        # Oldest first: those are the ones whose window ended without our having seen it.
        told = self.earliest[newest] != UNKNOWN
        emptied = []
        for row, held in enumerate(self.units):
            if told and row != newest and self.earliest[row] != UNKNOWN:
                continue
            back = min(units, held if row != newest else held - 1)
            self.units[row] -= back
            self.used -= back
            units -= back
            if not self.units[row]:
                emptied.append(row)
        for row in reversed(emptied):
            del self.releases[row], self.units[row], self.earliest[row]

    def ends(self, told: float, sent: float, until: float, resolution: float) -> None:
        """Take note that the window in which a request sent then was refused ends at ``until``, if that can be."""
        earliest = sent + told - resolution
        if told > self.seconds + resolution or not self._believable(earliest, until, sent, resolution):
            return
        if until > self.ends_until and until - earliest < self.seconds / 3:
            self.ends_from, self.ends_until = earliest, until
        self._fill(
            [
                (min(release, until), units, lower)
                if lower == UNKNOWN and release - self.guard - self.seconds <= sent
                else (release, units, lower)
                for release, units, lower in zip(self.releases, self.units, self.earliest, strict=True)
            ]
        )

    def forget_ends(self) -> None:
        """Forget what headers told of a window's end, and hold every charge as long as before."""
        self.earliest = array("d", [UNKNOWN] * len(self.releases))
        self.ends_from = self.ends_until = UNKNOWN
