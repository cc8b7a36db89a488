"""Field maps: what has no place at the destination, or a constant, goes into another field there, as the user decides.

A map is written ``ticket.tags=custom:Old tags``: its source, then its target. A constant stands on the right, whichever
field it goes into: ``custom:Source=const:Old desk``. Both ends are checked when the map is decided, so that a run cannot
meet a field that does not exist or a value of another type.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Fidelity, Importer, is_marker_field
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.model.fields import RECORDS, Field, Kind
from helpdesk_bridge.model.records import Contact, FieldDefinition, FieldType, Ticket
from helpdesk_bridge.model.values import Actor, CustomValue, Identity, Phone, Rating, Ref
from helpdesk_bridge.text.plain import fold

Record = Ticket | Contact

CUSTOM: Final = "custom:"
CONSTANT: Final = "const:"
NATIVE_TARGETS: Final[Mapping[str, frozenset[str]]] = {
    "ticket": frozenset({"type", "category", "subcategory", "tags"}),
    "contact": frozenset({"title", "external_id"}),
}
"""Fields of the model that a map may fill; into the others only a record's own value belongs."""
_NOT_MAPPED: Final = frozenset({Kind.BODY, Kind.FILES, Kind.ANSWER})
_SUGGESTED: Final = 5

_TYPES: Final[Mapping[Kind, FieldType]] = {
    Kind.TIME: FieldType.DATETIME,
    Kind.FLAG: FieldType.BOOLEAN,
    Kind.NUMBER: FieldType.INTEGER,
    **dict.fromkeys((Kind.WORDS, Kind.ADDRESSES, Kind.PHONES, Kind.IDENTITIES), FieldType.MULTISELECT),
    Kind.CUSTOM_FIELDS: FieldType.MULTISELECT,
}
_ALSO_NUMBERS: Final = frozenset({Kind.ID, Kind.RATING})
_NUMBERS: Final = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
_FITS: Final[Mapping[FieldType, frozenset[FieldType]]] = {
    FieldType.TEXT: frozenset({FieldType.TEXT, FieldType.SELECT}),
    FieldType.SELECT: frozenset({FieldType.TEXT, FieldType.SELECT, FieldType.MULTISELECT}),
    FieldType.MULTISELECT: frozenset({FieldType.TEXT, FieldType.MULTISELECT}),
    FieldType.INTEGER: frozenset({FieldType.TEXT, *_NUMBERS}),
    FieldType.DECIMAL: frozenset({FieldType.TEXT, FieldType.DECIMAL}),
    FieldType.BOOLEAN: frozenset({FieldType.TEXT, FieldType.BOOLEAN}),
    FieldType.DATE: frozenset({FieldType.TEXT, FieldType.DATE, FieldType.DATETIME}),
    FieldType.DATETIME: frozenset({FieldType.TEXT, FieldType.DATE, FieldType.DATETIME}),
}
"""Which types take the values of which without a guess; what is unknown is looked at value by value."""
_WORDS: Final[Mapping[FieldType, str]] = {
    FieldType.INTEGER: "a whole number",
    FieldType.DECIMAL: "a number",
    FieldType.BOOLEAN: "yes or no",
    FieldType.DATE: "a date",
    FieldType.DATETIME: "a time",
    FieldType.SELECT: "one of its choices",
    FieldType.MULTISELECT: "a list of words",
}
_FLAGS: Final = {"yes": True, "true": True, "no": False, "false": False}


class EndKind(enum.Enum):
    """What an end of a map is."""

    FIELD = "field"
    CUSTOM = "custom field"
    CONSTANT = "constant"


@frozen
class End:
    """One end of a map: a field of the model, a custom field of a vendor, or (of ``area`` "") a constant."""

    kind: EndKind
    area: str
    name: str

    def __str__(self) -> str:
        if self.kind is EndKind.CONSTANT:
            return f"{CONSTANT}{self.name}"
        if self.kind is EndKind.FIELD:
            return f"{self.area}.{self.name}"
        return f"{CUSTOM}{self.name}" if self.area == "ticket" else f"{self.area}.{CUSTOM}{self.name}"

    @property
    def words(self) -> str:
        """The end as people read it."""
        if self.kind is EndKind.CONSTANT:
            return repr(self.name)
        if self.kind is EndKind.FIELD:
            return f"{self.area} {_field(self).words.get(self.name, self.name.replace('_', ' '))}"
        return f"custom field {self.name!r}" if self.area == "ticket" else f"{self.area}'s custom field {self.name!r}"


