"""Source scan: the source's lists read once, into the spool, the tally and the journal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.completeness import ScanProof, contradicted, keep, prove
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State
from helpdesk_bridge.migration.journal.unread import unread_records
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.migration.plan.mapping import Mapping
from helpdesk_bridge.migration.plan.outcomes import left_out
from helpdesk_bridge.migration.plan.people import fold_key
from helpdesk_bridge.migration.plan.selection import Selection
from helpdesk_bridge.migration.plan.tally import Sampled, Tally
from helpdesk_bridge.migration.scope.beyond import BEYOND_TICKETS
from helpdesk_bridge.migration.scope.kept import ScopeChange
from helpdesk_bridge.migration.scope.scope import LISTED
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import ActorKind

BATCH: Final = 200
SOURCE_SEEN: Final = "source_seen"
"""When the source was last listed, by its own clock."""
LISTS: Final = {Kind.CONTACT: "contacts", Kind.TICKET: "tickets"}
ALL_TICKETS: Final = TicketQuery(include=frozenset({"spam", "deleted", "merged", "custom_fields", "rating"}))
ALL_CONTACTS: Final = ContactQuery(include=frozenset({"blocked", "deleted", "custom_fields"}))


@frozen
class Scan:
    """One reading of the source. ``needs`` is what the destination demands of a contact.

    The lists are read whole whatever the ``scope``: what left it, and what is gone, is known from them alone.
    """

    source: MigrationDesk
    spool: Spool
    journal: Journal
    outage: Outage
    needs: frozenset[str]
    progress: Callable[[str], None]
    scope: ScopeChange

    def run(self) -> Tally:
        """Read both lists, again from the start if the source failed in between, and keep the proofs that they are whole."""
        return self.outage.patiently(self._once)

    def _once(self) -> Tally:
        tally, now = Tally(self.source), self.source.vendor_now()
        selection = Selection(self.scope, self.source, self.spool, self.journal)
        selection.forget()
        if selection.scope.everything:
            self.scope.settle(self.journal)
        # Tickets first: whoever wrote in between is in the list of contacts.
        tickets = self._proof(Kind.TICKET, partial(self._tickets, tally))
        contacts = self._proof(Kind.CONTACT, partial(self._contacts, tally))
        if not selection.scope.everything:
            self._select(selection, tally)
        keep(self.journal, (contradicted(contacts, self._any_contact), contradicted(tickets, self._any_ticket)))
        listed = self.spool.count(Kind.TICKET.value) + self.spool.count(BEYOND_TICKETS)
        self.journal.facts.remember(**{LISTED: listed, SOURCE_SEEN: now.replace(microsecond=0).isoformat()})
        return tally

    def _select(self, selection: Selection, tally: Tally) -> None:
        """Plan what is in the scope. Raises ``WrongScope``, having written nothing, if that is no ticket."""
        places, batch = selection.choose(), list[Record]()
        self.scope.settle(self.journal)
        for ticket in self.spool.each(Kind.TICKET.value, Ticket):
            self._take_ticket(tally, batch, ticket, places[ticket.id])
        self._write(batch)
        for position, contact in selection.contacts():
            self._take_contact(tally, batch, contact, position)
        self._write(batch)

    def _proof(self, kind: Kind, read: Callable[[], int | None]) -> ScanProof:
        def rows() -> int:
            return self.spool.count(kind.value) + len(self.source.unread_rows(kind.value))

        return prove(LISTS[kind], read, read, rows)

    def _any_contact(self) -> str | None:
        """Return a contact of a source whose list of contacts is empty."""
        contacts = self.source.desk.contacts
        if contacts.list(evolve(ALL_CONTACTS, limit=1)).page(size=1).items:
            return "a list of one has a contact"
        requesters = (ticket.requester for ticket in self.spool.each(Kind.TICKET.value, Ticket))
        known = next((one.id for one in requesters if one and one.id and one.kind is ActorKind.CONTACT), None)
        if known is not None and _is_there(partial(contacts.get, known)):
            return "the list is empty, and the requester of a ticket is a contact"
        return None

    def _any_ticket(self) -> str | None:
        """Return a ticket of a source whose list of tickets is empty."""
        tickets = self.source.desk.tickets
        if tickets.list(evolve(ALL_TICKETS, limit=1), resolve=False).page(size=1).items:
            return "a list of one has a ticket"
        known = next(self.journal.each(Kind.TICKET), None)
        if known is not None and _is_there(partial(tickets.get, known.key.id)):
            return "the list is empty, and a ticket that was listed before is there"
        return None

    def _contacts(self, tally: Tally) -> int | None:
        batch: list[Record] = []
        contacts = self.source.desk.contacts.list(ALL_CONTACTS)
        for position, contact in enumerate(self.outage.each(contacts)):
            key = self.source.contact_key(contact.id)
            if self.spool.get(Kind.CONTACT.value, key, Contact) is not None:
                continue  # the first look had it
            self.spool.put(Kind.CONTACT.value, key, contact)
            if self.scope.scope.everything:
                self._take_contact(tally, batch, contact, position)
        self._write(batch)
        self._unread(Kind.CONTACT)
        return contacts.told()

    def _take_contact(self, tally: Tally, batch: list[Record], contact: Contact, position: int) -> None:
        tally.contact(contact, left_out=left_out(contact, self.needs) is not None)
        batch.append(planned_contact(self.source, self.needs, contact, position))
        if len(batch) == BATCH:
            self._write(batch)

    def _tickets(self, tally: Tally) -> int | None:
        batch: list[Record] = []
        tickets = self.source.desk.tickets.list(ALL_TICKETS, resolve=False)
        for position, ticket in enumerate(self.outage.each(tickets)):
            if self.spool.get(Kind.TICKET.value, ticket.id, Ticket) is not None:
                continue
            self.spool.put(Kind.TICKET.value, ticket.id, ticket)
            if self.scope.scope.everything:
                self._take_ticket(tally, batch, ticket, position)
        self._write(batch)
        self._unread(Kind.TICKET)
        return tickets.told()

    def _take_ticket(self, tally: Tally, batch: list[Record], ticket: Ticket, position: int) -> None:
        tally.ticket(ticket)
        batch.append(Record(key=Key(Kind.TICKET, ticket.id), position=position))
        if len(batch) == BATCH:
            self._write(batch)

    def _unread(self, kind: Kind) -> None:
        """Write down the rows of a list that cannot be read."""
        failed = self.journal.by_state(kind, State.FAILED)
        self.journal.save(*unread_records(kind, self.source.unread_rows(kind.value), failed))

    def _write(self, batch: list[Record]) -> None:
        self.journal.plan(batch)
        self.progress("read")
        batch.clear()


def planned_contact(source: MigrationDesk, needs: frozenset[str], contact: Contact, position: int) -> Record:
    """Return a contact as the journal plans it; ``needs`` is what the destination demands."""
    key, fold = Key(Kind.CONTACT, source.contact_key(contact.id)), fold_key(contact)
    reason = "deleted" if contact.deleted else left_out(contact, needs)
    if reason is not None:
        return Record(key=key, position=position, fold=fold, state=State.SKIPPED, reason=reason)
    return Record(key=key, position=position, fold=fold)


def _is_there(get: Callable[[], object]) -> bool:
    try:
        get()
    except NotFound:
        return False
    return True


def sample(mapping: Mapping, spool: Spool, outage: Outage, tally: Tally, size: int) -> int:
    """Read the threads of ``size`` tickets, spread evenly over all of them, into the tally; return how many the source refused."""
    total = spool.count(Kind.TICKET.value)
    step = max(1, total // size) if size else total + 1
    for position, ticket in enumerate(spool.each(Kind.TICKET.value, Ticket)):
        if position % step or tally.sampled >= size or ticket.spam or ticket.deleted:
            continue
        try:
            tally.thread(ticket.id, outage.of_record(partial(_thread, mapping, ticket)))
        except HelpdeskError:
            tally.refused += 1
    return tally.refused


def _thread(mapping: Mapping, ticket: Ticket) -> list[Sampled]:
    thread = mapping.source.desk.messages.list(ticket.id, resolve=False)
    return [Sampled.of(message, known=mapping.knows_author(message, ticket)) for message in thread]
