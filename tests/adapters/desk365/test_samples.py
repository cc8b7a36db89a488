"""The specification's own payloads: the adapter reads them, the simulator writes them, and both understand the filter."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from adapters.desk365.opened import opened
from adapters.desk365.samples import FILTER, sample, straight
from attrs import evolve
from desk365_http import ACCOUNT, START, Desk365Http, message, ticket, with_tickets

from helpdesk_bridge import TicketQuery
from helpdesk_bridge.datasets.dataset import SeedPerson
from helpdesk_bridge_desk365.simulator.records.records import Agent, Contact, CustomField, SurveyAnswer
from helpdesk_bridge_desk365.simulator.records.surveys import Survey
from helpdesk_bridge_desk365.wire import parsing
from helpdesk_bridge_desk365.wire import reading as convert
from helpdesk_bridge_desk365.wire.account import AccountContext

INCLUDES = {"include_description": 1, "include_custom_fields": 1, "include_survey_details": 1}


def day(number):
    return datetime(2023, 1, number, tzinfo=UTC)


def as_in_the_sample(simulator):
    """Bring the tenth of 150 tickets into the state that the sample shows."""
    account, held = simulator.account, simulator.account.tickets[10]
    account.fields = {
        one.key: one
        for one in (
            CustomField("department", "text"),
            CustomField("dob", "text"),
            CustomField("employee_id", "integer"),
        )
    }
    question = sample()["tickets"][0]["survey_rating"]
    account.surveys = (
        Survey(
            name="Test survey",
            type=1,
            question=question["sv_question"],
            scale=7,
            question_2=question["sv_cs_question_2"],
            question_3=question["sv_cs_question_3"],
            neutral_type=2,
        ),
    )
    account.agents["agent@gmail.com"] = Agent("agent@gmail.com", "Agent")
    held.contact = account.add_contact(Contact("test@gmail.com", "test", START))
    held.subject, held.description = "Printer not working", "<div>Please fix it</div>"
    held.type, held.group, held.category, held.subcategory = "Question", "Sales", "Billing", "Disputed Charge"
    held.assigned_to = "agent@gmail.com"
    held.created_on, held.updated_on, held.resolved_on, held.closed_on = day(1), day(2), day(3), day(4)
    held.due_date, held.first_response_time, held.first_assigned_time = day(3), day(2), day(2)
    held.custom_fields = {"department": "string", "dob": "string", "employee_id": 0}
    answer = SurveyAnswer(
        "Test survey",
        datetime(2023, 10, 1, 0, 1, tzinfo=UTC),
        datetime(2023, 10, 2, 0, 1, 30, tzinfo=UTC),
        comment="Good customer service",
    )
    answer.rating = answer.rating_2 = answer.rating_3 = 3
    held.surveys = [answer]
    account.changed(held)


@pytest.fixture(scope="module")
def data():
    return with_tickets(*(ticket(number) for number in range(1, 151)))


def test_the_simulator_writes_the_sample(data):
    desk = Desk365Http(data, docs_shape=True)
    as_in_the_sample(desk.simulator)
    page = desk.get("/tickets", **INCLUDES)
    (row,) = (
        one
        for offset in (0, 100)
        for one in desk.get("/tickets", **INCLUDES, ticket_count=100, offset=offset)["tickets"]
        if one["ticket_number"] == 10
    )
    written, expected = {**page, "tickets": [row]}, sample()
    assert written == expected
    assert list(written) == list(expected)
    assert list(row) == list(expected["tickets"][0])
    for name in ("custom_fields", "survey_rating"):
        assert list(row[name]) == list(expected["tickets"][0][name])


@pytest.mark.parametrize("docs_shape", [False, True])
def test_the_desk_reads_it_from_either_shape(data, docs_shape):
    with opened(data, docs_shape=docs_shape) as account:
        as_in_the_sample(account.simulator)
        query = TicketQuery(
            requester="test@gmail.com", include={"description", "custom_fields", "rating"}, updated=(day(1), day(9))
        )
        (found,) = account.desk.tickets.list(query)
        expected = convert.ticket(
            parsing.read_ticket(sample()["tickets"][0]), AccountContext("acme", ""), rating_label=found.rating.label
        )
        names = {"requester": evolve(found.requester, name=None)}
        lacking = {name: getattr(expected, name) for name in expected.not_loaded | {"not_loaded"}}
        assert evolve(found, **names, **lacking) == expected


PEOPLE = tuple(
    SeedPerson(name, name, f"{name}@example.com", role=role, created_at=START)
    for role, names in (
        ("agent", ("user1", "user2", "user3")),
        ("contact", ("customer1", "customer2", "customer3")),
    )
    for name in names
)
FITTING = {
    "status": ("open", "pending"),
    "priority": ("low", "high"),
    "type": ("Printer 'Out of Ink' Complaint", "Customer's Request"),
    "group": ('"Sales" Department', '"Marketing" Department'),
    "assignee": ("user1", "user2"),
    "category": (("Hardware", "Printer"), ("Software", "Laptop")),
    "channel": ("email", "portal"),
    "requester": ("customer1", "customer2"),
}
OTHER = {
    "status": "closed",
    "priority": "urgent",
    "type": "Question",
    "group": None,
    "assignee": None,
    "category": ("Furniture", "Chair"),
    "channel": "phone",
    "requester": "customer3",
}


def filtered(number, **changed):
    facts = {name: values[number % 2] for name, values in FITTING.items()} | changed
    facts["category"], facts["subcategory"] = facts["category"]
    requester = facts.pop("requester")
    return ticket(number, requester=requester, **facts)


@pytest.fixture(scope="module")
def filter_account():
    # Two that answer the whole filter, and for each attribute one that fails in it alone.
    tickets = [filtered(1), filtered(2)]
    tickets += [filtered(number, **{name: other}) for number, (name, other) in enumerate(OTHER.items(), 3)]
    return evolve(
        ACCOUNT,
        people=PEOPLE,
        groups=FITTING["group"],
        ticket_types=(*FITTING["type"], "Question"),
        categories={"Hardware": ("Printer",), "Software": ("Laptop",), "Furniture": ("Chair",)},
        tickets=tuple(tickets),
    )


@pytest.mark.parametrize("escape", ["'", "\\'"], ids=["as the sample", "as the prose"])
def test_the_simulator_takes_the_sample_filter_in_both_writings(filter_account, escape):
    desk = Desk365Http(filter_account)
    text = straight(FILTER)
    assert json.loads(text)["type"] == list(FITTING["type"])
    assert desk.numbers(filters=text.replace("'", escape), order_type="ascending") == [1, 2]


@pytest.mark.parametrize("docs_shape", [False, True])
def test_the_desk_asks_the_sample_filter(filter_account, docs_shape):
    wanted = json.loads(straight(FILTER))
    with opened(filter_account, docs_shape=docs_shape, escaped_quote="require") as account:
        query = TicketQuery(
            statuses={"Open", "Pending"},
            priorities={"Low", "High"},
            type=set(wanted["type"]),
            groups=set(wanted["group"]),
            assignee=set(wanted["assigned_to"]),
            category=set(wanted["category"]),
            subcategory=set(wanted["subcategory"]),
            channels={"email", "portal"},
            requester=set(wanted["contact"]),
        )
        assert [one.id for one in account.desk.tickets.list(query)] == ["1", "2"]
        asked = json.loads(account.query()["filters"].replace("\\'", "'"))
        assert set(asked) == set(wanted)
        for attribute, values in wanted.items():
            assert set(values) <= set(asked[attribute]), attribute
            assert all(isinstance(value, str) for value in asked[attribute])


@pytest.mark.parametrize("docs_shape", [False, True])
def test_the_flat_form_of_the_simulator_gives_the_same_tickets(docs_shape):
    rated = ticket(1, status="closed", rating=(1, "Fine"), custom_fields={"Order No": "A-7", "Escalated": True})
    desk = Desk365Http(with_tickets(rated, ticket(2, messages=[message("ada")])), docs_shape=docs_shape)
    source = AccountContext("acme", "")
    nested, flat = (
        [
            convert.ticket(parsing.read_ticket(row), source)
            for row in desk.get("/tickets", **INCLUDES, nested_fields=flattened)["tickets"]
        ]
        for flattened in (0, 1)
    )
    assert [evolve(one, not_loaded=frozenset()) for one in flat] == [
        evolve(one, not_loaded=frozenset()) for one in nested
    ]
    assert {"Order No": "A-7", "Escalated": True}.items() <= nested[1].custom_fields.items()
    assert nested[1].rating.score == 3
