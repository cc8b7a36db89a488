"""Headers as vendors send them, and as they should not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.http.headers import Headers
from helpdesk_bridge.ratelimit import RateHeaders, RateLimitPolicy, Reading, Window
from helpdesk_bridge.ratelimit.policy import LONGEST_WAIT, seconds_to_wait

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
UNDERSCORED = RateHeaders(
    limit="rate_limit_per_minute", remaining="api_calls_left", reset="retry_after", retry_after="retry_after"
)


def read(headers, names=UNDERSCORED, *, refused=False):
    policy = RateLimitPolicy(windows=(Window(60, 60),), headers=names)
    return policy.read(Headers(headers), refused=refused, wall=lambda: NOON)


def test_names_are_found_in_any_case_and_underscores_stay():
    assert read({"Rate_Limit_Per_Minute": "500", "API_CALLS_LEFT": "499", "retry_after": "60"}) == Reading(500, 499, 60)
    assert read({"Rate-Limit-Per-Minute": "500", "Retry-After": "60"}) == Reading()


def test_a_wait_is_read_on_refusals_only():
    assert read({"retry_after": "7"}).retry_after is None
    assert read({"retry_after": "7"}, refused=True).retry_after == 7


def test_an_epoch_reset_counts_from_the_servers_own_date_and_allows_for_rounding():
    names = RateHeaders(reset="X-RateLimit-Reset", reset_is_epoch=True)
    epoch = str(int(NOON.timestamp()) + 30)
    assert read({"X-RateLimit-Reset": epoch}, names).reset == 31
    slow = "Thu, 01 Jan 2026 11:50:00 GMT"
    assert read({"X-RateLimit-Reset": epoch, "Date": slow}, names).reset is None
    near = "Thu, 01 Jan 2026 11:59:50 GMT"
    assert read({"X-RateLimit-Reset": epoch, "Date": near}, names).reset == 41
    assert read({"X-RateLimit-Reset": str(int(NOON.timestamp()) - 30)}, names).reset == 0
    assert read({"X-RateLimit-Reset": "5"}, names).reset is None
    assert read({"X-RateLimit-Reset": f"{epoch}000"}, names).reset is None


def test_a_reset_beyond_the_window_is_another_unit_and_counts_as_absent():
    assert read({"retry_after": "61"}).reset == 61
    assert read({"retry_after": "58000"}).reset is None


def test_a_penalty_is_believed_up_to_an_hour_or_two_windows():
    assert read({"retry_after": "3600"}, refused=True).retry_after == 3600
    assert read({"retry_after": "26000"}, refused=True).retry_after is None
    policy = RateLimitPolicy(windows=(Window(60, 60), Window(9, 86_400.0)), headers=UNDERSCORED)
    told = policy.read(Headers({"retry_after": "26000"}), refused=True, wall=lambda: NOON)
    assert told.retry_after == 26_000


def test_a_limit_of_millions_is_no_limit():
    assert read({"rate_limit_per_minute": "1000001"}).limit is None
    assert read({"rate_limit_per_minute": "1e9"}).limit is None


@pytest.mark.parametrize("text", ["", " ", "soon", "nan", "inf", "-1", "1e400", "0x10", "99999999", "٣٣٣٣٣٣٣٣"])
def test_garbage_counts_as_absent(text):
    assert read({"retry_after": text}, refused=True).retry_after is None
    assert read({"retry_after": text}).reset is None


def test_a_limit_of_nothing_is_no_limit_that_can_be_meant():
    assert read({"rate_limit_per_minute": "0"}).limit is None
    assert read({"api_calls_left": "-3"}).remaining is None
    assert read({"api_calls_left": "3.0"}).remaining == 3


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(text):
    headers = {"rate_limit_per_minute": text, "api_calls_left": text, "retry_after": text, "Date": text}
    reading = read(headers, refused=True)
    assert reading.retry_after is None or 0 <= reading.retry_after <= LONGEST_WAIT
    assert reading.limit is None or reading.limit > 0


def test_dates_wait_from_the_servers_clock_never_backwards():
    later = "Thu, 01 Jan 2026 12:00:09 GMT"
    assert seconds_to_wait(later, {}, lambda: NOON) == 9
    assert seconds_to_wait(later, {"Date": "Thu, 01 Jan 2026 12:00:05 GMT"}, lambda: NOON) == 4
    assert seconds_to_wait("Thu, 01 Jan 2015 12:00:00 GMT", {}, lambda: NOON) == 0
    assert seconds_to_wait("Thu, 01 Jan 2115 12:00:00 GMT", {}, lambda: NOON) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"limit": 0, "seconds": 60},
        {"limit": -3, "seconds": 60},
        {"limit": 5, "seconds": 0},
        {"limit": 5, "seconds": float("nan")},
        {"limit": 5, "seconds": float("inf")},
        {"limit": 5, "seconds": 1e12},
        {"limit": 5, "seconds": 1e-300},
        {"limit": 10**30, "seconds": 60},
        {"limit": float("inf"), "seconds": 60},
    ],
)
def test_a_window_without_room_or_time_is_refused(bad):
    with pytest.raises((ValueError, TypeError), match="must be"):
        Window(**bad)


def test_headers_speak_of_a_window_that_is_there():
    with pytest.raises(ValueError, match=r"headers\.window"):
        RateLimitPolicy(windows=(Window(60, 60),), headers=RateHeaders(window=1))
    with pytest.raises(ValueError, match="must be"):
        RateHeaders(resolution=0)
