"""A migration from one desk to another: preflight, plan, run, verify, and what came of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from helpdesk_bridge.adapter import Finding, Importer
from helpdesk_bridge.http.clock import Clock
from helpdesk_bridge.migration import fidelity, plan as planning, summary as summing
from helpdesk_bridge.migration.apart import apart_at_destination, apart_at_source
from helpdesk_bridge.migration.context import LoadContext
from helpdesk_bridge.migration.decisions import settle_in_doubt
from helpdesk_bridge.migration.difference import Difference
from helpdesk_bridge.migration.files import Files
from helpdesk_bridge.migration.journal import Journal
from helpdesk_bridge.migration.load import Load
from helpdesk_bridge.migration.mapping import Mapping
from helpdesk_bridge.migration.marker import marker_of
from helpdesk_bridge.migration.markers import all_markers, indexed, recent_markers
from helpdesk_bridge.migration.options import Level, Options, Progress, Threads
from helpdesk_bridge.migration.outage import Outage, Stopped
from helpdesk_bridge.migration.outcome import DecisionNeeded, Interrupted, NeverPossible
from helpdesk_bridge.migration.people import People
from helpdesk_bridge.migration.scan import Scan, sample
from helpdesk_bridge.migration.side import Side
from helpdesk_bridge.migration.spool import Spool
from helpdesk_bridge.migration.states import Key, Kind, Record, State
from helpdesk_bridge.migration.tally import Tally
from helpdesk_bridge.migration.ticket_load import FOUND_AGAIN
from helpdesk_bridge.migration.values import Values, old_key
from helpdesk_bridge.migration.verify import Verification
from helpdesk_bridge.model import Ticket
from helpdesk_bridge.ports import Helpdesk

SAMPLE: Final = 10


def importer_of(source: Side, destination: Side) -> Importer:
    """Return the destination's importer. Raises ``NeverPossible``, before any call, for a pair that cannot work."""
    importer = destination.desk.importer
    if not importer:
        note = destination.desk.capabilities.notes.get("importer")
        raise NeverPossible(f"nothing can be migrated into {destination.label}" + (f": {note}" if note else ""))
    missing = source.desk.capabilities.missing("tickets.list", "contacts.list", "messages.list")
    if missing:
        raise NeverPossible(f"{source.label} cannot list what is to be migrated: it has no {', '.join(missing)}")
    if source.ref == destination.ref:
        raise NeverPossible(f"{source.label} and {destination.label} are the same account")
    return importer


