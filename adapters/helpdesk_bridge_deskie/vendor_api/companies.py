"""Companies (``desk.vendor_api.companies``): the calls that ``desk.companies`` lacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from helpdesk_bridge.adapter import UNSET, Invalid, Unset
from helpdesk_bridge_deskie.client.calls import PAGE, Calls, DocumentPage
from helpdesk_bridge_deskie.vendor_api import arguments as checked
from helpdesk_bridge_deskie.vendor_api.records import RecordCalls
from helpdesk_bridge_deskie.wire.documents import CompanyDocument

Id = str | int


def _records(calls: Calls) -> RecordCalls[CompanyDocument]:
    return RecordCalls(calls, "/companies", "company", CompanyDocument, "vendor_api.companies", "company_id")


@frozen(eq=False)
class CompanyCalls:
    """Companies. A user refers to a company by its name (observed)."""

    _records: RecordCalls[CompanyDocument] = field(repr=False, converter=_records)

    def get(self, company_id: Id) -> CompanyDocument:
        """Return a company."""
        return self._records.get(company_id)

    def page(
        self,
        *,
        page: int = 1,
        limit: int = PAGE,
        company_name: str | None = None,
        company_domains: str | None = None,
        company_address: str | None = None,
        company_note: str | None = None,
        amount_of_users: bool = False,
        amount_of_cases: bool = False,
    ) -> DocumentPage[CompanyDocument]:
        """Return one page of companies by searches of 3 characters or more.

        documented: Deskie API, "^string^ is searching for an exact string".
        """
        searches = {
            "company_name": company_name,
            "company_domains": company_domains,
            "company_address": company_address,
            "company_note": company_note,
        }
        query = [*checked.page(page, limit)]
        query += [(name, checked.search(text, name)) for name, text in searches.items() if text is not None]
        for name, value in (("amount_of_users", amount_of_users), ("amount_of_cases", amount_of_cases)):
            if checked.flag(value, name):
                query.append((name, "true"))
        return self._records.page(tuple(query))

    def create(
        self,
        company_name: str,
        *,
        company_domains: Iterable[str] = (),
        company_users: Iterable[Id] = (),
        company_default_group: Id | Unset = UNSET,
        company_address: str | Unset = UNSET,
        company_note: str | Unset = UNSET,
    ) -> CompanyDocument:
        """Create a company, with its users."""
        fields = {
            "company_name": checked.text(company_name, "company_name"),
            **_joined("company_domains", company_domains, checked.text),
            **_joined("company_users", company_users, checked.record_id),
            **_of_company(company_default_group, company_address, company_note),
        }
        return self._records.create(fields)

    def update(
        self,
        company_id: Id,
        *,
        company_name: str | Unset = UNSET,
        add_company_domains: Iterable[str] = (),
        remove_company_domains: Iterable[str] = (),
        add_company_users: Iterable[Id] = (),
        remove_company_users: Iterable[Id] = (),
        company_default_group: Id | Unset = UNSET,
        company_address: str | Unset = UNSET,
        company_note: str | Unset = UNSET,
    ) -> CompanyDocument:
        """Change a company; domains and users are added and removed (observed)."""
        fields = {
            **checked.given({"company_name": (company_name, checked.text)}),
            **_joined("add_company_domains", add_company_domains, checked.text),
            **_joined("remove_company_domains", remove_company_domains, checked.text),
            **_joined("add_company_users", add_company_users, checked.record_id),
            **_joined("remove_company_users", remove_company_users, checked.record_id),
            **_of_company(company_default_group, company_address, company_note),
        }
        return self._records.update(company_id, fields)

    def block(self, company_id: Id) -> CompanyDocument:
        """Block a company."""
        return self._records.act(company_id, "block")

    def disable(self, company_id: Id) -> CompanyDocument:
        """Move a company to the deleted ones, from where it can be restored."""
        return self._records.act(company_id, "disable")

    def restore(self, company_id: Id) -> CompanyDocument:
        """Undo blocking, disabling and deleting."""
        return self._records.act(company_id, "restore")

    def delete(self, company_id: Id) -> None:
        """Move a company to the deleted ones (observed: it can be restored)."""
        self._records.delete(company_id)


def _of_company(group: Id | Unset, address: str | Unset, note: str | Unset) -> dict[str, Any]:
    return checked.given(
        {
            "company_default_group": (group, checked.number),
            "company_address": (address, checked.any_text),
            "company_note": (note, checked.any_text),
        }
    )


def _joined(name: str, values: Iterable[Any], check: Any) -> dict[str, str]:
    """Return several values as the one text, separated by commas, that Deskie takes (observed)."""
    texts = [str(check(value, name)) for value in checked.listed(values, name)]
    if any("," in text for text in texts):
        raise Invalid(f"{name}: a value cannot contain a comma", field=name)
    return {name: ",".join(texts)} if texts else {}
