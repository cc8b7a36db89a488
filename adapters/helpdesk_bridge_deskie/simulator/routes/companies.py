"""Routes of companies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply, route
from helpdesk_bridge_deskie.simulator.records.account import require
from helpdesk_bridge_deskie.simulator.records.records import Company
from helpdesk_bridge_deskie.simulator.records.search import any_of
from helpdesk_bridge_deskie.simulator.refusals import invalid
from helpdesk_bridge_deskie.simulator.service import PAGES, RouteGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpdesk_bridge_deskie.simulator.parameters import Params

_TEXT = 3
_SEARCHED: dict[str, Callable[[Company], str]] = {
    "company_name": lambda company: company.name,
    "company_domains": lambda company: ",".join(company.domains),
    "company_address": lambda company: company.address,
    "company_note": lambda company: company.note,
}


class CompanyRoutes(RouteGroup):
    """The calls on companies; a user belongs to the company that its `company_name` says (observed)."""

    @route("GET", "/api/companies.json", provenance=OBSERVED, source=PAGES)
    def list_companies(self, call: Call) -> Reply:
        """List companies by searches."""
        params = self.service.query(call)
        companies = list(self.account.companies.values())
        for name, text_of in _SEARCHED.items():
            if needles := self.service.rules.needles(params, name, _TEXT):
                matches = any_of(needles)
                companies = [each for each in companies if matches(text_of(each))]
        page = self.service.page(params)
        shown, total = companies[page.start : page.stop], len(companies)
        users, cases = params.flag("amount_of_users"), params.flag("amount_of_cases")
        if not (users or cases):
            return self.service.listing("company", shown, total, self.renderer.company)
        items = []
        for company in shown:
            document = self.renderer.company(company)
            members = {user.user_id for user in self.account.users.values() if _belongs(user.company_name, company)}
            if users:
                document["amount_of_users"] = len(members)
            if cases:
                document["amount_of_cases"] = sum(case.user_id in members for case in self.account.cases.values())
            items.append(document)
        return self.service.plain_listing("company", items, total)

    @route("POST", "/api/companies.json", provenance=OBSERVED, source=PAGES)
    def create_company(self, call: Call) -> Reply:
        """Create a company."""
        params, now = self.service.body(call, "company"), self.service.now()
        name = (params.text("company_name") or "").strip()
        if not name:
            raise invalid("empty_company_name")
        if self.account.company_named(name):
            raise invalid("company_already_exist")
        members = self._users(params, "company_users")
        group = self._default_group(params)
        company = Company(company_id=self.account.next_id("company"), name=name, created_at=now, updated_at=now)
        company.default_group = group or 0
        company.domains = _split(params.text("company_domains"))
        self.account.companies[company.company_id] = company
        self._describe_company(company, params)
        self._employ(members, company.name)
        return self.service.show("company", self.renderer.company(company), 201)

    @route("GET", "/api/companies/<int:company_id>.json", provenance=OBSERVED, source=PAGES)
    def show_company(self, call: Call, company_id: int) -> Reply:  # noqa: ARG002 - every handler gets the call
        """Show a company."""
        return self.service.show("company", self.renderer.company(self._company(company_id)))

    @route("PUT", "/api/companies/<int:company_id>.json", provenance=OBSERVED, source=PAGES)
    def update_company(self, call: Call, company_id: int) -> Reply:
        """Change a company; domains and users are added and removed (observed)."""
        company, params = self._company(company_id), self.service.body(call, "company")
        name = params.text("company_name")
        other = self.account.company_named(name) if name else None
        if other not in (None, company):
            raise invalid("company_already_exist")
        joining, leaving = self._users(params, "add_company_users"), self._users(params, "remove_company_users")
        group = self._default_group(params)
        company.default_group = company.default_group if group is None else group
        if name and name != company.name:
            members = [each.user_id for each in self.account.users.values() if _belongs(each.company_name, company)]
            company.name = name
            self._employ(members, name)
        removed = _split(params.text("remove_company_domains"))
        domains = [*company.domains, *_split(params.text("add_company_domains"))]
        company.domains = [each for each in dict.fromkeys(domains) if each not in removed]
        self._describe_company(company, params)
        self._employ(joining, company.name)
        self._employ(leaving, "")
        return self._touched(company)

    @route(
        "DELETE", "/api/companies/<int:company_id>.json", provenance=OBSERVED, source="clients: it can be brought back"
    )
    def delete_company(self, call: Call, company_id: int) -> Reply:  # noqa: ARG002
        """Move a company to the deleted ones."""
        company = self._company(company_id)
        company.active, company.deleted = True, True
        self._touched(company)
        return self.service.done()

    @route("PUT", "/api/companies/<int:company_id>/block.json", provenance=OBSERVED, source=PAGES)
    def block_company(self, call: Call, company_id: int) -> Reply:  # noqa: ARG002
        """Block a company."""
        return self._mark_company(company_id, active=False, deleted=False)

    @route("PUT", "/api/companies/<int:company_id>/disable.json", provenance=OBSERVED, source=PAGES)
    def disable_company(self, call: Call, company_id: int) -> Reply:  # noqa: ARG002
        """Move a company to the deleted ones and show it."""
        return self._mark_company(company_id, active=True, deleted=True)

    @route("PUT", "/api/companies/<int:company_id>/restore.json", provenance=OBSERVED, source=PAGES)
    def restore_company(self, call: Call, company_id: int) -> Reply:  # noqa: ARG002
        """Undo blocking and disabling."""
        return self._mark_company(company_id, active=True, deleted=False)

    def _company(self, company_id: int) -> Company:
        return require(self.account.companies, company_id, "company")

    def _users(self, params: Params, name: str) -> list[int]:
        ids = [int(each) for each in _split(params.text(name)) if each.isdecimal()]
        if any(each not in self.account.users for each in ids):
            raise invalid("user_not_found")
        return ids

    def _default_group(self, params: Params) -> int | None:
        group_id = params.integer("company_default_group")
        if group_id and group_id not in self.account.groups:
            raise invalid("group_not_found")
        return group_id

    def _describe_company(self, company: Company, params: Params) -> None:
        address, note = params.text("company_address"), params.text("company_note")
        company.address = company.address if address is None else address
        company.note = company.note if note is None else note

    def _employ(self, user_ids: list[int], name: str) -> None:
        for user_id in user_ids:
            user = self.account.users[user_id]
            user.company_name, user.updated_at, user.rendered = name, self.service.now(), None

    def _mark_company(self, company_id: int, *, active: bool, deleted: bool) -> Reply:
        company = self._company(company_id)
        company.active, company.deleted = active, deleted
        return self._touched(company)

    def _touched(self, company: Company) -> Reply:
        company.updated_at, company.rendered = self.service.now(), None
        return self.service.show("company", self.renderer.company(company))


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _belongs(name: str, company: Company) -> bool:
    return name.casefold() == company.name.casefold()
