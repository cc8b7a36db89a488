"""Order, priorities, bounds and what refusals teach."""

from __future__ import annotations

import os
import threading
import time

import pytest

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import ConfigError, RateLimited
from helpdesk_bridge.ratelimit import Governor, MemoryStore, RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.identity import process_of, this_process
from helpdesk_bridge.ratelimit.shared import shared_governor
from helpdesk_bridge.ratelimit.state import BudgetState
from helpdesk_bridge.testing.clock import ManualClock


def governor(*windows, clock=None, headers=None, **policy):
    policy = RateLimitPolicy(windows=windows or (Window(3, 60),), headers=headers or RateHeaders(), **policy)
    return Governor(policy, MemoryStore(), clock or ManualClock())


def spend(gov, times=1, units=1, status=200, headers=None, **how):
    for _ in range(times):
        gov.settle(gov.reserve(units, **how), status, headers)


def test_a_windows_worth_goes_at_once_and_the_next_waits_a_window():
    gov = governor()
    spend(gov, 3)
    assert gov.clock.slept == []
    assert gov.budget.remaining == 0
    reservation = gov.reserve(1)
    assert 60.0 <= reservation.waited <= 60.1
    assert gov.clock.slept == [reservation.waited]


def test_max_wait_raises_before_anything_is_sent():
    gov = governor()
    spend(gov, 3)
    with pytest.raises(RateLimited) as caught:
        gov.reserve(1, max_wait=10)
    assert 60.0 <= caught.value.retry_after <= 60.1
    assert gov.clock.slept == []
    gov.clock.advance(55)
    assert 5 <= gov.reserve(1, max_wait=10).waited <= 5.1


def test_free_calls_never_wait_and_never_count():
    gov = governor()
    spend(gov, 3)
    assert gov.reserve(0, max_wait=0).units == 0
    assert gov.budget.remaining == 0


def test_what_was_not_sent_is_given_back():
    gov = governor()
    gov.cancel(gov.reserve(1))
    assert gov.budget.remaining == 3


def test_what_is_in_flight_counts_and_what_was_lost_is_charged_from_when_it_was_given_up():
    gov = governor(Window(1, 60))
    reservation = gov.reserve(1)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    gov.clock.advance(45)
    gov.settle(reservation, None)
    gov.clock.advance(59)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    gov.clock.advance(1.1)
    gov.reserve(1, max_wait=0)


def test_the_first_request_is_the_anchor_when_the_vendor_tells_no_reset():
    gov = governor(Window(2, 3600))
    spend(gov)
    gov.clock.advance(3000)
    spend(gov)
    assert 600 <= gov.budget.forecast(1) <= 601
    assert 3600 <= gov.budget.forecast(2) <= 3601
    assert 4200 <= gov.budget.forecast(3) <= 4201


def test_a_refusal_stops_everybody_until_the_vendors_time():
    gov = governor(Window(100, 60))
    gov.settle(gov.reserve(1), 429, {"Retry-After": "26"}, refused=True)
    assert gov.budget.remaining == 0
    assert 26 <= gov.budget.resets_in <= 26.1
    assert 26 <= gov.reserve(1).waited <= 26.1


def test_a_refusal_with_a_time_tells_when_the_window_ends():
    gov = governor(Window(5, 60))
    spend(gov, 4)
    gov.clock.advance(30)
    gov.settle(gov.reserve(1), 429, {"Retry-After": "10"}, refused=True)
    assert 10 <= gov.reserve(1).waited <= 10.1
    assert gov.budget.remaining == 4


def test_refusals_without_a_time_wait_longer_and_longer_up_to_a_window():
    gov = governor(Window(100, 3600))
    waits = []
    for _ in range(9):
        gov.settle(gov.reserve(1), 429, {}, refused=True)
        waits.append(round(gov.budget.resets_in))
        gov.clock.advance(gov.budget.resets_in)
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    spend(gov)
    gov.settle(gov.reserve(1), 429, {}, refused=True)
    assert round(gov.budget.forecast(1)) == 60


