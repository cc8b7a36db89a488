"""The benchmark of reading a page runs, and reads what it says it reads."""

from __future__ import annotations

import json
from pathlib import Path

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def test_the_benchmark_reads_a_whole_page_into_the_model_without_a_call(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import parse_deskie

    report = parse_deskie.report(rounds=1)
    assert report["tickets"] == 100
    assert set(report["targets"]) <= set(report["times_json_loads"]) == set(report["microseconds"])
    body, tags, fields = parse_deskie.page()
    tickets = parse_deskie.cases(json.loads(body), parse_deskie.reader(tags, fields))
    assert len({ticket.id for ticket in tickets}) == 100
    assert any(ticket.tags and ticket.custom_fields and ticket.assignee for ticket in tickets)
