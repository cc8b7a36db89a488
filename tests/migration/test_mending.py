"""Failures can be mended: what failed is tried again, what differs is repaired, and every command tells the state."""

from __future__ import annotations

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, destination, dump, source
from migration.simulators import served
from migration.test_steps import assert_whole, parts

from helpdesk_bridge.errors import Invalid, PermissionDenied
from helpdesk_bridge.migration import ExitCode, Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.report.facts import read_facts

ONE = Options(workers=1, yes=True)


def migrate(old, new, path, **options):
    with Migration(old, new, path, options=evolve(ONE, **options)) as migration:
        return migration.migrate()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    new = destination()
    assert migrate(source(), new, tmp_path_factory.mktemp("whole") / "journal").exit_code is ExitCode.OK
    return dump(new)


PLACES = [("contact", 1), ("contact", 2), ("ticket", 1), ("message", 1), ("message", 3)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", [Invalid("no", field="subject"), PermissionDenied("no")])
def test_what_was_refused_once_is_written_by_the_next_run(tmp_path, place, error, wanted):
    old, new, path = source(), destination(faults=Faults(errors={place: error})), tmp_path / "journal"
    first = migrate(old, new, path)
    assert first.exit_code is ExitCode.INCOMPLETE
    assert read_facts(path).exit_code is ExitCode.INCOMPLETE
    assert migrate(old, new, path).exit_code is ExitCode.OK
    assert dump(new) == wanted
    assert read_facts(path).exit_code is ExitCode.OK


def test_a_record_that_is_refused_again_tells_how_often_it_was_tried(tmp_path):
    old, path = source(), tmp_path / "journal"
    new = destination(faults=Faults(errors={("ticket", n): Invalid("no", field="subject") for n in (1, 4, 5)}))
    for _ in range(3):
        migrate(old, new, path)
    (reason,) = [one for one in read_facts(path).reasons if (one.kind, one.state) == (Kind.TICKET, State.FAILED)]
    assert (reason.count, reason.attempts) == (1, 3)


def test_a_final_state_that_was_refused_is_a_failure_until_a_run_sets_it(tmp_path, wanted):
    old, new, path = source(), destination(), tmp_path / "journal"
    finish = new.importer.finish

    def refused(*_):
        raise Invalid("no", field="status")

    new.importer.finish = refused
    with Migration(old, new, path, options=ONE) as migration:
        migration.run()
        summary = migration.summary()
        assert summary.exit_code is ExitCode.INCOMPLETE
        assert summary.counts[Kind.TICKET].failed
    new.importer.finish = finish
    assert migrate(old, new, path).exit_code is ExitCode.OK
    assert dump(new) == wanted


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_a_contact_that_was_refused_once_is_completed_and_no_shell(tmp_path, vendor):
    with served("local", parts()) as old, served(vendor, 0) as new:
        path = "/api/users.json" if vendor == "deskie" else "/apis/v3/contacts/create"
        new.simulator.faults.inject("server_error", on=f"POST {path}", status=400)
        first = migrate(old.desk, new.desk, tmp_path / "journal")
        assert (first.exit_code, first.counts[Kind.CONTACT].failed) == (ExitCode.INCOMPLETE, 1)
        second = migrate(old.desk, new.desk, tmp_path / "journal")
        assert second.differences == ()
        assert second.exit_code is ExitCode.OK
        (contact,) = new.desk.contacts.list(include={"blocked"})
        assert contact.name == "Ann"
        assert_whole(new)
