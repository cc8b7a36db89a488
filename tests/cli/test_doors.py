"""The command's small doors, as a user finds them: in processes, in folders of their own."""

import csv
import io
import json
import os
import shlex
import subprocess
import sys
import tomllib

import pytest
import requests
from click.shell_completion import BashComplete

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.app import cli, run
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import from_table
from helpdesk_bridge.config.toml_text import desk_table
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.model.drafts import TicketDraft
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.simulator import create

COMMAND = [sys.executable, "-m", "helpdesk_bridge.cli"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HELPDESK_BRIDGE_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def local(folder, *drafts, **more):
    (folder / "helpdesk.toml").write_text(desk_table("x", {"vendor": "local", "path": "x.db", **more}))
    with open_desk({"vendor": "local", "path": str(folder / "x.db")}) as desk:
        for draft in drafts:
            desk.tickets.create(draft)


# -- init and simulate --toml ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", registry.names())
def test_init_writes_what_is_read_and_leaves_open_only_what_the_user_knows(folder, capsys, monkeypatch, vendor):
    assert run(["init", vendor, "--name", "my desk"]) == 0
    told = capsys.readouterr().err
    table = tomllib.loads((folder / "helpdesk.toml").read_text())["desks"]["my desk"]
    empty = [key for key, value in table.items() if value == ""]
    assert all(key in told for key in empty)
    assert (folder / "helpdesk.toml").stat().st_mode & 0o777 == 0o600
    for value in table.values():
        if str(value).startswith("env:"):
            assert value.removeprefix("env:") in told
            monkeypatch.setenv(value.removeprefix("env:"), "made-up-key")
    example = registry.vendor(vendor).example
    assert from_table({**table, **{key: example[key] for key in empty}}, name="my desk").vendor.name == vendor
    assert run(["check", "my desk"]) == (4 if empty else 0)
    assert not empty or empty[0] in capsys.readouterr().err, "an open key is named"


def test_init_adds_a_desk_and_replaces_none(folder, capsys):
    assert run(["init"]) == 0
    assert run(["init", "desk365", "--name", "new", "--set", "subdomain=acme", "--set", "reserve=4"]) == 0
    before = (folder / "helpdesk.toml").read_bytes()
    assert run(["init", "deskie", "--name", "new"]) == 2
    assert "has a desk 'new' already" in capsys.readouterr().err
    assert (folder / "helpdesk.toml").read_bytes() == before
    desks = tomllib.loads(before.decode())["desks"]
    assert sorted(desks) == ["new", "support"]
    assert desks["new"] == {"vendor": "desk365", "subdomain": "acme", "api_key": "env:DESK365_API_KEY", "reserve": 4}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["init", "desky"], 4, "did you mean 'deskie'"),
        (["init", "deskie", "--set", "acount=x"], 2, "has no such key"),
        (["init", "deskie", "--set", "account"], 2, "write KEY=VALUE"),
        (["init", "deskie", "--set", "api_key=canary-secret"], 2, "api_key=env:NAME"),
        (["--config", "nowhere/x.toml", "init"], 2, "cannot be written: No such file"),
    ],
)
def test_what_init_cannot_write_is_told_and_nothing_is_written(folder, capsys, words, code, says):
    assert run(words) == code
    err = capsys.readouterr().err
    assert says in err
    assert "canary" not in err
    assert list(folder.iterdir()) == []


def test_simulate_prints_a_table_that_reaches_it(folder):
    process = subprocess.Popen([*COMMAND, "simulate", "deskie", "--tickets", "2", "--toml"], stdout=subprocess.PIPE)
    try:
        lines = iter(process.stdout.readline, b"\n")
        (folder / "sim.toml").write_bytes(b"".join(lines))
        done = subprocess.run([*COMMAND, "--config", "sim.toml", "tickets", "list", "deskie", "--csv"], cwd=folder, capture_output=True, check=True)  # fmt: skip
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize("name", ["support", "my desk", 'a"b', "a.b", "ü\x7f\n", ""])
@pytest.mark.parametrize("value", ["", 'a"b\\', "\x7f\x01ü👩", True, 4, 0.5])
def test_a_table_is_read_as_it_was_written(name, value):
    text = desk_table(name, {"vendor": value, "odd key": value}, {"vendor": "why"})
    assert tomllib.loads(text)["desks"][name] == {"vendor": value, "odd key": value}


# -- tables, CSV and words ---------------------------------------------------------------------------------------------


def test_a_piped_table_begins_with_the_names_of_its_columns(folder, capsys):
    local(folder, TicketDraft(subject="Lamp", description="b", requester="a@b.example"))
    for words, first in (
        (["tickets", "list", "x"], "id\tstatus\tpriority\tcreated\trequester\tsubject"),
        (["contacts", "list", "x"], "id\tname\te-mail\tphone\tcompany"),
        (["desks"], "name\tvendor\taccount"),
        (["check", "x"], "severity\twhat\tdetail"),
    ):
        assert run(words) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == first
        assert len(lines) >= 2


SUBJECTS = ["Lamp, broken", 'He said "no"', "=HYPERLINK(1)", "+cmd", "-1", "@x", "a\nb", "ü👩"]


