"""Reads a list by page numbers where nothing better is left: within one second, or where rows have no times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from attrs import field, frozen

from helpdesk_bridge.adapter import HelpdeskError
from helpdesk_bridge_deskie.client.client import LAST_PAGE, PAGE, Documents

D = TypeVar("D")
_SWEEPS: Final = 5


def read_numbered(ask: Callable[[int], Documents[D]], key: Callable[[D], int]) -> list[D]:
    """Return all rows, each once, in the order of the pages; see ``read_on``."""
    return read_on(ask(1), ask, key)


def read_on(found: Documents[D], ask: Callable[[int], Documents[D]], key: Callable[[D], int]) -> list[D]:
    """Return all rows, each once, where ``found`` is the first page.

    The last page is read first: a row that is deleted moves the others to pages that are still to come, so that none
    is lost. A row that is added moves them the other way; then all is read again, a few times at most, and so it is
    where fewer rows came than there are said to be. Raises ``HelpdeskError`` for more rows than page numbers reach.
    """
    if not found.more_after(1, PAGE):
        return list(found.items)
    pages = _Pages(ask, key)
    for _ in range(_SWEEPS):
        total, known = found.total, len(pages.rows)
        found = pages.forwards(found) if total is None else pages.backwards(total)
        new = len(pages.rows) > known
        if total is None:
            if not new:
                break
        elif (found.total or 0) <= total and not (new and len(pages.rows) < (found.total or 0)):
            break
    return pages.in_order()


@frozen(eq=False)
class _Pages(Generic[D]):
    """The rows read so far, and where each was seen last."""

    ask: Callable[[int], Documents[D]]
    key: Callable[[D], int]
    rows: dict[int, D] = field(factory=dict)
    places: dict[int, tuple[int, int]] = field(factory=dict)

    def read(self, page: int) -> Documents[D]:
        """Read one page."""
        if page > LAST_PAGE:
            raise HelpdeskError("more than 50,000 records of one list cannot be read; narrow the query")
        found = self.ask(page)
        self.note(found, page)
        return found

    def note(self, found: Documents[D], page: int) -> None:
        """Keep what a page holds."""
        for place, row in enumerate(found.items):
            self.rows[self.key(row)] = row
            self.places[self.key(row)] = (page, place)

    def backwards(self, total: int) -> Documents[D]:
        """Read from the last page to the first, which is returned."""
        for page in range(-(-total // PAGE), 1, -1):
            self.read(page)
        return self.read(1)

    def forwards(self, first: Documents[D]) -> Documents[D]:
        """Read on from the first page, where nobody knows the last one without a total; return the first as it is now."""
        self.note(first, 1)
        found, page = first, 1
        while found.more_after(page, PAGE):
            page += 1
            found = self.read(page)
        return self.read(1)

    def in_order(self) -> list[D]:
        """Return the rows in the order of their pages."""
        return [self.rows[one] for one in sorted(self.rows, key=self.places.__getitem__)]
