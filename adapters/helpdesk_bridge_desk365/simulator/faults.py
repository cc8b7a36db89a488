"""Which faults this account acts out, by the port's operations, and how its lists drift, skip and lag behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from helpdesk_bridge_desk365.simulator.records.account import DEFAULT_SLA
from helpdesk_bridge_desk365.simulator.records.records import Company, Contact, Ticket
from helpdesk_bridge_desk365.simulator.service import Desk365Service, offset_of
from helpdesk_bridge_desk365.simulator.text import whole_second

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator import Call

_TICKETS: Final = "list_tickets"
_CONTACTS: Final = "list_contacts"
_COMPANIES: Final = "list_companies"
_LISTS: Final = frozenset({_TICKETS, _CONTACTS, _COMPANIES})
_USUAL_PAGE: Final = "30"


class FaultyLists(Desk365Service):
    """What the faults of lists need of this vendor."""

    OPERATIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "tickets.list": (_TICKETS,),
        "tickets.get": ("ticket_details",),
        "tickets.create": ("create_ticket", "create_ticket_with_attachment"),
        "tickets.update": ("update_ticket",),
        "contacts.list": (_CONTACTS,),
        "contacts.get": ("contact_details",),
        "contacts.find": ("contact_details", _CONTACTS),
        "contacts.create": ("create_contact",),
        "contacts.update": ("update_contact",),
        "messages.list": ("ticket_conversations",),
        "messages.reply": ("add_reply", "add_reply_with_attachment"),
        "messages.note": ("add_note", "add_note_with_attachment"),
        "agents.list": (_TICKETS,),
        "groups.list": (_TICKETS,),
        "companies.list": (_COMPANIES,),
        "custom_fields.list": (_TICKETS,),
        "attachments.open": ("download_file", "inline_image"),
        "importer.contact": ("create_contact",),
        "importer.ticket": ("create_ticket", "create_ticket_with_attachment"),
        "importer.message": ("add_note", "add_note_with_attachment"),
        "importer.finish": ("update_ticket",),
        "importer.find": (_TICKETS, "contact_details"),
        "importer.tail": ("ticket_conversations",),
        "check": (_TICKETS,),
    }
    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = {
        "duplicate_page": _LISTS,
        "skipped_page": _LISTS,
        "page_drift": _LISTS,
        "stale_search": frozenset({_TICKETS, _CONTACTS}),
    }

    def turned(self, call: Call) -> Mapping[str, str]:
        """Ask for the rows behind those of the page."""
        size = call.query.get("ticket_count", _USUAL_PAGE) if call.operation == _TICKETS else _USUAL_PAGE
        return {"offset": str(offset_of(call) + int(size))}

    def newest(self) -> Mapping[str, int]:
        """Tell the last number given, and how many contacts there are: they are never taken out."""
        return {"ticket": self.tenant.last_number, "contact": len(self.tenant.contacts)}

    def drift(self, call: Call, chance: random.Random) -> None:
        """Let the account be worked in between two requests: in its own pages, where tickets can be deleted too."""
        if call.operation == _TICKETS:
            self._drift_tickets(chance)
        elif call.operation == _CONTACTS:
            self._drift_contacts(chance)
        elif call.operation == _COMPANIES:
            self._drift_companies(chance)

    def _drift_tickets(self, chance: random.Random) -> None:
        tenant, now = self.tenant, whole_second(self.clock.now())
        number = tenant.next_number()
        contact = tenant.ensure_contact(f"in-between-{number}@customer.example", now)
        others = sorted(tenant.tickets)
        tenant.add_ticket(
            Ticket(
                number=number,
                contact=contact,
                subject="Came in between",
                description="<p>written in between</p>",
                status=tenant.statuses[0],
                priority=5,
                source=1,
                sla=DEFAULT_SLA,
                created_on=now,
                updated_on=now,
            )
        )
        if others:
            del tenant.tickets[others.pop(chance.randrange(len(others)))]
            tenant.revision += 1
        if others:
            tenant.touch(tenant.tickets[chance.choice(others)], now)

    def _drift_contacts(self, chance: random.Random) -> None:
        tenant, now = self.tenant, whole_second(self.clock.now())
        idle = sorted(
            tenant.contacts.keys() - {tenant.email_key(ticket.contact.email) for ticket in tenant.tickets.values()},
        )
        idle = [email for email in idle if not tenant.contacts[email].is_deleted]
        # Lists are in the order of e-mails, so a new one may come anywhere.
        letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
        tenant.add_contact(Contact(f"{letter}-{len(tenant.contacts)}@customer.example", "In Between", now))
        if idle:
            tenant.contacts[idle.pop(chance.randrange(len(idle)))].is_deleted = True
        if idle:
            changed = tenant.contacts[chance.choice(idle)]
            changed.updated_on = now
            tenant.contact_changed(changed)

    def _drift_companies(self, chance: random.Random) -> None:
        tenant, now = self.tenant, whole_second(self.clock.now())
        used = {contact.company for contact in tenant.contacts.values()}
        idle = sorted(tenant.companies.keys() - used)
        name = f"{chance.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ')} Between {len(tenant.companies)}"
        tenant.companies[name] = Company(name, now, sla=DEFAULT_SLA)
        if idle:
            del tenant.companies[idle.pop(chance.randrange(len(idle)))]
        if idle:
            tenant.companies[chance.choice(idle)].updated_on = now
