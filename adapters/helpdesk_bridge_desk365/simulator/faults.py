"""Faults that the account acts out: the handlers of the port's operations, and the drift of lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge_desk365.simulator.records.records import Company, Contact, Ticket
from helpdesk_bridge_desk365.simulator.service import offset_of

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator import Call, Reply
    from helpdesk_bridge_desk365.simulator.service import Service

_TICKETS: Final = "list_tickets"
_CONTACTS: Final = "list_contacts"
_COMPANIES: Final = "list_companies"
_LISTS: Final = frozenset({_TICKETS, _CONTACTS, _COMPANIES})
_USUAL_PAGE: Final = "30"

OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
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
PAGE_FAULTS: Final[Mapping[str, frozenset[str]]] = {
    "duplicate_page": _LISTS,
    "skipped_page": _LISTS,
    "page_drift": _LISTS,
    "stale_search": frozenset({_TICKETS, _CONTACTS}),
    "empty_list": _LISTS | {"ticket_conversations"},
}


def without_rows(service: Service, reply: Reply) -> Reply:
    """Return the answer to a list as it is for an account without rows: counts of 0, and no next page."""
    document = json.loads(reply.body)
    shown = {name: _nothing(value) for name, value in document.items() if name != "next_page"}
    return service.answer(shown)


def _nothing(value: Any) -> Any:
    return [] if isinstance(value, list) else 0 if isinstance(value, int) else value


def next_page_query(call: Call) -> Mapping[str, str]:
    """Return the query of the rows behind those of a page."""
    size = call.query.get("ticket_count", _USUAL_PAGE) if call.operation == _TICKETS else _USUAL_PAGE
    return {"offset": str(offset_of(call) + int(size))}


def drift(service: Service, call: Call, chance: random.Random) -> None:
    """Let the account be worked in between two requests: in its own pages, where tickets can be deleted too."""
    if call.operation == _TICKETS:
        _drift_tickets(service, chance)
    elif call.operation == _CONTACTS:
        _drift_contacts(service, chance)
    elif call.operation == _COMPANIES:
        _drift_companies(service, chance)


def _drift_tickets(service: Service, chance: random.Random) -> None:
    account, now = service.account, service.now()
    number = account.next_number()
    contact = account.ensure_contact(f"in-between-{number}@customer.example", now)
    others = sorted(account.tickets)
    account.add_ticket(
        Ticket(
            number=number,
            contact=contact,
            subject="Came in between",
            description="<p>written in between</p>",
            status=account.statuses[0],
            priority=5,
            source=1,
            sla=account.default_sla,
            created_on=now,
            updated_on=now,
        )
    )
    if others:
        del account.tickets[others.pop(chance.randrange(len(others)))]
        account.revision += 1
    if others:
        account.touch(account.tickets[chance.choice(others)], now)


def _drift_contacts(service: Service, chance: random.Random) -> None:
    account, now = service.account, service.now()
    idle = sorted(
        account.contacts.keys() - {account.email_key(ticket.contact.email) for ticket in account.tickets.values()},
    )
    idle = [email for email in idle if not account.contacts[email].is_deleted]
    # Lists are in the order of e-mails, so a new one may come anywhere.
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    account.add_contact(Contact(f"{letter}-{len(account.contacts)}@customer.example", "In Between", now))
    if idle:
        account.contacts[idle.pop(chance.randrange(len(idle)))].is_deleted = True
    if idle:
        changed = account.contacts[chance.choice(idle)]
        changed.updated_on = now
        account.contact_changed(changed)


def _drift_companies(service: Service, chance: random.Random) -> None:
    account, now = service.account, service.now()
    used = {contact.company for contact in account.contacts.values()}
    idle = sorted(account.companies.keys() - used)
    name = f"{chance.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ')} Between {len(account.companies)}"
    account.companies[name] = Company(name, now, sla=account.default_sla)
    if idle:
        del account.companies[idle.pop(chance.randrange(len(idle)))]
    if idle:
        account.companies[chance.choice(idle)].updated_on = now
