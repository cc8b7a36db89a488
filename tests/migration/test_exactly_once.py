from __future__ import annotations

from contextlib import contextmanager
from itertools import product

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migration.faulty_desk import SETTLE, Faults, Kill, destination, dump, message, small, source, ticket
from tiers import spread

from helpdesk_bridge.migration import ExitCode, Migration, Options
from helpdesk_bridge.migration.journal.file import JournalFile
from helpdesk_bridge.testing.clock import ManualClock

ONE = Options(workers=1, yes=True)


def migrate(old, new, path, options=ONE):
    with Migration(old, new, path, options=options) as migration:
        return migration.migrate()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    new = destination()
    summary = migrate(source(), new, tmp_path_factory.mktemp("unbroken") / "journal")
    assert summary.exit_code is ExitCode.OK, summary
    return dump(new), summary


def assert_same(new, summary, unbroken):
    wanted, whole = unbroken
    assert dump(new) == wanted
    assert summary.as_json()["differences"] == []
    assert summary.counts == whole.counts
    assert summary.exit_code is ExitCode.OK


def test_every_source_record_is_accounted_for(unbroken):
    counts = unbroken[1].as_json()
    assert counts["tickets"] == {"planned": 4, "migrated": 3, "skipped": 1, "failed": 0, "in_doubt": 0}
    assert counts["contacts"] == {"planned": 4, "migrated": 3, "skipped": 1, "failed": 0, "in_doubt": 0}
    assert counts["messages"] == {"planned": 8, "migrated": 7, "skipped": 1, "failed": 0, "in_doubt": 0}
    assert counts["attachments"] == {"planned": 2, "migrated": 2, "skipped": 0, "failed": 0, "in_doubt": 0}
    assert counts["verified"] is True
    contacts = unbroken[0][0]
    assert [email for email, *_ in contacts] == ["", "ann@client.example", "bob@client.example"]


def kill_and_resume(tmp_path, steps, unbroken):
    """Die at each of ``steps`` in turn, each in the run that resumes the one before; then let a run end."""
    old, clock = source(), ManualClock()
    new = destination(clock)
    path = tmp_path / "journal"
    for step in steps:
        new.faults.steps, new.faults.kill_at = 0, step
        try:
            summary = migrate(old, new, path)
        except Kill:
            continue
        new.faults.kill_at = None
        assert_same(new, summary, unbroken)
        return
    new.faults.kill_at = None
    assert_same(new, migrate(old, new, path), unbroken)


@pytest.mark.parametrize("step", spread(range(1, 26), quick=6, slow=2))
def test_a_kill_at_any_call_loses_and_doubles_nothing(tmp_path, step, unbroken):
    kill_and_resume(tmp_path, [step], unbroken)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(1, 20), min_size=2, max_size=4))
def test_kills_of_resumed_runs_lose_and_double_nothing(tmp_path_factory, steps, unbroken):
    kill_and_resume(tmp_path_factory.mktemp("kills"), steps, unbroken)


@pytest.mark.parametrize(("number", "edge"), spread(product(range(1, 30), ["before", "after"]), quick=7, slow=3))
def test_a_kill_at_any_transaction_of_the_journal_loses_and_doubles_nothing(
    tmp_path, monkeypatch, edge, number, unbroken
):
    real, seen = JournalFile.transaction, []

    @contextmanager
    def dying(self):
        seen.append(1)
        if len(seen) == number and edge == "before":
            raise Kill
        with real(self) as connection:
            yield connection
        if len(seen) == number and edge == "after":
            raise Kill

    old, new, path = source(), destination(), tmp_path / "journal"
    monkeypatch.setattr(JournalFile, "transaction", dying)
    try:
        summary = migrate(old, new, path)
    except Kill:
        monkeypatch.setattr(JournalFile, "transaction", real)
        summary = migrate(old, new, path)
    assert_same(new, summary, unbroken)


PLACES = [("contact", 1), ("contact", 3), ("ticket", 1), ("ticket", 3), ("message", 1), ("message", 2), ("message", 3)]


@pytest.mark.parametrize(("fault", "place"), spread(product(["lost", "swallowed"], PLACES), quick=3, slow=2))
def test_a_write_without_an_answer_is_looked_up_and_neither_lost_nor_doubled(tmp_path, place, fault, unbroken):
    new = destination(faults=Faults(**{fault: {place}}))
    summary = migrate(source(), new, tmp_path / "journal")
    assert_same(new, summary, unbroken)
    assert sum(new.clock.slept) >= SETTLE


@pytest.mark.parametrize(
    ("delay", "place"), spread(product([0.0, 1.0, SETTLE / 2, SETTLE - 1], PLACES), quick=6, slow=3)
)
def test_a_late_commit_within_the_settle_time_is_not_doubled(tmp_path, place, delay, unbroken):
    new = destination(faults=Faults(late={place: delay}))
    assert_same(new, migrate(source(), new, tmp_path / "journal"), unbroken)


def test_a_commit_after_the_settle_time_is_found_by_the_verification(tmp_path):
    new = destination(faults=Faults(late={("ticket", 1): SETTLE * 1.2, ("message", 3): 0.0}))
    summary = migrate(source(), new, tmp_path / "journal")
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert {(one.record, one.field) for one in summary.differences} == {("ticket", "duplicate")}


def test_the_second_of_two_equal_messages_in_doubt_is_found_as_the_second(tmp_path):
    thanks = message("ann", 5, "Thanks!")
    data = evolve(small(), tickets=(ticket("t1", "ann", message("ann", 0, "It broke"), thanks, thanks),))
    new = destination(faults=Faults(lost={("message", 2)}))
    # A vendor that gives messages no ids: what it shows later has others than what was written.
    write = new.importer.message
    new.importer.message = lambda *args: ("~as written",) if write(*args) else ()
    summary = migrate(source(data), new, tmp_path / "journal")
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())


def test_many_workers_lose_and_double_nothing(tmp_path, unbroken):
    faults = Faults(lost={("ticket", 2), ("message", 2)}, swallowed={("ticket", 1), ("message", 4)})
    new = destination(faults=faults)
    assert_same(new, migrate(source(), new, tmp_path / "journal", Options(workers=6, yes=True)), unbroken)


def test_a_finished_migration_run_again_writes_nothing(tmp_path, unbroken):
    old, new, path = source(), destination(), tmp_path / "journal"
    migrate(old, new, path)
    new.faults.calls.clear()
    before = new.faults.steps
    summary = migrate(old, new, path)
    assert set(new.faults.calls) == {"find"}
    assert new.faults.steps == before + new.faults.calls["find"]
    assert_same(new, summary, unbroken)
