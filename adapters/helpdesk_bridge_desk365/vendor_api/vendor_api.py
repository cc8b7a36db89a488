"""Vendor API (``desk.vendor_api``): every Desk365 call outside the common port.

All calls use the desk's own transport, budget and errors. Arguments are checked before anything is sent; results are
frozen values under the vendor's own names (``vendor_api/documents.py``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from helpdesk_bridge.adapter import Agent, Invalid
from helpdesk_bridge_desk365.client.client import Desk365Client
from helpdesk_bridge_desk365.vendor_api.assets import AssetCalls
from helpdesk_bridge_desk365.vendor_api.calls import Calls
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
from helpdesk_bridge_desk365.wire.account import AccountContext

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_-]+)+/?")


class Desk365Api:
    """The calls by name; the class of each part documents its own."""

    def __init__(  # noqa: PLR0915 - a table of names, a line each
        self, client: Desk365Client, account: AccountContext, files_per_message: int, bytes_per_message: int
    ) -> None:
        self._client = client
        calls = Calls(client)

        tickets = TicketCalls(calls, account, files_per_message, bytes_per_message)
        self.ticket = tickets.ticket
        self.tickets = tickets.tickets
        self.create_ticket = tickets.create_ticket
        self.update_ticket = tickets.update_ticket
        self.reply = tickets.reply
        self.note = tickets.note
        self.public_note = tickets.public_note
        self.conversation = tickets.conversation

        search = SearchCalls(calls, account)
        self.search_tickets = search.search_tickets
        self.search_terms = search.search_terms

        contacts = ContactCalls(calls)
        self.contact = contacts.contact
        self.contacts = contacts.contacts
        self.create_contact = contacts.create_contact
        self.update_contact = contacts.update_contact

        companies = CompanyCalls(calls)
        self.company = companies.company
        self.create_company = companies.create_company
        self.update_company = companies.update_company

        time_entries = TimeEntryCalls(calls)
        self.time_entry = time_entries.time_entry
        self.time_entries = time_entries.time_entries

        surveys = SurveyCalls(calls)
        self.survey = surveys.survey
        self.surveys = surveys.surveys
        self.survey_ratings = surveys.survey_ratings

        knowledge_base = KnowledgeBaseCalls(calls)
        self.article = knowledge_base.article
        self.articles = knowledge_base.articles
        self.create_article = knowledge_base.create_article
        self.update_article = knowledge_base.update_article
        self.delete_article = knowledge_base.delete_article
        self.folder = knowledge_base.folder
        self.create_folder = knowledge_base.create_folder
        self.rename_folder = knowledge_base.rename_folder
        self.delete_folder = knowledge_base.delete_folder
        self.category = knowledge_base.category
        self.create_category = knowledge_base.create_category
        self.update_category = knowledge_base.update_category
        self.delete_category = knowledge_base.delete_category

        contracts = ContractCalls(calls)
        self.contract = contracts.contract
        self.contracts = contracts.contracts
        self.create_contract = contracts.create_contract
        self.update_contract = contracts.update_contract

        assets = AssetCalls(calls)
        self.asset_location = assets.asset_location
        self.asset_locations = assets.asset_locations

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
