"""Writes the messages that follow the opening, strictly in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from attrs import evolve

from helpdesk_bridge.errors import HelpdeskError, InDoubt
from helpdesk_bridge.migration.context import LoadContext, reason_of
from helpdesk_bridge.migration.lookup import Found, find_message
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.packing import Packing, file_key
from helpdesk_bridge.migration.settling import Settling
from helpdesk_bridge.migration.states import Kind, Record, State
from helpdesk_bridge.migration.threads import Bundle, later_bundles
from helpdesk_bridge.model import Message

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


class MessageLoad:
    """The later messages of one ticket. ``wrote`` says whether any was sent."""

    def __init__(self, context: LoadContext, ticket_id: str, packing: Packing, settling: Settling) -> None:
        self._context = context
        self._ticket_id = ticket_id
        self._packing = packing
        self._settling = settling
        self._arrived: list[Record] = []
        self.wrote = False

    def run(self, destination_id: str, thread: Sequence[Message], *, look_first: bool) -> None:
        """Write what is not there yet. Raises ``Parked`` while a message is in doubt.

        ``look_first``: a journal that is lost may have written any of them, so that each is looked for before.
        """
        context = self._context
        known = {one.key.id: one for one in context.journal.children(self._ticket_id, Kind.MESSAGE)}
        begun = [one for one in thread if known[one.id].state is State.INTENT]
        planned = [one for one in thread if known[one.id].state is State.PLANNED]
        way = Threads.NOTE if context.threads is Threads.DESCRIPTION else context.threads
        for bundle in later_bundles(begun, way):
            self._look_up(destination_id, bundle, known[bundle.sources[0].id])
        for bundle in later_bundles(planned, way):
            if look_first:
                self._look_up_planned(destination_id, bundle)
            else:
                self._write(destination_id, bundle)

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
        except InDoubt:
            self._settling.park()
        except HelpdeskError as error:
            self._arrived = packed.ended(State.FAILED, reason=reason_of(error))
        else:
            self._arrived = packed.ended(State.DONE, ids=ids)
        self.wrote = True
        self._packing.drop()

    def _look_up_planned(self, destination_id: str, bundle: Bundle) -> None:
        packed = self._packing.packed(bundle)
        leader = evolve(packed.records[0], intent_at=LONG_AGO)
        self.save(leader, *packed.records[1:])
        self._look_up(destination_id, bundle, leader)

    def _look_up(self, destination_id: str, bundle: Bundle, leader: Record) -> None:
        context = self._context
        self._settling.wait(leader)
        self.save()
        try:
            found = find_message(context, destination_id, leader)
        except HelpdeskError as error:
            found = Found(evidence=f"it cannot be looked up: {reason_of(error)}")
        if found.absent:
            self._write(destination_id, bundle)
            return
        ids = {one.id for one in bundle.sources}
        files = {file_key(one, number).id for one in bundle.sources for number in range(len(one.attachments))}
        journal = context.journal
        children = [one for one in journal.children(self._ticket_id, Kind.MESSAGE) if one.key.id in ids]
        children += [one for one in journal.children(self._ticket_id, Kind.ATTACHMENT) if one.key.id in files]
        state = State.DONE if found.ids else State.IN_DOUBT
        ended = [
            evolve(one, state=state, destination=found.ids, reason=found.evidence)
            for one in children
            if one.state is State.INTENT
        ]
        journal.save(*ended)
        self._packing.drop()
