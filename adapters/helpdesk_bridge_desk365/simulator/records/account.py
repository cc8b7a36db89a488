"""Account: the state of a simulated Desk365 account, with its people, tickets by number, and sent mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, define

from helpdesk_bridge.testing.simulator import email_keys
from helpdesk_bridge_desk365.simulator.records.knowledge_base import KnowledgeBase
from helpdesk_bridge_desk365.simulator.records.records import Agent, Company, Contact, CustomField, Mail, Ticket
from helpdesk_bridge_desk365.simulator.records.surveys import SURVEYS, Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from helpdesk_bridge.testing.simulator import KeyOf
    from helpdesk_bridge_desk365.simulator.records.contracts import Contract

STATUSES: Final = ("Open", "Pending", "Resolved", "Closed")
"""observed: Desk365 recordings, dossier section 2; an account can add its own."""

TYPES: Final = ("Question", "Incident", "Problem", "Request")
"""observed: the default types, on a page of the vendor's."""

PRIORITIES: Final = (1, 5, 10, 20)
"""documented: Desk365 API, "Fixed numerical values": Low, Medium, High, Urgent."""

DEFAULT_SLA: Final = "Standard sla"
NO_SLA: Final = "No SLA Policy"
"""documented: OpenAPI, "Standard Sla" and "No SLA Policy" among its examples; the second is recorded too."""

_DUE_HOURS: Final = {1: 72, 5: 48, 10: 24, 20: 8}

FORM: Final = "Create Ticket"
"""The default form's name. observed: Desk365 tickets, dossier section 3.1."""


@define(eq=False)
class Account:
    """Everything the account holds. Not thread-safe: the simulator serialises its handlers."""

    subdomain: str
    email_key: KeyOf = Factory(lambda: email_keys("exact"))
    agents: dict[str, Agent] = Factory(dict)
    contacts: dict[str, Contact] = Factory(dict)
    secondary_contacts: dict[str, Contact] = Factory(dict)
    companies: dict[str, Company] = Factory(dict)
    groups: tuple[str, ...] = ()
    types: tuple[str, ...] = TYPES
    statuses: tuple[str, ...] = STATUSES
    categories: dict[str, tuple[str, ...]] = Factory(dict)
    slas: tuple[str, ...] = (DEFAULT_SLA, NO_SLA)
    forms: tuple[str, ...] = (FORM,)
    fields: dict[str, CustomField] = Factory(dict)
    contact_fields: dict[str, CustomField] = Factory(dict)
    tickets: dict[int, Ticket] = Factory(dict)
    time_entries: list[dict[str, Any]] = Factory(list)
    contracts: list[Contract] = Factory(list)
    asset_locations: list[dict[str, Any]] = Factory(list)
    surveys: tuple[Survey, ...] = SURVEYS
    knowledge_base: KnowledgeBase = Factory(KnowledgeBase)
    mails: list[Mail] = Factory(list)
    last_number: int = 0
    last_message_id: int = 0
    revision: int = 0
    _ordered: dict[str, tuple[int, list[Ticket]]] = Factory(dict)

    @property
    def support_address(self) -> str:
        """The global support mailbox. observed: `support@<account>.desk365.io`, dossier section 1.1."""
        return f"support@{self.subdomain}.desk365.example"

    @property
    def default_sla(self) -> str:
        """The SLA of a ticket or a company that names none."""
        return self.slas[0]

    def agent(self, email: str) -> Agent | None:
        """Return the agent with that e-mail, whatever the case of its letters A to Z."""
        return self.agents.get(self.email_key(email))

    def contact(self, email: str) -> Contact | None:
        """Return the contact with that primary e-mail, or else that secondary one, whatever the case of its letters A to Z."""
        key = self.email_key(email)
        return self.contacts.get(key) or self.secondary_contacts.get(key)

    def survey(self, name: str) -> Survey | None:
        """Return the survey of that name, deleted ones included, or None."""
        return next((survey for survey in self.surveys if survey.name == name), None)

    def add_contact(self, contact: Contact) -> Contact:
        """Keep a contact; without a company it gets that of its e-mail's domain. documented: OpenAPI, "will be associated with that company automatically"."""
        if contact.company is None:
            contact.company = self._company_of_domain(contact.email)
        self.contacts[self.email_key(contact.email)] = contact
        for email in contact.secondary_emails:
            self.secondary_contacts[self.email_key(email)] = contact
        return contact

    def ensure_contact(self, email: str, now: datetime) -> Contact:
        """Return the contact with that e-mail, created from its local part if there is none.

        observed: ticket create, dossier section 6.3. A deleted contact comes back: assumed.
        """
        contact = self.contact(email)
        if contact is None:
            return self.add_contact(Contact(email=email, name=email.partition("@")[0], created_on=now))
        contact.is_deleted = False
        return contact

    def add_ticket(self, ticket: Ticket) -> None:
        """Keep a ticket whose number `next_number` gave."""
        self.tickets[ticket.number] = ticket
        self.revision += 1

    def next_number(self) -> int:
        """Return the next ticket number: ascending, never reused. observed: dossier section 3.1."""
        self.last_number += 1
        return self.last_number

    def next_message_id(self) -> int:
        """Return an id for a message; only shown with the additions of 2026."""
        self.last_message_id += 1
        return self.last_message_id

    def touch(self, ticket: Ticket, now: datetime) -> None:
        """Stamp a change and forget what was rendered; updated_on never goes back behind an automation's stamp."""
        ticket.updated_on = max(now, ticket.updated_on)
        self.changed(ticket)

    def changed(self, ticket: Ticket) -> None:
        """Forget what was rendered of a ticket, and every sorted list."""
        ticket.rendered.clear()
        self.revision += 1

    def contact_changed(self, contact: Contact) -> None:
        """Forget what was rendered of the contact's tickets: they show its name and company."""
        for ticket in self.tickets.values():
            if ticket.contact is contact:
                ticket.rendered.clear()

    def ordered(self, by: str) -> list[Ticket]:
        """All visible tickets, oldest first by `created_time` or `updated_time`, ties by number; do not change it."""
        held = self._ordered.get(by)
        if held is None or held[0] != self.revision:
            held = (self.revision, sorted(self.tickets.values(), key=_SORT_KEYS[by]))
            self._ordered[by] = held
        return held[1]

    def mail(self, audience: str, occasion: str, ticket: Ticket, to: Iterable[str]) -> None:
        """Record an e-mail that this account would have sent; without a recipient there is no e-mail."""
        addresses = tuple(to)
        if addresses:
            self.mails.append(Mail(audience, occasion, ticket.number, addresses))

    def _company_of_domain(self, email: str) -> str | None:
        domain = self.email_key(email).rpartition("@")[2]
        for company in self.companies.values():
            if domain in company.domains:
                return company.name
        return None


def due_date(sla: str, priority: int, created_on: datetime) -> datetime | None:
    """When a ticket is due: null without an SLA, sooner for higher priorities. observed: dossier section 3.6."""
    return None if sla == NO_SLA else created_on + timedelta(hours=_DUE_HOURS[priority])


_SORT_KEYS: Final[dict[str, Callable[[Ticket], tuple[datetime, int]]]] = {
    "created_time": lambda ticket: (ticket.created_on, ticket.number),
    "updated_time": lambda ticket: (ticket.updated_on, ticket.number),
}
