"""Statistics (``desk.vendor_api.statistics``): ratings by customers, and the leaderboard of agents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Invalid, Request
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage, Params
from helpdesk_bridge_deskie.port.filters import list_param
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.documents import GivenRating, StaffFigures
from helpdesk_bridge_deskie.wire.lists import unwrapped

_SORTS: Final = ("added_at_desc", "added_at_asc")
_SHORTEST: Final = timedelta(hours=1)
_LONGEST: Final = timedelta(days=92)
"""observed (Deskie's page on statistics): "minimum 1 hour, maximum 3 months"; no three months are longer."""


@frozen(eq=False)
class StatisticsCalls:
    """Statistics of a period: one of Deskie's own words such as ``last_7_days``, or from a time to another.

    Two times are an hour to three months apart (observed).
    """

    _calls: Calls = field(repr=False)

    def ratings(
        self,
        *,
        period: str | None = None,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
        rating: str | Iterable[str] | None = None,
        sort: str = "added_at_desc",
        page: int = 1,
        limit: int = PAGE,
        params: Params = (),
    ) -> DocumentPage[GivenRating]:
        """Return one page of ratings with their comments; ``rating`` is low, middle or high, or several of them.

        ``params`` are further filters of Deskie's, such as ``(("staff_id", "5"), ("labels[]", "7"))``.
        """
        query = [*checked.page(page, limit), ("sort", checked.choice(sort, _SORTS, "sort"))]
        if rating is not None:
            words = [rating] if isinstance(rating, str) else checked.listed(rating, "rating")
            if not words:
                raise Invalid("rating: expected at least one of low, middle and high", field="rating")
            query += list_param("rating", [checked.choice(word, checked.RATINGS, "rating") for word in words])
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
    ) -> tuple[StaffFigures, ...]:
        """Return the figures of each agent, in the order in which Deskie answers them (observed: an array)."""
        operation = "vendor_api.statistics.leaderboard"
        query = (*_span(period, from_time, to_time), *params)
        rows = self._calls.rows(Request("GET", "/stats_leaderboard.json", operation=operation, params=query), "staff")
        documents = [unwrapped(row, "staff", str(place)) for place, row in enumerate(rows.items)]
        return tuple(
            evolve(
                self._calls.document(StaffFigures, document, f"$.{place}.staff"),
                figures={name: value for name, value in document.items() if name not in {"staff_id", "staff_name"}},
            )
            for place, document in enumerate(documents)
        )


def _span(period: str | None, from_time: datetime | None, to_time: datetime | None) -> Params:
    if (period is None) == (from_time is None or to_time is None):
        raise Invalid("statistics take either period, or both from_time and to_time", field="period")
    if from_time is None or to_time is None:
        return (("period", checked.choice(period or "", checked.PERIODS, "period")),)
    times = tuple(
        (name, str(checked.moment(value, name))) for name, value in (("from_time", from_time), ("to_time", to_time))
    )
    if not _SHORTEST <= to_time - from_time <= _LONGEST:
        raise Invalid("statistics need a span from 1 hour to 3 months", field="to_time")
    # observed: clients send this word with the two times.
    return (("period", "custom"), *times)
