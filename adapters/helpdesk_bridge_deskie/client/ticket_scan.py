"""Scan of tickets: reads all cases and loses none while the account changes.

Page numbers lose rows when others are deleted or updated meanwhile. So the next page starts at the time of the last row
seen, minus a second, and is again page 1. The last second of a page is held back and read again as a whole with the
next one, so that rows of equal times come together and can be ordered by id. Whether Deskie's bounds are inclusive is
not known (docs/vendors/deskie.md, "Doubts"); everything here holds either way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Order, Page
from helpdesk_bridge_deskie.client.client import LAST_PAGE, PAGE, DocumentPage, Params
from helpdesk_bridge_deskie.client.cursors import read_cursor
from helpdesk_bridge_deskie.client.pages import read_numbered
from helpdesk_bridge_deskie.wire.documents import CaseDocument


@frozen
class Bounds:
    """Bounds of time in whole Unix seconds, wide enough whether or not the ends count. None is open."""

    start: int | None = None
    end: int | None = None

    def params(self, *, updated: bool) -> Params:
        """Return the parameters that limit the time of the update, or else of the creation."""
        infix = "_updated" if updated else ""
        times = ((f"from{infix}_time", self.start), (f"to{infix}_time", self.end))
        return tuple((name, str(value)) for name, value in times if value is not None)


OPEN: Final = Bounds()
_HELD_BACK: Final = 4
_OPPOSITE: Final = {
    Order.CREATED_ASC: Order.CREATED_DESC,
    Order.CREATED_DESC: Order.CREATED_ASC,
    Order.UPDATED_ASC: Order.UPDATED_DESC,
    Order.UPDATED_DESC: Order.UPDATED_ASC,
}
_POSITION_FIELDS: Final = ("edge", "done", "page", "newest", "sweeping", "held", "back")


@frozen
class _Position:
    """Position of a scan. ``edge``: the time to continue from. ``done``: that second was read as a whole.

    ``held``: the last row of the last page, which the next one holds again. ``back``: the page ends at the edge.
    """

    edge: int | None = None
    done: int | None = None
    page: int = 1
    newest: int | None = None
    sweeping: bool = False
    held: int | None = None
    back: bool = False

    @classmethod
    def read(cls, cursor: str | None) -> _Position:
        return cls() if cursor is None else cls(**read_cursor(cursor, _POSITION_FIELDS))

    def text(self) -> str:
        return json.dumps({name: getattr(self, name) for name in _POSITION_FIELDS})


@frozen(kw_only=True)
class CaseScan:
    """One listing of cases in one order. ``params`` are the filters; ``bounds`` limit the time that orders."""

    fetch: Callable[[Params], DocumentPage[CaseDocument]] = field(repr=False)
    params: Params = ()
    order: Order = Order.CREATED_ASC
    bounds: Bounds = OPEN

    def page(self, cursor: str | None, size: int | None = None) -> Page[CaseDocument]:
        """Return the rows of a page in order, and the cursor of the next."""
        # The last second of a page is held back, so a few rows more are asked for than are to be shown.
        wanted = PAGE if size is None else size + _HELD_BACK if size > 1 else 1
        return _Step(self, min(wanted, PAGE)).page(_Position.read(cursor))

    def at(self, case: CaseDocument) -> int | None:
        """Return the time by which this scan orders, in Unix seconds."""
        moment: datetime | None = case.updated_at if self.order.by_update else case.created_at
        return None if moment is None else int(moment.timestamp())


@frozen
class _Step:
    """One call of ``page``: usually one request, several if a second holds more rows than a page."""

    scan: CaseScan
    limit: int

    def page(self, position: _Position) -> Page[CaseDocument]:
        if position.sweeping:
            return self._sweep(position)
        if position.back:
            return self._before(position)
        return self._with_way_back(self._forwards(position), position)

    def _forwards(self, position: _Position) -> Page[CaseDocument]:
        loose: dict[int, CaseDocument] = {}
        while True:
            documents = self._ask(self._near(position.edge), position.page)
            if position.held is not None and all(case.case_id != position.held for case in documents.items):
                # It was changed or deleted since, or this is another page: the second answer is believed.
                documents = self._ask(self._near(position.edge), position.page)
            total = documents.total if position.edge is None and position.page == 1 else None
            rows = self._timed(documents.items)
            if not rows and (documents.items or documents.left_out):
                return self._by_number(documents, position, total)
            # Nobody can say where a row without a readable time comes again, so it is never held back.
            loose |= {case.case_id: case for case in documents.items if self.scan.at(case) is None}
            if position.newest is None and rows:
                position = evolve(position, newest=self._sign * rows[0][0])
            if not documents.more_after(1, self.limit):
                following = self._after_last(position)
                return Page((*_cases(rows), *loose.values()), following, total, again=following is not None)
            last = rows[-1][0]
            if position.done is not None and last <= self._sign * position.done:
                # All of them were seen: the bound is inclusive, so the next second may be asked for.
                position = evolve(position, edge=position.done + self._sign, done=None, held=None)
                continue
            page = self._advance(rows, last, evolve(position, page=1), total)
            return evolve(page, items=(*page.items, *loose.values()))

    def _with_way_back(self, page: Page[CaseDocument], position: _Position) -> Page[CaseDocument]:
        first = self.scan.at(page.items[0]) if page.items and position.edge is not None else None
        if first is None:
            return page
        # A second beyond the first row, which is then among the rows read back: whether the bound counts is not known.
        return evolve(page, previous=_Position(edge=first + self._sign, back=True).text())

    def _before(self, position: _Position) -> Page[CaseDocument]:
        """Return the rows up to the edge, which are read in the opposite order."""
        opposite = evolve(self.scan, order=_OPPOSITE[self.scan.order])
        page = _Step(opposite, self.limit)._forwards(evolve(position, back=False))  # noqa: SLF001 - our own
        rows = self._timed(page.items) or []
        following = _Position(edge=self._sign * rows[-1][0] - self._sign).text() if rows else None
        back = None if page.next is None or page.again else evolve(_Position.read(page.next), back=True).text()
        return Page(_cases(rows), following, None, back)

    @property
    def _sign(self) -> int:
        return -1 if self.scan.order.descending else 1

    def _advance(self, rows: _Timed, last: int, position: _Position, total: int | None) -> Page[CaseDocument]:
        edge = None if position.edge is None else self._sign * position.edge
        if edge is None or last - 1 > edge:
            kept = [row for row in rows if row[0] < last]
            held = rows[-1][1].case_id
            following = evolve(position, edge=self._sign * (last - 1), done=None, held=held)
            return Page(_cases(kept), following.text(), total)
        whole = self._whole_second(self._sign * last)
        kept = [row for row in rows if row[0] < last] + whole
        following = evolve(position, edge=self._sign * last, done=self._sign * last, held=None)
        return Page(_cases(kept), following.text(), total)

    def _whole_second(self, moment: int) -> _Timed:
        """Read every row of one second, by page numbers in a window of that second alone."""
        window = Bounds(moment - 1, moment + 1)
        rows = read_numbered(lambda page: self._ask(window, page, PAGE), lambda case: case.case_id)
        wanted = self._sign * moment
        return [row for row in self._timed(rows) if row[0] == wanted]

    def _by_number(
        self, documents: DocumentPage[CaseDocument], position: _Position, total: int | None
    ) -> Page[CaseDocument]:
        # Rows without times (observed) leave nothing to go by but page numbers.
        if not documents.more_after(position.page, self.limit) or position.page >= LAST_PAGE:
            return Page(documents.items, None, total)
        return Page(documents.items, evolve(position, page=position.page + 1).text(), total)

    def _after_last(self, position: _Position) -> str | None:
        # With the newest first, what is updated while we read moves to where we have been.
        if self.scan.order is not Order.UPDATED_DESC or position.edge is None or position.newest is None:
            return None
        return _Position(edge=position.newest - 1, sweeping=True).text()

    def _sweep(self, position: _Position) -> Page[CaseDocument]:
        again = evolve(self.scan, order=Order.UPDATED_ASC)
        page = _Step(again, self.limit).page(evolve(position, sweeping=False))
        if page.next is None:
            return page
        return evolve(page, next=evolve(_Position.read(page.next), sweeping=True).text())

    def _near(self, edge: int | None) -> Bounds:
        given = self.scan.bounds
        if edge is None:
            return given
        if self.scan.order.descending:
            return Bounds(given.start, edge if given.end is None else min(edge, given.end))
        return Bounds(edge if given.start is None else max(edge, given.start), given.end)

    def _ask(self, bounds: Bounds, page: int, limit: int | None = None) -> DocumentPage[CaseDocument]:
        order = self.scan.order
        name = "updated_at" if order.by_update else "created_at"
        params = (
            *self.scan.params,
            *bounds.params(updated=order.by_update),
            ("sort", f"{name}_{'desc' if order.descending else 'asc'}"),
            ("page", str(page)),
            ("limit", str(limit or self.limit)),
        )
        return self.scan.fetch(params)

    def _timed(self, cases: Sequence[CaseDocument]) -> _Timed:
        """Return the rows that have a time, with it, in order (a descending order has its times negated)."""
        rows = [(self._sign * time, case) for case in cases if (time := self.scan.at(case)) is not None]
        rows.sort(key=lambda row: (row[0], self._sign * row[1].case_id))
        return rows


_Timed = list[tuple[int, CaseDocument]]


def _cases(rows: _Timed) -> tuple[CaseDocument, ...]:
    return tuple(case for _, case in rows)


def bounds_of(period: Any) -> Bounds:
    """Return a period's bounds, a second wider at both ends."""
    if period is None:
        return Bounds()
    start = None if period.start is None else int(period.start.timestamp()) - 1
    end = None if period.end is None else int(period.end.timestamp()) + 1
    return Bounds(start, end)


__all__ = ["OPEN", "Bounds", "CaseScan", "bounds_of"]
