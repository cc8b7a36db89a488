"""Plan: counts, fidelity, decisions, hazards and cost, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from attrs import asdict, evolve, field, frozen

from helpdesk_bridge.adapter import MARKER_FIELD, Finding, Hazard, Importer, Provenance
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.migration.completeness import SCANS, ScanProof, open_scans, proofs_in
from helpdesk_bridge.migration.cost import ReadCost, Work, pages, write_minimum
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.options import Rest, Threads
from helpdesk_bridge.migration.plan.fidelity import Change, all_changes, carried
from helpdesk_bridge.migration.plan.outcomes import Outcomes
from helpdesk_bridge.migration.plan.table import MappingRow, Needed, OpenRule, mapping_rows, needed, open_rules
from helpdesk_bridge.migration.plan.tally import Tally
from helpdesk_bridge.migration.plan.values import Answer
from helpdesk_bridge.migration.recovery import SearchResult, ignored
from helpdesk_bridge.migration.scope.hours import Hours
from helpdesk_bridge.migration.scope.kept import kept_scope
from helpdesk_bridge.migration.scope.scope import LISTED, MigrationScope


@frozen
class OpenValue:
    """A value of the source without a counterpart; ``proposed`` is what ``yes`` would take (None: it is dropped)."""

    field: str
    old: str
    proposed: str | None
    records: int

    def __str__(self) -> str:
        return f"--map {self.field}:{self.old}={self.proposed or ''}"


@frozen
class Forecast:
    """What one way of writing the threads costs: budget units and vendor seconds of each side, and when it ends.

    ``record_units`` are the units of a record at source and destination in each phase of a run. ``rest_units`` and
    ``rest_seconds`` are what the notes with the rest of the tickets add, chosen or not.
    """

    threads: Threads
    source_units: int
    destination_units: int
    seconds: float
    ends: datetime
    record_units: dict[str, tuple[float, float]] = field(factory=dict)
    rest_units: int = 0
    rest_seconds: float = 0.0


@frozen
class MappedField:
    """A field map as the user wrote it and in words: for how many records its target takes the value, and for how many not."""

    map: str
    words: str
    records: int
    refused: int


@frozen(kw_only=True)
class Plan:
    """The plan. ``messages`` is None if only reading every thread would show it.

    ``search`` is what is known of an earlier migration's tickets at the destination: if it is not ``done``, its
    ``calls`` are what a run spends on it first. ``foreign_open`` says that markers of another key stop a run. ``scans`` are
    the source's lists with the proof that they are whole; ``incomplete`` ones stop a run until they are accepted.
    ``rest_notes`` tickets get a note with what has no place. Everything is about the ``scope``; the source has ``listed``
    tickets in all. Whoever only a thread names is a contact of the scope that is not counted.
    """

    source: str
    destination: str
    tickets: int
    contacts: int
    messages: int | None
    fidelity: tuple[Change, ...]
    values: tuple[OpenValue, ...]
    hazards: tuple[Hazard, ...]
    open_hazards: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    search: SearchResult = field(factory=SearchResult)
    foreign_open: bool = False
    scans: tuple[ScanProof, ...] = ()
    incomplete: tuple[ScanProof, ...] = ()
    rest: Rest = Rest.LOSE
    rest_notes: int = 0
    maps: tuple[MappedField, ...] = ()
    mapping: tuple[MappingRow, ...] = ()
    needed: tuple[Needed, ...] = ()
    rules: tuple[OpenRule, ...] = ()
    scope: MigrationScope = field(factory=MigrationScope)
    listed: int = 0
    forecasts: Mapping[Threads, Forecast] = field(factory=dict)

    @property
    def needs_decision(self) -> bool:
        """Whether a run would stop and ask."""
        return bool(self.values or self.rules or self.open_hazards or self.foreign_open or self.incomplete)

    @property
    def blocked(self) -> bool:
        """Whether a run would stop and ask even if it accepts everything as announced (``Options.yes``)."""
        return bool(self.foreign_open or self.incomplete)

    def as_json(self) -> dict[str, object]:
        """Return the plan as JSON values."""
        return {
            "source": self.source,
            "destination": self.destination,
            "scope": {**self.scope.as_json(), "words": self.scope.words, "listed": self.listed},
            "tickets": self.tickets,
            "contacts": self.contacts,
            "messages": self.messages,
            "fidelity": [change.as_json() for change in self.fidelity],
            "decisions": [asdict(value) for value in self.values],
            "mapping": [{**asdict(row), "standing": row.standing.name.lower()} for row in self.mapping],
            "needed": [asdict(one) for one in self.needed],
            "rules": [asdict(one) for one in self.rules],
            "hazards": [
                {"id": hazard.id, "what": hazard.what, "when": hazard.when, "stop": hazard.stop, "provenance": hazard.provenance.value,
                 "acknowledged": hazard.id not in self.open_hazards}
                for hazard in self.hazards
            ],
            "rest": {"into": self.rest.value, "notes": self.rest_notes},
            "maps": [asdict(one) for one in self.maps],
            "findings": [{"severity": finding.severity.value, "subject": finding.subject, "detail": finding.detail} for finding in self.findings],
            "search": {**asdict(self.search), "foreign_open": self.foreign_open},
            "scans": [{**proof.as_json(), "open": proof in self.incomplete} for proof in self.scans],
            "forecasts": [
                {"threads": forecast.threads.value, "source_units": forecast.source_units, "destination_units": forecast.destination_units,
                 "seconds": round(forecast.seconds, 1), "ends": forecast.ends.isoformat(),
                 "rest_units": forecast.rest_units, "rest_seconds": round(forecast.rest_seconds, 1)}
                for forecast in self.forecasts.values()
            ],
        }  # fmt: skip


UNLISTED: Final = Hazard(
    "markers_not_listed",
    "writes again a ticket that an earlier migration wrote without its time of creation",
    "if the journal of that migration is lost: lists of this account show no markers",
    f'have an admin create a text field "{MARKER_FIELD}" for tickets before the first run',
    Provenance.OBSERVED,
)


def hazards_of(importer: Importer, search: SearchResult) -> tuple[Hazard, ...]:
    """Return the importer's hazards, and that of an earlier migration if lists do not show its markers."""
    hidden = search.unlisted and (search.there or 0) > 0 and not search.spared
    return (*importer.hazards, *((UNLISTED,) if hidden else ()))


