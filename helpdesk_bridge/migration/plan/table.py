"""Table of a mapping: each value of the source, what becomes of it, why, and what must exist at the destination for it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import Importer
from helpdesk_bridge.migration.plan.fidelity import carried
from helpdesk_bridge.migration.plan.rules import rule_of
from helpdesk_bridge.migration.plan.values import PASSING, Answer, Values
from helpdesk_bridge.model.values import Actor, Ref
from helpdesk_bridge.text.plain import fold

PEOPLE: Final = ("assignee", "watcher")
_MADE: Final = {"group": "group", "assignee": "agent", "watcher": "agent", "tag": "tag", "custom_field": "custom field", "contact_field": "custom field of contacts"}  # fmt: skip


class Standing(Enum):
    """How sure it is what becomes of a value."""

    THERE = "the destination has it"
    PASSES = "the destination takes any word"
    DECIDED = "decided"
    MAPPED = "a field map takes it"
    UNSURE = "no list of the destination shows it, and none says that it is not there"
    OPEN = "the destination does not have it"
    NO_PLACE = "the destination has no place for it"


@frozen
class MappingRow:
    """One value: ``becomes`` is its word at the destination as things are, or the proposal while it is open; None drops it."""

    field: str
    old: str
    becomes: str | None
    standing: Standing
    records: int

    @property
    def same(self) -> bool:
        """Whether the value stays what it is."""
        return self.becomes is not None and fold(self.becomes) == fold(self.old)


@frozen
class Needed:
    """What must be made in the new account if the value is to stay: ``kind`` says of which sort."""

    kind: str
    name: str
    records: int

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


@frozen
class OpenRule:
    """A field with values of which no list says whether the destination takes them: ``rule`` is proposed for a refusal."""

    field: str
    rule: str
    values: int

    def __str__(self) -> str:
        return f"--later {self.field}={self.rule}"


def mapping_rows(
    answers: Iterable[tuple[str, str, Answer, int]], values: Values, importer: Importer
) -> tuple[MappingRow, ...]:
    """Return the table for what was counted."""
    return tuple(
        MappingRow(field, old, _word(answer), _standing(field, old, answer, values, importer), records)
        for field, old, answer, records in answers
    )


def needed(rows: Iterable[MappingRow]) -> tuple[Needed, ...]:
    """Return what must exist at the destination and is not known to; each thing once."""
    wanted: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.field in _MADE and row.standing in (Standing.OPEN, Standing.UNSURE):
            key = _MADE[row.field], row.old
            wanted[key] = wanted.get(key, 0) + row.records
    return tuple(Needed(kind, name, records) for (kind, name), records in sorted(wanted.items()))


def open_rules(rows: Iterable[MappingRow], values: Values) -> tuple[OpenRule, ...]:
    """Return the fields that need a rule and have none."""
    unsure: dict[str, int] = {}
    for row in rows:
        if row.standing is Standing.UNSURE and row.field not in values.rules:
            unsure[row.field] = unsure.get(row.field, 0) + 1
    return tuple(OpenRule(field, rule_of(field), count) for field, count in sorted(unsure.items()))


def _word(answer: Answer) -> str | None:
    value = answer.value
    if answer.announced is not None:
        return answer.announced
    if isinstance(value, Ref):
        return value.name or value.id
    if isinstance(value, Actor):
        return value.email or value.id
    if isinstance(value, tuple):
        meaning, label = value
        return label or str(meaning.value)
    return None if value is None else str(value)


def _standing(field: str, old: str, answer: Answer, values: Values, importer: Importer) -> Standing:
    if not carried(field, importer):
        return Standing.NO_PLACE
    if answer.mapped:
        return Standing.MAPPED
    if answer.open:
        return Standing.OPEN
    if values.decided(field, old) or (field == "watcher" and values.decided("assignee", old)):
        return Standing.DECIDED
    if values.destination.defines:
        return Standing.PASSES
    return Standing.THERE if _is_there(field, answer, values) else Standing.UNSURE


def _is_there(field: str, answer: Answer, values: Values) -> bool:
    value, destination = answer.value, values.destination
    if field in PASSING:
        return False
    if field == "group":
        return isinstance(value, Ref) and value.id is not None
    if field in PEOPLE:
        return isinstance(value, Actor) and destination.agent(value) is not None
    if field == "tag":
        return any(fold(tag.name) == fold(str(value)) for tag in destination.tags)
    if field in ("custom_field", "contact_field"):
        return values.definition(str(value), "ticket" if field == "custom_field" else "contact") is not None
    return True
