"""Source scan: the source's lists read once, into the spool, the tally and the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, TypeVar

from attrs import frozen

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State
from helpdesk_bridge.migration.journal.unread import unread_records
from helpdesk_bridge.migration.outage import Outage, Stopped
from helpdesk_bridge.migration.plan.people import fold_key
from helpdesk_bridge.migration.plan.tally import Tally
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket

T = TypeVar("T")

BATCH: Final = 200
ALL_TICKETS: Final = TicketQuery(include=frozenset({"spam", "deleted", "merged", "custom_fields", "rating"}))
ALL_CONTACTS: Final = ContactQuery(include=frozenset({"blocked", "deleted", "custom_fields"}))


@frozen
class Scan:
    """One reading of the source. ``needs`` is what the destination demands of a contact."""

    source: MigrationDesk
    spool: Spool
    journal: Journal
    outage: Outage
    stop: threading.Event
    needs: frozenset[str]
    progress: Callable[[str], None]

    def run(self) -> Tally:
        """Read both lists, again from the start if the source failed in between."""
        return self.outage.patiently(self._once)

    def _once(self) -> Tally:
        tally = Tally(self.source)
        self._contacts(tally)
        self._tickets(tally)
        return tally

    def _contacts(self, tally: Tally) -> None:
        batch: list[Record] = []
        for position, contact in enumerate(self._unless_stopped(self.source.desk.contacts.list(ALL_CONTACTS))):
            tally.contact(contact)
            self.spool.put(Kind.CONTACT.value, self.source.contact_key(contact.id), contact)
            batch.append(self._planned(contact, position))
            if len(batch) == BATCH:
                self._write(batch)
        self._write(batch)
        self._unread(Kind.CONTACT)

    def _planned(self, contact: Contact, position: int) -> Record:
        key, fold = Key(Kind.CONTACT, self.source.contact_key(contact.id)), fold_key(contact)
        if contact.deleted:
            return Record(key=key, position=position, fold=fold, state=State.SKIPPED, reason="deleted")
        reason = None
        if "email" in self.needs and not contact.email:
            reason = "the destination requires an e-mail, and the contact has none"
        elif "email or phone" in self.needs and not contact.email and not contact.phones:
            reason = "the destination requires an e-mail or a phone, and the contact has neither"
        if reason is not None:
            return Record(key=key, position=position, fold=fold, state=State.SKIPPED, reason=reason)
        return Record(key=key, position=position, fold=fold)

    def _tickets(self, tally: Tally) -> None:
        batch: list[Record] = []
        tickets = self.source.desk.tickets.list(ALL_TICKETS, resolve=False)
        for position, ticket in enumerate(self._unless_stopped(tickets)):
            tally.ticket(ticket)
            self.spool.put(Kind.TICKET.value, ticket.id, ticket)
            batch.append(Record(key=Key(Kind.TICKET, ticket.id), position=position))
            if len(batch) == BATCH:
                self._write(batch)
        self._write(batch)
        self._unread(Kind.TICKET)

    def _unread(self, kind: Kind) -> None:
        """Write down the rows of a list that cannot be read."""
        failed = self.journal.by_state(kind, State.FAILED)
        self.journal.save(*unread_records(kind, self.source.unread_rows(kind.value), failed))

    def _write(self, batch: list[Record]) -> None:
        self.journal.plan(batch)
        self.progress("read")
        batch.clear()

    def _unless_stopped(self, records: Iterable[T]) -> Iterable[T]:
        for record in records:
            if self.stop.is_set():
                raise Stopped
            yield record


def sample(source: MigrationDesk, spool: Spool, outage: Outage, tally: Tally, size: int) -> int:
    """Read the threads of ``size`` tickets, spread evenly over all of them, into the tally; return how many the source refused."""
    total = spool.count(Kind.TICKET.value)
    step = max(1, total // size) if size else total + 1
    refused = 0
    for position, ticket in enumerate(spool.each(Kind.TICKET.value, Ticket)):
        if position % step or tally.sampled >= size or ticket.spam or ticket.deleted:
            continue
        try:
            tally.thread(outage.of_record(partial(_thread, source, ticket.id)))
        except HelpdeskError:
            refused += 1
    return refused


def _thread(source: MigrationDesk, ticket_id: str) -> list[Message]:
    return list(source.desk.messages.list(ticket_id, resolve=False))
