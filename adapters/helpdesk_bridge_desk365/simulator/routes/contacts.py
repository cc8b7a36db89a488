"""Routes of contacts: list, details, create, update."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.parameters import checked_email, custom_values, email_of, json_object, text_of
from helpdesk_bridge_desk365.simulator.records.records import Contact
from helpdesk_bridge_desk365.simulator.refusals import invalid, missing, not_unique
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup
from helpdesk_bridge_desk365.simulator.text import NEVER, comma_list, comma_text, time_text

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE_SIZE: Final = 30
"""documented: OpenAPI, "Get next 30 contacts from offset value"; it cannot be changed."""

_ORDERS: Final[dict[str, Callable[[Contact], str]]] = {
    "1": lambda contact: contact.name.casefold(),
    "2": lambda contact: (contact.title or "").casefold(),
    "3": lambda contact: (contact.company or "").casefold(),
    "4": lambda contact: contact.email.casefold(),
}
_SETTABLE: Final = ("name", "title", "mobile", "phone")
_UPDATE_KEYS: Final = frozenset({*_SETTABLE, "company_name"})
_CREATE_KEYS: Final = frozenset({*_UPDATE_KEYS, "primary_email", "secondary_emails"})
"""documented: OpenAPI, CreateContactRequestModel and UpdateContactRequestModel."""

_SECONDARY: Final = ("Secondary Email", "secondary_emails")
_ECHOED: Final = ("name", "primary_email", "secondary_emails", "title", "mobile", "phone", "company_name")


class ContactRoutes(RouteGroup):
    """Contacts by e-mail; there is no delete, no merge and no search by name. documented: OpenAPI, "Contacts related API endpoints"."""

    @route("GET", f"{ROOT}/contacts", provenance=DOCUMENTED, source="OpenAPI v3, contacts")
    def list_contacts(self, call: Call) -> Reply:
        """Give a page of 30 contacts, by name unless asked otherwise; deleted ones are left out (assumed)."""
        company = call.query.get("company")
        contacts = [
            contact
            for contact in islice(self.account.contacts.values(), self.service.searchable_count(call, "contact"))
            if not contact.is_deleted and (not company or contact.company == company)
        ]
        order = call.query.get("order_by", "")
        order = order if order in _ORDERS else "1"
        contacts.sort(key=lambda contact: (_ORDERS[order](contact), contact.email.casefold()))
        descending = call.query.get("order_type", "").lower() in ("desc", "descending")
        if descending:
            contacts.reverse()
        with_fields = self.service.flag("additions_2026") and call.query.get("include_custom_fields") == "1"
        page = [
            self._contact_row(contact, with_fields=with_fields)
            for contact in self.service.page(call, contacts, PAGE_SIZE)
        ]
        shown = {"company": company} if company else {}
        return self.service.answer(
            {
                "count": len(contacts),
                "content": page,
                **self.service.next_page(
                    call,
                    len(contacts),
                    PAGE_SIZE,
                    **shown,
                    order_by=order,
                    order_type="desc" if descending else "asc",
                ),
            }
        )

    @route("GET", f"{ROOT}/contacts/details", provenance=DOCUMENTED, source="OpenAPI v3, contacts")
    def contact_details(self, call: Call) -> Reply:
        """One contact by primary e-mail or, with the additions of 2026, by secondary e-mail."""
        secondary = call.query.get("secondary_email") if self.service.flag("additions_2026") else None
        contact = (
            self.account.secondary_contacts.get(self.account.email_key(secondary))
            if secondary
            else self._primary_contact(call)
        )
        if contact is None:
            raise missing("contact")
        return self.service.answer(self._contact_document(contact))

    @route("POST", f"{ROOT}/contacts/create", provenance=DOCUMENTED, source="OpenAPI v3, contacts")
    def create_contact(self, call: Call) -> Reply:
        """Create; the answer echoes the request. An e-mail that is taken is 400 (observed, of a name)."""
        body = json_object(call)
        self.service.check_keys(body, self._keys(_CREATE_KEYS))
        email = email_of(body, "primary_email")
        others = [
            checked_email(other, "secondary_emails") for other in comma_list(text_of(body, "secondary_emails") or "")
        ]
        for address in (email, *others):
            if self.account.contact(address) is not None:
                label, field = ("Primary Email", "primary_email") if address == email else _SECONDARY
                raise not_unique(label, field, "email")
        contact = Contact(
            email=email,
            name=text_of(body, "name") or email.partition("@")[0],
            created_on=self.service.now(),
            secondary_emails=others,
        )
        self._apply_contact(contact, body)
        self.account.add_contact(contact)
        return self.service.answer(_echo(contact))

    @route("PUT", f"{ROOT}/contacts/update", provenance=DOCUMENTED, source="OpenAPI v3, contacts")
    def update_contact(self, call: Call) -> Reply:
        """Change what the body mentions; e-mails are no fields of the update (documented: OpenAPI, UpdateContactRequestModel)."""
        contact = self._primary_contact(call)
        if contact is None:
            raise missing("contact")
        body = json_object(call)
        self.service.check_keys(body, self._keys(_UPDATE_KEYS))
        self._apply_contact(contact, body)
        contact.updated_on = self.service.now()
        self.account.contact_changed(contact)
        return self.service.answer(_echo(contact))

    def _keys(self, documented: frozenset[str]) -> frozenset[str]:
        """Add custom fields, which contacts have since 2026. observed: dossier section 5."""
        return documented | {"custom_fields"} if self.service.flag("additions_2026") else documented

    def _primary_contact(self, call: Call) -> Contact | None:
        return self.account.contacts.get(self.account.email_key(self.service.required(call, "primary_email")))

    def _apply_contact(self, contact: Contact, body: dict[str, Any]) -> None:
        changes: dict[str, str | None] = {name: text_of(body, name) for name in _SETTABLE if name in body}
        if body.get("company_name"):
            changes["company"] = self._known_company(text_of(body, "company_name"))
        elif "company_name" in body:
            changes["company"] = None
        custom = custom_values(body, self.account.contact_fields) if self.service.flag("additions_2026") else {}
        for name, value in changes.items():
            if name != "name" or value is not None:
                setattr(contact, name, value)
        contact.custom_fields |= custom

    def _known_company(self, name: str | None) -> str | None:
        """observed: a client retries without the company, dossier section 1.5."""
        if name not in self.account.companies:
            raise invalid("The company in company_name does not exist.", "company_name")
        return name

    def _contact_row(self, contact: Contact, *, with_fields: bool) -> dict[str, Any]:
        """Write a list item; papers disagree on the keys of its e-mails: dossier section 6.4."""
        recorded = self.service.choice("contact_list_keys") == "primary_email"
        document = {
            "name": contact.name,
            "primary_email" if recorded else "email": contact.email,
            "secondary_emails" if recorded else "secondary_email": comma_text(contact.secondary_emails),
            "title": contact.title,
            "mobile": contact.mobile,
            "phone": contact.phone,
            "company_name": contact.company,
            "created_on": time_text(contact.created_on),
            "updated_on": time_text(contact.updated_on) or NEVER,
        }
        return document | {"custom_fields": self._contact_fields(contact)} if with_fields else document

    def _contact_document(self, contact: Contact) -> dict[str, Any]:
        document = {
            "name": contact.name,
            "primary_email": contact.email,
            "is_deleted": int(contact.is_deleted),
            "secondary_emails": comma_text(contact.secondary_emails),
            "title": contact.title,
            "mobile": contact.mobile,
            "phone": contact.phone,
            "company_name": contact.company,
            "created_on": time_text(contact.created_on),
            "updated_on": time_text(contact.updated_on) or NEVER,
        }
        if self.service.flag("additions_2026"):
            document |= {
                "primary_department": contact.department,
                "secondary_departments": comma_text(contact.other_departments),
            }
            document["custom_fields"] = self._contact_fields(contact)
        return document

    def _contact_fields(self, contact: Contact) -> dict[str, Any]:
        return {
            key: contact.custom_fields.get(field.name, field.empty)
            for key, field in self.account.contact_fields.items()
        }


def _echo(contact: Contact) -> dict[str, Any]:
    """Return the request model with what is now held. documented: OpenAPI, CreateContactRequestModel and UpdateContactRequestModel as answers."""
    held = (
        *(contact.name, contact.email, comma_text(contact.secondary_emails), contact.title),
        *(contact.mobile, contact.phone, contact.company),
    )
    return dict(zip(_ECHOED, held, strict=True))
