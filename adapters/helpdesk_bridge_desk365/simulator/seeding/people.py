"""Seeding people: agents, companies and contacts, which Desk365 identifies only by e-mail."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from helpdesk_bridge_desk365.simulator.records.account import Account
from helpdesk_bridge_desk365.simulator.records.records import Agent, Company, Contact
from helpdesk_bridge_desk365.simulator.text import whole_second

if TYPE_CHECKING:
    from helpdesk_bridge.datasets.dataset import Dataset, SeedPerson

OPENED: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""When the simulated account was opened: its companies and articles are from then."""

_DEPARTMENTS: Final = ("Purchasing", "Warehouse")
"""observed: rows of 2026 have a list of departments or null; that they are names is assumed."""

_COMPANY_FACTS: Final = ("description", "phone", "address", "city", "state", "country", "zipcode")


class PeopleLoader:
    """Loads a dataset's people into an account, and maps their keys to contacts and agents."""

    def __init__(self, dataset: Dataset, account: Account) -> None:
        self._dataset = dataset
        self._account = account

    def load(self) -> None:
        """Agents, companies, then the contacts that have an e-mail."""
        for person in self._dataset.agents:
            self._account.agents.setdefault(
                self._account.email_key(_email(person)), Agent(_email(person), _name(person))
            )
        self._load_companies()
        for person in self._dataset.contacts:
            if person.email:
                self._load_contact(person)

    def agent_of(self, key: str | None) -> Agent | None:
        """Return the agent of that key; None for no key and for a contact's."""
        if key is None:
            return None
        person = self._dataset.person(key)
        return self._account.agent(_email(person)) if person.role == "agent" else None

    def contact_of(self, key: str) -> Contact:
        """Return the contact of a person; a contact is made for a person without e-mail and for an agent.

        Desk365 has no contact without an e-mail: assumed: OpenAPI names a contact by it (its details take nothing else).
        """
        person = self._dataset.person(key)
        return self._account.contact(_email(person)) or self._load_contact(person)

    def _load_contact(self, person: SeedPerson) -> Contact:
        """Two spellings of one e-mail are one contact: the first stays, the later fills its gaps."""
        email = _email(person)
        known = self._account.contact(email)
        if known is not None:
            known.phone = known.phone or person.phone
            known.company = known.company or person.company
            known.is_deleted = known.is_deleted and person.deleted
            return known
        field_names = {field.name for field in self._account.contact_fields.values()}
        contact = Contact(
            email=email,
            name=_name(person),
            created_on=whole_second(person.created_at),
            phone=person.phone or None,
            title=person.title or None,
            company=person.company or None,
            is_deleted=person.deleted,
            custom_fields={name: value for name, value in person.custom_fields.items() if name in field_names},
        )
        held = self._account.companies.get(contact.company or "")
        if held is not None and held.departments:
            place = len(self._account.contacts) % len(held.departments)
            contact.department, *contact.other_departments = held.departments[place:]
        return self._account.add_contact(contact)

    def _load_companies(self) -> None:
        named = {person.company: None for person in self._dataset.people if person.company}
        domains = self._domains()
        for name in {**dict.fromkeys(self._dataset.companies), **named}:
            company = Company(
                name=name, created_on=OPENED, sla=self._account.default_sla, domains=domains.get(name, [])
            )
            company.facts = dict.fromkeys(_COMPANY_FACTS)
            company.departments = list(_DEPARTMENTS) if len(self._account.companies) % 2 else None
            self._account.companies[name] = company

    def _domains(self) -> dict[str, list[str]]:
        """Return the e-mail domains that belong to one company alone, so that they change no contact's company."""
        owners: dict[str, set[str | None]] = defaultdict(set)
        for person in self._dataset.people:
            if person.email:
                owners[self._account.email_key(person.email).rpartition("@")[2]].add(person.company or None)
        domains: dict[str, list[str]] = defaultdict(list)
        for domain, companies in owners.items():
            owner = next(iter(companies))
            if len(companies) == 1 and owner is not None:
                domains[owner].append(domain)
        return domains


def _email(person: SeedPerson) -> str:
    return person.email or f"{person.key}@no-email.invalid"


def _name(person: SeedPerson) -> str:
    return person.name or _email(person).partition("@")[0]
