"""``helpdesk-bridge demo`` as a stranger runs it: what it prints, what it ends with, and that its figures add up."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from e2e.bench import run, run_here

CORPUS = os.environ.get("HELPDESK_BRIDGE_CORPUS")
KINDS = ("tickets", "contacts", "messages", "attachments")
STATES = {"planned", "migrated", "skipped", "failed", "in_doubt"}
KEYS = {
    "source", "destination", *KINDS, "verified", "differences", "changed", "calls", "budget_units", "throttled",
    "seconds", "time_scale", "report", "exit_code", "left_alone", "verification",
    "uncarried", "gone",
}  # fmt: skip


def demo(*options, timeout=600):
    ended = run("demo", "--json", *options, timeout=timeout)
    assert ended.stdout, ended.stderr
    found = json.loads(ended.stdout)
    assert_shape(found)
    assert found["exit_code"] == ended.returncode
    return found


def whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def assert_shape(found):
    """Every key with its type as it is promised, and counts that add up."""
    assert set(found) - {"rest_notes"} == KEYS  # these only where the destination lacks a field
    for kind in KINDS:
        counts = found[kind]
        assert set(counts) == STATES
        assert all(whole(one) for one in counts.values())
        assert counts["planned"] == sum(counts[state] for state in STATES - {"planned"})
    assert found["left_alone"] == []  # nothing at the destination carries a marker of somebody else's making
    assert found["gone"] == []  # nor is anything missing there that a run wrote
    assert isinstance(found["uncarried"], list)
    assert isinstance(found["verified"], bool)
    assert whole(found["throttled"])
    assert whole(found["exit_code"])
    assert isinstance(found["seconds"], float)
    assert isinstance(found["differences"], list)
    assert all(set(one) == {"ticket", "record", "id", "field", "expected", "found"} for one in found["differences"])
    for one in found["changed"]:
        assert set(one) == {"field", "change", "why", "records"}
        assert one["change"] == "lost" or one["change"].startswith("kept ")
        assert isinstance(one["records"], int)
    for side in ("source", "destination"):
        local = found[side] == "local"
        assert whole(found["calls"][side])
        assert set(found["budget_units"][side]) == {"spent", "minimum"}
        assert found["calls"][side] == 0 if local else found["calls"][side] > 0
        assert found["budget_units"][side]["spent"] == 0 if local else found["budget_units"][side]["spent"] > 0
        for figure in (found["budget_units"][side]["minimum"], found["time_scale"][side]):
            assert figure is None if local else figure > 0
    assert Path(found["report"]).is_file()


def assert_all_moved(found, source, destination):
    assert (found["source"], found["destination"]) == (source, destination)
    assert found["exit_code"] == 0
    assert found["verified"] is True
    assert found["differences"] == []
    assert found["throttled"] == 0
    for kind in KINDS:
        assert found[kind]["failed"] == found[kind]["in_doubt"] == 0


def test_the_demo_moves_60_tickets_from_deskie_to_desk365_and_verifies_them(tmp_path):
    found = demo("--report", tmp_path / "report")
    assert_all_moved(found, "deskie", "desk365")
    assert found["tickets"]["planned"] == 60
    assert found["tickets"]["migrated"] > found["tickets"]["skipped"] > 0
    assert found["attachments"]["migrated"] > 0
    assert Path(found["report"]).parent == tmp_path / "report"
    assert {one["change"] for one in found["changed"]} >= {"lost", "kept as header line", "kept in a note"}
    fields = {one["field"] for one in found["changed"] if one["change"] == "kept in a note"}
    assert fields >= {"ticket.tags", "ticket.closed_at", "ticket.rating"}
    assert found["rest_notes"]["migrated"] == found["tickets"]["migrated"]
    # Not one refusal was needed, and little more than the least that such a migration can cost.
    for side in ("source", "destination"):
        units = found["budget_units"][side]
        assert units["minimum"] <= units["spent"] <= units["minimum"] * 1.1 + 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "destination"),
    [("deskie", "local"), ("local", "desk365"), ("desk365", "deskie"), ("local", "deskie"), ("desk365", "local")],
)
def test_the_demo_moves_every_pair(source, destination):
    found = demo("--from", source, "--to", destination, "--tickets", "25")
    assert_all_moved(found, source, destination)
    assert found["tickets"]["migrated"] > 20


def test_words_and_a_report_are_for_people(tmp_path):
    ended = run("demo", "--tickets", "3", "--report", tmp_path)
    assert ended.returncode == 0
    assert "Deskie -> Desk365" in ended.stdout
    assert "Verified by reading the destination back: nothing lost" in " ".join(ended.stdout.split())
    assert "kept" in ended.stdout
    assert "lost" in ended.stdout
    assert "times faster" in ended.stderr  # it says how much faster the vendors' clocks run
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<html" in page
    assert "http://" not in page.replace("http://www.w3.org", "")  # self-contained
    assert "src=" not in page.replace('src="data:', "")


@pytest.mark.parametrize("destination", ["desk360"])
def test_desk360_is_refused_in_one_line_before_anything_is_sent(destination, tmp_path):
    ended = run_here("demo", "--json", "--to", destination, "--report", tmp_path / "report", cwd=tmp_path, env={})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "Desk360" in ended.stderr
    assert "phone" in ended.stderr  # it says why
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("options", [("--from", "desk360"), ("--from", "deskie", "--to", "deskie")])
def test_other_pairs_that_never_work_are_refused_in_one_line(tmp_path, options):
    ended = run_here("demo", "--json", *options, cwd=tmp_path, env={})
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.strip().splitlines()) == 1


def test_an_empty_desk_moves_as_nothing():
    found = demo("--tickets", "0")
    assert_all_moved(found, "deskie", "desk365")
    assert all(found[kind]["planned"] == 0 for kind in KINDS)


def test_one_ticket_moves():
    found = demo("--tickets", "1")
    assert_all_moved(found, "deskie", "desk365")
    assert found["tickets"] == {"planned": 1, "migrated": 1, "skipped": 0, "failed": 0, "in_doubt": 0}


@pytest.mark.skipif(CORPUS is None, reason="set HELPDESK_BRIDGE_CORPUS to the path of real_tickets.jsonl")
@pytest.mark.parametrize(
    ("source", "destination"),
    [
        pytest.param("deskie", "desk365", marks=pytest.mark.slow),
        *(
            pytest.param(*pair, marks=pytest.mark.exhaustive)
            for pair in [("desk365", "deskie"), ("deskie", "local"), ("local", "desk365"), ("local", "deskie")]
        ),
    ],
)
def test_the_real_tickets_move_whole(source, destination, record_property):
    lines = [json.loads(line) for line in Path(CORPUS).read_text("utf-8").splitlines()]
    threads = [line["messages"] for line in lines]
    # The file itself: what the papers say it holds.
    assert len(lines) == 234
    assert sum(len(thread) for thread in threads) == 5087
    assert sum(message["private"] for thread in threads for message in thread) == 1203
    found = demo("--corpus", CORPUS, "--from", source, "--to", destination)
    for name in ("seconds", "calls", "budget_units"):
        record_property(name, found[name])
    assert_all_moved(found, source, destination)
    for kind, count in (("tickets", 234), ("messages", 5087), ("contacts", 141)):
        assert found[kind] == {"planned": count, "migrated": count, "skipped": 0, "failed": 0, "in_doubt": 0}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("this is no JSON: CANARYTEXT", "not a JSON object"),
        ('{"id": "7", "subject": "CANARYTEXT", "requester": {"email": "CANARYTEXT@client.example"}}', "messages"),
        ("[]", "object"),
    ],
)
def test_a_bad_corpus_is_refused_with_the_line_before_anything_starts(tmp_path, line, told):
    good = {
        "id": "1", "requester": {"email": "a@client.example"},
        "messages": [{"author": {"email": "a@client.example", "role": "contact"}, "text": "x", "created_at": str(datetime(2026, 1, 1).astimezone().isoformat())}],
    }  # fmt: skip
    corpus = tmp_path / "tickets.jsonl"
    corpus.write_text(f"{json.dumps(good)}\n{line}\n", "utf-8")
    for arguments in (("demo", "--json", "--corpus", corpus), ("simulate", "deskie", "--corpus", corpus)):
        ended = run_here(*arguments, cwd=tmp_path, env={})
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert "line 2" in ended.stderr
        assert told in ended.stderr
        assert "CANARYTEXT" not in ended.stderr
