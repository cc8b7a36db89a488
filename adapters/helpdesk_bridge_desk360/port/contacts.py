"""Contacts (``desk.contacts``): the people in the inbox's conversations. Nothing here is ever sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen

from helpdesk_bridge.adapter import (
    Conflict,
    Contact,
    ContactChange,
    ContactDraft,
    ContactQuery,
    Invalid,
    Page,
    QuerySplit,
    Unset,
    divide_contacts,
)
from helpdesk_bridge_desk360.inbox.inbox import Inbox, new_contact
from helpdesk_bridge_desk360.wire.phones import conversation_id, recipient


@frozen(eq=False)
class Desk360Contacts:
    """A contact is a phone number with the latest name of its WhatsApp profile."""

    _inbox: Inbox

    def split(self, query: ContactQuery) -> QuerySplit:
        """Divide a query."""
        return divide_contacts(query)

    def page(self, native: Any, cursor: str | None, size: int | None = None) -> Page[Contact]:
        """Return a page of the inbox."""
        return self._inbox.store.contacts.page(native, cursor, size)

    def get(self, contact_id: str) -> Contact:
        """Return a contact; its number in any spelling is its id."""
        return self._inbox.store.contacts.get(conversation_id(contact_id))

    def find(self, *, email: str | None, phone: str | None) -> Sequence[Contact]:
        """Return the contact of a number; WhatsApp knows no e-mails."""
        if phone is None:
            return self._inbox.store.contacts.find(email=email)
        return self._inbox.store.contacts.find(phone=conversation_id(phone))

    def create(self, draft: ContactDraft) -> Contact:
        """Store a contact in the inbox. Raises ``Conflict`` if the inbox has its number."""
        if len(draft.phones) != 1:
            raise Invalid("a contact has exactly one number", field="phones", limit=1)
        number = recipient(draft.phones[0], "phones")
        conversation = conversation_id(number)
        store = self._inbox.store
        with store.transaction():
            if store.contacts.lookup(conversation) is not None:
                raise Conflict("the inbox already has a contact with this number")
            name = None if isinstance(draft.name, Unset) else draft.name
            store.contacts.put(new_contact(store, conversation, name, self._inbox.clock.wall(), number))
            return store.contacts.get(conversation)

    def update(self, contact_id: str, change: ContactChange) -> Contact:
        """Change the name in the inbox; the customer's next message restores the profile's name."""
        store = self._inbox.store
        with store.transaction():
            contact = store.contacts.get(conversation_id(contact_id))
            if not isinstance(change.name, Unset):
                contact = evolve(contact, name=change.name, updated_at=self._inbox.clock.wall())
                store.contacts.put(contact)
                store.tickets.rename_person(contact)
            return contact
