"""Which cases of a test run in the quick tier."""

from __future__ import annotations

import pytest


def quick_first(cases, quick=1):
    """Return the cases for ``parametrize``: the first ``quick`` of them as they are, the others in the slow tier."""
    cases = list(cases)
    return [*cases[:quick], *(pytest.param(case, marks=pytest.mark.slow) for case in cases[quick:])]
