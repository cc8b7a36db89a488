"""Pages by row offset over rows that come, go and move meanwhile, without losing any that was there throughout."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Invalid, Page
from helpdesk_bridge_desk365.client import Rows

R = TypeVar("R")


class Mark(NamedTuple):
    """A row as it is recognised again: its id, and the text by which the vendor orders it."""

    id: str
    place: str


@frozen
class _Place:
    """Where a walk stands: the next row, and the last rows before it.

    ``top`` is the first row's place where rows can move to the front; ``sweep`` is set while the front is read again.
    """

    offset: int = 0
    tail: tuple[Mark, ...] = ()
    top: str | None = None
    pages: int = 0
    sweep: bool = False

    @classmethod
    def read(cls, cursor: str | None) -> _Place:
        if cursor is None:
            return cls()
        try:
            offset, tail, top, pages, sweep = json.loads(cursor)
            return cls(int(offset), tuple(Mark(str(one), str(place)) for one, place in tail), top, int(pages), bool(sweep))
        except (ValueError, TypeError):
            problem = Invalid("this cursor is not one of this listing", field="cursor")
        raise problem

    def text(self) -> str:
        return json.dumps([self.offset, self.tail, self.top, self.pages, self.sweep], separators=(",", ":"))


@frozen(kw_only=True)
class Walk(Generic[R]):
    """One listing by offset.

    ``fetch(offset, count)`` asks for a page; ``sizes`` are the counts that the vendor takes. Each page begins
    ``overlap`` rows before the last one's end: while one of these rows is there again, nothing can have slipped
    through between. Where all of them are gone, the walk goes back until it meets ground it knows.

    ``ordered`` says that places sort as the vendor sorts them. ``fronted`` says that a row which changes moves to the
    front: the front is then read again at the end. ``until`` ends the walk at the first row past it.
    """

    fetch: Callable[[int, int], Rows[R]]
    mark: Callable[[R], Mark]
    sizes: tuple[int, ...]
    overlap: int
    ordered: bool = True
    descending: bool = False
    fronted: bool = False
    until: str | None = None
    _largest: int = field(init=False)

    @_largest.default
    def _(self) -> int:
        return max(self.sizes)

    def page(self, cursor: str | None, size: int | None = None) -> Page[R]:
        """Return one page: the rows that were not among the last page's, at most ``size``."""
        place = _Place.read(cursor)
        wanted = self._largest if size is None else max(1, min(size, self._largest))
        offset, rows = self._reach(place, min(wanted + len(place.tail), self._largest))
        known = set(place.tail)
        fresh = [number for number, row in enumerate(rows.items) if self.mark(row) not in known]
        taken = fresh[:wanted]
        items = tuple(rows.items[number] for number in taken)
        end = offset + (len(rows.items) if len(fresh) <= wanted else taken[-1] + 1)
        marks = tuple(self.mark(row) for row in rows.items[: end - offset])
        here = evolve(
            place,
            offset=end,
            tail=marks[-self.overlap :] if self.overlap else (),
            top=marks[0].place if place.top is None and marks and self.fronted else place.top,
            pages=place.pages + 1,
        )
        more = bool(items) and (end < rows.total if rows.total is not None else len(rows.items) >= self.sizes[0])
        if items and self._past(marks[-1], self.until):
            more = False
        following = self._sweep(here, marks, more=more) if self.fronted else here if more else None
        return Page(items, None if following is None else following.text(), None if place.sweep else rows.total)

    def _reach(self, place: _Place, count: int) -> tuple[int, Rows[R]]:
        """Fetch from before the end of the last page, further back while no known ground is there."""
        asked = next((size for size in self.sizes if size >= count), self._largest)
        offset = max(0, place.offset - len(place.tail))
        step = max(1, asked - self.overlap)
        while True:
            rows = self.fetch(offset, asked)
            if offset == 0 or not place.tail or self._continues(place.tail, rows):
                return offset, rows
            asked = self._largest
            offset = max(0, offset - step)
            step *= 2

    def _continues(self, tail: tuple[Mark, ...], rows: Rows[R]) -> bool:
        marks = [self.mark(row) for row in rows.items]
        if set(tail) & set(marks):
            return True
        return bool(marks) and self.ordered and self._past(tail[-1], marks[0].place)

    def _past(self, mark: Mark, bound: str | None) -> bool:
        """Whether ``mark`` comes after ``bound`` in the listing's order; at an end that is not included, equal counts."""
        if bound is None or not mark.place:
            return False
        if self.descending:
            return mark.place < bound
        return mark.place > bound

    def _sweep(self, here: _Place, marks: tuple[Mark, ...], *, more: bool) -> _Place | None:
        # What changes during a walk from the newest change backwards jumps over the walker, to the front.
        if here.sweep:
            if more and not (marks and here.top and marks[-1].place < here.top):
                return here
            if here.pages == 1:
                return None
        elif more:
            return here
        elif here.pages == 1:
            return None
        return _Place(top=None, sweep=True) if here.top is None else _Place(top=here.top, sweep=True)


def ident(value: Any) -> str:
    """Return an id as text."""
    return str(value)
