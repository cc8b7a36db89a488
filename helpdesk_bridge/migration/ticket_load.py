"""Loads one ticket: opening, later messages strictly in order with their files, the final state last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from attrs import evolve

from helpdesk_bridge.adapter import Imported
from helpdesk_bridge.aliases import Aliases
from helpdesk_bridge.errors import HelpdeskError, InDoubt, Invalid, NotFound, Unavailable
from helpdesk_bridge.migration import expected
from helpdesk_bridge.migration.context import SKEW, LoadContext, reason_of
from helpdesk_bridge.migration.fidelity import uses
from helpdesk_bridge.migration.files import Fetched, Lacking
from helpdesk_bridge.migration.lookup import find_message
from helpdesk_bridge.migration.options import Threads
from helpdesk_bridge.migration.outage import Stopped
from helpdesk_bridge.migration.outcome import DecisionNeeded, MigrationError
from helpdesk_bridge.migration.refusals import let_go
from helpdesk_bridge.migration.runner import Parked
from helpdesk_bridge.migration.states import Key, Kind, Record, State
from helpdesk_bridge.migration.threads import Bundle, later_bundles, opening_bundle, with_lines
from helpdesk_bridge.model import Actor, ActorKind, Body, Message, MessageKind, Ticket, Visibility
from helpdesk_bridge.text import digest


FOUND_AGAIN: Final = "found by its marker"
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def version_of(ticket: Ticket) -> str:
    """Return what changes when a ticket does, as its list shows it."""
    moment = ticket.updated_at.isoformat() if ticket.updated_at else ""
    return digest(moment, str(ticket.message_count), ticket.status_label or ticket.status.value, str(ticket.spam))


class TicketLoad:
    """One ticket on its way. What is done stands in the journal, so that it can be taken up at any point."""

    def __init__(self, context: LoadContext, ticket: Ticket) -> None:
        self._context = context
        self._ticket = ticket
        self._thread: list[Message] | None = None
        self._files: dict[str, list[Fetched | Lacking]] = {}
        self._ready_at: float | None = None
        self._wrote = False
        self._arrived: list[Record] = []

    def advance(self) -> None:
        """Go on to the end. Raises ``Parked`` while a write is in doubt."""
        self._context.check_stop()
        if self._thread is None and not self._begin():
            return
        try:
            self._write_ticket()
            if self._record.destination:
                self._write_later()
                self._finish()
        except Parked:
            raise
        except (Stopped, MigrationError):
            self._save()
            self._drop_files()
            raise
        self._drop_files()
        self._context.progress("tickets")

    # -- reading ---------------------------------------------------------------------------------------------------

    def _begin(self) -> bool:
        """Read the thread and write down what there is to do; return whether there is anything."""
        context, ticket = self._context, self._ticket
        key = Key(Kind.TICKET, ticket.id)
        self._record = context.journal.get(key) or Record(key=key)
        self._version = version_of(ticket)
        if ticket.spam or ticket.deleted:
            self._skip("spam" if ticket.spam else "deleted")
            return False
        if self._record.state is State.IN_DOUBT or self._unchanged():
            return False
        self._take_up_again()
        try:
            thread = self._read()
        except NotFound:
            context.journal.save(evolve(self._record, state=State.SKIPPED, reason="deleted meanwhile"))
            return False
        context.journal.plan(self._planned(thread))
        self._thread = thread
        return True

    def _take_up_again(self) -> None:
        """Plan a ticket anew that failed, or that was left out and no longer is."""
        if self._record.state not in (State.SKIPPED, State.FAILED):
            return
        journal, left = self._context.journal, self._record.state
        children = journal.children(self._ticket.id, Kind.MESSAGE) + journal.children(self._ticket.id, Kind.ATTACHMENT)
        self._record = evolve(self._record, state=State.PLANNED, reason=None)
        again = [evolve(one, state=State.PLANNED, reason=None) for one in children if one.state is left]
        journal.save(self._record, *again)

    def _unchanged(self) -> bool:
        record = self._record
        if not record.finished or record.version != self._version:
            return False
        return not self._context.journal.has_open_children(self._ticket.id)

    def _read(self) -> list[Message]:
        context = self._context
        listing = context.source.desk.messages.list(self._ticket.id, resolve=False)
        return context.source_outage.patiently(lambda: list(listing))

    def _planned(self, thread: Sequence[Message]) -> list[Record]:
        found = []
        for position, message in enumerate(thread):
            key = Key(Kind.MESSAGE, message.id, self._ticket.id)
            found.append(Record(key=key, position=position, kind_of_message=uses(message)))
            found += [
                Record(key=_file_key(self._ticket.id, message, number), position=position)
                for number in range(len(message.attachments))
            ]
        return found

    def _skip(self, reason: str) -> None:
        """Write the ticket down as skipped, and its messages and files with it.

        Their number is known only from the thread: every record of the source is accounted for, at one read a ticket.
        """
        context, record = self._context, self._record
        if record.state in (State.DONE, State.IN_DOUBT, State.INTENT) or (
            record.state is State.SKIPPED and record.version == self._version
        ):
            return
        try:
            planned = self._planned(self._read())
        except HelpdeskError:
            planned = []
        children = [evolve(one, state=State.SKIPPED, reason=f"its ticket is {reason}") for one in planned]
        skipped = evolve(record, state=State.SKIPPED, reason=reason, version=self._version)
        context.journal.save(skipped, *children)
        context.progress("tickets")

    # -- the ticket and its opening --------------------------------------------------------------------------------

    def _write_ticket(self) -> None:
        if self._record.reason == FOUND_AGAIN and self._record.expected is None:
            self._adopt_opening()
        if self._record.destination or self._record.state.final:
            return
        if self._record.state is State.INTENT and not self._look_up_ticket():
            return
        while not self._create():
            continue

    def _whole_thread(self) -> list[Message]:
        """Return the thread; a ticket without any message is opened with its description, or with nothing."""
        if self._thread:
            return self._thread
        ticket = self._ticket
        return [
            Message(
                id=f"{ticket.id}:0",
                ticket_id=ticket.id,
                author=ticket.requester or Actor(ActorKind.UNKNOWN),
                visibility=Visibility.PUBLIC,
                kind=MessageKind.REPLY,
                body=ticket.description or Body(text=""),
                opening=True,
                created_at=ticket.created_at,
            )
        ]

    def _create(self) -> bool:
        """Write ticket and opening; return False to do it again, with fewer values."""
        context = self._context
        context.check_stop()
        context.destination_outage.hold()
        ticket = context.mapping.ticket(self._ticket)
        bundle = opening_bundle(self._whole_thread(), context.threads)
        message, files, children = self._prepared(bundle)
        record = evolve(
            self._record,
            state=State.INTENT,
            reason=None,
            marker=context.marker("ticket", self._ticket.ref),
            intent_at=context.destination.clock.wall(),
            attempts=self._record.attempts + 1,
            expected=expected.ticket(ticket, context.importer.keeps.ticket, Aliases()),
        )
        undo = [evolve(self._record, state=State.PLANNED), *self._reset(children)]
        context.journal.save(record, *children)
        uploads = [one.upload() for one in files]
        try:
            imported: Imported = context.write(
                lambda: context.importer.ticket(ticket, message, uploads, record.marker or ""), undo
            )
        except InDoubt:
            self._park(record)
        except Invalid as error:
            return self._refused(error, undo)
        except HelpdeskError as error:
            self._give_up(State.FAILED, reason_of(error))
            return True
        self._created(record, children, imported.ticket_id, imported.message_ids)
        return True

    def _created(self, record: Record, children: Sequence[Record], ticket_id: str, ids: tuple[str, ...]) -> None:
        done = [evolve(one, state=State.DONE, destination=ids) if one.state is State.INTENT else one for one in children]
        finished = not self._needs_finish()
        version = self._version if finished else None
        self._record = evolve(record, state=State.DONE, destination=(ticket_id,), finished=finished, version=version)
        self._context.journal.save(self._record, *done)

    def _refused(self, error: Invalid, undo: Sequence[Record]) -> bool:
        context = self._context
        try:
            again = self._let_go(error)
        except DecisionNeeded:
            context.journal.save(*undo)
            raise
        if not again:
            self._give_up(State.FAILED, reason_of(error))
            return True
        context.journal.save(*undo)
        self._record = undo[0]
        return False

    def _let_go(self, error: Invalid) -> bool:
        context = self._context
        values, yes = context.mapping.values, context.options.yes
        return let_go(error, self._ticket, source=context.source, values=values, journal=context.journal, yes=yes)

    def _give_up(self, state: State, reason: str) -> None:
        """End the ticket, and with it everything that hangs on it."""
        record = evolve(self._record, state=state, reason=reason, version=self._version)
        word = "in doubt" if state is State.IN_DOUBT else "not there"
        journal = self._context.journal
        children = journal.children(self._ticket.id, Kind.MESSAGE) + journal.children(self._ticket.id, Kind.ATTACHMENT)
        ended = [evolve(one, state=state, reason=f"its ticket is {word}") for one in children if not one.state.final]
        self._record = record
        journal.save(record, *ended)

    def _look_up_ticket(self) -> bool:
        """Find out what became of an intent; return whether the ticket is to be written (again)."""
        context, record = self._context, self._record
        self._wait_until_settled(record)
        ticket, since = context.mapping.ticket(self._ticket), (record.intent_at or context.journal.created) - SKEW
        marker = record.marker or ""
        ids = context.destination_outage.patiently(lambda: context.importer.find("ticket", marker, since, ticket))
        if len(ids) > 1:
            self._give_up(State.IN_DOUBT, f"the marker stands at {', '.join(ids)}")
            return False
        if ids:
            journal = context.journal
            children = journal.children(self._ticket.id, Kind.MESSAGE) + journal.children(self._ticket.id, Kind.ATTACHMENT)
            self._created(record, [one for one in children if one.state is State.INTENT], ids[0], ())
            return False
        self._record = evolve(record, state=State.PLANNED)
        return True

    # -- later messages --------------------------------------------------------------------------------------------

    def _write_later(self) -> None:
        context = self._context
        known = {one.key.id: one for one in context.journal.children(self._ticket.id, Kind.MESSAGE)}
        waiting = [one for one in self._thread or () if not known[one.id].state.final]
        begun = [one for one in waiting if known[one.id].state is State.INTENT]
        planned = [one for one in waiting if known[one.id].state is State.PLANNED]
        way = Threads.NOTE if context.threads is Threads.DESCRIPTION else context.threads
        for bundle in later_bundles(begun, way):
            self._look_up_message(bundle, known[bundle.sources[0].id])
        for bundle in later_bundles(planned, way):
            if self._record.reason == FOUND_AGAIN:
                self._look_up_planned(bundle)
            else:
                self._write_message(bundle)

    def _write_message(self, bundle: Bundle) -> None:
        context = self._context
        context.check_stop()
        context.destination_outage.hold()
        message, files, children = self._prepared(bundle)
        self._save(*children)
        ticket_id, uploads = self._record.destination[0], [one.upload() for one in files]
        try:
            ids = context.write(
                lambda: context.importer.message(ticket_id, message, uploads), undo=self._reset(children)
            )
        except InDoubt:
            self._park(children[0])
        except HelpdeskError as error:
            reason = reason_of(error)
            ended = [evolve(one, state=State.FAILED, reason=reason) for one in children if one.state is State.INTENT]
        else:
            ended = [evolve(one, state=State.DONE, destination=ids) for one in children if one.state is State.INTENT]
        self._wrote = True
        self._arrived = ended
        self._drop_files()

    def _save(self, *records: Record) -> None:
        """Write records down, and with them what arrived before: one wait for the disk a message.

        Where the process dies in between, that message is looked up like any other that was begun.
        """
        arrived, self._arrived = self._arrived, []
        self._context.journal.save(*arrived, *records)

    def _look_up_message(self, bundle: Bundle, leader: Record) -> None:
        context, ticket_id = self._context, self._ticket.id
        self._wait_until_settled(leader)
        found = find_message(context, self._record.destination[0], leader)
        if found.absent:
            self._write_message(bundle)
            return
        ids = {one.id for one in bundle.sources}
        children = [one for one in context.journal.children(ticket_id, Kind.MESSAGE) if one.key.id in ids]
        files = {_file_key(ticket_id, one, n).id for one in bundle.sources for n in range(len(one.attachments))}
        children += [one for one in context.journal.children(ticket_id, Kind.ATTACHMENT) if one.key.id in files]
        state = State.DONE if found.ids else State.IN_DOUBT
        context.journal.save(
            *[
                evolve(one, state=state, destination=found.ids, reason=found.evidence)
                for one in children
                if one.state is State.INTENT
            ]
        )

    def _look_up_planned(self, bundle: Bundle) -> None:
        """Adopt a message that an earlier migration with a lost journal may have written, or write it."""
        children = self._prepared(bundle)[2]
        long_ago = [evolve(one, intent_at=LONG_AGO) if one.expected else one for one in children]
        self._context.journal.save(*long_ago)
        self._look_up_message(bundle, long_ago[0])

    def _adopt_opening(self) -> None:
        """Take over the opening of a ticket that was found by its marker."""
        bundle = opening_bundle(self._whole_thread(), self._context.threads)
        children = self._prepared(bundle)[2]
        shown = expected.ticket(self._context.mapping.ticket(self._ticket), self._context.importer.keeps.ticket, Aliases())
        self._record = evolve(self._record, expected=shown)
        done = [evolve(one, state=State.DONE) if one.state is State.INTENT else one for one in children]
        self._context.journal.save(self._record, *done)

    def _prepared(self, bundle: Bundle) -> tuple[Message, list[Fetched], list[Record]]:
        """Return the message as it is written, its files, and the records as they stand while it is on its way."""
        context = self._context
        files: list[Fetched] = []
        lacking: list[Lacking] = []
        records: list[Record] = []
        for position, source in self._positions(bundle):
            key = Key(Kind.MESSAGE, source.id, self._ticket.id)
            records.append(Record(key=key, state=State.INTENT, position=position, kind_of_message=uses(source)))
        for position, source in self._positions(bundle):
            for number, one in enumerate(self._fetched(source)):
                key = _file_key(self._ticket.id, source, number)
                if isinstance(one, Fetched):
                    files.append(one)
                    records.append(Record(key=key, state=State.INTENT, position=position))
                else:
                    lacking.append(one)
                    records.append(Record(key=key, state=one.state, position=position, reason=one.reason))
        body = with_lines(bundle.message.body, [one.line() for one in lacking])
        ready = evolve(bundle.message, body=body, attachments=tuple(one.attachment for one in files))
        inline = context.keeps_inline(ready)
        opening = ready.opening
        mapping = context.mapping
        message = mapping.opening(ready, self._ticket, inline=inline) if opening else mapping.message(ready, inline=inline)
        if not inline:
            files = [evolve(one, attachment=evolve(one.attachment, inline=False, content_id=None)) for one in files]
        if records:
            also = self._ticket.created_at if opening else None
            wanted = expected.message(message, [one.sha256 for one in files], also=also)
            now = context.destination.clock.wall()
            records[0] = evolve(records[0], expected=wanted, intent_at=now)
        return message, files, records

    def _positions(self, bundle: Bundle) -> list[tuple[int, Message]]:
        places = {one.id: number for number, one in enumerate(self._thread or ())}
        return [(places[one.id], one) for one in bundle.sources if one.id in places]

    def _fetched(self, message: Message) -> list[Fetched | Lacking]:
        context = self._context
        if message.id not in self._files:
            kept = [one for one in message.attachments if context.keeps_file(message, one)]
            self._files[message.id] = [
                context.files.fetch(message, one)
                if one in kept
                else Lacking(one, State.SKIPPED, "the destination keeps no such file")
                for one in message.attachments
            ]
        return self._files[message.id]

    def _reset(self, records: Sequence[Record]) -> list[Record]:
        return [evolve(one, state=State.PLANNED) if one.state is State.INTENT else one for one in records]

    def _drop_files(self) -> None:
        for files in self._files.values():
            for one in files:
                if isinstance(one, Fetched):
                    one.remove()
        self._files.clear()

    # -- doubt and the end -----------------------------------------------------------------------------------------

    def _park(self, record: Record) -> None:
        context = self._context
        now = context.destination.clock.wall()
        self._ready_at = context.settled_at(now, own=True)
        if record.key.kind is Kind.TICKET:
            self._record = record
        raise Parked(self._ready_at)

    def _wait_until_settled(self, record: Record) -> None:
        context = self._context
        if self._ready_at is None:
            self._ready_at = context.settled_at(record.intent_at or context.destination.clock.wall(), own=False)
        if context.destination.clock.now() < self._ready_at:
            raise Parked(self._ready_at)
        self._ready_at = None

    def _needs_finish(self) -> bool:
        context = self._context
        later = len(self._thread or ()) > 1 and context.threads is not Threads.DESCRIPTION
        return later or context.importer.cost.finish_always

    def _finish(self) -> None:
        """Put the ticket into its final state where its messages, or the source since, may have changed it."""
        context, record = self._context, self._record
        if record.finished and record.version == self._version and not self._wrote:
            return
        ticket_id = record.destination[0]
        while True:
            ticket = context.mapping.ticket(self._ticket)
            shown = expected.ticket(ticket, context.importer.keeps.ticket, Aliases())
            if record.finished and shown == record.expected and not self._wrote:
                break
            try:
                context.destination_outage.patiently(partial(_repeatable, partial(context.importer.finish, ticket_id, ticket)))
            except Invalid as error:
                if self._let_go(error):
                    continue
                record = evolve(record, reason=f"final state refused: {reason_of(error)}")
            except HelpdeskError as error:
                record = evolve(record, reason=f"final state refused: {reason_of(error)}")
            break
        self._record = evolve(record, finished=True, version=self._version, expected=shown)
        self._save(self._record)


def _repeatable(call: Callable[[], None]) -> None:
    """Run a call that sets values: an unknown outcome is no doubt, it is simply set again."""
    try:
        call()
    except InDoubt as error:
        raise Unavailable("the outcome of an update is unknown; it is sent again") from error


def _file_key(ticket_id: str, message: Message, number: int) -> Key:
    return Key(Kind.ATTACHMENT, f"{message.id}/{number}", ticket_id)
