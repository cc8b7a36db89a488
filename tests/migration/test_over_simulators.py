from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from attrs import evolve
from migration.simulators import served

from helpdesk_bridge.datasets.dataset import SeedPerson
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import Unsupported
from helpdesk_bridge.migration import ExitCode, Migration, NeverPossible, Options

YES = Options(yes=True)
PAIRS = [
    ("deskie", "desk365"), ("desk365", "deskie"), ("deskie", "local"), ("desk365", "local"), ("local", "deskie"),
    ("local", "desk365"),
]  # fmt: skip


def migrate(old, new, path, options=YES):
    with Migration(old.desk, new.desk, path, options=options) as migration:
        return migration.migrate()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_pair_of_vendors_migrates_without_a_difference(tmp_path, pair):
    with served(pair[0], 12) as old, served(pair[1], 0) as new:
        summary = migrate(old, new, tmp_path / "journal")
    told = summary.as_json()
    assert told["differences"] == []
    assert (told["exit_code"], told["verified"], told["throttled"]) == (0, True, 0)
    for kind in ("tickets", "contacts", "messages", "attachments"):
        counts = told[kind]
        assert counts["planned"] == counts["migrated"] + counts["skipped"] + counts["failed"] + counts["in_doubt"] > 0
        assert counts["failed"] == counts["in_doubt"] == 0
    for side, vendor in zip(("source", "destination"), pair, strict=True):
        units = told["budget_units"][side]
        if vendor == "local":
            assert units == {"spent": 0, "minimum": None}
        else:
            assert units["minimum"] <= units["spent"] <= units["minimum"] * 1.01 + 40


def test_what_is_refused_and_why_is_the_same_as_what_is_told(tmp_path):
    with served("deskie", 12) as old, served("desk365", 0) as new:
        summary = migrate(old, new, tmp_path / "journal")
    changes = {(one.field, one.change) for one in summary.changed}
    assert {
        ("ticket.tags", "lost"),
        ("ticket.rating", "lost"),
        ("message.created_at", "kept as header line"),
    } <= changes
    assert all(one.records for one in summary.changed)
    assert json.dumps(summary.as_json())


def test_desk360_is_no_destination(tmp_path):
    from helpdesk_bridge import open_desk

    try:
        new = open_desk({"vendor": "desk360", "api_key": "k", "integration": "1"})
    except (ImportError, Unsupported) as error:
        pytest.skip(f"Desk360 cannot be opened here: {error}")
    with served("deskie", 0) as old, new:
        with pytest.raises(NeverPossible) as refused:
            Migration(old.desk, new, tmp_path / "journal")
        assert refused.value.exit_code is ExitCode.USAGE
        assert not old.simulator.requests


@pytest.mark.slow
@pytest.mark.parametrize("pair", [("local", "desk365"), ("desk365", "local")], ids="-".join)
def test_agents_who_watch_and_what_people_do_arrive(tmp_path, pair):
    with served(pair[0], 30) as old, served(pair[1], 0) as new:
        summary = migrate(old, new, tmp_path / "journal")
        watched = [one for one in old.desk.tickets.list() if one.watchers]
        there = {one.subject: one for one in new.desk.tickets.list()}
        assert watched
        for one in watched:
            assert set(there[one.subject].watchers) == set(one.watchers)
        titles = {one.email: one.title for one in old.desk.contacts.list() if one.title and one.email}
        found = {one.email: one.title for one in new.desk.contacts.list()}
        assert titles
        assert {email: found[email] for email in titles} == titles
    assert summary.as_json()["differences"] == []


@pytest.mark.slow
def test_a_desk_without_watchers_says_that_they_are_lost_and_keeps_a_title_as_the_position(tmp_path):
    with served("desk365", 30) as old, served("deskie", 0) as new:
        changes = {(one.field, one.change) for one in migrate(old, new, tmp_path / "journal").changed}
    assert ("ticket.watchers", "lost") in changes
    assert "contact.title" not in {field for field, _ in changes}
    assert not any(field == "ticket.watcher" for field, _ in changes)


def test_an_agent_whom_the_destination_refuses_watches_no_more_and_the_others_still_do(tmp_path):
    stranger = SeedPerson("z", "Zoe", "zoe@nowhere.example", role="agent", created_at=datetime(2024, 1, 1, tzinfo=UTC))
    data = generate(12)
    known = next(one.key for one in data.agents if not one.deleted)
    tickets = [evolve(one, assignee=known, watchers=("z", known)) for one in data.tickets]
    data = evolve(data, people=(*data.people, stranger), tickets=tuple(tickets))
    # The destination tells of its agents by its tickets alone.
    showing = evolve(generate(1), tickets=tuple(evolve(one, assignee=known) for one in generate(1).tickets))
    with served("local", data) as old, served("desk365", showing) as new:
        summary = migrate(old, new, tmp_path / "journal").as_json()
        before = {one.id for one in new.desk.tickets.list() if not one.watchers}
        there = [one for one in new.desk.tickets.list() if one.id not in before]
    assert len(there) == summary["tickets"]["migrated"]
    assert {one.watchers for one in there} == {(data.person(known).email,)}
    (lost,) = [one for one in summary["changed"] if one["field"] == "ticket.watchers"]
    assert (lost["change"], lost["records"]) == ("lost", 12 - summary["tickets"]["skipped"])
    assert "zoe" not in json.dumps(summary)
