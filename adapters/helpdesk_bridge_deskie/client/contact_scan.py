"""Scan of contacts: reads all users and loses none while the account changes.

The list of users has no known sort (docs/vendors/deskie.md, "Doubts"), so no row can serve as
the start of the next page, as with cases. But it takes bounds of time: users are read in windows of time, each small
enough to fit on one page. A page that
holds its whole window is a snapshot, whatever its order, and the windows follow each other in the requested order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

from attrs import asdict, field, fields_dict, frozen

from helpdesk_bridge.adapter import BadResponse, Order, Page
from helpdesk_bridge_deskie.client.client import LAST_PAGE, PAGE, DocumentPage, Params
from helpdesk_bridge_deskie.client.cursors import read_cursor
from helpdesk_bridge_deskie.client.pages import read_numbered
from helpdesk_bridge_deskie.client.ticket_scan import OPEN, Bounds
from helpdesk_bridge_deskie.wire.documents import UserDocument

_DAY: Final = 86_400
_FILL: Final = 0.8
"""How full a window should be: rows are not spread evenly, and one that overflows costs a call."""
_SPARSE: Final = 0.35
_WIDEN: Final = 2
_LEAP: Final = 16
_ANSWERS: Final = 2
_NO_YEAR: Final = 0
"""The oldest time that a user can have, in Unix seconds."""


@frozen(kw_only=True)
class _Position:
    """Position of a scan.

    ``low``: where the next window starts, in the direction of the listing; ``width`` of windows in seconds; ``until``:
    end of the first window, because no user is expected before.
    """

    low: int
    width: int
    newest: int
    until: int | None = None
    sweeping: bool = False

    @classmethod
    def read(cls, cursor: str) -> _Position:
        return cls(**read_cursor(cursor, fields_dict(cls)))

    def text(self) -> str:
        return json.dumps(asdict(self))


@frozen(kw_only=True)
class UserScan:
    """One listing of users in one order. ``now`` tells the vendor's clock in Unix seconds, as its last answer says."""

    fetch: Callable[[Params], DocumentPage[UserDocument]] = field(repr=False)
    now: Callable[[], int]
    params: Params = ()
    order: Order = Order.CREATED_ASC
    bounds: Bounds = OPEN

    def page(self, cursor: str | None, size: int | None = None) -> Page[UserDocument]:
        """Return the rows of a page in order, and the cursor of the next."""
        if cursor is None:
            return self._first(min(max(size or PAGE, 1), PAGE))
        position = _Position.read(cursor)
        return _Windows(self, -1 if self.order.descending and not position.sweeping else 1).page(position)

    def _first(self, limit: int) -> Page[UserDocument]:
        first = self.ask(self.bounds, 1, limit)
        sign = -1 if self.order.descending else 1
        if not first.more_after(1, limit):
            return Page(self.sorted(first.items, sign), None, first.total)
        times = [time for user in first.items if (time := self.at(user)) is not None]
        # No window of time is sure to show a row whose time cannot be read.
        loose = self.sorted([user for user in first.items if self.at(user) is None], sign)
        if not times:
            return Page(loose, _Position(low=0, width=0, newest=0).text(), first.total)
        now = self.now()
        span = max(now - min(times), 1)
        width = max(1, int(span * _FILL * PAGE / (first.total or LAST_PAGE)))
        low, until = self._start(sign), min(times) if sign > 0 else None
        following = _Position(low=low, width=width, newest=max(now, *times), until=until)
        return Page(loose, following.text(), first.total)

    def _start(self, sign: int) -> int:
        if sign < 0:
            return -(self.bounds.end if self.bounds.end is not None else self.now() + _DAY)
        return self.bounds.start if self.bounds.start is not None else _NO_YEAR

    def at(self, user: UserDocument) -> int | None:
        """Return the time by which this scan orders, in Unix seconds."""
        moment = user.updated_at if self.order.by_update else user.created_at
        return None if moment is None else int(moment.timestamp())

    def ask(self, bounds: Bounds, page: int, limit: int = PAGE) -> DocumentPage[UserDocument]:
        """Ask for the users between two times."""
        bounded = bounds.params(updated=self.order.by_update)
        return self.fetch((*self.params, *bounded, ("page", str(page)), ("limit", str(limit))))

    def sorted(self, users: Sequence[UserDocument], sign: int) -> tuple[UserDocument, ...]:
        """Return rows in order, equal times by id."""
        return tuple(sorted(users, key=lambda user: (sign * (self.at(user) or 0), sign * user.user_id)))


