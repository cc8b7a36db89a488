"""Plan file: every decision of a migration with its proposal and reason, written to be edited, and taken back whole or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import field, frozen

from helpdesk_bridge.config.toml_text import quoted
from helpdesk_bridge.migration.decisions import sheet
from helpdesk_bridge.migration.later.gone import CHOICES
from helpdesk_bridge.migration.options import Rest, Threads
from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.migration.plan.field_maps import nearest
from helpdesk_bridge.migration.plan.plan import Plan
from helpdesk_bridge.migration.plan.rules import FIELDS as RULED
from helpdesk_bridge.migration.plan.rules import check_rule, rule_of, words_of
from helpdesk_bridge.migration.plan.table import PEOPLE, MappingRow, Standing
from helpdesk_bridge.migration.plan.values import old_key
from helpdesk_bridge.private_files import read_regular, write_private

VERSION: Final = 1
DROPPED: Final = "(drop)"
"""What stands behind a value that is to be dropped."""
_OPEN: Final = (Standing.OPEN, Standing.UNSURE)
_SHEETS: Final = {
    "group": "groups", "status": "statuses", "priority": "statuses", "custom_field": "fields", "contact_field": "fields",
    "option": "fields",
}  # fmt: skip
_KEYS: Final = (
    "version",
    "source",
    "destination",
    "threads",
    "rest",
    "gone",
    "field_maps",
    "hazards",
    "later",
    "sheets",
)
_TOLD: Final = 20


class Decides(Protocol):
    """What a plan file needs of a migration."""

    @property
    def refs(self) -> tuple[str, str]:
        """The accounts of source and destination."""
        ...

    @property
    def choices(self) -> Mapping[str, str]:
        """How threads are written, what becomes of the rest and of what is gone; empty texts while undecided."""
        ...

    @property
    def rules(self) -> Mapping[str, str]:
        """The rules for later values, by field."""
        ...

    @property
    def field_maps(self) -> tuple[str, ...]:
        """The field maps."""
        ...

    def check_value(self, name: str, old: str, new: str | None) -> None:
        """Raise ``WrongMap`` for a decision about what does not exist."""

    def check_field_map(self, text: str) -> None:
        """Raise ``WrongMap`` for a field map that does not fit."""

    def map_value(self, field: str, old: str, new: str | None, *, by: str = ...) -> None:
        """Record a decision about a value."""

    def map_field(self, text: str) -> None:
        """Record a field map."""

    def acknowledge(self, *hazards: str) -> None:
        """Record that hazards are known."""

    def choose_rule(self, field: str, rule: str) -> None:
        """Record a rule."""

    def choose_threads(self, way: Threads) -> None:
        """Record how threads are written."""

    def choose_rest(self, rest: Rest) -> None:
        """Record what becomes of the rest."""

    def choose_gone(self, choice: str) -> None:
        """Record what becomes of what is gone."""


def write_plan(path: Path, plan: Plan, migration: Decides) -> tuple[Path, ...]:
    """Write the plan file and its sheets, each for its owner alone; return the paths.

    Raises ``WrongMap`` if one of them is there: it may have been edited.
    """
    sheets: dict[str, list[MappingRow]] = {}
    for row in plan.mapping:
        if row.standing is not Standing.NO_PLACE:
            sheets.setdefault(_sheet_of(row), []).append(row)
    places = {name: path.with_name(f"{path.stem}.{name}.csv") for name in sorted(sheets)}
    for place in (path, *places.values()):
        if place.exists():
            raise WrongMap(f"{place} is there already and may have been edited; move it away, or name another file")
    for name, place in places.items():
        write_private(place, sheet.written(map(_cells, sheets[name])))
    text = "\n".join(_lines(plan, migration, {name: place.name for name, place in places.items()}))
    write_private(path, f"{text}\n".encode())
    return (path, *places.values())


def _sheet_of(row: MappingRow) -> str:
    if row.field in PEOPLE:
        return "people" if row.standing in _OPEN else "agents"
    return _SHEETS.get(row.field, "words")


def _cells(row: MappingRow) -> dict[str, object]:
    decided = row.standing is Standing.DECIDED
    word = DROPPED if row.becomes is None else row.becomes
    return {
        "field": row.field,
        "value": row.old,
        "becomes": word if decided else "",
        "proposal": word,
        "records": row.records,
        "why": row.standing.value,
        "key": _key(row.field, row.old),
    }


def _key(name: str, old: str) -> str:
    """Return what a row is known by if a spreadsheet made a number or a date of its value: text, whatever its digits."""
    return f"k{old_key(name, old)[1]}"


def _lines(plan: Plan, migration: Decides, sheets: Mapping[str, str]) -> Iterator[str]:
    source, destination = migration.refs
    yield f"# {plan.source} -> {plan.destination}; {plan.scope.words}"
    yield "# Fill in what is empty, here and in the sheets, then: migrate plan --decisions, or migrate run --decisions."
    yield f"# An empty text is not decided. In a sheet, {DROPPED} drops a value; a proposal is copied to be taken."
    yield f"version = {VERSION}"
    yield f"source = {quoted(source)}"
    yield f"destination = {quoted(destination)}"
    for one in plan.needed:
        yield f"# must exist at the destination, or be decided about: {_said(str(one))} ({one.records} records)"
    choices = migration.choices
    yield f"\nthreads = {quoted(choices['threads'])}  # {' | '.join(one.value for one in Threads)}"
    yield f"rest = {quoted(choices['rest'])}  # {' | '.join(one.value for one in Rest)}"
    yield f"gone = {quoted(choices['gone'])}  # {' | '.join(CHOICES)}"
    yield f"field_maps = [{', '.join(map(quoted, migration.field_maps))}]"
    yield "\n[hazards]"
    for hazard in plan.hazards:
        yield f"# {_said(f'{hazard.what}, {hazard.when}. {hazard.stop}')}"
        yield f"{quoted(hazard.id)} = {'false' if hazard.id in plan.open_hazards else 'true'}"
    yield "\n[later]"
    asked = {rule.field for rule in plan.rules}
    for name in RULED:
        rule = migration.rules.get(name, "")
        needs = "; a run stops without it" if name in asked else ""
        yield f"{name} = {quoted(rule)}  # {rule_of(name)}: {words_of(name)} | ask{needs}"
    yield "\n[sheets]"
    for name, file in sheets.items():
        yield f"{name} = {quoted(file)}"


def _said(text: str) -> str:
    return " ".join(text.split())


@frozen
class _Decision:
    name: str
    old: str
    new: str | None


@frozen(eq=False)
class PlanFile:
    """A plan file as it was read."""

    path: Path
    document: Mapping[str, Any]
    rows: tuple[sheet.Row, ...] = field(factory=tuple)

    @classmethod
    def read(cls, path: Path) -> PlanFile:
        """Return a plan file with its sheets. Raises ``WrongMap`` for one that cannot be read."""
        try:
            document = tomllib.loads(sheet.decoded(path, _content(path)).replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError as error:
            raise WrongMap(f"{path.name} is no TOML: {error}") from None
        for key in document:
            if key not in _KEYS:
                raise WrongMap(f"{path.name}: unknown key {key!r}{nearest(key, _KEYS)}")
        if document.get("version") != VERSION:
            raise WrongMap(f"{path.name} is no plan file of this version: version = {VERSION} is missing")
        rows: list[sheet.Row] = []
        for name, file in _table(path, document, "sheets").items():
            if not isinstance(file, str) or Path(file).name != file:
                raise WrongMap(f"{path.name} sheets.{name}: write the name of a file in the same folder")
            place = path.with_name(file)
            rows += sheet.read(place, _content(place))
        return cls(path, document, tuple(rows))

    def take(self, migration: Decides, plan: Plan) -> int:
        """Record what is new in the file; return how many decisions that were.

        Raises ``WrongMap`` with everything that is wrong, having recorded nothing.
        """
        for side, ref in zip(("source", "destination"), migration.refs, strict=True):
            if self.document.get(side) != ref:
                raise WrongMap(
                    f"{self.path.name} is the plan of another pair: its {side} is {self.document.get(side)!r}, and this "
                    f"migration's is {ref!r}; nothing was recorded"
                )
        problems: list[str] = []
        decisions = list(self._values(migration, plan, problems))
        hazards = self._hazards(plan, problems)
        rules = self._rules(problems)
        choices = self._choices(problems)
        maps = self._field_maps(migration, problems)
        if problems:
            told = "\n  ".join(problems[:_TOLD])
            more = f"\n  and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
            raise WrongMap(f"{self.path.name}: nothing was recorded:\n  {told}{more}")
        for one in decisions:
            migration.map_value(one.name, one.old, one.new, by="plan file")
        if hazards:
            migration.acknowledge(*hazards)
        for text in maps:
            migration.map_field(text)
        return len(decisions) + len(hazards) + len(maps) + _chosen(migration, rules, choices)

    def _values(self, migration: Decides, plan: Plan, problems: list[str]) -> Iterator[_Decision]:
        known = {(row.field, _key(row.field, row.old)): row for row in plan.mapping}
        decided: dict[tuple[str, str], str] = {}
        for row in self.rows:
            word = row["becomes"].strip()
            if not word:
                continue
            name, key = row["field"].strip(), row["key"].strip() or _key(row["field"].strip(), row["value"])
            there = known.get((name, key))
            if there is None:
                problems.append(
                    f"{row.place}: the decision no longer applies: no record of the source in the scope has the {name} "
                    f"{row['value']!r}; remove the row"
                )
                continue
            if decided.setdefault((name, key), word) != word:
                problems.append(f"{row.place}: {name} {there.old!r} is decided twice, and differently")
                continue
            new = None if word == DROPPED else word
            try:
                migration.check_value(name, there.old, new)
            except WrongMap as error:
                problems.append(f"{row.place}: {str(error).removeprefix('--map ')}")
                continue
            if there.standing is not Standing.DECIDED or there.becomes != new:
                yield _Decision(name, there.old, new)

    def _hazards(self, plan: Plan, problems: list[str]) -> list[str]:
        fresh, known = [], {hazard.id for hazard in plan.hazards}
        for name, known_of in _table(self.path, self.document, "hazards").items():
            if name not in known:
                problems.append(f"hazards.{name}: there is no such hazard{nearest(name, known)}")
            elif not isinstance(known_of, bool):
                problems.append(f"hazards.{name}: write true or false")
            elif known_of and name in plan.open_hazards:
                fresh.append(name)
        return fresh

    def _rules(self, problems: list[str]) -> dict[str, str]:
        rules = {}
        for name, rule in _table(self.path, self.document, "later").items():
            try:
                if rule:
                    check_rule(name, str(rule))
                    rules[name] = str(rule)
            except WrongMap as error:
                problems.append(f"later.{str(error).removeprefix('--later ')}")
        return rules

    def _choices(self, problems: list[str]) -> dict[str, str]:
        allowed: Mapping[str, Iterable[str]] = {
            "threads": [one.value for one in Threads],
            "rest": [one.value for one in Rest],
            "gone": CHOICES,
        }
        choices = {}
        for name, words in allowed.items():
            word = self.document.get(name, "")
            if word and word not in words:
                problems.append(f"{name}: {word!r} is no choice; write {' or '.join(words)}")
            elif word:
                choices[name] = word
        return choices

    def _field_maps(self, migration: Decides, problems: list[str]) -> list[str]:
        texts, fresh = self.document.get("field_maps", []), []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            problems.append('field_maps: write a list of texts, such as ["ticket.tags=custom:Old tags"]')
            return []
        for text in texts:
            if text in migration.field_maps:
                continue
            try:
                migration.check_field_map(text)
                fresh.append(text)
            except WrongMap as error:
                problems.append(f"field_maps: {error}")
        return fresh


def _chosen(migration: Decides, rules: Mapping[str, str], choices: Mapping[str, str]) -> int:
    """Record what is new of rules and choices; return how many that were."""
    before = migration.choices
    fresh = {name: rule for name, rule in rules.items() if migration.rules.get(name) != rule}
    chosen = {name: word for name, word in choices.items() if before[name] != word}
    for name, rule in fresh.items():
        migration.choose_rule(name, rule)
    if "threads" in chosen:
        migration.choose_threads(Threads(chosen["threads"]))
    if "rest" in chosen:
        migration.choose_rest(Rest(chosen["rest"]))
    if "gone" in chosen:
        migration.choose_gone(chosen["gone"])
    return len(fresh) + len(chosen)


def _content(path: Path) -> bytes:
    try:
        content, _ = read_regular(path, sheet.LARGEST)
    except FileNotFoundError:
        raise WrongMap(f"{path} is not there") from None
    except OSError as error:
        raise WrongMap(f"{path} cannot be read ({error.strerror})") from None
    if content is None:
        raise WrongMap(f"{path} is no file of at most {sheet.LARGEST // 1024 // 1024} MiB")
    return content


def _table(path: Path, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise WrongMap(f"{path.name} {name}: write a table [{name}]")
    return table
