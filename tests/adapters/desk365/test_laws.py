"""What holds for any account, any query and any document: random ones, in both shapes of the answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from adapters.desk365.opened import opened
from attrs import evolve, fields
from desk365_http import ACCOUNT, START, ticket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk_bridge import (
    NONE,
    Body,
    ContactDraft,
    ContactQuery,
    MessageDraft,
    Order,
    Priority,
    Status,
    TicketQuery,
)
from helpdesk_bridge.datasets.dataset import SeedPerson
from helpdesk_bridge.model.matching import sort_key, ticket_matches
from helpdesk_bridge.testing.conformance.plain_filter import answers_contact, answers_ticket
from helpdesk_bridge.testing.strategies import (
    contact_queries,
    nasty_text,
    ticket_changes,
    ticket_drafts,
    ticket_queries,
)

GROUPS = (None, "Network", '"Sales" Department', "a\\b")
TYPES = (None, "Question", "Customer's Request")
CATEGORIES = ((None, None), ("Billing", None), ("Billing", "Refund"), ("Müşteri 🚚", "İade"))
SHAPES = pytest.mark.parametrize("docs_shape", [False, True], ids=["recorded", "docs"])
FEW = settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture),
)


@st.composite
def seed_tickets(draw, number):
    category, subcategory = draw(st.sampled_from(CATEGORIES))
    values: dict[str, Any] = {
        "Order No": draw(st.none() | st.sampled_from(["A-1", "a-1", "ﬁ", "İ"])),
        "Escalated": draw(st.none() | st.booleans()),
        "Amount": draw(st.none() | st.sampled_from([0, 1.25, 7])),
        "Boxes": draw(st.none() | st.integers(0, 3)),
    }
    return ticket(
        number,
        requester=draw(st.sampled_from(["mira", "tom"])),
        assignee=draw(st.sampled_from([None, "ada", "bob"])),
        status=draw(st.sampled_from(["open", "pending", "solved", "closed"])),
        priority=draw(st.sampled_from(["low", "normal", "high", "urgent"])),
        group=draw(st.sampled_from(GROUPS)),
        type=draw(st.sampled_from(TYPES)),
        category=category,
        subcategory=subcategory,
        channel=draw(st.sampled_from(["email", "phone", "portal", "teams", "web_form", "web_widget", "chat", "api"])),
        updated_at=START + timedelta(minutes=draw(st.integers(number, number + 30))),
        custom_fields=values,
        merged_into="t1" if number > 1 and draw(st.integers(0, 9)) == 0 else None,
    )


@st.composite
def helpdesks(draw):
    number = draw(st.integers(0, 9))
    return evolve(ACCOUNT, tickets=tuple(draw(seed_tickets(one)) for one in range(1, number + 1)))


def plain(query, tickets, answers):
    found = [one for one in tickets if answers(query, one)]
    found.sort(key=sort_key(query.order), reverse=query.order.descending)
    return [one.id for one in found[: query.limit]]


@SHAPES
@FEW
@given(data=st.data())
def test_any_query_to_any_helpdesk_answers_as_a_plain_filter(docs_shape, data):
    with opened(data.draw(helpdesks()), docs_shape=docs_shape, rate_limit=100_000) as account:
        tickets = account.desk.tickets
        everything = list(tickets.list(TicketQuery(include={"custom_fields"})))
        for _ in range(4):
            query = data.draw(ticket_queries(everything))
            found = [one.id for one in tickets.list(query)]
            assert found == plain(query, everything, answers_ticket) == plain(query, everything, ticket_matches), query
            told = tickets.explain(query)
            assert account.desk.tickets.list(query).count() in (None, len(found)), told


NONE_FIELDS = ("assignee", "groups", "tags", "channels", "category", "subcategory", "type")


@SHAPES
def test_none_in_every_field_alone_and_beside_a_value(docs_shape):
    tickets = tuple(
        ticket(
            number,
            assignee=(None, "ada")[number % 2],
            group=GROUPS[number % 4],
            type=TYPES[number % 3],
            category=CATEGORIES[number % 4][0],
            subcategory=CATEGORIES[number % 4][1],
            custom_fields={"Order No": (None, "A-1")[number % 2]},
        )
        for number in range(1, 13)
    )
    with opened(evolve(ACCOUNT, tickets=tickets), docs_shape=docs_shape) as account:
        desk = account.desk
        everything = list(desk.tickets.list(TicketQuery(include={"custom_fields"})))
        queries = [TicketQuery(**{name: NONE}) for name in NONE_FIELDS]
        queries += [TicketQuery(**{name: {NONE, "Network", "Question", "Billing"}}) for name in NONE_FIELDS]
        queries += [TicketQuery(custom_fields={"Order No": wanted}) for wanted in (NONE, {NONE, "a-1"})]
        for query in queries:
            assert [one.id for one in desk.tickets.list(query)] == plain(query, everything, answers_ticket), query
        assert [one.id for one in desk.tickets.list(TicketQuery(assignee=NONE))] == [
            one.id for one in everything if one.assignee is None
        ]


def test_the_random_queries_cover_every_field_of_a_query():
    assert {one.name for one in fields(TicketQuery)} == {
        *("statuses", "priorities", "requester", "custom_fields", "subject", "created", "updated", *NONE_FIELDS),
        *("include", "order", "limit"),
    }
    assert {one.name for one in fields(ContactQuery)} == {
        *("email", "phone", "name", "company", "external_id", "created", "updated", "include", "order", "limit"),
    }


@st.composite
def people(draw):
    names = draw(st.lists(st.sampled_from(["Ann", "ANN", "Joann", "Ünal", "ﬁ", "Bob"]), max_size=6))
    return tuple(
        SeedPerson(
            f"p{number}",
            name,
            f"{draw(st.sampled_from(['a', 'B', 'c']))}{number}@{draw(st.sampled_from(['x.example', 'X.example.org']))}",
            phone=draw(st.none() | st.sampled_from(["+49 30 1", "0049301", "030 1", "+90 212 5"])),
            company=draw(st.sampled_from([None, "Client Ltd", "Other Ltd"])),
            deleted=draw(st.integers(0, 5)) == 0,
            created_at=START + timedelta(minutes=draw(st.integers(0, 9))),
        )
        for number, name in enumerate(names)
    )


@pytest.mark.parametrize("keys", ["primary_email", "email"])
@FEW
@given(data=st.data())
def test_any_query_for_contacts_answers_as_a_plain_filter(keys, data):
    account_of = evolve(ACCOUNT, people=(*ACCOUNT.people[:2], *data.draw(people())))
    with opened(account_of, contact_list_keys=keys, rate_limit=100_000) as account:
        contacts = account.desk.contacts
        everything = list(contacts.list(ContactQuery(include={"blocked", "deleted"})))
        for _ in range(3):
            query = data.draw(contact_queries(everything))
            if "deleted" in query.include:
                # A contact that was deleted is not listed, and is there where its e-mail is asked for.
                query = evolve(query, limit=None)
            found = [one.id for one in contacts.list(query) if not one.deleted]
            assert found == plain(query, everything, answers_contact), query
        assert all(not one.deleted for one in everything)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ContactQuery(external_id="7"), []),
        (ContactQuery(external_id=NONE), ["Mira@client.example", "tom@mail.example"]),
        (ContactQuery(phone=NONE), ["tom@mail.example"]),
        (ContactQuery(company=NONE), ["tom@mail.example"]),
        (ContactQuery(company={NONE, "CLIENT ltd"}), ["Mira@client.example", "tom@mail.example"]),
        (ContactQuery(email=NONE), []),
        (ContactQuery(email={NONE, "TOM@mail.example"}), ["tom@mail.example"]),
    ],
)
def test_none_in_every_field_of_a_query_for_contacts(query, found):
    with opened(ACCOUNT) as account:
        assert [one.id for one in account.desk.contacts.list(query)] == found


# --- what is written is what is read

KNOWN = {
    "assignee": st.sampled_from(["ada@desk.example", "bob@DESK.example"]),
    "group": st.sampled_from(["Network", '"Sales" Department', "a\\b"]),
    "type": st.sampled_from(["Question", "Customer's Request"]),
    "custom_fields": st.fixed_dictionaries(
        {},
        optional={
            "Order No": nasty_text(max_size=40).filter(bool),
            "Escalated": st.booleans(),
            "Amount": st.decimals(-1000, 1000, places=2),
            "Boxes": st.integers(-5, 5),
        },
    ),
}
PAIRS = {"category": st.just("Billing"), "subcategory": st.just("Refund")}


def said(text):
    """Return a text as a reader of HTML sees it."""
    return Body(html=Body(text=text).as_html()).text


def lower(actor):
    return actor.lower() if isinstance(actor, str) else actor.email.lower()


def assert_kept(ticket_, given_):
    for name in ("type", "category", "subcategory"):
        if isinstance(getattr(given_, name), str):
            assert getattr(ticket_, name) == getattr(given_, name)
    if isinstance(given_.status, Status):
        assert ticket_.status is given_.status
    elif isinstance(given_.status, str):
        assert ticket_.status_label == given_.status
    if isinstance(given_.priority, Priority):
        assert ticket_.priority is given_.priority
    if isinstance(given_.group, str):
        assert ticket_.group.name == given_.group
    if isinstance(given_.assignee, str):
        assert lower(ticket_.assignee) == lower(given_.assignee)
    if isinstance(given_.custom_fields, dict):
        held = {name: ticket_.custom_fields[name] for name in given_.custom_fields}
        assert held == given_.custom_fields


@SHAPES
def test_a_draft_is_read_back_as_it_was_written(docs_shape):
    with opened(ACCOUNT, docs_shape=docs_shape, rate_limit=100_000) as account:
        desk = account.desk

        @FEW
        @given(ticket_drafts(desk.capabilities, fields={**KNOWN, **PAIRS}))
        def holds(draft):
            if isinstance(draft.subcategory, str) and not isinstance(draft.category, str):
                draft = evolve(draft, category="Billing")
            found = desk.tickets.get(desk.tickets.create(draft).id)
            assert found.subject == draft.subject
            assert found.description.text == said(draft.description)
            assert lower(found.requester) == lower(draft.requester)
            assert_kept(found, draft)
            if isinstance(draft.cc, tuple):
                assert found.cc == draft.cc

        holds()


@SHAPES
def test_a_change_is_read_back_as_it_was_written(docs_shape):
    with opened(evolve(ACCOUNT, tickets=(ticket(1),)), docs_shape=docs_shape, rate_limit=100_000) as account:
        desk = account.desk

        @FEW
        @given(ticket_changes(desk.capabilities, fields={**KNOWN, "category": PAIRS["category"]}))
        def holds(change):
            desk.tickets.update("1", change)
            found = desk.tickets.get("1")
            if isinstance(change.subject, str):
                assert found.subject == change.subject
            assert_kept(found, change)
            if isinstance(change.cc, tuple):
                assert {one.lower() for one in found.cc} == {one.lower() for one in change.cc}

        holds()


def test_messages_and_contacts_are_read_back_as_they_were_written():
    with opened(evolve(ACCOUNT, tickets=(ticket(1),)), rate_limit=100_000) as account:
        desk, numbers = account.desk, iter(range(10_000))

        @FEW
        @given(nasty_text(max_size=300).filter(str.strip), nasty_text(max_size=60).filter(str.strip))
        def holds(body, name):
            for write in (desk.messages.reply, desk.messages.note):
                write("1", MessageDraft(body=body))
                assert list(desk.messages.list("1"))[-1].body.text == said(body)
            email = f"n{next(numbers)}@x.example"
            desk.contacts.create(
                ContactDraft(name=name, emails=(email,), phones=("+49 30 1234567",), company="Client Ltd")
            )
            found = desk.contacts.get(email)
            assert (found.name, found.emails, found.company.name) == (name, (email,), "Client Ltd")
            assert found.phones[0].e164 == "+49301234567"

        holds()


@pytest.mark.parametrize("order", list(Order))
def test_the_order_holds_for_ties(order):
    tickets = tuple(ticket(number, updated_at=START + timedelta(hours=number % 2)) for number in range(1, 9))
    with opened(evolve(ACCOUNT, tickets=tickets)) as account:
        query = TicketQuery(order=order)
        everything = list(account.desk.tickets.list())
        assert [one.id for one in account.desk.tickets.list(query)] == plain(query, everything, answers_ticket)
