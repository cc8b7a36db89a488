"""Message load: the messages that follow the opening, strictly in order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import define, evolve, field

from helpdesk_bridge.errors import AuthenticationFailed, HelpdeskError, InDoubt, PermissionDenied
from helpdesk_bridge.migration.journal.states import IN_A_THREAD, NOT_WRITTEN, Record, State, reason_of
from helpdesk_bridge.migration.load.context import LoadContext, unanswered
from helpdesk_bridge.migration.load.in_doubt import SettleWait
from helpdesk_bridge.migration.load.lookup import MessageMatch, Thread, find_message
from helpdesk_bridge.migration.load.packing import Packed, Packing
from helpdesk_bridge.migration.load.steps import completed
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.outage import ATTEMPTS
from helpdesk_bridge.migration.plan.thread_layout import Bundle, later_bundles
from helpdesk_bridge.model.records import Message


@define(slots=False)
class _Taken:
    """What of a thread was found, as the journal is to say it; ``missing`` are the records of what was not."""

    left: Thread
    records: list[Record] = field(factory=list)
    missing: list[Record] = field(factory=list)
    found: list[tuple[Packed, MessageMatch]] = field(factory=list)


class MessageLoad:
    """The later messages of one ticket. ``wrote`` says whether any was sent."""

    def __init__(self, context: LoadContext, ticket_id: str, packing: Packing, settle_wait: SettleWait) -> None:
        self._context = context
        self._ticket_id = ticket_id
        self._packing = packing
        self._settle_wait = settle_wait
        self._arrived: list[Record] = []
        self._doubts: dict[str, list[InDoubt]] = {}
        self.wrote = False

    def run(self, destination_id: str, thread: Sequence[Message]) -> None:
        """Write what is not there yet. Raises ``Parked`` while a message is in doubt."""
        known = {child.key.id: child for child in self._context.journal.children(self._ticket_id, *IN_A_THREAD)}
        self._packing.attempts = {message_id: child.attempts for message_id, child in known.items()}
        begun = [message for message in thread if known[message.id].state is State.INTENT]
        planned = [message for message in thread if known[message.id].state is State.PLANNED]
        for bundle in later_bundles(begun, self._way):
            self._look_up(destination_id, bundle, known[bundle.sources[0].id])
        for bundle in later_bundles(planned, self._way):
            self._write(destination_id, bundle)

    @property
    def _way(self) -> Threads:
        way = self._context.threads
        return Threads.NOTE if way is Threads.DESCRIPTION else way

    def save(self, *records: Record) -> None:
        """Write records down, and with them what arrived before: one wait for the disk a message.

        Where the process dies in between, that message is looked up like any other that was begun.
        """
        arrived, self._arrived = self._arrived, []
        self._context.journal.save(*arrived, *records)

    def _write(self, destination_id: str, bundle: Bundle) -> None:
        context = self._context
        context.check_stop()
        context.destination_outage.hold()
        packed = self._packing.packed(bundle)
        self.save(*packed.records)
        try:
            ids = self._sent(destination_id, packed)
        except InDoubt as doubt:
            self._doubts.setdefault(bundle.sources[0].id, []).append(doubt)
            self._settle_wait.park()
        except HelpdeskError as error:
            self._arrived = packed.ended(State.FAILED, reason=reason_of(error))
        else:
            if packed.uploads:
                self.save(*packed.arrived(ids))
            self._complete(destination_id, packed, ids, look=False)
        self.wrote = True
        self._packing.drop()

    def _sent(self, destination_id: str, packed: Packed) -> tuple[str, ...]:
        """Write a message and return its ids; one that is refused is written again at once.

        Where a vendor sorts by the time of writing, a message that the next run writes is behind those that follow it.
        """
        context = self._context
        send = partial(context.importer.message, destination_id, packed.message, packed.uploads)
        try:
            return context.write(send, undo=packed.undone())
        except (InDoubt, AuthenticationFailed, PermissionDenied):
            raise
        except HelpdeskError:
            return context.write(send, undo=packed.undone())

    def _complete(
        self, destination_id: str, packed: Packed, ids: tuple[str, ...], *, look: bool, evidence: str | None = None
    ) -> None:
        """Do what is missing of a message whose create is done. Raises ``Parked`` while a further call is in doubt."""
        if not packed.uploads:
            self._arrived = packed.ended(State.DONE, ids=ids)
            return
        doubts = self._doubts.setdefault(packed.records[0].key.id, [])
        try:
            done = completed(self._context, destination_id, packed, ids, look=look, evidence=evidence)
            self._arrived, self.wrote = done.records, self.wrote or done.wrote
        except InDoubt as doubt:
            doubts.append(doubt)
            if len(doubts) < ATTEMPTS:
                self._settle_wait.park()
            self._arrived = packed.partly(ids, NOT_WRITTEN + unanswered(len(doubts), doubt))

    def take_over(self, destination_id: str, thread: Sequence[Message]) -> bool:
        """Take over what a migration whose journal is lost wrote of a thread; return whether anything is missing.

        The thread at the destination is read in pages, once. Which way of writing threads that migration chose is lost
        with its journal: if ours leaves messages on both sides, the other is tried.
        """
        context = self._context
        written = context.journal.children(self._ticket_id, *IN_A_THREAD)
        known = {record.key.id: record.state for record in written}
        planned = [message for message in thread if known[message.id] is State.PLANNED]
        if not planned:
            return False
        there = Thread.read(context, destination_id, written)
        taken = self._taken(planned, self._way, there)
        if taken.missing and taken.left.free:
            other = Threads.MESSAGES if self._way is Threads.NOTE else Threads.NOTE
            second = self._taken(planned, other, there)
            taken = taken if second.missing else second
        missing = taken.missing
        if missing and (joined := taken.left.joined()) is not None:
            # Some of what is missing is in it. Written again, it would stand there twice.
            evidence = f"note {joined} at the destination holds several messages, and nothing says which"
            taken.records += [evolve(absent, state=State.IN_DOUBT, reason=evidence) for absent in missing]
            missing = []
        context.journal.save(*taken.records)
        for packed, match in taken.found:
            self._complete(destination_id, packed, match.ids, look=True, evidence=match.evidence)
            self.save()
        self._packing.drop()
        return bool(missing)

    def _taken(self, planned: Sequence[Message], way: Threads, there: Thread) -> _Taken:
        left = there.copy()
        taken = _Taken(left)
        for bundle in later_bundles(planned, way):
            self._context.check_stop()
            packed = self._packing.packed(bundle)
            match = left.take(packed.expected)
            if match.absent:
                taken.missing += packed.undone()
            else:
                taken.found.append((packed, match))
        return taken

    def _look_up(self, destination_id: str, bundle: Bundle, leader: Record) -> None:
        context = self._context
        self._settle_wait.wait()
        self.save()
        match = MessageMatch(ids=leader.destination) if leader.destination else self._found(destination_id, leader)
        doubts = self._doubts.get(leader.key.id, [])
        if match.absent and len(doubts) < ATTEMPTS:
            self._write(destination_id, bundle)
            return
        packed = self._packing.packed(bundle)
        if match.absent:
            context.journal.save(*packed.ended(State.FAILED, reason=unanswered(len(doubts), doubts[-1])))
        elif match.ids:
            self._complete(destination_id, packed, match.ids, look=True, evidence=match.evidence)
            self.save()
        else:
            context.journal.save(*packed.ended(State.IN_DOUBT, reason=match.evidence))
        self._packing.drop()

    def _found(self, destination_id: str, leader: Record) -> MessageMatch:
        try:
            return find_message(self._context, destination_id, leader)
        except HelpdeskError as error:
            return MessageMatch(evidence=f"the look-up failed: {reason_of(error)}")
