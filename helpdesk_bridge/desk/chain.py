"""Pages for web pages: a chain that goes forwards and back, in which each record comes once and in the size asked for.

An adapter's pages overlap, so that nothing is lost while an account changes, and come in the vendor's sizes. A page here is
cut out of them: its cursor holds an adapter's cursor, and the record that it begins behind (or ends before).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

from attrs import evolve, field, fields, frozen, has

from helpdesk_bridge.adapter import Page
from helpdesk_bridge.errors import BadResponse, Invalid
from helpdesk_bridge.text.plain import digest

R = TypeVar("R")
_MOST_FETCHES: Final = 5
"""Pages of the vendor that one page may take where most records do not match; it is shorter then."""

_USUAL: Final = 100
_FAR: Final = 10**9
_SPARE: Final = 10
"""Records that are read beyond those wanted on the way back, to see where they end."""

_FORWARDS, _BACK = "f", "b"
_FIELDS: Final = {"l", "w", "c", "e", "n", "s"}


def digest_of(*what: object) -> str:
    """Return what tells one listing from another: vendor, account, operation and query."""
    return digest(*(_text(one) for one in what))


def _text(value: object) -> str:
    kind: Any = type(value)
    if has(kind):
        return f"{kind.__name__}{[_text(getattr(value, one.name)) for one in fields(kind)]}"
    if isinstance(value, frozenset):
        return str(sorted(map(_text, value)))
    if isinstance(value, dict):
        return str(sorted((str(name), _text(one)) for name, one in value.items()))
    return repr(value)


@frozen
class Edge:
    """A place in a listing: the time (or number) of a record in its order, and the ids of those there that are meant.

    The order of records of one time is the vendor's own, so ids tell them apart.
    """

    place: int
    ids: tuple[str, ...]


@frozen
class _State:
    """What a cursor holds. ``before`` counts the records before its page, ``skip`` those of them in the adapter's page."""

    way: str = _FORWARDS
    cursor: str | None = None
    edge: Edge | None = None
    before: int = 0
    skip: int = 0

    @classmethod
    def read(cls, text: str | None, listing: Callable[[], str]) -> _State:
        if text is None:
            return cls()
        try:
            given = json.loads(text)
            way, cursor, edge, before, skip = (given[name] for name in ("w", "c", "e", "n", "s"))
            foreign = set(given) != _FIELDS or given["l"] != listing()
            known = None if edge is None else Edge(edge[0], tuple(edge[1]))
        except (ValueError, TypeError, KeyError, IndexError):
            foreign, way, cursor, known, before, skip = True, _FORWARDS, None, None, 0, 0
        shaped = cursor is None or isinstance(cursor, str)
        placed = known is None or (type(known.place) is int and all(isinstance(one, str) for one in known.ids))
        if foreign or way not in (_FORWARDS, _BACK) or not shaped or not placed or not _counts(before, skip):
            raise Invalid("this cursor does not belong to this listing", field="cursor")
        if way != _FORWARDS and (known is None or not known.ids):
            raise Invalid("this cursor does not belong to this listing", field="cursor")
        return cls(way, cursor, known, before, skip)

    def text(self, listing: str) -> str:
        edge = None if self.edge is None else [self.edge.place, self.edge.ids]
        state = {"l": listing, "w": self.way, "c": self.cursor, "e": edge, "n": self.before, "s": self.skip}
        return json.dumps(state, separators=(",", ":"))


def _counts(*numbers: object) -> bool:
    return all(type(number) is int and 0 <= number < _FAR for number in numbers)


@frozen
class _Row(Generic[R]):
    """A record that is to be shown, as read and as matched, and where the adapter's page of a cursor holds it."""

    read: R
    shown: R
    cursor: str | None
    index: int


