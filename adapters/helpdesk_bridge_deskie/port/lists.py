"""Deskie's reference lists, each read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from attrs import field, frozen

from helpdesk_bridge_deskie.client.client import LAST_PAGE, PAGE, DocumentPage

D = TypeVar("D")
V = TypeVar("V")


@frozen
class ReferenceList(Generic[D, V]):
    """A list of records that rarely change."""

    fetch: Callable[[int], DocumentPage[D]] = field(repr=False)
    read: Callable[[D], V] = field(repr=False)

    def list(self) -> Iterator[V]:
        """Yield all of them. A repeated page ends the list: a vendor that ignores ``page`` must not loop us."""
        page, before = 1, None
        while page <= LAST_PAGE:
            documents = self.fetch(page)
            if documents.items == before:
                return
            yield from map(self.read, documents.items)
            if not documents.more_after(page, PAGE):
                return
            page, before = page + 1, documents.items
