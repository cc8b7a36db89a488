"""Packing: a message ready to be written, with its files and its journal records."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Fidelity, MessageClass
from helpdesk_bridge.adapter.header_line import sealing
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import IN_A_THREAD, Key, Kind, Record, State
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.files import Fetched, Lacking
from helpdesk_bridge.migration.load.long_bodies import LongBodies
from helpdesk_bridge.migration.plan.message_use import with_author
from helpdesk_bridge.migration.plan.rest import OLD_TICKET
from helpdesk_bridge.migration.plan.thread_layout import Bundle, composed, with_lines
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import Body, Upload
from helpdesk_bridge.text.images import name_images


@frozen
class Packed:
    """A message ready to be written.

    ``records`` are its source messages and files as they stand while it is on its way, the one that leads first; with
    a message of our own making there are none. ``expected`` is what the destination must show of it.
    """

    message: Message
    uploads: tuple[Upload, ...]
    records: tuple[Record, ...]
    expected: Mapping[str, Any]

    def ended(self, state: State, *, ids: tuple[str, ...] = (), reason: str | None = None) -> list[Record]:
        """Return the records with everything that was on its way at its end."""
        return [
            evolve(record, state=state, destination=ids, reason=reason) if record.state is State.INTENT else record
            for record in self.records
        ]

    def arrived(self, ids: tuple[str, ...], now: datetime | None = None) -> list[Record]:
        """Return the records between the create, which made ``ids``, and the end; ``now`` is when a further call begins."""
        return [
            evolve(record, destination=ids, intent_at=now or record.intent_at)
            for record in self.records
            if record.state is State.INTENT
        ]

    def partly(self, ids: tuple[str, ...], reason: str, files: Container[int] = ()) -> list[Record]:
        """Return the records if further calls were refused: what was written has failed, and ``files`` by their places."""
        ended, place = self.ended(State.DONE, ids=ids), 0
        for number, (before, after) in enumerate(zip(self.records, ended, strict=True)):
            fails = before.key.kind in IN_A_THREAD
            if before.key.kind is Kind.ATTACHMENT and before.state is State.INTENT:
                fails, place = place in files, place + 1
            if fails:
                ended[number] = evolve(after, state=State.FAILED, reason=reason)
        return ended

    def undone(self) -> list[Record]:
        """Return the records as they are if nothing was sent."""
        return [
            evolve(record, state=State.PLANNED, intent_at=None) if record.state is State.INTENT else record
            for record in self.records
        ]


class Packing:
    """Packs the messages of one ticket; files are fetched once and kept until ``drop``."""

    def __init__(
        self,
        context: LoadContext,
        ticket: Ticket,
        thread: Sequence[Message],
        bodies: LongBodies,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        self._context = context
        self._bodies = bodies
        self._ticket = ticket
        self._versions = versions or {}
        self._places = {message.id: number for number, message in enumerate(thread)}
        self._times: dict[str, datetime | None] = {}
        last = ticket.created_at
        for message in thread:
            last = message.created_at or last
            self._times[message.id] = last
        self._files: dict[str, list[Fetched | Lacking]] = {}
        self.attempts: dict[str, int] = {}
        """How often each message was tried before, by its id at the source."""

    def packed(self, bundle: Bundle) -> Packed:
        """Return a bundle ready to be written; a file that does not come along is named in it by a visible line.

        People are resolved before anything is joined: every header line is made from those of the destination.
        """
        context = self._context
        bundle = evolve(bundle, sources=tuple(map(self._bodies.back, bundle.sources)))
        now = context.destination.vendor_now()
        records = [
            Record(
                key=message_key(source),
                state=State.INTENT,
                position=self._places[source.id],
                kind_of_message=with_author(
                    self._bodies.told(source)[0], known=context.mapping.knows_author(source, self._ticket)
                ),
                version=self._versions.get(source.id) or self._bodies.told(source)[1],
                intent_at=now,
                attempts=self.attempts.get(source.id, 0) + 1,
            )
            for source in bundle.sources
            if source.id in self._places
        ]
        fetched = [self._fetched(source) for source in bundle.sources]
        files = [file for found in fetched for file in found if isinstance(file, Fetched)]
        for source, found in zip(bundle.sources, fetched, strict=True):
            for number, one in enumerate(found):
                record = Record(
                    key=file_key(source, number), state=State.INTENT, position=self._places[source.id], intent_at=now
                )
                if isinstance(one, Lacking):
                    record = evolve(record, state=one.state, reason=one.reason)
                records.append(record)
        message = self._composed(
            bundle, [_with(self._timed(one), found) for one, found in zip(bundle.sources, fetched, strict=True)]
        )
        wanted = self.expected(message, [file.sha256 for file in files])
        if bundle.sources and records:
            records[0] = evolve(records[0], expected=wanted)
        uploads = [
            evolve(one, attachment=shown).upload() for one, shown in zip(files, message.attachments, strict=True)
        ]
        return Packed(message, tuple(uploads), tuple(records), wanted)

    def _composed(self, bundle: Bundle, sources: Sequence[Message]) -> Message:
        context, mapping = self._context, self._context.mapping
        with sealing(context.marker_key.seal):
            message = composed(bundle, [mapping.message(source, inline=True) for source in sources])
            if not context.keeps_inline(message):
                message = composed(bundle, [mapping.message(source, inline=False) for source in sources])
        return self._timed(mapping.with_subject(message, self._ticket)) if bundle.opening else message

    def _timed(self, message: Message) -> Message:
        """Return a message whose time the source does not tell with the ticket's, if it opens it, or that of the one before.

        A destination that keeps times sorts by them, and would put it where it was written: at the end. Elsewhere a
        header line says that the time is not known.
        """
        if message.created_at is not None:
            return message
        if message.opening:
            return evolve(message, created_at=self._ticket.created_at)
        kept = self._context.importer.fidelity.messages.get(MessageClass.of(message), {}).get("created_at")
        if kept is None or kept.how is not Fidelity.NATIVE:
            return message
        return evolve(message, created_at=self._times.get(message.id))

    def expected(self, message: Message, files: Sequence[str]) -> dict[str, Any]:
        """Return what a message that is written must show."""
        also = self._ticket.created_at if message.opening else None
        return expected.message(message, files, self._context.marker_key.seal, also=also)

    def _fetched(self, message: Message) -> list[Fetched | Lacking]:
        context = self._context
        if message.id not in self._files:
            self._files[message.id] = [
                context.files.fetch(attachment)
                if context.keeps_file(message, attachment)
                else Lacking(attachment, State.SKIPPED, "the destination has no place for such a file")
                for attachment in message.attachments
            ]
        return self._files[message.id]

    def drop(self) -> None:
        """Remove the files that were fetched."""
        for files in self._files.values():
            for file in files:
                if isinstance(file, Fetched):
                    file.remove()
        self._files.clear()


def _with(message: Message, files: Sequence[Fetched | Lacking]) -> Message:
    """Return a message with the files that came along, and a line for each that did not.

    An image that did not is named in the body at its place, which would show a dead address.
    """
    lines = [file.line() for file in files if isinstance(file, Lacking)]
    came = tuple(file.attachment for file in files if isinstance(file, Fetched))
    lacking = (file.attachment for file in files if isinstance(file, Lacking))
    images = {one.content_id: one.filename for one in lacking if one.inline and one.content_id}
    body = message.body
    if images and body.html is not None:
        body = Body(html=name_images(body.html, images))
    return evolve(message, body=with_lines(body, lines), attachments=came)


def message_key(message: Message) -> Key:
    """Return the key of a source message, or of the note that holds the rest of its ticket."""
    return Key(Kind.REST if message.author == OLD_TICKET else Kind.MESSAGE, message.id, message.ticket_id)


def file_key(message: Message, number: int) -> Key:
    """Return the key of a file of a source message, by its place among them."""
    return Key(Kind.ATTACHMENT, f"{message.id}/{number}", message.ticket_id)


def planned(thread: Sequence[Message], bodies: LongBodies) -> list[Record]:
    """Return the records of a thread's messages and files, as they are first written down."""
    records = []
    for position, message in enumerate(thread):
        used, version = bodies.told(message)
        records.append(Record(key=message_key(message), position=position, kind_of_message=used, version=version))
        records += [Record(key=file_key(message, n), position=position) for n in range(len(message.attachments))]
    return records
