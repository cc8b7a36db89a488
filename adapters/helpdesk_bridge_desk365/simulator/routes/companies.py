"""Routes of companies: list, details, create, update."""

from __future__ import annotations

from typing import Any, Final

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.parameters import json_object, required_text, text_of
from helpdesk_bridge_desk365.simulator.records.records import Company
from helpdesk_bridge_desk365.simulator.refusals import missing, not_unique
from helpdesk_bridge_desk365.simulator.routes.contacts import PAGE_SIZE
from helpdesk_bridge_desk365.simulator.routes.ticket_input import known_sla
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup
from helpdesk_bridge_desk365.simulator.text import NEVER, comma_list, comma_text, time_text

_FACTS: Final = ("description", "phone", "address", "city", "state", "country", "zipcode")
_KEYS: Final = frozenset({"name", *_FACTS, "sla", "domains"})
"""documented: OpenAPI, CompanyRequestModel."""

_HELPDESK_DEFAULT: Final = "helpdesk default"
_LABEL: Final = "Company Name"


class CompanyRoutes(RouteGroup):
    """Companies by name; `domains` is an array in the list and a comma string elsewhere. observed: section 6.5."""

    @route("GET", f"{ROOT}/companies", provenance=DOCUMENTED, source="OpenAPI v3, companies")
    def list_companies(self, call: Call) -> Reply:
        """Give a page of 30 companies, by name (assumed)."""
        companies = sorted(self.account.companies.values(), key=lambda company: company.name.casefold())
        rows = []
        for company in self.service.page(call, companies, PAGE_SIZE):
            document = {"name": company.name, **_facts(company), "domains": list(company.domains)}
            if self.service.flag("additions_2026"):
                document["departments"] = company.departments
            rows.append(document | _stamps(company) | {"sla": company.sla})
        return self.service.answer(
            {"count": len(companies), "content": rows, **self.service.next_page(call, len(companies), PAGE_SIZE)}
        )

    @route("GET", f"{ROOT}/companies/details", provenance=DOCUMENTED, source="OpenAPI v3, companies")
    def company_details(self, call: Call) -> Reply:
        """One company by `name`."""
        company = self.account.companies.get(self.service.required(call, "name"))
        if company is None:
            raise missing("company")
        return self.service.answer(_details(company))

    @route("POST", f"{ROOT}/companies/create", provenance=DOCUMENTED, source="OpenAPI v3, companies")
    def create_company(self, call: Call) -> Reply:
        """Create; a name that is taken is 400 (observed)."""
        body = json_object(call)
        self.service.check_keys(body, _KEYS)
        name = required_text(body, "name")
        if name in self.account.companies:
            raise not_unique(_LABEL, "name")
        company = Company(name=name, created_on=self.service.now(), sla=self.account.default_sla)
        company.facts = dict.fromkeys(_FACTS)
        self._apply_company(company, body)
        self.account.companies[name] = company
        return self.service.answer(_details(company))

    @route("PUT", f"{ROOT}/companies/update", provenance=DOCUMENTED, source="OpenAPI v3, companies")
    def update_company(self, call: Call) -> Reply:
        """Change what the body mentions, of the company in `company_name`; another `name` renames it (assumed)."""
        company = self.account.companies.get(self.service.required(call, "company_name"))
        if company is None:
            raise missing("company")
        body = json_object(call)
        self.service.check_keys(body, _KEYS)
        name = text_of(body, "name") or company.name
        if name != company.name and name in self.account.companies:
            raise not_unique(_LABEL, "name")
        self._apply_company(company, body)
        self._rename_company(company, name)
        company.updated_on = self.service.now()
        return self.service.answer(_details(company))

    def _rename_company(self, company: Company, name: str) -> None:
        """Give a company another name, also wherever its contacts show it."""
        if name == company.name:
            return
        for contact in self.account.contacts.values():
            if contact.company == company.name:
                contact.company = name
                self.account.contact_changed(contact)
        del self.account.companies[company.name]
        company.name = name
        self.account.companies[name] = company

    def _apply_company(self, company: Company, body: dict[str, Any]) -> None:
        facts: dict[str, str | None] = {name: text_of(body, name) for name in _FACTS if name in body}
        sla = text_of(body, "sla")
        if sla is not None:
            sla = self.account.default_sla if sla.casefold() == _HELPDESK_DEFAULT else known_sla(sla, self.account)
        domains = text_of(body, "domains")
        company.facts |= facts
        if sla is not None:
            company.sla = sla
        if "domains" in body:
            company.domains = [self.account.email_key(f"@{domain}")[1:] for domain in comma_list(domains or "")]


def _facts(company: Company) -> dict[str, Any]:
    return {name: company.facts.get(name) for name in _FACTS}


def _stamps(company: Company) -> dict[str, Any]:
    return {"created_on": time_text(company.created_on), "updated_on": time_text(company.updated_on) or NEVER}


def _details(company: Company) -> dict[str, Any]:
    """Another order of keys than in the list. observed: dossier section 6.5."""
    middle = {"sla": company.sla, "domains": comma_text(company.domains)}
    return {"name": company.name, **_facts(company), **middle, **_stamps(company)}
