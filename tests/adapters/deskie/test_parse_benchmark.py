"""The benchmark of reading a page runs, and reads what it says it reads."""

from __future__ import annotations

import json
from pathlib import Path

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def test_the_benchmark_reads_a_whole_page_into_the_model_without_a_call(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import parse_deskie

    found = parse_deskie.report(rounds=1)
    assert found["tickets"] == 100
    assert set(found["targets"]) <= set(found["times_json_loads"]) == set(found["microseconds"])
    body, tags, fields = parse_deskie.page()
    tickets = parse_deskie.cases(json.loads(body), parse_deskie.reader(tags, fields))
    assert len({ticket.id for ticket in tickets}) == 100
    assert any(ticket.tags and ticket.custom_fields and ticket.assignee for ticket in tickets)
