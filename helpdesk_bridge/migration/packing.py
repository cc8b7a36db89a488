"""Makes ready what is written of a thread: the message as the destination takes it, its files, its records."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from helpdesk_bridge.migration import expected
from helpdesk_bridge.migration.context import LoadContext
from helpdesk_bridge.migration.fidelity import uses
from helpdesk_bridge.migration.files import Fetched, Lacking
from helpdesk_bridge.migration.states import Key, Kind, Record, State
from helpdesk_bridge.migration.threads import Bundle, with_lines
from helpdesk_bridge.model import Message, Ticket, Upload


@frozen
class Packed:
    """A message ready to be written.

    ``records`` are its source messages and files as they stand while it is on its way, the one that leads first; with
    a message of our own making there are none.
    """

    message: Message
    uploads: tuple[Upload, ...]
    records: tuple[Record, ...]

    def ended(self, state: State, *, ids: tuple[str, ...] = (), reason: str | None = None) -> list[Record]:
        """Return the records with everything that was on its way at its end."""
        return [
            evolve(one, state=state, destination=ids, reason=reason) if one.state is State.INTENT else one
            for one in self.records
        ]

    def undone(self) -> list[Record]:
        """Return the records as they stand where nothing was sent."""
        return [evolve(one, state=State.PLANNED) if one.state is State.INTENT else one for one in self.records]


class Packing:
    """Packs the messages of one ticket; files are fetched once and kept until ``drop``."""

    def __init__(self, context: LoadContext, ticket: Ticket, thread: Sequence[Message]) -> None:
        self._context = context
        self._ticket = ticket
        self._places = {one.id: number for number, one in enumerate(thread)}
        self._files: dict[str, list[Fetched | Lacking]] = {}

    def packed(self, bundle: Bundle) -> Packed:
        """Return a bundle ready to be written; a file that does not come along is named in it by a visible line."""
        context = self._context
        records = [
            Record(key=message_key(one), state=State.INTENT, position=self._places[one.id], kind_of_message=uses(one))
            for one in bundle.sources
            if one.id in self._places
        ]
        files: list[Fetched] = []
        lacking: list[Lacking] = []
        for source in bundle.sources:
            for number, one in enumerate(self._fetched(source)):
                record = Record(key=file_key(source, number), state=State.INTENT, position=self._places[source.id])
                if isinstance(one, Fetched):
                    files.append(one)
                else:
                    lacking.append(one)
                    record = evolve(record, state=one.state, reason=one.reason)
                records.append(record)
        body = with_lines(bundle.message.body, [one.line() for one in lacking])
        message = self._mapped(evolve(bundle.message, body=body, attachments=tuple(one.attachment for one in files)))
        if records:
            also = self._ticket.created_at if message.opening else None
            wanted = expected.message(message, [one.sha256 for one in files], also=also)
            records[0] = evolve(records[0], expected=wanted, intent_at=context.destination.clock.wall())
        uploads = [
            evolve(one, attachment=shown).upload() for one, shown in zip(files, message.attachments, strict=True)
        ]
        return Packed(message, tuple(uploads), tuple(records))

    def _mapped(self, message: Message) -> Message:
        mapping, inline = self._context.mapping, self._context.keeps_inline(message)
        if message.opening:
            return mapping.opening(message, self._ticket, inline=inline)
        return mapping.message(message, inline=inline)

    def _fetched(self, message: Message) -> list[Fetched | Lacking]:
        context = self._context
        if message.id not in self._files:
            self._files[message.id] = [
                context.files.fetch(message, one)
                if context.keeps_file(message, one)
                else Lacking(one, State.SKIPPED, "the destination keeps no such file")
                for one in message.attachments
            ]
        return self._files[message.id]

    def drop(self) -> None:
        """Remove the files that were fetched."""
        for files in self._files.values():
            for one in files:
                if isinstance(one, Fetched):
                    one.remove()
        self._files.clear()


def message_key(message: Message) -> Key:
    """Return the key of a source message."""
    return Key(Kind.MESSAGE, message.id, message.ticket_id)


def file_key(message: Message, number: int) -> Key:
    """Return the key of a file of a source message, by its place among them."""
    return Key(Kind.ATTACHMENT, f"{message.id}/{number}", message.ticket_id)


def planned(thread: Sequence[Message]) -> list[Record]:
    """Return the records of a thread's messages and files, as they are first written down."""
    found = []
    for position, message in enumerate(thread):
        found.append(Record(key=message_key(message), position=position, kind_of_message=uses(message)))
        found += [Record(key=file_key(message, n), position=position) for n in range(len(message.attachments))]
    return found
