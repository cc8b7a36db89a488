"""The command after its journal was lost: the next one finds what is there, and writes nothing twice."""

from __future__ import annotations

import json

import pytest
from e2e.bench import Desks, assert_everything_once, canonical
from tiers import sampled

PAIRS = sampled([(("deskie", "desk365"),), (("desk365", "deskie"),), (("deskie", "local"),)], 3)


@pytest.fixture(params=PAIRS, ids="-".join)
def desks(request, tmp_path):
    with Desks(tmp_path, *request.param, ["--tickets", "10", "--seed", "3"]) as opened:
        yield opened


def lose(desks):
    for path in desks.folder.glob(f"{desks.journal.name}*"):
        path.unlink()


def ended(desks, code, step, *options, **more):
    result = desks.migrate(step, *options, **more)
    assert result.returncode == code, result.stderr
    return result


def test_the_same_commands_with_a_lost_journal_write_nothing_twice(desks):
    ended(desks, 0, "run", "--yes")
    there = canonical(desks.new)
    lose(desks)
    plan = json.loads(ended(desks, 0, "plan", "--json").stdout)
    assert plan["search"]["done"]
    assert plan["search"]["found"] == len(there)
    assert f"an earlier migration wrote {len(there)} of these" in ended(desks, 0, "plan").stdout
    # A local desk mails nobody and takes every value: its new journal has nothing to ask.
    asks = bool(plan["decisions"]) or not all(hazard["acknowledged"] for hazard in plan["hazards"])
    assert asks is hasattr(desks.new, "forget")
    ended(desks, 7 if asks else 0, "run")
    ended(desks, 0, "run", "--yes")
    ended(desks, 0, "verify")
    assert_everything_once(desks)
    assert canonical(desks.new) == there


def test_rebuild_makes_the_journal_anew_and_writes_nothing(desks):
    ended(desks, 0, "run", "--yes")
    ids = ended(desks, 0, "ids", "--jsonl").stdout
    lose(desks)
    if hasattr(desks.new, "forget"):
        desks.new.forget()
    ended(desks, 0, "rebuild")
    if hasattr(desks.new, "writes"):
        assert desks.new.writes() == []
    assert ended(desks, 0, "ids", "--jsonl").stdout == ids
    assert "this journal is intact" in ended(desks, 2, "rebuild").stderr
    ended(desks, 0, "run", "--yes")
    ended(desks, 0, "verify")
    assert_everything_once(desks)


@pytest.mark.slow
def test_markers_of_another_key_stop_a_run_until_the_key_is_given_or_they_are_ignored(tmp_path):
    with Desks(tmp_path, "deskie", "desk365", ["--tickets", "6", "--seed", "3"]) as desks:
        old = {"FORMER": "the-key-of-then"}
        ended(desks, 0, "run", "--yes", "--recover-key", "from=env:FORMER", env=old)
        count = len(desks.new.cases())
        lose(desks)
        assert "markers of another key" in ended(desks, 7, "plan").stdout
        stopped = ended(desks, 7, "run", "--yes").stderr
        assert f"{count} tickets at new (Desk365" in stopped
        assert "--foreign-markers ignore" in stopped
        ended(desks, 2, "run", "--yes", "--recover-key", "nobody=env:FORMER", env=old)
        ended(desks, 4, "run", "--yes", "--recover-key", "from=env:NOT_SET")
        ended(desks, 0, "run", "--yes", "--recover-key", "from=env:FORMER", env=old)
        assert len(desks.new.cases()) == count
        ended(desks, 0, "verify")
        lose(desks)
        ended(desks, 7, "run", "--yes")
        ended(desks, 0, "decide", "--foreign-markers", "ignore")
        ended(desks, 0, "run", "--yes")
        assert len(desks.new.cases()) == 2 * count
