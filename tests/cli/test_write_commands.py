"""The writing commands and ``compare``, over real HTTP to a simulator."""

import json

import pytest
from werkzeug.test import Client

from helpdesk_bridge.cli.app import run
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.simulator import create


@pytest.fixture
def server():
    with SimulatorServer(create(generate(0), settings={"rate_limit": 100_000}, time_scale=200.0)) as server:
        yield server


@pytest.fixture
def command(server, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    table = {"vendor": "deskie", **server.app.connection, "base_url": server.url, "time_scale": 200.0}
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    (tmp_path / "helpdesk.toml").write_text(
        "\n".join(["[desks.old]", *lines, "[desks.mine]", 'vendor = "local"', 'path = "mine.db"'])
    )

    def call(*arguments):
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out.strip(), said.err

    return call


def mails(server):
    return Client(server.app).get("/_sim/outbox").json["count"]


def created(command, *more):
    code, out, err = command(
        "tickets",
        "create",
        "old",
        "--subject",
        "Lamp",
        "--body",
        "It <b> broke",
        "--requester",
        "ann@example.com",
        *more,
    )
    assert (code, err) == (0, "")
    return out


def shown(command, ref, desk="old"):
    return json.loads(command("tickets", "show", desk, ref, "--json")[1])


def test_a_ticket_is_created_with_its_fields_and_files_and_its_ref_is_printed(command, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    ref = created(
        command,
        "--priority",
        "high",
        "--tag",
        "vip",
        "--field",
        "Order No=A-77",
        "--attach",
        str(tmp_path / "photo.png"),
    )
    assert ref.startswith("deskie:robotsrule/ticket/")
    found = shown(command, ref)
    ticket, (opening,) = found["ticket"], found["messages"]
    assert (ticket["subject"], ticket["priority"], ticket["tags"]) == ("Lamp", "high", ["vip"])
    assert ticket["custom_fields"]["Order No"] == "A-77"
    assert opening["body"]["text"] == "It <b> broke"
    assert [one["filename"] for one in opening["attachments"]] == ["photo.png"]


def test_a_body_may_be_html_and_come_from_stdin(command, monkeypatch, tmp_path):
    (tmp_path / "body.html").write_text("<p>Look <i>here</i></p>", "utf-8")
    with (tmp_path / "body.html").open("r", encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        code, ref, _ = command(
            "tickets", "create", "old", "--subject", "x", "--body", "-", "--html", "--requester", "ann@example.com"
        )
    assert code == 0
    assert shown(command, ref)["messages"][0]["body"]["text"] == "Look here"


def test_the_same_key_writes_once(command, server):
    first = created(command, "--key", "order-7")
    assert created(command, "--key", "order-7") == first
    for _ in range(2):
        assert command("tickets", "note", "old", first, "--body", "Checked", "--key", "n-1")[0] == 0
    assert [one["visibility"] for one in shown(command, first)["messages"]] == ["public", "internal"]


def test_an_update_changes_what_it_names_and_nothing_else(command):
    ref = created(command, "--priority", "high", "--tag", "vip", "--field", "Order No=A-77")
    code, out, _ = command(
        "tickets", "update", "old", ref, "--status", "closed", "--add-tag", "refund", "--field", "Order No=", "--json"
    )
    assert code == 0
    changed = json.loads(out)
    assert (changed["status"], changed["priority"], changed["subject"]) == ("closed", "high", "Lamp")
    assert sorted(changed["tags"]) == ["refund", "vip"]
    assert not changed["custom_fields"].get("Order No")


def test_a_reply_reaches_the_customer_and_a_note_does_not(command, server):
    ref = created(command)
    before = mails(server)
    code, out, _ = command("tickets", "note", "old", ref, "--body", "Call him", "--json")
    assert code == 0
    assert json.loads(out)["ids"]
    assert mails(server) == before
    assert command("tickets", "reply", "old", ref, "--body", "On its way")[0] == 0
    assert mails(server) == before + 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tickets", "update", "old", "1", "--field", "Order No"), "NAME=VALUE"),
        (("tickets", "update", "old", "1", "--add-tag", "a", "--remove-tag", "b"), "one after the other"),
        (("tickets", "update", "old", "1", "--clear", "group", "--group", "Sales"), "exclude each other"),
        (("tickets", "create", "old", "--subject", "x", "--body", "y"), "--requester"),
        (("tickets", "note", "old", "1", "--body", "x", "--attach", "nowhere.png"), "nowhere.png"),
    ],
)
def test_a_mistake_is_a_usage_error_and_sends_nothing(command, server, arguments, said):
    before = len(server.app.requests)
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(server.app.requests) == before


def test_what_the_desk_cannot_do_sends_nothing_and_ends_with_1(command, server):
    ref = created(command)
    before = len(server.app.requests)
    code, _, err = command("tickets", "update", "old", ref, "--category", "Hardware")
    assert code == 1
    assert "category" in err
    assert len(server.app.requests) == before
    assert command("tickets", "update", "old", ref)[0] == 1, "an empty change"


def test_a_contact_is_shown_with_all_its_addresses(command):
    created(command)
    found = json.loads(command("contacts", "find", "old", "--email", "ann@example.com", "--json")[1])
    code, out, _ = command("contacts", "show", "old", found["ref"])
    assert code == 0
    assert "e-mail\tann@example.com" in out.splitlines()
    assert json.loads(command("contacts", "show", "old", found["id"], "--json")[1])["id"] == found["id"]


def test_two_desks_are_compared_without_a_call(command, server):
    code, out, err = command("compare", "old", "desk365", "--json")
    assert (code, err) == (0, "")
    rows = {row["what"]: (row["old"], row["desk365"]) for row in json.loads(out)}
    assert rows["operations: messages.add_from_contact"] == (True, False)
    assert rows["ticket fields: category"] == (False, True)
    assert rows["contact needs: email"] == (False, True)
    assert all(left != right for left, right in rows.values())
    assert command("compare", "old", "deskie", "--json")[1] == "[]"
    assert "operations: removal\tyes\t-" in command("compare", "old", "desk365")[1].splitlines()
    assert not server.app.requests
