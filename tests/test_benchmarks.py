"""The benchmark of rate limits runs, and its books and figures are right."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
KEYS = {"scenario", "client", "goodput", "refused", "windows", "share_min_max"}


@pytest.fixture
def accounting(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from limiters import accounting

    return accounting


@pytest.fixture
def judge(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from limiters.cell import judge

    return judge


def test_quick_is_five_scenarios_and_three_clients(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import rate_limits

    arguments = Namespace(quick=True, scenario=None, client=None)
    scenarios, clients = rate_limits.chosen(arguments)
    assert [scenario.name for scenario in scenarios] == [
        "sole consumer, 8 threads",
        "4 processes over a file",
        "outsider on the same budget",
        "restarts every 0.75 s, shared file",
        "no reset header",
    ]
    assert clients == ["helpdesk_bridge", "naive", "pyrate-limiter"]


@pytest.mark.slow
def test_a_run_of_one_window_gives_a_cell_for_every_client():
    command = [sys.executable, str(BENCHMARKS / "rate_limits.py"), "--json", "--no-steps"]
    command += ["--windows", "1", "--repetitions", "1", "--scenario", "sole consumer, 8 threads"]
    command += ["--client", "helpdesk_bridge", "--client", "naive", "--client", "pyrate-limiter"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    cells = {cell["client"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert set(cells) == {"helpdesk_bridge", "naive", "pyrate-limiter"}
    for cell in cells.values():
        assert set(cell) - {"note"} == KEYS
        assert cell["goodput"] is not None or cell["note"]
    ours = cells["helpdesk_bridge"]
    assert "note" not in ours
    assert ours["windows"] == 1
    assert 0 < ours["goodput"] <= 1
    assert ours["refused"] == 0
    assert ours["share_min_max"] is None


def test_the_fixed_window_starts_at_the_first_request_after_it_expired(accounting):
    window = accounting.FixedWindow(3, 2.0)
    assert window.take(10.0, 2) == accounting.Verdict(accepted=True, left=1, wait=2.0)
    assert window.take(11.0, 2) == accounting.Verdict(accepted=False, left=1, wait=1.0)
    assert window.take(11.5, 1) == accounting.Verdict(accepted=True, left=0, wait=0.5)
    assert window.take(12.7, 3) == accounting.Verdict(accepted=True, left=0, wait=2.0)


def test_a_refusal_is_charged_to_the_next_window_where_the_vendor_does_that(accounting):
    window = accounting.FixedWindow(3, 2.0, penalised=True)
    window.take(0.0, 3)
    assert not window.take(1.0, 2).accepted
    assert window.take(2.0, 1).left == 0


def test_the_sliding_window_frees_each_unit_two_seconds_after_it_was_spent(accounting):
    window = accounting.SlidingWindow(3, 2.0)
    assert window.take(0.0, 2).accepted
    assert window.take(1.5, 1).accepted
    refused = window.take(1.75, 3)
    assert not refused.accepted
    assert refused.wait == 1.75
    assert window.take(2.0, 2).accepted


def test_the_books_count_whole_windows_and_the_gaps_between_them(accounting, judge):
    books = accounting.Books(windows=2, seconds=2.0, first=0.5)
    yes, no = accounting.Verdict(True, 0, 0.0), accounting.Verdict(False, 0, 0.0)
    for now, client, units, verdict in [
        (0.0, "0", 100, yes),
        (0.1, "0", 1, no),
        (0.5, "0", 400, yes),
        (0.6, "1", 200, yes),
        (2.75, "0", 300, yes),
        (2.8, "outsider", 150, yes),
        (2.8, "outsider", 1, no),
        (4.75, "0", 600, yes),
        (4.76, "0", 1, no),
    ]:
        books.enter(now, client, units, verdict)
    assert books.closed
    assert [period.start for period in books.periods] == [0.0, 0.5, 2.75, 4.75]
    assert books.periods[3].spent == Counter()
    outcome = judge(accounting.Report(tuple(books.periods), complete=True, server_cpu=0.1), 2)
    assert outcome.windows == 2
    assert outcome.goodput == pytest.approx(1050 / (600 * 4.25 / 2))
    assert outcome.refused == 1
    assert outcome.share_min_max == pytest.approx(200 / 700)
    assert outcome.unspent == 75
    assert outcome.gap_ms == pytest.approx(125)
    assert (outcome.outsider_units, outcome.outsider_refused) == (150, 1)


def test_a_run_without_one_whole_window_has_no_figure_but_a_reason(accounting, judge):
    books = accounting.Books(windows=2, seconds=2.0, first=0.5)
    books.enter(0.0, "0", 1, accounting.Verdict(True, 0, 0.0))
    outcome = judge(accounting.Report(tuple(books.periods), complete=False, server_cpu=0.0), 1)
    assert outcome.goodput is None
    assert outcome.note
