"""A kill at every request and at every commit, and again in the run that resumes: real processes, real sockets, SIGKILL."""

from __future__ import annotations

import random
import sys

import pytest
from e2e.forked import AFTER, BEFORE, CALL, JOURNAL, LATE
from e2e.points import Desks, wrong_at
from tiers import stepped

PAIRS = [
    ("deskie", "desk365"), ("desk365", "deskie"), ("deskie", "local"), ("desk365", "local"), ("local", "deskie"),
    ("local", "desk365"), ("local", "local"), ("desk360", "deskie"), ("desk360", "desk365"), ("desk360", "local"),
]  # fmt: skip
EDGES = [(CALL, BEFORE), (CALL, AFTER), (CALL, LATE), (JOURNAL, BEFORE), (JOURNAL, AFTER)]


@pytest.fixture(scope="module")
def desks(request, tmp_path_factory):
    """Yield the desks of a pair, and the points of a run that nobody kills."""
    pair = request.param
    with Desks(tmp_path_factory.mktemp("-".join(pair)), *pair) as opened:
        yield opened, opened.begin()


def kill_at(desks, points, what, edge, number):
    """Kill a run at a point, kill the one that resumes it at another, let the third one end, and look at all that is there."""
    desks.start_over()
    code, _ = desks.run(kill=(what, edge, number))
    assert code == -9, f"ended with {code}: {desks.forks.said()}"
    chance = random.Random(f"{what} {edge} {number}")
    again = (
        chance.choice((CALL, JOURNAL)),
        chance.choice((BEFORE, AFTER)),
        chance.randrange(1, len(points[CALL]) // 2 + 1),
    )
    code, _ = desks.run(kill=again)
    assert code in {-9, 0}, f"resumed, it ended with {code}: {desks.forks.said()}"
    if code:
        code, _ = desks.run()
        assert code == 0, f"resumed after {again}, it ended with {code}: {desks.forks.said()}"
    assert desks.migrate("verify")[0] == 0, desks.forks.said()
    wrong = wrong_at(desks)
    assert not wrong, wrong


def numbers(points, what, edge):
    """Return the numbers of the points at which a kill leaves something that no other one leaves."""
    late = edge == LATE
    return [n for n, name in enumerate(points[what], 1) if not late or name.startswith(("POST", "PUT", "DELETE"))]


def killed_at(desks, points, what, edge, meant):
    wrong = {}
    for number in meant:
        try:
            kill_at(desks, points, what, edge, number)
        except (AssertionError, LookupError, OSError, ValueError) as error:
            wrong[number] = f"{type(error).__name__}: {error}"[:2000]
    sys.stdout.write(f"{'-'.join(desks.pair)}, {edge} a {what}: {len(meant)} kills, {len(wrong)} of them wrong\n")
    sys.stdout.flush()
    assert not wrong, "\n\n".join(
        f"{what} {number} of {len(points[what])}, {points[what][number - 1]}: {why}" for number, why in wrong.items()
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("desks", PAIRS, ids="-".join, indirect=True)
@pytest.mark.parametrize(("what", "edge"), EDGES)
def test_a_kill_at_any_point_loses_and_doubles_nothing(desks, what, edge):
    desks, points = desks
    killed_at(desks, points, what, edge, stepped(numbers(points, what, edge), EDGES.index((what, edge))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("desks", "what", "edge"),
    [(PAIRS[0], *EDGES[4]), (PAIRS[1], *EDGES[1])],
    ids=["journal", "calls"],
    indirect=["desks"],
)
def test_a_kill_at_every_third_point_loses_and_doubles_nothing(desks, what, edge):
    desks, points = desks
    killed_at(desks, points, what, edge, numbers(points, what, edge)[::3])
