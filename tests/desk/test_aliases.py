"""Aliases that lead nowhere are told by ``check``, and errors name the word that the application wrote."""

import pytest

from helpdesk_bridge import Add, TicketChange, open_desk
from helpdesk_bridge.adapter import Severity
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.config.toml_text import desk_table
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import Invalid, Unsupported
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk365.simulator import create as create_desk365
from helpdesk_bridge_deskie.simulator import create as create_deskie


@pytest.fixture(scope="module")
def deskie():
    with SimulatorServer(create_deskie(generate(4))) as server:
        yield {"vendor": "deskie", **server.app.connection, "base_url": server.url}


def told(desk):
    return [(one.severity, one.detail) for one in desk.check() if one.subject == "aliases"]


def test_aliases_that_lead_to_what_is_there_are_one_line(deskie):
    with open_desk(deskie) as desk:
        group, agent, field = desk.groups.list()[0], desk.agents.list()[0], desk.custom_fields.list()[0]
        assert told(desk) == []
    tables = {"groups": {"billing": group.name.upper()}, "agents": {"boss": agent.email.upper(), "id": agent.id}, "custom_fields": {"no": field.name}}  # fmt: skip
    with open_desk({**deskie, **tables}) as desk:
        assert told(desk) == [(Severity.OK, "all 4 lead to what the account has")]


@pytest.mark.parametrize(
    ("table", "theirs", "severity", "says"),
    [
        ("groups", "Biling Team", Severity.PROBLEM, "groups.ours = 'Biling Team': the account has none of this name"),
        (
            "agents",
            "nobody@desk.example",
            Severity.PROBLEM,
            "agents.ours = 'nobody@desk.example': the account has none",
        ),
        ("custom_fields", "Odrer No", Severity.PROBLEM, "did you mean 'Order No'?"),
        ("tags", "no such tag", Severity.WARNING, "not there yet; writing it makes it"),
    ],
)
def test_an_alias_that_leads_nowhere_is_told_with_what_was_meant(deskie, table, theirs, severity, says):
    with open_desk({**deskie, table: {"ours": theirs}}) as desk:
        ((found, detail),) = told(desk)
    assert found is severity
    assert says in detail


def test_a_vendor_that_lists_not_all_is_no_reason_for_a_problem():
    with SimulatorServer(create_desk365(generate(4))) as server:
        table = {"vendor": "desk365", **server.app.connection, "base_url": server.url, "groups": {"ours": "Unheard of"}}
        with open_desk(table) as desk:
            assert [one for one, _ in told(desk)] == [Severity.WARNING]


def test_check_ends_with_1_for_an_alias_that_leads_nowhere(deskie, tmp_path, monkeypatch, capsys):
    path = tmp_path / "named.toml"
    path.write_text(desk_table("x", deskie) + '[desks.x.groups]\nbilling = "Biling Team"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert run(["--config", str(path), "check", "x"]) == 1
    assert "problem\taliases\tgroups.billing = 'Biling Team'" in capsys.readouterr().out


def test_a_desk_without_a_vendor_makes_fields_and_tags_as_they_come():
    tables = {"tags": {"ours": "theirs"}, "custom_fields": {"no": "Order No"}}
    with open_desk({"vendor": "local", "path": ":memory:", **tables}) as desk:
        assert told(desk) == []
    with open_desk({"vendor": "local", "path": ":memory:", "groups": {"billing": "Billing"}}) as desk:
        assert [one for one, _ in told(desk)] == [Severity.PROBLEM]


@pytest.mark.parametrize(
    ("tables", "change", "field", "says"),
    [
        ({"groups": {"billing": "Biling Team"}}, {"group": "billing"}, "group", "groups.billing is 'Biling Team'"),
        ({"agents": {"boss": "no@d.example"}}, {"assignee": "boss"}, "assignee", "agents.boss is 'no@d.example'"),
        ({"custom_fields": {"order": "Odrer No"}}, {"custom_fields": {"order": "1"}}, "custom_fields.order", "custom_fields.order is 'Odrer No'"),
    ],
)  # fmt: skip
def test_an_error_names_the_word_that_the_application_wrote(deskie, tables, change, field, says):
    with open_desk({**deskie, **tables}) as desk:
        ticket = next(iter(desk.tickets.list()))
        for call in (
            lambda: desk.tickets.update(ticket.id, TicketChange(**change)),
            lambda: desk.tickets.create(subject="s", description="d", requester="a@b.example", **change),
        ):
            with pytest.raises(Invalid) as caught:
                call()
            assert caught.value.field == field
            assert f"(in this desk's configuration {says})" in str(caught.value)


def test_an_error_about_no_alias_stays_as_it_is(deskie):
    with open_desk({**deskie, "groups": {"billing": "Biling Team"}, "tags": {"vip": "VIP"}}) as desk:
        ticket = next(iter(desk.tickets.list()))
        for change in (
            {"group": "other"},
            {"assignee": "x@y.example"},
            {"tags": Add("")},
            {"custom_fields": {"no": "1"}},
        ):
            with pytest.raises(Invalid) as caught:
                desk.tickets.update(ticket.id, **change)
            assert "configuration" not in str(caught.value)
        with pytest.raises(Unsupported) as refused:
            desk.tickets.update(ticket.id, status="nonsense")
        assert "configuration" not in str(refused.value)
