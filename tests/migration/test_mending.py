"""Failures can be mended: what failed is tried again, what differs is repaired, and every command tells the state."""

from __future__ import annotations

from itertools import product

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, destination, dump, source
from migration.simulators import served
from migration.test_steps import assert_whole, parts
from tiers import spread

from helpdesk_bridge.errors import Invalid, PermissionDenied
from helpdesk_bridge.migration import ExitCode, Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.report.facts import read_facts

ONE = Options(workers=1, yes=True)
STEPS = {"deskie": "/api/*", "desk365": "/apis/v3/*"}


def migrate(old, new, path, **options):
    with Migration(old, new, path, options=evolve(ONE, **options)) as migration:
        return migration.migrate()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    new = destination()
    assert migrate(source(), new, tmp_path_factory.mktemp("whole") / "journal").exit_code is ExitCode.OK
    return dump(new)


PLACES = [("contact", 1), ("contact", 2), ("ticket", 1), ("message", 1), ("message", 3)]


@pytest.mark.parametrize(
    ("error", "place"),
    spread(product([Invalid("no", field="subject"), PermissionDenied("no")], PLACES), quick=3, slow=2),
)
def test_what_a_run_was_refused_is_written_by_the_next_run(tmp_path, place, error, wanted):
    what, number = place
    again = {(what, number + 1): error} if what == "message" and isinstance(error, Invalid) else {}
    old, new, path = source(), destination(faults=Faults(errors={place: error, **again})), tmp_path / "journal"
    first = migrate(old, new, path)
    assert first.exit_code is ExitCode.INCOMPLETE
    assert read_facts(path).exit_code is ExitCode.INCOMPLETE
    assert migrate(old, new, path).exit_code is ExitCode.OK
    assert dump(new) == wanted
    assert read_facts(path).exit_code is ExitCode.OK


@pytest.mark.parametrize("number", [1, 3])
def test_a_message_that_was_refused_once_is_written_in_its_place(tmp_path, number, wanted):
    old, new = source(), destination(faults=Faults(errors={("message", number): Invalid("no", field="body")}))
    assert migrate(old, new, tmp_path / "journal").exit_code is ExitCode.OK
    assert dump(new) == wanted


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


# -- repair --------------------------------------------------------------------------------------------------------


class Repairing:
    """A finished migration between a local desk and a simulator, to be spoiled and repaired."""

    def __init__(self, old, new, path):
        self.old, self.new, self.path = old, new, path
        assert migrate(old.desk, new.desk, path).differences == ()

    def again(self, *decisions):
        """Verify, decide and repair; return what became of the differences by field, and the state then."""
        with Migration(self.old.desk, self.new.desk, self.path, options=ONE) as migration:
            migration.verify()
            for record_id, side in decisions:
                assert migration.decide_difference(record_id, side)
            found = migration.repair()
            return {one.difference.field: one for one in found}, migration.summary()


@pytest.fixture
def finished(tmp_path):
    with served("local", parts()) as old, served("deskie", 0) as new:
        yield Repairing(old, new, tmp_path / "journal")


def only(desk):
    (ticket,) = desk.tickets.list(include={"spam"})
    return ticket


def test_an_image_whose_address_is_dead_is_repaired_and_nothing_else_is_written(finished):
    new = finished.new
    thread = list(new.desk.messages.list(only(new.desk).id))
    new.desk._adapter.importer.client.edit_message(
        only(new.desk).id, thread[1].id, {"content_html": '<p>Again: <img src="cid:shot@1"></p>'}, note=False
    )
    before = len([one for one in new.simulator.requests if one.method in {"POST", "PUT"}])
    found, summary = finished.again()
    assert {field: one.outcome.value for field, one in found.items()} == {"inline": "repaired"}
    assert summary.exit_code is ExitCode.OK
    writes = [one for one in new.simulator.requests if one.method in {"POST", "PUT"}][before:]
    assert len(writes) == 1
    assert_whole(new)


def test_what_an_agent_changed_at_the_destination_is_left_until_the_user_decides(finished):
    ticket = only(finished.new.desk)
    finished.new.desk.tickets.update(ticket.id, status="open", priority="low")
    found, summary = finished.again()
    assert {one.outcome.value for one in found.values()} == {"left"}
    assert all("changed at the destination" in one.why for one in found.values())
    assert only(finished.new.desk).status.value == "open"
    assert summary.exit_code is ExitCode.INCOMPLETE
    source_id = found["status"].difference.id
    found, summary = finished.again((source_id, "source"))
    assert {one.outcome.value for one in found.values()} == {"repaired"}
    assert (only(finished.new.desk).status.value, summary.exit_code) == ("closed", ExitCode.OK)


