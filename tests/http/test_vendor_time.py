"""The vendor's clock, as its answers tell it."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from helpdesk_bridge.http import Request
from helpdesk_bridge.testing.clock import EPOCH, ManualClock
from helpdesk_bridge.vendor_time import VendorTime

READ = Request("GET", "/tickets")
SHIFTS = [timedelta(0), timedelta(hours=2), timedelta(hours=-2), timedelta(days=2), timedelta(days=-2)]


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_the_vendors_time_goes_on_from_its_last_answer_whatever_this_machine_says(wire, connect, say, shift):
    clock = ManualClock()
    server = wire(lambda *_: say({}, Date=format_datetime(EPOCH - shift, usegmt=True)))
    time = connect(server.url, clock=clock).vendor_time
    stack = connect(server.url, clock=clock)
    assert stack.vendor_time.ahead() is None
    assert stack.vendor_time.wall() == EPOCH
    stack.send(READ)
    clock.advance(100)
    assert stack.vendor_time.wall() == EPOCH - shift + timedelta(seconds=100)
    assert stack.vendor_time.ahead() == shift
    assert time.ahead() is None


def test_an_answer_without_a_date_or_with_garbage_changes_nothing():
    time = VendorTime(ManualClock())
    for date in ("", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT"):
        time.note(date)
    assert time.ahead() is None


@pytest.mark.parametrize("shift", SHIFTS[1:], ids=str)
def test_a_wait_until_a_date_is_measured_by_the_vendors_clock_even_in_an_answer_without_its_own(
    wire, connect, say, shift
):
    clock = ManualClock()
    until = format_datetime(EPOCH - shift + timedelta(seconds=30), usegmt=True)
    answers = [
        say({}, Date=format_datetime(EPOCH - shift, usegmt=True)),
        say({}, "503 Service Unavailable", Retry__After=until),
        say({}),
    ]
    server = wire(lambda *_: answers.pop(0))
    stack = connect(server.url, clock=clock, max_wait=None)
    stack.send(READ)
    stack.send(READ)
    assert sum(clock.slept) == pytest.approx(30, abs=1)


def dated(shift):
    return format_datetime(EPOCH + shift, usegmt=True)


@pytest.mark.parametrize("shift", SHIFTS[1:], ids=str)
def test_one_answer_dated_otherwise_changes_nothing_and_two_that_agree_do(shift):
    time = VendorTime(ManualClock())
    for date in (dated(timedelta(0)), dated(shift), dated(timedelta(0)), dated(shift)):
        time.note(date)
        assert time.wall() == EPOCH
    time.note(dated(shift + timedelta(seconds=1)))
    assert time.wall() == EPOCH + shift + timedelta(seconds=1)


def test_answers_that_all_differ_set_no_time_and_a_slow_drift_is_followed():
    time = VendorTime(ManualClock())
    time.note(dated(timedelta(0)))
    for hours in (2, 4, 6, 8):
        time.note(dated(timedelta(hours=hours)))
        assert time.wall() == EPOCH
    for seconds in range(0, 600, 50):
        time.note(dated(timedelta(seconds=seconds)))
    assert time.wall() == EPOCH + timedelta(seconds=550)