class Migration:
    """One migration and its journal, owned until ``close``.

    ``clock`` serves desks that have none of their own. ``progress`` is called from the threads that work, often.
    Every step can be called again; whatever a run that was stopped or killed did is found in the journal.
    """

    def __init__(
        self,
        source: Helpdesk,
        destination: Helpdesk,
        journal_path: str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        options: Options | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.source = Side(source, clock)
        self.destination = Side(destination, clock)
        self.options = options or Options()
        self._importer = importer_of(self.source, self.destination)
        self._path = Path(journal_path)
        self._report_progress = progress
        self._counted: dict[str, int] = {}
        self._count_lock = threading.Lock()
        self._stop = threading.Event()
        self._spool: Spool | None = None
        self._tally: Tally | None = None
        self._file_units = {"source": 0, "destination": 0}
        self._start_journal()
        self._source_outage = Outage(self.source, self._stop, self.options.patience)
        self._destination_outage = Outage(self.destination, self._stop, self.options.patience)
        self._values = Values(self.source, self.destination)
        self._values.load(self.journal.decisions())
        self._subscriptions = [
            self.source.desk.subscribe(lambda event: self._saw("source", event)),
            self.destination.desk.subscribe(lambda event: self._saw("destination", event)),
        ]

    def _start_journal(self) -> None:
        self.journal = Journal(self._path, clock=self.destination.clock, takeover=self.options.takeover)
        try:
            names = {"source_desk": self.source.desk.name, "destination_desk": self.destination.desk.name}
            self._new = self.journal.bind(self.source.ref, self.destination.ref, names)
        except BaseException:
            self.journal.close()
            raise
        before = {name: getattr(self, name).spent() for name in ("source", "destination")}
        self.journal.measure(lambda: {name: self._since(name, before[name]) for name in before})
        self._started = self.destination.clock.now() / self.destination.clock.time_scale
        self._seconds_before = float(self.journal.recall("seconds", 0.0))

    def _since(self, name: str, before: Any) -> tuple[int, int, int]:
        now = getattr(self, name).spent()
        return now.calls - before.calls, now.units - before.units, now.refused - before.refused

    def _saw(self, side: str, event: object) -> None:
        if getattr(event, "operation", None) == "attachments.open":
            self._file_units[side] = max(self._file_units[side], int(getattr(event, "units", 0)))

    # -- steps -----------------------------------------------------------------------------------------------------

    def preflight(self) -> tuple[Finding, ...]:
        """Try both sides: credentials, rights, limits. Raises ``CredentialsLost`` where a side refuses them."""
        with _stoppable():
            found = self._source_outage.patiently(self.source.desk.check)
            return (*found, *self._destination_outage.patiently(self.destination.desk.check))

    def plan(self, *, full: bool = False, sampled: int = SAMPLE, findings: Sequence[Finding] = ()) -> planning.Plan:
        """Read the source's lists and ``sampled`` threads (``full``: all of them), and tell what a run would do."""
        with _stoppable():
            tally = self._scan()
            size = tally.tickets if full else sampled
            if size:
                sample(self.source, self._spooled(), self._source_outage, tally, size)
            return self._plan(tally, findings)

    def _plan(self, tally: Tally, findings: Sequence[Finding]) -> planning.Plan:
        answers = tally.answers(self._values)
        hazards = self._importer.hazards
        known = self.journal.acknowledged()
        changes = fidelity.record_changes(self._importer, tally) + fidelity.value_changes(answers, self._importer)
        changes += fidelity.message_changes(self._importer, fidelity.estimated(tally))
        return planning.Plan(
            source=self.source.label,
            destination=self.destination.label,
            tickets=tally.tickets,
            contacts=tally.contacts,
            messages=tally.messages,
            fidelity=tuple(fidelity.merged(changes)),
            values=planning.open_values(answers, self._importer),
            hazards=hazards,
            open_hazards=tuple(one.id for one in hazards if one.id not in known),
            findings=tuple(findings),
            forecasts=planning.forecasts(tally, self.source, self.destination, self._importer),
        )

    def run(self) -> None:
        """Load everything that is not there yet. Plans by itself where that was not done.

        Raises ``DecisionNeeded`` before the first write while a hazard or value is open; ``Interrupted`` where it was
        stopped, by ``stop()`` or by an outage; ``CredentialsLost``; all of them leave a journal that a later run takes up.
        """
        with _stoppable():
            tally = self._tally or self._scan()
            self._decide(self._plan(tally, ()))
            self._find_again()
            Load(self._context()).run()
            if self._stop.is_set():
                raise Stopped
            self.journal.remember(fidelity=[one.as_json() for one in self._changes(tally)])
        self._keep_time()

    def verify(self) -> list[Difference]:
        """Read the destination back and compare. The differences are kept in the journal."""
        with _stoppable():
            verification = Verification(
                self.destination,
                self._importer,
                self.journal,
                self._spooled(),
                self._destination_outage,
                self.options,
                self._stop,
                lambda phase: self._progress(phase, Kind.TICKET),
            )
            found = verification.run()
            self.journal.remember(verified=self.options.level.value)
        self._keep_time()
        return found

    def migrate(self) -> summing.Summary:
        """Do all of it: preflight, plan, run, verify; return what came of it."""
        self.preflight()
        self.run()
        self.verify()
        return self.summary()

    def summary(self, report: str | None = None) -> summing.Summary:
        """Return what was done so far, over all runs; sends nothing."""
        journal = self.journal
        journal.check_owner()  # and keep what was spent since the last write
        level = journal.recall("verified")
        differences = tuple(Difference(**row) for row in journal.differences())
        spent = journal.spent()
        least = self._minimum(level == Level.FULL.value)
        return summing.Summary(
            source=self.source.desk.vendor,
            destination=self.destination.desk.vendor,
            counts={kind: summing.Counts.of(states) for kind, states in journal.counts().items()},
            verified=level is not None and not differences,
            differences=differences,
            changed=tuple(fidelity.Change(**row) for row in journal.recall("fidelity", [])),
            calls={side: calls for side, (calls, _, _) in spent.items()},
            spent={side: units for side, (_, units, _) in spent.items()},
            minimum=least,
            throttled=sum(refused for _, _, refused in spent.values()),
            seconds=self._seconds(),
            time_scale={"source": self.source.time_scale, "destination": self.destination.time_scale},
            report=report,
        )

    def stop(self) -> None:
        """Ask for an early end: each worker finishes its write. Safe to call from a signal handler."""
        self._stop.set()

    # -- decisions -------------------------------------------------------------------------------------------------

    def acknowledge(self, *hazards: str, by: str = "user") -> None:
        """Record that these hazards are known. Raises ``ValueError`` for an id that the importer does not have."""
        known = {one.id for one in self._importer.hazards}
        if unknown := set(hazards) - known:
            raise ValueError(f"no such hazard: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        self.journal.acknowledge(hazards, by=by)

    def map_value(self, field: str, old: str, new: str | None, *, by: str = "user") -> None:
        """Decide what becomes of a value; None lets it go."""
        self._values.decide(field, old, new)
        self.journal.decide(*old_key(field, old), new, by=by)

    def choose_threads(self, way: Threads) -> None:
        """Decide how threads are written."""
        self.journal.remember(threads=way.value)

    def decide_in_doubt(self, record_id: str, decision: str) -> int:
        """Decide about records in doubt: ``found:<id>``, ``again`` or ``skip``; return how many were meant."""
        return settle_in_doubt(self.journal, record_id, decision)

    def _decide(self, made: planning.Plan) -> None:
        if self.options.yes:
            self.journal.acknowledge(made.open_hazards, by="yes")
            for value in made.values:
                self.map_value(value.field, value.old, value.proposed, by="yes")
            return
        if made.needs_decision:
            hazards = [f"--hazard {one}" for one in made.open_hazards]
            values = [str(one) for one in made.values]
            raise DecisionNeeded(
                f"{len(hazards)} hazards are unacknowledged and {len(values)} values have no counterpart",
                hazards=hazards,
                values=values,
            )

    # -- parts -----------------------------------------------------------------------------------------------------

    def _spooled(self) -> Spool:
        if self._spool is None:
            self._spool = Spool(self._path)
        return self._spool

    def _scan(self) -> Tally:
        scan = Scan(
            self.source,
            self._spooled(),
            self.journal,
            self._source_outage,
            self._stop,
            self.destination.desk.capabilities.contact_needs,
            lambda phase: self._progress(phase, Kind.TICKET),
        )
        self._tally = scan.run()
        return self._tally

    def _context(self) -> LoadContext:
        spool = self._spooled()
        people = People(self.journal, spool)
        kept = self.journal.recall("threads")
        limits = self.destination.desk.capabilities.files
        return LoadContext(
            source=self.source,
            destination=self.destination,
            importer=self._importer,
            journal=self.journal,
            spool=spool,
            mapping=Mapping(self.source, self.destination, self._values, people),
            files=Files(self.source, spool, self._source_outage, limits),
            options=self.options,
            threads=self.options.threads or (Threads(kept) if kept else Threads.MESSAGES),
            source_outage=self._source_outage,
            destination_outage=self._destination_outage,
            stop=self._stop,
            progress=lambda phase: self._progress(phase, Kind.CONTACT if phase == "contacts" else Kind.TICKET),
        )

    def _find_again(self) -> None:
        """Adopt what an earlier migration of this pair wrote whose journal is lost."""
        if not self._new:
            return
        self._new = False
        there = self._there()
        found = [
            Record(
                key=Key(Kind.TICKET, ticket_id),
                state=State.DONE,
                reason=FOUND_AGAIN,
                marker=marker,
                destination=(there[marker],),
            )
            for marker, ticket_id in self._markers()
            if marker in there
        ]
        self.journal.save(*found)

    def _there(self) -> dict[str, str]:
        """Return the ids of what is at the destination by our markers; without ``rebuild`` after a glance only."""
        if self.destination.defines:
            spool = self._spooled()
            found = {}
            for marker, ticket_id in self._markers():
                ticket = spool.get(Kind.TICKET.value, ticket_id, Ticket)
                ids = indexed(self._importer, marker, ticket) if ticket is not None else ()
                found.update({marker: ids[0]} if ids else {})
            return found
        if not self.options.rebuild:
            recent = recent_markers(self.destination, self._destination_outage)
            if not recent or not any(marker in recent for marker, _ in self._markers()):
                return {}
        return all_markers(self.destination, self._destination_outage)

    def _markers(self) -> Iterator[tuple[str, str]]:
        for one in self._spooled().each(Kind.TICKET.value, Ticket):
            if not (one.spam or one.deleted):
                yield marker_of("ticket", one.ref, source=self.source.ref, destination=self.destination.ref), one.id

    def _changes(self, tally: Tally) -> list[fidelity.Change]:
        answers = tally.answers(self._values)
        changes = fidelity.record_changes(self._importer, tally) + fidelity.value_changes(answers, self._importer)
        used = fidelity.counted(self.journal.message_classes())
        return fidelity.merged(changes + fidelity.message_changes(self._importer, used))

    def _minimum(self, verified: bool) -> dict[str, int | None]:
        source = summing.read_cost(
            self.source, apart=apart_at_source(self.journal), file=self._file_units["source"]
        )
        destination = summing.read_cost(
            self.destination, apart=apart_at_destination(self.journal), file=self._file_units["destination"]
        )
        work = summing.work_of(self.journal, self._importer, source, destination)
        found = summing.minimum(work, self._importer, source, destination, verified=verified)
        return {
            "source": None if self.source.defines else found["source"],
            "destination": None if self.destination.defines else found["destination"],
        }

    def _progress(self, phase: str, kind: Kind) -> None:
        if self._report_progress is None:
            return
        with self._count_lock:
            done = self._counted[phase] = self._counted.get(phase, 0) + 1
        total = None
        if self._tally is not None:
            total = self._tally.contacts if kind is Kind.CONTACT else self._tally.tickets
        self._report_progress(Progress(phase, done, total))

    def _seconds(self) -> float:
        clock = self.destination.clock
        return self._seconds_before + clock.now() / clock.time_scale - self._started

    def _keep_time(self) -> None:
        self.journal.remember(seconds=self._seconds())

    def close(self) -> None:
        """Remove the spool and give the journal back."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        with suppress(OSError):
            if self._spool is not None:
                self._spool.close()
        self.journal.close()

    def __enter__(self) -> Migration:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the stop of a step into ``Interrupted``."""
    try:
        yield
    except Stopped:
        raise Interrupted("stopped; run again to go on") from None
