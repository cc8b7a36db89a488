from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from migration.simulators import served

from helpdesk_bridge.errors import Unsupported
from helpdesk_bridge.headerline import split_marker
from helpdesk_bridge.migration import ExitCode, Migration, NeverPossible, Options
from helpdesk_bridge.query import TicketQuery
from helpdesk_bridge.testing.simulator.faults import Fault

YES = Options(yes=True)
PAIRS = [
    ("deskie", "desk365"), ("desk365", "deskie"), ("deskie", "local"), ("desk365", "local"), ("local", "deskie"),
    ("local", "desk365"),
]  # fmt: skip


def migrate(old, new, path, options=YES):
    with Migration(old.desk, new.desk, path, options=options) as migration:
        return migration.migrate()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_pair_of_vendors_migrates_without_a_difference(tmp_path, pair):
    with served(pair[0], 12) as old, served(pair[1], 0) as new:
        summary = migrate(old, new, tmp_path / "journal")
    told = summary.as_json()
    assert told["differences"] == []
    assert (told["exit_code"], told["verified"], told["throttled"]) == (0, True, 0)
    for kind in ("tickets", "contacts", "messages", "attachments"):
        counts = told[kind]
        assert counts["planned"] == counts["migrated"] + counts["skipped"] + counts["failed"] + counts["in_doubt"] > 0
        assert counts["failed"] == counts["in_doubt"] == 0
    for side, vendor in zip(("source", "destination"), pair, strict=True):
        units = told["budget_units"][side]
        if vendor == "local":
            assert units == {"spent": 0, "minimum": None}
        else:
            assert units["minimum"] <= units["spent"] <= units["minimum"] * 1.01 + 40


def test_what_is_refused_and_why_is_the_same_as_what_is_told(tmp_path):
    with served("deskie", 12) as old, served("desk365", 0) as new:
        summary = migrate(old, new, tmp_path / "journal")
    changes = {(one.field, one.change) for one in summary.changed}
    assert {
        ("ticket.tags", "lost"),
        ("ticket.rating", "lost"),
        ("message.created_at", "kept as header line"),
    } <= changes
    assert all(one.records for one in summary.changed)
    assert json.dumps(summary.as_json())


def test_desk360_is_no_destination(tmp_path):
    from helpdesk_bridge import open_desk

    try:
        new = open_desk({"vendor": "desk360", "api_key": "k", "integration": "1"})
    except (ImportError, Unsupported) as error:
        pytest.skip(f"Desk360 cannot be opened here: {error}")
    with served("deskie", 0) as old, new:
        with pytest.raises(NeverPossible) as refused:
            Migration(old.desk, new, tmp_path / "journal")
        assert refused.value.exit_code is ExitCode.USAGE
        assert not old.simulator.requests


def subjects_and_markers(desk):
    found = []
    for ticket in desk.tickets.list(TicketQuery(include={"description", "custom_fields"})):
        opening = next(iter(desk.messages.list(ticket.id)))
        marker = ticket.custom_fields.get("Migration marker") or split_marker(opening.body)[0]
        found.append((ticket.subject, marker, ticket.message_count))
    return sorted(found, key=str)


@pytest.mark.parametrize("kind", ["response_lost", "late_commit", "connection_reset", "html_page", "truncated"])
@pytest.mark.parametrize("path", ["tickets/create*", "tickets/add_note*", "contacts/create"])
def test_answers_that_are_lost_on_the_wire_double_nothing(tmp_path, kind, path):
    with served("deskie", 8) as old, served("desk365", 0) as new:
        fault = Fault(kind, on=f"POST /apis/v3/{path}", times=2, after=1, seconds=5.0, processed=True)
        injection = new.simulator.faults.inject(fault)
        summary = migrate(old, new, tmp_path / "journal")
        assert injection.hits == 2
        assert (summary.exit_code, summary.differences) == (ExitCode.OK, ())
        there = subjects_and_markers(new.desk)
    assert len({marker for _, marker, _ in there}) == len(there) == summary.as_json()["tickets"]["migrated"]


RUN = """
import json, sys
from helpdesk_bridge import open_desk
from helpdesk_bridge.migration import Migration, Options
old, new = (open_desk(json.loads(one)) for one in sys.argv[1:3])
with old, new, Migration(old, new, sys.argv[3], options=Options(yes=True)) as migration:
    print(json.dumps(migration.migrate().as_json()))
"""


def run(old, new, path):
    arguments = [json.dumps(old.settings), json.dumps(new.settings), str(path)]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RUN, *arguments], stdout=subprocess.PIPE, env=dict(os.environ)
    )


@pytest.mark.parametrize("after", [3, 15, 30, 45])
def test_a_run_that_is_killed_is_resumed_and_doubles_nothing(tmp_path, after):
    with served("deskie", 8) as old, served("desk365", 0) as new:
        process = run(old, new, tmp_path / "journal")
        while len(new.simulator.requests) < after and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        output, _ = run(old, new, tmp_path / "journal").communicate(timeout=120)
        told = json.loads(output)
        there = subjects_and_markers(new.desk)
    assert told["differences"] == []
    assert (told["exit_code"], told["tickets"]["failed"], told["tickets"]["in_doubt"]) == (0, 0, 0)
    assert len({marker for _, marker, _ in there}) == len(there) == told["tickets"]["migrated"]
