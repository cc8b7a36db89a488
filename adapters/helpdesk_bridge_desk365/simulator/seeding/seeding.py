"""Seeding an account from a dataset, which has no vendor's wire format."""

from __future__ import annotations

import html
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from helpdesk_bridge_desk365.simulator.records.account import DEFAULT_SLA, NO_SLA, TYPES, Account, due_date
from helpdesk_bridge_desk365.simulator.records.knowledge_base import Article, Category
from helpdesk_bridge_desk365.simulator.records.lifecycle import CLOSED, RESOLVED, add_message, assign, set_status
from helpdesk_bridge_desk365.simulator.records.records import AGENT, CONTACT, CustomField, Message, SurveyAnswer, Ticket
from helpdesk_bridge_desk365.simulator.records.surveys import CLOSING_SURVEY
from helpdesk_bridge_desk365.simulator.seeding.people import OPENED, PeopleLoader
from helpdesk_bridge_desk365.simulator.text import time_text, whole_second

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.datasets.dataset import Dataset, SeedField, SeedMessage, SeedTicket
    from helpdesk_bridge_desk365.simulator.files import FileLinks

_STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {"new": "Open", "open": "Open", "pending": "Pending", "on_hold": "Pending", "solved": RESOLVED, "closed": CLOSED}
)
_PRIORITIES: Final[Mapping[str, int]] = MappingProxyType({"low": 1, "normal": 5, "high": 10, "urgent": 20})
_SOURCES: Final[Mapping[str, int]] = MappingProxyType(
    {"email": 1, "teams": 5, "portal": 6, "phone": 7, "web_form": 12, "web_widget": 13, "api": 15, "chat": 16}
)
_OTHER_SOURCE: Final = 7
"""documented: Desk365 API, "Fixed numerical values", Phone/Other; 15 and 16 observed."""

_SCORES: Final[Mapping[int, int]] = MappingProxyType({-1: -3, 0: 0, 1: 3})
_GAP_EVERY: Final = 25
"""Every 25th number was a ticket that is gone. observed: gaps in ticket numbers, dossier section 3.1."""


def load(dataset: Dataset, account: Account, links: FileLinks) -> None:
    """Fill an empty account. Spam and deleted tickets take a number but cannot be seen, as at the vendor."""
    account.groups = dataset.groups
    account.types = dataset.ticket_types or TYPES
    account.slas = tuple(dict.fromkeys((*(dataset.slas or (DEFAULT_SLA,)), NO_SLA)))
    account.forms = dataset.forms or account.forms
    account.categories = {name: tuple(subs) for name, subs in dataset.categories.items()}
    account.fields = _fields(dataset, "ticket")
    account.contact_fields = _fields(dataset, "contact")
    people = PeopleLoader(dataset, account)
    people.load()
    tickets = _TicketLoader(account, links, people)
    for seed in sorted(dataset.tickets, key=lambda ticket: ticket.created_at):
        number = account.next_number()
        if number % _GAP_EVERY == 0:
            number = account.next_number()
        if not (seed.spam or seed.deleted):
            account.add_ticket(tickets.ticket(number, seed))
    _load_time_entries(account)
    account.asset_locations = [{"location_name": company} for company in account.companies]
    _load_knowledge_base(account)


def _fields(dataset: Dataset, level: str) -> dict[str, CustomField]:
    definitions: list[SeedField] = [field for field in dataset.fields if field.level == level]
    fields = [CustomField(field.name, field.type, field.options) for field in definitions]
    return {field.key: field for field in fields}


