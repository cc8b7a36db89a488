"""``desk.agents``, ``desk.groups``, ``desk.custom_fields`` and ``desk.companies`` at Desk365.

Only companies can be listed on every account; the others are collected from tickets.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from attrs import define, field, frozen

from helpdesk_bridge.adapter import Agent, Company, FieldDefinition, Group, HelpdeskError, new_lock
from helpdesk_bridge_desk365.client.client import PAGE_OF_OTHERS, Desk365Client, Rows
from helpdesk_bridge_desk365.client.pages import OffsetScan, RowKey
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.wire import reading
from helpdesk_bridge_desk365.wire.documents import CompanyDocument

# Observed: an account that lacks a call answers 404, or 403 for want of access; a path of another method, 405.
_LACKING: Final = frozenset({403, 404, 405})
_OVERLAP: Final = 1


@define
class Desk365Agents:
    """Lists agents. Only a client of 2026 shows the call, which is not documented, so it is tried once per desk."""

    _client: Desk365Client
    _observed: ObservedValues
    _lacking: bool = field(default=False, init=False)
    _lock: threading.Lock = field(factory=new_lock, init=False, repr=False)

    def list(self) -> tuple[Agent, ...]:
        """Return the agents by e-mail: those of the list, and those seen only on tickets."""
        listed = self._listed()
        if listed is None:
            return self._observed.agents()
        self._observed.learn_agents(listed)
        return self._observed.known_agents()

    def _listed(self) -> tuple[Agent, ...] | None:
        with self._lock:
            if self._lacking:
                return None
            try:
                return self._client.agents()
            except HelpdeskError as error:
                if error.status not in _LACKING:
                    raise
                self._lacking = True
                return None


@frozen
class Desk365Groups:
    """``desk.groups``: the groups seen on tickets."""

    _observed: ObservedValues

    def list(self) -> tuple[Group, ...]:
        """Return the groups."""
        return self._observed.groups()


@frozen
class Desk365CustomFields:
    """``desk.custom_fields``: the custom fields seen on tickets."""

    _observed: ObservedValues

    def list(self) -> tuple[FieldDefinition, ...]:
        """Return the definitions."""
        return self._observed.fields()


@frozen
class Desk365Companies:
    """Lists companies, which Desk365 identifies by name."""

    _client: Desk365Client

    def list(self) -> Iterator[Company]:
        """Yield each company once, 30 a call."""
        scan = OffsetScan[CompanyDocument](
            fetch=self._fetch,
            key=lambda row: RowKey(row.name, row.name),
            sizes=(PAGE_OF_OTHERS,),
            overlap=_OVERLAP,
            ordered=False,
        )
        seen: set[str] = set()
        cursor: str | None = None
        while True:
            page = scan.page(cursor)
            for row in page.items:
                if row.name not in seen:
                    seen.add(row.name)
                    yield reading.company(row)
            if page.next is None:
                return
            cursor = page.next

    def _fetch(self, offset: int, _count: int) -> Rows[CompanyDocument]:
        return self._client.companies(offset)
