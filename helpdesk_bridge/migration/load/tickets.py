"""Ticket load: the opening, later messages strictly in order with their files, the final state last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Opening
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.errors import HelpdeskError, InDoubt, Invalid, NotFound
from helpdesk_bridge.migration.adoption import Adoption, Judgement
from helpdesk_bridge.migration.completeness import THREAD, THREAD_REASON, IncompleteThread, accepted, read_thread
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import (
    DECIDED_SKIP,
    FOUND_AGAIN,
    IN_A_THREAD,
    NOT_WRITTEN,
    OF_ITS_TICKET,
    ON_A_TICKET,
    Key,
    Kind,
    Record,
    State,
    reason_of,
)
from helpdesk_bridge.migration.journal.unread import unread_records
from helpdesk_bridge.migration.load.context import LoadContext, unanswered
from helpdesk_bridge.migration.load.edits import Edits, renamed
from helpdesk_bridge.migration.load.in_doubt import SettleWait
from helpdesk_bridge.migration.load.late_files import LateFiles
from helpdesk_bridge.migration.load.later import TicketChanges
from helpdesk_bridge.migration.load.long_bodies import LongBodies, is_long
from helpdesk_bridge.migration.load.messages import MessageLoad
from helpdesk_bridge.migration.load.packing import Packed, Packing, message_key, planned
from helpdesk_bridge.migration.load.refusals import let_go
from helpdesk_bridge.migration.load.steps import completed
from helpdesk_bridge.migration.options import Rest, Threads
from helpdesk_bridge.migration.outage import ATTEMPTS, Stopped
from helpdesk_bridge.migration.outcome import DecisionNeeded, MigrationError
from helpdesk_bridge.migration.plan.message_use import uses
from helpdesk_bridge.migration.plan.rest import rest_lines, rest_note, rest_version
from helpdesk_bridge.migration.plan.thread_layout import opening_bundle, opening_of
from helpdesk_bridge.migration.runner import Parked
from helpdesk_bridge.migration.source.versions import may_differ, same_version, ticket_version, version_at
from helpdesk_bridge.model.records import Message, Ticket

FINAL_STATE_REFUSED: Final = "written, but its final state was refused: "


@frozen
class _Written:
    """An opening whose ticket is there; ``ids`` are those of its messages, ``look`` whether more of it may be there."""

    packed: Packed
    ids: tuple[str, ...]
    look: bool


class TicketLoad:
    """The load of one ticket. The journal holds what is done, so that it can continue from any point."""

    def __init__(self, context: LoadContext, ticket: Ticket) -> None:
        self._context = context
        self._ticket = ticket
        self._version = ticket_version(ticket)
        self._settle_wait = SettleWait(context)
        self._record = Record(key=Key(Kind.TICKET, ticket.id))
        self._thread: list[Message] | None = None
        self._rest: Message | None = None
        self._bodies = LongBodies(context.spool, ticket.id)
        self._tries = 0
        self._doubt: InDoubt | None = None
        self._opening: _Written | None = None
        self._changes: TicketChanges | None = None
        self._pending: dict[str, str] = {}

    def advance(self) -> None:
        """Go on to the end. Raises ``Parked`` while a write is in doubt."""
        self._context.check_stop()
        if self._thread is None and not self._begin():
            self._bodies.drop()
            return
        try:
            self._context.people_first((self._ticket.requester, *(one.author for one in self._thread or ())))
            self._write_ticket()
            if self._record.destination:
                self._complete_opening()
                self._see_what_is_there(() if self._thread is None else self._thread)
                self._write_messages(self._record.destination[0])
                self._finish()
        except Parked:
            raise
        except (Stopped, MigrationError):
            self._messages.save()
            self._drop()
            raise
        self._drop()
        self._context.progress("tickets")

    def abandon(self, reason: str) -> None:
        """End what is open of the ticket, after a defect: what may have been sent is in doubt, the rest failed.

        A ticket that is there and whose own messages all are keeps only its final state for the next run.
        """
        if self._thread is not None:
            self._drop()
            self._messages.save()
        self._record = self._context.journal.get(self._record.key) or self._record
        if not self._record.destination:
            self._give_up(State.IN_DOUBT if self._record.state is State.INTENT else State.FAILED, reason)
            return
        ended = []
        for child in self._children():
            if child.state is State.INTENT and child.destination:
                ended.append(evolve(child, state=State.FAILED, reason=f"{NOT_WRITTEN}{reason}"))
            elif not child.state.final:
                begun = child.state is State.INTENT
                ended.append(evolve(child, state=State.IN_DOUBT if begun else State.FAILED, reason=reason))
        if not ended:
            self._record = evolve(self._record, state=State.FAILED, finished=False, reason=reason)
            ended.append(self._record)
        self._context.journal.save(*ended)

    def _drop(self) -> None:
        self._packing.drop()
        self._bodies.drop()

    @property
    def _found_again(self) -> bool:
        return self._record.reason == FOUND_AGAIN

    # -- reading ---------------------------------------------------------------------------------------------------

    def _begin(self) -> bool:
        """Read the thread and write down what there is to do; return whether there is anything."""
        context, ticket = self._context, self._ticket
        self._record = context.journal.get(self._record.key) or self._record
        if (ticket.spam or ticket.deleted) and self._record.state is not State.INTENT:
            self._skip("spam" if ticket.spam else "deleted")
            return False
        if self._record.state is State.IN_DOUBT and not self._never_tried:
            return False
        if (self._record.state, self._record.reason) == (State.SKIPPED, DECIDED_SKIP) or self._unchanged():
            return False
        self._take_up_again()
        look = context.source.vendor_now()
        try:
            thread = self._read()
        except NotFound:
            if not self._record.destination:
                context.journal.save(evolve(self._record, state=State.SKIPPED, reason="deleted since the run began"))
            return False
        except HelpdeskError as error:
            self._give_up(State.FAILED, reason_of(error))
            return False
        except IncompleteThread as error:
            self._give_up(State.FAILED, f"{THREAD_REASON}: {error}")
            return False
        self._version = version_at(ticket, look)
        renamed(context.journal, ticket.id, thread, self._bodies)
        context.journal.plan(planned(thread, self._bodies))
        self._write_unread()
        self._thread = thread
        versions = self._plan_rest(thread)
        if thread and ticket.description is not None and is_long(ticket.description):
            self._ticket = evolve(ticket, description=None)  # the opening says the same
        self._packing = Packing(context, ticket, self._written, self._bodies, versions)
        self._messages = MessageLoad(context, ticket.id, self._packing, self._settle_wait)
        self._late_files = LateFiles(context, ticket.id, self._settle_wait)
        self._edits = Edits(context, ticket.id, self._packing, self._bodies)
        return True

    @property
    def _written(self) -> list[Message]:
        """What is to be written: the thread, and the note with the rest of the ticket behind it."""
        return [*(self._thread or ()), *((self._rest,) if self._rest is not None else ())]

    def _plan_rest(self, thread: Sequence[Message]) -> dict[str, str]:
        """Plan the note with the rest of the ticket; return its version by its id.

        A note that is there is not written over: where it would say something else today, another one follows.
        """
        context, journal = self._context, self._context.journal
        if context.rest is not Rest.NOTE:
            return {}
        mapping = context.mapping
        old = mapping.read_by_maps(context.source.ticket(self._ticket))
        lines = rest_lines(old, mapping.values, context.importer)
        if not lines:
            return {}
        known, version = journal.children(self._ticket.id, Kind.REST), rest_version(lines)
        latest = max(known, key=lambda record: (len(record.key.id), record.key.id), default=None)
        number = len(known) + 1
        if latest is not None:
            if latest.state in (State.SKIPPED, State.IN_DOUBT) or (
                latest.state is State.DONE and latest.version == version
            ):
                return {}
            number -= latest.state is not State.DONE
        self._rest = rest_note(self._ticket, lines, thread, number)
        record = Record(
            key=message_key(self._rest), position=len(thread), kind_of_message=uses(self._rest), version=version
        )
        journal.plan([record])
        return {self._rest.id: version}

    def _write_unread(self) -> None:
        """Write down the messages that cannot be read."""
        rows = self._context.source.unread_rows(Kind.MESSAGE.value, self._ticket.id)
        known = self._context.journal.children(self._ticket.id, Kind.MESSAGE)
        self._context.journal.save(*unread_records(Kind.MESSAGE, rows, known))

    @property
    def _never_tried(self) -> bool:
        """Whether an earlier migration's tickets are all that is known: another choice may let them agree."""
        return bool(self._record.candidates) and self._record.attempts == 0

    def _children(self) -> list[Record]:
        return self._context.journal.children(self._ticket.id, *ON_A_TICKET)

    def _take_up_again(self) -> None:
        """Plan anew what was left out and no longer is, and what failed.

        Of a message that is there, but not all of it, only what is missing is to be written.
        """
        skipped, failed = self._record.state is State.SKIPPED, self._record.state is State.FAILED
        again = []
        for child in self._children():
            if child.state is State.FAILED and (child.reason or "").startswith(NOT_WRITTEN):
                again.append(evolve(child, state=State.INTENT, reason=None))
            elif (
                (child.state is State.FAILED and child.key.kind in IN_A_THREAD)
                or (skipped and child.state is State.SKIPPED)
                or (failed and child.state is State.FAILED and not self._record.destination)
            ):
                again.append(evolve(child, state=State.PLANNED, reason=None, intent_at=None))
        if skipped or failed:
            self._record = evolve(self._record, state=State.PLANNED, reason=None)
            again.append(self._record)
        self._context.journal.save(*again)

    @property
    def _as_chosen(self) -> bool:
        """Whether a ticket was written with the user's field maps and note of today."""
        known = (self._record.expected or {}).get(expected.CHOICES, "")
        return bool(known == self._context.choices)

    def _unchanged(self) -> bool:
        record = self._record
        if not self._as_chosen:
            return False
        if not record.finished or may_differ(record.version, self._version) or record.state is not State.DONE:
            return False
        return not self._context.journal.has_open_children(self._ticket.id) and not self._decided

    @property
    def _decided(self) -> bool:
        """Whether the user decided about a change of this ticket or of its messages that both sides made."""
        context, ticket_id = self._context, self._ticket.id
        if not context.decided or context.repairing:
            return False
        messages = {("message", one.key.id) for one in context.journal.children(ticket_id, Kind.MESSAGE)}
        return any(place in context.decided for place in ({("ticket", ticket_id)} | messages))

    def _read(self) -> list[Message]:
        context, ticket = self._context, self._ticket
        accept = accepted(context.journal, f"{THREAD}{ticket.id}")
        return context.source_outage.of_record(
            partial(read_thread, context.source, ticket, accept=accept, kept=self._bodies.put_away)
        )

    def _skip(self, reason: str) -> None:
        """Write the ticket down as skipped, and its messages and files with it.

        Their number is known only from the thread: every record of the source is accounted for, at one read a ticket.
        """
        context, record = self._context, self._record
        same = record.state is State.SKIPPED and same_version(record.version, self._version)
        if same or record.state in (State.DONE, State.IN_DOUBT):
            return
        try:
            children = planned(self._read(), self._bodies)
        except (HelpdeskError, IncompleteThread):
            children = []  # a thread that cannot be read any more has nothing to account for
        left = [evolve(child, state=State.SKIPPED, reason=f"its ticket is {reason}") for child in children]
        self._write_unread()
        context.journal.save(evolve(record, state=State.SKIPPED, reason=reason, version=self._version), *left)
        context.progress("tickets")

    # -- the ticket and its opening --------------------------------------------------------------------------------

    def _write_ticket(self) -> None:
        if self._found_again and self._record.expected is None:
            self._adopt_opening(self._record)
        if self._record.destination:
            return
        if self._never_tried and self._judge_candidates():
            return
        if self._record.state.final:
            return
        if self._record.state is State.INTENT and not self._look_up():
            return
        if self._context.look_only:
            return
        while not self._create():
            continue

    def _whole_thread(self) -> Sequence[Message]:
        """Return the thread; a ticket without any message is opened with its description, or with nothing."""
        return self._thread or [opening_of(self._ticket)]

    def _create(self) -> bool:
        """Write ticket and opening; return False to do it again, with fewer values."""
        context = self._context
        context.check_stop()
        context.destination_outage.hold()
        ticket = context.mapping.ticket(self._ticket)
        packed = self._packed_opening()
        marker = context.marker("ticket", self._ticket.ref)
        before = evolve(self._record, state=State.PLANNED)
        record = evolve(
            before,
            state=State.INTENT,
            reason=None,
            marker=marker,
            intent_at=context.destination.vendor_now(),
            attempts=before.attempts + 1,
            expected=self._shown(ticket, packed),
        )
        undo = [before, *packed.undone()]
        context.journal.save(record, *packed.records)
        send = partial(context.importer.ticket, ticket, Opening.of(packed.message), packed.uploads, marker)
        try:
            imported = context.write(send, undo)
        except InDoubt as doubt:
            self._record, self._doubt = record, doubt
            self._tries += 1
            self._settle_wait.park()
        except Invalid as error:
            self._record = evolve(self._record, attempts=record.attempts)
            return self._refused(error, ticket, undo)
        except HelpdeskError as error:
            self._record = evolve(self._record, attempts=record.attempts)
            self._give_up(State.FAILED, reason_of(error))
            return True
        ids = imported.message_ids
        if packed.uploads:
            self._opening = _Written(packed, ids, look=False)
            children = packed.arrived(ids)
        else:
            children = packed.ended(State.DONE, ids=ids)
        self._created(record, children, imported.ticket_id, unfinished=imported.unfinished)
        return True

    def _packed_opening(self, way: Threads | None = None) -> Packed:
        return self._packing.packed(opening_bundle(self._whole_thread(), way or self._context.threads))

    def _shown(self, ticket: Ticket, opening: Packed | None = None) -> dict[str, object]:
        """Return what the ticket must show, and of an opening what no message record holds."""
        # What is written is in the vendor's own words already: there is no alias to undo.
        shown = expected.ticket(ticket, self._context.importer.fidelity.ticket, Aliases())
        if opening is None:
            known = (self._record.expected or {}).get(expected.OPENING)
        else:
            known = None if opening.records else opening.expected
        if choices := self._context.choices:
            shown[expected.CHOICES] = choices
        return shown if known is None else {**shown, expected.OPENING: known}

    def _created(self, record: Record, children: Sequence[Record], ticket_id: str, *, unfinished: bool) -> None:
        finished = not (unfinished or self._needs_finish)
        version = self._version if finished else None
        self._record = evolve(record, state=State.DONE, destination=(ticket_id,), finished=finished, version=version)
        self._context.journal.save(self._record, *children)

    def _adopt_opening(self, record: Record, way: Threads | None = None) -> None:
        """Take over the opening of a ticket that was found by its marker; what follows is looked for in its thread."""
        packed = self._packed_opening(way)
        if packed.uploads:
            self._opening = _Written(packed, (), look=True)
        done = packed.arrived(()) if packed.uploads else packed.ended(State.DONE)
        taken = {child.key for child in done}
        later = [
            evolve(child, state=State.PLANNED, reason=None)
            for child in self._children()
            if child.state is State.IN_DOUBT and child.key not in taken
        ]
        shown = self._shown(self._context.mapping.ticket(self._ticket), packed)
        self._record = evolve(record, expected=shown)
        self._context.journal.save(self._record, *done, *later)

    def _judge_candidates(self) -> bool:
        """Take over the ticket that an earlier migration wrote, if it is the one and the only one that agrees.

        Candidates without our marker, which an agent may have removed, are never adopted: one that agrees puts the record
        in doubt, and the others are unrelated. Returns False if all are unrelated.
        """
        first, *others = self._openings()
        way, judged = first[0], self._judged(self._record.candidates, first[1])
        for other, opening in others:
            if not judged.ours:
                again = self._judged(self._record.candidates, opening)
                way, judged = (other, again) if again.ours else (way, judged)
        if self._record.marker is None:
            if judged.ours:
                ours = ", ".join(judged.ours)
                self._record = evolve(self._record, candidates=judged.ours)
                self._give_up(
                    State.IN_DOUBT,
                    f"ticket {ours} at the destination agrees in requester, text and time, but carries no marker",
                )
                return True
            self._record = evolve(self._record, state=State.PLANNED, candidates=(), reason=None)
            self._context.journal.save(self._record, *self._planned_again())
            return False
        self._leave_alone(judged)
        if len(judged.ours) != 1 or judged.unread:
            self._give_up(State.IN_DOUBT, str(judged))
            return True
        adopted = evolve(
            self._record, state=State.DONE, reason=FOUND_AGAIN, destination=judged.ours, finished=False, version=None
        )
        self._adopt_opening(adopted, way)
        return True

    def _planned_again(self) -> list[Record]:
        return [
            evolve(child, state=State.PLANNED, reason=None)
            for child in self._children()
            if child.state is State.IN_DOUBT
        ]

    def _openings(self) -> list[tuple[Threads, Mapping[str, Any]]]:
        """Return the openings that the ways of writing threads give, ours first: the way of then is lost as well."""
        ours = self._context.threads
        openings = {ours: self._packed_opening(ours).expected}
        for way in (Threads.MESSAGES, Threads.DESCRIPTION):
            opening = self._packed_opening(way).expected
            if all(opening["text"] != known["text"] for known in openings.values()):
                openings[way] = opening
        return list(openings.items())

    def _leave_alone(self, judged: Judgement) -> None:
        if not judged.unread:
            self._context.journal.facts.leave_alone(self._record.key.id, judged.others)

    def _judged(self, ids: Sequence[str], opening: Mapping[str, Any]) -> Judgement:
        context, record = self._context, self._record
        written = record.expected or {}
        shown = expected.person(context.mapping.ticket(self._ticket).requester)
        adoption = Adoption(context.destination, context.importer, context.destination_outage, context.marker_key.seal)
        return adoption.judge(ids, written.get("requester", shown), opening)

    def _expected_opening(self) -> Mapping[str, Any]:
        """Return what the opening must show: as it was sent, else as it would be sent now."""
        for child in self._children():
            if child.expected is not None and expected.opens(child.expected):
                return child.expected
        known: Mapping[str, Any] | None = (self._record.expected or {}).get(expected.OPENING)
        return self._packed_opening().expected if known is None else known

    def _refused(self, error: Invalid, sent: Ticket, undo: Sequence[Record]) -> bool:
        try:
            again = self._let_go(error, sent)
        except DecisionNeeded:
            self._context.journal.save(*undo)
            raise
        if again:
            self._context.journal.save(*undo)
            self._record = undo[0]
        else:
            self._give_up(State.FAILED, reason_of(error))
        return not again

    def _let_go(self, error: Invalid, sent: Ticket) -> bool:
        context = self._context
        if context.mapping.ticket(self._ticket) != sent:
            return True  # another worker met the same refusal meanwhile, and decided
        values, yes = context.mapping.values, context.options.yes
        return let_go(error, self._ticket, source=context.source, values=values, journal=context.journal, yes=yes)

    def _give_up(self, state: State, reason: str) -> None:
        """End the ticket, and with it everything that hangs on it."""
        reason_of_child = OF_ITS_TICKET if state is State.IN_DOUBT else "its ticket is not migrated"
        ended = [
            evolve(child, state=state, reason=reason_of_child) for child in self._children() if not child.state.final
        ]
        self._record = evolve(self._record, state=state, reason=reason, version=self._version)
        self._context.journal.save(self._record, *ended)

    def _look_up(self) -> bool:
        """Find out what became of an intent; return whether the ticket is to be written (again)."""
        context, record = self._context, self._record
        self._settle_wait.wait()
        ticket = context.mapping.ticket(self._ticket)
        since = self._settle_wait.earliest(record)
        find = partial(context.importer.find, "ticket", record.marker or "", since, ticket)
        try:
            ids = context.destination_outage.of_record(find)
        except HelpdeskError as error:
            self._give_up(State.IN_DOUBT, f"the look-up failed: {reason_of(error)}")
            return False
        if not ids and self._doubt is not None and self._tries >= ATTEMPTS:
            self._give_up(State.FAILED, unanswered(self._tries, self._doubt))
            return False
        if not ids:
            self._record = evolve(record, state=State.PLANNED)
            return True
        judged = self._judged(ids, self._expected_opening())
        self._leave_alone(judged)
        if len(judged.ours) != 1 or judged.unread:
            self._give_up(State.IN_DOUBT, str(judged))
            return False
        begun = [child for child in self._children() if child.state is State.INTENT]
        whole = not any(child.key.kind is Kind.ATTACHMENT for child in begun)
        children = [evolve(child, state=State.DONE) for child in begun] if whole else begun
        # What its create answered, which may have been that it is unfinished, nobody read.
        self._created(record, children, judged.ours[0], unfinished=True)
        return False

    def _complete_opening(self) -> None:
        """Do what is missing of an opening whose ticket is there. Raises ``Parked`` while a further call is in doubt."""
        context = self._context
        written, self._opening = self._opening, None
        if written is None:
            written = self._begun_opening()
        if written is None:
            return
        try:
            ended = completed(
                context, self._record.destination[0], written.packed, written.ids, look=written.look
            ).records
        except InDoubt as doubt:
            self._tries += 1
            if self._tries < ATTEMPTS:
                self._settle_wait.park()
            ended = written.packed.partly(written.ids, NOT_WRITTEN + unanswered(self._tries, doubt))
        context.journal.save(*ended)

    def _begun_opening(self) -> _Written | None:
        """Return the opening that an earlier process, or a call in doubt, left on its way."""
        children = self._context.journal.children(self._ticket.id, Kind.MESSAGE)
        begun = next((one for one in children if one.state is State.INTENT and expected.opens(one.expected)), None)
        if begun is None:
            return None
        self._settle_wait.wait()
        for way in (self._context.threads, *Threads):
            packed = self._packed_opening(way)
            if begun.expected is not None and packed.expected["text"] == begun.expected["text"]:
                break
        else:
            packed = self._packed_opening()
        return _Written(packed, begun.destination, look=True)

    def _see_what_is_there(self, thread: Sequence[Message]) -> None:
        """Read a ticket that an earlier run finished before anything of it is changed: what others did there stays."""
        context, record = self._context, self._record
        later = record.finished and record.state is State.DONE and not context.look_only and not context.repairing
        if not later or self._changes is not None or record.reason == FOUND_AGAIN:
            return
        self._pending = self._edits.pending(thread)
        planned_too = any(
            child.state in (State.PLANNED, State.INTENT)
            for child in context.journal.children(self._ticket.id, *IN_A_THREAD)
        )
        fields_too = self._decided or self._shown(context.mapping.ticket(self._ticket)) != record.expected
        if not (planned_too or fields_too):
            return
        with suppress(NotFound):  # verification tells that it is missing
            there = partial(context.destination.desk.tickets.get, record.destination[0])
            self._changes = TicketChanges(context, self._ticket.id, context.destination_outage.of_record(there))

    def _write_messages(self, ticket_id: str) -> None:
        context, later = self._context, self._written
        looks_first = self._found_again or context.copied
        if looks_first and self._messages.take_over(ticket_id, later) and not context.look_only:
            # From here on all that is missing is known: it is written, and the final state after it.
            self._record = evolve(self._record, reason=None)
            context.journal.save(self._record)
        if not context.look_only:
            self._messages.run(ticket_id, later)
            self._messages.save()
            self._late_files.run(ticket_id, later)
            pending, self._pending = self._pending, {}
            if pending and self._edits.run(ticket_id, self._thread or (), pending):
                self._messages.wrote = True

    # -- the end ---------------------------------------------------------------------------------------------------

    @property
    def _needs_finish(self) -> bool:
        context, thread = self._context, self._whole_thread()
        later = len(opening_bundle(thread, context.threads).sources) < len(thread) or self._rest is not None
        # Who rated a ticket did so at its end, and no importer has a place for it before.
        rated = self._ticket.rating is not None and expected.native(context.importer.fidelity.ticket, "rating")
        return later or rated or context.importer.cost.finish_always

    def _finish(self) -> None:
        """Put the ticket into its final state if its messages, or later changes at the source, may have altered it."""
        context, record = self._context, self._record
        wrote = self._messages.wrote
        done = record.finished and not may_differ(record.version, self._version) and record.state is State.DONE
        done = done and self._as_chosen
        if (done and not wrote and self._changes is None) or context.look_only:
            return
        if context.repairing and record.finished and record.state is State.DONE:
            self._record = evolve(record, version=self._version)
            self._messages.save(self._record)
            return
        shown, refused = self._set_final_state(record)
        if refused is None:
            self._record = evolve(
                record, state=State.DONE, finished=True, reason=None, version=self._version, expected=shown
            )
        else:
            self._record = evolve(
                record,
                state=State.FAILED,
                finished=False,
                reason=f"{FINAL_STATE_REFUSED}{reason_of(refused)}",
                version=self._version,
                attempts=record.attempts + 1,
            )
        self._messages.save(self._record)

    def _set_final_state(self, record: Record) -> tuple[dict[str, object], HelpdeskError | None]:
        """Set what the source's ticket shows now, unless the destination has it; return that, and the error of a refusal."""
        context, wrote = self._context, self._messages.wrote
        while True:
            ticket = context.mapping.ticket(self._ticket)
            shown = self._shown(ticket)
            if record.finished and shown == record.expected and not wrote and self._changes is None:
                return shown, None
            if self._found_again and not wrote:
                return shown, None  # what differs is another's change since, and for the verification to tell
            try:
                if self._changes is not None:
                    ticket, shown = self._changes.carry(record, ticket, shown)
                context.set_values(partial(context.importer.finish, record.destination[0], ticket))
            except Invalid as error:
                if self._let_go(error, context.mapping.ticket(self._ticket)):
                    continue
                return shown, error
            except HelpdeskError as error:
                return shown, error
            return shown, None
