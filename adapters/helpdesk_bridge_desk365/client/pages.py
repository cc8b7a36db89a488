"""Pages by row offset: rows may be added, removed and moved meanwhile; no row that stays is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Invalid, Page
from helpdesk_bridge_desk365.client.client import Rows

R = TypeVar("R")


class RowKey(NamedTuple):
    """How a row is recognised again: its id, and the text by which the vendor sorts it."""

    id: str
    order: str


@frozen
class _Position:
    """The position of a scan: the next row, the last rows before it, and the pages of this pass.

    ``first`` is the order of the pass's first row; ``bound`` is where a repeated pass over the front may end.
    """

    offset: int = 0
    tail: tuple[RowKey, ...] = ()
    pages: int = 0
    first: str | None = None
    bound: str | None = None

    @classmethod
    def read(cls, cursor: str | None) -> _Position:
        if cursor is None:
            return cls()
        try:
            offset, tail, pages, first, bound = json.loads(cursor)
            return cls(
                int(offset), tuple(RowKey(str(row_id), str(order)) for row_id, order in tail), int(pages), first, bound
            )
        except (ValueError, TypeError):
            problem = Invalid("this cursor does not belong to this listing", field="cursor")
        raise problem

    def text(self) -> str:
        return json.dumps([self.offset, self.tail, self.pages, self.first, self.bound], separators=(",", ":"))


@frozen(kw_only=True)
class OffsetScan(Generic[R]):
    """One listing by offset.

    ``fetch(offset, count)`` asks for a page; ``sizes`` are the counts that the vendor takes, ascending. Each page
    begins ``overlap`` rows before the last one's end: while one of these rows is still there, no row between
    the pages is lost. If all of them are gone, the scan goes back until it meets a row that it knows.

    ``ordered`` says that row keys sort as the vendor sorts rows. ``fronted`` says that a row which changes moves to the
    front: the front is then read again at the end. ``until`` ends the scan: ascending at the first row that is not
    before it, descending at the first row that is.
    """

    fetch: Callable[[int, int], Rows[R]]
    key: Callable[[R], RowKey]
    sizes: tuple[int, ...]
    overlap: int
    ordered: bool = True
    descending: bool = False
    fronted: bool = False
    until: str | None = None

    @property
    def _largest(self) -> int:
        return self.sizes[-1]

    def page(self, cursor: str | None, size: int | None = None) -> Page[R]:
        """Return one page: the rows that were not among the last page's end, at most ``size``."""
        position = _Position.read(cursor)
        wanted = self._largest if size is None else max(1, min(size, self._largest))
        offset, rows = self._reach(position, min(wanted + len(position.tail), self._largest))
        known = set(position.tail)
        keys = tuple(self.key(row) for row in rows.items)
        fresh = [number for number, key in enumerate(keys) if key not in known]
        taken = fresh[:wanted]
        used = rows.size if len(fresh) <= wanted else rows.places[taken[-1]] + 1
        keys = tuple(key for place, key in zip(rows.places, keys, strict=True) if place < used)
        here = evolve(
            position,
            offset=offset + used,
            tail=keys[-self.overlap :],
            pages=position.pages + 1,
            first=_order(keys) if position.first is None and keys else position.first,
        )
        more = bool(taken) and not self._ended(keys[-1]) and self._goes_on(here.offset, rows, used)
        following = self._following(here, keys, more=more)
        items = tuple(rows.items[number] for number in taken)
        again = following is not None and following.bound is not None and position.bound is None
        begins = offset + (taken[0] if taken else 0)
        back = _Position(offset=max(0, begins - wanted - self.overlap)).text() if position.offset else None
        return Page(items, following.text() if following is not None else None, rows.total, back, again)

    def _goes_on(self, end: int, rows: Rows[R], used: int) -> bool:
        if rows.more and used == rows.size:
            # Observed: who followed next_page read 169 contacts; the count may tell fewer than there are.
            return True
        if rows.total is not None:
            return end < rows.total
        return used < rows.size or rows.size >= self.sizes[0]

    def _reach(self, position: _Position, count: int) -> tuple[int, Rows[R]]:
        """Fetch from before the end of the last page, and further back until a known row is there."""
        asked = next((size for size in self.sizes if size >= count), self._largest)
        offset = max(0, position.offset - len(position.tail))
        step = max(1, asked - self.overlap)
        while True:
            rows = self.fetch(offset, asked)
            if offset == 0 or not position.tail or self._continues(position.tail, rows):
                return offset, rows
            asked = self._largest
            offset = max(0, offset - step)
            step *= 2

    def _continues(self, tail: tuple[RowKey, ...], rows: Rows[R]) -> bool:
        keys = [self.key(row) for row in rows.items]
        if set(tail) & set(keys):
            return True
        if not keys or not self.ordered:
            return False
        before, after = (tail[-1].order, keys[0].order) if self.descending else (keys[0].order, tail[-1].order)
        return before < after and bool(before)

    def _ended(self, last: RowKey) -> bool:
        if self.until is None or not last.order:
            return False
        return last.order < self.until if self.descending else last.order >= self.until

    def _following(self, here: _Position, keys: tuple[RowKey, ...], *, more: bool) -> _Position | None:
        if here.bound is not None and keys and "" < _order(keys[::-1]) < here.bound:
            more = False
        if more:
            return here
        # What changes during a walk from the newest change backwards jumps over the walker, to the front. One page
        # is one answer and cannot be jumped over.
        quiet = here.pages == 1 or here.first in (None, here.bound)
        if not self.fronted or quiet:
            return None
        return _Position(bound=here.first)


def _order(keys: tuple[RowKey, ...]) -> str:
    """Return the order of the first row that has one: a time that cannot be read is none."""
    return next((key.order for key in keys if key.order), "")
