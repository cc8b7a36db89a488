"""Journal facts: decisions, acknowledgements, differences and spending, kept beside the records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import asdict, frozen
from sqlalchemy import Connection, RowMapping, bindparam, func, select

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.owned import MARKER_KEY, OwnedJournal
from helpdesk_bridge.migration.marker import SIDES, MarkerKey

Meter = Callable[[], Mapping[str, tuple[int, int, int]]]
Rows = Callable[[Any], Sequence[RowMapping]]
"""What answers a query with its rows."""


LEFT_ALONE: Final = "left alone: "
ACCEPTED: Final = "accepted: "
DECIDED: Final = "decided difference: "
GONE: Final = "gone: "
GONE_CHOICE: Final = "gone"
"""The field of the decision what becomes of records that the source no longer has."""
ROLLBACK: Final = "rollback: "
"""What the names of records begin with of which a rollback says what it does."""
PREVIEWED: Final = "rollback preview"
UNCARRIED: Final = "uncarried: "
CONFLICT: Final = "conflict"
NOT_TAKEN: Final = "not taken"
INCOMPLETE: Final = "incomplete"
"""The field of a decision to go on with the list ``old``, which came incomplete."""
BEGAN: Final = "began"
HAZARD: Final = "hazard"
"""The field of a decision that acknowledges the hazard ``old``."""
MAP_FIELD: Final = "map_field"
"""The field of a decision for the field map ``old``, whose target is ``new``; None drops it again."""
REST: Final = "rest"
"""The field of a decision about what has no place: ``old`` is ``TICKET_REST``, ``new`` a ``Rest``."""
TICKET_REST: Final = "ticket"
_DECIDED: Final = select(schema.decision.c.new).where(
    *(schema.decision.c[name] == bindparam(name) for name in ("field", "old"))
)
_REMEMBERED: Final = select(schema.meta.c.value).where(schema.meta.c.name == bindparam("name"))
LATER: Final = "later"
"""The field of a decision for values that come later: ``old`` is their field, ``new`` a rule."""
_NO_VALUES: Final = (HAZARD, INCOMPLETE, GONE_CHOICE, MAP_FIELD, REST, LATER)


@frozen
class LeftAlone:
    """A ticket of the destination that carries the marker of the source ticket ``source`` and does not agree with it."""

    ticket: str
    source: str
    why: str


def left_alone_in(meta: Mapping[str, str]) -> list[LeftAlone]:
    """Return what the rows of a journal's ``meta`` table say of tickets that were left alone."""
    rows = sorted((name, value) for name, value in meta.items() if name.startswith(LEFT_ALONE))
    return [LeftAlone(name.removeprefix(LEFT_ALONE), *json.loads(value)) for name, value in rows]


@frozen
class Difference:
    """Something at the destination that is not as it was written, and was not announced; texts as digests.

    ``ticket`` and ``id`` are the source's; ``record`` says what differs: contact, ticket, message or attachment.
    """

    ticket: str
    record: str
    id: str
    field: str
    expected: str | None
    found: str | None

    def as_json(self) -> dict[str, str | None]:
        """Return the difference as JSON values."""
        return asdict(self)


@frozen
class Uncarried:
    """A change of the source that did not come to the destination: a conflict, or one that the destination does not take.

    ``ticket`` and ``id`` are the source's; ``source``, ``written`` and ``there`` are words or digests.
    """

    ticket: str
    record: str
    id: str
    field: str
    outcome: str
    why: str
    source: str | None = None
    written: str | None = None
    there: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return it as JSON values."""
        return asdict(self)


def uncarried_in(meta: Mapping[str, str]) -> tuple[Uncarried, ...]:
    """Return what the rows of a journal's ``meta`` table say of changes that did not come to the destination."""
    rows = sorted((name, value) for name, value in meta.items() if name.startswith(UNCARRIED))
    return tuple(Uncarried(**row) for _, value in rows for row in json.loads(value))


