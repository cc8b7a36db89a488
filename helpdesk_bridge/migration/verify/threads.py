"""Thread verification: each message's text, people, times and files compared with what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Importer
from helpdesk_bridge.adapter.header_line import Seal
from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.contents import file_differences
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import IN_A_THREAD, Key, Kind, Record, State, is_there
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.migration.plan.thread_layout import opening_of
from helpdesk_bridge.migration.verify.alignment import Pair, align, moved
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import opening_id
from helpdesk_bridge.model.values import ActorKind, Body

Row = tuple[str, str, str, str | None, str | None]
"""What differs: record, source id, field, expected, found."""
_NOT_HELD: Final = Body(text="")
UNREAD: Final = "?"
"""What stands before the kind of error in the place of a digest."""


@frozen(eq=False)
class ThreadCheck:
    """One ticket's thread."""

    destination: MigrationDesk
    importer: Importer
    journal: Journal
    outage: Outage
    record: Record
    ticket: Ticket
    apart: bool
    seal: Seal
    contact: Callable[[str], Contact | None]
    report: Callable[[str, list[Row], Mapping[str, int]], None]
    notes: Sequence[Mapping[str, Any]] = ()
    """What the journal says of notes that tell that the source no longer has the ticket, or messages of it."""

    def advance(self) -> None:
        """Read the thread back and report what differs."""
        ticket_id = self.record.key.id
        leaders = self._leaders()
        try:
            thread, shown = self._read(leaders)
        except NotFound:
            self.report(ticket_id, [("ticket", ticket_id, "messages", "present", "missing")], {})
            return
        except HelpdeskError as error:
            self.report(ticket_id, [("ticket", ticket_id, "messages", "readable", type(error).__name__)], {})
            return
        aligned = align(leaders, thread, shown, self.importer.fidelity)
        rows: list[Row] = []
        # What later runs add stands behind the note with the rest, which was the last message of its run.
        elsewhere = moved([pair for pair in aligned.pairs if pair.record.key.kind is Kind.MESSAGE])
        for pair in aligned.pairs:
            rows += self._compared(pair, shown)
            if pair in elsewhere:
                rows.append(("message", pair.record.key.id, "order", "after the one before it", "elsewhere"))
        if leaders:
            rows += [("message", self.record.key.id, "extra", "none", message.id) for message in aligned.extra]
        self.report(ticket_id, rows, _compared(aligned.pairs))

    def abandon(self, reason: str) -> None:
        """Report a thread that met a defect as one that was not compared."""
        self.report(self.record.key.id, [("ticket", self.record.key.id, "messages", "compared", reason)], {})

    def _leaders(self) -> list[Record]:
        """Return the messages that were written, as they stand at the destination: what opens the ticket first."""
        ticket_id = self.record.key.id
        written = self.journal.children(ticket_id, *IN_A_THREAD)
        leaders = [record for record in written if record.expected is not None and is_there(record)]
        opening = (self.record.expected or {}).get(expected.OPENING)
        if opening is not None:
            key = Key(Kind.MESSAGE, opening_id(ticket_id), ticket_id)
            leaders.append(Record(key=key, state=State.DONE, expected=opening))
        for number, note in enumerate(self.notes):
            key = Key(Kind.MESSAGE, f"{ticket_id}:gone{number or ''}", ticket_id)
            leaders.append(Record(key=key, state=State.DONE, expected=note["expected"], destination=tuple(note["ids"])))
        return sorted(leaders, key=lambda record: not expected.opens(record.expected))

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self, leaders: Sequence[Record]) -> tuple[list[Message], list[dict[str, Any]]]:
        """Return the thread in as few calls as the destination needs, without its bodies, and what each message shows.

        Where the list of tickets brought the opening along, only later messages and the opening's files cost a call.
        """
        ticket, first = self.ticket, next((leader for leader in leaders if expected.opens(leader.expected)), None)
        files = bool(first and first.expected and first.expected["files"])
        if (
            not self.apart
            or files
            or ticket.message_count is None
            or ticket.not_loaded & {"description", "message_count"}
        ):
            listing = self.destination.desk.messages.list(ticket.id, resolve=False)
            return self.outage.of_record(lambda: self._said(listing))
        later = (ticket.message_count or 1) - 1
        tail = self.outage.of_record(lambda: self.importer.tail(ticket.id, later)) if later else ()
        return self._said([opening_of(ticket), *(message for message in tail if not message.opening)])

    def _said(self, messages: Iterable[Message]) -> tuple[list[Message], list[dict[str, Any]]]:
        """Look at one message at a time: a body may be large, and is compared by its digest."""
        thread, shown = [], []
        for message in messages:
            shown.append(self._shown(message))
            thread.append(evolve(message, body=_NOT_HELD))
            del message
        return thread, shown

    def _shown(self, message: Message) -> dict[str, Any]:
        author = self.destination.filled(message.author) or message.author
        if author.kind is ActorKind.CONTACT and author.id is not None and not author.email:
            known = self.contact(author.id)
            author = author if known is None else known.actor()
        return expected.shown_message(evolve(message, author=author), self.seal, self._digests(message))

    # -- comparing -------------------------------------------------------------------------------------------------

    def _compared(self, pair: Pair, shown: Sequence[dict[str, Any]]) -> list[Row]:
        source_id, wanted = pair.record.key.id, pair.record.expected or {}
        if pair.shown is None:
            return [("message", source_id, "message", "present", "missing")]
        different = expected.message_differences(wanted, pair.shown, self.importer.fidelity)
        rows: list[Row] = [("message", source_id, *difference) for difference in different]
        there = [file for number, _ in pair.found for file in shown[number]["files"]]
        kept = [word for number, _ in pair.found for word in shown[number]["kept"]]
        named = file_differences(wanted.get("kept", ()), kept)
        rows += [("attachment", source_id, *difference) for difference in named]
        return rows + _file_rows(source_id, wanted["files"], there)

    def _digests(self, message: Message) -> list[str]:
        """Return the digests of a message's files; of one that cannot be read, the kind of error."""
        digests = []
        for file in message.attachments:
            try:
                digests.append(self.outage.of_record(partial(self.destination.file_digest, file)))
            except HelpdeskError as error:
                digests.append(f"{UNREAD}{type(error).__name__}")
        return digests


def _compared(pairs: Sequence[Pair]) -> dict[str, int]:
    """Return how much of a thread was compared: what the migration wrote down of it."""
    wanted = [pair.record.expected or {} for pair in pairs]
    counts = {name: sum(len(one.get(name, ())) for one in wanted) for name in ("files", "links", "images")}
    return {"threads": 1, "messages": len(pairs), **counts}


def _file_rows(source_id: str, wanted: Sequence[str], there: Sequence[str]) -> list[Row]:
    unread = [one.removeprefix(UNREAD) for one in there if one.startswith(UNREAD)]
    read = Counter(one for one in there if not one.startswith(UNREAD))
    rows: list[Row] = [("attachment", source_id, "content", "readable", error) for error in unread]
    extra, missing = read - Counter(wanted), sorted((Counter(wanted) - read).elements())
    rows += [("attachment", source_id, "content", "none", one[:16]) for one in extra.elements()]
    # What cannot be read may be any of the files that are not seen; only more than those are missing for certain.
    return rows + [("attachment", source_id, "content", one[:16], "missing") for one in missing[len(unread) :]]