@frozen
class FieldMap:
    """A map: what stands in ``source`` at the source is written into ``target`` at the destination."""

    source: End
    target: End

    def __str__(self) -> str:
        if self.source.kind is EndKind.CONSTANT:
            return f"{self.target}={self.source}"
        return f"{self.source}={self.target}"

    @property
    def area(self) -> str:
        """Which records it is about: ``ticket`` or ``contact``."""
        return self.target.area

    @property
    def place(self) -> str:
        """The field whose loss it prevents, such as ``ticket.tags``; the target's for a constant."""
        end = self.target if self.source.kind is EndKind.CONSTANT else self.source
        return f"{end.area}.{'custom_fields' if end.kind is EndKind.CUSTOM else end.name}"

    def value(self, record: Record) -> Any:
        """Return what a record of the source holds of it; None for nothing."""
        if self.source.kind is EndKind.CONSTANT:
            return self.source.name
        if self.source.kind is EndKind.CUSTOM:
            wanted = fold(self.source.name)
            return next((value for name, value in record.custom_fields.items() if fold(name) == wanted), None)
        if self.source.name in ("status", "priority") and isinstance(record, Ticket):
            label = getattr(record, f"{self.source.name}_label")
            return label or getattr(record, self.source.name).value
        return getattr(record, self.source.name)


# -- reading what the user wrote -----------------------------------------------------------------------------------


def parse(text: str) -> FieldMap:
    """Return the map that a text says. Raises ``WrongMap``, which names what is wrong with it, before any call."""
    left, equals, right = text.partition("=")
    if not equals or not left.strip() or not right.strip():
        raise WrongMap(f'{text}: write SOURCE=TARGET, such as "ticket.tags=custom:Old tags"')
    ends = _end(left.strip()), _end(right.strip())
    if ends[0].kind is EndKind.CONSTANT:
        raise WrongMap(f"{text}: a constant stands on the right: {right.strip()}={left.strip()}")
    constant = ends[1].kind is EndKind.CONSTANT
    target, source = ends if constant else ends[::-1]
    area = target.area or source.area or "ticket"
    made = FieldMap(source if constant else _within(source, area), _within(target, source.area or area))
    if not constant and made.source.area != made.target.area:
        raise WrongMap(f"{text}: a field of a {made.source.area} cannot go into one of a {made.target.area}")
    if made.target.kind is EndKind.FIELD:
        _known_field(made.target)
        if made.target.name not in NATIVE_TARGETS[made.target.area]:
            known = ", ".join(f"{made.target.area}.{name}" for name in sorted(NATIVE_TARGETS[made.target.area]))
            raise WrongMap(f"{text}: nothing can be mapped into {made.target}; a map fills a custom field, {known}")
    if made.source.kind is EndKind.FIELD and _known_field(made.source).kind in _NOT_MAPPED:
        raise WrongMap(f"{text}: {made.source} is no single value, so it cannot be mapped")
    return made


def parse_end(text: str) -> End:
    """Return one end of a map, such as that of which maps are dropped. Raises ``WrongMap``."""
    return _within(_end(text.strip()), "ticket")


def _end(text: str) -> End:
    if text.startswith(CONSTANT):
        return End(EndKind.CONSTANT, "", _named(text, CONSTANT))
    if text.startswith(CUSTOM):
        return End(EndKind.CUSTOM, "", _named(text, CUSTOM))
    area, dot, name = text.partition(".")
    if not dot or area not in NATIVE_TARGETS:
        raise WrongMap(
            f"{text!r} is no field; write ticket.FIELD, contact.FIELD, custom:NAME, contact.custom:NAME or const:TEXT"
        )
    if name.startswith(CUSTOM):
        return End(EndKind.CUSTOM, area, _named(name, CUSTOM))
    return End(EndKind.FIELD, area, name)


def _named(text: str, prefix: str) -> str:
    name = text.removeprefix(prefix).strip()
    if not name:
        raise WrongMap(f"{prefix} needs a name or text behind it")
    if is_marker_field(name):
        raise WrongMap(f"{name!r} holds the markers of migrations, so nothing else can be written there")
    return name


def _within(end: End, area: str) -> End:
    return end if end.area or end.kind is EndKind.CONSTANT else evolve(end, area=area)


def _field(end: End) -> Field:
    return RECORDS[end.area][end.name]


