"""The source of now: what changed, appeared or vanished there since it was read, told apart from what was written wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from attrs import asdict, define, evolve, field, frozen

from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State, is_opaque, is_there, reason_of
from helpdesk_bridge.migration.journal.unread import is_row
from helpdesk_bridge.migration.outage import Outage, Stopped
from helpdesk_bridge.migration.outcome import CredentialsLost, Interrupted
from helpdesk_bridge.migration.plan.scan import ALL_CONTACTS, ALL_TICKETS
from helpdesk_bridge.migration.scope.scope import MigrationScope
from helpdesk_bridge.migration.source.versions import (
    contact_version,
    message_version,
    moved,
    same_place,
    same_version,
    ticket_version,
)
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.ports import Listing

CHANGED: Final = "changed"
APPEARED: Final = "appeared"
VANISHED: Final = "vanished"
SPAM: Final = "became spam"
DELETED: Final = "was deleted"
GONE: Final = (VANISHED, SPAM, DELETED)
PATIENCE: Final = 60.0
"""Real seconds for which a source that does not answer is waited for: verification does without, and says so."""


@frozen
class Since:
    """A record of the source that is not as it was read; ``ticket`` and ``id`` are the source's."""

    ticket: str
    record: str
    id: str
    what: str


@frozen(kw_only=True)
class SourceNow:
    """What a second look at the source brought. ``seen`` is when it was last listed whole, ``problem`` why not now.

    ``threads`` is how many threads were read again; ``versions`` are the tickets as they are now.
    """

    seen: str | None
    problem: str | None = None
    rows: tuple[Since, ...] = ()
    threads: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows]}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> SourceNow:
        """Return what ``as_json`` wrote."""
        return cls(**{**values, "rows": tuple(Since(**row) for row in values["rows"])})


@define
class _Listed:
    """A list of the source as it is now: the version of each record, and what it is flagged as."""

    versions: dict[str, str] = field(factory=dict)
    flags: dict[str, str] = field(factory=dict)
    short: str | None = None
    beyond: set[str] = field(factory=set)


