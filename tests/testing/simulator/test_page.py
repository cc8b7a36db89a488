"""The page at /_sim/: its data for all three vendors, and what it refuses."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
import requests

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer

VENDORS = ["deskie", "desk365", "desk360"]
HELPDESKS = ["deskie", "desk365"]


def get(url, path, **query):
    answer = requests.get(f"{url}/_sim/{path}", params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def served(request):
    app = import_module(f"helpdesk_bridge_{request.param}.simulator").create(generate(8))
    with SimulatorServer(app) as server:
        yield app, server.url


@pytest.fixture
def desk(served):
    app, url = served
    with open_desk({"vendor": app.vendor, **app.connection, "base_url": url}) as opened:
        yield opened


both = pytest.mark.parametrize("served", HELPDESKS, indirect=True)
each = pytest.mark.parametrize("served", VENDORS, indirect=True)


@each
def test_the_page_runs_its_own_script_and_asks_nobody_else(served):
    answer = requests.get(f"{served[1]}/_sim/", timeout=10)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert re.fullmatch(r"'sha256-[\w+/=]+'", policy["script-src"])
    assert "http" not in answer.text


@both
def test_every_ticket_of_the_account_is_listed_once_over_its_pages(served, desk):
    _, url = served
    listed, offset = [], 0
    while True:
        page = get(url, "tickets", offset=offset, limit=5)
        listed += page["tickets"]
        offset += 5
        if not page["more"]:
            break
    assert sorted(one["id"] for one in listed) == sorted(
        str(one.id) for one in desk.tickets.list(include={"spam", "merged"})
    )
    assert [one["updated"] for one in listed] == sorted((one["updated"] for one in listed), reverse=True)


@both
def test_a_thread_is_shown_as_the_port_reads_it(served, desk):
    for ticket in desk.tickets.list():
        shown = get(served[1], f"tickets/{ticket.id}")["messages"]
        read = list(desk.messages.list(ticket.id))
        assert [one["visibility"] for one in shown] == [one.visibility.value for one in read]
        assert [one["files"] for one in shown] == [
            [file.filename for file in one.attachments if not file.inline] for one in read
        ]


@both
def test_a_search_finds_by_subject_number_and_requester(served):
    first, *_ = get(served[1], "tickets")["tickets"]
    for words in (first["subject"], first["number"], first["requester"]):
        assert first in get(served[1], "tickets", q=words)["tickets"]
    assert get(served[1], "tickets", q="nothing like it")["tickets"] == []


@both
def test_a_reply_is_in_the_outbox_and_a_note_is_not(served, desk):
    ticket = desk.tickets.list().first()
    desk.messages.note(ticket.id, "For us alone")
    before = get(served[1], "activity")["outbox"]["to_customers"]
    desk.messages.reply(ticket.id, "On its way")
    outbox = get(served[1], "activity")["outbox"]
    assert (before, outbox["to_customers"]) == (0, 1)
    newest = outbox["newest"][0]
    assert newest["audience"] == "customer"
    assert newest["to"] in get(served[1], "tickets")["tickets"][0]["requester"]


@both
def test_units_of_the_requests_shown_are_what_the_budget_lost(served, desk):
    ticket = desk.tickets.list().first()
    desk.messages.note(ticket.id, "For us alone")
    activity = get(served[1], "activity")
    budget, shown = activity["budgets"][0], activity["requests"]
    assert shown["total"] == len(shown["newest"])
    assert sum(one["units"] for one in shown["newest"]) == budget["limit"] - budget["left"]
    assert "documented" in budget["rule"]


@pytest.mark.parametrize("served", ["desk360"], indirect=True)
def test_a_conversation_shows_what_customer_and_agent_wrote(served, desk):
    app, url = served
    message = app.inject({"text": "Is it there?"}).message
    desk.vendor_api.send_text(f"+{message.digits}", "It is")
    conversation = get(url, "tickets")["tickets"][0]
    thread = get(url, f"tickets/{conversation['id']}")["messages"]
    assert [(one["role"], one["text"]) for one in thread] == [("customer", "Is it there?"), ("agent", "It is")]
    assert [one["text"] for one in get(url, "activity")["outbox"]["newest"]] == ["It is"]


@each
@pytest.mark.parametrize("ticket", ["0", "999999", "x", "1-", "²", "%2e%2e"])
def test_a_ticket_that_is_not_there_is_told(served, ticket):
    answer = requests.get(f"{served[1]}/_sim/tickets/{ticket}", timeout=10)
    assert answer.status_code == 404


@each
def test_a_number_that_is_none_is_passed_over(served):
    usual = get(served[1], "tickets")
    assert get(served[1], "tickets", offset="-1", limit="²") == usual


@each
def test_a_page_of_another_site_sees_nothing(served):
    for path in ("", "activity", "tickets", "tickets/1"):
        for headers in ({"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}):
            assert requests.get(f"{served[1]}/_sim/{path}", headers=headers, timeout=10).status_code == 403


@each
def test_a_reset_takes_another_seed_and_keeps_it(served):
    app, url = served
    assert requests.post(f"{url}/_sim/reset", json={"tickets": 3, "seed": 9}, timeout=10).status_code == 204
    assert app.dataset == generate(3, 9)
    assert requests.post(f"{url}/_sim/reset", timeout=10).status_code == 204
    assert app.dataset == generate(3, 9)
    assert requests.post(f"{url}/_sim/reset", json={"seed": 2}, timeout=10).status_code == 204
    assert app.dataset == generate(3, 2)


@pytest.mark.parametrize("served", ["deskie"], indirect=True)
@pytest.mark.parametrize(
    "wanted", [{"tickets": -1}, {"tickets": "3"}, {"seed": True}, {"tickets": 10**9}, {"cases": 1}]
)
def test_a_reset_that_cannot_be_done_changes_nothing(served, wanted):
    app, url = served
    answer = requests.post(f"{url}/_sim/reset", json=wanted, timeout=10)
    assert answer.status_code == 400
    assert next(iter(wanted)) in answer.json()["message"]
    assert app.dataset == generate(8)


def test_a_page_of_a_simulator_with_a_token_is_empty_without_it():
    token = "0123456789abcdef0123"
    app = import_module("helpdesk_bridge_deskie.simulator").create(generate(1))
    with SimulatorServer(app, token=token) as server:
        page = requests.get(f"{server.url}/_sim/", timeout=10)
        assert page.status_code == 200
        assert app.dataset.tickets[0].subject not in page.text
        for path in ("activity", "tickets", "tickets/1"):
            url = f"{server.url}/_sim/{path}"
            assert requests.get(url, timeout=10).status_code == 401
            assert requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code == 200
