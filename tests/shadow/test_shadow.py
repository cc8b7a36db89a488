"""An application reads from the desk it has, and learns what the desk it will have would have answered."""

import json
import sqlite3
import threading
from pathlib import Path

import docs_pages
import pytest
from click.testing import CliRunner
from migration.simulators import served

from helpdesk_bridge import NotFound, TicketQuery, connect
from helpdesk_bridge.cli.app import cli
from helpdesk_bridge.config.settings import from_file
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.model.shadow import ShadowOutcome
from helpdesk_bridge.shadow.counts import Compared, ShadowCounts
from helpdesk_bridge.shadow.worker import WAITING, ShadowWorker

ROOT = Path(__file__).resolve().parents[2]


def toml(**tables):
    def text(value):
        return str(value).lower() if isinstance(value, bool) else repr(value)

    return "\n".join(
        line
        for name, table in tables.items()
        for line in (f"[desks.{name}]", *(f"{key} = {text(value)}" for key, value in table.items()))
    )


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A helpdesk that was moved from Deskie to Desk365, both still there."""
    journal = tmp_path_factory.mktemp("moved") / "move.db"
    with served("deskie", 12) as old, served("desk365", 0) as new:
        with Migration(old.desk, new.desk, journal, options=Options(yes=True)) as migration:
            assert migration.migrate().exit_code == 0
        yield old, new, journal


def settings(side, **keys):
    known = {key: value for key, value in side.settings.items() if value is not None}
    return {**known, "directory_ttl": 600, **keys}


@pytest.fixture
def config(moved, tmp_path):
    def write(*, shadow='{ desk = "new", share = 1.0, budget = 1.0 }', previous=True, **new):
        old_side, new_side, journal = moved
        tables = {"old": settings(old_side), "new": settings(new_side, **new)}
        if previous:
            tables["new"]["previous"] = str(journal)
        text = toml(**tables).replace("[desks.new]", f"shadow = {shadow}\n[desks.new]")
        path = tmp_path / "helpdesk.toml"
        path.write_text(text)
        return path

    return write


def outcomes(desk):
    return {(operation, outcome): count for operation, outcome, count in desk.shadow.status().outcomes}


@pytest.mark.slow
def test_stored_refs_go_on_working_after_the_move(moved, config):
    old, _, _ = moved
    with connect("new", config()) as new:
        for ticket in old.desk.tickets.list():
            there = new.tickets.get(ticket.ref)
            assert there.subject == (ticket.subject or "(no subject)")
            assert there.ref.startswith("desk365:")
            assert new.tickets.get(ticket).ref == there.ref
            opening = old.desk.messages.list(ticket).first()
            assert opening.body.text.split()[-1] in new.messages.get(ticket.ref, opening.id).body.text
        contact = old.desk.contacts.list().first()
        with pytest.raises(NotFound, match="only its address"):
            new.contacts.get(contact.ref)  # Desk365 knows people by their address, and the journal keeps none


def test_a_ref_that_was_not_moved_says_why(moved, config):
    with connect("new", config()) as new:
        with pytest.raises(NotFound, match="not in the journal"):
            new.tickets.get("deskie:robotsrule/ticket/999999")
        with pytest.raises(Exception, match="come from deskie") as refused:
            new.tickets.get("deskie:somebodyelse/ticket/1")
        assert type(refused.value).__name__ == "WrongDesk"


def test_a_skipped_ticket_says_that_it_was_skipped(moved, config):
    _, _, journal = moved
    with sqlite3.connect(journal) as rows:
        skipped = rows.execute("SELECT id, reason FROM record WHERE kind = 'ticket' AND state = 'skipped'").fetchall()
    assert skipped, "the generated account has spam"
    with connect("new", config()) as new, pytest.raises(NotFound, match="not migrated: skipped"):
        new.tickets.get(f"deskie:robotsrule/ticket/{skipped[0][0]}")


def test_reads_are_compared_and_nothing_differs_after_a_clean_move(config, moved):
    told = []
    with connect("old", config()) as desk:
        desk.subscribe(told.append)
        tickets = desk.tickets.list(TicketQuery(limit=5)).all()
        for ticket in tickets:
            desk.tickets.get(ticket)
            desk.messages.list(ticket).all()
        desk.contacts.find(email=tickets[0].requester.email)
        desk.shadow.settle()
        known = outcomes(desk)
        details = desk.shadow.status()
    assert details.fields == (), details
    assert known[("tickets.get", "same")] == 5
    assert known[("messages.list", "same")] == 5
    assert known[("tickets.list", "same")] == 1
    assert known[("contacts.find", "same")] == 1
    compared = [event for event in told if type(event).__name__ == "ShadowRead"]
    assert len(compared) == sum(known.values())
    assert {event.other for event in compared} == {"new"}


def test_a_difference_is_named_by_its_field(config, moved):
    old, new, _ = moved
    with connect("old", config()) as desk:
        ticket = next(one for one in old.desk.tickets.list() if one.status.value == "open")
        with connect("new", config()) as other:
            moved_ticket = other.tickets.get(ticket)
            new.desk.tickets.update(moved_ticket.id, subject="Something else")
            try:
                desk.tickets.get(ticket)
                desk.shadow.settle()
                status = desk.shadow.status()
            finally:
                new.desk.tickets.update(moved_ticket.id, subject=ticket.subject)
    assert status.fields == (("tickets.get", "subject", 1),)
    ((operation, record, fields, _),) = status.examples
    assert (operation, record, fields) == ("tickets.get", ticket.ref, "subject")


def test_after_the_switch_the_old_desk_is_the_shadow(config, moved):
    old, _, _ = moved
    path = config()
    text = path.read_text()
    text = text.replace('shadow = { desk = "new", share = 1.0, budget = 1.0 }\n', "")
    path.write_text(text + '\nshadow = { desk = "old", share = 1.0, budget = 1.0 }\n')
    with connect("new", path) as desk:
        for ticket in old.desk.tickets.list(TicketQuery(limit=3)):
            desk.tickets.get(ticket.ref)
        desk.shadow.settle()
        assert outcomes(desk) == {("tickets.get", "same"): 3}


def test_without_the_journal_it_says_what_is_missing(config, moved):
    old, _, _ = moved
    with connect("old", config(previous=False)) as desk:
        desk.tickets.get(old.desk.tickets.list().first())
        desk.shadow.settle()
        status = desk.shadow.status()
    assert status.number(ShadowOutcome.UNCOMPARABLE) == 1
    assert 'previous = "…"' in status.reasons[0][1]


def test_writes_stay_single(config, moved):
    _, new, _ = moved
    before = new.desk.tickets.list().all()
    with connect("old", config()) as desk:
        created = desk.tickets.create(subject="Only here", description="Once", requester="ann@customers.example")
        desk.messages.note(created, "Only here")
        desk.tickets.update(created, subject="Only here, still")
        desk.shadow.settle()
    assert len(new.desk.tickets.list().all()) == len(before)


def test_the_other_desk_gives_a_share_of_its_budget_and_no_more(config, moved):
    old, new, _ = moved
    first = len(list(new.simulator.requests))
    path = config(shadow='{ desk = "new", share = 1.0, budget = 0.05 }', time_scale=1.0)
    with connect("old", path) as desk:
        tickets = old.desk.tickets.list(TicketQuery(limit=12)).all()
        for ticket in tickets:
            desk.tickets.get(ticket)
            desk.shadow.settle()
        known = outcomes(desk)
    asked = list(new.simulator.requests)[first:]
    assert 0 < len(asked) <= 5  # a twentieth of 100 an hour
    assert known[("tickets.get", "skipped")] > 0
    assert 429 not in {request.status for request in asked}


def test_a_dead_other_desk_is_no_concern_of_the_caller(config, moved):
    old, _, _ = moved
    with connect("old", config(base_url="http://127.0.0.1:9")) as desk:
        ticket = old.desk.tickets.list().first()
        assert desk.tickets.get(ticket).id == ticket.id
        desk.shadow.settle()
        assert outcomes(desk) == {("tickets.get", "failed"): 1}


def test_the_command_tells_and_forgets(config, moved):
    old, _, _ = moved
    path = config()
    run = CliRunner().invoke

    def status():
        return run(cli, ["--config", str(path), "shadow", "status", "--json"], standalone_mode=False)

    assert json.loads(status().stdout)[0]["outcomes"] == []
    with connect("old", path) as desk:
        desk.tickets.get(old.desk.tickets.list().first())
        desk.shadow.settle()
    (told,) = json.loads(status().stdout)
    assert told["outcomes"] == [{"operation": "tickets.get", "outcome": "same", "reads": 1}]
    assert status().return_value == 0
    counts = ShadowCounts(("deskie", old.desk.account, "desk365", moved[1].desk.account))
    with connect("old", path) as desk:
        counts.add(Compared("tickets.get", ShadowOutcome.DIFFERENT, ("status",), record="x"), desk.clock.wall())
    assert status().return_value == 3
    run(cli, ["--config", str(path), "shadow", "reset", "old"], standalone_mode=False)
    assert json.loads(status().stdout)[0]["outcomes"] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('shadow = "nobody"', "no desk 'nobody'"),
        ('shadow = "old"', "with itself"),
        ("shadow = 3", "expected str"),
        ('shadow = { desk = "new", sahre = 0.1 }', "unknown key 'sahre'"),
        ('shadow = { desk = "new", share = 2 }', "at most 1"),
        ('previous = "nowhere.db"', "there is no journal"),
        ("previous = []", "a list of them"),
    ],
)
def test_a_wrong_key_is_refused_before_anything_is_sent(tmp_path, line, said):
    path = tmp_path / "helpdesk.toml"
    path.write_text(
        f'[desks.old]\nvendor = "local"\npath = "a.db"\n{line}\n[desks.new]\nvendor = "local"\npath = "b.db"\n'
    )
    with pytest.raises(ConfigError, match=said):
        connect("old", path)


def test_another_programs_file_is_no_journal(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as rows:
        rows.execute("CREATE TABLE things (id)")
    path = tmp_path / "helpdesk.toml"
    path.write_text('[desks.new]\nvendor = "local"\npath = "b.db"\nprevious = "other.db"\n')
    with connect("new", path) as desk, pytest.raises(ConfigError, match="another program"):
        desk.tickets.get("deskie:robotsrule/ticket/1")


def test_callers_never_wait_for_comparisons():
    told, gate, begun = [], threading.Event(), threading.Event()
    worker = ShadowWorker(told.append)

    def slow():
        begun.set()
        gate.wait(10)
        return Compared("tickets.get", ShadowOutcome.SAME)

    worker.submit("tickets.get", slow)
    assert begun.wait(10)
    for _ in range(WAITING + 3):
        worker.submit("tickets.get", slow)
    assert [one.outcome for one in told] == [ShadowOutcome.DROPPED] * 3
    gate.set()
    worker.settle()
    assert [one.outcome for one in told].count(ShadowOutcome.SAME) == WAITING + 1
    worker.close()


def test_counts_are_the_owners_alone_and_shared(tmp_path):
    pair = ("deskie", "a", "desk365", "b")
    from datetime import UTC, datetime

    for _ in range(2):
        ShadowCounts(pair).add(Compared("tickets.get", ShadowOutcome.SAME), datetime(2026, 3, 1, tzinfo=UTC))
    assert ShadowCounts(pair).status().outcomes == (("tickets.get", "same", 2),)
    (file,) = (tmp_path / "state").rglob("*.db")
    assert oct(file.stat().st_mode)[-3:] == "600"


def test_the_tables_of_the_how_to_are_right(tmp_path, monkeypatch):
    page = docs_pages.read(ROOT / "docs" / "how-to" / "swap-vendors.md")
    blocks = [one.text for one in page.of("toml") if one.comments.get("file") in ("moved.toml", "compared.toml")]
    path = tmp_path / "helpdesk.toml"
    path.write_text("\n".join(blocks))
    (tmp_path / "move.db").touch()
    for name in ("DESKIE_API_KEY", "DESK365_API_KEY"):
        monkeypatch.setenv(name, "made-up-key")
    config = from_file("support", path)
    assert config.shadow is not None
    assert config.shadow.name == "new"
    assert config.shadow.common.previous == (tmp_path / "move.db",)
    assert (config.shadow.common.reserve, config.shadow.common.max_wait) == (90, 0)  # of 100 an hour
