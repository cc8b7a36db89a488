"""The benchmark of memory runs each command on its content and prints figures of all three."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.slow
def test_each_command_is_measured_in_a_process_of_its_own(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import hostile_memory

    ordinary = hostile_memory.measured(*_of("ordinary"))
    bomb = hostile_memory.measured(*_of("HTML bomb"))
    assert set(ordinary) == {"tickets show", "migrate run", "migrate verify"}
    # The bomb once took 2.9 GB; a ratio, since machines differ.
    assert all(bomb[command] < 2 * ordinary[command] for command in ordinary)


def _of(name):
    import hostile_memory

    make, size = hostile_memory.CONTENT[name]
    return make(), size
