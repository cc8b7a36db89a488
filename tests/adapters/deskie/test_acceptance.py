"""The specification's statements about Deskie, through the library, over both fronts of the simulator."""

from __future__ import annotations

import base64
import threading

import pytest
import responses
from adapters.deskie.simulated import basic, dataset

from helpdesk_bridge import ContactQuery, TicketChange, TicketDraft, TicketQuery, open_desk
from helpdesk_bridge.adapter import AuthenticationFailed, ContactChange, RateLimited, Severity, Status
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.adapter import base_url_of
from helpdesk_bridge_deskie.settings import DeskieSettings
from helpdesk_bridge_deskie.simulator import create

ALL = TicketQuery(include={"spam", "deleted", "merged"})


def sent(app, method=None):
    return [request for request in app.requests.snapshot() if method in (None, request.method)]


def plain(app, path):
    """Read over plain HTTP what the library wrote."""
    from werkzeug.test import Client

    connection = app.connection
    headers = {"Authorization": basic(str(connection["staff_email"]), str(connection["api_key"]))}
    return Client(app).get(path, headers=headers).json


@responses.activate
def test_basic_auth_with_the_agents_e_mail_and_the_key():
    responses.get("https://c01.deskie.io/api/staff.json", json={"total_count": 0})
    with open_desk({"vendor": "deskie", "account": "c01", "staff_email": "bøt@x.io", "api_key": "k:ey"}) as desk:
        desk.agents.list()
    scheme, _, token = responses.calls[0].request.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(token).decode() == "bøt@x.io:k:ey"


@pytest.mark.parametrize(
    "wrong",
    [{"api_key": "wrong"}, {"staff_email": "old@robotsrule.example"}, {"staff_email": "admin@robotsrule.example"},
     {"staff_email": "nobody@robotsrule.example"}],
)  # fmt: skip
def test_wrong_key_disabled_agent_and_admin_are_refused(deskie_account, wrong):
    desk, _ = deskie_account(dataset(), table=wrong)
    with pytest.raises(AuthenticationFailed) as caught:
        list(desk.tickets.list())
    assert "add API key" in str(caught.value)
    assert "sim-" not in str(caught.value)
    assert [finding.severity for finding in desk.check()] == [Severity.PROBLEM]


def test_the_status_of_wrong_credentials_does_not_matter_to_check(deskie_account):
    desk, _ = deskie_account(dataset(), table={"api_key": "wrong"}, settings={"auth_status": 403})
    assert [finding.severity for finding in desk.check()] == [Severity.PROBLEM]


def test_find_by_e_mail_gives_exactly_one_of_four_alike(deskie_account):
    desk, app = deskie_account(dataset())
    assert desk.contacts.find(email="joann@x.io").name == "Joann"
    assert desk.contacts.find(email="ann@x.io.tr").name == "Turk"
    assert desk.contacts.find(email="nn@x.io") is None
    assert desk.contacts.find(email="ann@x") is None
    assert (
        b"%5E" in app.requests.snapshot()[-1].query.encode() or "%5e" in str(app.requests.snapshot()[-1].query).lower()
    )


def test_a_case_sensitive_search_still_finds_the_folded_address(deskie_account):
    desk, _ = deskie_account(dataset(), settings={"case_sensitive_search": True})
    assert desk.contacts.find(email="JOANN@x.io").name == "Joann"


def test_the_servers_figure_beats_the_computed_one(deskie_account):
    desk, _ = deskie_account(
        dataset(), table={"subscription": "basic", "enabled_agents": 1}, settings={"rate_limit": 77}
    )
    assert desk.budget.limit == 20
    desk.agents.list()
    assert desk.budget.limit == 77
    assert desk.budget.remaining == 76


def test_two_desks_of_one_account_share_a_budget(front):
    with SimulatorServer(create(dataset(), settings={"rate_limit": 50}, time_scale=200)) as server:
        table = {"vendor": "deskie", **server.app.connection, "base_url": server.url, "time_scale": 200}
        with (
            open_desk(table, name="one") as first,
            open_desk({**table, "base_url": f"{server.url}/api/"}, name="two") as second,
        ):
            first.agents.list()
            assert second.budget.remaining == first.budget.remaining == 49
            second.agents.list()
            assert second.budget.remaining == first.budget.remaining == 48


def test_a_write_takes_two(deskie_account):
    desk, _ = deskie_account(dataset(), settings={"rate_limit": 500})
    desk.agents.list()
    before = desk.budget.remaining
    ticket = desk.tickets.create(TicketDraft(subject="s", description="d", requester="new@x.io"))
    assert before - desk.budget.remaining == 2
    desk.tickets.get(ticket.id)
    assert before - desk.budget.remaining == 2 + 3  # the ticket, its opening, and its customer's name