@frozen(eq=False)
class SourceCheck:
    """Lists the source again and compares it with the journal; ``threads_again`` reads every thread again."""

    source: MigrationDesk
    journal: Journal
    outage: Outage
    stop: threading.Event
    threads_again: bool
    seen_before: str | None
    settled: Container[tuple[str, str]]
    """The records that are gone, by kind and id, and of which the user decided what becomes."""
    scope: MigrationScope = field(factory=MigrationScope)

    def run(self) -> SourceNow:
        """Return what differs. A source that cannot be listed is said, and nothing is concluded from it."""
        now = self.source.vendor_now()
        try:
            customers: dict[str, Contact] = {}
            contacts = self._listed(partial(self._contacts, customers))
            tickets = self._listed(partial(self._tickets, customers))
            if short := contacts.short or tickets.short:
                return SourceNow(seen=self.seen_before, problem=f"its list came incomplete: {short}")
            rows = [*self._compared(Kind.CONTACT, contacts), *self._compared(Kind.TICKET, tickets)]
            threads, found = self._threads(tickets)
        except (CredentialsLost, Interrupted) as error:
            return SourceNow(seen=self.seen_before, problem=str(error))
        except HelpdeskError as error:
            return SourceNow(seen=self.seen_before, problem=f"{self.source.label}: {reason_of(error)}")
        return SourceNow(seen=_text(now), rows=(*rows, *found), threads=threads)

    # -- lists -----------------------------------------------------------------------------------------------------

    def _listed(self, read: Callable[[_Listed], tuple[int | None, int]]) -> _Listed:
        """Read a list, again if it came short of what the vendor told."""
        listed = _Listed()
        for _ in range(2):
            told, unread = self.outage.patiently(partial(read, listed))
            came = len(listed.versions) + unread
            if told is None or came >= told:
                return listed
            listed.short = f"{came} of {told} came, twice"
        return listed

    def _in_scope(self, ticket: Ticket, customers: Mapping[str, Contact]) -> bool:
        if self.scope.everything:
            return True
        if self.scope.limit is not None:
            return False  # the number was full, or is filled by the next run
        requester = ticket.requester
        known = None if requester is None or requester.id is None else self.source.contact_key(requester.id)
        return self.scope.takes(self.source.ticket(ticket), customers.get(known or ""))

    def _contacts(self, customers: dict[str, Contact], listed: _Listed) -> tuple[int | None, int]:
        contacts = self.source.desk.contacts.list(ALL_CONTACTS)
        for contact in self.outage.each(contacts):
            key = self.source.contact_key(contact.id)
            listed.versions[key] = contact_version(contact)
            if not (self.scope.everything or self.scope.all_contacts):
                listed.beyond.add(key)  # whoever is new comes along with a ticket that is
            if self.scope.companies:
                customers[key] = evolve(contact, raw=None)
            if contact.deleted:
                listed.flags[key] = DELETED
        return self._told(contacts, Kind.CONTACT)

    def _tickets(self, customers: Mapping[str, Contact], listed: _Listed) -> tuple[int | None, int]:
        tickets = self.source.desk.tickets.list(ALL_TICKETS, resolve=False)
        for ticket in self.outage.each(tickets):
            listed.versions[ticket.id] = ticket_version(ticket)
            if not self._in_scope(ticket, customers):
                listed.beyond.add(ticket.id)
            if ticket.spam or ticket.deleted:
                listed.flags[ticket.id] = SPAM if ticket.spam else DELETED
        return self._told(tickets, Kind.TICKET)

    def _told(self, listing: Listing[Any], kind: Kind) -> tuple[int | None, int]:
        return listing.told(), len(self.source.unread_rows(kind.value))

    # -- comparing -------------------------------------------------------------------------------------------------

    def _compared(self, kind: Kind, listed: _Listed) -> Iterator[Since]:
        for record in self.journal.each(kind):
            record_id = record.key.id
            if is_row(record):
                continue
            now = listed.versions.get(record_id)
            if now is None:
                if record.state is State.DONE and not self._known_gone(record) and not self._there(kind, record_id):
                    yield self._since(kind, record_id, VANISHED)
            elif record_id in listed.flags and record.state is State.DONE:
                if not self._known_gone(record):
                    yield self._since(kind, record_id, listed.flags[record_id])
            elif record.version is not None and self._counts(record) and not same_version(record.version, now):
                yield self._since(kind, record_id, CHANGED)
        for record_id in listed.versions:
            if record_id not in listed.beyond and self.journal.get(Key(kind, record_id)) is None:
                yield self._since(kind, record_id, APPEARED)

    def _counts(self, record: Record) -> bool:
        """Whether a change matters: of a record that was written, or that was left out for a flag it no longer has."""
        flagged = record.state is State.SKIPPED and record.key.kind is Kind.TICKET
        return flagged or (record.state is State.DONE and (record.finished or record.key.kind is Kind.CONTACT))

    def _known_gone(self, record: Record) -> bool:
        return (record.key.kind.value, record.key.id) in self.settled

    def _since(self, kind: Kind, record_id: str, what: str) -> Since:
        return Since(record_id if kind is Kind.TICKET else "", kind.value, record_id, what)

    def _there(self, kind: Kind, record_id: str) -> bool:
        """Whether a record that a complete list lacks can be read by its id; a digest names nobody."""
        if is_opaque(record_id):
            return False
        return still_there(self.source, self.outage, kind, record_id)

    # -- threads ---------------------------------------------------------------------------------------------------

    def _threads(self, listed: _Listed) -> tuple[int, list[Since]]:
        found: list[Since] = []
        threads = 0
        for record in self.journal.each(Kind.TICKET, State.DONE):
            now = listed.versions.get(record.key.id)
            if now is None or record.key.id in listed.flags or record.version is None:
                continue
            if not (self.threads_again or moved(record.version, now)):
                continue
            if self.stop.is_set():
                raise Stopped
            try:
                read = partial(self.source.desk.messages.list, record.key.id, resolve=False)
                # One message at a time: a body may be large, and its version is all that is compared.
                thread = self.outage.of_record(lambda read=read: dict(map(_version, read())))  # type: ignore[misc]
            except NotFound:
                continue
            threads += 1
            rows = thread_since(record.key.id, self.journal.children(record.key.id, Kind.MESSAGE), thread)
            found += [row for row in rows if (row.record, row.id) not in self.settled]
        return threads, found


def still_there(source: MigrationDesk, outage: Outage, kind: Kind, record_id: str) -> bool:
    """Whether the source answers a call for one record with a record that is not deleted."""
    desk = source.desk
    try:
        if kind is Kind.TICKET:
            return not outage.of_record(partial(desk.tickets.get, record_id)).deleted
        return not outage.of_record(partial(desk.contacts.get, record_id)).deleted
    except NotFound:
        return False


def _version(message: Message) -> tuple[str, str]:
    return message.id, message_version(message)


def thread_since(ticket_id: str, known: Iterable[Record], now: Mapping[str, str]) -> list[Since]:
    """Return what changed in a thread, whose messages have these versions now.

    A message whose id is made of its text is known by author and time once it was edited.
    """
    written = {record.key.id: record for record in known if not is_row(record)}
    vanished = [one for one in written.values() if one.key.id not in now and is_there(one)]
    appeared = [message_id for message_id in now if message_id not in written]
    rows = [
        Since(ticket_id, "message", message_id, CHANGED)
        for message_id, version in now.items()
        if message_id in written
        and written[message_id].version not in (None, version)
        and is_there(written[message_id])
    ]
    for record in vanished:
        edited = next((one for one in appeared if same_place(record.version, now[one])), None)
        if edited is not None:
            appeared.remove(edited)
        rows.append(Since(ticket_id, "message", record.key.id, VANISHED if edited is None else CHANGED))
    return rows + [Since(ticket_id, "message", one, APPEARED) for one in appeared]


def _text(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()
