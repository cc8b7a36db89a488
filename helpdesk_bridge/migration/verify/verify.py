"""Verification: the destination read back and compared with what the load recorded."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Importer
from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.completeness import keep, prove
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Kind, Record, State, is_opaque
from helpdesk_bridge.migration.load.long_bodies import is_long
from helpdesk_bridge.migration.options import Level, Options
from helpdesk_bridge.migration.outage import Outage, Stopped
from helpdesk_bridge.migration.plan.scan import ALL_CONTACTS
from helpdesk_bridge.migration.runner import Guarded, Runner, Unforeseen
from helpdesk_bridge.migration.source.now import SourceCheck, SourceNow
from helpdesk_bridge.migration.verify.duplicates import MARKER_SHOWN, Duplicates
from helpdesk_bridge.migration.verify.extent import EXTENT, Extent
from helpdesk_bridge.migration.verify.threads import Row, ThreadCheck
from helpdesk_bridge.model.queries import Period, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.ports import Listing

BACK_TICKET: Final = "ticket at the destination"
BACK_CONTACT: Final = "contact at the destination"
BACK: Final = {
    BACK_TICKET: ("tickets at the destination", Kind.TICKET),
    BACK_CONTACT: ("contacts at the destination", Kind.CONTACT),
}
ROUND_TRIP: Final = 0.3
"""Real seconds that a call takes, generously; what comes sooner needs fewer threads."""
CLOCKS_APART: Final = timedelta(days=1)


@frozen(eq=False)
class Verification:
    """One verification. It reads and never writes."""

    destination: MigrationDesk
    importer: Importer
    journal: Journal
    spool: Spool
    outage: Outage
    options: Options
    stop: threading.Event
    progress: Callable[[str], None]
    source: SourceCheck | None = None
    """What looks at the source of now; None for a verification that is part of a repair."""
    only: frozenset[str] | None = None
    """The source ids of the tickets and contacts to be compared, read one by one; None for everything."""
    compared: Counter[str] = field(factory=Counter, init=False)

    @property
    def _apart(self) -> bool:
        return self.journal.opens_apart("destination") or self.destination.defines

    def run(self) -> list[Difference]:
        """Return the differences, those of contacts first, and keep them in the journal, with what was compared."""
        differences: list[Difference] = []
        now = None if self.source is None or self.options.level is Level.ECHO else self.source.run()
        for kind in (BACK_TICKET, BACK_CONTACT):
            self.spool.forget(kind)
        if self.options.level is not Level.ECHO:
            # A digest names nobody: such a contact is found in the list alone.
            if self.only is None or any(is_opaque(one.destination[0]) for one in self._meant(Kind.CONTACT)):
                differences += self._listed(BACK_CONTACT, self._read_contacts)
            differences += self._contacts()
            if self.only is None:
                differences += self._listed(BACK_TICKET, self._read_tickets)
            differences += self._tickets()
        if self.options.level is Level.FULL:
            differences += self._threads()
        if self.stop.is_set():
            raise Stopped
        if self.only is not None:
            known = self.journal.facts.differences()
            differences += [one for one in known if (one.ticket or one.id) not in self.only]
        differences = self.journal.facts.without_accepted(differences)
        self.journal.facts.replace_differences(differences)
        if self.only is None:
            self._keep_extent(now)
        return differences

    def _keep_extent(self, now: SourceNow | None) -> None:
        there = sum(bool(record.destination) for record in self.journal.written(Kind.TICKET))
        extent = Extent(
            level=self.options.level.value,
            sample=self.options.sample,
            compared=dict(self.compared),
            threads=there,
            source=now,
        )
        self.journal.facts.remember(**{EXTENT: extent.as_json()})

    def _meant(self, kind: Kind) -> Iterator[Record]:
        return (one for one in self.journal.written(kind) if self.only is None or one.key.id in self.only)

    # -- contacts --------------------------------------------------------------------------------------------------

    def _listed(self, kind: str, read: Callable[[], int | None]) -> list[Difference]:
        """Read a list, again if it is short; one that stays so may hide duplicates, which is a difference."""
        name, records = BACK[kind]

        def rows() -> int:
            return self.spool.count(kind) + len(self.destination.unread_rows(records.value))

        proof = self.outage.patiently(lambda: prove(name, read, read, rows))
        keep(self.journal, [proof])
        if proof.complete:
            return []
        wanted = proof.told if proof.told_again is None else proof.told_again
        return [Difference("", "list", name, "records", str(wanted), str(rows()))]

    def _read_contacts(self) -> int | None:
        contacts = self.destination.desk.contacts.list(ALL_CONTACTS)
        for contact in self.outage.each(contacts):
            self.spool.put(BACK_CONTACT, self.destination.contact_key(contact.id), contact)
        return self._told(contacts, BACK_CONTACT, Kind.CONTACT)

    def _told(self, listing: Listing[Any], kind: str, records: Kind) -> int | None:
        """Return how many records the list told; an empty one is short if a record that was written is there."""
        told = listing.told()
        if self.spool.count(kind):
            return told
        written = (
            record for record in self.journal.each(records, State.DONE) if record.attempts and record.destination
        )
        first = next(written, None)
        return told if first is None or not self._is_there(first) else max(told or 0, 1)

    def _is_there(self, record: Record) -> bool:
        desk, record_id = self.destination.desk, record.destination[0]
        if is_opaque(record_id):
            return True  # nothing but the list finds it
        port = desk.tickets if record.key.kind is Kind.TICKET else desk.contacts
        try:
            self.outage.of_record(partial(port.get, record_id))
        except NotFound:
            return False
        return True

    def _contacts(self) -> list[Difference]:
        differences = []
        for record in self._meant(Kind.CONTACT):
            try:
                there = self._contact_at(record.destination[0])
            except HelpdeskError as error:
                name = type(error).__name__
                differences.append(Difference("", "contact", record.key.id, "contact", "readable", name))
                continue
            if there is None:
                differences.append(Difference("", "contact", record.key.id, "contact", "present", "missing"))
                continue
            self.compared["contacts"] += 1
            if record.expected is not None:
                kept = self.importer.fidelity.contact
                shown = expected.contact(there, kept, self.destination.aliases)
                for name, wanted, seen in expected.contact_differences(record.expected, shown, kept):
                    differences.append(Difference("", "contact", record.key.id, name, wanted, seen))
        return differences

    def _contact_at(self, contact_id: str) -> Contact | None:
        contact = self.spool.get(BACK_CONTACT, contact_id, Contact)
        if contact is not None or is_opaque(contact_id):
            return contact
        try:
            return self.outage.of_record(partial(self.destination.desk.contacts.get, contact_id))
        except NotFound:
            return None

    # -- tickets ---------------------------------------------------------------------------------------------------

    def _query(self) -> TicketQuery:
        """Ask for what a list can show without further calls: descriptions only if they are part of the ticket."""
        include = MARKER_SHOWN if self._apart else MARKER_SHOWN - {"description"}
        if expected.native(self.importer.fidelity.ticket, "rating"):
            include |= {"rating"}
        if expected.native(self.importer.fidelity.ticket, "updated_at"):
            return TicketQuery(include=include)  # the destination shows the source's times: they narrow nothing
        return TicketQuery(include=include, updated=Period(self.journal.facts.began - CLOCKS_APART))

    def _read_tickets(self) -> int | None:
        tickets = self.destination.desk.tickets.list(self._query(), resolve=False)
        for ticket in self.outage.each(tickets):
            self._put(ticket)
            del ticket
        return self._told(tickets, BACK_TICKET, Kind.TICKET)

    def _put(self, ticket: Ticket) -> None:
        """Spool a ticket; a long description only where the thread is read without it, or where it may hide a marker."""
        long = ticket.description is not None and is_long(ticket.description)
        if long and not self._tells_openings and self.journal.at_destination(Kind.TICKET, ticket.id) is not None:
            ticket = evolve(ticket, description=None)
        self.spool.put(BACK_TICKET, ticket.id, ticket)

    @property
    def _tells_openings(self) -> bool:
        """Whether the list of tickets tells what opens each thread."""
        return self._apart and not self.destination.defines

    def _tickets(self) -> list[Difference]:
        duplicates = Duplicates(self.destination, self.importer, self.journal, self.outage)
        differences = [
            duplicate for ticket in self.spool.each(BACK_TICKET, Ticket) for duplicate in duplicates.of_listed(ticket)
        ]
        for record in self._meant(Kind.TICKET):
            self._check_stop()
            try:
                ticket = self._ticket_at(record)
            except HelpdeskError as error:
                name = type(error).__name__
                differences.append(Difference(record.key.id, "ticket", record.key.id, "ticket", "readable", name))
                continue
            if ticket is None:
                differences.append(Difference(record.key.id, "ticket", record.key.id, "ticket", "present", "missing"))
                continue
            self.compared["tickets"] += 1
            differences += duplicates.of_record(record, ticket)
            if ticket.spam:  # the source's own spam is not migrated
                differences.append(Difference(record.key.id, "ticket", record.key.id, "spam", "false", "true"))
            shown = expected.ticket(
                self.destination.ticket(ticket), self.importer.fidelity.ticket, self.destination.aliases
            )
            for name, wanted, seen in expected.ticket_differences(record.expected or {}, self._people(shown, ticket)):
                differences.append(Difference(record.key.id, "ticket", record.key.id, name, wanted, seen))
            self.progress("compare")
        return differences

    def _people(self, shown: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
        requester = ticket.requester
        if "requester" in shown and requester is not None and requester.id is not None and not requester.email:
            known = self._known(requester.id)
            if known is not None:
                shown["requester"] = expected.person(known.actor())
        return shown

    def _ticket_at(self, record: Record) -> Ticket | None:
        ticket_id = record.destination[0]
        ticket = self.spool.get(BACK_TICKET, ticket_id, Ticket)
        if ticket is None:
            try:
                ticket = self.outage.of_record(partial(self.destination.desk.tickets.get, ticket_id))
            except NotFound:
                return None
            self._put(ticket)
        return None if ticket.deleted else ticket

    # -- threads ---------------------------------------------------------------------------------------------------

    def _threads(self) -> list[Difference]:
        by_ticket: list[tuple[str, Difference]] = []
        lock = threading.Lock()

        def report(ticket: str, rows: list[Row], compared: Mapping[str, int]) -> None:
            with lock:
                self.compared.update(compared)
                by_ticket.extend((ticket, Difference(ticket, *row)) for row in rows)
            self.progress("verify")

        workers = _threads_for(self.destination, self.options.workers)
        Runner(workers, self.destination.clock, self.stop).run(self._guarded(report))
        return [one for _, one in sorted(by_ticket, key=lambda item: item[0])]

    def _guarded(self, report: Callable[[str, list[Row], Mapping[str, int]], None]) -> Iterator[Guarded]:
        unforeseen = Unforeseen()
        return (Guarded(check, unforeseen) for check in self._checks(report))

    def _checks(self, report: Callable[[str, list[Row], Mapping[str, int]], None]) -> Iterator[ThreadCheck]:
        total = self.journal.counts()[Kind.TICKET].get(State.DONE, 0)
        size = self.options.sample
        step = 1 if size is None or size >= total else max(1, total // size) if size else total + 1
        apart = self._tells_openings
        seal = self.journal.facts.marker_key.seal
        notes = self.journal.facts.gone_notes()
        for number, record in enumerate(self._meant(Kind.TICKET)):
            if number % step or (size is not None and number // step >= size):
                continue
            ticket = self.spool.get(BACK_TICKET, record.destination[0], Ticket)
            if ticket is not None and not ticket.deleted:
                yield ThreadCheck(
                    self.destination,
                    self.importer,
                    self.journal,
                    self.outage,
                    record,
                    ticket,
                    apart,
                    seal,
                    self._known,
                    report,
                    notes.get(record.key.id, ()),
                )

    def _known(self, contact_id: str) -> Contact | None:
        return self.spool.get(BACK_CONTACT, self.destination.contact_key(contact_id), Contact)

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise Stopped


def _threads_for(destination: MigrationDesk, workers: int) -> int:
    """Return how many threads to read with: no more than the budget keeps busy.

    More would only wait between reading a thread and fetching its files, whose addresses expire (Desk365: an hour).
    """
    policy = destination.desk.rate_limit
    if policy is None:
        return workers
    per_second = min(window.limit / window.seconds for window in policy.windows if window.counts != "rows")
    return max(1, min(workers, math.ceil(per_second * ROUND_TRIP) + 1))
