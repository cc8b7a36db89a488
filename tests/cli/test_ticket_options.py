"""Each field of a ticket that has an option: it can be given, changed, cleared and asked for on the command line."""

from __future__ import annotations

import json

import pytest

from helpdesk_bridge.cli.app import run
from helpdesk_bridge.desk.connection import connect
from helpdesk_bridge.model.fields import SINGLE, TICKET, Kind, Write

FILTERS = {field.name: f"--{field.decision or name}" for name, field in TICKET.items() if field.filter}
VALUES = {
    "status": ("pending", "solved"),
    "priority": ("low", "high"),
    "assignee": ("eve@agents.example", "adam@agents.example"),
    "group": ("Sales", "Support"),
    "requester": ("ann@example.com", "bob@example.com"),
    "channel": ("api", "email"),
}
WRITABLE = [name for name, field in TICKET.items() if field.kind in SINGLE and Write.KEEP in field.write]


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    (tmp_path / "helpdesk.toml").write_text('[desks.mine]\nvendor = "local"\npath = "mine.db"\n')
    with connect("mine") as desk:
        for email in VALUES["assignee"]:
            desk.vendor_api.add_agent(name=email, email=email)
        for group in VALUES["group"]:
            desk.vendor_api.add_group(group)

    def call(*arguments):
        code = run(arguments)
        said = capsys.readouterr()
        assert (code, said.err) == (0, ""), arguments
        return said.out.strip()

    return call


def values(name):
    return VALUES.get(name, (f"{name} one", f"{name} two"))


def shown(value):
    if isinstance(value, dict):
        return value.get("email") or value["name"]
    return value[0] if isinstance(value, list) else value


def create(command, name, value):
    given = {"--requester": "ann@example.com"}
    if name != "channel":
        given[FILTERS.get(name, f"--{name}")] = value
    words = [part for pair in given.items() for part in pair]
    return command("tickets", "create", "mine", "--subject", "Lamp", "--body", "It broke", *words)


def read(command, ref, name):
    return shown(json.loads(command("tickets", "show", "mine", ref, "--json"))["ticket"][name])


@pytest.mark.parametrize("name", WRITABLE)
def test_a_field_is_given_changed_and_cleared(command, name):
    first, second = values(name)
    ref = create(command, name, first)
    assert read(command, ref, name) == first
    command("tickets", "update", "mine", ref, f"--{name}", second)
    assert read(command, ref, name) == second
    if Write.CLEAR in TICKET[name].write:
        command("tickets", "update", "mine", ref, "--clear", name)
        assert read(command, ref, name) is None


@pytest.mark.parametrize("name", [name for name in FILTERS if TICKET[name].kind in SINGLE | {Kind.WORDS}])
def test_tickets_are_listed_by_a_field(command, name):
    first, second = values(name)
    create(command, name, first)
    assert len(json.loads(command("tickets", "list", "mine", "--json", FILTERS[name], first))) == 1
    assert json.loads(command("tickets", "list", "mine", "--json", FILTERS[name], second)) == []
    both = (FILTERS[name], first, FILTERS[name], second)
    assert len(json.loads(command("tickets", "list", "mine", "--json", *both))) == 1
