"""Late files: what the source did not give when its message was written, and gives now, goes into an internal note."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.errors import HelpdeskError, InDoubt
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.contents import file_words
from helpdesk_bridge.migration.journal.states import Kind, Record, State, reason_of
from helpdesk_bridge.migration.load.context import LoadContext, unanswered
from helpdesk_bridge.migration.load.files import Fetched
from helpdesk_bridge.migration.load.in_doubt import SettleWait
from helpdesk_bridge.migration.load.lookup import WHOLE, file_digests
from helpdesk_bridge.migration.load.packing import file_key
from helpdesk_bridge.migration.outage import ATTEMPTS
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Body, MessageKind, Visibility

_OPEN: Final = (State.FAILED, State.INTENT, State.PLANNED)


@frozen
class _Late:
    """A file, the message that it belongs to, and their records; ``leader`` holds what the message must show."""

    record: Record
    leader: Record
    message: Message
    number: int


class LateFiles:
    """The late files of one ticket."""

    def __init__(self, context: LoadContext, ticket_id: str, settle_wait: SettleWait) -> None:
        self._context = context
        self._ticket_id = ticket_id
        self._settle_wait = settle_wait
        self._doubts = 0

    def run(self, destination_id: str, thread: Sequence[Message]) -> None:
        """Try again each file that failed though its message is there. Raises ``Parked`` while a note is in doubt."""
        for late in self._failed(thread):
            self._context.check_stop()
            fetched = self._context.files.fetch(late.message.attachments[late.number])
            if not isinstance(fetched, Fetched):
                self._save(late, State.FAILED, reason=fetched.reason)
                continue
            try:
                self._write(destination_id, late, fetched)
            finally:
                fetched.remove()

    def _failed(self, thread: Sequence[Message]) -> list[_Late]:
        journal = self._context.journal
        files = {one.key: one for one in journal.children(self._ticket_id, Kind.ATTACHMENT)}
        written = {one.key.id: one for one in journal.children(self._ticket_id, Kind.MESSAGE)}
        late = []
        for message in thread:
            own = written.get(message.id)
            if own is None or own.state is not State.DONE:
                continue
            together = (one for one in written.values() if one.expected and one.destination == own.destination)
            leader = own if own.expected is not None else next(together, None)
            for number in range(len(message.attachments)):
                record = files.get(file_key(message, number))
                if leader is not None and record is not None and record.state in _OPEN:
                    late.append(_Late(record, leader, message, number))
        return late

    def _write(self, destination_id: str, late: _Late, fetched: Fetched) -> None:
        context, note = self._context, self._note(late)
        if late.record.state is State.INTENT:
            self._settle_wait.wait()
            try:
                there = self._there(destination_id, note, fetched)
            except HelpdeskError as error:
                self._save(late, State.IN_DOUBT, reason=f"the look-up failed: {reason_of(error)}")
                return
            if there:
                self._save(late, State.DONE, sha=fetched.sha256)
                return
        context.destination_outage.hold()
        begun = self._save(late, State.INTENT)
        send = partial(context.importer.message, destination_id, note, (fetched.upload(),))
        try:
            ids = context.write(send, undo=(evolve(begun, state=State.FAILED, reason=late.record.reason),))
        except InDoubt as doubt:
            self._doubts += 1
            if self._doubts < ATTEMPTS:
                self._settle_wait.park()
            self._save(late, State.FAILED, reason=unanswered(self._doubts, doubt))
        except HelpdeskError as error:
            self._save(late, State.FAILED, reason=reason_of(error))
        else:
            self._save(late, State.DONE, ids=ids, sha=fetched.sha256)

    def _note(self, late: _Late) -> Message:
        """Return the note: internal, because nobody knows who may read it now, with the message's author and time."""
        message = self._context.mapping.message(late.message, inline=False)
        name = late.message.attachments[late.number].filename
        return evolve(
            message,
            body=Body(text=f"File of this message, fetched later: {name}"),
            attachments=(evolve(late.message.attachments[late.number], inline=False, content_id=None),),
            visibility=Visibility.INTERNAL,
            kind=MessageKind.AUTOMATIC,
            opening=False,
        )

    def _there(self, destination_id: str, note: Message, fetched: Fetched) -> bool:
        """Whether a note in doubt is at the destination: the same in all that is kept, and none that was written before."""
        context, journal, seal = self._context, self._context.journal, self._context.marker_key.seal
        wanted = expected.message(note, [fetched.sha256], seal)
        known = {one for record in journal.children(self._ticket_id, Kind.ATTACHMENT) for one in record.destination}
        tail = context.destination_outage.of_record(partial(context.importer.tail, destination_id, WHOLE))
        return any(
            expected.alike(wanted, expected.shown_message(one, seal), context.importer.fidelity)
            and fetched.sha256 in file_digests(context, one)
            for one in tail
            if one.attachments and not one.opening and one.id not in known
        )

    def _save(
        self, late: _Late, state: State, *, ids: tuple[str, ...] = (), reason: str | None = None, sha: str | None = None
    ) -> Record:
        journal = self._context.journal
        record = evolve(
            late.record,
            state=state,
            reason=reason,
            destination=ids,
            intent_at=self._context.destination.clock.wall(),
            attempts=late.record.attempts + 1,
        )
        if sha is None:
            journal.save(record)
            return record
        leader = journal.get(late.leader.key) or late.leader
        wanted: dict[str, Any] = dict(leader.expected or {})
        wanted["files"] = sorted([*wanted["files"], sha])
        file = evolve(late.message.attachments[late.number], content_type=None)
        wanted["kept"] = sorted([*wanted.get("kept", ()), *file_words((file,), (sha,))])
        journal.save(record, evolve(leader, expected=wanted))
        return record
