from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.testing.simulator import Expiring, FixedWindow, SimulatorClock, whole_seconds

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ticking(scale=1.0):
    seconds = [100.0]
    clock = SimulatorClock(scale, wall=lambda: NOON + timedelta(seconds=seconds[0] - 100), monotonic=lambda: seconds[0])
    return clock, seconds


def test_the_scale_rules_elapsed_and_never_the_wall():
    clock, seconds = ticking(200.0)
    assert (clock.now(), clock.elapsed()) == (NOON, 0.0)
    seconds[0] += 3
    assert clock.elapsed() == 600.0
    assert clock.now() == NOON + timedelta(seconds=3)


def test_advance_moves_both_in_vendor_seconds():
    clock, _ = ticking(200.0)
    clock.advance(60)
    assert clock.elapsed() == 60.0
    assert clock.now() == NOON + timedelta(seconds=60)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_impossible_scales_and_steps_are_refused(wrong):
    with pytest.raises(ValueError, match="time_scale"):
        SimulatorClock(wrong)
    if wrong != 0:
        with pytest.raises(ValueError, match="forward"):
            SimulatorClock().advance(wrong)


def test_a_deadline_passes_in_vendor_time():
    clock, seconds = ticking(10.0)
    deadline = clock.deadline(30)
    seconds[0] += 2
    assert (deadline.remaining, deadline.passed) == (10.0, False)
    seconds[0] += 1
    assert (deadline.remaining, deadline.passed) == (0.0, True)


def test_expiring_entries_vanish_in_vendor_time_and_take_their_memory_along():
    clock, _ = ticking()
    tokens: Expiring[str, int] = Expiring(clock)
    tokens.put("a", 1, 10)
    tokens.put("a", 2, 30)
    tokens.put("b", 3, 10)
    clock.advance(10)
    assert (tokens.get("a"), tokens.get("b"), len(tokens)) == (2, None, 1)
    assert (tokens.pop("a"), tokens.get("a"), tokens.pop("a")) == (2, None, None)
    tokens.put("c", 4, 1)
    tokens.put("c", 5, 100)
    clock.advance(2)
    assert (len(tokens), tokens.get("c")) == (1, 5)


def test_a_window_starts_at_the_first_request_and_ends_its_seconds_later():
    clock, _ = ticking()
    window = FixedWindow(3, 60, clock.elapsed)
    clock.advance(50)
    assert [window.take("k").remaining for _ in range(3)] == [2, 1, 0]
    clock.advance(59)
    refused = window.take("k")
    assert (refused.allowed, refused.remaining, refused.retry_after) == (False, 0, 1.0)
    clock.advance(1)
    assert window.take("k").allowed


def test_what_is_refused_costs_nothing_unless_the_vendor_charges_it():
    clock, _ = ticking()
    window = FixedWindow(3, 60, clock.elapsed)
    window.take("k", 2)
    assert not window.take("k", 2).allowed
    assert window.take("k").allowed
    charging = FixedWindow(3, 60, clock.elapsed, charge_refused=True)
    charging.take("k", 2)
    assert not charging.take("k", 2).allowed
    assert not charging.take("k").allowed


def test_keys_do_not_share_and_peek_spends_nothing():
    clock, _ = ticking()
    window = FixedWindow(1, 60, clock.elapsed)
    assert window.peek("a") == window.peek("a")
    assert window.take("a").allowed
    assert window.take("b").allowed
    assert not window.take("a").allowed
    window.limit = 2
    assert window.take("a").allowed


def test_old_windows_are_forgotten():
    clock, _ = ticking()
    window = FixedWindow(1, 60, clock.elapsed)
    for number in range(4096):
        window.take(number)
    clock.advance(61)
    window.take("new")
    assert len(window._windows) == 1


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 4)), max_size=60))
def test_no_window_ever_gives_more_than_its_limit(steps):
    clock, _ = ticking()
    window = FixedWindow(5, 60, clock.elapsed)
    started, given_out = None, 0
    for pause, units in steps:
        clock.advance(pause)
        if started is None or clock.elapsed() >= started + 60:
            started, given_out = clock.elapsed(), 0
        if window.take("k", units).allowed:
            given_out += units
        assert given_out <= 5


def test_headers_round_up_to_whole_seconds():
    assert [whole_seconds(0.0), whole_seconds(0.2), whole_seconds(59.01), whole_seconds(0, least=0)] == [1, 1, 60, 0]
