"""Statistics: the ratings that were given, and who answered most."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.periods import span_of
from helpdesk_bridge_deskie.simulator.records.conditions import case_tests
from helpdesk_bridge_deskie.simulator.records.records import RATINGS, Case
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import DeskieBase

if TYPE_CHECKING:
    from helpdesk_bridge_deskie.simulator.parameters import Params

_SOURCE = "a client's code"


class StatisticsRoutes(DeskieBase):
    """The calls on statistics (observed: their paths, parameters, and the rows of ratings)."""

    @route("GET", "/api/stats_satisfaction.json", provenance=OBSERVED, source=_SOURCE)
    def list_ratings(self, call: Call) -> Reply:
        """List ratings of cases, without a wrapper (observed); their time is the case's last change (assumed)."""
        params = self.query(call)
        wanted = params.choice("rating", RATINGS)
        rated = [case for case in self._counted(params) if case.rating is not None and wanted in (None, case.rating)]
        rated.sort(key=lambda case: (case.updated_at, case.case_id), reverse=params.text("sort") != "added_at_asc")
        page = self.page(params)
        rows = {str(place): self._rating(case) for place, case in enumerate(rated[page.start : page.stop])}
        return Reply.json({**rows, "total_count": len(rated)}, indent=4)

    @route("GET", "/api/stats_leaderboard.json", provenance=OBSERVED, source=f"{_SOURCE}; assumed: the answer's form")
    @route("GET", "/api/stats_lb_staff.json", provenance=OBSERVED, source=f"{_SOURCE}, an older name")
    @route("GET", "/api/stats_lb_groups.json", provenance=OBSERVED, source=f"{_SOURCE}, an older name")
    def show_leaderboard(self, call: Call) -> Reply:
        """Count cases and answers by agent, or by group (assumed: the form)."""
        attribute = "group_id" if "lb_groups" in call.path else "staff_id"
        cases = self._counted(self.query(call))
        held = Counter(getattr(case, attribute) for case in cases if getattr(case, attribute))
        answers: Counter[int] = Counter()
        for case in cases:
            for message in self.account.messages[case.case_id]:
                if message.staff_id and not message.note:
                    answers[case.group_id if attribute == "group_id" else message.staff_id] += 1
        ids = sorted({*held, *answers} - {0}, key=lambda each: (-answers[each], each))
        rows = {
            str(place): {attribute: each, "cases": held[each], "responses": answers[each]}
            for place, each in enumerate(ids)
        }
        return Reply.json({**rows, "total_count": len(ids)}, indent=4)

    def _counted(self, params: Params) -> list[Case]:
        low, high = self._span(params)
        tests = case_tests(self.account, params, self.rules, self.choice("labels_match"))
        cases = (case for case in self.account.cases.values() if low <= case.updated_at <= high)
        return [case for case in cases if all(test(case) for test in tests)]

    def _span(self, params: Params) -> tuple[int, int]:
        if period := params.text("period"):
            return span_of(period, self.now(), self.zone)
        low, high = params.moment("from_time"), params.moment("to_time")
        if low is None or high is None:
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
