"""Listings that are iterated with ``async for``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from enum import Enum
from typing import Final, Generic, NoReturn, TypeVar

from helpdesk_bridge.aio.calls import Calls
from helpdesk_bridge.errors import HelpdeskError, Invalid
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.ports import Listing

T = TypeVar("T")


class _End(Enum):
    END = "end"


_END: Final = _End.END


class AsyncListing(Generic[T]):
    """The answer to a query: ``async for record in listing``, page by page; each record once although pages move.

    The desk is asked when the first record is, and again by each iteration; a filter that it refuses is told then.
    Not resumable and not shared between tasks.
    """

    def __init__(self, calls: Calls, operation: str, ask: Callable[[], Listing[T]]) -> None:
        self._calls = calls
        self._operation = operation
        self._ask = ask
        self._asked: Listing[T] | None = None

    def _listing(self) -> Listing[T]:
        """Return the desk's own listing; called in a thread, because a name in a query may have to be looked up."""
        if self._asked is None:
            self._asked = self._ask()
        return self._asked

    def __aiter__(self) -> AsyncIterator[T]:
        return _Iteration(self._calls, self._operation, lambda: iter(self._listing()))

    async def page(self, cursor: str | None = None, size: int | None = None) -> Page[T]:
        """Return one page, for web pages: the records, and the cursors of the next and the previous one, or None."""
        return await self._calls.run(self._operation, lambda: self._listing().page(cursor, size))

    async def count(self) -> int | None:
        """Return how many records match, exactly, or None if only reading them all would show it."""
        return await self._calls.run(self._operation, lambda: self._listing().count())

    async def first(self) -> T | None:
        """Return the first record, or None if nothing matches; no more is read than that takes."""
        return await self._calls.run(self._operation, lambda: self._listing().first())

    async def all(self) -> tuple[T, ...]:
        """Return every record, read to the end."""
        return await self._calls.run(self._operation, lambda: self._listing().all())

    def told(self) -> int | None:
        """Return how many records the vendor said there are when this was last iterated; None if it does not say."""
        return None if self._asked is None else self._asked.told()

    def __bool__(self) -> NoReturn:
        raise TypeError("whether anything matches has to be asked for: use `await listing.first()`")

    def __len__(self) -> NoReturn:
        raise TypeError(
            "a listing has no length before it is read: use `await listing.count()`, or len(await listing.all())"
        )

    def __iter__(self) -> NoReturn:
        raise TypeError("a listing of an async desk is read with `async for`, or by `await listing.all()`")

    def __repr__(self) -> str:
        return "<AsyncListing, not read yet: iterate with async for, or await first(), all(), page() or count()>"


class _Iteration(AsyncIterator[T]):
    """One way through a listing. Where a step of it was cancelled or failed it does not go on: a record may be gone."""

    def __init__(self, calls: Calls, operation: str, begin: Callable[[], Iterator[T]]) -> None:
        self._calls = calls
        self._operation = operation
        self._begin = begin
        self._records: Iterator[T] | None = None
        self._busy = False
        self._broken = False

    async def __anext__(self) -> T:
        if self._busy:
            raise Invalid("an iteration is not shared between tasks: let each iterate by itself", field="listing")
        if self._broken:
            raise HelpdeskError(
                "this iteration was cancelled or failed and may have lost a record; iterate again",
                operation=self._operation,
            )
        self._busy = self._broken = True
        try:
            record = await self._calls.run(self._operation, self._next)
        finally:
            self._busy = False
        self._broken = False
        if record is _END:
            raise StopAsyncIteration
        return record

    def _next(self) -> T | _End:
        if self._records is None:
            self._records = self._begin()
        return next(self._records, _END)
