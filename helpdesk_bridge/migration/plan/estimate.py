"""Estimates: what a sample of threads says of all of them, with the range in which the truth lies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final

from attrs import define, field, frozen

_Z: Final = 1.959964
"""The 97.5 % point of the normal distribution: 95 % lie between its negative and itself."""


@frozen
class Estimate:
    """A number of records; between ``low`` and ``high`` in 95 of 100 samples, both None if it was counted."""

    records: int
    low: int | None = None
    high: int | None = None


@define
class Sample:
    """What was seen in the threads of a sample; ``population`` is how many tickets there are, read or not.

    Messages of one ticket are alike, so that the sample's size is its tickets and not their messages.
    """

    tickets: int = 0
    _sums: Counter[Hashable] = field(factory=Counter)
    _squares: Counter[Hashable] = field(factory=Counter)
    _having: Counter[Hashable] = field(factory=Counter)

    def add(self, seen: Iterable[Hashable]) -> None:
        """Add a ticket and what was seen of it, each thing as often as it was."""
        self.tickets += 1
        for key, count in Counter(seen).items():
            self._sums[key] += count
            self._squares[key] += count * count
            self._having[key] += 1

    def seen(self) -> Iterable[Hashable]:
        """Return the things that were seen at least once."""
        return self._sums.keys()

    def count(self, key: Hashable) -> int:
        """Return how often a thing was seen."""
        return self._sums[key]

    def estimate(self, key: Hashable, population: int, *, whole: bool) -> Estimate:
        """Return how often a thing is there; ``whole`` says that the sample is everything."""
        total, size = self._sums[key], self.tickets
        if whole or not size:
            return Estimate(total)
        likely = total * population / size
        low, high = self._range(key, population)
        return Estimate(max(1, round(likely)), max(total, math.floor(low)), max(total, math.ceil(high)))

    def _range(self, key: Hashable, population: int) -> tuple[float, float]:
        """Return the wider of two ranges: that of the mean by Student, and that of the share of tickets by Wilson.

        The first is nothing where all tickets of a small sample are alike, and the truth is not.
        """
        total, size, having = self._sums[key], self.tickets, self._having[key]
        share, each = having / size, total / having
        spread = _Z * math.sqrt(share * (1 - share) / size + _Z * _Z / (4 * size * size))
        middle, scale = share + _Z * _Z / (2 * size), 1 + _Z * _Z / size
        low, high = population * each * (middle - spread) / scale, population * each * (middle + spread) / scale
        if size > 1:
            variance = max(0.0, (self._squares[key] - total * total / size) / (size - 1))
            rest = max(0.0, 1 - size / max(population, size))
            margin = _student(size - 1) * population * math.sqrt(variance / size * rest)
            likely = total * population / size
            low, high = min(low, likely - margin), max(high, likely + margin)
        return max(0.0, low), high


def _student(degrees: int) -> float:
    """Return the 97.5 % point of Student's distribution, by its expansion about the normal one."""
    first = (_Z**3 + _Z) / (4 * degrees)
    second = (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * degrees**2)
    third = (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / (384 * degrees**3)
    return _Z + first + second + third