def test_a_difference_that_the_user_accepts_is_none_until_the_destination_changes_again(finished):
    ticket = only(finished.new.desk)
    finished.new.desk.tickets.update(ticket.id, status="open")
    found, _ = finished.again()
    found, summary = finished.again((found["status"].difference.id, "destination"))
    assert (found["status"].outcome.value, summary.exit_code) == ("accepted", ExitCode.OK)
    assert only(finished.new.desk).status.value == "open"
    with Migration(finished.old.desk, finished.new.desk, finished.path, options=ONE) as migration:
        assert migration.verify() == []
        finished.new.desk.tickets.update(ticket.id, status="pending")
        assert [one.field for one in migration.verify()] == ["status"]


@pytest.mark.slow
def test_what_both_sides_changed_is_a_conflict_with_the_values_of_both(finished):
    finished.new.desk.tickets.update(only(finished.new.desk).id, status="open")
    finished.old.desk.tickets.update(only(finished.old.desk).id, status="pending")
    found, summary = finished.again()
    status = found["status"]
    assert status.outcome.value == "conflict"
    assert len({status.source, status.written, status.there}) == 3
    assert summary.exit_code is ExitCode.INCOMPLETE
    assert only(finished.new.desk).status.value == "open"


@pytest.mark.slow
def test_a_name_that_an_agent_corrected_is_left_and_a_missing_ticket_is_told(finished):
    (contact,) = finished.new.desk.contacts.list(include={"blocked"})
    finished.new.desk.contacts.update(contact.id, name="Ann-Marie")
    found, _ = finished.again()
    assert (found["name"].outcome.value, found["name"].decides) == ("left", True)
    found, summary = finished.again((found["name"].difference.id, "source"))
    assert (found["name"].outcome.value, summary.exit_code) == ("repaired", ExitCode.OK)
    (contact,) = finished.new.desk.contacts.list(include={"blocked"})
    assert (contact.name, contact.blocked) == ("Ann", True)
    finished.new.desk.removal.ticket(only(finished.new.desk).id)
    found, summary = finished.again()
    assert [(one.outcome.value, one.why) for one in found.values()] == [
        ("left", "it is not at the destination any more")
    ]
    found, summary = finished.again((found["ticket"].difference.id, "source"))
    assert summary.counts[Kind.TICKET].migrated == 1
    assert len(list(finished.new.desk.messages.list(only(finished.new.desk).id))) == 4


# -- files that the source did not give ----------------------------------------------------------------------------


LATE = [("local", None), *((one, fault) for one in STEPS for fault in (None, "response_lost", "connection_reset"))]


@pytest.mark.parametrize(("vendor", "fault"), spread(LATE, quick=4))
def test_a_file_that_the_source_gives_later_is_written_by_the_next_run(tmp_path, monkeypatch, vendor, fault):
    with served("local", parts()) as old, served(vendor, 0) as new:
        facet = type(old.desk.attachments)
        real = facet.open

        def refusing(self, file):
            if file.filename == "3.bin":
                raise PermissionDenied("not this one")
            return real(self, file)

        path = tmp_path / "journal"
        monkeypatch.setattr(
            facet,
            "open",
            lambda self, file: refusing(self, file) if self._link is old.desk.attachments._link else real(self, file),
        )
        first = migrate(old.desk, new.desk, path)
        assert (first.exit_code, first.counts[Kind.ATTACHMENT].failed) == (ExitCode.INCOMPLETE, 3)
        assert migrate(old.desk, new.desk, path).counts[Kind.ATTACHMENT].failed == 3
        monkeypatch.setattr(facet, "open", real)
        if fault:
            new.simulator.faults.inject(fault, on=f"POST {STEPS[vendor]}", after=1)
        second = migrate(old.desk, new.desk, path)
        assert [(one.record, one.id, one.field, one.expected, one.found) for one in second.differences] == []
        assert (second.exit_code, second.counts[Kind.ATTACHMENT].failed) == (ExitCode.OK, 0)
        thread = list(new.desk.messages.list(only(new.desk).id))
        late = [one for one in thread if "fetched later" in one.body.text]
        assert len(late) == 3
        assert {one.visibility.value for one in late} == {"internal"}
        assert sum(file.filename == "3.bin" for one in thread for file in one.attachments) == 3
