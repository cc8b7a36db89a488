"""Time indexes, so that a list of thousands of cases costs a page and not a sort."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.records.records import Case


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
        """Remove a record, if it is in the index."""
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


class CaseTimes:
    """The cases of one kind of list in the order of their creation, and of their last change."""

    def __init__(self) -> None:
        self.created = TimeIndex()
        self.updated = TimeIndex()

    def add(self, case: Case) -> None:
        """Enter a case under its times."""
        self.created.add(case.created_at, case.case_id)
        self.updated.add(case.updated_at, case.case_id)

    def discard(self, case: Case) -> None:
        """Take a case out; its times have to be those that it was entered under."""
        self.created.discard(case.created_at, case.case_id)
        self.updated.discard(case.updated_at, case.case_id)
