"""Look-up of a message in doubt: whether it arrived, by author, digest and ordinal in the tail of its thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import define, evolve, field, frozen

from helpdesk_bridge.adapter import FidelityTable
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import IN_A_THREAD, Record, State
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.plan.thread_layout import IMPORT
from helpdesk_bridge.model.records import Message

WHOLE: Final = 1_000_000
"""More messages than a thread holds: all of it is wanted."""

_IMPORT: Final[Mapping[str, Any]] = expected.person(IMPORT) or {}
SPARE: Final = 10
"""More messages than were written may stand in the tail: surplus files go into messages of their own."""


@frozen
class MessageMatch:
    """The ids of the message, or that it is provably absent, or (neither) the evidence that it is ambiguous.

    With ids, the evidence is that something of it is missing.
    """

    ids: tuple[str, ...] = ()
    absent: bool = False
    evidence: str | None = None


@define(slots=False)
class Thread:
    """The later messages of a ticket at the destination, read in pages once; each can be taken for one source message."""

    fidelity: FidelityTable
    messages: tuple[Message, ...]
    shown: list[dict[str, Any]]
    free: dict[int, Message]
    context: LoadContext
    digests: dict[str, tuple[str, ...]] = field(factory=dict)

    @classmethod
    def read(cls, context: LoadContext, ticket_id: str, written: Sequence[Record]) -> Thread:
        """Read the thread; what ``written`` says was matched before is no longer free."""
        tail = context.destination_outage.of_record(lambda: context.importer.tail(ticket_id, WHOLE))
        messages = tuple(message for message in tail if not message.opening)
        shown = [expected.shown_message(message, context.marker_key.seal) for message in messages]
        thread = cls(context.importer.fidelity, messages, shown, dict(enumerate(messages)), context)
        places = {message.id: number for number, message in enumerate(messages)}
        for record in written:
            if record.state is State.DONE and record.expected is not None and not expected.opens(record.expected):
                known = [places[message_id] for message_id in record.destination if message_id in places]
                for number in known:
                    thread.free.pop(number, None)
                if not known:
                    thread.take(record.expected)
        return thread

    def copy(self) -> Thread:
        """Return the same thread, to be taken from on its own."""
        return evolve(self, free=dict(self.free))

    def joined(self) -> str | None:
        """Return the id of a note that an import made of several messages and that nothing was taken for."""
        for number, message in self.free.items():
            shown = self.shown[number]
            for author in (shown["author"], (shown["header"] or {}).get("author")):
                if author is not None and author["kind"] == _IMPORT["kind"] and author["name"] == _IMPORT["name"]:
                    return message.id
        return None

    def take(self, wanted: Mapping[str, Any]) -> MessageMatch:
        """Return the first free message that is as expected, which is free no longer.

        What several messages have in common besides their files is told apart by their bytes, and so is a file of another name.
        """
        alike = [place for place in self.free if expected.alike(wanted, self.shown[place], self.fidelity)]
        sure = len(alike) == 1 and expected.same_files(wanted.get("names", ()), self.shown[alike[0]]["names"])
        if not sure and (wanted["files"] or any(self.free[place].attachments for place in alike)):
            alike = [place for place in alike if self._carries(place, wanted)]
        if not alike:
            return MessageMatch(absent=True)
        return _match(self.free.pop(alike[0]), self.messages, wanted)

    def _carries(self, place: int, wanted: Mapping[str, Any]) -> bool:
        message = self.messages[place]
        if message.id not in self.digests:
            self.digests[message.id] = file_digests(self.context, message)
        return _fits(message, wanted, self.digests[message.id])


def find_message(context: LoadContext, ticket_id: str, leader: Record) -> MessageMatch:
    """Look for the message that ``leader`` says was begun, among those that stand at the destination."""
    wanted = leader.expected or {}
    written = context.journal.children(leader.key.parent, *IN_A_THREAD)
    n = len(written) + SPARE
    tail = context.destination_outage.of_record(lambda: context.importer.tail(ticket_id, n))
    fidelity = context.importer.fidelity
    has_opening = any(message.opening for message in tail)
    earlier = [
        record
        for record in written
        if record.state is State.DONE
        and record.expected is not None
        and (has_opening or not expected.opens(record.expected))
        if expected.same_expectation(wanted, record.expected, fidelity)
    ]
    seal = context.marker_key.seal
    matches = [message for message in tail if expected.alike(wanted, expected.shown_message(message, seal), fidelity)]
    if wanted["files"] or any(message.attachments for message in matches):
        matches = [match for match in matches if _fits(match, wanted, file_digests(context, match))]
    if len(matches) < len(earlier):
        return MessageMatch(
            evidence=f"the destination shows {len(matches)} equal messages, {len(earlier)} were written"
        )
    if len(matches) == len(earlier):
        return MessageMatch(absent=True)
    known = {message_id for record in written for message_id in record.destination}
    free = [match for match in matches if match.id not in known]
    # Where ids of written messages are not those that the thread shows, equal ones are told apart by their order.
    nameless = sum(not known_at(record, matches) for record in earlier)
    fresh = free[nameless] if nameless < len(free) else matches[-1]
    return _match(fresh, tail, wanted)


def known_at(record: Record, messages: Sequence[Message]) -> bool:
    """Whether one of these messages has an id under which a record was written."""
    return any(message.id in record.destination for message in messages)


def file_digests(context: LoadContext, message: Message) -> tuple[str, ...]:
    """Return the digests of the files that a message at the destination carries."""
    digest, outage = context.destination.file_digest, context.destination_outage
    return tuple(outage.of_record(partial(digest, file)) for file in message.attachments)


def _fits(message: Message, wanted: Mapping[str, Any], digests: Sequence[str]) -> bool:
    return "attachments" in message.not_loaded or expected.same_files(wanted["files"], digests)


def _match(message: Message, tail: tuple[Message, ...], wanted: Mapping[str, Any]) -> MessageMatch:
    if _files_missing(message, tail, wanted):
        return MessageMatch((message.id,), evidence=f"message {message.id} at the destination lacks some of its files")
    return MessageMatch((message.id,))


def _files_missing(message: Message, tail: tuple[Message, ...], wanted: Mapping[str, Any]) -> bool:
    if "attachments" in message.not_loaded:
        return False
    after = tail[tail.index(message) :]
    return sum(len(message.attachments) for message in after) < len(wanted["files"])
