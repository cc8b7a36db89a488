"""Cassettes: recorded from one account, replayed, and held against simulators that differ in known ways."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib import import_module

import pytest
import requests
from attrs import evolve

from helpdesk_bridge import open_desk
from helpdesk_bridge.cli.app import run
from helpdesk_bridge.cli.commands.cassettes import _served, held_against
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.cassette.cassette import CassetteError, CassetteWriter, load_cassette
from helpdesk_bridge.testing.cassette.comparison import compare
from helpdesk_bridge.testing.cassette.recorder import Recorder
from helpdesk_bridge.testing.cassette.redaction import Redaction
from helpdesk_bridge.testing.cassette.replay import Replay
from helpdesk_bridge.testing.cassette.walk import walk
from helpdesk_bridge.testing.simulator import SimulatorServer

VENDORS = ["deskie", "desk365", "desk360"]
HELPDESKS = ["deskie", "desk365"]
SCALE = 3600.0
COMMAND = [sys.executable, "-m", "helpdesk_bridge.cli"]


def account(vendor, seed=1, tickets=12):
    return import_module(f"helpdesk_bridge_{vendor}.simulator").create(generate(tickets, seed), time_scale=SCALE)


def desk_of(app, url, **more):
    table = {"vendor": app.vendor, **app.connection, "base_url": url, "budget": "memory", "max_wait": None, **more}
    return open_desk(table)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folders = {}
    for vendor in VENDORS:
        folder, app = tmp_path_factory.mktemp("cassette") / vendor, account(vendor)
        with SimulatorServer(app) as server, desk_of(app, server.url, time_scale=SCALE) as desk:
            cassette = CassetteWriter(folder, vendor)
            recorder = Recorder(desk.transport, cassette, hidden=[str(app.connection["api_key"])])
            with _served(recorder, 0) as url:
                table = {
                    "vendor": vendor, **app.connection, "api_key": recorder.key, "base_url": url, "budget": "memory",
                    "max_wait": None,
                }  # fmt: skip
                for name in ("email", "password") if vendor == "desk360" else ():
                    table.pop(name)
                with open_desk(table) as asking:
                    read = dict(walk(asking))
            assert set(read.values()) <= {None}, read
            cassette.close()
            folders[vendor] = folder, app, list(app.requests)
    return folders


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_request_of_the_walk_is_an_exchange_and_none_writes(recorded, vendor):
    folder, _, requests_ = recorded[vendor]
    _, exchanges = load_cassette(folder, vendor)
    assert [(one.method, one.status) for one in exchanges] == [(one.method, one.status) for one in requests_]
    assert {one.method for one in exchanges} == {"GET"}


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_secret_and_no_person_is_in_a_cassette(recorded, vendor):
    folder, app, _ = recorded[vendor]
    text = "\n".join(path.read_text("utf-8") for path in folder.iterdir())
    data = app.dataset
    people = {word for person in data.people for word in (person.name, person.email, person.phone) if word}
    messages = [message for ticket in data.tickets for message in ticket.messages]
    said = {ticket.subject for ticket in data.tickets if ticket.subject} | {one.text or one.html for one in messages}
    files = {file.filename for message in messages for file in message.files}
    secrets = {
        str(value) for key, value in app.connection.items() if key in {"api_key", "password", "email", "staff_email"}
    }
    assert people
    assert said
    for word in people | said | files | secrets - {None, ""}:
        for spelled in {word, json.dumps(word)[1:-1]}:
            assert spelled not in text, spelled


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_account_of_another_seed_has_no_deviation(recorded, vendor):
    _, exchanges = load_cassette(recorded[vendor][0], vendor)
    app = account(vendor, seed=5)
    with SimulatorServer(app) as server, desk_of(app, server.url, time_scale=SCALE) as desk:
        assert compare(exchanges, app, desk.transport) == []


FAULTS = {
    "a key is gone": (lambda row: {key: value for key, value in row.items() if key != "subject"}, "subject"),
    "a key is new": (lambda row: {**row, "colour": "red"}, "colour"),
    "a number is a text": (lambda row: {**row, "priority": [row["priority"]]}, "priority"),
}


def altered(app, alter):
    finish = app.finish
    app.finish = lambda call, reply: alter(finish(call, reply))
    return app


def rows_changed(change):
    def of(value):
        if isinstance(value, list):
            return [of(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        inner = {key: of(one) for key, one in value.items()}
        return change(inner) if {"subject", "priority"} <= inner.keys() else inner

    return of


def deviations_of(recorded, vendor, alter):
    _, exchanges = load_cassette(recorded[vendor][0], vendor)
    app = altered(account(vendor, seed=5), alter)
    with SimulatorServer(app) as server, desk_of(app, server.url, time_scale=SCALE) as desk:
        return compare(exchanges, app, desk.transport)


@pytest.mark.parametrize("vendor", HELPDESKS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_changed_row_is_reported_and_nothing_else(recorded, vendor, fault):
    change, key = FAULTS[fault]

    def alter(reply):
        try:
            document = json.loads(reply.body)
        except ValueError:
            return reply
        return evolve(reply, body=json.dumps(rows_changed(change)(document)).encode())

    found = deviations_of(recorded, vendor, alter)
    assert found
    assert all(key in one.where for one in found), found
    assert any("tickets" in one.operation or "cases" in one.operation for one in found)


@pytest.mark.parametrize("vendor", VENDORS)
def test_another_status_and_another_header_are_reported(recorded, vendor):
    header = deviations_of(recorded, vendor, lambda reply: reply.with_headers({"X-Colour": "red"}))
    assert {one.where for one in header} == {"header x-colour"}
    status = deviations_of(recorded, vendor, lambda reply: evolve(reply, status=203))
    assert {one.where for one in status} == {"status"}
    assert {one.simulated for one in status} == {"203"}


@pytest.mark.parametrize("vendor", HELPDESKS)
def test_a_replay_answers_as_the_account_did(recorded, vendor):
    folder, app, _ = recorded[vendor]
    _, exchanges = load_cassette(folder, vendor)
    with _served(Replay(exchanges), 0) as url, desk_of(app, url) as desk:
        tickets = desk.tickets.list(resolve=False).page().items
        assert tickets
        assert [one.id for one in tickets] == [one.id for one in _first_page(app)]
        assert all(re.fullmatch(r"Text \d+|", one.subject) for one in tickets)
        assert requests.get(f"{url}/never/asked", timeout=10).status_code == 404


def _first_page(app):
    with SimulatorServer(app) as server, desk_of(app, server.url, time_scale=SCALE) as desk:
        return desk.tickets.list(resolve=False).page().items


def test_a_recorder_wants_its_key_and_only_reads(tmp_path):
    app = account("desk365", tickets=2)
    with SimulatorServer(app) as server, desk_of(app, server.url) as desk:
        cassette = CassetteWriter(tmp_path / "c", "desk365")
        recorder = Recorder(desk.transport, cassette)
        with _served(recorder, 0) as url:
            tickets = f"{url}/apis/v3/tickets"
            assert requests.get(tickets, timeout=10).status_code == 401
            assert requests.get(tickets, headers={"Authorization": "guess"}, timeout=10).status_code == 401
            key = {"Authorization": recorder.key}
            refused = requests.post(f"{tickets}/create", json={}, headers=key, timeout=10)
            assert refused.status_code == 403
            assert "--writes" in refused.json()["message"]
            assert app.requests.total == 0
            assert requests.get(tickets, headers=key, timeout=10).status_code == 200
        with _served(Recorder(desk.transport, cassette, writes=True), 0) as url:
            pass
    assert cassette.close() == 1


def test_a_write_is_recorded_where_writes_are_let_through(tmp_path):
    app = account("desk365", tickets=2)
    with SimulatorServer(app) as server, desk_of(app, server.url) as desk:
        cassette = CassetteWriter(tmp_path / "c", "desk365")
        recorder = Recorder(desk.transport, cassette, writes=True)
        with _served(recorder, 0) as url, desk_of(app, url, api_key=recorder.key) as asking:
            number = asking.tickets.list().first().id
            asking.messages.note(number, "Ann Lee called")
        cassette.close()
    _, exchanges = load_cassette(tmp_path / "c")
    written = exchanges[-1]
    assert (written.method, written.status) == ("POST", 201)
    assert "Ann Lee" not in repr(written)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda folder: (folder / "cassette.json").unlink(), "half of one"),
        (lambda folder: (folder / "00001.json").unlink(), "half of a cassette"),
        (lambda folder: (folder / "00001.json").write_text("{}"), "changed or cut off"),
        (lambda folder: (folder / "cassette.json").write_text("[]"), "not what a cassette holds"),
        (lambda folder: (folder / "cassette.json").write_text('{"format": 9}'), "another version"),
        (
            lambda folder: (folder / "cassette.json").write_text(
                '{"format": 1, "vendor": "deskie", "exchanges": {"../x.json": "0"}}'
            ),
            "no file of a cassette",
        ),
        (
            lambda folder: (folder / "cassette.json").write_text('{"format": 1, "vendor": "deskie", "exchanges": {}}'),
            "no exchange",
        ),
    ],
)
def test_half_a_cassette_is_told_in_a_line_and_nothing_is_served(tmp_path, recorded, capsys, harm, told):
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in recorded["deskie"][0].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    harm(folder)
    for command in (["replay", str(folder)], ["simulate", "deskie", "--tickets", "1", "--against", str(folder)]):
        assert run(command) == 2
        said = capsys.readouterr()
        assert told in said.err
        assert said.out == ""


def test_a_cassette_of_another_vendor_is_refused(recorded, capsys):
    assert run(["simulate", "desk365", "--tickets", "1", "--against", str(recorded["deskie"][0])]) == 2
    assert "a cassette of deskie, not of desk365" in capsys.readouterr().err


def test_a_folder_that_holds_something_is_not_written_to(tmp_path):
    (tmp_path / "kept").write_text("x")
    with pytest.raises(CassetteError, match="not empty"):
        CassetteWriter(tmp_path, "deskie")


def test_the_command_says_how_many_deviations_there_are(recorded, capsys):
    assert held_against(account("deskie", seed=3), recorded["deskie"][0]) == 0
    assert "no deviations" in capsys.readouterr().err
    app = altered(account("deskie", seed=3), lambda reply: reply.with_headers({"X-Colour": "red"}))
    assert held_against(app, recorded["deskie"][0]) == 3
    assert "header x-colour: recorded absent, simulated sent" in capsys.readouterr().out


@contextmanager
def started(*arguments, **how):
    """Yield a command that serves, and the line that it printed."""
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True, **how) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.slow
def test_record_and_replay_as_commands(tmp_path):
    app = account("deskie", tickets=4)
    environment = {**os.environ, "HELPDESK_BRIDGE_CONFIG": str(tmp_path / "helpdesk.toml")}
    with SimulatorServer(app) as server:
        keys = "\n".join(f"{key} = {json.dumps(value)}" for key, value in app.connection.items())
        (tmp_path / "helpdesk.toml").write_text(
            f'[desks.support]\nvendor = "deskie"\n{keys}\nbase_url = "{server.url}"\ntime_scale = 3600\n'
        )
        walked = subprocess.run(
            [*COMMAND, "record", "support", "--out", "walked", "--walk"], cwd=tmp_path, env=environment, timeout=120,
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert walked.returncode == 0, walked.stderr
        with started("record", "support", "--out", "asked", cwd=tmp_path, env=environment) as (recording, told):
            with open_desk({"vendor": "deskie", **told["settings"], "base_url": told["base_url"]}) as desk:
                assert desk.tickets.list(resolve=False).first() is not None
            recording.send_signal(signal.SIGINT)
            assert recording.wait(30) == 0
    assert app.connection["api_key"] not in json.dumps(told)
    assert len(load_cassette(tmp_path / "walked", "deskie")[1]) > 5
    asked = load_cassette(tmp_path / "asked", "deskie")[1]
    assert "/api/cases.json" in {one.path for one in asked}
    with started("replay", "asked", cwd=tmp_path, env=environment) as (replaying, told):
        assert (told["vendor"], told["exchanges"]) == ("deskie", len(asked))
        replaying.send_signal(signal.SIGTERM)
        assert replaying.wait(30) == 0


def test_the_same_words_become_the_same_words():
    redaction = Redaction("https://acme.example", ["s3cret"])
    first = redaction.document({"email": "ann@acme.example", "name": "Ann", "by": "Ann", "note": "<p>Hi Ann</p>"})
    again = redaction.document(
        {"cc": "ANN@acme.example", "phone": "+49 170 1234567", "status": "open", "n": 7, "at": None}
    )
    assert first["name"] == first["by"] != first["note"]
    assert first["email"] == again["cc"]
    assert again["status"] == "open"
    assert (again["n"], again["at"]) == (7, None)
    assert re.fullmatch(r"\+1555\d{7}", again["phone"])
    assert redaction.document({"status": "s3cret"}) != {"status": "s3cret"}
    assert redaction.document({"ann@acme.example": 1}) == {first["email"]: 1}
    assert redaction.document({"mobile": 491701234567})["mobile"] != 491701234567
    assert redaction.text('{"email": "ann@acme.example"}') == json.dumps({"email": first["email"]})


def test_addresses_keep_whose_they_are_and_lose_who_is_in_them():
    redaction = Redaction("https://acme.example")
    own = redaction.url("https://acme.example/api/users/7.json?search=ann@acme.example&page=2")
    assert own == "{base}/api/users/7.json?search=person.1%40example.invalid&page=2"
    assert redaction.url("https://acme.example.evil/ann") == "https://files.example.invalid/1"
    assert redaction.link('<https://acme.example/api/x?page=2>; rel="next"') == '<{base}/api/x?page=2>; rel="next"'
    assert "ann" not in redaction.path("/api/users/ann@acme.example/files/photo%20of%20ann.png")
