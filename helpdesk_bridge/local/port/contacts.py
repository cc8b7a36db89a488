"""``desk.contacts`` of a local desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Page, QuerySplit
from helpdesk_bridge.errors import Conflict, Invalid
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.local.people import has_phone, looks_like_email, phone_of
from helpdesk_bridge.local.port.words import text_or_none
from helpdesk_bridge.model.addresses import email_key, phone_key
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, set_fields
from helpdesk_bridge.model.fields import CONTACT, Kind, Write, writable
from helpdesk_bridge.model.queries import ContactQuery
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.model.values import Add, Phone, Remove
from helpdesk_bridge.store.conditions import Native, divide_contacts

_TEXTS: Final = tuple(name for name in writable(CONTACT, Write.CHANGE) if CONTACT[name].kind in (Kind.TEXT, Kind.WORD))


@frozen(eq=False)
class LocalContacts:
    """Contacts as ``ContactsAdapter`` has them."""

    _desk: LocalDesk

    def split(self, query: ContactQuery) -> QuerySplit:
        """Divide a query; SQL answers nearly all of it."""
        return divide_contacts(query)

    def page(self, native: Native, cursor: str | None, size: int | None = None) -> Page[Contact]:
        """Return one page."""
        self._desk.calls.add("contacts.list", query=native.query, cursor=cursor, size=size)
        return self._desk.store.contacts.page(native, cursor, size)

    def get(self, contact_id: str) -> Contact:
        """Return one contact."""
        self._desk.calls.add("contacts.get", contact_id)
        return self._desk.store.contacts.get(contact_id)

    def find(self, *, email: str | None, phone: str | None) -> Sequence[Contact]:
        """Return the contacts with this e-mail or phone."""
        self._desk.calls.add("contacts.find", email=email, phone=phone)
        return self._desk.store.contacts.find(email=email, phone=phone)

    def create(self, draft: ContactDraft) -> Contact:
        """Create a contact. Raises ``Conflict`` if an e-mail is taken, or a phone at a desk that knows customers by phone."""
        desk, store = self._desk, self._desk.store
        if "email" in desk.people.needs and not draft.emails:
            raise Invalid("a contact of this desk needs an e-mail", field="emails")
        with desk.operation():
            now = desk.now()
            contact_id = store.contacts.new_id()
            new = Contact(id=contact_id, ref=store.space.ref("contact", contact_id), created_at=now)
            contact = self._applied(new, set_fields(draft), now)
            self._refuse_taken_phone(contact)
            store.contacts.put(contact)
        desk.calls.add("contacts.create", contact_id, draft=draft)
        return store.contacts.get(contact_id)

    def _refuse_taken_phone(self, contact: Contact) -> None:
        # Phones are shared by colleagues, but where customers are known by phone, one number is one customer.
        if "phone" not in self._desk.people.needs:
            return
        for phone in contact.phones:
            holders = self._desk.store.contacts.find(phone=phone.e164 or phone.raw)
            if any(has_phone(holder, phone) for holder in holders if not holder.deleted):
                raise Conflict("another contact has this phone")

    def update(self, contact_id: str, change: ContactChange) -> Contact:
        """Change a contact; tickets show its new name and addresses. Raises ``Conflict`` if an e-mail is taken."""
        desk, store = self._desk, self._desk.store
        values = set_fields(change)
        desk.calls.add("contacts.update", contact_id, change=change)
        with desk.operation():
            contact = store.contacts.get(contact_id)
            if values:
                contact = self._applied(contact, values, desk.now())
                store.contacts.put(contact)
                store.tickets.rename_person(contact)
        desk.directory.refresh("contacts")
        return store.contacts.get(contact_id)

    def _applied(self, contact: Contact, values: dict[str, Any], now: datetime) -> Contact:
        desk = self._desk
        changes: dict[str, Any] = {"updated_at": now}
        changes |= {name: text_or_none(values[name], name) for name in _TEXTS if name in values}
        if "emails" in values:
            changes["emails"] = _emails(contact.emails, values["emails"])
        if "phones" in values:
            changes["phones"] = _phones(contact.phones, values["phones"], desk.people.region)
        if "company" in values:
            changes["company"] = None if values["company"] is None else desk.people.company(values["company"])
        if "blocked" in values:
            changes["blocked"] = bool(values["blocked"])
        if "custom_fields" in values:
            given = desk.definitions.fields(values["custom_fields"], "contact")
            now_fields = {} if values["custom_fields"] is None else {**contact.custom_fields, **given}
            changes["custom_fields"] = {name: value for name, value in now_fields.items() if value is not None}
        return evolve(contact, **changes)


def _emails(now: tuple[str, ...], change: Any) -> tuple[str, ...]:
    if isinstance(change, Remove):
        gone = {email_key(email) for email in change.values}
        return tuple(email for email in now if email_key(email) not in gone)
    wanted = (*now, *change.values) if isinstance(change, Add) else tuple(change or ())
    found: dict[str, str] = {}
    for email in wanted:
        if not isinstance(email, str) or not looks_like_email(email):
            raise Invalid("not an e-mail address", field="emails")
        found.setdefault(email_key(email), email.strip())
    return tuple(found.values())


def _phones(now: tuple[Phone, ...], change: Any, region: str | None) -> tuple[Phone, ...]:
    if isinstance(change, Remove):
        gone = {phone_key(phone_of(phone, region)) for phone in change.values}
        return tuple(phone for phone in now if phone_key(phone) not in gone)
    before = now if isinstance(change, Add) else ()
    given = change.values if isinstance(change, Add) else tuple(change or ())
    found: dict[str, Phone] = {}
    for phone in (*before, *(phone_of(number, region) for number in given)):
        if not phone_key(phone):
            raise Invalid("not a phone number", field="phones")
        found.setdefault(phone_key(phone), phone)
    return tuple(found.values())
