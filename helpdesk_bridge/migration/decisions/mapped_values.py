"""Mapped values: what becomes of each value of the source, in words, as the journal keeps it for reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import asdict, frozen

from helpdesk_bridge.adapter import Importer
from helpdesk_bridge.migration.plan.fidelity import PEOPLE, carried
from helpdesk_bridge.migration.plan.values import Answer

MAPPING: Final = "mapping"
"""Under which name the journal keeps it."""
MOST: Final = 5000


@frozen
class MappedValue:
    """A value of the source and what it became for so many records; ``new`` is None if it was dropped.

    People are told by their number alone: ``old`` is None, and ``new`` says what became of them.
    """

    field: str
    old: str | None
    new: str | None
    records: int

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def mapped_values(answers: Iterable[tuple[str, str, Answer, int]], importer: Importer) -> list[MappedValue]:
    """Return the values that the destination has a place for, in the order of their fields; at most 5,000 of them."""
    rows: list[MappedValue] = []
    people: Counter[tuple[str, str | None]] = Counter()
    for field, old, answer, records in answers:
        if answer.mapped or not carried(field, importer):
            continue
        if field in PEOPLE:
            same = "an agent there" if answer.announced is None else "another agent"
            people[field, None if answer.value is None else same] += 1
        else:
            rows.append(MappedValue(field, old, None if answer.value is None else answer.announced or old, records))
    rows += [MappedValue(field, None, new, count) for (field, new), count in people.items()]
    return sorted(rows[:MOST], key=lambda row: row.field)


def mapped_in(kept: Iterable[Mapping[str, Any]]) -> tuple[MappedValue, ...]:
    """Return what the journal kept."""
    return tuple(MappedValue(**row) for row in kept)
