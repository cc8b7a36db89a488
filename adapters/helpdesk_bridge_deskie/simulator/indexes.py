"""A time index, so that a list of thousands of cases costs a page and not a sort."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from math import inf


class TimeIndex:
    """Record ids in the order of a time, then of the id."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, moment: int, record_id: int) -> None:
        """Enter a record."""
        insort(self._entries, (moment, record_id))

    def discard(self, moment: int, record_id: int) -> None:
        """Take a record out; nothing happens where it is not in."""
        at = bisect_left(self._entries, (moment, record_id))
        if at < len(self._entries) and self._entries[at] == (moment, record_id):
            del self._entries[at]

    def span(self, low: int | None, high: int | None) -> tuple[int, int]:
        """Return the positions [start, stop) of the records from `low` to `high`, both inclusive."""
        start = 0 if low is None else bisect_left(self._entries, (low, 0))
        stop = len(self._entries) if high is None else bisect_right(self._entries, (high, inf))
        return start, max(start, stop)

    def ids(self, start: int, stop: int) -> list[int]:
        """Return the record ids at the positions [start, stop), oldest first."""
        return [record_id for _, record_id in self._entries[start:stop]]
