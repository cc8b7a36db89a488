"""Estimate: when a migration ends, from the units that are left, the budgets, and how fast it went so far.

Three things bound a migration: the destination's budget, the source's, and the work itself. Each is extrapolated, and the
slowest decides. The range comes from how much the records seen so far differed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field, frozen

BLOCKS: Final = 8
FEWEST: Final = 5
"""From so many records on what was seen counts; before, what the plan says."""
PLANNED_SPREAD: Final = 0.5
"""A plan's cost of a record, from a sample of threads, is taken to be right within a half."""
SLACK: Final = 0.15
"""Machines and vendors are not equally fast all the time."""


@frozen
class Estimate:
    """Real seconds until the end: the earliest, the likely and the latest; ``why`` says what decides."""

    earliest: float
    likely: float
    latest: float
    why: str


@frozen
class Sample:
    """What was done of a phase at a moment: records, units of each side, and seconds in which something happened."""

    done: int
    units: tuple[int, int]
    busy: float


@frozen
class Spread:
    """A mean, and how far off it may be."""

    mean: float
    error: float

    def times(self, number: int) -> tuple[float, float, float]:
        """Return the least, likely and most for so many more."""
        return number * max(0.0, self.mean - self.error), number * self.mean, number * (self.mean + self.error)


@define
class PhaseCourse:
    """The course of one phase: its samples, thinned so that they stay few."""

    samples: list[Sample] = field(factory=list)

    def add(self, sample: Sample) -> None:
        """Add what is done now."""
        if self.samples and sample.done == self.samples[-1].done:
            self.samples[-1] = sample
            return
        self.samples.append(sample)
        if len(self.samples) > 2 * _MOST:
            self.samples = [self.samples[0], *self.samples[2:-1:2], self.samples[-1]]

    def per_record(self, of: Callable[[Sample], float]) -> Spread | None:
        """Return what a record takes, from blocks of what was done; None while too little was."""
        known = self.samples
        if not known or known[-1].done - known[0].done < FEWEST:
            return None
        step = max(1, (len(known) - 1) // BLOCKS)
        edges = [*known[:-1:step], known[-1]]
        blocks = [
            ((of(after) - of(before)) / (after.done - before.done), after.done - before.done)
            for before, after in itertools.pairwise(edges)
            if after.done > before.done
        ]
        total = sum(weight for _, weight in blocks)
        mean = sum(value * weight for value, weight in blocks) / total
        if len(blocks) < 2:  # noqa: PLR2004 - one block has no spread
            return Spread(mean, mean * PLANNED_SPREAD)
        variance = sum(weight * (value - mean) ** 2 for value, weight in blocks) / total
        # Of the records to come as well as of those seen: twice the error of the mean, for both.
        return Spread(mean, 2 * math.sqrt(2 * variance / len(blocks)))


_MOST: Final = 64


@frozen(kw_only=True)
class Rest:
    """What is left of a phase: ``planned`` are the units of a record of each side as the plan has them, if it was made."""

    records: int
    course: PhaseCourse
    planned: tuple[float, float] | None = None

    def units(self, side: int) -> Spread | None:
        """Return the units of a record."""
        seen = self.course.per_record(lambda sample: float(sample.units[side]))
        if seen is not None or self.planned is None:
            return seen
        return Spread(self.planned[side], self.planned[side] * PLANNED_SPREAD)


@frozen(kw_only=True)
class Side:
    """A side's budget: real seconds until it has so many units, and how many a window has; None if it has no budget."""

    label: str
    forecast: Callable[[int], float] | None = None
    limit: int = 0


def estimate(rests: Sequence[Rest], sides: Sequence[Side]) -> Estimate | None:
    """Return when everything that is left will be done; None while too little is known."""
    left = [rest for rest in rests if rest.records > 0]
    work = _work(left)
    if work is None:
        return None
    bounds: dict[str, tuple[float, float, float]] = {"the work itself": work}
    for place, side in enumerate(sides):
        if side.forecast is None:
            continue
        spreads = [(rest.units(place), rest.records) for rest in left]
        if any(spread is None for spread, _ in spreads):
            return None
        sums = [spread.times(number) for spread, number in spreads if spread is not None]
        least, likely, most = (sum(column) for column in zip(*sums, strict=True)) if sums else (0.0, 0.0, 0.0)
        # What the last window grants is still to be worked off when it is granted.
        tail = work[1] / likely * min(likely, side.limit) if likely else 0.0
        bounds[f"the budget of {side.label}"] = (
            side.forecast(math.floor(least)),
            side.forecast(round(likely)) + tail / 2,
            side.forecast(math.ceil(most)) + tail,
        )
    why = max(bounds, key=lambda name: bounds[name][1])
    earliest, likely, latest = (max(bound[place] for bound in bounds.values()) for place in range(3))
    return Estimate(earliest * (1 - SLACK), likely, latest * (1 + SLACK) + 1.0, why)


def _work(left: Sequence[Rest]) -> tuple[float, float, float] | None:
    """Return how long the work takes where no budget is waited for; phases that did not begin go as those that did."""
    seen = {
        place: spread
        for place, rest in enumerate(left)
        if (spread := rest.course.per_record(lambda sample: sample.busy)) is not None
    }
    if left and not seen and not all(rest.planned for rest in left):
        return None
    known = list(seen.values())
    other = Spread(sum(one.mean for one in known) / len(known), max(one.mean for one in known)) if known else None
    sums = [(seen.get(place) or other or Spread(0.0, 0.0)).times(rest.records) for place, rest in enumerate(left)]
    return (
        (sum(least for least, _, _ in sums), sum(likely for _, likely, _ in sums), sum(most for _, _, most in sums))
        if sums
        else (0.0, 0.0, 0.0)
    )