def test_refusals_that_come_together_count_as_one():
    gov = governor(Window(100, 3600))
    for reservation in [gov.reserve(1) for _ in range(8)]:
        gov.settle(reservation, 429, {}, refused=True)
    assert round(gov.budget.forecast(1)) == 60


def test_a_reserve_is_left_to_others():
    gov = governor(Window(10, 60))
    spend(gov, 8, reserve=2)
    with pytest.raises(RateLimited):
        gov.reserve(1, reserve=2, max_wait=0)
    spend(gov, 2, max_wait=0)
    assert gov.budget.remaining == 0


def test_a_reserve_larger_than_the_limit_blocks_nobody_for_ever():
    gov = governor(Window(2, 60))
    spend(gov, reserve=50)
    assert 60 <= gov.reserve(1, reserve=50).waited <= 60.1


def test_windows_count_requests_units_and_rows_each_on_its_own():
    gov = governor(Window(100, 60), Window(10, 60, "units"), Window(250, 3600, "rows"))
    gov.settle(gov.reserve(5, rows=100), 200, {}, rows=30)
    gov.settle(gov.reserve(1, rows=100), 200, {})
    gov.settle(gov.reserve(1, rows=100), 200, {})
    with pytest.raises(RateLimited):
        gov.reserve(1, rows=100, max_wait=60)
    gov.reserve(3, rows=20, max_wait=0)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)


def test_a_window_can_be_for_some_calls_and_charge_failures_only():
    login = Window(
        2, 60, "requests", "wrong logins", lambda method, path: path == "/login", lambda status: status >= 400
    )
    gov = governor(Window(100, 60), login)
    spend(gov, 5, method="POST", path="/login")
    spend(gov, 2, method="POST", path="/login", status=401)
    with pytest.raises(RateLimited):
        gov.reserve(1, method="POST", path="/login", max_wait=0)
    spend(gov, 5, method="GET", path="/tickets", max_wait=0)
    assert gov.budget.remaining == 88


def test_the_servers_remaining_shows_what_others_spent():
    gov = governor(Window(100, 60), headers=RateHeaders(limit="Limit", remaining="Left", reset="Reset"))
    spend(gov, headers={"Limit": "100", "Left": "20", "Reset": "30"})
    assert gov.budget.remaining == 20
    assert 30 <= gov.budget.resets_in <= 30.1


def test_a_hint_may_lower_what_is_left_and_never_raises_it():
    headers = RateHeaders(remaining="Left", remaining_is_hint=True)
    gov = governor(Window(50, 60), headers=headers)
    spend(gov, headers={"Left": "46"})
    assert gov.budget.remaining == 46
    gov.clock.advance(15)
    spend(gov, headers={"Left": "49"})
    assert gov.budget.remaining == 45
    exact = governor(Window(50, 60), headers=RateHeaders(remaining="Left"))
    spend(exact, 30, headers=None)
    spend(exact, headers={"Left": "49"})
    assert exact.budget.remaining == 49


def test_before_the_server_told_its_limit_nobody_is_turned_away_for_the_policys_low_one():
    gov = governor(Window(2, 60), headers=RateHeaders(limit="Limit"), clock=SystemClock())
    first = [gov.reserve(1) for _ in range(2)]
    served = []
    others = [threading.Thread(target=lambda: served.append(gov.reserve(1, max_wait=10))) for _ in range(4)]
    for thread in others:
        thread.start()
    wait_until(lambda: len(gov._queue) == 4)
    gov.settle(first[0], 200, {"Limit": "500"})
    for thread in others:
        thread.join()
    assert len(served) == 4


def wait_until(condition):
    while not condition():
        time.sleep(0.001)


def test_callers_are_served_by_priority_and_then_in_the_order_they_came():
    gov = governor(Window(1, 60), clock=SystemClock())
    held = gov.reserve(1)
    served = []
    arrivals = [(1, "a"), (0, "b"), (1, "c"), (0, "d"), (2, "e"), (0, "f")]

    def call(priority, name):
        reservation = gov.reserve(1, priority=priority)
        served.append(name)
        gov.cancel(reservation)

    threads = []
    for number, (priority, name) in enumerate(arrivals, start=1):
        threads.append(threading.Thread(target=call, args=(priority, name)))
        threads[-1].start()
        wait_until(lambda number=number: len(gov._queue) == number)
    gov.cancel(held)
    for thread in threads:
        thread.join()
    assert served == ["b", "d", "f", "a", "c", "e"]