def gone_in(meta: Mapping[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what such rows say of records that the source no longer has, by kind and source id."""
    rows = sorted((name, value) for name, value in meta.items() if name.startswith(GONE))
    known = [(json.loads(name.removeprefix(GONE)), json.loads(value)) for name, value in rows]
    return {(kind, record_id): values for (kind, record_id), values in known if values}


def differences_in(rows: Rows) -> tuple[Difference, ...]:
    """Return the differences of a journal's latest verification."""
    table = schema.difference.c
    columns = (table.ticket, table.record, table.id, table.field, table.expected, table.found)
    return tuple(Difference(**row) for row in rows(select(*columns).order_by(table.number)))


def spent_in(rows: Rows) -> dict[str, tuple[int, int, int]]:
    """Return calls, units and refusals of each side over all runs of a journal."""
    table = schema.spent.c
    sums = [func.sum(column).label(column.name) for column in (table.calls, table.units, table.refused)]
    known = {
        row["side"]: (row["calls"], row["units"], row["refused"])
        for row in rows(select(table.side, *sums).group_by(table.side))
    }
    return {side: known.get(side, (0, 0, 0)) for side in SIDES}


def _place(one: Difference) -> str:
    return json.dumps([one.ticket, one.record, one.id, one.field])


class JournalFacts:
    """The small tables of one journal."""

    def __init__(self, file: OwnedJournal, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def remember(self, **values: Any) -> None:
        """Keep JSON values under their names."""
        rows = [{"name": name, "value": json.dumps(value)} for name, value in values.items()]
        with self._file.transaction() as connection:
            self._file.put(connection, schema.meta, rows)

    def recall(self, name: str, default: Any = None) -> Any:
        """Return a value that ``remember`` kept."""
        rows = self._file.rows(_REMEMBERED, {"name": name})
        return json.loads(rows[0]["value"]) if rows else default

    def leave_alone(self, source_id: str, others: Mapping[str, str]) -> None:
        """Record destination tickets that carry a source ticket's marker but do not agree with it, and why."""
        if others:
            self.remember(**{f"{LEFT_ALONE}{one}": [source_id, why] for one, why in others.items()})

    def left_alone(self) -> list[LeftAlone]:
        """Return the tickets that were left alone, and why."""
        query = select(schema.meta).where(schema.meta.c.name.startswith(LEFT_ALONE))
        return left_alone_in({row["name"]: row["value"] for row in self._file.rows(query)})

    def decide_difference(self, difference: Difference | Uncarried, side: str | None) -> None:
        """Record which side holds where this record differs, None once that is done."""
        self.remember(**{f"{DECIDED}{json.dumps([difference.record, difference.id])}": side})

    def decided_differences(self) -> dict[tuple[str, str], str]:
        """Return these decisions by record and source id."""
        known = [(json.loads(name.removeprefix(DECIDED)), json.loads(value)) for name, value in self.named(DECIDED)]
        return {(record, record_id): side for (record, record_id), side in known if side is not None}

    def accept(self, difference: Difference) -> None:
        """Record that a difference is as the user wants it, for as long as the destination shows the same."""
        self.remember(**{f"{ACCEPTED}{_place(difference)}": difference.found})

    def without_accepted(self, differences: Iterable[Difference]) -> list[Difference]:
        """Return the differences that the user did not accept."""
        accepted = {name.removeprefix(ACCEPTED): json.loads(value) for name, value in self.named(ACCEPTED)}
        return [one for one in differences if _place(one) not in accepted or accepted[_place(one)] != one.found]

    def settle_gone(self, kind: str, record_id: str, **values: Any) -> None:
        """Record what became of a record that the source no longer has."""
        self.remember(**{f"{GONE}{json.dumps([kind, record_id])}": values})

    def gone(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what was recorded of such records, by kind and source id."""
        return gone_in(dict(self.named(GONE)))

    def settle_rollback(self, kind: str, record_id: str, **values: Any) -> None:
        """Record the intent to remove a record, or that it was removed; without values that nothing is on its way."""
        self.remember(**{f"{ROLLBACK}{json.dumps([kind, record_id])}": values})

    def rolled_back(self, kind: str, record_id: str) -> dict[str, Any]:
        """Return what was recorded of a record by ``settle_rollback``."""
        return dict(self.recall(f"{ROLLBACK}{json.dumps([kind, record_id])}", {}))

    def gone_notes(self) -> dict[str, list[dict[str, Any]]]:
        """Return what was recorded of the notes that were written about such records, by the source id of their ticket."""
        notes: dict[str, list[dict[str, Any]]] = {}
        for (_, record_id), values in self.gone().items():
            if values.get("ids"):
                notes.setdefault(values.get("ticket", record_id), []).append(values)
        return notes

    def replace_uncarried(self, record: str, record_id: str, rows: Sequence[Uncarried]) -> None:
        """Record what did not come to the destination of one record, and drop a decision that was done."""
        name = f"{UNCARRIED}{json.dumps([record, record_id])}"
        if rows or self.recall(name):
            self.remember(**{name: [row.as_json() for row in rows]})
        decided = f"{DECIDED}{json.dumps([record, record_id])}"
        if self.recall(decided) is not None:
            self.remember(**{decided: None})

    def uncarried(self) -> tuple[Uncarried, ...]:
        """Return the changes of the source that did not come to the destination."""
        return uncarried_in(dict(self.named(UNCARRIED)))

    def named(self, prefix: str) -> list[tuple[str, str]]:
        """Return the values, as JSON, whose names begin so."""
        query = select(schema.meta).where(schema.meta.c.name.startswith(prefix))
        return [(row["name"], row["value"]) for row in self._file.rows(query)]

    @property
    def marker_key(self) -> MarkerKey:
        """The key of this migration's markers; rotating a credential does not change it."""
        return MarkerKey.of_text(self.recall(MARKER_KEY))

    @property
    def created(self) -> datetime:
        """When the journal was created."""
        rows = self._file.rows(select(schema.meta.c.value).where(schema.meta.c.name == "created"))
        return datetime.fromisoformat(rows[0]["value"])

    @property
    def began(self) -> datetime:
        """When the first run began, by the destination's clock; before that, when the journal was created by ours."""
        said = self.recall(BEGAN)
        return self.created if said is None else datetime.fromisoformat(said)

    def begin(self, now: datetime) -> None:
        """Record that a run begins, unless one has before; ``now`` is the destination's time of day."""
        if self.recall(BEGAN) is None:
            self.remember(**{BEGAN: now.isoformat()})

    def decide(self, field: str, old: str, new: str | None, *, by: str) -> None:
        """Record what becomes of a value; ``old`` is its digest."""
        values = {"field": field, "old": old, "new": new, "by": by, "at": self._clock.wall().isoformat()}
        with self._file.transaction() as connection:
            self._file.put(connection, schema.decision, [values])

    def decisions(self) -> dict[tuple[str, str], str | None]:
        """Return the decisions by field and digest of the old value."""
        rows = self._file.rows(select(schema.decision).where(schema.decision.c.field.not_in(_NO_VALUES)))
        return {(row["field"], row["old"]): row["new"] for row in rows}

    def field_maps(self) -> list[str]:
        """Return the field maps as they were decided, the first one first; what was dropped is not among them."""
        table = schema.decision.c
        query = select(table.old).where(table.field == MAP_FIELD, table.new.is_not(None))
        return [row["old"] for row in self._file.rows(query.order_by(table.at, table.old))]

    def rules(self) -> dict[str, str]:
        """Return the rules for values that come later, by their field."""
        table = schema.decision.c
        rows = self._file.rows(select(table.old, table.new).where(table.field == LATER, table.new.is_not(None)))
        return {row["old"]: row["new"] for row in rows}

    def decided(self, field: str, old: str) -> str | None:
        """Return what was decided about a value that is kept as it is."""
        rows = self._file.rows(_DECIDED, {"field": field, "old": old})
        return rows[0]["new"] if rows else None

    def acknowledge(self, hazards: Iterable[str], *, by: str) -> None:
        """Record that the user knows of these hazards."""
        at = self._clock.wall().isoformat()
        rows = [{"field": HAZARD, "old": hazard, "by": by, "at": at} for hazard in hazards]
        if rows:
            with self._file.transaction() as connection:
                self._file.put(connection, schema.decision, rows, anew=False)

    def acknowledged(self) -> frozenset[str]:
        """Return the acknowledged hazards."""
        table = schema.decision.c
        return frozenset(row["old"] for row in self._file.rows(select(table.old).where(table.field == HAZARD)))

    def replace_differences(self, differences: Sequence[Difference]) -> None:
        """Keep the differences of the latest verification."""
        with self._file.transaction() as connection:
            self._file.clear(connection, schema.difference)
            rows = [{"number": n, **difference.as_json()} for n, difference in enumerate(differences, 1)]
            self._file.put(connection, schema.difference, rows)

    def differences(self) -> tuple[Difference, ...]:
        """Return the differences of the latest verification."""
        return differences_in(self._file.rows)

    def measure(self, meter: Meter) -> None:
        """Keep what ``meter`` shows (calls, units, refusals a side) with every transaction from now on."""

        def note_spent(connection: Connection) -> None:
            generation = self._file.generation
            rows = [
                {"generation": generation, "side": side, "calls": calls, "units": units, "refused": refused}
                for side, (calls, units, refused) in meter().items()
            ]
            self._file.put(connection, schema.spent, rows)

        self._file.before_commit = note_spent

    def spent(self) -> dict[str, tuple[int, int, int]]:
        """Return calls, units and refusals of each side over all runs."""
        return spent_in(self._file.rows)
