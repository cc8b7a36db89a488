"""Vendor time: what the ``Date`` of a vendor's answers says about its clock, and the one place where ours is compared with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.ratelimit.policy import http_date

if TYPE_CHECKING:
    from helpdesk_bridge.clock import Clock


AGREES: Final = timedelta(minutes=1)
"""How far the times of two answers may be apart to say the same: their way takes as long as it takes."""


class VendorTime:
    """The vendor's clock. Safe to share between threads.

    One answer alone does not set it: a cache or a proxy may date an answer by hours wrongly, and a window that begins too
    late finds nothing. A time that differs is believed when the next answer agrees with it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: tuple[datetime, float] | None = None
        self._other: tuple[datetime, float] | None = None

    def real_now(self) -> float:
        """Return monotonic real seconds, as ``at`` takes them."""
        return self._clock.now() / self._clock.time_scale

    def note(self, date: str) -> None:
        """Remember the ``Date`` of an answer that has just come."""
        said = http_date(date)
        if said is None:
            return
        heard = (said, self.real_now())
        if self._last is None or _agree(heard, self._last) or (self._other and _agree(heard, self._other)):
            self._last, self._other = heard, None
        else:
            self._other = heard

    def at(self, moment: float) -> datetime | None:
        """Return a time that the vendor's clock had reached at ``moment``; None if no answer had a date.

        An answer is dated before it comes, so this is never later than the truth, whenever the answer came.
        """
        last = self._last
        return None if last is None else last[0] - timedelta(seconds=last[1] - moment)

    def wall(self) -> datetime:
        """Return the vendor's time of day; as long as no answer had a date, this machine's."""
        return self.at(self.real_now()) or self._clock.wall()

    def ahead(self) -> timedelta | None:
        """Return by how much this machine's clock is ahead of the vendor's, to a second or two; None if unknown."""
        known = self.at(self.real_now())
        return None if known is None else self._clock.wall() - known


def _agree(one: tuple[datetime, float], other: tuple[datetime, float]) -> bool:
    """Whether two answers, each dated at a moment in real seconds, tell one clock."""
    return abs((one[0] - other[0]) - timedelta(seconds=one[1] - other[1])) <= AGREES
