"""Case list: the narrowest time index first, then the filters, then the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from helpdesk_bridge_deskie.simulator.records.records import PRIORITIES, STATUSES, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from helpdesk_bridge_deskie.simulator.lists import Page
    from helpdesk_bridge_deskie.simulator.records.conditions import CaseTest, Window
    from helpdesk_bridge_deskie.simulator.records.indexes import CaseTimes, TimeIndex

_KEYS: dict[str, Callable[[Case], tuple[int, int]]] = {
    "created_at": lambda case: (case.created_at, case.case_id),
    "updated_at": lambda case: (case.updated_at, case.case_id),
    "response": lambda case: (case.last_response_at or 0, case.case_id),
    "priority": lambda case: (PRIORITIES.index(case.priority), case.case_id),
    "status": lambda case: (STATUSES.index(case.status), case.case_id),
}
SORTS = frozenset(f"{key}_{way}" for key in _KEYS for way in ("asc", "desc"))
"""observed: the values of `sort`; `priority_desc` is critical first, `status_asc` open first. Others are ignored."""


@frozen
class CaseQuery:
    """The query of a case list, read and checked."""

    created: Window
    updated: Window
    tests: Sequence[CaseTest]
    sort: str

    def run(self, cases: Mapping[int, Case], times: CaseTimes, page: Page) -> tuple[list[Case], int]:
        """Return the page's cases and the number of all matches."""
        key, _, way = self.sort.rpartition("_")
        index, source, (start, stop) = self._narrowest(times, key)
        tests = [*self.tests, *self._time_tests(source)]
        if not tests and source == key:
            ids = self._page_ids(index, start, stop, page, descending=way == "desc")
            return [cases[each] for each in ids], stop - start
        matches = [cases[each] for each in index.ids(start, stop)]
        for test in tests:
            matches = [case for case in matches if test(case)]
        if source != key:
            matches.sort(key=_KEYS[key])
        if way == "desc":
            matches.reverse()
        return matches[page.start : page.stop], len(matches)

    def _narrowest(self, times: CaseTimes, key: str) -> tuple[TimeIndex, str, tuple[int, int]]:
        created = times.created.span(self.created.low, self.created.high)
        updated = times.updated.span(self.updated.low, self.updated.high)
        by_created = (times.created, "created_at", created)
        by_updated = (times.updated, "updated_at", updated)
        own, other = (by_updated, by_created) if key == "updated_at" else (by_created, by_updated)
        worth_a_sort = (other[2][1] - other[2][0]) * 2 < own[2][1] - own[2][0]
        return other if worth_a_sort else own

    def _time_tests(self, source: str) -> list[CaseTest]:
        tests: list[CaseTest] = []
        created, updated = self.created, self.updated
        if source != "created_at" and (created.low, created.high) != (None, None):
            tests.append(lambda case: created.holds(case.created_at))
        if source != "updated_at" and (updated.low, updated.high) != (None, None):
            tests.append(lambda case: updated.holds(case.updated_at))
        return tests

    @staticmethod
    def _page_ids(index: TimeIndex, start: int, stop: int, page: Page, *, descending: bool) -> list[int]:
        if descending:
            return index.ids(max(start, stop - page.stop), max(start, stop - page.start))[::-1]
        return index.ids(min(stop, start + page.start), min(stop, start + page.stop))
