"""A migration from one desk to another: preflight, plan, run, verify, and what came of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from helpdesk_bridge.adapter import Finding, Importer, Keep, MessageClass
from helpdesk_bridge.http.clock import Clock
from helpdesk_bridge.migration import fidelity
from helpdesk_bridge.migration import plan as planning
from helpdesk_bridge.migration import summary as summing
from helpdesk_bridge.migration.accounts import Accounts
from helpdesk_bridge.migration.again import FindAgain
from helpdesk_bridge.migration.context import LoadContext
from helpdesk_bridge.migration.decisions import settle_in_doubt
from helpdesk_bridge.migration.difference import Difference
from helpdesk_bridge.migration.files import Files
from helpdesk_bridge.migration.journal import Journal
from helpdesk_bridge.migration.load import Load
from helpdesk_bridge.migration.mapping import Mapping
from helpdesk_bridge.migration.marker import derived_key
from helpdesk_bridge.migration.options import Level, Options, Progress, Threads
from helpdesk_bridge.migration.outage import Outage, Stopped
from helpdesk_bridge.migration.outcome import DecisionNeeded, Interrupted, MigrationError, NeverPossible
from helpdesk_bridge.migration.people import People
from helpdesk_bridge.migration.scan import Scan, sample
from helpdesk_bridge.migration.side import Side
from helpdesk_bridge.migration.spool import Spool
from helpdesk_bridge.migration.states import Kind, State
from helpdesk_bridge.migration.tally import Tally
from helpdesk_bridge.migration.values import Values, old_key
from helpdesk_bridge.migration.verify import Verification
from helpdesk_bridge.model import Ticket
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.refs import parse_ref

SAMPLE: Final = 10


def importer_of(source: Side, destination: Side) -> Importer:
    """Return the destination's importer. Raises ``NeverPossible``, before any call, for a pair that cannot work."""
    importer = destination.desk.importer
    if not importer:
        note = destination.desk.capabilities.notes.get("importer")
        raise NeverPossible(f"nothing can be migrated into {destination.label}" + (f": {note}" if note else ""))
    internal = importer.keeps.messages.get(MessageClass.NOTE, {}).get("visibility")
    if internal is None or internal.how is not Keep.NATIVE:
        raise NeverPossible(
            f"{destination.label} cannot keep internal notes from customers: nothing is migrated into it"
        )
    missing = source.desk.capabilities.missing("tickets.list", "contacts.list", "messages.list")
    if missing:
        raise NeverPossible(f"{source.label} cannot list what is to be migrated: it has no {', '.join(missing)}")
    if source.ref == destination.ref:
        raise NeverPossible(f"{source.label} and {destination.label} are the same account")
    return importer