def test_who_waits_counts_in_the_estimate_of_who_comes_later():
    gov = governor(Window(2, 60, "units"), clock=SystemClock())
    held = [gov.reserve(1), gov.reserve(1)]
    waiting = threading.Thread(target=lambda: gov.settle(gov.reserve(2), 200, {}))
    waiting.start()
    wait_until(lambda: gov._queue)
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=100)
    for reservation in held:
        gov.cancel(reservation)
    waiting.join()


def test_an_interrupted_waiter_leaves_the_queue():
    class Interrupting(ManualClock):
        def wait(self, event, seconds):
            raise KeyboardInterrupt

    gov = governor(clock=Interrupting())
    spend(gov, 3)
    with pytest.raises(KeyboardInterrupt):
        gov.reserve(1)
    assert gov._queue == []
    gov.clock.advance(61)
    spend(gov, max_wait=0)


def test_what_a_dead_process_held_comes_back():
    gov = governor(Window(1, 60))
    gov.reserve(1)
    assert gov.reserve(1).waited == pytest.approx(660, abs=1)


def test_a_budget_is_forgotten_once_nobody_uses_it_and_nothing_is_spent():
    clock = ManualClock()
    policy = RateLimitPolicy(windows=(Window(10, 60),))

    def look_up(key):
        return shared_governor(("v", "https://a.example", key), policy, "auto", clock)

    first = look_up("k")
    spend(first)
    assert look_up("k") is first
    clock.advance(61)
    used, user = look_up("used"), Governor
    used.users.add(user)
    assert look_up("k") is not first
    assert look_up("used") is used


def test_desks_of_one_scope_share_a_budget_and_others_do_not():
    clock = ManualClock()
    policy = RateLimitPolicy(windows=(Window(10, 60),))
    one = shared_governor(("v", "https://a.example", "k"), policy, "auto", clock)
    two = shared_governor(("v", "https://a.example", "k"), policy, "memory", clock)
    assert one is two
    assert one.budget is two.budget
    spend(one, 4)
    other = shared_governor(("v", "https://a.example", "other"), policy, "auto", clock)
    assert (two.budget.remaining, other.budget.remaining) == (6, 10)
    lower = RateLimitPolicy(windows=(Window(7, 60),))
    assert shared_governor(("v", "https://a.example", "k"), lower, "auto", clock).budget.remaining == 3


def test_the_lower_limit_of_a_second_desk_does_not_replace_what_the_server_told():
    clock = ManualClock()
    headers = RateHeaders(limit="Limit")
    gov = shared_governor(("v", "o", "k"), RateLimitPolicy(windows=(Window(500, 60),), headers=headers), "auto", clock)
    spend(gov, headers={"Limit": "750"})
    shared_governor(("v", "o", "k"), RateLimitPolicy(windows=(Window(5, 60),), headers=headers), "auto", clock)
    assert gov.budget.limit == 750