def _known_field(end: End) -> Field:
    if end.name not in RECORDS[end.area]:
        mapped = [name for name, one in RECORDS[end.area].items() if one.kind not in _NOT_MAPPED]
        raise WrongMap(f"a {end.area} has no field {end.name!r}{nearest(end.name, mapped)}")
    return _field(end)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names what may have been meant."""
    by_fold = {fold(one): one for one in known}
    close = [by_fold[one] for one in get_close_matches(fold(name), by_fold, n=3, cutoff=0.5)]
    if close:
        return f"; the nearest is {', '.join(close)}"
    first = sorted(by_fold.values())[:_SUGGESTED]
    return f"; there are {', '.join(first)}{' and others' if len(by_fold) > _SUGGESTED else ''}" if first else ""


# -- checking both ends --------------------------------------------------------------------------------------------


@frozen(eq=False)
class MapCheck:
    """Checks maps against the lists of both desks; each list is read once for the whole migration."""

    source: MigrationDesk
    destination: MigrationDesk
    importer: Importer

    def check(self, one: FieldMap, known: Sequence[FieldMap]) -> None:
        """Raise ``WrongMap`` for a map that does not fit; ``known`` are those that were decided before."""
        other = next((before for before in known if same_target(before, one) and before != one), None)
        if other is not None:
            raise WrongMap(
                f"two sources for one field: {one.target} gets {other.source} already; drop that first "
                f'(--map-field "{other.target}=")'
            )
        self._check_source(one.source)
        self._check_target(one)

    def _check_source(self, end: End) -> None:
        able = self.source.desk.capabilities
        if end.kind is EndKind.FIELD:
            held = able.ticket_fields if end.area == "ticket" else able.contact_fields
            if held and end.name not in held:
                raise WrongMap(f"{self.source.label} has no {end}{nearest(end.name, held)}")
        if end.kind is EndKind.CUSTOM and self._definition(self.source, end) is None and _lists_all(self.source):
            raise WrongMap(f"{self.source.label} has no {end}{nearest(end.name, self._names(self.source, end.area))}")

    def _check_target(self, one: FieldMap) -> None:
        target = one.target
        if target.kind is EndKind.FIELD:
            kept = getattr(self.importer.fidelity, target.area).get(target.name)
            if kept is None or kept.how is not Fidelity.NATIVE:
                raise WrongMap(f"{self.destination.label} does not keep {target}, so nothing can be mapped into it")
            into = FieldType.MULTISELECT if _field(target).kind is Kind.WORDS else FieldType.TEXT
            if one.source.kind is not EndKind.CONSTANT and not (
                into is FieldType.MULTISELECT and self._source_type(one.source) is FieldType.TEXT
            ):
                self._check_types(one, into)
            return
        kept = getattr(self.importer.fidelity, target.area).get("custom_fields")
        if kept is None or kept.how is not Fidelity.NATIVE:
            raise WrongMap(f"{self.destination.label} keeps no custom fields of a {target.area}")
        definition = self._definition(self.destination, target)
        if definition is None:
            if self.destination.knows_all("custom_fields"):
                names = self._names(self.destination, target.area)
                raise WrongMap(f"{self.destination.label} has no {target}{nearest(target.name, names)}")
            return
        if one.source.kind is EndKind.CONSTANT:
            _check_constant(one, definition)
        else:
            self._check_types(one, definition.type)

    def _check_types(self, one: FieldMap, into: FieldType) -> None:
        kind, also_number = self._source_type(one.source), False
        if one.source.kind is EndKind.FIELD:
            also_number = _field(one.source).kind in _ALSO_NUMBERS and into in _NUMBERS
        if FieldType.UNKNOWN in (kind, into) or also_number or into in _FITS[kind]:
            return
        raise WrongMap(
            f"{one}: {one.target} takes {_WORDS.get(into, 'text')}, and {one.source} is {_WORDS.get(kind, 'text')}"
        )

    def _source_type(self, end: End) -> FieldType:
        if end.kind is EndKind.FIELD:
            return _TYPES.get(_field(end).kind, FieldType.TEXT)
        definition = self._definition(self.source, end)
        return FieldType.UNKNOWN if definition is None else definition.type

    @staticmethod
    def _definition(side: MigrationDesk, end: End) -> FieldDefinition | None:
        return defined(side, end)

    @staticmethod
    def _names(side: MigrationDesk, area: str) -> list[str]:
        return [one.name for one in side.custom_fields if one.active and _of_area(one, area)]


def defined(side: MigrationDesk, end: End) -> FieldDefinition | None:
    """Return a desk's definition of the custom field that an end names, by its alias, name or key."""
    wanted = fold(side.aliases.custom_fields.out(end.name))
    known = (one for one in side.custom_fields if one.active and _of_area(one, end.area))
    return next((one for one in known if wanted in (fold(one.name), fold(one.key))), None)


def _lists_all(side: MigrationDesk) -> bool:
    return "custom_fields" in side.desk.capabilities.complete_lists


def _of_area(one: FieldDefinition, area: str) -> bool:
    return (one.applies_to == "ticket") == (area == "ticket")


def same_target(one: FieldMap, other: FieldMap) -> bool:
    """Whether two maps fill the same field, which only a list of words can bear."""
    if (one.target.kind, one.area) != (other.target.kind, other.area) or fold(one.target.name) != fold(
        other.target.name
    ):
        return False
    return one.target.kind is EndKind.CUSTOM or _field(one.target).kind is not Kind.WORDS


