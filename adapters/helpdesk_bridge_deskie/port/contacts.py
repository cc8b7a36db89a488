"""Contacts (``desk.contacts``), which Deskie calls users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    Add,
    Contact,
    ContactChange,
    ContactDraft,
    ContactQuery,
    Invalid,
    Page,
    QuerySplit,
    Ref,
    Remove,
    Unset,
    Unsupported,
)
from helpdesk_bridge_deskie.client.calls import LAST_PAGE, PAGE, paged
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.client.contact_scan import UserScan
from helpdesk_bridge_deskie.port.filters import NativeContacts, split_contacts
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.wire.custom_fields import CONTACT
from helpdesk_bridge_deskie.wire.reading import Reader

_NAMES: Final[Mapping[str, str]] = {"user_email": "emails", "user_phone": "phones"}


@frozen
class DeskieContacts:
    """Users as contacts."""

    client: DeskieClient = field(repr=False)
    reader: Reader = field(repr=False)
    names: Names = field(repr=False)
    people: People = field(repr=False)

    def split(self, query: ContactQuery) -> QuerySplit:
        """Divide a query."""
        return split_contacts(query)

    def page(self, native: NativeContacts, cursor: str | None, size: int | None = None) -> Page[Contact]:
        """Return one page, by windows of time; see ``contact_scan``."""
        scan = UserScan(
            fetch=self.client.users,
            now=lambda: int(self.client.stack.vendor_time.wall().timestamp()),
            params=native.params,
            order=native.query.order,
            bounds=native.bounds,
        )
        users = scan.page(cursor, size)
        return users.holding(tuple(self.reader.contact(user) for user in users.items))

    def numbered(self, number: int) -> Page[Contact]:
        """Return the page of a number, for who needs many and may miss some: rows move between pages."""
        users = self.client.users(paged(number))
        more = str(number + 1) if users.more_after(number, PAGE) and number < LAST_PAGE else None
        return Page(tuple(self.reader.contact(user) for user in users), more, users.total)

    def get(self, contact_id: str) -> Contact:
        """Return one contact."""
        return self.reader.contact(self.client.user(contact_id))

    def find(self, *, email: str | None, phone: str | None) -> Sequence[Contact]:
        """Return candidates for an e-mail or a phone."""
        return self.people.candidates(email=email, phone=phone)

    def create(self, draft: ContactDraft) -> Contact:
        """Create a contact by its e-mail or its phone.

        observed (a client of Deskie): a user is created with one identity; Deskie silently drops a second one.
        """
        if draft.emails and draft.phones:
            raise Unsupported(
                "Deskie creates a contact with an e-mail or a phone, not with both", capability="contacts.create:phones"
            )
        fields: dict[str, Any] = {
            **_single("emails", "user_email", draft.emails),
            **_single("phones", "user_phone", draft.phones),
        }
        if not fields:
            raise Invalid("Deskie identifies a contact by e-mail or phone; this contact has neither", field="emails")
        fields |= self._described(draft)
        return self.reader.contact(self.client.create_user(fields))

    def update(self, contact_id: str, change: ContactChange) -> Contact:
        """Change a contact; ``blocked`` blocks it (later tickets become spam) or restores it.

        A new address costs a read: Deskie silently drops an e-mail or phone if the user was created with the other.
        """
        fields, addresses = self._described(change), dict[str, str]()
        for key, name in _NAMES.items():
            words = getattr(change, name)
            if isinstance(words, (Add, Remove)):
                raise Unsupported(
                    f"Deskie stores one value of {name} for a contact; set that value instead of adding or removing",
                    capability=f"contacts.update:{name}",
                )
            if not isinstance(words, Unset):
                addresses |= _single(name, key, words) or {key: ""}
        if any(addresses.values()):
            self._refuse_lost(contact_id, addresses)
        fields |= addresses
        user = self.client.update_user(contact_id, fields) if fields else None
        if not isinstance(change.blocked, Unset):
            user = (self.client.block_user if change.blocked else self.client.restore_user)(contact_id)
        if user is None:
            raise Invalid("the change is empty: every field is UNSET", field="change")
        return self.reader.contact(user)

    def _refuse_lost(self, contact_id: str, addresses: Mapping[str, str]) -> None:
        # observed (a client of Deskie): a user has one identity, and only that can be changed.
        user = self.client.user(contact_id)
        held = {"user_email": user.user_email, "user_phone": user.user_phone}
        for key, value in addresses.items():
            if value and not held[key]:
                name = _NAMES[key]
                raise Unsupported(
                    f"this contact was created in Deskie without {name}, and Deskie silently drops {name} added later",
                    capability=f"contacts.update:{name}",
                )

    def _described(self, value: ContactDraft | ContactChange) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if not isinstance(value.name, Unset):
            fields["user_full_name"] = value.name or ""
        if not isinstance(value.company, Unset):
            fields["company_name"] = self._company(value.company)
        if not isinstance(value.custom_fields, Unset) and value.custom_fields:
            fields["custom_fields"] = self.names.written(value.custom_fields, CONTACT)
        return fields

    def _company(self, company: str | Ref | None) -> str:
        # observed: users name their company; its id is only a filter.
        if isinstance(company, Ref) and company.name is None:
            raise Invalid("Deskie takes a contact's company by name, not by id", field="company")
        return (company.name if isinstance(company, Ref) else company) or ""


def _single(name: str, key: str, values: tuple[str, ...]) -> dict[str, str]:
    if len(values) > 1:
        raise Unsupported(f"Deskie stores one value of {name} for a contact", capability=f"contacts.create:{name}")
    return {key: values[0]} if values else {}
