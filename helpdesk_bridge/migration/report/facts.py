"""Report facts: what the report reads from the journal's file, without disturbing a running migration."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import asdict, field, frozen
from sqlalchemy import func, select

from helpdesk_bridge.adapter import Fidelity, Hazard, Importer
from helpdesk_bridge.migration.completeness import SCANS, ScanProof, proofs_in
from helpdesk_bridge.migration.decisions.mapped_values import MAPPING, MappedValue, mapped_in
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.address import Address, DatabaseAddress, address_of
from helpdesk_bridge.migration.journal.database.owned import SEARCH
from helpdesk_bridge.migration.journal.facts import (
    HAZARD,
    INCOMPLETE,
    LATER,
    MAP_FIELD,
    REST,
    Difference,
    LeftAlone,
    Uncarried,
    differences_in,
    gone_in,
    left_alone_in,
    spent_in,
    uncarried_in,
)
from helpdesk_bridge.migration.journal.journal import counts_in
from helpdesk_bridge.migration.journal.reader import JournalReader, reading
from helpdesk_bridge.migration.journal.states import OF_ITS_TICKET, Kind, State
from helpdesk_bridge.migration.marker import SIDES
from helpdesk_bridge.migration.options import Rest
from helpdesk_bridge.migration.outcome import ExitCode
from helpdesk_bridge.migration.plan.fidelity import PEOPLE, Change
from helpdesk_bridge.migration.plan.field_maps import parse
from helpdesk_bridge.migration.plan.message_use import MESSAGE_FIELDS
from helpdesk_bridge.migration.plan.rest import CONTACT_FIELDS, TICKET_FIELDS
from helpdesk_bridge.migration.recovery import FOREIGN, IGNORE, SearchResult
from helpdesk_bridge.migration.sample.canary import CANARY
from helpdesk_bridge.migration.scope.scope import SCOPE, MigrationScope
from helpdesk_bridge.migration.summary import Counts, Summary, exit_code_of, gone_rows
from helpdesk_bridge.migration.verify.examples import EXAMPLES
from helpdesk_bridge.migration.verify.extent import EXTENT, Extent

IDS: Final = 200
REASONS: Final = 200
DOUBTS: Final = 500
SNAPSHOT: Final = "report"
_TOLD: Final = (State.FAILED, State.SKIPPED, State.DONE)


@frozen
class Reason:
    """Records of one kind that ended alike for one reason, the first of them by their source ids.

    ``attempts``: how often the one was tried that was tried most often.
    """

    kind: Kind
    state: State
    reason: str
    count: int
    ids: tuple[str, ...]
    attempts: int = 0


@frozen
class Doubt:
    """A record in doubt; ``ticket`` is the source id of the ticket that it hangs on.

    ``named`` is what ``migrate decide --in-doubt`` knows it by: its id, with its kind where another has the same.
    """

    kind: Kind
    ticket: str
    id: str
    evidence: str
    named: str


@frozen
class Decision:
    """What became of a value; ``old`` is None if only its digest is known, or if it names an agent."""

    field: str
    old: str | None
    new: str | None
    by: str
    at: datetime


@frozen
class Acknowledged:
    """Who acknowledged a hazard, and when."""

    by: str
    at: datetime


@frozen(kw_only=True)
class Snapshot:
    """What only an open migration knows; ``write_report`` keeps it in the journal for later reports.

    ``words`` are the old values of decisions by "field digest", agents left out.
    """

    labels: Mapping[str, str]
    minimum: Mapping[str, int | None]
    spent: Mapping[str, int]
    time_scale: Mapping[str, float | None]
    sample: int | None
    hazards: tuple[Mapping[str, str], ...]
    kept: Mapping[str, tuple[str, ...]]
    words: Mapping[str, str]


@frozen(kw_only=True)
class Facts:
    """A journal as the report shows it."""

    path: Address
    refs: Mapping[str, str]
    names: Mapping[str, str]
    created: datetime
    seconds: float
    scope: MigrationScope
    level: str | None
    extent: Extent | None
    uncarried: tuple[Uncarried, ...]
    gone: tuple[Mapping[str, Any], ...]
    threads: str | None
    counts: Mapping[Kind, Counts]
    changed: tuple[Change, ...]
    differences: tuple[Difference, ...]
    spent: Mapping[str, tuple[int, int, int]]
    reasons: tuple[Reason, ...]
    doubts: tuple[Doubt, ...]
    left_alone: tuple[LeftAlone, ...]
    search: SearchResult
    foreign_ignored: bool
    scans: tuple[ScanProof, ...]
    decisions: tuple[Decision, ...]
    acknowledged: Mapping[str, Acknowledged]
    snapshot: Snapshot | None = field(default=None)
    mapping: tuple[MappedValue, ...] = ()
    examples: tuple[Mapping[str, str | None], ...] = ()
    canary: Mapping[str, Mapping[str, str]] = field(factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """What a command ends with that finds the journal so."""
        return exit_code_of(self.counts, self.differences, self.extent, self.uncarried)

    @property
    def labels(self) -> Mapping[str, str]:
        """The two desks as people see them."""
        if self.snapshot is not None:
            return self.snapshot.labels
        return {side: f"{self.names[side]} ({self.refs[side].replace(':', ' ')})" for side in SIDES}

    @property
    def minimum(self) -> Mapping[str, int | None] | None:
        """The least possible units; None if they were not calculated for what was spent so far."""
        units = {side: units for side, (_, units, _) in self.spent.items()}
        known = self.snapshot is not None and dict(self.snapshot.spent) == units
        return self.snapshot.minimum if known and self.snapshot is not None else None


def snapshot_of(
    summary: Summary, labels: Mapping[str, str], importer: Importer, *, sample: int | None, words: Mapping[str, str]
) -> Snapshot:
    """Return what is to be kept of an open migration."""
    return Snapshot(
        labels=labels,
        minimum=dict(summary.minimum),
        spent=dict(summary.spent),
        time_scale=dict(summary.time_scale),
        sample=sample,
        hazards=tuple(_hazard(hazard) for hazard in importer.hazards),
        kept=_kept(importer),
        words=words,
    )


def _hazard(hazard: Hazard) -> dict[str, str]:
    return {
        **{name: getattr(hazard, name) for name in ("id", "what", "when", "stop")},
        "provenance": hazard.provenance.value,
    }


def _kept(importer: Importer) -> dict[str, tuple[str, ...]]:
    fidelity = importer.fidelity
    classes = list(fidelity.messages.values())
    messages = {
        name: kept
        for name, kept in (classes[0] if classes else {}).items()
        if all(name in class_ and class_[name].how is Fidelity.NATIVE for class_ in classes)
    }
    areas = {
        "ticket": (fidelity.ticket, TICKET_FIELDS),
        "contact": (fidelity.contact, CONTACT_FIELDS),
        "message": (messages, MESSAGE_FIELDS),
    }
    return {
        area: tuple(f"{area}.{name}" for name in known if name in fields and fields[name].how is Fidelity.NATIVE)
        for area, (fields, known) in areas.items()
    }


def snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as the journal keeps it."""
    return asdict(snapshot)


