"""Migrations killed and stopped at random moments, each process a real one, read back without the library."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import time
from contextlib import closing

import pytest
from e2e.bench import BEGUN, DONE, Desks, assert_everything_once, canonical, said
from e2e.wire import marker_of
from tiers import sampled

KILLS = 5
PAIRS = [
    ("deskie", "desk365"), ("desk365", "deskie"), ("deskie", "local"), ("desk365", "local"), ("local", "deskie"),
    ("local", "desk365"),
]  # fmt: skip


@pytest.fixture(scope="module")
def benches(tmp_path_factory):
    """Desks by pair, kept for the module: their simulators are started over, not started again."""
    kept = {}

    def opened(pair, tickets=12):
        if (pair, tickets) not in kept:
            folder = tmp_path_factory.mktemp("-".join(pair))
            kept[pair, tickets] = desks = Desks(folder, *pair, ["--tickets", str(tickets), "--seed", "7"])
            ended = desks.migrate("run", "--yes")
            assert ended.returncode == 0, ended.stderr
            desks.unbroken = (desks.done(), canonical(desks.new))
        kept[pair, tickets].start_over()
        return kept[pair, tickets]

    yield opened
    for desks in kept.values():
        desks.close()


def kill(desks, process, number=signal.SIGKILL):
    if process.poll() is None:
        process.send_signal(number)
    return process.wait(60)


def finish(desks):
    """Run to the end, verify, and compare with an unbroken run."""
    process = desks.start()
    assert process.wait(120) == 0, (desks.folder / "stderr").read_text()
    verified = desks.migrate("verify")
    assert verified.returncode == 0, verified.stdout
    assert_everything_once(desks)
    done, unbroken = desks.unbroken
    assert desks.done() == done
    assert canonical(desks.new) == unbroken


def kill_at_random(desks, seed):
    chance = random.Random(seed)
    total, _ = desks.unbroken
    # Not in the last third: a busy machine may give this test its turn only when all is done.
    moments = sorted(chance.sample(range(total * 2 // 3), KILLS))
    killed = 0
    for moment in moments:
        process = desks.start()
        alive = desks.wait_for(process, BEGUN if moment == moments[0] else DONE, moment + 1)
        time.sleep(chance.uniform(0, 0.02))
        killed += alive and kill(desks, process) == -signal.SIGKILL
    assert killed == KILLS
    assert desks.done() < total
    finish(desks)


def pair_name(pair):
    return "-".join(pair) if isinstance(pair, tuple) else str(pair)


@pytest.mark.parametrize("pair", sampled(((one,) for one in PAIRS), len(PAIRS)), ids=pair_name)
def test_five_kills_at_random_moments_lose_and_double_nothing(benches, pair):
    kill_at_random(benches(pair), seed=1)


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", PAIRS, ids=pair_name)
@pytest.mark.parametrize("seed", range(2, 5))
def test_five_kills_of_a_larger_migration_lose_and_double_nothing(benches, pair, seed):
    kill_at_random(benches(pair, tickets=40), seed)


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS[:2], ids=pair_name)
def test_a_resumed_run_that_is_killed_while_it_looks_loses_and_doubles_nothing(benches, pair):
    desks = benches(pair)
    total, _ = desks.unbroken
    process = desks.start()
    assert desks.wait_for(process, DONE, total // 2)
    kill(desks, process)
    for wait in (0.9, 1.2):  # while it starts, reads the source, or looks for what was in doubt
        process = desks.start()
        time.sleep(wait)
        kill(desks, process)
    finish(desks)


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGTERM, id="SIGTERM"), pytest.param(signal.SIGINT, id="SIGINT", marks=pytest.mark.slow)],
)
def test_the_first_signal_drains_and_ends_with_5_and_a_later_run_goes_on(benches, number):
    desks = benches(PAIRS[0])
    total, _ = desks.unbroken
    process = desks.start()
    assert desks.wait_for(process, DONE, total // 2)
    assert kill(desks, process, number) == 5
    # Drained: what was sent has its answer, nothing is left in doubt.
    assert desks.ask_journal("SELECT count(*) FROM record WHERE state = 'intent'") == [(0,)]
    assert desks.done() < total
    finish(desks)


@pytest.mark.slow
def test_the_second_signal_ends_at_once_with_130_and_a_later_run_goes_on(benches):
    desks = benches(PAIRS[0])
    total, _ = desks.unbroken
    process = desks.start()
    assert desks.wait_for(process, DONE, total // 2)
    desks.new.inject("hang", on="POST /apis/v3/tickets/*", times=None, seconds=20)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert process.poll() is None  # it waits for what is in flight
    assert kill(desks, process, signal.SIGTERM) == 130
    desks.new.heal()
    finish(desks)


WIRE_FAULTS = {
    "response_lost": {"every": 4, "times": 6},
    "connection_reset": {"every": 3, "times": 6},
    "late_commit": {"every": 5, "times": 4, "seconds": 30},
    "server_error": {"every": 4, "times": 6, "processed": True},
    "truncated": {"every": 4, "times": 6},
    "html_page": {"every": 4, "times": 6, "processed": True, "status": 502},
}


@pytest.mark.parametrize("kind", sampled(WIRE_FAULTS, 3))
def test_answers_that_are_lost_on_the_wire_lose_and_double_nothing(benches, kind):
    desks = benches(PAIRS[0])
    desks.new.inject(kind, on="POST /apis/v3/*", **WIRE_FAULTS[kind])
    process = desks.start()
    assert process.wait(120) == 0, (desks.folder / "stderr").read_text()
    assert_everything_once(desks)
    assert canonical(desks.new) == desks.unbroken[1]


@pytest.mark.slow
def test_a_finished_migration_run_again_writes_nothing_and_a_ticket_added_since_is_carried(benches):
    desks = benches(PAIRS[0])
    assert desks.start().wait(120) == 0
    desks.new.forget()
    again = desks.start()
    assert again.wait(120) == 0
    assert desks.new.writes() == []
    before = len(desks.new.cases())
    made = desks.old.ask(
        "POST", "/api/cases.json",
        json={"case": {"user_email": "late@kunde.example", "subject": "Late", "content": "One more", "do_not_send_email": True}},
    )  # fmt: skip
    desks.new.forget()
    assert desks.start().wait(120) == 0
    assert made["case"]["subject"] == "Late"
    writes = [one["path"] for one in desks.new.writes()]
    assert writes == ["/apis/v3/contacts/create", "/apis/v3/tickets/create"]
    assert len(desks.new.cases()) == before + 1
    assert_everything_once(desks)


def test_a_second_migrator_is_refused_at_once_and_the_first_one_ends_well(benches):
    desks = benches(PAIRS[0])
    first = desks.start()
    assert desks.wait_for(first, DONE, 3)
    first.send_signal(signal.SIGSTOP)
    try:
        second = desks.migrate("run", "--yes")
        assert second.returncode == 6, second.stderr
        assert str(first.pid) in second.stderr
        assert len(second.stderr.strip().splitlines()) == 1
    finally:
        first.send_signal(signal.SIGCONT)
    assert first.wait(120) == 0
    assert_everything_once(desks)


def stop_between_transactions(desks, process):
    """Freeze a process; not inside a transaction of SQLite, whose lock it would keep from everybody."""
    files = [path for path in (desks.journal, desks.folder / "new.db") if path.exists()]
    while True:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        if not any(is_locked(path) for path in files):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.002)


def is_locked(path):
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
    return False


@pytest.mark.parametrize("turn", sampled(range(20), 10))
def test_a_takeover_from_a_stuck_owner_doubles_nothing_when_it_wakes(benches, turn):
    desks = benches(PAIRS[turn % len(PAIRS)])
    total, _ = desks.unbroken
    stuck = desks.start()
    assert desks.wait_for(stuck, BEGUN if turn % 2 else DONE, total * (turn + 1) // 24 + 1)
    time.sleep(random.Random(turn).uniform(0, 0.02))
    stop_between_transactions(desks, stuck)
    try:
        taken = desks.migrate("run", "--yes", "--takeover")
        assert taken.returncode == 0, taken.stderr
    finally:
        stuck.send_signal(signal.SIGCONT)
    assert stuck.wait(120) == 6, (desks.folder / "stderr").read_text()
    verified = desks.migrate("verify", "--json")
    if verified.returncode == 0:
        assert_everything_once(desks)
        return
    # What the owner had in flight when it was stopped cannot be called back: it is found and told, one by one.
    assert verified.returncode == 3, verified.stderr
    told = json.loads(verified.stdout)["differences"]
    assert {(one["record"], one["field"]) for one in told} <= {("message", "extra"), ("ticket", "duplicate")}, told
    sources = {marker_of(desks.old, desks.new, one.id): one for one in desks.old.cases() if not one.removed}
    copies = {marker: [one for one in desks.new.cases() if one.marker == marker] for marker in sources}
    for marker, before in sources.items():
        whole = max(copies[marker], key=lambda one: len(one.thread))
        assert {said(one.lines) for one in before.thread} == {said(one.lines) for one in whole.thread}
    surplus = sum(
        len(copy.thread) - len(sources[copy.marker].thread) for found in copies.values() for copy in found[:1]
    )
    assert sum(len(found) - 1 for found in copies.values()) == sum(one["field"] == "duplicate" for one in told)
    assert surplus == sum(one["field"] == "extra" for one in told)
