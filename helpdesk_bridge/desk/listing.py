"""Listings: lazy, page by page; each record comes once although a vendor's pages move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Page, QuerySplit
from helpdesk_bridge.desk.chain import Chain
from helpdesk_bridge.errors import BadResponse, Invalid
from helpdesk_bridge.operations import Operation
from helpdesk_bridge.ports import Listing

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


class Expect(Protocol[R_contra]):
    """Is told the records that will be shown next, before their people are asked for."""

    def __call__(self, records: Sequence[R_contra], pages: float, /, *, ask: bool) -> None:
        """Take note; ``pages`` is how many times as many will follow, ``ask`` whether a call may be made to look ahead."""
        ...


def _as_it_is(record: Any) -> Any:
    return record


Located = Callable[[], AbstractContextManager[None]]


@contextmanager
def _part_of(operation: Operation, located: Located) -> Iterator[None]:
    with operation.current(), located():
        yield


@frozen(kw_only=True, repr=False)
class QueryListing(Listing[R]):
    """The answer to one query.

    ``fetch`` asks for a page of the native part, ``keep`` compares a record with the whole query and returns it or None,
    ``shown`` as the user sees it. ``expect`` is told which records will be shown. ``key`` is a record's identity. Where the vendor cannot order, ``sort`` does, after reading all.
    ``listing`` tells its cursors from those of others, and ``place`` is where a record stands in its order. ``begin``
    begins the operation that one iteration is.
    """

    split: QuerySplit
    fetch: Callable[[str | None, int | None], Page[R]]
    keep: Callable[[R], R | None]
    shown: Callable[[R], R] = _as_it_is
    expect: Expect[R] | None = None
    key: Callable[[R], str]
    sort: Callable[[list[R]], list[R]]
    limit: int | None = None
    listing: Callable[[], str]
    place: Callable[[R], int]
    descending: bool = False
    located: Located = field(repr=False)
    begin: Callable[[], Operation | None] = field(repr=False)
    _told: list[int | None] = field(factory=list, init=False)

    def __reduce__(self) -> NoReturn:
        raise Invalid(
            "a listing cannot travel: it asks a desk of this process; send its records, as all() returns them"
        )

    def __iter__(self) -> Iterator[R]:
        if self.split.empty or self.limit == 0:
            return
        operation = self.begin()
        if operation is None:
            yield from self._records(self.located)
            return
        with operation.ending():
            yield from self._records(partial(_part_of, operation, self.located))

    def _records(self, located: Located) -> Iterator[R]:
        records = self._kept(located) if self.split.ordered else iter(self.sort(list(self._kept(located))))
        left = self.limit
        # Nothing here holds on to a record while the next is read: one message may be many megabytes.
        while (record := next(records, None)) is not None:
            yield record
            del record
            left = None if left is None else left - 1
            if left == 0:
                return

    def _kept(self, located: Located) -> Iterator[R]:
        seen: set[str] = set()
        for page in self._pages(located):
            fresh = [record for record in page.items if self.key(record) not in seen]
            if self.expect is not None:
                more = page.next is not None and self.limit is None
                pages = max(2.0, (page.total or 0) / max(len(fresh), 1)) if more else 1.0
                self.expect(fresh[: self.limit], pages, ask=True)
            del page
            fresh.reverse()
            while fresh:
                record = fresh.pop()
                if self.key(record) in seen:
                    continue
                seen.add(self.key(record))
                with located():
                    kept = self.keep(record)
                    kept = None if kept is None else self.shown(kept)
                del record
                if kept is not None:
                    yield kept
                del kept

    def first(self) -> R | None:
        """Return the first record, or None if nothing matches."""
        return next(iter(self if self.limit == 0 else evolve(self, limit=1)), None)

    def _pages(self, located: Located) -> Iterator[Page[R]]:
        size = min(self.limit, self.split.page_size) if self.limit is not None and self.split.exact else None
        cursor: str | None = None
        cursors: set[str] = set()
        before: tuple[str, ...] = ()
        while True:
            with located():
                page = self.fetch(cursor, size)
                keys = tuple(self.key(record) for record in page.items)
                if page.next is not None and (page.next in cursors or (keys and keys == before)):
                    raise BadResponse("the vendor's pages repeat in a loop; the listing was stopped", path="$")
            if cursor is None:
                self._told[:] = [page.total if self.split.exact else None]
            cursor, before = page.next, keys
            yield page
            del page
            if cursor is None:
                return
            cursors.add(cursor)

    def page(self, cursor: str | None = None, size: int | None = None) -> Page[R]:
        """Return one page of what matches.

        It is as large as asked, but for the last; where nearly nothing matches it may be shorter though there is a next.
        """
        if self.split.empty:
            return Page(())
        chain = Chain(
            listing=self.listing,
            fetch=self.fetch,
            keep=self.keep,
            shown=self.shown,
            expect=self.expect,
            key=self.key,
            place=self.place if self.split.ordered else None,
            descending=self.descending,
            exact=self.split.exact,
        )
        with self.located():
            page = chain.page(cursor, size)
        return page if self.split.ordered else evolve(page, items=tuple(self.sort(list(page.items))))

    def told(self) -> int | None:
        """Return how many records the vendor said there are when this was last iterated; None if it does not say."""
        return self._told[0] if self._told else None

    def count(self) -> int | None:
        """Return how many records match if the vendor counts exactly these, else None; at most one call."""
        if self.split.empty or self.limit == 0:
            return 0
        if not self.split.exact:
            return None
        with self.located():
            total = self.fetch(None, 1).total
        return total if total is None or self.limit is None else min(total, self.limit)