def read_facts(place: str | os.PathLike[str] | DatabaseAddress) -> Facts:
    """Read a journal without owning it, all of it as it is at one moment.

    Raises what ``reading`` does.
    """
    address = address_of(place)
    with reading(address) as journal:
        return _facts(journal, address)


def _facts(journal: JournalReader, path: Address) -> Facts:
    meta = journal.meta

    def recalled(name: str, default: Any = None) -> Any:
        return json.loads(meta[name]) if name in meta else default

    kept = recalled(SNAPSHOT)
    snapshot = None if kept is None else Snapshot(**kept)
    return Facts(
        path=path,
        refs={side: meta[side] for side in SIDES},
        names={side: meta[f"{side}_desk"] for side in SIDES},
        created=datetime.fromisoformat(meta["created"]),
        seconds=float(recalled("seconds", 0.0)),
        scope=MigrationScope.of_json(recalled(SCOPE, None)),
        level=recalled("verified"),
        extent=Extent.of_json(recalled(EXTENT)),
        uncarried=uncarried_in(meta),
        gone=gone_rows(gone_in(meta)),
        threads=recalled("threads"),
        counts={kind: Counts.of(states) for kind, states in counts_in(journal.rows).items()},
        changed=tuple(Change(**row) for row in recalled("fidelity", [])),
        differences=differences_in(journal.rows),
        spent=spent_in(journal.rows),
        reasons=tuple(_reasons(journal)),
        doubts=tuple(_doubts(journal)),
        left_alone=tuple(left_alone_in(meta)),
        search=SearchResult(**recalled(SEARCH, {})),
        foreign_ignored=recalled(FOREIGN) == IGNORE,
        scans=proofs_in(recalled(SCANS, {})),
        decisions=tuple(_decisions(journal, {} if snapshot is None else snapshot.words)),
        acknowledged=_acknowledged(journal),
        snapshot=snapshot,
        mapping=mapped_in(recalled(MAPPING, [])),
        examples=tuple(recalled(EXAMPLES, [])),
        canary=recalled(CANARY, {}).get("answers", {}),
    )


