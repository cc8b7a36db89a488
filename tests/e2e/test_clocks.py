"""Migrations by a machine whose clock is wrong, and set right in between: real processes under libfaketime."""

from __future__ import annotations

import signal
from itertools import product
from pathlib import Path

import pytest
from e2e.bench import BEGUN, DONE, Desks, assert_everything_once, canonical
from tiers import sampled

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
PAIRS = [("deskie", "desk365"), ("desk365", "deskie"), ("deskie", "local")]
SHIFTS = ["+2h", "-2h", "+2d", "-2d"]

pytestmark = [
    pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed: apt-get install faketime (Debian, Ubuntu)"),
]


def clock(shift):
    """Return the environment of a process whose clock is wrong; how fast its time passes stays as it is."""
    return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def desks(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("-".join(request.param))
    # An hour of Desk365, for which its file addresses work, must be longer here than a busy machine takes to fetch one.
    with Desks(folder, *request.param, ["--tickets", "12", "--seed", "7"], scale="1800") as opened:
        ended = opened.migrate("run", "--yes")
        assert ended.returncode == 0, ended.stderr
        opened.unbroken = (opened.done(), canonical(opened.new))
        yield opened


@pytest.mark.parametrize(("shift", "wrong_first"), sampled(product(SHIFTS, [True, False]), 8))
def test_a_run_that_is_killed_and_resumed_under_another_clock_loses_and_doubles_nothing(desks, shift, wrong_first):
    desks.start_over()
    total, whole = desks.unbroken
    first, then = (clock(shift), {}) if wrong_first else ({}, clock(shift))
    for query, count in ((BEGUN, total // 4), (DONE, total // 2)):
        process = desks.start(env=first)
        assert desks.wait_for(process, query, count)
        process.send_signal(signal.SIGKILL)
        process.wait()
    ended = desks.migrate("run", "--yes", env=then)
    assert ended.returncode == 0, ended.stderr
    verified = desks.migrate("verify", env=then)
    assert verified.returncode == 0, verified.stdout
    assert_everything_once(desks)
    assert canonical(desks.new) == whole


@pytest.mark.parametrize("shift", sampled(SHIFTS, 4))
def test_a_plan_tells_a_clock_that_is_wrong(desks, shift):
    plan = desks.migrate("plan", env=clock(shift))
    assert plan.returncode == 0, plan.stderr
    # Reading Desk365's wire back moves that simulator's own clock, so the source's is looked at.
    source = type(desks.old).__name__.removesuffix("Wire")
    wrong = f"{'ahead of' if shift.startswith('+') else 'behind'} that of {source}"
    assert wrong in plan.stdout
    assert f"that of {source}" not in desks.migrate("plan").stdout
