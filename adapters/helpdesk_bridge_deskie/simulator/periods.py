"""The words for periods of statistics (observed), in the account's own days, weeks and months."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from helpdesk_bridge_deskie.simulator.refusals import invalid

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

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
