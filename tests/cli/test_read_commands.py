"""The reading commands, over real HTTP to a simulator."""

import json

import pytest

from helpdesk_bridge.cli.app import run
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.simulator import create


@pytest.fixture(scope="module")
def simulator():
    with SimulatorServer(create(generate(12), time_scale=200.0)) as server:
        yield server


@pytest.fixture
def configured(simulator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)

    def write(**changes):
        table = {
            "vendor": "deskie",
            **simulator.app.connection,
            "base_url": simulator.url,
            "time_scale": 200.0,
            **changes,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in table.items() if value is not None]
        (tmp_path / "helpdesk.toml").write_text("\n".join(["[desks.old]", *lines]))

    write()
    return write


@pytest.fixture
def command(configured, capsys):
    def call(*arguments):
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_desks_are_listed_without_opening_any(command):
    code, out, _ = command("desks", "--json")
    assert (code, json.loads(out)) == (0, [{"name": "old", "vendor": "deskie", "account": "robotsrule"}])


def test_tickets_are_listed_shown_and_their_messages_too(command):
    code, out, err = command("tickets", "list", "old", "--limit", "3", "--json")
    tickets = json.loads(out)
    assert (code, err, len(tickets)) == (0, "", 3)
    assert [one["created_at"] for one in tickets] == sorted(one["created_at"] for one in tickets)
    _, out, _ = command("tickets", "list", "old", "--limit", "3", "--order", "-created", "--json")
    newest = [one["created_at"] for one in json.loads(out)]
    assert newest == sorted(newest, reverse=True)
    assert newest[0] > tickets[-1]["created_at"]
    code, out, _ = command("tickets", "list", "old", "--limit", "3", "--jsonl")
    assert [json.loads(line)["id"] for line in out.splitlines()] == [one["id"] for one in tickets]
    code, out, _ = command("tickets", "show", "old", tickets[0]["ref"], "--json")
    shown = json.loads(out)
    assert shown["ticket"]["id"] == tickets[0]["id"]
    assert shown["messages"][0]["opening"] is True
    code, out, _ = command("messages", "list", "old", tickets[0]["id"])
    assert (code, len(out.splitlines())) == (0, 1 + len(shown["messages"]))


def test_a_contact_is_found_by_its_exact_email(command):
    _, out, _ = command("contacts", "list", "old", "--json")
    email = next(one["emails"][0] for one in json.loads(out) if one["emails"])
    assert command("contacts", "find", "old", "--email", email)[0] == 0
    code, out, err = command("contacts", "find", "old", "--email", email[1:])
    assert (code, out, err) == (1, "", "no such contact\n")


def test_check_and_capabilities(command):
    code, out, _ = command("check", "old", "--json")
    assert code == 0
    assert {one["severity"] for one in json.loads(out)} <= {"ok", "warning"}
    code, out, _ = command("capabilities", "old", "--json")
    assert "importer" in json.loads(out)["old"]["operations"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("tickets", "show", "old", "999999"), 1, "HTTP 404"),
        (("tickets", "show", "old", "deskie:other/ticket/1"), 1, "belongs to deskie other"),
        (("tickets", "list", "nowhere"), 4, "has no desk 'nowhere'"),
        (("tickets", "list", "old", "--limit", "0"), 2, "--limit"),
        (("tickets", "list", "old", "--created-since", "yesterday"), 2, "is no date"),
        (("contacts", "find", "old"), 2, "--email or --phone"),
        (("simulate", "local"), 2, "no simulator"),
        (("simulate", "deskie", "--set", "colour=red"), 2, "colour"),
        (("simulate", "deskie", "--time-scale", "fast"), 2, "--time-scale"),
        (("simulate", "deskie", "--corpus", "nowhere.jsonl"), 2, "cannot be read"),
        (("simulate", "acme"), 4, "unknown vendor"),
        (("colour",), 2, "No such command"),
    ],
)
def test_a_mistake_is_one_line_and_the_right_exit_code(command, arguments, code, says):
    found, out, err = command(*arguments)
    assert (found, out) == (code, "")
    assert says in err
    assert "Traceback" not in err


def test_wrong_credentials_end_with_4_and_show_no_secret(command, configured):
    configured(api_key="canary-secret-4711")
    code, out, err = command("tickets", "list", "old")
    assert code == 4
    assert "canary" not in out + err


def test_a_vendor_that_cannot_be_reached_ends_with_1_and_one_line(command, configured, simulator):
    configured(base_url="http://127.0.0.1:1", max_wait=0)
    code, _, err = command("tickets", "list", "old")
    assert code == 1
    assert err.count("\n") <= 3


def test_routes_tell_their_provenance(command):
    code, out, _ = command("simulate", "deskie", "--routes")
    assert code == 0
    names, *rows = [line.split("\t") for line in out.split("\n\n")[0].splitlines()]
    assert names == ["method", "path", "provenance", "source"]
    assert {row[2] for row in rows} <= {"documented", "observed", "assumed"}
    assert ["GET", "/api/cases.json"] in [row[:2] for row in rows]


def test_what_a_terminal_would_obey_is_taken_out_of_vendor_text():
    from helpdesk_bridge.cli.output import clean

    assert (
        clean("a\x1b[31mb\u202ec\r\n")
        == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}\n"
    )