def _reasons(journal: JournalReader) -> Iterable[Reason]:
    table = schema.record.c
    states = [state.value for state in _TOLD]
    # What was done has a reason only where something is to be said of it.
    meant = table.state.in_(states) & ((table.state != State.DONE.value) | table.reason.is_not(None))
    most = func.max(table.attempts).label("attempts")
    query = select(table.kind, table.state, table.reason, func.count().label("n"), most).where(meant)
    grouped = journal.rows(query.group_by(table.kind, table.state, table.reason))
    order = {
        (kind.value, state.value): (states.index(state.value), list(Kind).index(kind))
        for kind in Kind
        for state in _TOLD
    }
    for row in sorted(grouped, key=lambda group: (*order[group["kind"], group["state"]], -group["n"]))[:REASONS]:
        kind, state, reason = row["kind"], row["state"], row["reason"]
        same = table.reason.is_(None) if reason is None else table.reason == reason
        ids = select(table.id).where(table.kind == kind, table.state == state, same)
        first = journal.rows(ids.order_by(table.parent, table.position, table.id).limit(IDS))
        ids_first = tuple(one["id"] for one in first)
        why = reason or "no reason recorded"
        yield Reason(Kind(kind), State(state), why, row["n"], ids_first, row["attempts"])


def _doubts(journal: JournalReader) -> Iterable[Doubt]:
    """Yield what is to be decided; the records of a ticket in doubt are decided with it."""
    table = schema.record.c
    query = select(table.kind, table.parent, table.id, table.reason).where(
        table.state == State.IN_DOUBT.value, table.reason.is_distinct_from(OF_ITS_TICKET)
    )
    rows = journal.rows(query.order_by(table.kind, table.parent, table.position, table.id).limit(DOUBTS))
    same = Counter(row["id"] for row in rows)
    for row in rows:
        kind, evidence = Kind(row["kind"]), row["reason"] or "the answer to the write was lost"
        named = row["id"] if same[row["id"]] == 1 else f"{kind.value}:{row['id']}"
        yield Doubt(kind, row["parent"], row["id"], evidence, named)


def _decisions(journal: JournalReader, words: Mapping[str, str]) -> Iterable[Decision]:
    table = schema.decision.c
    query = select(schema.decision).where(table.field != HAZARD)
    for row in journal.rows(query.order_by(table.field, table.at, table.old)):
        field, agent = row["field"], row["field"] in PEOPLE
        at = datetime.fromisoformat(row["at"])
        if field == MAP_FIELD:
            one = parse(row["old"])
            yield Decision(field, one.source.words, one.target.words if row["new"] else None, row["by"], at)
            continue
        if field == LATER:
            yield Decision(field, f"values of {row['old']} that come later", row["new"], row["by"], at)
            continue
        if field == REST:
            into = "one private note for each ticket" if row["new"] == Rest.NOTE.value else "nothing: it is lost"
            yield Decision(field, "fields and values without a place of their own", into, row["by"], at)
            continue
        # Which agent it is stays out of reports that leave the house.
        new = "another agent" if agent and row["new"] is not None else row["new"]
        known = row["old"] if field == INCOMPLETE else words.get(f"{field} {row['old']}")
        old = "an agent" if agent else known
        yield Decision(field, old, new, row["by"], at)


def _acknowledged(journal: JournalReader) -> dict[str, Acknowledged]:
    rows = journal.rows(select(schema.decision).where(schema.decision.c.field == HAZARD))
    return {row["old"]: Acknowledged(row["by"], datetime.fromisoformat(row["at"])) for row in rows}