def test_an_unknown_place_for_a_budget_is_a_config_error():
    with pytest.raises(ConfigError, match="memory"):
        shared_governor(("v", "o", "k"), RateLimitPolicy(windows=(Window(1, 1),)), "moon", ManualClock())


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_child_starts_with_what_was_spent_and_without_waiters():
    clock = ManualClock()
    gov = shared_governor(("v", "o", "fork"), RateLimitPolicy(windows=(Window(5, 60),)), "auto", clock)
    spend(gov, 2)
    gov.reserve(1)
    pid = os.fork()
    if pid == 0:
        # Whatever happens, the child must not go on with the parent's tests.
        os._exit(0 if gov.budget.remaining == 2 and not gov._cell._state.flights else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert gov.budget.remaining == 2


def test_after_a_fork_nothing_is_in_flight_and_all_of_it_is_charged():
    gov = governor(Window(5, 60))
    spend(gov, 2)
    gov.reserve(1)
    gov.after_fork()
    assert gov.budget.remaining == 2
    assert process_of(gov.reserve(1).ident) == this_process()
    gov.clock.advance(61)
    assert gov.budget.remaining == 4


def test_an_exact_figure_gives_back_what_the_server_did_not_count():
    gov = governor(Window(50, 60), headers=RateHeaders(remaining="Left", reset="Reset"))
    spend(gov, 5, headers={"Left": "40", "Reset": "30"})
    assert gov.budget.remaining == 40
    spend(gov, headers={"Left": "48", "Reset": "30"})
    assert gov.budget.remaining == 48
    lost = gov.reserve(1)
    gov.settle(lost, None)
    spend(gov, headers={"Left": "48", "Reset": "29"})
    assert gov.budget.remaining == 46


def test_of_two_requests_at_one_instant_the_later_answer_gives_nothing_back():
    """The server counted the first, then the second; the second's answer came first, all within one tick."""
    gov = governor(Window(2, 60), headers=RateHeaders(remaining="Left"))
    first, second = gov.reserve(1), gov.reserve(1)
    gov.settle(second, 200, {"Left": "0"})
    gov.settle(first, 200, {"Left": "1"})
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)


def test_a_figure_is_exact_for_a_request_that_was_alone_even_if_all_of_it_happened_at_one_instant():
    gov = governor(Window(50, 60), headers=RateHeaders(remaining="Left"))
    spend(gov, 30)
    alone = gov.reserve(1)
    gov.settle(alone, 200, {"Left": "49"})
    assert gov.budget.remaining == 49


def test_a_clock_set_back_while_a_request_is_in_flight_makes_its_figure_no_older_than_it_is():
    gov = governor(Window(2, 60), headers=RateHeaders(remaining="Left"))
    first = gov.reserve(1)
    gov.clock.advance(5)
    spend(gov, headers={"Left": "0"})
    gov.clock._now -= 3600
    gov.settle(first, 200, {"Left": "1"})
    assert gov.budget.remaining == 0


def test_what_was_charged_for_others_is_not_given_back_while_it_may_be_on_its_way():
    gov = governor(Window(10, 60), headers=RateHeaders(remaining="Left"))
    gov._cell.update(BudgetState.add, ((3, 60.0),))
    spend(gov, headers={"Left": "9"})
    assert gov.budget.remaining == 6


def test_a_request_that_is_granted_twice_is_in_flight_once():
    """A step whose answer was lost is done again, and the first may have been done."""
    gov = governor(Window(10, 60))
    for _ in range(2):
        assert gov._cell.update(BudgetState.take, 7, (3,), (0,), 30.0).wait == 0
    assert gov.budget.remaining == 7
    gov._cell.update(BudgetState.drop, 7)
    assert gov.budget.remaining == 10


def test_figures_of_a_request_that_was_in_flight_when_a_window_ended_are_not_trusted():
    gov = governor(Window(50, 60), headers=RateHeaders(remaining="Left"))
    spend(gov, 40)
    gov.clock.advance(59.9)
    late = gov.reserve(1)
    gov.clock.advance(0.5)
    spend(gov)
    gov.settle(late, 200, {"Left": "9"})
    assert gov.budget.remaining == 48


def test_with_somebody_else_about_requests_near_the_end_go_one_by_one():
    gov = governor(Window(20, 60), headers=RateHeaders(remaining="Left", reset="Reset"))
    spend(gov, headers={"Left": "5", "Reset": "30"})
    held = [gov.reserve(1, max_wait=0) for _ in range(3)]
    with pytest.raises(RateLimited):
        gov.reserve(1, max_wait=0)
    gov.settle(held[0], 200, {"Left": "4", "Reset": "30"})
    gov.settle(held[1], 200, {"Left": "3", "Reset": "30"})
    gov.reserve(1, max_wait=0)


def test_the_budget_shows_itself_without_its_key():
    gov = governor()
    spend(gov)
    assert repr(gov.budget) == "Budget(remaining=2, limit=3)"
