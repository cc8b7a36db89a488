"""Random helpdesks, migrated, changed, migrated again: each difference is carried or announced, and no internal text shows."""

from __future__ import annotations

import os

import pytest
from e2e.edits import played

SEEDS = int(os.environ.get("HELPDESK_BRIDGE_PROGRAMS", "4"))
CASES = [
    (destination, way, seed)
    for seed in range(SEEDS)
    for destination in ("deskie", "desk365", "local")
    for way in ("messages", "note", "description")
]


def marked():
    for number, case in enumerate(CASES):
        tier = () if number in (0, 4) else pytest.mark.slow if number < 9 else pytest.mark.exhaustive
        yield pytest.param(*case, marks=tier, id="-".join(map(str, case)))


@pytest.mark.parametrize(("destination", "way", "seed"), list(marked()))
def test_a_program_of_edits_leaves_nothing_lost_that_was_not_announced(tmp_path, destination, way, seed):
    rounds = 3 if seed == 0 else 5
    for log, problems in played(tmp_path, seed, destination, way, rounds):
        assert not problems, (log, problems[:5])
