"""A defect of the program that one record meets ends that record, and the others go on."""

from __future__ import annotations

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, destination, dump, message, small, source, ticket
from migration.test_one_record import ALL, Failing, ids_at, migrate, subjects
from tiers import quick_first

from helpdesk_bridge.migration import ExitCode, Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.runner import MOST_IN_A_ROW

DEFECT = RuntimeError("Müller's words")
KINDS = [("ticket", 1), ("message", 1), ("contact", 1), ("message", 3)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    new = destination()
    migrate(source(), new, tmp_path_factory.mktemp("whole") / "journal")
    return dump(new)


def reasons(path, old, new, *states):
    with Migration(old, new, path) as migration:
        records = [one for kind in Kind for one in migration.journal.by_state(kind, *states)]
    assert not any("Müller" in (one.reason or "") for one in records)
    return {one.key.kind.value for one in records if "unexpected RuntimeError at " in (one.reason or "")}


@pytest.mark.parametrize("place", quick_first(KINDS, 2))
def test_a_defect_before_anything_is_sent_fails_the_record_and_the_next_run_writes_it(tmp_path, place, whole):
    old, new, path = source(), destination(faults=Faults(errors={place: DEFECT})), tmp_path / "journal"
    summary, _ = migrate(old, new, path)
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert sum(counts.in_doubt for counts in summary.counts.values()) == 0
    assert place[0] in reasons(path, old, new, State.FAILED)
    new.faults.errors.clear()
    summary, _ = migrate(old, new, path)
    assert (summary.exit_code, dump(new)) == (ExitCode.OK, whole)


@pytest.mark.parametrize("place", quick_first(KINDS, 2))
def test_a_defect_after_something_was_sent_puts_the_record_in_doubt_and_nothing_is_written_twice(
    tmp_path, place, whole
):
    old, new, path = source(), destination(), tmp_path / "journal"
    write, seen = getattr(new.importer, place[0]), []

    def meets(*args):
        result = write(*args)
        seen.append(1)
        if len(seen) == place[1]:
            raise DEFECT
        return result

    setattr(new.importer, place[0], meets)
    summary, _ = migrate(old, new, path)
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert place[0] in reasons(path, old, new, State.IN_DOUBT)
    for _ in range(2):
        summary, _ = migrate(old, new, path)
        assert summary.exit_code is ExitCode.INCOMPLETE  # until the user decides
        contacts, tickets = dump(new)
        assert len(contacts) <= len(whole[0])
        assert [subject for subject, *_ in tickets] == [subject for subject, *_ in whole[1]]
        assert all(len(one[-1]) <= len(other[-1]) for one, other in zip(tickets, whole[1], strict=True))


def test_a_defect_in_a_final_state_leaves_that_alone_to_the_next_run(tmp_path, whole):
    old, new, path = source(), destination(), tmp_path / "journal"
    finish = new.importer.finish
    new.importer.finish = lambda *_: (_ for _ in ()).throw(DEFECT)
    summary, _ = migrate(old, new, path)
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert reasons(path, old, new, State.FAILED) == {"ticket"}
    new.importer.finish = finish
    summary, _ = migrate(old, new, path)
    assert (summary.exit_code, dump(new)) == (ExitCode.OK, whole)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_defect_in_reading_one_thread_fails_its_ticket_and_its_comparison_alone(tmp_path, workers):
    old, new = source(), destination()
    bad = ids_at(old)["Subject of t1"]
    failing = Failing(old, "messages", "list", DEFECT, lambda ticket_id, *_: ticket_id == bad)
    summary, failed = migrate(failing, new, tmp_path / "journal", workers=workers)
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert [one.key.id for one in failed[Kind.TICKET]] == [bad]
    assert subjects(new) == ALL[1:]
    there = ids_at(new.fake)["Subject of t2"]
    failing = Failing(new, "messages", "list", DEFECT, lambda ticket_id, *_: ticket_id == there)
    with Migration(old, failing, tmp_path / "journal", options=Options(yes=True)) as migration:
        (difference,) = migration.verify()
    assert (difference.field, difference.expected) == ("messages", "compared")
    assert "unexpected RuntimeError at " in difference.found


def test_a_defect_that_every_record_meets_stops_the_run(tmp_path):
    many = [ticket(f"t{n}", "ann", message("ann", n, "It broke")) for n in range(MOST_IN_A_ROW + 5)]
    old, new, path = source(evolve(small(), tickets=tuple(many))), destination(), tmp_path / "journal"
    failing = Failing(old, "messages", "list", DEFECT)
    with Migration(failing, new, path, options=Options(workers=1, yes=True)) as migration:
        with pytest.raises(RuntimeError, match="Müller"):
            migration.run()
        assert len(migration.journal.by_state(Kind.TICKET, State.FAILED)) == MOST_IN_A_ROW
    assert migrate(old, new, path)[0].exit_code is ExitCode.OK