def make_plan(
    tally: Tally,
    outcomes: Outcomes,
    journal: Journal,
    search: SearchResult,
    *,
    threads: Threads,
    findings: Sequence[Finding] = (),
    hours: Hours | None = None,
) -> Plan:
    """Return the plan for what was counted, with the decisions that the journal holds."""
    values, importer = outcomes.mapping.values, outcomes.importer
    source, destination = values.source, values.destination
    answers = [*tally.answers(values), *outcomes.answers()]
    hazards = hazards_of(importer, search)
    acknowledged = journal.facts.acknowledged()
    mapping = mapping_rows(answers, values, importer)
    return Plan(
        source=source.label,
        destination=destination.label,
        tickets=tally.tickets,
        contacts=tally.contacts,
        messages=tally.messages,
        fidelity=all_changes(
            tally,
            outcomes,
            threads=threads,
            used=tally.used(),
            left=tally.left_by_messages(),
            openings=tally.internal_openings,
        ),
        values=open_values(answers, importer),
        hazards=hazards,
        open_hazards=tuple(hazard.id for hazard in hazards if hazard.id not in acknowledged),
        findings=tuple(findings),
        search=search,
        foreign_open=search.foreign > 0 and not ignored(journal),
        scans=proofs_in(journal.facts.recall(SCANS, {})),
        incomplete=tuple(open_scans(journal)),
        forecasts=forecasts(tally, outcomes, search, hours),
        rest=Rest.NOTE if outcomes.noted else Rest.LOSE,
        rest_notes=len(outcomes.rests),
        maps=mapped_fields(outcomes),
        mapping=mapping,
        needed=needed(mapping),
        rules=open_rules(mapping, values),
        scope=kept_scope(journal),
        listed=int(journal.facts.recall(LISTED, tally.tickets)),
    )


_LONGEST: Final = 100 * 366 * 86_400.0
"""A hundred years, in seconds: a count that a vendor makes up must not end beyond the calendar."""


def mapped_fields(outcomes: Outcomes) -> tuple[MappedField, ...]:
    """Return the user's field maps with the number of records that they are about."""
    counts = outcomes.maps
    return tuple(
        MappedField(str(one), f"{one.source.words} goes into {one.target.words}", counts[one, True], counts[one, False])
        for one in outcomes.mapping.values.maps
    )


