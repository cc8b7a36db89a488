"""Removal of records that this library made, for canaries and rollbacks."""

from __future__ import annotations

from attrs import field, frozen

from helpdesk_bridge.adapter import NotFound
from helpdesk_bridge_deskie.client.client import DeskieClient


@frozen
class DeskieRemoval:
    """Deletes for good. What is gone already counts as removed: a repeated delete must not fail."""

    client: DeskieClient = field(repr=False)

    def ticket(self, ticket_id: str) -> None:
        """Move a ticket to the trash and delete it; perhaps Deskie requires that (docs/vendors/deskie.md, "Doubts")."""
        try:
            self.client.trash_case(ticket_id)
            self.client.delete_case(ticket_id)
        except NotFound:
            return

    def trash_ticket(self, ticket_id: str) -> None:
        """Move a ticket to the trash. Raises ``NotFound``."""
        self.client.trash_case(ticket_id)

    def trash_contact(self, contact_id: str) -> None:
        """Move a contact to the deleted ones. Raises ``NotFound``."""
        self.client.disable_user(contact_id)

    def contact(self, contact_id: str) -> None:
        """Delete a contact; Deskie wants an agent with full access for that (observed)."""
        try:
            self.client.delete_user(contact_id)
        except NotFound:
            return
