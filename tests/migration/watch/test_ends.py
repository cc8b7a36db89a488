"""The end that is stated of a run, against the true end: ten runs on scaled clocks."""

import threading

import pytest
from migration.simulators import served

from helpdesk_bridge.clock import real_seconds
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.migration import Migration, Options
from helpdesk_bridge.migration.watch.live import LiveState

pytestmark = pytest.mark.exhaustive
RUNS = [("deskie", "desk365"), ("local", "desk365"), ("desk365", "deskie"), ("local", "deskie"), ("desk365", "local")]


def stated_and_true(pair, seed, journal):
    """What is stated once a third of the tickets is there, in real seconds from then, and when the run really ended."""
    live, stated = LiveState(journal, "run"), []
    with served(pair[0], generate(60, seed)) as old, served(pair[1], 0) as new:
        lock = threading.Lock()

        def progress(done):
            live.progress(done)
            if done.phase == "tickets" and done.total and done.done >= done.total // 3:
                with lock:
                    if not stated:
                        live.write()
                        stated.append((real_seconds(), live.ends()))

        with Migration(
            old.desk, new.desk, journal, options=Options(yes=True), progress=progress, waits=live.waits
        ) as migration:
            live.begin(migration)
            migration.run()
            ended = real_seconds()
        live.close()
    at, ends = stated[0]
    return ends, ended - at


def test_of_ten_runs_nine_end_when_it_was_stated(tmp_path):
    held, told = 0, []
    for number in range(10):
        ends, seconds = stated_and_true(RUNS[number % len(RUNS)], number, tmp_path / f"{number}.db")
        told.append((round(ends.earliest, 1), round(ends.latest, 1), round(seconds, 1), ends.why))
        held += ends.earliest <= seconds <= ends.latest
    assert held >= 9, told
