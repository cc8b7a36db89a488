"""The stated end: from units, budgets and what was seen; a range that holds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.migration.watch.estimate import Estimate, PhaseCourse, Rest, Sample, Side, estimate

LIMIT, WINDOW = 100, 60.0


def fixed_window(left):
    """The real seconds until a budget of 100 a minute, with ``left`` in this window, has granted so many units."""
    return lambda units: 0.0 if units <= left else WINDOW * math.ceil((units - left) / LIMIT)


def course(units_of, records=20, busy=0.1):
    made = PhaseCourse()
    spent = (0, 0)
    made.add(Sample(0, spent, 0.0))
    for number in range(1, records + 1):
        spent = (spent[0] + 1, spent[1] + units_of(number))
        made.add(Sample(number, spent, number * busy))
    return made


def ends(rest, left=0):
    return estimate([rest], [Side(label="old"), Side(label="new", forecast=fixed_window(left), limit=LIMIT)])


def test_records_that_all_cost_the_same_end_when_the_budget_says():
    told = ends(Rest(records=100, course=course(lambda _: 5)))
    assert told.why == "the budget of new"
    assert told.earliest <= 300 <= told.latest  # 500 units of 100 a minute
    assert told.latest <= 300 * 1.3


def test_records_that_differ_give_a_wider_range():
    even = ends(Rest(records=100, course=course(lambda _: 5)))
    odd = ends(Rest(records=100, course=course(lambda number: 1 if number % 4 else 17)))
    assert odd.latest - odd.earliest >= even.latest - even.earliest
    assert odd.earliest <= 300 <= odd.latest


def test_before_anything_was_done_the_plan_counts():
    told = ends(Rest(records=100, course=PhaseCourse(), planned=(1.0, 5.0)))
    assert told.earliest < 300 < told.latest


def test_nothing_is_stated_while_nothing_is_known():
    assert ends(Rest(records=100, course=PhaseCourse())) is None
    assert ends(Rest(records=100, course=course(lambda _: 5, records=3))) is None


def test_without_budgets_the_work_itself_decides():
    told = estimate([Rest(records=100, course=course(lambda _: 5))], [Side(label="old"), Side(label="new")])
    assert told.why == "the work itself"
    assert told.earliest <= 10 <= told.latest


def test_nothing_left_ends_now():
    assert ends(Rest(records=0, course=PhaseCourse())) == Estimate(0.0, 0.0, 1.0, "the work itself")


@given(
    costs=st.lists(st.integers(1, 30), min_size=40, max_size=200),
    seen=st.integers(10, 30),
    left=st.integers(0, LIMIT),
    order=st.randoms(use_true_random=False),
)
def test_the_range_is_a_range_whatever_the_records_cost(costs, seen, left, order):
    order.shuffle(costs)
    told = ends(Rest(records=len(costs) - seen, course=course(lambda number: costs[number - 1], records=seen)), left)
    assert 0 <= told.earliest <= told.likely <= told.latest
    assert math.isfinite(told.latest)


@pytest.mark.parametrize("seed", range(3))
def test_of_many_runs_of_shuffled_records_the_end_is_in_its_range(seed):
    """A law of large numbers, with fixed seeds: nine in ten ranges hold, looked at after a fifth of the records."""
    from random import Random

    random, held = Random(seed), 0
    for _ in range(100):
        costs = [random.choice((1, 2, 3, 4, 12)) for _ in range(200)]
        told = ends(Rest(records=160, course=course(lambda number, costs=costs: costs[number - 1], records=40)))
        held += told.earliest <= fixed_window(0)(sum(costs[40:])) <= told.latest
    assert held >= 90


def test_a_long_course_stays_small():
    made = course(lambda _: 1, records=5000)
    assert len(made.samples) <= 130
    assert made.per_record(lambda sample: sample.units[1]).mean == pytest.approx(1)