@frozen
class _Windows:
    """Walks through time; ``sign`` is -1 if it walks backwards, and all times are multiplied by it."""

    scan: UserScan
    sign: int

    def page(self, position: _Position) -> Page[UserDocument]:
        if position.width == 0:
            return Page(self.scan.sorted(self._numbered(self.scan.bounds), self.sign))
        low, width, until = position.low, position.width, position.until
        while True:
            high = self._high(until if until is not None and until > low else low + width, position)
            answer = self._answer(self._asked(low, high))
            crowded = answer.more_after(1, PAGE)
            if crowded and (until is not None or width > 1):
                tried = until - low if until is not None else width
                width, until = max(1, min(tried // 2, int(tried * _FILL * PAGE / (answer.total or LAST_PAGE)))), None
                continue
            users = self._numbered(self._asked(low, high)) if crowded else answer.items
            rows = [user for user in users if self._inside(user, low, high)]
            if high is None:
                sweep = self._sweep(position)
                return Page(self.scan.sorted(rows, self.sign), sweep, again=sweep is not None)
            low, width, until = high, width if until is not None else self._next_width(width, len(rows)), None
            if rows:
                following = _Position(low=low, width=width, newest=position.newest, sweeping=position.sweeping)
                return Page(self.scan.sorted(rows, self.sign), following.text())

    def _answer(self, window: Bounds) -> DocumentPage[UserDocument]:
        """Ask for a window; an answer with a user outside it answers another request, and is asked for again."""
        for _ in range(_ANSWERS):
            answer = self.scan.ask(window, 1)
            times = [time for user in answer.items if (time := self.scan.at(user)) is not None]
            if all(_within(time, window) for time in times):
                return answer
        raise BadResponse("the users answered are not of the time that was asked for", path="$")

    def _high(self, high: int, position: _Position) -> int | None:
        """Return the end of a window; None if it is the last one, which stays open."""
        bounds = self.scan.bounds
        if self.sign < 0:
            end = -(bounds.start if bounds.start is not None else _NO_YEAR)
        else:
            end = bounds.end if bounds.end is not None else position.newest
        return None if high > end else high

    def _asked(self, low: int, high: int | None) -> Bounds:
        # A second wider at both ends: it is not known whether the ends count.
        given = self.scan.bounds
        near = low - 1
        if self.sign < 0:
            return Bounds(given.start if high is None else -high, -near)
        return Bounds(near, given.end if high is None else high)

    def _inside(self, user: UserDocument, low: int, high: int | None) -> bool:
        time = self.scan.at(user)
        if time is None:
            return True
        return self.sign * time >= low and (high is None or self.sign * time < high)

    def _next_width(self, width: int, rows: int) -> int:
        if rows == 0:
            return width * _LEAP
        if rows < _SPARSE * PAGE:
            return width * _WIDEN
        return max(1, int(width * _FILL * PAGE / rows))

    def _numbered(self, window: Bounds) -> list[UserDocument]:
        """Read a window that cannot be made smaller by page numbers."""
        return read_numbered(lambda page: self.scan.ask(window, page), lambda user: user.user_id)

    def _sweep(self, position: _Position) -> str | None:
        # With the newest first, what is updated while we read moves to where we have been.
        if self.scan.order is not Order.UPDATED_DESC or position.sweeping:
            return None
        again = _Position(low=position.newest - _DAY, width=2 * _DAY, newest=position.newest, sweeping=True)
        return again.text()


def _within(time: int, window: Bounds) -> bool:
    return (window.start is None or time >= window.start) and (window.end is None or time <= window.end)
