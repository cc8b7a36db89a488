"""The two clocks keep the same contract."""

from __future__ import annotations

import math
import threading
from datetime import UTC, timedelta

import pytest

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.testing.clock import EPOCH, ManualClock


def test_vendor_seconds_are_real_seconds_times_the_scale():
    clock = SystemClock(1000.0)
    before = clock.now()
    clock.sleep(20)
    assert clock.now() - before >= 20
    clock.sleep(-1)
    assert not clock.wait(threading.Event(), 1)
    assert clock.wall().tzinfo is UTC


def test_an_event_ends_any_wait():
    event = threading.Event()
    event.set()
    for clock in (SystemClock(), ManualClock()):
        assert clock.wait(event, 1000)
        assert clock.wait(event, math.inf)


def test_clocks_of_one_scale_are_one():
    assert SystemClock(2.0) == SystemClock(2.0)
    assert hash(SystemClock(2.0)) == hash(SystemClock(2.0))
    assert SystemClock(2.0) != SystemClock(1.0)
    with pytest.raises(ValueError, match="time_scale"):
        SystemClock(0.0)


def test_a_manual_clock_moves_only_when_somebody_waits():
    clock = ManualClock(start=5.0)
    clock.sleep(2)
    clock.sleep(0)
    assert not clock.wait(threading.Event(), 3)
    clock.advance(10)
    assert clock.now() == 20
    assert clock.slept == [2, 3]
    assert clock.wall() == EPOCH + timedelta(seconds=15)
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(-1)


def test_an_endless_wait_on_a_manual_clock_ends_with_its_event():
    clock = ManualClock()
    event = threading.Event()
    threading.Timer(0.01, event.set).start()
    assert clock.wait(event, math.inf)
    assert clock.slept == []
