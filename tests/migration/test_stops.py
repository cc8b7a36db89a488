from __future__ import annotations

import pytest
from attrs import evolve
from migration.faulty_desk import Faults, destination, dump, source
from tiers import spread

from helpdesk_bridge.adapter import Finding, Severity
from helpdesk_bridge.errors import AuthenticationFailed, PermissionDenied, RateLimited, Unavailable
from helpdesk_bridge.migration import CredentialsLost, ExitCode, Interrupted, JournalInUse, Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State

ONE = Options(workers=1, yes=True)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    new = destination()
    with Migration(source(), new, tmp_path_factory.mktemp("whole") / "journal", options=ONE) as migration:
        migration.migrate()
    return dump(new)


def open_migration(old, new, path, **options):
    return Migration(old, new, path, options=evolve(ONE, **options))


def resumes(old, new, path, wanted):
    with open_migration(old, new, path) as migration:
        summary = migration.migrate()
    assert dump(new) == wanted
    assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())


class Source:
    """A source whose reads fail for a while."""

    def __init__(self, inner, errors):
        self._inner, self._errors = inner, errors

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @property
    def messages(self):
        if self._errors:
            raise self._errors.pop(0)
        return self._inner.messages


@pytest.mark.parametrize("after", spread(range(1, 8), quick=3, slow=2))
def test_a_stop_ends_after_the_write_at_hand_and_the_next_run_goes_on(tmp_path, after, wanted):
    old, new, path = source(), destination(), tmp_path / "journal"
    with open_migration(old, new, path) as migration:
        real, seen = new.importer._write, []

        def write(*args):
            seen.append(args)
            if len(seen) == after:
                migration.stop()
            return real(*args)

        new.importer._write = write
        with pytest.raises(Interrupted, match="run again") as stopped:
            migration.run()
        assert stopped.value.exit_code is ExitCode.STOPPED
        assert len(seen) == after
        assert not [one for kind in Kind for one in migration.journal.by_state(kind, State.INTENT)]
        assert migration.summary().exit_code is ExitCode.STOPPED
        new.importer._write = real
    resumes(old, new, path, wanted)


def test_a_short_outage_is_waited_out(tmp_path, wanted):
    errors = {("ticket", n): Unavailable("down") for n in (1, 2, 3)}
    new = destination(faults=Faults(errors=errors))
    resumes(source(), new, tmp_path / "journal", wanted)
    assert sum(new.clock.slept) == pytest.approx(1 + 2 + 4)


def test_a_refusal_for_the_rate_is_waited_for_as_long_as_it_asks(tmp_path, wanted):
    new = destination(faults=Faults(errors={("message", 1): RateLimited("slow down", retry_after=17.0)}))
    resumes(source(), new, tmp_path / "journal", wanted)
    assert new.clock.slept == [17.0]


def test_an_outage_past_the_deadline_stops_the_run_which_can_be_resumed(tmp_path, wanted):
    old, path = source(), tmp_path / "journal"
    new = destination(faults=Faults(errors={("ticket", n): Unavailable("down") for n in range(1, 100)}))
    with open_migration(old, new, path, patience=120.0) as migration, pytest.raises(Interrupted, match="120 seconds"):
        migration.run()
    assert 120 <= sum(new.clock.slept) <= 120 + 30
    assert not new.fake.all_tickets()
    new.faults.errors.clear()
    before = new.faults.calls["find"]
    resumes(old, new, path, wanted)
    assert new.faults.calls["find"] - before <= 3  # nothing was in flight: nothing is in doubt


def test_an_outage_at_the_source_is_waited_out_too(tmp_path, wanted):
    new = destination()
    old = Source(source(), [Unavailable("down")] * 2)
    resumes(old, new, tmp_path / "journal", wanted)


@pytest.mark.parametrize("place", [("contact", 2), ("ticket", 2), ("message", 2)])
def test_credentials_that_are_refused_in_mid_run_fail_no_record(tmp_path, place, wanted):
    def check():
        if new.faults.errors:
            raise AuthenticationFailed("no")
        return ()

    old, new, path = source(), destination(check=check), tmp_path / "journal"
    operation, first = place
    new.faults.errors = {(operation, n): AuthenticationFailed("no") for n in range(first, 50)}
    with open_migration(old, new, path) as migration:
        with pytest.raises(CredentialsLost, match="correct them and run again") as stopped:
            migration.run()
        assert stopped.value.exit_code is ExitCode.CREDENTIALS
        assert not [one for kind in Kind for one in migration.journal.by_state(kind, State.FAILED, State.INTENT)]
    new.faults.errors.clear()
    resumes(old, new, path, wanted)


def test_a_right_that_one_record_lacks_fails_that_record_only(tmp_path):
    new = destination(faults=Faults(errors={("message", 1): PermissionDenied("not this one")}))
    with open_migration(source(), new, tmp_path / "journal") as migration:
        summary = migration.migrate()
    assert summary.as_json()["messages"]["failed"] == 1
    assert summary.as_json()["tickets"]["failed"] == 0


def test_rights_that_are_gone_altogether_stop_the_run(tmp_path, wanted):
    old, path = source(), tmp_path / "journal"
    new = destination(check=lambda: (Finding(Severity.PROBLEM, "key", "revoked"),))
    new.faults.errors = {("message", n): PermissionDenied("no") for n in range(1, 50)}
    with open_migration(old, new, path) as migration, pytest.raises(CredentialsLost):
        migration.run()
    new.faults.errors.clear()
    resumes(old, new, path, wanted)


def test_a_run_that_was_taken_over_stops(tmp_path):
    old, new, path = source(), destination(), tmp_path / "journal"
    with open_migration(old, new, path) as first:
        with pytest.raises(JournalInUse):
            open_migration(old, new, path)
        with open_migration(old, new, path, takeover=True):
            with pytest.raises(JournalInUse, match="took the journal over"):
                first.run()
            assert not any(new.faults.calls[one] for one in ("contact", "ticket", "message"))


def test_an_intent_of_an_earlier_run_is_looked_up_once_its_time_has_passed(tmp_path, wanted):
    old, new, path = source(), destination(), tmp_path / "journal"
    new.faults.late = {("ticket", 1): 30.0}
    with open_migration(old, new, path) as migration:
        new.clock.wait = lambda event, seconds: (event.set(), True)[1]  # asked to stop while it waits
        with pytest.raises(Interrupted):
            migration.run()
        del new.clock.wait
    new.clock.advance(20)
    new.clock.slept.clear()
    resumes(old, new, path, wanted)
    assert sum(new.clock.slept) == pytest.approx(40)
