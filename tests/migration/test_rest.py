"""What has no place at the destination goes into one last private note, if the user wants it."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, Kill, Rows, destination, source
from migration.simulators import served
from migration.test_eyes import Part
from migration.test_field_maps import helpdesk, losing
from tiers import quick_first

from helpdesk_bridge.cli.migration_text import tell_plan
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import ExitCode, Migration, Options, Threads
from helpdesk_bridge.migration.options import Rest
from helpdesk_bridge.migration.plan.rest import AGAIN, TITLE
from helpdesk_bridge.migration.report.report import write_report
from helpdesk_bridge.model.drafts import MessageDraft
from helpdesk_bridge.model.values import Body, Visibility

ONE = Options(workers=1, yes=True, rest=Rest.NOTE)
WAYS = list(Threads)


def new_desk(**values):
    return destination(fidelity=losing("tags", "closed_at", "channel"), **values)


def migrate(old, new, path, way=Threads.MESSAGES, **options):
    with Migration(old, new, path, options=evolve(ONE, threads=way, **options)) as migration:
        return migration.migrate()


def notes(new, name="t1"):
    """Return the thread of a ticket at the destination, and what of it holds the rest."""
    moved = next(one for one in new.fake.all_tickets() if one.subject.endswith(name))
    thread = list(new.fake.messages.list(moved.id))
    return thread, [one for one in thread if TITLE in one.body.text]


@pytest.mark.parametrize("way", WAYS)
def test_the_rest_is_the_last_private_note_and_nothing_is_lost_but_what_is_announced(tmp_path, way):
    old, new = source(helpdesk()), new_desk()
    with Migration(old, new, tmp_path / "journal", options=evolve(ONE, threads=way)) as migration:
        plan = migration.plan(full=True)
        summary = migration.migrate()
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert summary.as_json()["messages"]["planned"] == 4  # the note is no record of the source
    assert summary.as_json()["rest_notes"] == {"planned": 2, "migrated": 2, "skipped": 0, "failed": 0, "in_doubt": 0}
    thread, (note,) = notes(new)
    assert note is thread[-1]
    assert note.visibility is Visibility.INTERNAL
    assert "Tags: vip, eu" in note.body.text
    assert "Time of closing: 2025-03-01T" in note.body.text
    assert not any(TITLE in one.body.text for one in thread if one.visibility is Visibility.PUBLIC)
    assert len(thread) == (3 if way is Threads.MESSAGES else 2)
    for told in (plan.fidelity, summary.changed):
        changes = {(one.field, one.change): one.records for one in told}
        assert changes["ticket.tags", "kept in a note"] == 1
        assert not any(change == "lost" and field.startswith("ticket.") for field, change in changes)


def test_without_the_note_the_plan_tells_its_price(tmp_path, capsys):
    old, new = source(helpdesk()), new_desk()
    with Migration(old, new, tmp_path / "journal", options=evolve(ONE, rest=None)) as migration:
        plan = migration.plan(full=True)
        summary = migration.migrate()
    assert ("ticket.tags", "lost") in {(one.field, one.change) for one in summary.changed}
    assert notes(new)[1] == []
    assert (plan.rest, plan.rest_notes) == (Rest.LOSE, 2)
    assert "rest_notes" not in summary.as_json()
    tell_plan(plan)
    assert "migrate decide --rest note" in capsys.readouterr().out


@pytest.mark.parametrize("case", quick_first(product([("deskie", "desk365"), ("desk365", "deskie")], WAYS)))
def test_the_price_of_the_notes_is_what_they_cost(tmp_path, case):
    pair, way = case
    spent = {}
    for rest in Rest:
        with served(pair[0], generate(9)) as old, served(pair[1], 0) as new:
            options = Options(yes=True, threads=way, rest=rest, workers=1)
            with Migration(old.desk, new.desk, tmp_path / f"{rest.value}.db", options=options) as migration:
                plan = migration.plan(full=True)
                migration.run()
                spent[rest] = migration.summary().minimum["destination"]
                (told, counts) = plan.forecasts[way], migration.summary().counts
    assert told.rest_units == spent[Rest.NOTE] - spent[Rest.LOSE]
    assert plan.rest_notes == sum(one.planned for kind, one in counts.items() if kind.value == "rest")


def test_what_a_map_carries_is_not_in_the_note(tmp_path):
    old, new = source(helpdesk()), new_desk()
    new.fake.inspection.define_field("Old tags")
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        migration.map_field("ticket.tags=custom:Old tags")
        summary = migration.migrate()
    (note,) = notes(new)[1]
    assert "Tags" not in note.body.text
    assert "Channel" in note.body.text
    assert ("ticket.tags", "kept as custom field 'Old tags'") in {(one.field, one.change) for one in summary.changed}


@pytest.mark.parametrize("way", quick_first(WAYS))
@pytest.mark.parametrize("fault", ["lost", "swallowed"])
def test_a_note_whose_answer_is_lost_is_there_once(tmp_path, way, fault):
    for number in (1, 2, 3):
        new = new_desk()
        getattr(new.faults, fault).add(("message", number))
        summary = migrate(source(helpdesk()), new, tmp_path / f"{fault}{number}", way)
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        assert [len(notes(new, name)[1]) for name in ("t1", "t2")] == [1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_kill_at_any_step_doubles_no_note(tmp_path, way):
    whole = new_desk()
    migrate(source(helpdesk()), whole, tmp_path / "whole", way)
    steps = whole.faults.steps
    for step in range(1, steps + 1):
        old, new, path = source(helpdesk()), new_desk(faults=Faults(kill_at=step)), tmp_path / f"{step}"
        with suppress(Kill):
            migrate(old, new, path, way)
        summary = migrate(old, new, path, way)
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ()), step
        assert [len(notes(new, name)[1]) for name in ("t1", "t2")] == [1, 1], step


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_later_runs_keep_the_note_and_add_one_where_it_would_say_something_else(tmp_path, way):
    old, new, path = source(helpdesk()), new_desk(), tmp_path / "journal"
    migrate(old, new, path, way)
    old.clock.advance(60)
    first, second = (next(one for one in old.all_tickets() if one.subject.endswith(name)) for name in ("t1", "t2"))
    old.messages.reply(second.id, MessageDraft(body="Here it is"))
    old.tickets.update(first.id, tags=("eu",))
    summary = migrate(old, new, path, way)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert [AGAIN in one.body.text for one in notes(new)[1]] == [False, True]
    assert "Tags: eu" in notes(new)[1][-1].body.text
    assert len(notes(new, "t2")[1]) == 1
    assert any("Here it is" in one.body.text for one in notes(new, "t2")[0])
    before = [len(notes(new, name)[0]) for name in ("t1", "t2")]
    migrate(old, new, path, way)
    assert [len(notes(new, name)[0]) for name in ("t1", "t2")] == before


def test_a_note_that_is_wanted_later_reaches_what_was_written_before(tmp_path):
    old, new, path = source(helpdesk()), new_desk(), tmp_path / "journal"
    migrate(old, new, path, rest=None)
    assert notes(new)[1] == []
    summary = migrate(old, new, path)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert [len(notes(new, name)[1]) for name in ("t1", "t2")] == [1, 1]


@pytest.mark.parametrize("way", quick_first(WAYS))
def test_a_journal_that_is_lost_doubles_no_note(tmp_path, way):
    old, new = source(helpdesk()), new_desk()
    migrate(old, new, tmp_path / "lost", way)
    before = [one.body.text for one in notes(new)[0]]
    summary = migrate(old, new, tmp_path / "journal", way)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
    assert [one.body.text for one in notes(new)[0]] == before


@pytest.mark.parametrize("gone", [True, False])
def test_verification_tells_a_note_that_is_gone_or_says_something_else(tmp_path, gone):
    old, new, path = source(helpdesk()), new_desk(), tmp_path / "journal"
    migrate(old, new, path)

    def spoiled(thread):
        for one in thread:
            changed = evolve(one, body=Body(text=one.body.text.replace("vip", "VIP")))
            if TITLE not in one.body.text:
                yield one
            elif not gone:
                yield changed

    read, tail = new.fake.messages.list, new.importer.tail
    new._overrides["messages"] = Part(new.fake.messages, list=lambda *a, **k: Rows(spoiled(read(*a, **k))))
    new.importer.tail = lambda *a: tuple(spoiled(tail(*a)))
    with Migration(old, new, path, options=ONE) as migration:
        found = {(one.id.partition(":")[2], one.field) for one in migration.verify()}
    assert ("rest", "message" if gone else "body") in found


def test_the_report_says_what_is_in_a_note_and_who_decided_it(tmp_path):
    old, new = source(helpdesk()), new_desk()
    with Migration(old, new, tmp_path / "journal", options=ONE) as migration:
        migration.choose_rest(Rest.NOTE)
        migration.migrate()
        page = (tmp_path / write_report(migration, tmp_path / "report").report).read_text("utf-8")
    assert "one private note for each ticket" in page
    assert ">in a note</span>" in page
    assert "rest notes" in page