def forecasts(
    tally: Tally, outcomes: Outcomes, search: SearchResult, hours: Hours | None = None
) -> dict[Threads, Forecast]:
    """Return the cost of each way of writing the threads, from the counts and the budgets as they are now.

    A ``search`` for an earlier migration's tickets that is still to be done is part of it, and the notes with the rest of
    the tickets if they are wanted.
    """
    searching, values = 0 if search.done else search.calls, outcomes.mapping.values
    by_way = {}
    for way in Threads:
        bare = _forecast(tally, outcomes, way, searching, frozenset())
        noted = _forecast(tally, outcomes, way, searching, outcomes.rests)
        chosen = noted if outcomes.noted else bare
        by_way[way] = evolve(
            chosen,
            ends=chosen.ends if hours is None else _ends_within(hours, values.destination.clock, chosen.seconds),
            rest_units=noted.destination_units - bare.destination_units,
            rest_seconds=noted.seconds - bare.seconds,
        )
    return by_way


def _forecast(tally: Tally, outcomes: Outcomes, way: Threads, searching: int, rests: AbstractSet[str]) -> Forecast:
    """Return what one way costs. ``rests`` are the tickets with a note of what has no place.

    Such a note costs a call unless it joins one that is written anyway. The slower side decides about the time, since
    reading and writing go on side by side.
    """
    importer, values = outcomes.importer, outcomes.mapping.values
    source, destination = values.source, values.destination
    tickets = tally.tickets - tally.left_out
    contacts = tally.contacts - tally.contacts_left_out
    later, followed = _later(tally, way, rests)
    count = later + tally.internal_openings.records + len(rests) if way is Threads.MESSAGES else followed
    work = Work(
        contacts_written=contacts,
        tickets_written=tickets,
        messages_written=count,
        tickets_finished=tickets if importer.cost.finish_always else min(followed, count),
    )
    reading, back = ReadCost.of(source.desk.capabilities), ReadCost.of(destination.desk.capabilities)
    lists = pages(tally.tickets, reading.tickets_page) + pages(tally.contacts, reading.contacts_page)
    verifying = pages(tickets, back.tickets_page) + pages(contacts, back.contacts_page) + tickets
    writing = write_minimum(work, importer.cost)
    units = (lists + tally.tickets, writing + verifying + searching)
    seconds = max(_seconds(source, units[0]), _seconds(destination, units[1]))
    real = seconds / destination.clock.time_scale
    ends = destination.clock.wall() + timedelta(seconds=min(real, _LONGEST))
    contact = float(importer.cost.contact)
    ticket = (writing - contact * contacts) / tickets if tickets else 0.0
    by_record = {"contacts": (0.0, contact), "tickets": (1.0, ticket)}
    return Forecast(way, units[0], units[1], seconds, ends, by_record)


def _ends_within(hours: Hours, clock: Clock, seconds: float) -> datetime:
    return hours.after(clock.wall(), min(seconds / clock.time_scale, _LONGEST))


def _later(tally: Tally, way: Threads, rests: AbstractSet[str]) -> tuple[int, int]:
    """Return how many messages follow an opening, and how many tickets get something written behind theirs."""
    tickets = tally.tickets - tally.left_out
    messages = tally.messages if tally.messages is not None else tally.tickets
    later = max(0, messages - tally.tickets)
    # With the description, the internal messages of a ticket follow as one note; a ticket that begins with one is
    # opened with words of ours, and its first message follows.
    known, ids = (tally.internal, tally.internal_ids) if way is Threads.DESCRIPTION else (tally.noted, tally.noted_ids)
    # Where no thread was read, every ticket that has later messages may have an internal one.
    noted = min(tickets, later) if known is None else known
    joined = len(rests & ids) if tally.whole else min(len(rests), round(noted * len(rests) / max(1, tickets)))
    return later, noted + len(rests) - joined


def _seconds(side: MigrationDesk, units: int) -> float:
    return side.forecast(units)


def open_values(answers: Sequence[tuple[str, str, Answer, int]], importer: Importer) -> tuple[OpenValue, ...]:
    """Return the values that are not decided yet, of fields that the destination has a place for."""
    return tuple(
        OpenValue(name, old, answer.announced, records)
        for name, old, answer, records in answers
        if answer.open and carried(name, importer)
    )