def check_single(maps: Sequence[FieldMap], own: Mapping[tuple[str, str], str]) -> None:
    """Raise ``WrongMap`` if the source's records fill the target of a map themselves.

    ``own`` says which of the destination's fields they fill, by area and folded name, and from where.
    """
    for one in maps:
        single = one.target.kind is EndKind.CUSTOM or _field(one.target).kind is not Kind.WORDS
        source = own.get((one.area, fold(str(one.target))))
        if single and source is not None:
            raise WrongMap(
                f"two sources for one field: {one.target} gets {one.source} by your map and {source} of the source by its "
                f'name; drop the map (--map-field "{one.target}=") or send the other elsewhere (--map)'
            )


def _check_constant(one: FieldMap, definition: FieldDefinition) -> None:
    text = one.source.name
    if fitted(text, definition) is None:
        said = f"; its choices are {', '.join(definition.options)}" if definition.options else ""
        raise WrongMap(f"{one}: {one.target} takes {_WORDS.get(definition.type, 'text')}, not {text!r}{said}")


# -- values --------------------------------------------------------------------------------------------------------


def as_text(value: Any) -> str:
    """Return a value as people read it on one line; "" for nothing."""
    if value is None:
        return ""
    text = next((render(value) for kind, render in _TEXTS if isinstance(value, kind)), None)
    return " ".join((str(value) if text is None else text).split())


def _person(value: Actor) -> str:
    address = value.email or value.phone
    return " ".join(part for part in (value.name, f"<{address}>" if address else None) if part) or value.id or ""


def _rating(value: Rating) -> str:
    score = None if value.score is None else str(value.score)
    said = f"{value.label} ({score})" if value.label and score else value.label or score or ""
    return ": ".join(part for part in (said, value.comment) if part)


_TEXTS: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (bool, lambda value: "yes" if value else "no"),
    (datetime, lambda value: value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
    (date, lambda value: value.isoformat()),
    (Decimal, lambda value: format(value, "f")),
    (Actor, _person),
    (Ref, lambda value: value.name or value.id or ""),
    (Rating, _rating),
    (Phone, lambda value: value.raw),
    (Identity, lambda value: f"{value.kind} {value.value}"),
    (Mapping, lambda value: "; ".join(f"{name}: {as_text(one)}" for name, one in value.items() if as_text(one))),
    (tuple, lambda value: ", ".join(filter(None, map(as_text, value)))),
)


def words_of(value: Any) -> tuple[str, ...]:
    """Return a value as words: a list as its elements, anything else as one."""
    parts = [f"{name}: {as_text(one)}" for name, one in value.items()] if isinstance(value, Mapping) else value
    return tuple(filter(None, map(as_text, parts if isinstance(parts, (tuple, list)) else (parts,))))


def fitted(value: Any, definition: FieldDefinition | None) -> CustomValue:
    """Return a value as a custom field takes it; None for nothing, and for what the field does not take."""
    text = as_text(value)
    if not text:
        return None
    if definition is None or definition.type is FieldType.UNKNOWN:
        return _natural(value)
    match definition.type:
        case FieldType.INTEGER | FieldType.DECIMAL:
            return _number(value, definition.type)
        case FieldType.BOOLEAN:
            return value if isinstance(value, bool) else _FLAGS.get(text.casefold())
        case FieldType.DATE | FieldType.DATETIME:
            return _moment(value, definition.type)
        case FieldType.SELECT:
            return next((option for option in definition.options if fold(option) == fold(text)), None)
        case FieldType.MULTISELECT:
            words, known = words_of(value), {fold(option): option for option in definition.options}
            kept = tuple(known.get(fold(word), word) for word in words if not known or fold(word) in known)
            return kept or None
    return text


def _natural(value: Any) -> CustomValue:
    if isinstance(value, (bool, int, Decimal, date)):
        return value
    if isinstance(value, tuple):
        return words_of(value)
    return as_text(value)


def _number(value: Any, wanted: FieldType) -> CustomValue:
    given = value.score if isinstance(value, Rating) else value
    if isinstance(given, bool) or given is None:
        return None
    try:
        number = Decimal(str(given).strip())
    except ArithmeticError:
        return None
    if not number.is_finite():
        return None
    whole = number == number.to_integral_value()
    if wanted is FieldType.INTEGER:
        return int(number) if whole else None
    return int(number) if whole else number


def _moment(value: Any, wanted: FieldType) -> CustomValue:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, date):
        return None
    if wanted is FieldType.DATE:
        return value.astimezone(UTC).date() if isinstance(value, datetime) else value
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def fits_partly(value: Any, kept: CustomValue) -> bool:
    """Whether a field took less of a value than there is: the day of a time, some words of a list."""
    if isinstance(value, datetime) and isinstance(kept, date):
        return not isinstance(kept, datetime)
    return isinstance(kept, tuple) and len(kept) < len(words_of(value))
