"""Edits: messages that were changed at the source since they were written, brought to a destination that can change its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Rewriter
from helpdesk_bridge.adapter.digests import text_digest
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.contents import said
from helpdesk_bridge.migration.journal.facts import CONFLICT, NOT_TAKEN, Uncarried
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Kind, Record, State, is_there, reason_of
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.later import BOTH_CHANGED, DESTINATION, SOURCE
from helpdesk_bridge.migration.load.long_bodies import LongBodies
from helpdesk_bridge.migration.load.lookup import WHOLE
from helpdesk_bridge.migration.load.packing import Packing, file_key, message_key
from helpdesk_bridge.migration.plan.thread_layout import Bundle, is_internal
from helpdesk_bridge.migration.source.now import CHANGED, VANISHED, thread_since
from helpdesk_bridge.migration.source.versions import same_place
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Visibility

CANNOT: Final = "the destination changes no message that is there"
TOGETHER: Final = "it was written together with others"
FILES: Final = "its files changed, and those of a message that is there stay"
EYES: Final = "who may read it changed, and that of a message that is there stays"
RENAMED: Final = "edited at the source, which knows it by another id since"


def renamed(journal: Journal, ticket_id: str, thread: Sequence[Message], bodies: LongBodies) -> None:
    """Give the journal the new ids of messages that their source names by what they say, so that none is written twice."""
    known = {one.key.id: one for one in journal.children(ticket_id, Kind.MESSAGE)}
    there = {message.id for message in thread}
    lost = [one for one in known.values() if one.key.id not in there and is_there(one) and one.version is not None]
    for message in thread:
        if message.id in known or not lost:
            continue
        version = bodies.told(message)[1]
        old = next((one for one in lost if same_place(one.version, version)), None)
        if old is None:
            continue
        lost.remove(old)
        files = [one for one in journal.children(ticket_id, Kind.ATTACHMENT) if one.key.id.startswith(f"{old.key.id}/")]
        moved = [
            evolve(one, key=file_key(message, number))
            for number, one in enumerate(files)
            if number < len(message.attachments)
        ]
        left = [
            evolve(one, state=State.SKIPPED, reason=RENAMED, expected=None, destination=()) for one in (old, *files)
        ]
        journal.save(evolve(old, key=message_key(message)), *moved, *left)


@frozen
class Edits:
    """The edited messages of one ticket; ``known`` are the records of its messages as they were before this run."""

    context: LoadContext
    ticket_id: str
    packing: Packing
    bodies: LongBodies

    def pending(self, thread: Sequence[Message]) -> dict[str, str]:
        """Return what became of which message, by id: changed or vanished, and a conflict that the user decided about."""
        context = self.context
        known = context.journal.children(self.ticket_id, Kind.MESSAGE)
        settled = context.journal.facts.gone()
        found = {
            row.id: row.what
            for row in thread_since(self.ticket_id, known, self._versions(thread))
            if row.what in (CHANGED, VANISHED)
        }
        found = {one: what for one, what in found.items() if what == CHANGED or ("message", one) not in settled}
        there = {message.id for message in thread}
        decided = {
            record_id: CHANGED for kind, record_id in context.decided if kind == "message" and record_id in there
        }
        return {**found, **decided}

    def _versions(self, thread: Sequence[Message]) -> dict[str, str]:
        return {message.id: self.bodies.told(message)[1] for message in thread}

    def run(self, destination_id: str, thread: Sequence[Message], pending: dict[str, str]) -> bool:
        """Carry edits over; return whether any message was written."""
        messages = {message.id: message for message in thread}
        records = {one.key.id: one for one in self.context.journal.children(self.ticket_id, Kind.MESSAGE)}
        wrote = False
        there: list[Message] | None = None
        for message_id, what in pending.items():
            self.context.check_stop()
            record = records.get(message_id)
            if record is None:
                continue
            if what == VANISHED:
                self.context.journal.facts.settle_gone("message", message_id, ticket=self.ticket_id, what=VANISHED)
                continue
            message = messages[message_id]
            why = self._why_not(record, message, records.values())
            if why is not None:
                self._uncarried(record, message, NOT_TAKEN, why)
                continue
            there = self._thread(destination_id) if there is None else there
            wrote = self._rewrite(destination_id, record, message, there) or wrote
        self.packing.drop()
        return wrote

    def _why_not(self, record: Record, message: Message, records: Iterable[Record]) -> str | None:
        if not isinstance(self.context.importer, Rewriter):
            return CANNOT
        together = [one for one in records if one.destination and one.destination == record.destination]
        opens = expected.opens(record.expected)
        if record.expected is None or len(together) > 1 or (opens and self._holds_others(record, records)):
            return TOGETHER
        if is_internal(message) is not (record.expected["visibility"] == Visibility.INTERNAL.value):
            return EYES
        files = [
            one
            for one in self.context.journal.children(self.ticket_id, Kind.ATTACHMENT)
            if one.key.id.startswith(f"{record.key.id}/")
        ]
        names = sorted(text_digest(file.filename) or "" for file in message.attachments)
        if len(files) != len(message.attachments) or (files and names != record.expected["names"]):
            return FILES
        return None

    @staticmethod
    def _holds_others(opening: Record, records: Iterable[Record]) -> bool:
        """Whether an opening is more than the first message: words of our own before it, or further messages after it."""
        return opening.position != 0 or any(
            one.expected is None and is_there(one) and not one.destination for one in records
        )

    def _thread(self, destination_id: str) -> list[Message]:
        context = self.context
        return list(context.destination_outage.of_record(partial(context.importer.tail, destination_id, WHOLE)))

    def _rewrite(self, destination_id: str, record: Record, message: Message, there: Sequence[Message]) -> bool:
        """Write an edited message over the one that this migration wrote, unless somebody changed that since."""
        context, importer = self.context, self.context.importer
        opens = expected.opens(record.expected)
        found = next((one for one in there if (one.opening if opens else one.id in record.destination)), None)
        if found is None:
            self._uncarried(record, message, NOT_TAKEN, "it is not at the destination any more")
            return False
        packed = self.packing.packed(Bundle((message,), opening=opens))
        shown = expected.shown_message(found, context.marker_key.seal, ("",) * len(found.attachments))
        side = context.decided.get(("message", record.key.id))
        if side == DESTINATION:
            self._save(record, message, {**(record.expected or {}), "text": shown["text"], "bare": shown["text"]})
            return False
        if self._changed_there(record.expected or {}, shown) and side != SOURCE:
            values = (packed.expected["text"], (record.expected or {}).get("text"), shown["text"])
            self._uncarried(record, message, CONFLICT, BOTH_CHANGED, *map(said, values))
            return False
        assert isinstance(importer, Rewriter)  # noqa: S101 - ``_why_not`` has looked
        send = partial(importer.rewrite, destination_id, None if opens else found.id, packed.message, packed.uploads)
        try:
            context.set_values(send)
        except HelpdeskError as error:
            self._uncarried(record, message, NOT_TAKEN, reason_of(error))
            return False
        self._save(record, message, dict(packed.expected))
        return True

    @staticmethod
    def _changed_there(written: dict[str, Any], shown: dict[str, Any]) -> bool:
        if shown["text"] not in (written["text"], written["bare"]):
            return True
        return "links" in written and shown["links"] != written["links"]

    def _save(self, record: Record, message: Message, wanted: dict[str, Any]) -> None:
        journal = self.context.journal
        journal.save(evolve(record, version=self.bodies.told(message)[1], expected=wanted))
        journal.facts.replace_uncarried("message", record.key.id, [])

    def _uncarried(
        self,
        record: Record,
        message: Message,
        outcome: str,
        why: str,
        source: str | None = None,
        written: str | None = None,
        there: str | None = None,
    ) -> None:
        row = Uncarried(self.ticket_id, "message", record.key.id, "body", outcome, why, source, written, there)
        self.context.journal.facts.replace_uncarried("message", record.key.id, [row])
        self.context.journal.save(evolve(record, version=self.bodies.told(message)[1]))
