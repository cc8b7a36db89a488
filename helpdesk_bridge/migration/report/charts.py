"""Report charts: bars as positions in per cent, which the template draws as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from helpdesk_bridge.migration.journal.states import Kind
from helpdesk_bridge.migration.report.words import listed, number, several
from helpdesk_bridge.migration.summary import PLURAL, Counts, Summary

STATES: Final = ("migrated", "skipped", "failed", "in_doubt", "pending")
WORDS: Final = {
    "migrated": "migrated", "skipped": "skipped", "failed": "failed", "in_doubt": "in doubt", "pending": "still to do",
    "spent": "spent", "minimum": "least possible",
}  # fmt: skip
THINNEST: Final = 1.0
"""Per cent of a bar: one failed record of a million is seen, too."""


@frozen
class Segment:
    """A part of a bar; ``x`` and ``width`` are per cent of the whole."""

    name: str
    word: str
    value: int
    x: float
    width: float


@frozen
class Bar:
    """A bar with the words that replace it for readers who cannot see it."""

    title: str
    description: str
    segments: tuple[Segment, ...]


def widths(values: Sequence[int], whole: int) -> list[float]:
    """Return the widths of a bar's parts in per cent; a part that is there is never too thin to be seen."""
    if not whole:
        return [0.0 for _ in values]
    shares = [max(THINNEST, 100 * value / whole) if value else 0.0 for value in values]
    excess = sum(shares) - 100
    if excess > 0:
        widest = shares.index(max(shares))
        shares[widest] -= excess
    return shares


def _segments(parts: Mapping[str, int], whole: int) -> tuple[Segment, ...]:
    x, found = 0.0, []
    for (name, value), width in zip(parts.items(), widths(list(parts.values()), whole), strict=True):
        if value:
            found.append(Segment(name, WORDS[name], value, round(x, 3), round(width, 3)))
        x += width
    return tuple(found)


def count_bars(counts: Mapping[Kind, Counts]) -> list[Bar]:
    """Return a bar for each kind that was planned: what became of its records."""
    bars = []
    for kind, plural in PLURAL.items():
        one = counts[kind]
        if not one.planned:
            continue
        segments = _segments({name: getattr(one, name) for name in STATES}, one.planned)
        said = listed([f"{number(part.value)} {part.word}" for part in segments])
        whole = several(one.planned, plural[:-1])
        bars.append(Bar(whole, f"Of {whole}: {said}.", segments))
    return bars


def cost_bars(summary: Summary, minimum: Mapping[str, int | None], labels: Mapping[str, str]) -> dict[str, list[Bar]]:
    """Return, for each side that costs something, what was spent and, if known, the least possible."""
    whole = max([*summary.spent.values(), *(units or 0 for units in minimum.values())])
    bars: dict[str, list[Bar]] = {}
    for side, spent in summary.spent.items():
        least = minimum[side]
        rows = {"spent": spent, **({} if least is None else {"minimum": least})}
        if not spent:
            continue
        bars[side] = [
            Bar(
                f"{WORDS[name].capitalize()}: {number(value)} units",
                f"{labels[side]}: {number(value)} units {WORDS[name]}.",
                _segments({name: value}, whole),
            )
            for name, value in rows.items()
        ]
    return bars
