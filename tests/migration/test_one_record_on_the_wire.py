"""One record that a vendor refuses for good, over simulators: the others are migrated, and the run ends."""

from __future__ import annotations

import pytest
from migration.simulators import served

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import ExitCode, Interrupted, Migration, Options
from helpdesk_bridge.migration.journal.states import Kind, State

PATHS = {"deskie": "GET /api/cases/{}/messages.json", "desk365": "GET /apis/v3/tickets/conversations"}


@pytest.fixture
def pair():
    with served("deskie", 6) as old, served("desk365", 0) as new:
        yield old, new


def opened(old, new, path, **options):
    return Migration(old.desk, new.desk, path, options=Options(yes=True, **options))


def with_thread(desk):
    return next(one for one in desk.tickets.list() if len(list(desk.messages.list(one.id))) > 1)


@pytest.mark.parametrize("status", [403, 500])
def test_one_thread_that_the_source_refuses_fails_alone(tmp_path, pair, status):
    old, new = pair
    bad = with_thread(old.desk).id
    path = PATHS["deskie"].format(bad)
    with old.simulator.faults.inject("server_error", on=path, times=None, status=status):
        with opened(old, new, tmp_path / "journal") as migration:
            summary = migration.migrate()
            failed = [one.key.id for one in migration.journal.by_state(Kind.TICKET, State.FAILED)]
    assert (summary.exit_code, failed) == (ExitCode.INCOMPLETE, [bad])
    assert summary.differences == ()


@pytest.mark.slow
@pytest.mark.parametrize("status", [403, 500])
def test_one_file_that_the_destination_refuses_is_one_difference(tmp_path, status):
    with served("local", generate(20)) as old, served("deskie", 0) as new:
        with opened(old, new, tmp_path / "journal") as migration:
            migration.run()
            threads = [new.desk.messages.list(one.id) for one in new.desk.tickets.list()]
            first = next(file.locator for thread in threads for message in thread for file in message.attachments)
            path = first.removeprefix(new.url)
            with new.simulator.faults.inject("server_error", on=f"GET {path}", times=None, status=status):
                differences = migration.verify()
            assert migration.summary().exit_code is ExitCode.INCOMPLETE
    assert [(one.record, one.expected) for one in differences] == [("attachment", "readable")]


@pytest.mark.parametrize("vendor", ["deskie", "desk365"])
def test_a_source_that_answers_with_errors_of_status_200_is_an_outage(tmp_path, vendor):
    with served(vendor, 4) as old, served("local", 0) as new:
        old.simulator.faults.inject("server_error", on="tickets.list", times=None, status=200)
        with opened(old, new, tmp_path / "journal", patience=0.5) as migration:
            with pytest.raises(Interrupted) as stopped:
                migration.run()
            assert stopped.value.exit_code is ExitCode.STOPPED
        old.simulator.faults.clear()
        with opened(old, new, tmp_path / "journal") as migration:
            assert migration.migrate().exit_code is ExitCode.OK
