"""Statistics (``desk.vendor_api.statistics``), observed in clients: ratings by customers, and the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import Invalid
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage, Params
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import GivenRating

_SORTS: Final = ("added_at_desc", "added_at_asc")


@frozen(eq=False)
class StatisticsCalls:
    """Statistics of a period: one of Deskie's own words such as ``last_7_days``, or from a time to another."""

    _calls: Calls = field(repr=False)

    def ratings(
        self,
        *,
        period: str | None = None,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
        rating: str | None = None,
        sort: str = "added_at_desc",
        page: int = 1,
        limit: int = PAGE,
        params: Params = (),
    ) -> DocumentPage[GivenRating]:
        """Return one page of ratings with their comments; ``rating`` is low, middle or high.

        ``params`` are further filters of Deskie's, such as ``(("staff_id", "5"), ("labels[]", "7"))``.
        """
        query = [*checked.page(page, limit), ("sort", checked.choice(sort, _SORTS, "sort"))]
        if rating is not None:
            query.append(("rating", checked.choice(rating, checked.RATINGS, "rating")))
        query += [*_span(period, from_time, to_time), *params]
        # observed: these rows have no wrapper.
        return self._calls.list(
            "/stats_satisfaction.json", "", GivenRating,
            operation="vendor_api.statistics.ratings", params=tuple(query),
        )  # fmt: skip

    def leaderboard(
        self,
        *,
        period: str | None = None,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
        params: Params = (),
    ) -> Mapping[str, Any]:
        """Return the leaderboard of agents as Deskie answers it: which fields it has is known from no source."""
        query = (*_span(period, from_time, to_time), *params)
        leaderboard: Mapping[str, Any] = self._calls.json(
            "/stats_leaderboard.json", operation="vendor_api.statistics.leaderboard", params=query
        )
        return leaderboard


def _span(period: str | None, from_time: datetime | None, to_time: datetime | None) -> Params:
    if (period is None) == (from_time is None or to_time is None):
        raise Invalid("statistics take either period, or both from_time and to_time", field="period")
    if period is not None:
        return (("period", checked.choice(period, checked.PERIODS, "period")),)
    times = (("from_time", from_time), ("to_time", to_time))
    return tuple((name, str(checked.moment(value, name))) for name, value in times if value is not None)
