"""Hours of the day in which a migration may call its desks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from helpdesk_bridge.migration.outcome import WrongScope

_FORM: Final = re.compile(r"(\d{1,2})(?::(\d\d))?\s*-\s*(\d{1,2})(?::(\d\d))?")
_DAY: Final = 24 * 60
_MOST_WINDOWS: Final = 40_000
"""A hundred years of nights: a count that a vendor makes up must not be walked through."""


@frozen
class Hours:
    """From ``start`` to before ``end`` each day, in minutes after midnight; over midnight if the end is the smaller.

    ``zone`` is None for this machine's own time. Where the clocks are changed, a window is as long as its two times of
    day say.
    """

    start: int
    end: int
    zone: ZoneInfo | None = None

    @classmethod
    def of(cls, text: str, zone: str | None = None) -> Hours:
        """Return the hours that ``20-06`` or ``20:30-06:00`` says. Raises ``WrongScope``."""
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise WrongScope(f"--hours {text}: write hours of the day, such as 20-06 or 20:30-06:00")
        minutes = [int(match[hour]) * 60 + int(match[hour + 1] or 0) for hour in (1, 3)]
        if any(int(match[minute] or 0) > 59 for minute in (2, 4)) or any(one > _DAY for one in minutes):  # noqa: PLR2004
            raise WrongScope(f"--hours {text}: a day has the times 00:00 to 24:00")
        start, end = (one % _DAY for one in minutes)
        if start == end:
            raise WrongScope(f"--hours {text}: this names the whole day; leave the option out")
        return cls(start, end, _zone(zone))

    def __str__(self) -> str:
        zone = "local time" if self.zone is None else self.zone.key
        return f"{_clock(self.start)} to {_clock(self.end)} {zone}"

    def closed_for(self, now: datetime) -> float:
        """Return the seconds until calls may be sent; 0 within the hours."""
        if self._is_open(now):
            return 0.0
        return max(1.0, (self._next(now, self.start) - now).total_seconds())

    def after(self, now: datetime, seconds: float) -> datetime:
        """Return when work of so many seconds that begins now ends, if it rests outside of the hours."""
        for _ in range(_MOST_WINDOWS):
            now += timedelta(seconds=self.closed_for(now))
            end = self._next(now, self.end)
            left = (end - now).total_seconds()
            if seconds <= left:
                break
            seconds -= left
            now = end
        return now + timedelta(seconds=seconds)

    def _is_open(self, now: datetime) -> bool:
        local = self._local(now)
        minute = local.hour * 60 + local.minute
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def _local(self, now: datetime) -> datetime:
        return now.astimezone(self.zone)

    def _next(self, now: datetime, minutes: int) -> datetime:
        """Return the next moment at which it is so many minutes after midnight."""
        day = self._local(now).date()
        for ahead in range(3):
            naive = datetime.combine(day + timedelta(days=ahead), time(minutes // 60, minutes % 60))
            zone: tzinfo | None = self.zone
            moment = (naive.astimezone() if zone is None else naive.replace(tzinfo=zone)).astimezone(UTC)
            if moment > now:
                return moment
        return now + timedelta(days=1)  # pragma: no cover - no zone moves its clocks by two days


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongScope(f"--tz {name}: no such time zone; write one such as Europe/Istanbul or UTC") from None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
