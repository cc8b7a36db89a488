"""Which cases of a test run in the quick tier."""

from __future__ import annotations

import pytest


def quick_first(cases, quick=1):
    """Return the cases for ``parametrize``: the first ``quick`` of them as they are, the others in the slow tier."""
    cases = list(cases)
    return [*cases[:quick], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[quick:])]


def sampled(cases, step):
    """Return the cases of a matrix for ``parametrize``: every ``step``-th in the slow tier, the others in the exhaustive one."""
    marks = pytest.mark.slow, pytest.mark.exhaustive
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks[bool(number % step)])
        for number, case in enumerate(cases)
    ]
