"""A migration from one desk to another: preflight, plan, run, verify, and what came of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attrs import evolve

from helpdesk_bridge.adapter import MARKER_FIELD, Fidelity, Finding, Hazard, Importer, MessageClass, Provenance
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.migration import summary as summing
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.decisions import settle_in_doubt
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.file import MARKER_KEY
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.files import Files
from helpdesk_bridge.migration.load.load import Load
from helpdesk_bridge.migration.load.mapping import Mapping
from helpdesk_bridge.migration.marker import MarkerKey, derived_key
from helpdesk_bridge.migration.options import Level, Options, Progress, Threads
from helpdesk_bridge.migration.outage import Outage, Stopped
from helpdesk_bridge.migration.outcome import DecisionNeeded, Interrupted, MigrationError, NeverPossible, WrongJournal
from helpdesk_bridge.migration.plan import fidelity
from helpdesk_bridge.migration.plan import plan as planning
from helpdesk_bridge.migration.plan.people import People
from helpdesk_bridge.migration.plan.scan import Scan, sample
from helpdesk_bridge.migration.plan.tally import Tally
from helpdesk_bridge.migration.plan.values import Values, old_key
from helpdesk_bridge.migration.recovery import FOREIGN, IGNORE, SEARCH, Search, Searched, ignored
from helpdesk_bridge.migration.spending import Accounts
from helpdesk_bridge.migration.verify.verify import Verification
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.refs import parse_ref
from helpdesk_bridge.ports import Helpdesk

SAMPLE: Final = 10
RECOVERED: Final = "recovered_key"
SEARCHED_AT_PLAN: Final = 50
"""Calls that a plan spends on the search for an earlier migration; a longer one is announced and left to the run."""

UNLISTED: Final = Hazard(
    "markers_not_listed",
    "writes a ticket a second time that an earlier migration wrote without the source's time of creation",
    "the journal of that migration is lost: lists of this account show no markers",
    f'let an admin make a text field "{MARKER_FIELD}" for tickets before the first run',
    Provenance.OBSERVED,
)


def importer_of(source: MigrationDesk, destination: MigrationDesk) -> Importer:
    """Return the destination's importer. Raises ``NeverPossible``, before any call, for a pair that cannot work."""
    importer = destination.desk.importer
    if not importer:
        note = destination.desk.capabilities.notes.get("importer")
        raise NeverPossible(f"nothing can be migrated into {destination.label}" + (f": {note}" if note else ""))
    internal = importer.fidelity.messages.get(MessageClass.NOTE, {}).get("visibility")
    if internal is None or internal.how is not Fidelity.NATIVE:
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
        self.source = MigrationDesk(source, clock)
        self.destination = MigrationDesk(destination, clock)
        self.options = options or Options()
        self._importer = importer_of(self.source, self.destination)
        self._path = Path(journal_path)
        self._report_progress = progress
        self._counted: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._count_lock = threading.Lock()
        self._stop = threading.Event()
        self._tell = tell
        self._has_searched = False
        self._spool: Spool | None = None
        self._tally: Tally | None = None
        self._start_journal()
        self._source_outage = Outage(self.source, self._stop, self.options.patience, tell)
        self._destination_outage = Outage(self.destination, self._stop, self.options.patience, tell)
        self._values = Values(self.source, self.destination)
        self._values.load(self.journal.facts.decisions())

    def _start_journal(self) -> None:
        self.journal = Journal(self._path, clock=self.destination.clock, takeover=self.options.takeover)
        try:
            names = {"source_desk": self.source.desk.name, "destination_desk": self.destination.desk.name}
            key = derived_key(self.source.desk, self.destination.desk, self.options.recovered)
            self.journal.file.bind(self.source.ref, self.destination.ref, names, key)
            self._settle_key(key)
        except BaseException:
            self.journal.close()
            raise
        self._accounts = Accounts(self.source, self.destination)
        self.journal.facts.measure(self._accounts.spent)
        self._started = self.destination.clock.now() / self.destination.clock.time_scale
        self._seconds_before = float(self.journal.facts.recall("seconds", 0.0))

    def _settle_key(self, key: MarkerKey) -> None:
        """Let a journal that wrote nothing yet sign with the credentials of now, or with those that are recovered.

        It may have been begun with ones that a side then refused: nobody could make that key again.
        """
        journal, recovered = self.journal, bool(self.options.recovered)
        if key == journal.facts.marker_key:
            if recovered:
                journal.facts.remember(**{RECOVERED: True})
        elif journal.untouched():
            if recovered or not journal.facts.recall(RECOVERED, False):
                journal.forget_candidates()
                journal.facts.remember(**{MARKER_KEY: key.text(), SEARCH: {}, RECOVERED: recovered})
        elif recovered:
            raise WrongJournal("this journal has written with its own key; recover the old one into a new journal")

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
            searched = self._searched(None if full else SEARCHED_AT_PLAN)
            size = tally.tickets if full else sampled
            if size:
                sample(self.source, self._spooled(), self._source_outage, tally, size)
            return self._plan(tally, findings, searched)

    def _plan(self, tally: Tally, findings: Sequence[Finding], searched: Searched) -> planning.Plan:
        answers = tally.answers(self._values)
        hazards = self._hazards(searched)
        known = self.journal.facts.acknowledged()
        changes = fidelity.record_changes(self._importer, tally) + fidelity.value_changes(answers, self._importer)
        changes += fidelity.length_changes(self.destination.desk.capabilities, tally)
        changes += fidelity.opening_changes(tally.internal_openings)
        changes += fidelity.message_changes(self._importer, fidelity.estimated(tally), self._threads)
        changes += fidelity.text_changes(self.source.mended())
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
            search=searched,
            foreign_open=searched.foreign > 0 and not ignored(self.journal),
            forecasts=planning.forecasts(tally, self.source, self.destination, self._importer, searched),
        )

    def _hazards(self, searched: Searched) -> tuple[Hazard, ...]:
        """Return the importer's hazards, and that of an earlier migration whose tickets lists do not show."""
        hidden = searched.unlisted and (searched.there or 0) > 0 and not searched.spared
        return (*self._importer.hazards, *((UNLISTED,) if hidden else ()))

    def _searched(self, most: int | None = None) -> Searched:
        """Look for an earlier migration's tickets, where that is not done; a search of over ``most`` calls only counts.

        One that an earlier process finished is done again where the destination's tickets are more or fewer now, as
        long as nothing was written: a colleague may have run in between.
        """
        journal = self.journal
        known = Searched.of(journal)
        if not known.done and self.options.none_before:
            known = Searched(done=True, spared=True)
            known.keep(journal)
        if known.done and (known.spared or self._has_searched or not journal.untouched()):
            return known
        search = Search(
            self.destination,
            self._importer,
            journal,
            self._spooled(),
            self._destination_outage,
            journal.facts.marker_key,
        )
        first = search.first_page()
        if known.done and first.total is not None and first.total == known.there:
            return known
        calls = search.cost(first)
        unlisted = any(not one.listed for one in first.items)
        Searched(there=first.total, calls=calls, unlisted=unlisted).keep(journal)
        if most is not None and calls > most:
            return Searched.of(journal)
        if calls > 1 and self._tell is not None:
            self._tell(f"{self.destination.label}: reading the markers of {first.total} tickets, {calls} calls")
        found = search.run(first)
        self._has_searched = True
        return found

    def run(self) -> None:
        """Load everything that is not there yet. Plans by itself where that was not done.

        Raises ``DecisionNeeded`` before the first write while a hazard or value is open; ``Interrupted`` where it was
        stopped, by ``stop()`` or by an outage; ``CredentialsLost``; all of them leave a journal that a later run takes up.
        """
        with self._stoppable(), self._timed():
            tally = self._tally or self._scan()
            self._decide(self._plan(tally, (), self._searched()))
            self.journal.facts.remember(verified=None)
            Load(self._context()).run()
            if self._stop.is_set():
                raise Stopped
            self.journal.facts.remember(fidelity=[one.as_json() for one in self._changes(tally)])

    def rebuild(self) -> Searched:
        """Make the journal anew from what stands at the destination, writing nothing there; return what was found.

        Contacts are found by their addresses, tickets by their markers, messages by what they say. A run writes what
        is missing. Raises ``WrongJournal`` for a journal that has a migration in it, ``DecisionNeeded`` where tickets
        carry markers of another key.
        """
        if not self.journal.untouched():
            raise WrongJournal(
                "this journal knows what it wrote; rebuild makes a new one, in place of one that is lost"
            )
        with self._stoppable(), self._timed():
            if self._tally is None:
                self._scan()
            searched = self._searched()
            self._refuse_foreign(searched)
            Load(evolve(self._context(), look_only=True)).run()
            if self._stop.is_set():
                raise Stopped
            return searched

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
            self.journal.facts.remember(verified=self.options.level.value)
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
        journal.file.check_owner()  # and keep what was spent since the last write
        level = journal.facts.recall("verified")
        differences = journal.facts.differences()
        spent = journal.facts.spent()
        return summing.Summary(
            source=self.source.desk.vendor,
            destination=self.destination.desk.vendor,
            counts={kind: summing.Counts.of(states) for kind, states in journal.counts().items()},
            verified=level is not None and not differences,
            differences=differences,
            changed=tuple(fidelity.Change(**row) for row in journal.facts.recall("fidelity", [])),
            calls={side: calls for side, (calls, _, _) in spent.items()},
            spent={side: units for side, (_, units, _) in spent.items()},
            minimum=self._accounts.minimum(journal, self._importer, verified=level == Level.FULL.value),
            throttled=sum(refused for _, _, refused in spent.values()),
            seconds=self._seconds(),
            time_scale={"source": self.source.time_scale, "destination": self.destination.time_scale},
            report=report,
            left_alone=tuple(journal.facts.left_alone()),
        )

    def stop(self) -> None:
        """Ask for an early end: each worker finishes its write. Safe to call from a signal handler."""
        self._stop.set()

    # -- decisions -------------------------------------------------------------------------------------------------

    def acknowledge(self, *hazards: str, by: str = "user") -> None:
        """Record that these hazards are known. Raises ``ValueError`` for an id that the importer does not have."""
        known = {one.id for one in self._hazards(Searched.of(self.journal))}
        if unknown := set(hazards) - known:
            raise ValueError(f"no such hazard: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        self.journal.facts.acknowledge(hazards, by=by)

    def map_value(self, field: str, old: str, new: str | None, *, by: str = "user") -> None:
        """Decide what becomes of a value; None lets it go."""
        self._values.decide(field, old, new)
        self.journal.facts.decide(*old_key(field, old), new, by=by)

    def ignore_foreign_markers(self) -> None:
        """Decide that tickets with markers of another key are none of this migration's."""
        self.journal.facts.remember(**{FOREIGN: IGNORE})

    def _refuse_foreign(self, searched: Searched) -> None:
        if searched.foreign == 0 or ignored(self.journal):
            return
        count, there = searched.foreign, self.destination.label
        found = f"1 ticket at {there} carries a marker" if count == 1 else f"{count} tickets at {there} carry markers"
        raise DecisionNeeded(
            f"{found} of another key: an earlier migration with other credentials may have written there. Give those "
            "(--recover-key from=env:NAME, to=env:NAME), or decide that they are not of this migration",
            others=[f"--foreign-markers {IGNORE}"],
        )

    @property
    def _threads(self) -> Threads:
        kept = self.journal.facts.recall("threads")
        return self.options.threads or (Threads(kept) if kept else Threads.MESSAGES)

    def choose_threads(self, way: Threads) -> None:
        """Decide how threads are written."""
        self.journal.facts.remember(threads=way.value)

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
        self._refuse_foreign(made.search)
        if self.options.yes:
            self.journal.facts.acknowledge(made.open_hazards, by="yes")
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
        limits = self.destination.desk.capabilities.files
        return LoadContext(
            source=self.source,
            destination=self.destination,
            importer=self._importer,
            journal=self.journal,
            marker_key=self.journal.facts.marker_key,
            spool=spool,
            mapping=Mapping(self.source, self.destination, self._values, people),
            files=Files(self.source, spool, self._source_outage, limits),
            options=self.options,
            threads=self._threads,
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
        changes += fidelity.text_changes(self.source.mended())
        used = fidelity.counted(self.journal.message_classes())
        return fidelity.merged(changes + fidelity.message_changes(self._importer, used, self._threads))

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
            self.journal.file.check_owner()  # whoever takes a journal over removes the files of the owner before
            raise

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Keep how long it took, however it ends."""
        try:
            yield
        finally:
            with suppress(MigrationError):
                self.journal.facts.remember(seconds=self._seconds())

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
