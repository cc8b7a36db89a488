"""Migration from one desk to another: preflight, plan, run, verify, summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from attrs import evolve

from helpdesk_bridge.adapter import Finding, Severity
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.completeness import (
    ACCEPT,
    THREAD,
    check_scan,
    decisions_about,
    open_threads,
)
from helpdesk_bridge.migration.cutover.inventory import SideInventory, inventory_of, listed_tickets
from helpdesk_bridge.migration.decisions.check import SEEN, DecisionCheck, digests_of
from helpdesk_bridge.migration.decisions.mapped_values import MAPPING, mapped_values
from helpdesk_bridge.migration.decisions.plan_file import PlanFile
from helpdesk_bridge.migration.desk import MigrationDesk, importer_of
from helpdesk_bridge.migration.journal.database.address import Address, DatabaseAddress, address_of
from helpdesk_bridge.migration.journal.database.owned import CLAIMED, Binding
from helpdesk_bridge.migration.journal.decisions import settle_in_doubt
from helpdesk_bridge.migration.journal.facts import (
    GONE_CHOICE,
    INCOMPLETE,
    LATER,
    MAP_FIELD,
    PREVIEWED,
    REST,
    TICKET_REST,
    Difference,
    Uncarried,
)
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Key, Kind, State
from helpdesk_bridge.migration.knowledge.knowledge import KnowledgeMigration
from helpdesk_bridge.migration.later.gone import CHOICES, REMOVE, Gone, most_removed
from helpdesk_bridge.migration.later.links import REWRITTEN, Linked, LinkMap, Links
from helpdesk_bridge.migration.later.reassign import Reassign, Reassigned, keys_of
from helpdesk_bridge.migration.later.repair import DESTINATION, SOURCE, Outcome, Repair, Repaired
from helpdesk_bridge.migration.later.rollback import Fate, Park, Rollback, RolledBack
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.files import Files
from helpdesk_bridge.migration.load.load import Load
from helpdesk_bridge.migration.marker import derived_key
from helpdesk_bridge.migration.options import Level, Options, Rest, Threads
from helpdesk_bridge.migration.outage import Outage, Stopped, Wait
from helpdesk_bridge.migration.outcome import DecisionNeeded, Interrupted, MigrationError, WrongJournal, WrongMap
from helpdesk_bridge.migration.plan.estimate import Estimate
from helpdesk_bridge.migration.plan.fidelity import Change, all_changes
from helpdesk_bridge.migration.plan.field_maps import MapCheck, check_single, parse, parse_end
from helpdesk_bridge.migration.plan.mapping import Mapping
from helpdesk_bridge.migration.plan.message_use import counted, counted_left
from helpdesk_bridge.migration.plan.outcomes import Outcomes
from helpdesk_bridge.migration.plan.people import People
from helpdesk_bridge.migration.plan.plan import Plan, hazards_of, make_plan
from helpdesk_bridge.migration.plan.rules import ASK, check_rule
from helpdesk_bridge.migration.plan.scan import SOURCE_SEEN, Scan, sample
from helpdesk_bridge.migration.plan.tally import Tally
from helpdesk_bridge.migration.plan.values import AUTHOR, Values, old_key
from helpdesk_bridge.migration.progress import Progress, ProgressCount
from helpdesk_bridge.migration.recovery import FOREIGN, IGNORE, Search, SearchResult, refuse_foreign, settle_key
from helpdesk_bridge.migration.sample.choice import Choice, Chooser
from helpdesk_bridge.migration.scope.kept import ScopeChange, kept_scope
from helpdesk_bridge.migration.scope.order import ORDER, TicketOrder
from helpdesk_bridge.migration.scope.scope import MigrationScope
from helpdesk_bridge.migration.slices import Slices, Waiting
from helpdesk_bridge.migration.source.now import PATIENCE as SOURCE_PATIENCE
from helpdesk_bridge.migration.source.now import Since, SourceCheck
from helpdesk_bridge.migration.spending import Accounts
from helpdesk_bridge.migration.summary import Summary, summary_of
from helpdesk_bridge.migration.verify.examples import EXAMPLES, examples
from helpdesk_bridge.migration.verify.extent import EXTENT
from helpdesk_bridge.migration.verify.verify import Verification
from helpdesk_bridge.model.addresses import email_key, is_email
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.model.refs import parse_ref
from helpdesk_bridge.model.values import Actor, Status
from helpdesk_bridge.ports import Helpdesk

SAMPLE: Final = 10
GONE_TOLD: Final = 5
SEARCHED_AT_PLAN: Final = 50
"""Calls that a plan spends on the search for an earlier migration; a longer one is announced and left to the run."""


class Migration:
    """One migration and its journal, owned until ``close``.

    ``clock`` serves desks without a clock of their own. ``progress`` is called from the threads that work, often;
    ``tell`` with a line for people when something is waited for: a budget, or a vendor that does not answer; ``waits``
    with the same as a value.
    Every step can be called again: the journal holds what a stopped or killed run did.
    """

    def __init__(
        self,
        source: Helpdesk,
        destination: Helpdesk,
        journal: str | os.PathLike[str] | DatabaseAddress,
        *,
        clock: Clock | None = None,
        options: Options | None = None,
        progress: Callable[[Progress], None] | None = None,
        tell: Callable[[str], None] | None = None,
        waits: Callable[[Wait], None] | None = None,
    ) -> None:
        self.source = MigrationDesk(source, clock)
        self.destination = MigrationDesk(destination, clock)
        self.options = options or Options()
        self._importer = importer_of(self.source, self.destination)
        self._address = address_of(journal)
        self._progress = ProgressCount(progress, self._total)
        self._stop = Slices(self.destination.clock)
        self._in_slices: Future[Summary] | None = None
        self._tell = tell
        self._waits = waits
        self._search: Search | None = None
        self._spool: Spool | None = None
        self._tally: Tally | None = None
        self._decisions_taken = False
        self.record_units: dict[str, tuple[float, float]] = {}
        """The units of a record at source and destination in each phase of a run, as its plan has them."""
        self._start_journal()
        self._source_outage = Outage(self.source, self._stop, self.options.patience, self._waited)
        cost = self._importer.cost
        dearest = max(cost.contact, cost.ticket, cost.message + cost.inline, cost.finish)
        self._destination_outage = Outage(
            self.destination, self._stop, self.options.patience, self._waited, write_units=dearest
        )
        self._values = Values(self.source, self.destination)
        self._values.load(self.journal.facts.decisions())
        self._values.rules.update(self.journal.facts.rules())
        for text in self.journal.facts.field_maps():
            self._values.map_field(parse(text))

    def _waited(self, wait: Wait) -> None:
        if self._waits is not None:
            self._waits(wait)
        if self._tell is not None:
            self._tell(str(wait))

    def _start_journal(self) -> None:
        names = {"source_desk": self.source.desk.name, "destination_desk": self.destination.desk.name}
        key = derived_key(self.source.desk, self.destination.desk, self.options.recovered)
        self.journal = Journal(
            self._address,
            Binding(self.source.ref, self.destination.ref, names, key),
            clock=self.destination.clock,
            takeover=self.options.takeover,
            moved=self.options.moved,
        )
        try:
            settle_key(self.journal, key, recovered=bool(self.options.recovered))
        except BaseException:
            self.journal.close()
            raise
        self._accounts = Accounts(self.source, self.destination)
        self.journal.facts.measure(self._accounts.spent)
        self._started = self.destination.clock.now() / self.destination.clock.time_scale
        self._seconds_before = float(self.journal.facts.recall("seconds", 0.0))

    @property
    def address(self) -> Address:
        """Where the journal is: what names it in a command, also after ``close``."""
        return self.journal.file.address

    @property
    def outages(self) -> tuple[Outage, Outage]:
        """What watches the source and the destination, for reads between the steps."""
        return self._source_outage, self._destination_outage

    # -- steps -----------------------------------------------------------------------------------------------------

    def preflight(self) -> tuple[Finding, ...]:
        """Check both desks: credentials, rights, limits. Raises ``CredentialsLost`` if a desk refuses them."""
        with self._stoppable():
            findings = self._source_outage.patiently(self.source.desk.check)
            return (*findings, *self._destination_outage.patiently(self.destination.desk.check))

    def plan(self, *, full: bool = False, sampled: int = SAMPLE, findings: Sequence[Finding] = ()) -> Plan:
        """Read the source's lists and ``sampled`` threads (``full``: all threads), and return what a run would do."""
        with self._stoppable():
            tally = self._scan()
            searched = self._searched(None if full else SEARCHED_AT_PLAN)
            size = tally.tickets if full else sampled
            if size and (refused := sample(self._context().mapping, self._spooled(), self._source_outage, tally, size)):
                detail = (
                    f"{refused} of the threads that the plan reads were refused: a run lists such tickets as failed"
                )
                findings = (*findings, Finding(Severity.WARNING, self.source.label, detail))
            return self._made_plan(tally, searched, findings)

    def run(self) -> None:
        """Load everything that is not at the destination yet; plan first if no plan was made.

        Raises ``DecisionNeeded`` before the first write while a hazard or value is open; ``Interrupted`` if it was
        stopped, by ``stop()`` or by an outage; ``CredentialsLost``. Each leaves a journal from which a later run continues.
        """
        with self._stoppable(), self._timed():
            tally, context = self._decided()
            Load(context).run()
            if self._stop.is_set():
                raise Stopped
            self._progress.begin(self.journal.loaded())
            gone = Gone(context, self.journal.facts.decided(GONE_CHOICE, ""))
            undecided = gone.run()
            self.journal.facts.remember(
                fidelity=[change.as_json() for change in self._changes(tally)], **{MAPPING: self._mapped(tally)}
            )
            self._ask_about_the_rest(undecided, gone.to_be_removed)

    def advance(self, seconds: float = 60.0) -> Waiting | Summary:
        """Run and verify a part: work for about so many real seconds, and return when to come back, or the summary at the end.

        A slice ends by itself, sooner if everything waits for a budget, an outage or the hours, later by the call that is
        being made. Until the next one nothing is sent, and lists that are half read stay so: keep this object. Whatever
        stops a run is raised, and the slice after that begins a run anew. Several migrations share a thread in this way.
        """
        if not seconds > 0:
            raise ValueError(f"advance({seconds}): give a slice more than 0 seconds")
        if self._in_slices is None:
            self._in_slices = self._stop.start(self._run_and_verify)
        waiting = self._stop.open(seconds)
        if not self._in_slices.done():
            return waiting
        ended, self._in_slices = self._in_slices, None
        return ended.result()

    def _run_and_verify(self) -> Summary:
        self.run()
        self.verify()
        return self.summary()

    def _decided(self) -> tuple[Tally, LoadContext]:
        """Return what a load needs, if everything is decided that is to be decided before the first write."""
        tally = self._tally or self._scan()
        made = self._made_plan(tally, self._searched())
        self._decide(made)
        if self.options.rest is not None:
            self.choose_rest(self.options.rest)
        self.record_units = made.forecasts[self._threads].record_units
        self._progress.begin(self.journal.loaded())
        self.journal.facts.remember(**{"verified": None, EXTENT: None})
        self.journal.facts.begin(self._destination_outage.patiently(self.destination.ask_time))
        return tally, self._context()

    def choose_sample(self, n: int) -> Choice:
        """Choose the ``n`` tickets that are most likely to go wrong, and keep them as this migration's sample.

        Reads the source's lists, and threads of three times as many tickets. What an earlier call chose stays chosen.
        """
        with self._stoppable(), self._timed():
            if self._tally is None:
                self._scan()
            choice = Chooser(self._context()).choose(n)
            choice.keep(self.journal.facts)
            return choice

    def run_sample(self, choice: Choice, before: Callable[[LoadContext], None] | None = None) -> list[Difference]:
        """Load these tickets and whom they name, and read them back; return what differs. A later ``run`` does the rest.

        ``before`` is called when everything is decided and nothing of the source is written yet. Raises what ``run`` does.
        """
        with self._stoppable(), self._timed():
            _, context = self._decided()
            if before is not None:
                before(context)
            ids, people = choice.ids, frozenset(choice.people)
            Load(context, ids, people).run()
            if self._stop.is_set():
                raise Stopped
            found = self._verification(ids | people).run()
            return [one for one in found if (one.ticket or one.id) in ids | people]

    def take_sample_away(self) -> Iterator[RolledBack]:
        """Remove the sample that nobody has touched since, and the contacts who came with it; yield what became of each.

        Where the destination removes nothing, its untouched tickets are closed. Raises ``ValueError`` without a sample, and
        what ``rollback`` raises.
        """
        choice, desk = Choice.kept(self.journal.facts), self.destination.desk
        if not choice.tickets:
            raise ValueError("this journal has no sample")
        keys = [*(Key(Kind.TICKET, one) for one in choice.ids), *(Key(Kind.CONTACT, one) for one in choice.people)]
        park = None if desk.removal else Park(status=desk.capabilities.statuses.get(Status.CLOSED, Status.CLOSED.value))
        kept = False
        for row in self.rollback(only=keys, park=park):
            kept = kept or (row.record == Kind.TICKET.value and row.fate in (Fate.KEPT, Fate.PARKED))
            yield row
        if not kept:
            Choice([]).keep(self.journal.facts)

    def rebuild(self) -> SearchResult:
        """Rebuild a lost journal from what the destination holds, writing nothing there; return the search.

        Contacts are recognised by their addresses, tickets by their markers, messages by their text. A run writes what
        is missing. Raises ``WrongJournal`` for a journal that holds a migration, ``DecisionNeeded`` if tickets carry
        markers of another key.
        """
        if not self.journal.untouched():
            raise WrongJournal(
                "this journal is intact: rebuild replaces a lost one and needs a new file; name another --journal"
            )
        with self._stoppable(), self._timed():
            if self._tally is None:
                self._scan()
            searched = self._searched()
            refuse_foreign(searched, self.journal, self.destination.label)
            Load(evolve(self._context(), look_only=True)).run()
            if self._stop.is_set():
                raise Stopped
            return searched

    def inventories(self) -> tuple[SideInventory, SideInventory]:
        """Return what source and destination have that no migration moves; lists the source if nothing has in this process."""
        with self._stoppable():
            if self._tally is None:
                self._scan()
            spool = self._spooled()
            return (
                self._source_outage.patiently(lambda: inventory_of(self.source, listed_tickets(spool))),
                self._destination_outage.patiently(lambda: inventory_of(self.destination)),
            )

    def agents_lacking(self) -> int:
        """Return how many agents, whose tickets were listed, have no counterpart at the destination."""
        tally = self._tally
        answers = () if tally is None else tally.answers(self._values)
        return sum(name == "assignee" and answer.value is None for name, _, answer, _ in answers)

    def verify(self) -> list[Difference]:
        """Read the destination back and compare. The differences are kept in the journal."""
        with self._stoppable(), self._timed():
            differences = self._verification(source=self._source_check()).run()
            self.journal.facts.remember(verified=self.options.level.value, **{EXAMPLES: examples(self._context())})
            return differences

    def _source_check(self) -> SourceCheck:
        patience = min(self.options.patience, SOURCE_PATIENCE)
        return SourceCheck(
            self.source,
            self.journal,
            Outage(self.source, self._stop, patience, self._waited, self.options.hours),
            self._stop,
            self.options.threads_again,
            self.journal.facts.recall(SOURCE_SEEN),
            {one for one, known in self.journal.facts.gone().items() if "choice" in known},
            self.scope,
        )

    def _verification(self, only: frozenset[str] | None = None, *, source: SourceCheck | None = None) -> Verification:
        return Verification(
            self.destination,
            self._importer,
            self.journal,
            self._spooled(),
            self._destination_outage,
            self.options,
            self._stop,
            self._progress.count,
            source,
            only,
        )

    def repair(self) -> list[Repaired]:
        """Repair what the latest verification found, where that overwrites nobody's work, and compare it again.

        Return what became of each difference. Raises ``DecisionNeeded`` as ``run`` does.
        """
        with self._stoppable(), self._timed():
            tally = self._tally or self._scan()
            self._decide(self._made_plan(tally, self._searched()))
            context, facts = evolve(self._context(), repairing=True), self.journal.facts
            facts.begin(self._destination_outage.patiently(self.destination.ask_time))
            repaired = Repair(context, facts.decided_differences()).sort(facts.differences())
            touched = [one.difference for one in repaired if one.outcome in (Outcome.REPAIRED, Outcome.ACCEPTED)]
            if touched:
                Load(context, frozenset(one.ticket for one in touched if one.ticket)).run()
                if self._stop.is_set():
                    raise Stopped
                self._verification(frozenset(one.ticket or one.id for one in touched)).run()
                for difference in touched:
                    facts.decide_difference(difference, None)
            left = set(facts.differences())
            return [
                evolve(one, outcome=Outcome.LEFT, why=f"not mended: {one.why}")
                if one.outcome is Outcome.REPAIRED and one.difference in left
                else one
                for one in repaired
            ]

    def decide_difference(self, record_id: str, side: str) -> int:
        """Decide that ``source`` or ``destination`` holds where a record differs; return how many differences it is about."""
        if side not in (SOURCE, DESTINATION):
            raise ValueError(f"{side!r} is not a decision; use {SOURCE} or {DESTINATION}")
        facts = self.journal.facts
        known: list[Difference | Uncarried] = [*facts.differences(), *facts.uncarried()]
        meant = [one for one in known if one.id == record_id]
        for difference in meant:
            self.journal.facts.decide_difference(difference, side)
        return len(meant)

    def migrate(self) -> Summary:
        """Do everything: preflight, plan, run, verify; return the summary."""
        self.preflight()
        self.run()
        self.verify()
        return self.summary()

    def summary(self, report: str | None = None) -> Summary:
        """Return what was done so far, over all runs; send nothing."""
        self.journal.file.check_owner()  # and keep what was spent since the last write
        verified = self.journal.facts.recall("verified") == Level.FULL.value
        return summary_of(
            self.journal,
            self.source,
            self.destination,
            minimum=self._accounts.minimum(self.journal, self._importer, verified=verified),
            seconds=self._seconds(),
            report=report,
        )

    def stop(self) -> None:
        """Request an early end: each worker finishes its write. Safe to call from a signal handler."""
        self._stop.set()

    # -- decisions -------------------------------------------------------------------------------------------------

    def acknowledge(self, *hazards: str, by: str = "user") -> None:
        """Record that these hazards are known. Raises ``ValueError`` for an unknown id."""
        known = {hazard.id for hazard in hazards_of(self._importer, SearchResult.of(self.journal))}
        if unknown := set(hazards) - known:
            raise ValueError(
                f"unknown hazard: {', '.join(sorted(unknown))}; the hazards are {', '.join(sorted(known))}"
            )
        self.journal.facts.acknowledge(hazards, by=by)

    def map_value(self, field: str, old: str, new: str | None, *, by: str = "user") -> None:
        """Decide what becomes of a value; None drops it. Raises ``WrongMap`` for a field, value or target that does not exist."""
        if by == "user":
            self.decision_check.check(field, old, new)
        self._values.decide(field, old, new)
        self.journal.facts.decide(*old_key(field, old), new, by=by)

    @property
    def decision_check(self) -> DecisionCheck:
        """What tells whether a decision is about things that exist."""
        seen = self.journal.facts.recall(SEEN, {})
        return DecisionCheck(self.source, self.destination, self._importer, self._values, seen)

    @property
    def refs(self) -> tuple[str, str]:
        """The accounts of source and destination."""
        return self.source.ref, self.destination.ref

    @property
    def choices(self) -> dict[str, str]:
        """How threads are written, what becomes of the rest and of what is gone; empty texts while undecided."""
        facts = self.journal.facts
        rest, gone = facts.decided(REST, TICKET_REST), facts.decided(GONE_CHOICE, "")
        return {"threads": facts.recall("threads") or "", "rest": rest or "", "gone": gone or ""}

    @property
    def rules(self) -> dict[str, str]:
        """The rules for values that come later, by their field."""
        return dict(self._values.rules)

    @property
    def field_maps(self) -> tuple[str, ...]:
        """The field maps as they were decided."""
        return tuple(map(str, self._values.maps))

    def check_value(self, name: str, old: str, new: str | None) -> None:
        """Raise ``WrongMap`` for a decision about a field, value or target that does not exist."""
        self.decision_check.check(name, old, new)

    def check_field_map(self, text: str) -> None:
        """Raise ``WrongMap`` for a field map that does not fit the two desks."""
        MapCheck(self.source, self.destination, self._importer).check(parse(text), self._values.maps)

    def choose_rule(self, field: str, rule: str, *, by: str = "user") -> None:
        """Decide what becomes of values of a field that a run meets later. Raises ``WrongMap`` for another rule."""
        check_rule(field, rule)
        self._values.rules[field] = rule
        self.journal.facts.decide(LATER, field, rule, by=by)

    def map_field(self, text: str, *, by: str = "user") -> None:
        """Decide that a field goes into another one, such as ``ticket.tags=custom:Old tags``.

        ``custom:Source=const:Old desk`` writes a constant; nothing after ``=`` drops the maps from or into a field. Raises
        ``WrongMap`` for fields that do not exist, types that do not fit and a second source for one field.
        """
        left, equals, right = text.partition("=")
        if equals and not right.strip():
            self._drop_maps(left, by=by)
            return
        one = parse(text)
        if one.area == "contact" and self.journal.written_contacts():
            raise WrongMap(f"{text}: contacts are written already; maps of contacts are decided before the first run")
        MapCheck(self.source, self.destination, self._importer).check(one, self._values.maps)
        self.journal.facts.decide(MAP_FIELD, str(one), str(one.target), by=by)
        self._values.map_field(one)

    def _drop_maps(self, text: str, *, by: str) -> None:
        end = parse_end(text)
        dropped = [one for one in self._values.maps if end in (one.source, one.target)]
        if not dropped:
            known = ", ".join(map(str, self._values.maps)) or "none"
            raise WrongMap(f"no field map has {end} at one of its ends; decided are {known}")
        for one in dropped:
            self.journal.facts.decide(MAP_FIELD, str(one), None, by=by)
            self._values.drop_map(one)

    def ignore_foreign_markers(self) -> None:
        """Decide that tickets with markers of another key are not part of this migration."""
        self.journal.facts.remember(**{FOREIGN: IGNORE})

    def accept_incomplete(self, scan: str, *, by: str = "user") -> None:
        """Decide to go on with a list as it came: ``contacts``, ``tickets``, ``threads`` or ``thread:<id>``.

        Raises ``ValueError`` for another name.
        """
        check_scan(scan)
        self.journal.facts.decide(INCOMPLETE, scan, ACCEPT, by=by)

    def reassign(self, old: str, new: str) -> Iterator[Reassigned]:
        """Give what is under a placeholder, because the agent ``old`` was not at the destination, to the agent ``new`` there.

        It is recorded, so that later runs do the same. Yields each ticket and message with what became of it. Raises
        ``ValueError``, having written nothing, for an agent who is not at the destination or no e-mail address.
        """
        for email in (old, new):
            if not is_email(email):
                raise ValueError(f"{email!r} is no e-mail address")
        agent = self.destination.agent(Actor.agent(email=new))
        if agent is None and not self.destination.defines:
            raise ValueError(
                f"no agent at {self.destination.label} has the address {new}; create the agent there first"
            )
        if agent is not None and not agent.active and not self.destination.defines:
            raise ValueError(f"the agent {new} is disabled at {self.destination.label}")
        actor = (
            Actor.agent(email=new) if agent is None else Actor.agent(id=agent.id, name=agent.name, email=agent.email)
        )
        try:
            there = self.source.agent(Actor.agent(email=old))
        except HelpdeskError:
            there = None  # the journal alone then says what is the agent's
        for field in ("assignee", AUTHOR):
            self.map_value(field, email_key(old), new, by="reassign")
        keys = keys_of(old, None if there is None else there.id)
        return self._reassigned(Reassign(self._context(), keys, actor))

    def _reassigned(self, work: Reassign) -> Iterator[Reassigned]:
        with self._stoppable(), self._timed():
            self.journal.facts.begin(self._destination_outage.patiently(self.destination.ask_time))
            yield from work.run()

    def preview_rollback(self) -> list[RolledBack]:
        """Return what a rollback would remove and what it would leave, and why; write nothing at the destination.

        Raises ``Interrupted`` for a run that has not ended and ``WrongJournal`` for a destination that was emptied.
        """
        with self._stoppable(), self._timed():
            work = Rollback(self._context())
            work.check()
            rows = list(work.preview())
            self.journal.facts.remember(**{PREVIEWED: {"written": self._written()}})
            return rows

    def rollback(self, *, only: Collection[Key] | None = None, park: Park | None = None) -> Iterator[RolledBack]:
        """Remove what this migration created and nobody has touched since, the newest first; yield what became of each record.

        ``only``: these tickets and contacts and no others, None for all of the journal, which needs a preview first.
        ``park`` marks the tickets that stay. What was removed is planned again. Raises as ``preview_rollback`` does, and
        ``DecisionNeeded`` without a preview, or if more was written since.
        """
        with self._stoppable(), self._timed():
            work = Rollback(self._context(), None if only is None else frozenset(only), park)
            seen = (self.journal.facts.recall(PREVIEWED) or {}).get("written")
            if only is None and (seen is None or self._written() > seen):
                why = "nobody has looked at it" if seen is None else "more was written since the last preview"
                raise DecisionNeeded(f"{why}: see first what a rollback removes, with migrate rollback --preview")
            work.check()
            self.journal.facts.remember(**{"verified": None, EXTENT: None})
            removed: set[str] = set()
            for row in work.run():
                if row.fate is Fate.REMOVED:
                    removed.add(row.id)
                yield row
            left = [one for one in self.journal.facts.differences() if (one.ticket or one.id) not in removed]
            self.journal.facts.replace_differences(left)

    def _written(self) -> int:
        return sum(1 for kind in (Kind.TICKET, Kind.CONTACT) for _ in self.journal.written(kind))

    def rewrite_links(self, links: LinkMap, *, write: bool) -> list[Linked]:
        """Change addresses of old tickets in moved messages to the new ones, and read the changed tickets back.

        Without ``write`` it only says where they are. Reads every moved thread of the destination once. What differs after
        it is among the differences of the journal.
        """
        with self._stoppable(), self._timed():
            if write:
                self.journal.facts.begin(self._destination_outage.patiently(self.destination.ask_time))
            rows = list(Links(self._context(), links, write).run())
            tickets = frozenset(one.ticket for one in rows if one.outcome == REWRITTEN)
            if tickets:
                self._verification(tickets).run()
            return rows

    @contextmanager
    def knowledge_base(self) -> Iterator[KnowledgeMigration]:
        """Give the steps that move the knowledge base, under this journal."""
        with self._stoppable(), self._timed():
            yield KnowledgeMigration(self._context(), self.journal, self.options.yes)

    def choose_gone(self, choice: str, *, by: str = "user") -> None:
        """Decide what becomes of records that the source deletes or marks as spam after they were migrated.

        ``keep`` leaves them at the destination, ``mark`` adds an internal note to their tickets, ``remove=N`` removes up to
        ``N`` of them that nobody has touched. Raises ``ValueError`` for another word.
        """
        most_removed(choice)
        self.journal.facts.decide(GONE_CHOICE, "", choice, by=by)

    def _ask_about_the_rest(self, gone: Sequence[Since], to_be_removed: int) -> None:
        """Raise ``DecisionNeeded`` for threads that came incomplete and for what is gone; everything else has been written."""
        problems, others = [], []
        if lacking := open_threads(self.journal):
            count = "the thread of 1 ticket" if len(lacking) == 1 else f"the threads of {len(lacking)} tickets"
            problems.append(
                f"{count} of {self.source.label} came incomplete, twice; the rest is written. Run again later, or accept "
                "what came"
            )
            others += decisions_about(f"{THREAD}{ticket_id}" for ticket_id in lacking)
        if gone:
            named = ", ".join(f"{one.record} {one.id} {one.what}" for one in gone[:GONE_TOLD])
            more = f" and {len(gone) - GONE_TOLD} more" if len(gone) > GONE_TOLD else ""
            problems.append(
                f"{self.source.label} no longer has what was migrated: {named}{more}. Say what becomes of it at the destination"
            )
            others += [f"--gone {choice}" for choice in CHOICES]
            if to_be_removed:
                others.append(f"--gone {REMOVE}={to_be_removed}")
        if problems:
            raise DecisionNeeded("; ".join(problems), others=others)

    @property
    def _threads(self) -> Threads:
        kept = self.journal.facts.recall("threads")
        return self.options.threads or (Threads(kept) if kept else Threads.MESSAGES)

    @property
    def _rest(self) -> Rest:
        kept = self.journal.facts.decided(REST, TICKET_REST)
        return self.options.rest or (Rest(kept) if kept else Rest.LOSE)

    def choose_rest(self, rest: Rest, *, by: str = "user") -> None:
        """Decide whether what has no place is lost or goes into a private note, the last message of each ticket."""
        self.journal.facts.decide(REST, TICKET_REST, rest.value, by=by)

    def choose_threads(self, way: Threads) -> None:
        """Decide how threads are written."""
        self.journal.facts.remember(threads=way.value)

    def decide_in_doubt(self, record_id: str, decision: str) -> int:
        """Decide about records in doubt: ``found:<id or ref>``, ``again`` or ``skip``; return how many it settled."""
        word, colon, destination_id = decision.partition(":")
        if destination_id.count("/") == 2:  # noqa: PLR2004 - the slashes of a ref
            ref = parse_ref(destination_id)
            if f"{ref.vendor}:{ref.account}" != self.destination.ref:
                raise ValueError(f"this ref does not belong to {self.destination.label}")
            destination_id = ref.id
        return settle_in_doubt(self.journal, record_id, f"{word}{colon}{destination_id}")

    def _decide(self, made: Plan) -> None:
        refuse_foreign(made.search, self.journal, self.destination.label)
        if made.incomplete:
            lists = "; ".join(f"{proof.scan}: {proof.evidence}" for proof in made.incomplete)
            raise DecisionNeeded(
                f"lists came incomplete ({lists}); nothing was written. Run again later, or accept what came",
                others=decisions_about(proof.scan for proof in made.incomplete),
            )
        if self.options.yes:
            self.journal.facts.acknowledge(made.open_hazards, by="yes")
            for value in made.values:
                self.map_value(value.field, value.old, value.proposed, by="yes")
            return
        asked = [value for value in made.values if self._values.rules.get(value.field, ASK) == ASK]
        if asked or made.rules or made.open_hazards:
            hazards = [f"--hazard {hazard}" for hazard in made.open_hazards]
            values = [str(one) for one in (*asked, *made.rules)]
            raise DecisionNeeded(
                f"decisions needed: {len(hazards)} on hazards, {len(values)} on values without a counterpart",
                hazards=hazards,
                values=values,
            )
        for value in made.values:
            self.map_value(value.field, value.old, value.proposed, by="rule")

    # -- parts -----------------------------------------------------------------------------------------------------

    def _spooled(self) -> Spool:
        if self._spool is None:
            self._spool = Spool(self.journal.file.beside)
        return self._spool

    def _searched(self, most: int | None = None) -> SearchResult:
        if self._search is None:
            self._search = Search(
                self.destination,
                self._importer,
                self.journal,
                self._spooled(),
                self._destination_outage,
                self.journal.facts.marker_key,
                self.options.none_before,
                self._tell,
            )
        return self._search.result(most)

    def _scan(self) -> Tally:
        scan = Scan(
            self.source,
            self._spooled(),
            self.journal,
            self._source_outage,
            self.destination.desk.capabilities.contact_needs,
            self._progress.count,
            self._scope_change(),
        )
        self._tally = scan.run()
        return self._tally

    @property
    def scope(self) -> MigrationScope:
        """Which tickets and contacts this migration takes, as far as that is settled."""
        return kept_scope(self.journal)

    def _scope_change(self) -> ScopeChange:
        return ScopeChange.of(self.journal, self.options.scope)

    @property
    def _order(self) -> TicketOrder:
        if self.options.order is not None:
            self.journal.facts.remember(**{ORDER: self.options.order.value})
        return TicketOrder(self.journal.facts.recall(ORDER, TicketOrder.LISTED.value))

    def _context(self) -> LoadContext:
        spool = self._spooled()
        people = People(self.journal, spool, self.source, self._contact_of_source)
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
            rest=self._rest,
            source_outage=self._source_outage,
            destination_outage=self._destination_outage,
            stop=self._stop,
            progress=self._progress.count,
            copied=self.journal.facts.recall(CLAIMED, False),
            decided=self.journal.facts.decided_differences(),
            no_contacts=self._search is not None and self._search.no_contacts,
            order=self._order,
            scoped=not self.scope.everything,
        )

    def _contact_of_source(self, contact_id: str) -> Contact | None:
        """Return a contact that the list of contacts did not have; None if it is gone, or not given."""
        try:
            return self._source_outage.of_record(partial(self.source.desk.contacts.get, contact_id))
        except HelpdeskError:
            return None

    def _made_plan(self, tally: Tally, searched: SearchResult, findings: Sequence[Finding] = ()) -> Plan:
        check_single(self._values.maps, tally.sources(self._values))
        made = make_plan(
            tally,
            self._outcomes(),
            self.journal,
            searched,
            threads=self._threads,
            findings=findings,
            hours=self.options.hours,
        )
        self.journal.facts.remember(**{SEEN: digests_of((row.field, row.old) for row in made.mapping)})
        if self.options.decisions is None or self._decisions_taken:
            return made
        self._decisions_taken = True
        count = PlanFile.read(self.options.decisions).take(self, made)
        if self._tell is not None:
            self._tell(f"{count} decisions of {self.options.decisions.name} are new")
        return self._made_plan(tally, searched, findings)

    def _outcomes(self) -> Outcomes:
        return Outcomes.of(self._spooled(), self._context().mapping, self._importer, noted=self._rest is Rest.NOTE)

    def _changes(self, tally: Tally) -> tuple[Change, ...]:
        classes = self.journal.message_classes()
        return all_changes(
            tally,
            self._outcomes(),
            threads=self._threads,
            used={key: Estimate(records) for key, records in counted(classes).items()},
            left={key: Estimate(records) for key, records in counted_left(classes).items()},
            openings=Estimate(self.journal.internal_openings()),
        )

    def _mapped(self, tally: Tally) -> list[dict[str, Any]]:
        """Return what became of each value, as the journal keeps it."""
        answers = [*tally.answers(self._values), *self._outcomes().answers()]
        return [one.as_json() for one in mapped_values(answers, self._importer)]

    def _total(self, phase: str) -> int | None:
        """Return how many records a phase has, None while that is not known."""
        if phase in {"compare", "verify"}:
            return self.journal.counts()[Kind.TICKET].get(State.DONE, 0)
        if phase == "read" or self._tally is None or (phase == "contacts" and self._grows):
            return None
        return self._tally.contacts if phase == "contacts" else self._tally.tickets

    @property
    def _grows(self) -> bool:
        """Whether threads bring contacts along that no list of the scope tells."""
        return not (self.scope.everything or self.scope.all_contacts)

    def _seconds(self) -> float:
        clock = self.destination.clock
        return self._seconds_before + clock.now() / clock.time_scale - self._started

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Turn ``Stopped`` into ``Interrupted``, and a failure after a takeover into ``JournalInUse``."""
        try:
            yield
        except Stopped:
            raise Interrupted("stopped; run again to continue") from None
        except (Interrupted, OSError):
            self.journal.file.check_owner()  # whoever takes a journal over removes the files of the owner before
            raise

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Record how long a step took, however it ends; it rests outside of the hours, which a plan only reckons with."""
        outages = (self._source_outage, self._destination_outage)
        for outage in outages:
            outage.hours = self.options.hours
        try:
            yield
        finally:
            for outage in outages:
                outage.hours = None
            with suppress(MigrationError):
                self.journal.facts.remember(seconds=self._seconds())

    def close(self) -> None:
        """Remove the spool and release the journal; what works in slices ends first, as after ``stop``."""
        if self._in_slices is not None:
            self._stop.set()
            self._in_slices.exception()
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