@frozen(kw_only=True)
class Chain(Generic[R]):
    """The pages of one listing. ``place`` is where a record stands in the listing's order, None if that is not known."""

    listing: Callable[[], str]
    fetch: Callable[[str | None, int | None], Page[R]] = field(repr=False)
    keep: Callable[[R], R | None] = field(repr=False)
    shown: Callable[[R], R] = field(repr=False)
    expect: Callable[..., None] | None = field(repr=False)
    key: Callable[[R], str] = field(repr=False)
    place: Callable[[R], int] | None = field(repr=False)
    descending: bool
    exact: bool

    def page(self, cursor: str | None, size: int | None) -> Page[R]:
        """Return a page; without a size, as many records as the vendor sends at once."""
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise Invalid("the size of a page is a whole number above 0, or None", field="size", limit=1)
        state = _State.read(cursor, self.listing)
        return self._forwards(state, size) if state.way == _FORWARDS else self._back(state, size)

    def _forwards(self, state: _State, size: int | None) -> Page[R]:
        rows: list[_Row[R]] = []
        passed: list[R] = []
        following: _State | None = None
        total: int | None = None
        back: str | None = None
        # Where the vendor's part is the whole query, its next page tells whether there are more; else one more must match.
        enough = _FAR if size is None else size if self.exact else size + 1
        for number, (at, page) in enumerate(self._pages(state.cursor, None if size is None else enough + state.skip)):
            skip = state.skip if number == 0 else 0
            fresh = self._new(self._after(page.items, state.edge, skip), passed)
            if number == 0:
                total, back = page.total, page.previous if len(fresh) == len(page.items) else None
            passed += fresh
            rows += self._matching(fresh, at, page.items)
            if (size is not None and len(rows) > size) or page.next is None or page.again:
                break
            if len(rows) >= enough or (size is None and rows) or (not self.exact and number + 1 >= _MOST_FETCHES):
                following = _State(_FORWARDS, page.next, self._behind(passed, state.edge) if passed else state.edge)
                break
        shown = rows if size is None else rows[:size]
        if len(rows) > len(shown):
            last = self._behind([row.read for row in shown], state.edge)
            first = rows[len(shown)]
            following = _State(_FORWARDS, first.cursor, last, skip=first.index)
        return self._made(shown, state.before, following, back, total, again=state.cursor)

    def _back(self, state: _State, size: int | None) -> Page[R]:
        """Return the page that ends before the edge."""
        wanted = min(_USUAL if size is None else size, state.before)
        if state.edge is None or wanted == state.before:
            return self._forwards(_State(), wanted or size)
        rows, back = self._walked(state.cursor, state.edge, wanted)
        for _ in range(_MOST_FETCHES):
            if len(rows) >= wanted or back is None:
                break
            edge = Edge(self._at(rows[0].read), (self._id(rows[0].read),)) if rows else state.edge
            earlier, back = self._walked(back, edge, wanted)
            rows = [*earlier, *rows]
        if len(rows) < wanted and state.cursor is not None:
            # This adapter knows no way back, or it ended too soon: the list is read from its beginning.
            rows, back = self._walked(None, state.edge, wanted)
        shown = rows[-wanted:]
        if not shown:  # all of them are gone
            return self._forwards(_State(), wanted)
        last = shown[-1]
        following = _State(_FORWARDS, last.cursor, self._behind([row.read for row in shown], None), skip=last.index + 1)
        inside = len(rows) > len(shown) or back is None
        return self._made(shown, state.before - len(shown), following, None if inside else back, again=shown[0].cursor)

    def _walked(self, start: str | None, edge: Edge, wanted: int) -> tuple[list[_Row[R]], str | None]:
        """Return the rows before an edge, from a page that begins before it, and the way further back."""
        rows: list[_Row[R]] = []
        passed: list[R] = []
        back: str | None = None
        for number, (at, page) in enumerate(self._pages(start, wanted + _SPARE)):
            back = page.previous if number == 0 else back
            before = self._before(page.items, edge)
            fresh = self._new(before, passed)
            passed += fresh
            rows += self._matching(fresh, at, page.items)
            if page.again or len(before) < len(page.items):
                break
        return rows, back

    def _made(
        self,
        rows: list[_Row[R]],
        before: int,
        following: _State | None,
        back: str | None,
        total: int | None = None,
        *,
        again: str | None = None,
    ) -> Page[R]:
        """Return the page of rows. ``back`` leads to what is right before them, ``again`` to a page in which they begin."""
        next_state = None if following is None else evolve(following, before=before + len(rows))
        previous: _State | None = None
        if before and rows:
            first = [row.read for row in rows if self._at(row.read) == self._at(rows[0].read)]
            edge = Edge(self._at(first[0]), tuple(map(self._id, first)))
            previous = _State(_BACK, again if back is None else back, edge, before)
        if self.expect is not None:
            self.expect([row.shown for row in rows], 1.0, ask=False)
        return Page(
            tuple(self.shown(row.shown) for row in rows),
            None if next_state is None else next_state.text(self.listing()),
            total if self.exact else None,
            None if previous is None else previous.text(self.listing()),
        )

    def _behind(self, rows: list[R], earlier: Edge | None) -> Edge:
        """Return the edge behind the last of ``rows``."""
        rows = [row for row in rows if self._at(row)] or rows
        place = self._at(rows[-1])
        if self.place is None:
            return Edge(place, (self._id(rows[-1]),))
        ids = tuple(self._id(row) for row in rows if self._at(row) == place)
        return Edge(place, (*earlier.ids, *ids) if earlier is not None and earlier.place == place else ids)

    def _pages(self, cursor: str | None, size: int | None) -> Iterator[tuple[str | None, Page[R]]]:
        cursors: set[str] = set()
        while True:
            page = self.fetch(cursor, size)
            if page.next is not None and page.next in cursors:
                raise BadResponse("the vendor's pages repeat in a loop; the listing was stopped", path="$")
            yield cursor, page
            if page.next is None:
                return
            cursors.add(page.next)
            cursor = page.next

    def _matching(self, rows: list[R], cursor: str | None, page: tuple[R, ...]) -> list[_Row[R]]:
        places = {self.key(row): index for index, row in enumerate(page)}
        kept = ((row, self.keep(row)) for row in rows)
        return [_Row(row, shown, cursor, places[self.key(row)]) for row, shown in kept if shown is not None]

    def _id(self, row: R) -> str:
        """Return what tells a record in a cursor; an id may be a customer's e-mail, and a cursor stands in addresses."""
        return digest(self.key(row))[:12]

    def _at(self, row: R) -> int:
        return 0 if self.place is None else -self.place(row) if self.descending else self.place(row)

    def _new(self, rows: list[R], passed: list[R]) -> list[R]:
        known = {self.key(row) for row in passed}
        return [row for row in rows if self.key(row) not in known]

    def _after(self, rows: tuple[R, ...], edge: Edge | None, skip: int = 0) -> list[R]:
        if edge is None:
            return list(rows)
        if self.place is None:
            ends = [number for number, row in enumerate(rows, start=1) if self._id(row) == edge.ids[-1]]
            return list(rows[ends[-1] if ends else 0 :])
        # A vendor may not tell a record's time: it comes anywhere, and once more with each look at the same page.
        return [
            row
            for index, row in enumerate(rows)
            if self._at(row) > edge.place
            or (self._at(row) == edge.place and self._id(row) not in edge.ids)
            or (not self._at(row) and edge.place and index >= skip)
        ]

    def _before(self, rows: tuple[R, ...], edge: Edge) -> list[R]:
        before: list[R] = []
        for row in rows:
            if self._id(row) == edge.ids[0]:
                break
            if self._at(row) < edge.place or (self._at(row) == edge.place and self._id(row) not in edge.ids):
                before.append(row)
        return before
