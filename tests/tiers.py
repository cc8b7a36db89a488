"""Which cases of a test run in the quick tier."""

from __future__ import annotations

import os

import pytest

STEP = int(os.environ.get("HELPDESK_BRIDGE_STEP", "1"))
"""The exhaustive tier's matrices of kills and faults look at every so manieth point of a run; without it at all of them."""


def stepped(points, row=0):
    """Return every ``STEP``-th of the points of a matrix's row; the next row begins a point later."""
    return points[row % STEP :: STEP]


def quick_first(cases, quick=1):
    """Return the cases for ``parametrize``: the first ``quick`` of them as they are, the others in the slow tier."""
    cases = list(cases)
    return [*cases[:quick], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[quick:])]


def spread(cases, quick, slow=1):
    """Return the cases of a matrix for ``parametrize``: every ``quick``-th in the quick tier, the others in further ones.

    Of the others every ``slow``-th is in the slow tier, the rest in the exhaustive one. A step that shares no factor with
    the matrix's sides passes through all of its rows and columns.
    """
    cases = [case if isinstance(case, tuple) else (case,) for case in cases]
    others = [number for number in range(len(cases)) if number % quick]
    slower = set(others[::slow])
    return [
        pytest.param(
            *case,
            marks=() if number % quick == 0 else pytest.mark.slow if number in slower else pytest.mark.exhaustive,
        )
        for number, case in enumerate(cases)
    ]


def sampled(cases, step):
    """Return the cases of a matrix for ``parametrize``: every ``step``-th in the slow tier, the others in the exhaustive one."""
    marks = pytest.mark.slow, pytest.mark.exhaustive
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks[bool(number % step)])
        for number, case in enumerate(cases)
    ]
