"""Somebody else at work in a desk while it is read: through the port alone, so on every desk."""

from __future__ import annotations

from itertools import count
from typing import Any

from helpdesk_bridge.model.drafts import ContactDraft, MessageDraft, TicketChange, TicketDraft
from helpdesk_bridge.ports import Helpdesk


class Drift:
    """Adds a record, changes the one added before and removes an older one, as far as the desk can."""

    def __init__(self, desk: Helpdesk) -> None:
        self._desk = desk
        self._numbers = count(1)
        self._added: dict[str, list[str]] = {"tickets": [], "contacts": []}

    def happen(self, operation: str, arguments: tuple[Any, ...] = ()) -> None:
        """Work in the list that ``operation`` reads; ``arguments`` are those of its call."""
        can = self._desk.capabilities.supports
        if operation == "tickets.list" and can("tickets.create"):
            self._tickets()
        elif operation == "contacts.list" and can("contacts.create"):
            self._contacts()
        elif operation == "messages.list" and arguments and can("messages.note"):
            self._desk.messages.note(str(arguments[0]), MessageDraft(body="written in between"))

    def _tickets(self) -> None:
        desk, added = self._desk, self._added["tickets"]
        draft = TicketDraft(subject="Came in between", description="written in between", requester=self._person())
        new = desk.tickets.create(draft).id
        if added and desk.capabilities.supports("tickets.update:subject"):
            desk.tickets.update(added[-1], TicketChange(subject="Changed in between"))
        if len(added) > 1 and desk.removal:
            desk.removal.ticket(added.pop(0))
        added.append(new)

    def _contacts(self) -> None:
        desk, added = self._desk, self._added["contacts"]
        person = self._person()
        draft = ContactDraft(emails=(person,)) if "@" in person else ContactDraft(phones=(person,))
        new = desk.contacts.create(draft).id
        if added and desk.removal:
            desk.removal.contact(added.pop(0))
        added.append(new)

    def _person(self) -> str:
        number = next(self._numbers)
        if "phone" in self._desk.capabilities.contact_needs:
            return f"+49301{number:07d}"
        return f"in-between-{number}@customer.example"
