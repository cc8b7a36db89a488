"""Message load: the messages that follow the opening, strictly in order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import define, evolve, field

from helpdesk_bridge.errors import HelpdeskError, InDoubt
from helpdesk_bridge.migration.journal.states import Kind, Record, State, reason_of
from helpdesk_bridge.migration.load.context import LoadContext, unanswered
from helpdesk_bridge.migration.load.in_doubt import SettleWait
from helpdesk_bridge.migration.load.lookup import MessageMatch, Thread, find_message
from helpdesk_bridge.migration.load.packing import Packing, file_key
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
        known = {child.key.id: child for child in self._context.journal.children(self._ticket_id, Kind.MESSAGE)}
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
        send = partial(context.importer.message, destination_id, packed.message, packed.uploads)
        try:
            ids = context.write(send, undo=packed.undone())
        except InDoubt as doubt:
            self._doubts.setdefault(bundle.sources[0].id, []).append(doubt)
            self._settle_wait.park()
        except HelpdeskError as error:
            self._arrived = packed.ended(State.FAILED, reason=reason_of(error))
        else:
            self._arrived = packed.ended(State.DONE, ids=ids)
        self.wrote = True
        self._packing.drop()

    def take_over(self, destination_id: str, thread: Sequence[Message]) -> bool:
        """Take over what a migration whose journal is lost wrote of a thread; return whether anything is missing.

        The thread at the destination is read in pages, once. Which way of writing threads that migration chose is lost
        with its journal: if ours leaves messages on both sides, the other is tried.
        """
        context = self._context
        written = context.journal.children(self._ticket_id, Kind.MESSAGE)
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
                state = State.DONE if match.ids else State.IN_DOUBT
                taken.records += packed.ended(state, ids=match.ids, reason=match.evidence)
            self._packing.drop()
        return taken

    def _look_up(self, destination_id: str, bundle: Bundle, leader: Record) -> None:
        context = self._context
        self._settle_wait.wait()
        self.save()
        try:
            match = find_message(context, destination_id, leader)
        except HelpdeskError as error:
            match = MessageMatch(evidence=f"the look-up failed: {reason_of(error)}")
        doubts = self._doubts.get(leader.key.id, [])
        if match.absent and len(doubts) >= ATTEMPTS:
            ended = self._packing.packed(bundle).ended(State.FAILED, reason=unanswered(len(doubts), doubts[-1]))
            context.journal.save(*ended)
            self._packing.drop()
            return
        if match.absent:
            self._write(destination_id, bundle)
            return
        ids = {source.id for source in bundle.sources}
        files = {file_key(source, number).id for source in bundle.sources for number in range(len(source.attachments))}
        journal = context.journal
        children = [child for child in journal.children(self._ticket_id, Kind.MESSAGE) if child.key.id in ids]
        children += [child for child in journal.children(self._ticket_id, Kind.ATTACHMENT) if child.key.id in files]
        state = State.DONE if match.ids else State.IN_DOUBT
        ended = [
            evolve(child, state=state, destination=match.ids, reason=match.evidence)
            for child in children
            if child.state is State.INTENT
        ]
        journal.save(*ended)
        self._packing.drop()
