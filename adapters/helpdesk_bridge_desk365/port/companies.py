"""``desk.companies`` at Desk365."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import Company
from helpdesk_bridge_desk365.client.client import PAGE_OF_OTHERS, Client, Rows
from helpdesk_bridge_desk365.client.pages import Mark, Walk
from helpdesk_bridge_desk365.wire import reading
from helpdesk_bridge_desk365.wire.documents import CompanyWire

OVERLAP: Final = 1


@frozen
class Desk365Companies:
    """Lists companies, which are known by name."""

    _client: Client

    def list(self) -> Iterator[Company]:
        """Yield each company once, 30 a call."""
        walk = Walk[CompanyWire](
            fetch=self._fetch,
            mark=lambda row: Mark(row.name, row.name),
            sizes=(PAGE_OF_OTHERS,),
            overlap=OVERLAP,
            ordered=False,
        )
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            page = walk.page(cursor)
            for row in page.items:
                if row.name not in seen:
                    seen.add(row.name)
                    yield reading.company(row)
            if page.next is None:
                return
            cursor = page.next

    def _fetch(self, offset: int, _count: int) -> Rows[CompanyWire]:
        return self._client.companies(offset)