class Migration:
    """One migration and its journal, owned until ``close``.

    ``clock`` serves desks that have none of their own. ``progress`` is called from the threads that work, often;
    ``tell`` with a line for people when something is waited for: a budget, or a vendor that does not answer.
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
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.source = Side(source, clock)
        self.destination = Side(destination, clock)
        self.options = options or Options()
        self._importer = importer_of(self.source, self.destination)
        self._path = Path(journal_path)
        self._report_progress = progress
        self._counted: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._count_lock = threading.Lock()
        self._stop = threading.Event()
        self._spool: Spool | None = None
        self._tally: Tally | None = None
        self._start_journal()
        self._source_outage = Outage(self.source, self._stop, self.options.patience, tell)
        self._destination_outage = Outage(self.destination, self._stop, self.options.patience, tell)
        self._values = Values(self.source, self.destination)
        self._values.load(self.journal.decisions())

    def _start_journal(self) -> None:
        self.journal = Journal(self._path, clock=self.destination.clock, takeover=self.options.takeover)
        try:
            names = {"source_desk": self.source.desk.name, "destination_desk": self.destination.desk.name}
            key = derived_key(self.source.desk, self.destination.desk, self.options.recovered)
            self._new = self.journal.bind(self.source.ref, self.destination.ref, names, key)
        except BaseException:
            self.journal.close()
            raise
        self._accounts = Accounts(self.source, self.destination)
        self.journal.measure(self._accounts.spent)
        self._started = self.destination.clock.now() / self.destination.clock.time_scale
        self._seconds_before = float(self.journal.recall("seconds", 0.0))

    # -- steps -----------------------------------------------------------------------------------------------------

    def preflight(self) -> tuple[Finding, ...]:
        """Try both sides: credentials, rights, limits. Raises ``CredentialsLost`` where a side refuses them."""
        with self._stoppable():
            found = self._source_outage.patiently(self.source.desk.check)
            return (*found, *self._destination_outage.patiently(self.destination.desk.check))

    def plan(self, *, full: bool = False, sampled: int = SAMPLE, findings: Sequence[Finding] = ()) -> planning.Plan:
        """Read the source's lists and ``sampled`` threads (``full``: all of them), and tell what a run would do."""
        with self._stoppable():
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
        changes += fidelity.length_changes(self.destination.desk.capabilities, tally)
        changes += fidelity.opening_changes(tally.internal_openings)
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
        with self._stoppable(), self._timed():
            tally = self._tally or self._scan()
            self._decide(self._plan(tally, ()))
            self.journal.remember(verified=None)
            context = self._context()
            if self._new:
                FindAgain(context).run()
                self._new = False
            Load(context).run()
            if self._stop.is_set():
                raise Stopped
            self.journal.remember(fidelity=[one.as_json() for one in self._changes(tally)])

    def verify(self) -> list[Difference]:
        """Read the destination back and compare. The differences are kept in the journal."""
        with self._stoppable(), self._timed():
            verification = Verification(
                self.destination,
                self._importer,
                self.journal,
                self._spooled(),
                self._destination_outage,
                self.options,
                self._stop,
                self._progress,
            )
            found = verification.run()
            self.journal.remember(verified=self.options.level.value)
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
        return summing.Summary(
            source=self.source.desk.vendor,
            destination=self.destination.desk.vendor,
            counts={kind: summing.Counts.of(states) for kind, states in journal.counts().items()},
            verified=level is not None and not differences,
            differences=differences,
            changed=tuple(fidelity.Change(**row) for row in journal.recall("fidelity", [])),
            calls={side: calls for side, (calls, _, _) in spent.items()},
            spent={side: units for side, (_, units, _) in spent.items()},
            minimum=self._accounts.minimum(journal, self._importer, verified=level == Level.FULL.value),
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
        """Decide about records in doubt: ``found:<id or ref>``, ``again`` or ``skip``; return how many were meant."""
        word, colon, found = decision.partition(":")
        if found.count("/") == 2:  # noqa: PLR2004 - the slashes of a ref
            ref = parse_ref(found)
            if f"{ref.vendor}:{ref.account}" != self.destination.ref:
                raise ValueError(f"this ref is not of {self.destination.label}")
            found = ref.id
        return settle_in_doubt(self.journal, record_id, f"{word}{colon}{found}")

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
            self._progress,
        )
        self._tally = scan.run()
        return self._tally

    def _context(self) -> LoadContext:
        spool = self._spooled()
        people = People(self.journal, spool, self.source)
        kept = self.journal.recall("threads")
        limits = self.destination.desk.capabilities.files
        return LoadContext(
            source=self.source,
            destination=self.destination,
            importer=self._importer,
            journal=self.journal,
            marker_key=self.journal.marker_key,
            spool=spool,
            mapping=Mapping(self.source, self.destination, self._values, people),
            files=Files(self.source, spool, self._source_outage, limits),
            options=self.options,
            threads=self.options.threads or (Threads(kept) if kept else Threads.MESSAGES),
            source_outage=self._source_outage,
            destination_outage=self._destination_outage,
            stop=self._stop,
            progress=self._progress,
        )

    def _changes(self, tally: Tally) -> list[fidelity.Change]:
        answers = tally.answers(self._values)
        changes = fidelity.record_changes(self._importer, tally) + fidelity.value_changes(answers, self._importer)
        changes += fidelity.length_changes(self.destination.desk.capabilities, tally)
        changes += fidelity.address_changes(self._refused_addresses())
        changes += fidelity.opening_changes(self.journal.internal_openings())
        used = fidelity.counted(self.journal.message_classes())
        return fidelity.merged(changes + fidelity.message_changes(self._importer, used))

    def _refused_addresses(self) -> int:
        mapping = self._context().mapping
        return sum(mapping.loses_address(one) for one in self._spooled().each(Kind.TICKET.value, Ticket))

    def _progress(self, phase: str) -> None:
        if self._report_progress is None:
            return
        with self._count_lock:
            done = self._counted[phase] = self._counted.get(phase, 0) + 1
            if phase not in self._totals:
                self._totals[phase] = self._total(phase)
        total = self._totals[phase]
        self._report_progress(Progress(phase, done, total))

    def _total(self, phase: str) -> int | None:
        if phase in {"compare", "verify"}:
            return self.journal.counts()[Kind.TICKET].get(State.DONE, 0)
        if phase == "read" or self._tally is None:
            return None
        return self._tally.contacts if phase == "contacts" else self._tally.tickets

    def _seconds(self) -> float:
        clock = self.destination.clock
        return self._seconds_before + clock.now() / clock.time_scale - self._started

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Turn the stop of a step into ``Interrupted``, and any end of an owner that was taken over into that."""
        try:
            yield
        except Stopped:
            raise Interrupted("stopped; run again to go on") from None
        except (Interrupted, OSError):
            self.journal.check_owner()  # whoever takes a journal over removes the files of the owner before
            raise

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Keep how long it took, however it ends."""
        try:
            yield
        finally:
            with suppress(MigrationError):
                self.journal.remember(seconds=self._seconds())

    def close(self) -> None:
        """Remove the spool and give the journal back."""
        self._accounts.close()
        with suppress(OSError):
            if self._spool is not None:
                self._spool.close()
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
