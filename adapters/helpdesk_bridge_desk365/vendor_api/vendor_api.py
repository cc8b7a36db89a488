"""Vendor API (``desk.vendor_api``): every Desk365 call outside the common port.

All calls use the desk's own transport, budget and errors. Arguments are checked before anything is sent; results are
frozen values under the vendor's own names (``vendor_api/documents.py``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from helpdesk_bridge.adapter import Agent, Invalid
from helpdesk_bridge_desk365.vendor_api.assets import AssetCalls
from helpdesk_bridge_desk365.vendor_api.companies import CompanyCalls
from helpdesk_bridge_desk365.vendor_api.contacts import ContactCalls, ContactOrder
from helpdesk_bridge_desk365.vendor_api.contracts import ContractCalls
from helpdesk_bridge_desk365.vendor_api.documents import (
    AgentVisibility,
    ArticleStatus,
    BillCycle,
    BlockHours,
    BlockTickets,
    ContractType,
    RolloverType,
    SupportVisibility,
)
from helpdesk_bridge_desk365.vendor_api.knowledge_base import KnowledgeBaseCalls
from helpdesk_bridge_desk365.vendor_api.search import Place, SearchCalls, Term
from helpdesk_bridge_desk365.vendor_api.surveys import SurveyCalls
from helpdesk_bridge_desk365.vendor_api.tickets import TicketCalls
from helpdesk_bridge_desk365.vendor_api.time_entries import TimeEntryCalls

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?")


class Desk365Api(
    TicketCalls,
    SearchCalls,
    ContactCalls,
    CompanyCalls,
    TimeEntryCalls,
    SurveyCalls,
    KnowledgeBaseCalls,
    ContractCalls,
    AssetCalls,
):
    """The calls; the base classes document each."""

    __slots__ = ()

    def ping(self) -> None:
        """Ask whether the service runs. It does not check the key (observed) and costs nothing."""
        self._client.ping()

    def agents(self) -> tuple[Agent, ...]:
        """Return the agents. Observed: a client of 2026; ``NotFound`` if the account does not have the call."""
        return self._client.agents()

    def get(self, path: str, **params: str) -> Any:
        """Read any other document of the API by its path below ``/apis/v3``; for calls that came after this library."""
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            raise Invalid("path: expected a path below /apis/v3, such as /time_entries/details", field="path")
        for name, value in params.items():
            if not isinstance(value, str):
                raise Invalid(f"{name}: expected text, found {type(value).__name__}", field=name)
        return self._client.read("vendor_api.get", path, tuple(params.items())).json()


__all__ = [
    "AgentVisibility", "ArticleStatus", "BillCycle", "BlockHours", "BlockTickets", "ContactOrder", "ContractType",
    "Desk365Api", "Place", "RolloverType", "SupportVisibility", "Term",
]  # fmt: skip
