"""Reassignment: what is under a placeholder because its agent was not at the destination is given to an agent who is there now.

The journal alone says which tickets and messages they are. Each is set once, and one whose outcome is unknown is simply set
again, so that a reassignment which was stopped goes on where it was. What somebody changed since, and what the destination
does not let be changed, is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Rewriter
from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State, reason_of
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.edits import CANNOT, TOGETHER
from helpdesk_bridge.migration.load.lookup import WHOLE
from helpdesk_bridge.migration.source.versions import assignee_in, author_digest, author_in
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.model.values import Actor, Attachment, Upload

DONE: Final = "reassigned"
BEFORE: Final = "reassigned before"
LEFT: Final = "left"
CHANGED: Final = "it was changed at the destination since"
GONE: Final = "it is not at the destination any more"


@frozen
class Reassigned:
    """A ticket or message of the agent and what became of it; ``destination`` is its id there, ``why`` why it was left."""

    ticket: str
    record: str
    id: str
    destination: str
    outcome: str
    why: str = ""


@frozen(eq=False)
class Reassign:
    """One reassignment: ``keys`` are what the source may name the agent by, ``agent`` is who has it at the destination now."""

    context: LoadContext
    keys: frozenset[str]
    agent: Actor

    def run(self) -> Iterator[Reassigned]:
        """Set what is the agent's, tickets first; yield each with what became of it."""
        names = {author_digest(key) for key in self.keys}
        journal = self.context.journal
        for record in journal.written(Kind.TICKET):
            if assignee_in(record.version) in names:
                self.context.check_stop()
                yield self._ticket(record)
        threads: dict[str, list[Record]] = {}
        for record in journal.each(Kind.MESSAGE, State.DONE):
            if author_in(record.version) in names:
                threads.setdefault(record.key.parent, []).append(record)
        for ticket_id, records in threads.items():
            self.context.check_stop()
            yield from self._thread(ticket_id, records)

    # -- tickets ---------------------------------------------------------------------------------------------------

    def _ticket(self, record: Record) -> Reassigned:
        context, ticket_id = self.context, record.destination[0]
        told = partial(Reassigned, record.key.id, "ticket", record.key.id, ticket_id)
        try:
            read = partial(context.destination.desk.tickets.get, ticket_id)
            there = context.destination.ticket(context.destination_outage.of_record(read))
        except NotFound:
            return told(LEFT, GONE)
        wanted, written = expected.person(self.agent), record.expected or {}
        shown = expected.person(there.assignee)
        if expected.same_person(wanted, shown):
            context.journal.save(evolve(record, expected={**written, "assignee": wanted}))
            return told(BEFORE)
        if not expected.same_person(written.get("assignee"), shown):
            return told(LEFT, CHANGED)
        try:
            if context.destination.defines:
                finish = partial(context.importer.finish, ticket_id, evolve(there, assignee=self.agent))
                context.set_values(finish)
            else:
                change = TicketChange(assignee=self.agent)
                context.set_values(partial(context.destination.desk.tickets.update, ticket_id, change))
        except HelpdeskError as error:
            return told(LEFT, f"the destination refused it: {reason_of(error)}")
        context.journal.save(evolve(record, expected={**written, "assignee": wanted}))
        return told(DONE)

    # -- messages --------------------------------------------------------------------------------------------------

    def _thread(self, ticket_id: str, records: list[Record]) -> Iterator[Reassigned]:
        context = self.context
        everything = context.journal.children(ticket_id, Kind.MESSAGE)
        there: list[Message] | None = None
        for record in records:
            told = partial(Reassigned, ticket_id, "message", record.key.id, " ".join(record.destination))
            together = [one for one in everything if one.destination and one.destination == record.destination]
            opens = expected.opens(record.expected)
            others = any(one.expected is None and not one.destination for one in everything)
            holds_others = opens and (others or record.position != 0)
            if record.expected is None or len(together) > 1 or holds_others:
                yield told(LEFT, TOGETHER)
                continue
            if not isinstance(context.importer, Rewriter):
                yield told(LEFT, CANNOT)
                continue
            there = self._read(ticket_id) if there is None else there
            found = next((one for one in there if (one.opening if opens else one.id in record.destination)), None)
            yield told(LEFT, GONE) if found is None else self._message(record, found, told)

    def _read(self, ticket_id: str) -> list[Message]:
        context = self.context
        ticket = context.journal.get(Key(Kind.TICKET, ticket_id))
        if ticket is None or not ticket.destination:
            return []
        tail = partial(context.importer.tail, ticket.destination[0], WHOLE)
        try:
            return list(context.destination_outage.of_record(tail))
        except NotFound:
            return []

    def _message(self, record: Record, found: Message, told: Callable[..., Reassigned]) -> Reassigned:
        context, written = self.context, record.expected or {}
        assert isinstance(context.importer, Rewriter)  # noqa: S101 - the caller has looked
        shown = expected.shown_message(found, context.marker_key.seal)
        if shown["text"] not in (written["text"], written["bare"]):
            return told(LEFT, CHANGED)
        header, body = expected.bare(found.body, context.marker_key.seal)
        said = evolve(found, author=self.agent, body=body)
        if header is not None:
            said = evolve(said, created_at=header.created_at, visibility=header.visibility, kind=header.kind)
        now = {**written, "author": expected.person(self.agent), "told": expected.told(self.agent)}
        if expected.same_person(now["told"], (shown["header"] or {}).get("author", shown["author"])):
            context.journal.save(evolve(record, expected=now))
            return told(BEFORE)
        files = kept_images(found)
        message_id = None if expected.opens(written) else found.id
        try:
            send = partial(context.importer.rewrite, found.ticket_id, message_id, said, files)
            context.set_values(send)
        except HelpdeskError as error:
            return told(LEFT, f"the destination refused it: {reason_of(error)}")
        context.journal.save(evolve(record, expected=now))
        return told(DONE)


def kept_images(found: Message) -> list[Upload]:
    """Return the images that a message there shows in its text, for a rewrite that leaves them."""
    return [_as_it_is(file) for file in found.attachments if file.inline]


def _as_it_is(file: Attachment) -> Upload:
    """Return an image that the message has already, so that its place in the text is known; its bytes are not sent."""
    return Upload(
        file.filename,
        file.content_type or "application/octet-stream",
        lambda: BytesIO(b""),
        size=file.size,
        inline=True,
        content_id=file.content_id,
    )


def keys_of(email: str, source_id: str | None) -> frozenset[str]:
    """Return what a source may name an agent by."""
    return frozenset({email_key(email), *([source_id] if source_id else [])})
