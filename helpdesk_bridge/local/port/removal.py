"""Removal of records that this library made."""

from __future__ import annotations

from attrs import field, frozen

from helpdesk_bridge.errors import Conflict
from helpdesk_bridge.local.desk import LocalDesk


@frozen(eq=False)
class LocalRemoval:
    """Removal as ``Removal`` has it; what is removed is gone."""

    _desk: LocalDesk = field(repr=False)

    def ticket(self, ticket_id: str) -> None:
        """Remove a ticket with its thread and the files that no other message has. Raises ``NotFound``."""
        self._desk.calls.add("removal.ticket", ticket_id)
        self._desk.store.tickets.remove(ticket_id)

    def contact(self, contact_id: str) -> None:
        """Remove a contact. Raises ``NotFound``, and ``Conflict`` while it has tickets."""
        store = self._desk.store
        self._desk.calls.add("removal.contact", contact_id)
        with store.transaction():
            store.contacts.get(contact_id)
            if store.tickets.named_by(contact_id):
                raise Conflict("the contact has tickets; remove those first")
            store.contacts.remove(contact_id)
        self._desk.directory.refresh("contacts")