def test_no_refusal_with_the_governor_under_a_lowered_limit():
    app = create(generate(30, 1), settings={"rate_limit": 60}, time_scale=200)
    with SimulatorServer(app) as server:
        table = {"vendor": "deskie", **app.connection, "base_url": server.url, "time_scale": 200, "max_wait": None}
        with open_desk(table) as desk:
            # The desk is told a larger limit than the account has: the header's figure must win at once.
            desk.agents.list()
            tickets = list(desk.tickets.list(ALL, resolve=False))

            def read(part):
                for ticket in part:
                    list(desk.messages.list(ticket.id, resolve=False))

            threads = [threading.Thread(target=read, args=(tickets[start::4] * 5,)) for start in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert desk.transport.stats.calls > 120
            assert desk.transport.stats.refused == 0


def test_over_the_limit_is_rate_limited_with_the_right_wait(in_process_account):
    with in_process_account(dataset(), settings={"rate_limit": 5}, table={"max_wait": 0.0, "rate_limit": 1000}) as (
        desk,
        app,
    ):
        app.faults.inject("rate_limited", retry_after=17)
        with pytest.raises(RateLimited) as caught:
            desk.agents.list()
        assert caught.value.retry_after == pytest.approx(17, abs=1)


def test_a_limited_agent_gets_fewer_and_check_warns(deskie_account):
    desk, app = deskie_account(dataset())
    everything = len(list(desk.tickets.list(ALL, resolve=False)))
    limited, _ = deskie_account(
        dataset(), settings={"limited_agent": str(app.connection["staff_email"]), "limited_groups": "Sales"}
    )
    assert 0 < len(list(limited.tickets.list(ALL, resolve=False))) < everything
    assert any(finding.severity is Severity.WARNING and finding.subject == "access" for finding in limited.check())


def test_a_limited_agent_that_may_not_list_is_a_problem(deskie_account):
    email = "bot@robotsrule.example"
    desk, _ = deskie_account(dataset(), settings={"limited_agent": email, "limited_access": "403"})
    assert [finding.severity for finding in desk.check()] == [Severity.PROBLEM]


def test_every_ability_of_the_specification_once(deskie_account):
    desk, app = deskie_account(dataset())
    created = desk.tickets.create(TicketDraft(subject="From a form", description="Hello", requester="form@x.io"))
    assert plain(app, f"/api/cases/{created.id}.json")["case"]["subject"] == "From a form"
    assert created.id in {ticket.id for ticket in desk.tickets.list(resolve=False)}
    desk.tickets.update(created.id, TicketChange(status=Status.CLOSED))
    assert plain(app, f"/api/cases/{created.id}.json")["case"]["status"] == "closed"
    user = desk.contacts.find(email="form@x.io")
    assert user.id in {contact.id for contact in desk.contacts.list()}
    assert desk.contacts.update(user.id, ContactChange(blocked=True)).blocked
    assert plain(app, f"/api/users/{user.id}.json")["user"]["active"] is False
    assert not desk.contacts.update(user.id, ContactChange(blocked=False)).blocked
    api = desk.vendor_api
    group = api.groups.create("Night shift", group_from_name="Night")
    assert api.groups.update(group.group_id, group_title="Day shift").group_title == "Day shift"
    assert plain(app, f"/api/groups/{group.group_id}.json")["group"]["group_title"] == "Day shift"
    meg, rob = (
        next(agent.id for agent in desk.agents.list() if agent.email.startswith(name)) for name in ("meg", "rob")
    )
    assert api.staff.disable(rob, replace_staff_id=meg).active is False
    assert plain(app, f"/api/staff/{rob}.json")["staff"]["active"] is False
    api.staff.enable(rob)
    api.staff.delete(rob, replace_staff_id=meg)
    assert rob not in {agent.id for agent in desk.agents.list()}
    assert api.call("GET", "/languages.json") is not None


@responses.activate
def test_the_account_makes_the_url():
    responses.get("https://robotsrule.deskie.io/api/cases.json", json={"total_count": 0})
    with open_desk({"vendor": "deskie", "account": "RobotsRule", "staff_email": "bot@x.io", "api_key": "k"}) as desk:
        assert list(desk.tickets.list()) == []
    assert responses.calls[0].request.url.startswith("https://robotsrule.deskie.io/api/cases.json?")


def test_base_urls_with_and_without_the_prefix():
    settings = DeskieSettings(account="robotsrule", staff_email="bot@x.io", api_key=_secret())
    assert base_url_of(settings, None) == "https://robotsrule.deskie.io/api"
    assert base_url_of(settings, "http://127.0.0.1:4711") == "http://127.0.0.1:4711/api"
    assert base_url_of(settings, "https://help.example.test/api/") == "https://help.example.test/api"


def _secret():
    from helpdesk_bridge.adapter import Secret

    return Secret("k")


def test_reference_lists_are_asked_once(deskie_account):
    desk, app = deskie_account(dataset())
    for _ in range(2):
        tickets = list(desk.tickets.list(ALL))
        for ticket in tickets:
            list(desk.messages.list(ticket.id))
    assert {ticket.assignee.email for ticket in tickets if ticket.assignee} == {
        "meg@robotsrule.example",
        "rob@robotsrule.example",
    }
    paths = [request.path for request in sent(app)]
    for path in ("/api/staff.json", "/api/groups.json", "/api/labels.json", "/api/custom_fields.json"):
        assert paths.count(path) == 1
    users = [path for path in paths if path.startswith("/api/users/")]
    assert len(users) == len(set(users))


def test_the_query_of_everything_gives_the_same_as_plain_http(deskie_account):
    desk, app = deskie_account(tickets=230)
    tickets = list(desk.tickets.list(ALL, resolve=False))
    assert len(tickets) == len({ticket.id for ticket in tickets}) == 230
    assert [(t.created_at, int(t.id)) for t in tickets] == sorted((t.created_at, int(t.id)) for t in tickets)
    assert (
        desk.tickets.list(TicketQuery(include={"spam", "deleted"})).count()
        == plain(app, "/api/cases.json?limit=1")["total_count"]
    )
    contacts = list(desk.contacts.list(ContactQuery(include={"blocked", "deleted"})))
    assert len(contacts) == plain(app, "/api/users.json?limit=1")["total_count"]
