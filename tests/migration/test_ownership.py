"""An owner that was stopped, taken over and woken again writes nothing."""

from __future__ import annotations

from contextlib import closing, suppress

import pytest
from attrs import evolve
from migration.faulty_desk import SETTLE, Faults, destination, dump, source
from migration.journals import open_journal
from migration.simulators import served

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import Unavailable
from helpdesk_bridge.migration import ExitCode, Interrupted, JournalInUse, Migration, Options
from helpdesk_bridge.migration.journal import file, ownership
from helpdesk_bridge.migration.journal.database import owned
from helpdesk_bridge.migration.journal.ownership import LEASE
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.testing.clock import ManualClock

ONE = Options(workers=1, yes=True)


@pytest.fixture
def short_lease(monkeypatch):
    for module in (file, owned, ownership):
        monkeypatch.setattr(module, "LEASE", 0.2)
        monkeypatch.setattr(module, "MARGIN", 0.0, raising=False)


def without_files():
    """A stale owner's files are gone with its spool, so that it could not send them anyhow."""
    data = generate(6)
    tickets = (evolve(one, messages=tuple(evolve(part, files=()) for part in one.messages)) for one in data.tickets)
    return evolve(data, tickets=tuple(tickets))


def everything(desk):
    listed = desk.tickets.list(TicketQuery(include={"spam", "merged"}), resolve=False)
    threads = [[one.body.text for one in desk.messages.list(ticket.id, resolve=False)] for ticket in listed]
    return sorted(threads), sorted(one.email or "" for one in desk.contacts.list())


class Stalled:
    """An importer that stops before one write; whoever is called then does as it likes with the journal."""

    def __init__(self, inner, operation, number, meanwhile):
        self._inner, self._operation, self._number, self._meanwhile = inner, operation, number, meanwhile

    def __getattr__(self, name):
        known = getattr(self._inner, name)
        if name != self._operation:
            return known

        def write(*args):
            self._number -= 1
            if self._number == 0:
                self._meanwhile()
            return known(*args)

        return write


QUICK = [("desk365", "ticket", 1), ("local", "message", 1)]
PLACES = [
    pytest.param(vendor, (operation, number), marks=[] if (vendor, operation, number) in QUICK else pytest.mark.slow)
    for vendor in ("desk365", "deskie", "local")
    for operation, number in (
        ("contact", 1), ("contact", 3), ("ticket", 1), ("ticket", 4), ("message", 1), ("message", 3), ("finish", 2),
    )
]  # fmt: skip


@pytest.mark.usefixtures("short_lease")
@pytest.mark.parametrize(("vendor", "place"), PLACES)
def test_an_owner_that_stops_before_its_bytes_go_and_was_taken_over_writes_nothing(tmp_path, vendor, place):
    with served("local", without_files()) as old, served(vendor, 0) as new:

        def take_over():
            with Migration(old.desk, new.desk, tmp_path / "journal", options=evolve(ONE, takeover=True)) as second:
                assert second.migrate().exit_code is ExitCode.OK
            there.append(everything(new.desk))

        there = []
        with Migration(old.desk, new.desk, tmp_path / "journal", options=ONE) as first:
            first._importer = Stalled(first._importer, *place, take_over)
            with pytest.raises(JournalInUse, match="took the journal over"):
                first.run()
        assert everything(new.desk) == there[0]
        with Migration(old.desk, new.desk, tmp_path / "journal", options=ONE) as again:
            summary = again.migrate()
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        assert everything(new.desk) == there[0]


@pytest.mark.usefixtures("short_lease")
def test_an_owner_that_was_stopped_and_not_taken_over_goes_on(tmp_path):
    with served("local", without_files()) as old, served("desk365", 0) as new:
        with Migration(old.desk, new.desk, tmp_path / "journal", options=ONE) as first:
            importer = first._importer
            first._importer = Stalled(importer, "ticket", 2, lambda: new.desk.clock.sleep(0.5 * 7200))
            assert first.migrate().exit_code is ExitCode.OK


def test_a_new_owner_waits_until_the_lease_of_the_one_before_has_ended(tmp_path):
    clock = ManualClock()
    with closing(open_journal(tmp_path / "journal", clock=clock)) as first:
        first.file.check_owner()
        clock.advance(1)
        first.file.check_lease()  # no look into the journal: the lease says it
        with closing(open_journal(tmp_path / "journal", clock=clock, takeover=True)) as second:
            assert sum(clock.slept) == pytest.approx(LEASE - 1)
            assert second.file.sent_until == clock.now()
            with pytest.raises(JournalInUse):
                first.file.check_lease()
            second.file.check_lease()


def test_a_lease_of_another_boot_is_waited_for_in_full(tmp_path, monkeypatch):
    clock = ManualClock()
    with closing(open_journal(tmp_path / "journal", clock=clock)):
        monkeypatch.setattr(file, "boot", lambda: "another")
        clock.advance(1000)
        with closing(open_journal(tmp_path / "journal", clock=clock, takeover=True)) as second:
            assert sum(clock.slept) == LEASE
            assert second.file.sent_until == clock.now()


def test_a_lease_is_extended_by_each_transaction_and_after_a_sleep_by_a_look_into_the_journal(tmp_path):
    clock = ManualClock()
    with closing(open_journal(tmp_path / "journal", clock=clock)) as journal:
        seen = []
        journal.file.before_commit = lambda _: seen.append(clock.now())
        clock.advance(4)
        journal.file.check_owner()
        clock.advance(4)
        journal.file.check_lease()
        assert seen == [4]
        clock.advance(400)
        journal.file.check_lease()
        assert seen == [4, 408]


def test_a_write_that_waited_long_before_it_was_sent_is_not_looked_up_too_early(tmp_path):
    old, path = source(), tmp_path / "journal"
    waits = {("ticket", n): Unavailable("down") for n in range(1, 7)}  # 1 + 2 + 4 + 8 + 16 + 30 seconds
    new = destination(faults=Faults(errors=waits, late={("ticket", 7): SETTLE / 2}))
    with Migration(old, new, path, options=ONE) as migration:
        sleep = new.clock.wait
        new.clock.wait = lambda event, seconds: (event.set(), True)[1] if new.faults.pending else sleep(event, seconds)
        with suppress(Interrupted):
            migration.run()
        del new.clock.wait
    assert new.faults.pending
    with Migration(old, new, path, options=ONE) as migration:
        summary = migration.migrate()
    whole = destination()
    with Migration(source(), whole, tmp_path / "whole", options=ONE) as migration:
        migration.migrate()
    assert dump(new) == dump(whole)
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
