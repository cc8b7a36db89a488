"""Contacts with fields outside the common port: title, departments, orders. Documented: OpenAPI, ContactResponseModel."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from attrs import frozen

from helpdesk_bridge.adapter import UNSET, Effect, Invalid, Unset
from helpdesk_bridge_desk365.client.client import Rows
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import ContactDetails

Text = str | Unset | None


class ContactOrder(IntEnum):
    """Documented: OpenAPI, "1 - sort by name, 2 - sort by title"."""

    NAME = 1
    TITLE = 2
    COMPANY = 3
    EMAIL = 4


@frozen(eq=False)
class ContactCalls:
    """Contacts by e-mail, which the API cannot change. What is ``UNSET`` is not sent, ``None`` clears."""

    _calls: Calls

    def contacts(
        self,
        *,
        company: str | None = None,
        order_by: int = ContactOrder.NAME,
        descending: bool = False,
        custom_fields: bool = False,
        offset: int = 0,
    ) -> Rows[ContactDetails]:
        """Return up to 30 contacts from a row on. Custom fields come with newer accounts only (a client of 2026)."""
        order = arguments.one_of(order_by, "order_by", list(ContactOrder))
        arguments.truth(descending, "descending")
        wanted = arguments.given(
            company=None if company is None else arguments.text(company, "company"),
            order_by=str(order),
            order_type="desc" if descending else "asc",
            include_custom_fields="1" if arguments.truth(custom_fields, "custom_fields") == "1" else None,
        )
        params = (*arguments.page(offset), *wanted.items())
        return self._calls.page(ContactDetails, "contacts.list", "/contacts", params, "content")

    def contact(self, email: str | None = None, *, secondary_email: str | None = None) -> ContactDetails:
        """Return a contact by its primary e-mail, or on newer accounts by a secondary one (a client of 2026)."""
        if (email is None) == (secondary_email is None):
            raise Invalid("email: give either the primary or the secondary e-mail, not both", field="email")
        if email is not None:
            params = (("primary_email", arguments.email(email, "email")),)
        else:
            params = (("secondary_email", arguments.email(secondary_email, "secondary_email")),)
        return self._calls.read(ContactDetails, "contacts.get", "/contacts/details", params)

    def create_contact(
        self,
        email: str,
        *,
        name: Text = UNSET,
        secondary_emails: Sequence[str] = (),
        title: Text = UNSET,
        phone: Text = UNSET,
        mobile: Text = UNSET,
        company: Text = UNSET,
    ) -> ContactDetails:
        """Create a contact of a company that exists; the answer repeats what was sent.

        Documented: OpenAPI, CreateContactRequestModel is the answer too.
        """
        document = {"primary_email": arguments.email(email, "email")}
        others = arguments.emails(secondary_emails, "secondary_emails")
        if others:
            document["secondary_emails"] = ",".join(others)
        document |= arguments.clearing(
            {"name": name, "title": title, "phone": phone, "mobile": mobile, "company_name": company}
        )
        return self._calls.write(ContactDetails, "contacts.create", "POST", "/contacts/create", document)

    def update_contact(
        self,
        email: str,
        *,
        name: Text = UNSET,
        title: Text = UNSET,
        phone: Text = UNSET,
        mobile: Text = UNSET,
        company: Text = UNSET,
    ) -> ContactDetails:
        """Change a contact; the answer repeats only what was sent.

        Documented: OpenAPI, UpdateContactRequestModel is the answer too.
        """
        change = arguments.clearing(
            {"name": name, "title": title, "phone": phone, "mobile": mobile, "company_name": company}
        )
        return self._calls.write(
            ContactDetails,
            "contacts.update",
            "PUT",
            "/contacts/update",
            arguments.something(change, "contact"),
            params=(("primary_email", arguments.email(email, "email")),),
            effect=Effect.SET,
        )