class _TicketLoader:
    def __init__(self, account: Account, links: FileLinks, people: PeopleLoader) -> None:
        self._account = account
        self._links = links
        self._people = people

    def ticket(self, number: int, seed: SeedTicket) -> Ticket:
        opening, *later = _opened(seed)
        created, updated = whole_second(seed.created_at), whole_second(seed.updated_at)
        source = _SOURCES.get(seed.channel, _OTHER_SOURCE)
        slas = self._account.slas[:-1] or (NO_SLA,)
        sla, priority = (NO_SLA if number % 4 == 0 else slas[number % len(slas)]), _PRIORITIES[seed.priority]
        ticket = Ticket(
            number=number,
            contact=self._people.contact_of(seed.requester),
            subject=seed.subject,
            description=self._body(opening),
            status=_STATUSES["new"],
            priority=priority,
            source=source,
            sla=sla,
            created_on=created,
            updated_on=created,
            type=seed.type or None,
            form_name=None if source == 1 else self._account.forms[0],
            group=seed.group or None,
            category=seed.category or None,
            subcategory=seed.subcategory or None,
            due_date=due_date(sla, priority, created),
            custom_fields=self._custom_fields(seed.custom_fields),
            files=self._links.keep_all(opening.files),
            merged=seed.merged_into is not None,
        )
        self._people_of(ticket, seed)
        for message in later:
            add_message(self._account, ticket, self._message(ticket, message))
        ticket.updated_on = updated
        set_status(ticket, seed.status_label or _STATUSES[seed.status], updated)
        ticket.surveys = _surveys(ticket, seed)
        return ticket

    def _people_of(self, ticket: Ticket, seed: SeedTicket) -> None:
        agent = self._people.agent_of(seed.assignee)
        assign(ticket, agent.email if agent else None, ticket.created_on)
        for key in (*seed.watchers, *seed.cc):
            watcher = self._people.agent_of(key)
            if watcher is None:
                ticket.share_to.append(self._people.contact_of(key).email)
            elif watcher.email not in ticket.watchers:
                ticket.watchers.append(watcher.email)

    def _custom_fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Turn a value of an undefined field into a text field: data is never dropped silently."""
        for name, value in values.items():
            field = CustomField(name, "checkbox" if isinstance(value, bool) else "text")
            self._account.fields.setdefault(field.key, field)
        return {name: value for name, value in values.items() if value not in (None, "")}

    def _message(self, ticket: Ticket, seed: SeedMessage) -> Message:
        """Make a message: contacts reply; agents reply, note or forward; the helpdesk itself signs as its mailbox.

        assumed: the `type` of forwards, and the author of a message without author; dossier section 6.2.
        """
        agent = self._people.agent_of(seed.author)
        contact = self._people.contact_of(seed.author) if seed.author is not None and agent is None else None
        support = self._account.support_address
        note = seed.private or (seed.kind == "note" and contact is None)
        author = agent or contact
        return Message(
            id=self._account.next_message_id(),
            type="note" if note else "forward" if seed.kind == "forward" else "reply",
            sender_type=CONTACT if contact else AGENT,
            email=author.email if author else support,
            name=author.name if author else "Support",
            body=self._body(seed),
            created_on=whole_second(seed.created_at),
            public_note=(not seed.private) if note else None,
            to=None if note else support if contact else ticket.contact.email,
            files=self._links.keep_all(seed.files),
        )

    def _body(self, message: SeedMessage) -> str:
        markup = message.html
        if markup is None:
            markup = "<div>" + html.escape(message.text or "", quote=False).replace("\n", "<br>") + "</div>"
        return self._links.publish_inline(markup, message.files)


def _opened(seed: SeedTicket) -> tuple[SeedMessage, ...]:
    """Return the thread with a description first: if the first message is private, the subject precedes it."""
    first = seed.messages[0]
    if not first.private:
        return seed.messages
    return (evolve(first, private=False, kind="reply", text=seed.subject, html=None, files=()), *seed.messages)


def _surveys(ticket: Ticket, seed: SeedTicket) -> list[SurveyAnswer]:
    """Make an answered survey of the rating, on every other ticket after an older one; some stay unanswered."""
    if seed.rating is None:
        unanswered = ticket.closed_on is not None and ticket.number % 3 == 0
        return [SurveyAnswer(CLOSING_SURVEY, ticket.updated_on)] if unanswered else []
    score, comment = seed.rating
    sent = max(ticket.created_on, ticket.updated_on - timedelta(hours=1))
    latest = SurveyAnswer(CLOSING_SURVEY, sent, ticket.updated_on, rating=_SCORES[score], comment=comment or None)
    older = SurveyAnswer("Stars", ticket.created_on, ticket.created_on, rating=3)
    return [older, latest] if ticket.number % 2 == 0 else [latest]


def _load_time_entries(account: Account) -> None:
    """documented: OpenAPI, created_time and start_time of TimeEntryModel."""
    for ticket in account.tickets.values():
        if ticket.assigned_to is None or ticket.number % 7:
            continue
        stamp = time_text(ticket.created_on)
        account.time_entries.append(
            {
                "id": len(account.time_entries) + 1,
                "ticket_number": ticket.number,
                "agent_email": ticket.assigned_to,
                "note": "Looked into it",
                "billable": int(ticket.number % 2 == 0),
                "created_time": stamp,
                "updated_time": stamp,
                "start_time": stamp,
                "time_spent_in_minutes": 15,
                "timer_running": 0,
                "additional_info": None,
            }
        )


def _load_knowledge_base(account: Account) -> None:
    author = next(iter(account.agents.values())).email if account.agents else None
    held = account.knowledge_base
    held.categories["General"] = Category("General", OPENED, 1, {"created_by_email": author})
    held.categories["General"].folders["Getting started"] = {"created_by_email": author, "created_on": OPENED}
    held.articles["How to reach us"] = Article(
        "How to reach us", "<p>Write to us, or open a ticket.</p>", "General", "Getting started", author, OPENED
    )
