"""Pages by number, the last resort of a scan: within one second, or if rows have no times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from attrs import field, frozen

from helpdesk_bridge.adapter import HelpdeskError
from helpdesk_bridge_deskie.client.client import LAST_PAGE, PAGE, DocumentPage

D = TypeVar("D")
_SWEEPS: Final = 5


def read_numbered(ask: Callable[[int], DocumentPage[D]], key: Callable[[D], int]) -> list[D]:
    """Return all rows, each once, in the order of the pages; see ``read_on``."""
    return read_on(ask(1), ask, key)


def read_on(first: DocumentPage[D], ask: Callable[[int], DocumentPage[D]], key: Callable[[D], int]) -> list[D]:
    """Return all rows, each once; ``first`` is the first page.

    The last page is read first: a row that is deleted moves the others to pages that are still to come, so that none
    is lost. A row that is added moves them the other way; then all pages are read again, a few times at most, and
    also if fewer rows came than Deskie counts. Raises ``HelpdeskError`` for more rows than page numbers reach.
    """
    if not first.more_after(1, PAGE):
        return list(first.items)
    pages = _Pages(ask, key)
    for _ in range(_SWEEPS):
        total, known = first.total, len(pages.rows)
        first = pages.forwards(first) if total is None else pages.backwards(total)
        new = len(pages.rows) > known
        if total is None:
            if not new:
                break
        elif (first.total or 0) <= total and not (new and len(pages.rows) < (first.total or 0)):
            break
    return pages.in_order()


@frozen(eq=False)
class _Pages(Generic[D]):
    """The rows read so far, and where each was seen last."""

    ask: Callable[[int], DocumentPage[D]]
    key: Callable[[D], int]
    rows: dict[int, D] = field(factory=dict)
    places: dict[int, tuple[int, int]] = field(factory=dict)

    def read(self, page: int) -> DocumentPage[D]:
        """Read one page."""
        if page > LAST_PAGE:
            raise HelpdeskError("Deskie lists at most 50,000 records of one query; narrow the query")
        documents = self.ask(page)
        self.note(documents, page)
        return documents

    def note(self, documents: DocumentPage[D], page: int) -> None:
        """Keep what a page holds."""
        for place, row in enumerate(documents.items):
            self.rows[self.key(row)] = row
            self.places[self.key(row)] = (page, place)

    def backwards(self, total: int) -> DocumentPage[D]:
        """Read from the last page to the first, which is returned."""
        for page in range(-(-total // PAGE), 1, -1):
            self.read(page)
        return self.read(1)

    def forwards(self, first: DocumentPage[D]) -> DocumentPage[D]:
        """Read forward from the first page, because only a total tells the last one; return the first page anew."""
        self.note(first, 1)
        documents, page = first, 1
        while documents.more_after(page, PAGE):
            page += 1
            documents = self.read(page)
        return self.read(1)

    def in_order(self) -> list[D]:
        """Return the rows in the order of their pages."""
        return [self.rows[record_id] for record_id in sorted(self.rows, key=self.places.__getitem__)]