def test_csv_holds_every_cell_and_no_formula(folder, capsys):
    local(folder, *(TicketDraft(subject=one, description="b", requester="a@b.example") for one in SUBJECTS))
    assert run(["tickets", "list", "x", "--csv", "--order", "created"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["subject"] for row in rows] == ["Lamp, broken", 'He said "no"', "'=HYPERLINK(1)", "'+cmd", "-1", "'@x", "a b", "ü👩"]  # fmt: skip
    assert all(row["created"].endswith("+00:00") for row in rows)
    assert run(["contacts", "list", "x", "--csv"]) == 0
    assert next(csv.DictReader(io.StringIO(capsys.readouterr().out)))["phone"] == ""
    for other in ("--json", "--jsonl"):
        for words in (["--csv", other], [other, "--csv"]):
            assert run(["tickets", "list", "x", *words]) == 2
            assert "exclude each other" in capsys.readouterr().err


@pytest.fixture
def deskie(folder):
    with SimulatorServer(create(generate(3))) as server:
        table = {"vendor": "deskie", **server.app.connection, "base_url": server.url}
        aliases = '[desks.x.statuses]\nparked = "waiting"\n'
        (folder / "named.toml").write_text(desk_table("x", table) + aliases)
        yield server


def asked(server):
    return requests.get(f"{server.url}/_sim/requests", timeout=20).json()["requests"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["list", "x", "--status", "opne"], "no status 'opne'; it has parked, waiting, open, closed"),
        (["list", "x", "--status", "open", "--status", "nonsense"], "no status 'nonsense'"),
        (["list", "x", "--priority", "hihg"], "did you mean 'high'?"),
        (["update", "x", "1", "--status", "opne"], "did you mean 'open'?"),
        (["update", "x", "1", "--priority", "?"], "it has low, normal, high"),
        (["create", "x", "--subject", "s", "--body", "b", "--requester", "a@b.example", "--priority", "hi"], "no priority 'hi'"),
    ],
)  # fmt: skip
def test_a_wrong_status_or_priority_is_refused_with_what_is_allowed_and_nothing_is_sent(deskie, capsys, words, says):
    assert run(["--config", "named.toml", "tickets", *words]) == 2
    out, err = capsys.readouterr()
    assert says in err
    assert out == ""
    assert asked(deskie) == []


@pytest.mark.parametrize("word", ["open", "OPEN", "pending", "solved", "waiting", "Waiting", "parked", "unknown"])
def test_a_status_in_our_word_the_vendors_or_the_applications_is_taken(deskie, capsys, word):
    assert run(["--config", "named.toml", "tickets", "list", "x", "--status", word, "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_a_desk_with_statuses_of_its_own_takes_them_and_asks_about_a_slip(folder, capsys):
    local(folder, TicketDraft(subject="s", description="b", requester="a@b.example", status="Awaiting parts"))
    assert run(["tickets", "list", "x", "--status", "Awaiting parts", "--jsonl"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert run(["tickets", "list", "x", "--status", "opne"]) == 2
    assert "did you mean 'open'?" in capsys.readouterr().err


# -- completion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("check ", ["mine", "x"]),
        ("check m", ["mine"]),
        ("tickets list ", ["mine", "x"]),
        ("serve m", ["mine"]),
        ("migrate plan --from m", ["mine"]),
        ("--config other.toml check ", ["elsewhere"]),
        ("--config nowhere.toml check ", []),
        ("simulate desk3", ["desk360", "desk365"]),
        ("init ", list(registry.names())),
        ("demo --to l", ["local"]),
        ("capabilities ", sorted(["mine", "x", *registry.names()])),
        ("compare x de", ["desk360", "desk365", "deskie"]),
        ("tickets up", ["update"]),
    ],
)
def test_a_shell_completes_the_names_of_desks_and_vendors(folder, line, offered):
    users = '[desks.consented]\ntrusted_origin = "https://helpdesk.example"\n'
    (folder / "helpdesk.toml").write_text(desk_table("x", {"vendor": "local", "path": "x.db"}) + desk_table("mine", {"vendor": "deskie"}) + users)  # fmt: skip
    (folder / "other.toml").write_text(desk_table("elsewhere", {"vendor": "local", "path": "y.db"}))
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    complete = BashComplete(cli, {}, "helpdesk-bridge", "_HELPDESK_BRIDGE_COMPLETE")
    assert [one.value for one in complete.get_completions(words[:-1], words[-1])] == offered
    if line == "check ":
        environment = {**os.environ, "_HELPDESK_BRIDGE_COMPLETE": "bash_complete", "COMP_WORDS": f"helpdesk-bridge {line}", "COMP_CWORD": str(len(words))}  # fmt: skip
        done = subprocess.run(COMMAND, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert [one.partition(",")[2] for one in done.stdout.splitlines()] == offered
        assert done.stderr == ""


def test_a_migration_whose_side_was_never_reached_ends_at_once(folder, capsys):
    with SimulatorServer(create(generate(0))) as server:
        port = server.url.rpartition(":")[2]
        table = {"vendor": "deskie", **server.app.connection, "base_url": server.url, "time_scale": 1.0}
    local(folder, TicketDraft(subject="s", description="b", requester="a@b.example"))
    path = folder / "both.toml"
    path.write_text((folder / "helpdesk.toml").read_text() + desk_table("new", table))
    for words in (["plan"], ["run", "--yes"]):
        assert run(["--config", str(path), "migrate", *words, "--from", "x", "--to", "new", "--journal", "j"]) == 5
        err = capsys.readouterr().err
        assert f"cannot be reached (nothing was sent: the connection to 127.0.0.1:{port} was refused" in err
        assert "correct its address, or run again once it is there" in err
        assert "waiting" not in err
