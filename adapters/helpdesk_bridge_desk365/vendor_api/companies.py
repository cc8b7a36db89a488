"""Companies with all their fields. Documented: OpenAPI, CompanyRequestModel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from helpdesk_bridge.adapter import UNSET, Effect, Unset
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import CompanyDetails

Text = str | Unset | None


@frozen(eq=False)
class CompanyCalls:
    """Companies by name. What is ``UNSET`` is not sent, ``None`` clears.

    ``sla`` is an SLA's name, or "helpdesk default". Contacts whose e-mail domain is among ``domains`` belong to the
    company from then on (documented: OpenAPI, CompanyRequestModel).
    """

    _calls: Calls

    def company(self, name: str) -> CompanyDetails:
        """Return a company."""
        params = (("name", arguments.text(name, "name")),)
        return self._calls.read(CompanyDetails, "companies.get", "/companies/details", params)

    def create_company(
        self,
        name: str,
        *,
        description: Text = UNSET,
        phone: Text = UNSET,
        address: Text = UNSET,
        city: Text = UNSET,
        state: Text = UNSET,
        country: Text = UNSET,
        zipcode: Text = UNSET,
        sla: Text = UNSET,
        domains: Sequence[str] | Unset = UNSET,
    ) -> CompanyDetails:
        """Create a company and return it."""
        texts = {"description": description, "phone": phone, "address": address, "city": city, "state": state}
        document = _document(name, {**texts, "country": country, "zipcode": zipcode, "sla": sla}, domains)
        return self._calls.write(CompanyDetails, "companies.create", "POST", "/companies/create", document)

    def update_company(
        self,
        name: str,
        *,
        new_name: str | None = None,
        description: Text = UNSET,
        phone: Text = UNSET,
        address: Text = UNSET,
        city: Text = UNSET,
        state: Text = UNSET,
        country: Text = UNSET,
        zipcode: Text = UNSET,
        sla: Text = UNSET,
        domains: Sequence[str] | Unset = UNSET,
    ) -> CompanyDetails:
        """Change a company; giving it another name is sent once, never repeated."""
        texts = {"description": description, "phone": phone, "address": address, "city": city, "state": state}
        document = _document(new_name or name, {**texts, "country": country, "zipcode": zipcode, "sla": sla}, domains)
        if new_name is None:
            arguments.something({key: value for key, value in document.items() if key != "name"}, "company")
        return self._calls.write(
            CompanyDetails,
            "companies.update",
            "PUT",
            "/companies/update",
            document,
            params=(("company_name", arguments.text(name, "name")),),
            effect=Effect.SET if new_name is None else Effect.CREATE,
        )


def _document(name: str, texts: dict[str, Any], domains: Sequence[str] | Unset) -> dict[str, Any]:
    document = {"name": arguments.text(name, "name"), **arguments.clearing(texts, needed=("sla",))}
    if not isinstance(domains, Unset):
        # Documented: OpenAPI, "contoso.com, orcael.com": domains are written as one text joined by commas.
        document["domains"] = ",".join(arguments.several(domains, "domains"))
    return document
