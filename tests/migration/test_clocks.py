"""A machine whose clock is wrong, or set while a migration is interrupted."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest
from attrs import evolve, frozen
from migration.faulty_desk import START, person
from migration.simulators import served, settings_for
from tiers import spread

from helpdesk_bridge import open_desk
from helpdesk_bridge.adapter import Severity
from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.migration import ExitCode, Interrupted, Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.model.queries import ContactQuery, Order, TicketQuery

SHIFTS = [timedelta(hours=2), timedelta(hours=-2), timedelta(days=2), timedelta(days=-2)]
ONE = Options(workers=1, yes=True)


@frozen
class Shifted(SystemClock):
    """This machine's clock, as if it had been set wrong."""

    shift: timedelta = timedelta(0)

    def wall(self) -> datetime:
        return super().wall() + self.shift


def seen_at(shift, desk):
    """Return another connection to a simulated account, from a machine whose clock is wrong."""
    scale = desk.desk.clock.time_scale
    table = {"vendor": desk.desk.vendor, **settings_for(desk.simulator, desk.url, scale)}
    return open_desk(table, name="shifted", clock=Shifted(scale, shift))


class Ends(BaseException):
    """The process died here; a defect would end its record alone."""


@pytest.mark.parametrize(("vendor", "shift"), spread(product(["deskie", "desk365"], SHIFTS), quick=3, slow=2), ids=str)
def test_a_run_that_was_killed_under_another_clock_writes_nothing_twice(tmp_path, vendor, shift):
    with served("local", 4) as old, served(vendor, 0) as new, seen_at(shift, new) as wrong:
        with Migration(old.desk, wrong, tmp_path / "journal", options=ONE) as migration:
            write, seen = migration._importer.ticket, []

            def dies(*args):
                seen.append(write(*args))
                if len(seen) == 2:
                    raise Ends
                return seen[-1]

            migration._importer = Replaced(migration._importer, dies)
            with pytest.raises(Ends):
                migration.run()
            assert len(migration.journal.by_state(Kind.TICKET, State.INTENT)) == 1
        with Migration(old.desk, new.desk, tmp_path / "journal", options=ONE) as migration:
            summary = migration.migrate()
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        tickets = list(new.desk.tickets.list(TicketQuery(include={"spam", "merged"}), resolve=False))
        assert len(tickets) == summary.counts[Kind.TICKET].migrated


@pytest.mark.parametrize(("vendor", "shift"), spread(product(["deskie", "desk365"], SHIFTS), quick=3, slow=2), ids=str)
def test_a_duplicate_is_seen_by_a_verification_whatever_the_clock_of_the_run_said(tmp_path, vendor, shift):
    with served("local", 4) as old, served(vendor, 0) as new, seen_at(shift, new) as wrong:
        with Migration(old.desk, wrong, tmp_path / "journal", options=ONE) as migration:
            write, again = migration._importer.ticket, []

            def twice(*args):
                again.append(args)
                if len(again) == 1:
                    write(*args)
                return write(*args)

            migration._importer = Replaced(migration._importer, twice)
            migration.run()
        with Migration(old.desk, new.desk, tmp_path / "journal", options=ONE) as migration:
            assert [one.field for one in migration.verify()] == ["duplicate"]


class Replaced:
    def __init__(self, inner, ticket):
        self._inner, self.ticket = inner, ticket

    def __getattr__(self, name):
        return getattr(self._inner, name)


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_a_check_tells_a_clock_that_is_wrong_by_more_than_a_minute(tmp_path, vendor):
    with served(vendor, 2) as served_desk:
        for shift, said in (
            (timedelta(hours=2), "2 h 0 min ahead of"),
            (timedelta(days=-2), "48 h 0 min behind"),
            (timedelta(seconds=40), None),
        ):
            with seen_at(shift, served_desk) as desk:
                told = [one for one in desk.check() if one.subject == "clock"]
                if said is None:
                    assert told == []
                else:
                    assert [(one.severity, said in one.detail) for one in told] == [(Severity.WARNING, True)]
        with seen_at(timedelta(hours=3), served_desk) as desk, served("local", 0) as new:
            with Migration(desk, new.desk, tmp_path / "journal") as migration:
                assert "clock" in {one.subject for one in migration.preflight()}


@pytest.mark.parametrize("order", [Order.CREATED_DESC, Order.UPDATED_DESC, Order.CREATED_ASC])
def test_contacts_of_the_last_days_are_listed_on_a_machine_whose_clock_is_wrong(order):
    people = (person(f"p{n}", f"p{n}@client.example") for n in range(130))
    people = tuple(evolve(one, created_at=START + timedelta(hours=n)) for n, one in enumerate(people))
    with served("deskie", Dataset(people=people)) as old:
        fresh = {old.desk.contacts.create(name=f"N {n}", emails=(f"n{n}@client.example",)).id for n in range(3)}
        for shift in SHIFTS:
            with seen_at(shift, old) as wrong:
                listed = [one.id for one in wrong.contacts.list(ContactQuery(order=order))]
            assert fresh <= set(listed)
            assert len(listed) == len(set(listed)) == 133


def test_an_interrupted_run_is_stopped_by_its_signal_under_any_clock(tmp_path):
    with served("local", 4) as old, served("deskie", 0) as new, seen_at(timedelta(days=2), new) as wrong:
        with Migration(old.desk, wrong, tmp_path / "journal", options=ONE) as migration:
            migration.stop()
            with pytest.raises(Interrupted):
                migration.run()
