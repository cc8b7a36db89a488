"""Programs without this library read every row of the simulators, and what they write is there."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from adapters.checks import RAW, rules_of

from adapters import raw_clients as raw
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk360.simulator import create as desk360
from helpdesk_bridge_desk365.simulator import create as desk365
from helpdesk_bridge_deskie.simulator import create as deskie


@contextmanager
def served(create, **switches):
    with SimulatorServer(create(generate(40), settings={"rate_limit": 100_000, **switches})) as server:
        yield server.app, server.url, server.app.connection


@pytest.fixture(scope="module")
def at_deskie():
    with served(deskie) as (app, url, given):
        session = raw.deskie(url, given["staff_email"], given["api_key"])
        yield app, raw.deskie_everything(session), lambda: raw.deskie_writes(session), session


@pytest.fixture(scope="module", params=[True, False], ids=["bearer", "raw key"])
def at_desk365(request):
    with served(desk365, rows_per_hour=1_000_000) as (app, url, given):
        session = raw.desk365(url, given["api_key"], bearer=request.param)
        yield app, raw.desk365_everything(session), lambda: raw.desk365_writes(session), session


@pytest.fixture(scope="module", params=[True, False], ids=["login", "key"])
def at_desk360(request):
    with served(desk360, integrations=41, templates=45) as (app, url, given):
        logged_in = raw.desk360_login(url, given["email"], given["password"])
        session = logged_in if request.param else raw.desk360(url, given["api_key"])
        read = raw.desk360_everything(session)
        session.asked += logged_in.asked[:1]
        yield app, read, lambda: raw.desk360_sends(session, given["integration"], "+905551112233"), session


def test_a_raw_client_reads_every_row_of_deskie(at_deskie):
    app, read, write, session = at_deskie
    account = app.account
    assert sorted(user["user_id"] for user in read["users"]) == sorted(account.users)
    assert sorted(case["case_id"] for case in read["cases"]) == sorted(account.cases)
    assert {case["case_id"] for case in read["cases from 0"]} == set(account.cases)
    assert sorted(message["message_id"] for message in read["messages"]) == sorted(
        message.message_id for thread in account.messages.values() for message in thread
    )
    for name, held in (("staff", account.staff), ("groups", account.groups), ("labels", account.labels),
                       ("companies", account.companies), ("custom_fields", account.fields)):  # fmt: skip
        assert len(read[name]) == len(held), name
    assert all("parent_case_id" in case for case in read["cases"])
    assert {user["type"] for user in read["users"]} == {"email", "phone", "telegram"}
    raw.deskie_administration(session)
    raw.deskie_threads(session)
    made = write()
    assert (made["case"]["status"], made["case"]["labels"], made["case"]["rating"]) == ("closed", [1, 2, 3], "high")
    assert made["case"]["custom_fields"] == {"cf_1": "PO-9"}
    assert [file["file_name"] for file in made["message"]["attachments"]] == ["a.txt"]
    assert rules_of("deskie", session.asked) == RAW["deskie"]


def test_a_raw_client_reads_every_row_of_desk365(at_desk365):
    app, read, write, session = at_desk365
    account = app.account
    for name in ("tickets", "tickets by offset"):
        assert sorted(ticket["ticket_number"] for ticket in read[name]) == sorted(account.tickets)
    assert len(read["messages"]) == sum(len(ticket.messages) for ticket in account.tickets.values())
    for name in ("contacts", "contacts by offset"):
        visible = [each.email for each in account.contacts.values() if not each.is_deleted]
        assert sorted(row["primary_email"] for row in read[name]) == sorted(visible)
    for name in ("companies", "companies by offset"):
        assert {row["name"] for row in read[name]} == set(account.companies)
    assert len(read["time"]) == len(account.time_entries)
    thread = write()
    assert (thread["agent_reply_count"], thread["private_note_count"]) == (2, 2)
    assert sorted(len(each["attachments"]) for each in thread["conversations"]) == [0, 0, 1, 1]
    assert rules_of("desk365", session.asked) == RAW["desk365"]


def test_a_raw_client_reads_every_row_of_desk360_and_what_it_sends_arrives(at_desk360):
    app, read, send, session = at_desk360
    assert [each["id"] for each in read["integrations"]] == list(app.account.integrations)
    assert [each["id"] for each in read["templates"]] == [
        number for integration in app.account.integrations.values() for number in integration.templates
    ]
    ids = send()
    assert set(ids) <= set(app.account.outgoing)
    assert len(set(ids)) == len(ids)
    assert rules_of("desk360", session.asked) == RAW["desk360"]
