"""Queries: the answer is that of a plain filter over the desk's own listing, whatever the vendor filters itself."""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import HealthCheck, given, settings

from helpdesk_bridge.model.drafts import ContactChange, TicketChange
from helpdesk_bridge.model.fields import TICKET, Kind, Write, writable
from helpdesk_bridge.model.matching import sort_key
from helpdesk_bridge.model.queries import ContactQuery, How, Match, TicketQuery
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Priority, Status
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import READ_EVERYTHING, contact_draft, make
from helpdesk_bridge.testing.conformance.plain_filter import answers_contact, answers_ticket, ids
from helpdesk_bridge.testing.conformance.selection import needs
from helpdesk_bridge.testing.conformance.vocabulary import Vocabulary
from helpdesk_bridge.testing.query_strategies import contact_queries, ticket_queries

EXAMPLES: Final = "HELPDESK_BRIDGE_EXAMPLES"
"""The environment variable that says how many random queries are tried; 25 if it is not set."""
SUBJECTS: Final = ("Where is my lamp?", "INVOICE Straße", "invoice strasse 2", "İade ﬁnal", "100% _sure_ 'quoted'", "x")


def a_few() -> settings:
    """Return the settings of the random tests: few examples, any time, no files."""
    return settings(
        max_examples=int(os.environ.get(EXAMPLES, "25")),
        deadline=None,
        database=None,
        suppress_health_check=(
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.function_scoped_fixture,
        ),
    )


_WORDS: Final = tuple(
    name
    for name in writable(TICKET, Write.DRAFT)
    if TICKET[name].kind is Kind.WORD and name not in ("category", "subcategory")
)


def _varied(desk: Helpdesk, words: Vocabulary, number: int) -> Ticket:
    """Make the ticket of a number: each field that this desk takes has one of two values or none."""
    allowed = desk.capabilities.ticket_create
    priorities = [one for one in Priority if one in desk.capabilities.priorities]
    category = list(words.categories)[number % 2] if number % 3 else None
    given: dict[str, Any] = {
        "priority": priorities[number % len(priorities)] if priorities else None,
        "assignee": words.agents[number % len(words.agents)] if words.agents and number % 3 else None,
        "group": words.groups[number // 2 % len(words.groups)] if words.groups and number % 4 else None,
        "tags": words.tags[: number % 3] or None,
        **{name: words.words_of(name)[number % 2] if number % 5 else None for name in _WORDS if words.words_of(name)},
        "category": category,
        "subcategory": words.categories[category][0] if category and number % 2 else None,
        "custom_fields": {name: two[number % 2] for name, two in words.custom_fields.items()} if number % 4 else None,
    }
    fields = {name: value for name, value in given.items() if name in allowed and value is not None}
    return make(desk, ("ann", "joann", "bob")[number % 3] + str(number // 6), subject=SUBJECTS[number % 6], **fields)


@needs("tickets.create", "tickets.list")
def test_a_ticket_query_answers_as_a_plain_filter_would(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """Random queries over varied tickets: the same tickets, in the query's order, no more than its limit."""
    _vary(helpdesk, vocabulary)
    everything = list(helpdesk.tickets.list(TicketQuery(include=READ_EVERYTHING | {"custom_fields"})))

    @a_few()
    @given(ticket_queries(everything))
    def holds(query: TicketQuery) -> None:
        plain = [ticket for ticket in everything if answers_ticket(query, ticket)]
        plain.sort(key=sort_key(query.order), reverse=query.order.descending)
        listing = helpdesk.tickets.list(query)
        assert ids(list(listing)) == ids(plain[: query.limit])
        assert listing.count() in (None, len(plain[: query.limit]))

    holds()


def _vary(desk: Helpdesk, words: Vocabulary) -> None:
    statuses = list(desk.capabilities.statuses)
    for number in range(12):
        ticket = _varied(desk, words, number)
        if "status" in desk.capabilities.ticket_update and number % 2:
            desk.tickets.update(ticket.id, TicketChange(status=statuses[number // 2 % len(statuses)]))


@needs("contacts.create", "contacts.list")
def test_a_contact_query_answers_as_a_plain_filter_would(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """The same for contacts."""
    for number, name in enumerate(("ann", "joann", "ann.lee", "bob", "müjde")):
        company = {"company": vocabulary.companies[0]} if number % 2 else {}
        fields = company if "company" in helpdesk.capabilities.contact_create else {}
        made = helpdesk.contacts.create(contact_draft(helpdesk, name, **fields))
        if number == 0 and "blocked" in helpdesk.capabilities.contact_update:
            helpdesk.contacts.update(made.id, ContactChange(blocked=True))
    everything = list(helpdesk.contacts.list(ContactQuery(include={"blocked", "deleted"})))

    @a_few()
    @given(contact_queries(everything))
    def holds(query: ContactQuery) -> None:
        plain = [contact for contact in everything if answers_contact(query, contact)]
        plain.sort(key=sort_key(query.order), reverse=query.order.descending)
        assert ids(list(helpdesk.contacts.list(query))) == ids(plain[: query.limit])

    holds()


@needs("tickets.create", "tickets.list")
def test_words_are_found_in_any_case(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """Text compares after NFKC and ``casefold()`` on both sides, by the vendor or by the desk."""
    _vary(helpdesk, vocabulary)
    everything = list(helpdesk.tickets.list())
    spoken = [Match(words, how) for how in How for words in ("Where is my LAMP?", "where IS my lamp?")]
    spoken += [Match("INVOICE STRASSE", How.PREFIX), Match("straße 2", How.SUFFIX), Match("FINAL"), Match("\u0131")]
    queries = [TicketQuery(subject=match) for match in spoken]
    for name, of in (("groups", _group_name), ("type", _type), ("category", _category), ("requester", _email)):
        words = {word for ticket in everything if (word := of(ticket))}
        asked: list[dict[str, Any]] = [{name: one} for word in words for one in (word.upper(), word.lower())]
        queries += [TicketQuery(**filters) for filters in asked]
    for query in queries:
        plain = [ticket for ticket in everything if answers_ticket(query, ticket)]
        assert ids(list(helpdesk.tickets.list(query))) == ids(plain), query


@needs("tickets.create", "tickets.list")
def test_a_word_that_means_nothing_finds_nothing(helpdesk: Helpdesk, vocabulary: Vocabulary) -> None:
    """An unknown group, tag, requester or status gives an empty list, not all records."""
    _varied(helpdesk, vocabulary, 1)
    for query in (
        TicketQuery(groups="no such group"),
        TicketQuery(tags="no such tag"),
        TicketQuery(requester="nobody@nowhere.example"),
        TicketQuery(assignee="nobody@nowhere.example"),
        TicketQuery(statuses="no such status"),
        TicketQuery(statuses=Status.UNKNOWN),
        TicketQuery(type="no such type"),
        TicketQuery(category="no such category"),
        TicketQuery(custom_fields={"No such field": "x"}),
        TicketQuery(statuses=set()),
        TicketQuery(tags=set()),
    ):
        assert list(helpdesk.tickets.list(query)) == [], query


def _group_name(ticket: Ticket) -> str | None:
    return ticket.group.name if ticket.group is not None else None


def _type(ticket: Ticket) -> str | None:
    return ticket.type


def _category(ticket: Ticket) -> str | None:
    return ticket.category


def _email(ticket: Ticket) -> str | None:
    return ticket.requester.email if ticket.requester is not None else None
