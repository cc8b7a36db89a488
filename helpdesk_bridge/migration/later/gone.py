"""Gone: records that were migrated and that the source has deleted since, or marked as spam, as the user decided about them.

Gone is only what a complete list lacks and what a call for it alone does not find either. ``keep`` leaves the record at the
destination, ``mark`` adds an internal note to its ticket. ``remove=N`` removes up to ``N`` records by the rules of a rollback, into
the trash of a vendor that has one; what is beyond the number is asked about anew. What became of each is written down. A
single message that left its thread is decided likewise, and never removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.errors import HelpdeskError, InDoubt, NotFound
from helpdesk_bridge.migration.completeness import SCANS, proofs_in
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State, is_opaque, reason_of
from helpdesk_bridge.migration.journal.unread import is_row
from helpdesk_bridge.migration.later.rollback import Fate, Rollback
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.lookup import WHOLE
from helpdesk_bridge.migration.outage import ATTEMPTS
from helpdesk_bridge.migration.plan.scan import LISTS
from helpdesk_bridge.migration.plan.thread_layout import IMPORT
from helpdesk_bridge.migration.source.now import DELETED, SPAM, VANISHED, Since, still_there
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Body, MessageKind, Visibility

KEEP: Final = "keep"
MARK: Final = "mark"
REMOVE: Final = "remove"
CHOICES: Final = (KEEP, MARK)
_REMOVED: Final = "removed"
REMOVED_SINCE: Final = "removed: the source does not have it any more"
_TEXTS: Final = {
    VANISHED: "The ticket that this one was made from is not at its source any more.",
    DELETED: "The ticket that this one was made from was deleted at its source.",
    SPAM: "The ticket that this one was made from was marked as spam at its source.",
}


def most_removed(choice: str) -> int | None:
    """Return the number of ``remove=N``; None for another choice. Raises ``ValueError`` for a text that is no choice."""
    word, equals, number = choice.partition("=")
    if choice in CHOICES:
        return None
    if word != REMOVE or not equals or not (number.isascii() and number.isdecimal()):
        raise ValueError(f"--gone {choice}: use {', '.join(CHOICES)} or {REMOVE}=N")
    return int(number)


@frozen(eq=False)
class Gone:
    """Finds what is gone and does what was chosen; ``choice`` is None while nothing is."""

    context: LoadContext
    choice: str | None
    removable: set[tuple[str, str]] = field(factory=set, init=False)
    """What of the undecided records a removal would take, as far as anything can be removed."""

    @cached_property
    def _settled(self) -> dict[tuple[str, str], dict[str, Any]]:
        return self.context.journal.facts.gone()

    def run(self) -> list[Since]:
        """Return the records about which nothing is decided yet."""
        self._note_removed()
        found, most = list(self._found()), None if self.choice is None else most_removed(self.choice)
        if self.choice is None or most is not None:
            self._look_at(found)
        undecided = []
        if self.choice is None or (most is not None and self.to_be_removed > most):
            undecided = [self._since(record, what) for record, what in found]
        elif most is not None:
            self._remove(found)
        else:
            for record, what in found:
                self.context.check_stop()
                self._settle(record, what, self.choice)
        for record in list(self._messages()):
            self.context.check_stop()
            if self.choice is None:
                undecided.append(Since(record.key.parent, record.key.kind.value, record.key.id, VANISHED))
            else:
                self._settle(record, VANISHED, self.choice if most is None else KEEP)
        return undecided

    @staticmethod
    def _since(record: Record, what: str) -> Since:
        ticket = record.key.id if record.key.kind is Kind.TICKET else ""
        return Since(ticket, record.key.kind.value, record.key.id, what)

    # -- removing --------------------------------------------------------------------------------------------------

    @property
    def to_be_removed(self) -> int:
        """How many records a removal takes in all, those of earlier runs included."""
        before = sum(1 for values in self._settled.values() if values.get("done") == _REMOVED)
        return before + len(self.removable)

    def _look_at(self, found: Sequence[tuple[Record, str]]) -> None:
        """Find out what of these records a removal would take."""
        if found and self.context.destination.desk.removal:
            rows = self._rollback(found).preview()
            self.removable.update((row.record, row.id) for row in rows if row.fate in (Fate.REMOVABLE, Fate.REMOVED))

    def _remove(self, found: Sequence[tuple[Record, str]]) -> None:
        facts = self.context.journal.facts
        whats = {(record.key.kind.value, record.key.id): what for record, what in found}
        for (kind, record_id), what in whats.items():
            facts.settle_gone(kind, record_id, what=what, choice=REMOVE, began=True)
        for row in self._rollback(found).run() if found else ():
            done = _REMOVED if row.fate is Fate.REMOVED else f"kept: {row.why}"
            facts.settle_gone(row.record, row.id, what=whats[row.record, row.id], choice=REMOVE, done=done)

    def _rollback(self, found: Sequence[tuple[Record, str]]) -> Rollback:
        meant = frozenset(record.key for record, _ in found)
        return Rollback(self.context, meant, trash=True, after=State.SKIPPED, reason=REMOVED_SINCE)

    def _note_removed(self) -> None:
        """Write down what a run removed that was killed before it wrote that down."""
        facts, journal = self.context.journal.facts, self.context.journal
        for (kind, record_id), values in facts.gone().items():
            if values.get("choice") == REMOVE and "done" not in values:
                record = journal.get(Key(Kind(kind), record_id))
                if record is not None and record.reason == REMOVED_SINCE:
                    facts.settle_gone(kind, record_id, what=values["what"], choice=REMOVE, done=_REMOVED)

    def _messages(self) -> Iterator[Record]:
        """Yield the messages that vanished from threads which a run has read, and about which nothing is decided yet."""
        for (kind, record_id), values in self._settled.items():
            if kind == Kind.MESSAGE.value and "done" not in values and "ticket" in values:
                record = self.context.journal.get(Key(Kind.MESSAGE, record_id, values["ticket"]))
                if record is not None:
                    yield record

    def _found(self) -> Iterator[tuple[Record, str]]:
        proofs = {proof.scan: proof for proof in proofs_in(self.context.journal.facts.recall(SCANS, {}))}
        for kind in (Kind.CONTACT, Kind.TICKET):
            proof = proofs.get(LISTS[kind])
            if proof is None or not proof.complete:
                continue
            for record in self.context.journal.each(kind, State.DONE):
                if not record.destination or is_row(record) or self._is_settled(record):
                    continue
                what = self._what(kind, record.key.id)
                if what is not None:
                    yield record, what

    def _is_settled(self, record: Record) -> bool:
        known = self._settled.get((record.key.kind.value, record.key.id))
        return known is not None and "done" in known

    def _what(self, kind: Kind, record_id: str) -> str | None:
        context = self.context
        known: Ticket | Contact | None = (
            context.spool.get(kind.value, record_id, Ticket)
            if kind is Kind.TICKET
            else context.spool.get(kind.value, record_id, Contact)
        )
        if known is None:
            there = not is_opaque(record_id) and still_there(context.source, context.source_outage, kind, record_id)
            return None if there else VANISHED
        if isinstance(known, Ticket) and known.spam:
            return SPAM
        return DELETED if known.deleted else None

    def _settle(self, record: Record, what: str, choice: str) -> None:
        facts, kind, record_id = self.context.journal.facts, record.key.kind.value, record.key.id
        about: dict[str, Any] = {"what": what, "choice": choice}
        if record.key.kind is Kind.MESSAGE:
            about["ticket"] = record.key.parent
        ticket = self._ticket_of(record)
        if choice == MARK and ticket is not None:
            known = self._settled.get((kind, record_id), {})
            at = datetime.fromisoformat(known["at"]) if "at" in known else self.context.destination.vendor_now()
            note = self._note(record, ticket, what, at.replace(microsecond=0))
            wanted = expected.message(note, (), self.context.marker_key.seal)
            began = known.get("began") is not None
            facts.settle_gone(kind, record_id, **about, began=True, at=at.isoformat())
            done, ids = self._marked(ticket, note, wanted, look=began)
            facts.settle_gone(kind, record_id, **about, done=done, ids=ids, expected=wanted if ids else None)
        else:
            facts.settle_gone(kind, record_id, **{**about, "choice": KEEP}, done="kept")

    def _ticket_of(self, record: Record) -> Record | None:
        """Return the ticket whose readers are told of a record that is gone: its own, or the one that holds it."""
        if record.key.kind is Kind.TICKET:
            return record
        ticket = self.context.journal.get(Key(Kind.TICKET, record.key.parent)) if record.key.parent else None
        return ticket if ticket is not None and ticket.destination else None

    @staticmethod
    def _note(record: Record, ticket: Record, what: str, at: datetime) -> Message:
        text = _TEXTS[what]
        if record.key.kind is Kind.MESSAGE:
            written = (record.expected or {}).get("created_at")
            text = f"A message{f' of {written}' if written else ''} that is in this ticket was deleted at its source."
        return Message(
            id=f"{record.key.id}:gone",
            ticket_id=ticket.key.id,
            author=IMPORT,
            visibility=Visibility.INTERNAL,
            kind=MessageKind.NOTE,
            body=Body(text=text),
            created_at=at,
        )

    def _marked(
        self, record: Record, note: Message, wanted: dict[str, Any], *, look: bool
    ) -> tuple[str, tuple[str, ...]]:
        """Write the note once; one whose outcome is unknown is looked for before it is written again."""
        context, ticket_id = self.context, record.destination[0]
        for _ in range(ATTEMPTS):
            if look and (there := self._there(ticket_id, wanted)):
                return "marked", there
            look = True
            try:
                ids = context.write(partial(context.importer.message, ticket_id, note, ()), undo=(record,))
            except InDoubt:
                context.destination.clock.sleep(context.importer.settle)
            except NotFound:
                return "kept: it is not at the destination any more", ()
            except HelpdeskError as error:
                return f"kept: the destination refused the note: {reason_of(error)}", ()
            else:
                return "marked", ids
        there = self._there(ticket_id, wanted)
        return ("marked", there) if there else ("kept: the note was not answered", ())

    def _there(self, ticket_id: str, wanted: dict[str, Any]) -> tuple[str, ...]:
        context = self.context
        seal = context.marker_key.seal
        tail = context.destination_outage.of_record(partial(context.importer.tail, ticket_id, WHOLE))
        shown = ((message.id, expected.shown_message(message, seal)) for message in tail if not message.opening)
        return tuple(one for one, what in shown if what["text"] in (wanted["text"], wanted["bare"]))[:1]
