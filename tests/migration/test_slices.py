"""A migration in slices is the same migration: it ends by itself, sends nothing in between, and waits on no budget."""

from __future__ import annotations

import threading

import pytest
from conformance.accounts import simulated
from hypothesis import given, settings
from hypothesis import strategies as st
from migration.simulators import served

from helpdesk_bridge import open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import DecisionNeeded, Interrupted, Migration, Options, Waiting
from helpdesk_bridge.testing.clock import ManualClock

YES = Options(yes=True, workers=3)


class TickingClock(ManualClock):
    """Time passes wherever somebody looks at it, so that a slice may end at any place where a thread looks."""

    def now(self):
        self.advance(0.25)
        return super().now()


def pair(clock, tickets=6):
    old = open_desk({"vendor": "local", "path": ":memory:"}, name="old", clock=clock)
    new = open_desk({"vendor": "local", "path": ":memory:"}, name="new", clock=clock)
    old.vendor_api.seed(generate(tickets))
    return old, new


def shown(desk):
    """Return what a desk holds, but for its own ids."""
    return sorted(
        (one.subject, one.status, [(part.body.text, part.visibility) for part in desk.messages.list(one.id)])
        for one in desk.tickets.list(include={"spam"})
    )


def ended(migration, clock, seconds=iter(()), longest=60.0):  # noqa: B008 - it is empty
    """Take slices until the end; return the summary and what was waited for."""
    waits = []
    while isinstance(what := migration.advance(next(seconds, 0) or longest), Waiting):
        waits.append(what)
        clock.advance(max(0.0, (what.until - clock.wall()).total_seconds()))
    return what, waits


@settings(max_examples=5)
@given(lengths=st.lists(st.floats(0.5, 12), max_size=40))
def test_any_split_into_slices_leaves_what_one_run_leaves(tmp_path_factory, lengths):
    clock = TickingClock()
    old, new = pair(clock, tickets=3)
    with Migration(old, new, tmp_path_factory.mktemp("slices") / "journal", options=YES) as migration:
        summary, waits = ended(migration, clock, iter(lengths), 6.0)
    assert summary.verified
    assert waits
    assert {one.reason for one in waits} == {""}
    whole = open_desk({"vendor": "local", "path": ":memory:"}, name="whole", clock=ManualClock())
    with Migration(old, whole, tmp_path_factory.mktemp("whole") / "journal", options=YES) as migration:
        migration.migrate()
    assert shown(new) == shown(whole)


@pytest.mark.parametrize("vendor", ["desk365", "deskie"])
def test_nobody_sleeps_on_a_budget_and_none_is_exceeded(tmp_path, vendor):
    with simulated(vendor, "in process") as account:
        clock = account.clock
        old = open_desk({"vendor": "local", "path": ":memory:"}, name="old", clock=clock)
        old.vendor_api.seed(generate(25))
        with Migration(old, account.desk, tmp_path / "journal", options=YES) as migration:
            before = len(clock.slept)
            summary, waits = ended(migration, clock)
        assert summary.verified, summary.differences
        assert {one.reason.rpartition(": ")[2] for one in waits} == {"rate limit"}
        assert max(clock.slept[before:], default=0) <= 1
        assert summary.throttled == 0


def test_between_two_slices_nothing_is_sent_and_the_rest_ends_with_the_migration(tmp_path):
    with served("deskie", 0) as new:
        old = open_desk({"vendor": "local", "path": ":memory:"}, name="old")
        old.vendor_api.seed(generate(12))
        before = threading.active_count()
        with Migration(old, new.desk, tmp_path / "journal", options=YES) as migration:
            for _ in range(4):
                assert isinstance(migration.advance(0.02), Waiting)
                sent = len(new.simulator.requests)
                new.simulator.clock.advance(60)
                assert len(new.simulator.requests) == sent
        assert len([one for one in threading.enumerate() if one.name.startswith("migration")]) == 0, before
        with Migration(old, new.desk, tmp_path / "journal", options=YES) as migration:
            while isinstance(summary := migration.advance(30), Waiting):
                continue
        assert summary.verified, summary.differences
        assert len(new.desk.tickets.list().all()) == len(old.tickets.list().all())


def test_what_stops_a_run_is_raised_and_the_slice_after_it_begins_anew(tmp_path):
    with simulated("deskie", "in process") as account:
        old = open_desk({"vendor": "local", "path": ":memory:"}, name="old", clock=account.clock)
        old.vendor_api.seed(generate(2))
        with Migration(old, account.desk, tmp_path / "journal") as migration:
            with pytest.raises(DecisionNeeded) as raised:
                migration.advance()
            assert not account.desk.tickets.list().all()
            migration.acknowledge(*(one.removeprefix("--hazard ") for one in raised.value.hazards))
            for value in migration.plan().values:
                migration.map_value(value.field, value.old, value.proposed)
            assert ended(migration, account.clock)[0].verified


def test_a_migration_that_was_stopped_says_so(tmp_path):
    old, new = pair(TickingClock())
    with Migration(old, new, tmp_path / "journal", options=YES) as migration:
        migration.advance(0.5)
        migration.stop()
        with pytest.raises(Interrupted):
            migration.advance()


@pytest.mark.parametrize("seconds", [0, -1.0])
def test_a_slice_without_time_is_refused(tmp_path, seconds):
    with Migration(*pair(ManualClock()), tmp_path / "journal", options=YES) as migration:
        with pytest.raises(ValueError, match="more than 0"):
            migration.advance(seconds)


def test_one_thread_carries_many_migrations(tmp_path):
    clock = TickingClock()
    desks = [pair(clock, tickets=2) for _ in range(8)]
    migrations = [Migration(*one, tmp_path / f"journal{n}", options=YES) for n, one in enumerate(desks)]
    left = dict(enumerate(migrations))
    while left:
        for number, migration in list(left.items()):
            if not isinstance(summary := migration.advance(5), Waiting):
                assert summary.verified
                left.pop(number).close()
    assert all(len(old.tickets.list().all()) == len(new.tickets.list().all()) for old, new in desks)
