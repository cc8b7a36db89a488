"""Routes that only some accounts have, or that only read: time entries, agents, asset locations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from helpdesk_bridge.testing.simulator import DOCUMENTED, OBSERVED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.refusals import missing
from helpdesk_bridge_desk365.simulator.routes.ticket_list import PAGE_SIZES
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup

_Test = Callable[[dict[str, Any], str], bool]

_ENTRY_FILTERS: Final[dict[str, _Test]] = {
    "ticket_number": lambda entry, text: str(entry["ticket_number"]) == text,
    "started_before": lambda entry, text: entry["start_time"] < text,
    "started_after": lambda entry, text: entry["start_time"] > text,
    "created_after": lambda entry, text: entry["created_time"] > text,
    "updated_after": lambda entry, text: entry["updated_time"] > text,
    "billable": lambda entry, text: str(entry["billable"]) == text,
    "timer_running": lambda entry, text: str(entry["timer_running"]) == text,
}
"""documented: OpenAPI, TimeEntriesListModel; times compare as text, which their form allows."""


class TimeEntryRoutes(RouteGroup):
    """Time entries are read-only."""

    @route("GET", f"{ROOT}/time_entries", provenance=DOCUMENTED, source="OpenAPI v3, time entries")
    def list_time_entries(self, call: Call) -> Reply:
        """Give a page of time entries."""
        wanted = [(test, call.query[name]) for name, test in _ENTRY_FILTERS.items() if call.query.get(name)]
        entries = [entry for entry in self.account.time_entries if all(test(entry, text) for test, text in wanted)]
        if call.query.get("agent_email"):
            agent = self.account.email_key(call.query["agent_email"])
            entries = [entry for entry in entries if self.account.email_key(str(entry["agent_email"])) == agent]
        if call.query.get("company_name"):
            entries = [entry for entry in entries if self._entry_company(entry) == call.query["company_name"]]
        count = call.query.get("time_entries_count", "")
        size = int(count) if count in PAGE_SIZES else 30
        return self.service.answer({"count": len(entries), "content": self.service.page(call, entries, size)})

    @route("GET", f"{ROOT}/time_entries/details", provenance=DOCUMENTED, source="OpenAPI v3, time entries")
    def time_entry_details(self, call: Call) -> Reply:
        """One time entry by `id`."""
        wanted = self.service.required(call, "id")
        for entry in self.account.time_entries:
            if str(entry["id"]) == wanted:
                return self.service.answer(entry)
        raise missing("time entry")

    def _entry_company(self, entry: dict[str, Any]) -> str | None:
        ticket = self.account.tickets.get(entry["ticket_number"])
        return None if ticket is None else ticket.contact.company


class AgentRoutes(RouteGroup):
    """Not in the OpenAPI: one client of 2026 reads it, dossier section 6.10."""

    @route("GET", f"{ROOT}/agents", provenance=OBSERVED, source="a client of 2026, unverified")
    def list_agents(self, _call: Call) -> Reply:
        """All agents; behind a switch, else 404."""
        self.service.entitled("agents_endpoint", "requested resource")
        content = [{"email": agent.email, "name": agent.name} for agent in self.account.agents.values()]
        return self.service.answer({"count": len(content), "content": content})


class AssetRoutes(RouteGroup):
    """Not in the OpenAPI: clients of 2026 read it, dossier section 6.11. What a location holds is assumed."""

    @route("GET", f"{ROOT}/asset_mgmt/locations", provenance=OBSERVED, source="clients of 2026")
    def list_asset_locations(self, _call: Call) -> Reply:
        """All locations, their number under `total`; behind a switch, else 404."""
        self.service.entitled("asset_management", "requested resource")
        locations = self.account.asset_locations
        return self.service.answer({"total": len(locations), "locations": locations})

    @route("GET", f"{ROOT}/asset_mgmt/locations/details", provenance=OBSERVED, source="clients of 2026")
    def asset_location_details(self, call: Call) -> Reply:
        """One location by `location_name`."""
        self.service.entitled("asset_management", "requested resource")
        wanted = self.service.required(call, "location_name")
        for location in self.account.asset_locations:
            if location["location_name"] == wanted:
                return self.service.answer(location)
        raise missing("location")
