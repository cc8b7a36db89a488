"""Routes of statistics: ratings by customers, and the leaderboard of agents or groups."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.records.conditions import case_tests
from helpdesk_bridge_deskie.simulator.records.records import RATINGS, Case
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import RouteGroup

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from helpdesk_bridge_deskie.simulator.parameters import Params

_SOURCE = "a client's code"
_LAST = {"last_24_hours": 1, "last_7_days": 7, "last_14_days": 14, "last_30_days": 30}
_DAYS = {"today": (0, 1), "yesterday": (1, 1), "this_week": (0, 7), "last_week": (7, 7)}
_MONTHS = {
    "this_month": (0, 1),
    "last_month": (1, 1),
    "3_previous_months": (3, 3),
    "6_previous_months": (6, 6),
    **{f"month_{number}": (number, 1) for number in range(2, 7)},
}
_YEARS = {"this_year": 0, "last_year": 1}
"""observed: the words for periods; `custom` is that of two times."""
_SHORTEST_SECONDS, _LONGEST_MONTHS = 3_600, 3
"""observed: Deskie's page on statistics, "minimum 1 hour, maximum 3 months … an error will be returned"; its code
is assumed."""


class StatisticsRoutes(RouteGroup):
    """The calls on statistics (observed: their paths, parameters, and the rows of ratings)."""

    @route("GET", "/api/stats_satisfaction.json", provenance=OBSERVED, source=_SOURCE)
    def list_ratings(self, call: Call) -> Reply:
        """List ratings of cases, without a wrapper (observed); their time is the case's last change (assumed)."""
        params = self.service.query(call)
        wanted = params.texts("rating") or RATINGS
        if not set(wanted).issubset(RATINGS):
            raise invalid("wrong_rating")
        rated = [case for case in self._counted(params, "updated_at") if case.rating in wanted]
        rated.sort(key=lambda case: (case.updated_at, case.case_id), reverse=params.text("sort") != "added_at_asc")
        page = self.service.page(params)
        rows = {str(place): self._rating(case) for place, case in enumerate(rated[page.start : page.stop])}
        return Reply.json({**rows, "total_count": len(rated)}, indent=4)

    @route("GET", "/api/stats_leaderboard.json", provenance=OBSERVED, source="recorded, four times")
    @route("GET", "/api/stats_lb_staff.json", provenance=OBSERVED, source=f"{_SOURCE}, an older name")
    def show_leaderboard(self, call: Call) -> Reply:
        """Count the new cases of each enabled agent, in an array (recorded); the order is by that figure (assumed).

        A recording has more figures, whose names are not known here.
        """
        held = self._new_cases(call, "staff_id")
        agents = [agent for agent in self.account.staff.values() if agent.active]
        rows = [
            {"staff_id": agent.staff_id, "staff_name": agent.full_name, "new_cases_in_total": held[agent.staff_id]}
            for agent in sorted(agents, key=lambda agent: (-held[agent.staff_id], agent.staff_id))
        ]
        return Reply.json([{"staff": row} for row in rows], indent=4)

    @route("GET", "/api/stats_lb_groups.json", provenance=OBSERVED, source=f"{_SOURCE}, an older name")
    def show_leaderboard_of_groups(self, call: Call) -> Reply:
        """Count the new cases of each group; the form is that of agents (assumed)."""
        held = self._new_cases(call, "group_id")
        rows = [
            {"group_id": group.group_id, "group_name": group.title, "new_cases_in_total": held[group.group_id]}
            for group in sorted(self.account.groups.values(), key=lambda group: (-held[group.group_id], group.group_id))
        ]
        return Reply.json([{"group": row} for row in rows], indent=4)

    def _new_cases(self, call: Call, attribute: str) -> Counter[int]:
        return Counter(getattr(case, attribute) for case in self._counted(self.service.query(call), "created_at"))

    def _counted(self, params: Params, time: str) -> list[Case]:
        low, high = self._span(params)
        tests = case_tests(self.account, params, self.service.rules, self.service.choice("labels_match"))
        cases = (case for case in self.account.cases.values() if low <= getattr(case, time) <= high)
        return [case for case in cases if all(test(case) for test in tests)]

    def _span(self, params: Params) -> tuple[int, int]:
        period = params.text("period")
        if period and period != "custom":
            return span_of(period, self.service.now(), self.service.zone)
        low, high = params.moment("from_time"), params.moment("to_time")
        if low is None or high is None:
            raise invalid("wrong_period")
        start = datetime.fromtimestamp(low, self.service.zone)
        day = start.replace(day=1)
        longest = _month(day, _LONGEST_MONTHS) + (start - day)
        if high - low < _SHORTEST_SECONDS or high > longest.timestamp():
            raise invalid("wrong_period")
        return low, high

    def _rating(self, case: Case) -> dict[str, Any]:
        return {
            "rating_id": case.case_id,
            "rating": str(RATINGS.index(case.rating or RATINGS[0]) + 1),
            "rating_comment": case.rating_comment,
            "rated_staff_id": case.rated_staff_id,
            "case_id": case.case_id,
            "case_number": case.case_number,
            "user_id": case.user_id,
            "staff_id": case.staff_id,
            "group_id": case.group_id,
            "created_at": self.renderer.moment(case.updated_at),
            "updated_at": self.renderer.moment(case.updated_at),
        }


def span_of(period: str, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return a period's first and last second in unix seconds; 400 `wrong_period` for an unknown word (assumed)."""
    moment = datetime.fromtimestamp(now, zone)
    if period in _LAST:
        return now - _LAST[period] * 86_400, now
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period in _DAYS:
        back, length = _DAYS[period]
        start = day - timedelta(days=back + (day.weekday() if "week" in period else 0))
        return _closed(start, start + timedelta(days=length))
    if period in _MONTHS:
        back, length = _MONTHS[period]
        return _closed(_month(day, -back), _month(day, length - back))
    if period in _YEARS:
        first = day.replace(year=day.year - _YEARS[period], month=1, day=1)
        return _closed(first, first.replace(year=first.year + 1))
    raise invalid("wrong_period")


def _month(day: datetime, step: int) -> datetime:
    months = day.year * 12 + day.month - 1 + step
    return day.replace(year=months // 12, month=months % 12 + 1, day=1)


def _closed(start: datetime, end: datetime) -> tuple[int, int]:
    return int(start.timestamp()), int(end.timestamp()) - 1
