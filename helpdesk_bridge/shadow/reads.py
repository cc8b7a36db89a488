"""Shadow reads: the ports of a desk whose answers are compared with another desk's, after the caller has them.

Writes go through untouched, to the one desk. A read's exception reaches the caller as ever and is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final, Generic, TypeVar, Unpack

from attrs import evolve, field, frozen

from helpdesk_bridge.desk.link import DeskLink
from helpdesk_bridge.errors import Unsupported
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, Sent, TicketChange, TicketDraft
from helpdesk_bridge.model.keywords import (
    ContactChanges,
    ContactFields,
    ContactFilters,
    MessageFields,
    TicketChanges,
    TicketFilters,
    query_of,
)
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import format_ref, parse_ref
from helpdesk_bridge.model.shadow import ShadowOutcome
from helpdesk_bridge.model.values import Body, Person, Visibility
from helpdesk_bridge.ports import ContactId, Contacts, Explanation, Helpdesk, Listing, Messages, TicketId, Tickets
from helpdesk_bridge.shadow.comparison import Comparison
from helpdesk_bridge.shadow.counts import Compared
from helpdesk_bridge.shadow.worker import ShadowWorker

R = TypeVar("R", Ticket, Contact)
T = TypeVar("T")

MOST: Final = 100
"""Lists of more records are not compared: the other desk's budget is for other things."""
RECORDS: Final = "records of the list"


@frozen
class Watch:
    """Which reads are compared, and with what."""

    _here: DeskLink
    _other: Helpdesk
    _there: DeskLink
    _share: float
    _worker: ShadowWorker
    _random: Random = field(factory=Random)

    @property
    def other(self) -> Helpdesk:
        """The desk that answers are compared with."""
        return self._other

    def submit(self, operation: str, compare: Callable[[], tuple[str, ...]], record: str = "") -> None:
        """Compare a share of the reads, later: ``compare`` returns the fields that differ."""
        if self._random.random() >= self._share:
            return

        def job() -> Compared:
            different = compare()
            outcome = ShadowOutcome.DIFFERENT if different else ShadowOutcome.SAME
            return Compared(operation, outcome, different, record=record)

        self._worker.submit(operation, job)

    def comparison(self) -> Comparison:
        """Return what both desks keep, as their importers declare it; one without an importer is taken to keep everything."""
        importers = (self._here.adapter.importer, self._there.adapter.importer)
        return Comparison(tuple(importer.fidelity for importer in importers if importer is not None))

    def ref(self, id: Any, kind: str) -> str:
        """Return the ref here of whatever a caller gave as an id."""
        return format_ref(self._here.vendor, self._here.adapter.account, kind, self._here.id(id, kind))

    def twin(self, ref: str) -> str:
        """Return the other desk's id of a record. Raises ``NotFound`` if it was not moved, ``Unsupported`` if nobody knows."""
        known = parse_ref(ref)
        if self._there.moved is not None:
            return self._there.moved(known).id
        if self._here.moved is not None:
            return self._here.moved.back(known).id
        raise Unsupported(
            f'nothing says which record of {self._there.name} this is; give the desk that was moved into previous = "…", '
            "the journal of the migration",
            capability="shadow",
        )


def _capped(listing: Listing[T]) -> tuple[T, ...]:
    found = []
    for record in listing:
        found.append(record)
        if len(found) > MOST:
            break
    return tuple(found)


@frozen(repr=False)
class ShadowListing(Listing[T], Generic[T]):
    """A listing that is compared once it was read to its end."""

    _listing: Listing[T]
    _compare: Callable[[tuple[T, ...]], None]

    def __iter__(self) -> Iterator[T]:
        seen: list[T] = []
        for record in self._listing:
            if len(seen) <= MOST:
                seen.append(record)
            yield record
        if len(seen) <= MOST:
            self._compare(tuple(seen))

    def page(self, cursor: str | None = None, size: int | None = None) -> Page[T]:
        """Return one page, which is not compared: where pages end differs from vendor to vendor."""
        return self._listing.page(cursor, size)

    def count(self) -> int | None:
        """Return how many records match."""
        return self._listing.count()

    def told(self) -> int | None:
        """Return how many records the vendor said there are."""
        return self._listing.told()

    def first(self) -> T | None:
        """Return the first record, which is not compared: others may share its place."""
        return self._listing.first()


def _members(
    watch: Watch,
    ours: tuple[R, ...],
    theirs: tuple[R, ...],
    limit: int | None,
    differences: Callable[[R, R], tuple[str, ...]],
) -> tuple[str, ...]:
    """Return what differs between two lists: the fields of records in both, and whether one has other records."""
    by_id = {record.id: record for record in theirs}
    different: dict[str, None] = {}
    cut = limit is not None and limit in (len(ours), len(theirs))
    for record in ours:
        twin = by_id.pop(watch.twin(record.ref or watch.ref(record.id, _kind(record))), None)
        if twin is not None:
            different.update(dict.fromkeys(differences(record, twin)))
        elif not cut:
            different[RECORDS] = None
    if by_id and not cut:
        different[RECORDS] = None
    return tuple(different)


def _kind(record: Ticket | Contact) -> str:
    return "ticket" if isinstance(record, Ticket) else "contact"


def _wanted(query: TicketQuery | ContactQuery) -> Any:
    return evolve(query, limit=min(query.limit or MOST + 1, MOST + 1))


@frozen(repr=False)
class ShadowTickets(Tickets):
    """``desk.tickets`` with compared reads."""

    _port: Tickets
    _watch: Watch

    def list(
        self, query: TicketQuery | None = None, *, resolve: bool = True, **filters: Unpack[TicketFilters]
    ) -> Listing[Ticket]:
        """List tickets; a list that is read to its end is compared."""
        asked = query_of(TicketQuery, query, filters)
        watch = self._watch

        def compare(ours: tuple[Ticket, ...]) -> None:
            def different() -> tuple[str, ...]:
                theirs = _capped(watch.other.tickets.list(_wanted(asked)))
                return _members(watch, ours, theirs, asked.limit, watch.comparison().tickets)

            watch.submit("tickets.list", different)

        return ShadowListing(self._port.list(asked, resolve=resolve), compare if resolve else _nothing)

    def get(self, id: TicketId) -> Ticket:
        """Return one ticket, compared."""
        ticket, watch = self._port.get(id), self._watch
        ref = ticket.ref or watch.ref(ticket.id, "ticket")

        def different() -> tuple[str, ...]:
            return watch.comparison().tickets(ticket, watch.other.tickets.get(watch.twin(ref)))

        watch.submit("tickets.get", different, ref)
        return ticket

    def create(self, draft: TicketDraft | None = None, *, idempotency_key: str | None = None, **fields: Any) -> Ticket:
        """Create a ticket, at the one desk."""
        return self._port.create(draft, idempotency_key=idempotency_key, **fields)  # type: ignore[arg-type]  # both forms

    def update(self, id: TicketId, change: TicketChange | None = None, **changes: Unpack[TicketChanges]) -> Ticket:
        """Change a ticket, at the one desk."""
        return self._port.update(id, change, **changes)

    def explain(self, query: TicketQuery | None = None, **filters: Unpack[TicketFilters]) -> Explanation:
        """Tell how a query would be answered."""
        return self._port.explain(query, **filters)


@frozen(repr=False)
class ShadowContacts(Contacts):
    """``desk.contacts`` with compared reads."""

    _port: Contacts
    _watch: Watch

    def list(self, query: ContactQuery | None = None, **filters: Unpack[ContactFilters]) -> Listing[Contact]:
        """List contacts; a list that is read to its end is compared."""
        asked = query_of(ContactQuery, query, filters)
        watch = self._watch

        def compare(ours: tuple[Contact, ...]) -> None:
            def different() -> tuple[str, ...]:
                theirs = _capped(watch.other.contacts.list(_wanted(asked)))
                return _members(watch, ours, theirs, asked.limit, watch.comparison().contacts)

            watch.submit("contacts.list", different)

        return ShadowListing(self._port.list(asked), compare)

    def get(self, id: ContactId) -> Contact:
        """Return one contact, compared."""
        contact, watch = self._port.get(id), self._watch
        ref = contact.ref or watch.ref(contact.id, "contact")

        def different() -> tuple[str, ...]:
            return watch.comparison().contacts(contact, watch.other.contacts.get(watch.twin(ref)))

        watch.submit("contacts.get", different, ref)
        return contact

    def find(self, *, email: str | None = None, phone: str | None = None) -> Contact | None:
        """Return the contact with exactly this e-mail or phone, compared."""
        contact, watch = self._port.find(email=email, phone=phone), self._watch

        def different() -> tuple[str, ...]:
            twin = watch.other.contacts.find(email=email, phone=phone)
            if contact is None or twin is None:
                return () if contact is twin else ("contact",)
            return watch.comparison().contacts(contact, twin)

        watch.submit("contacts.find", different, "" if contact is None else contact.ref or "")
        return contact

    def create(self, draft: ContactDraft | None = None, **fields: Unpack[ContactFields]) -> Contact:
        """Create a contact, at the one desk."""
        return self._port.create(draft, **fields)

    def update(self, id: ContactId, change: ContactChange | None = None, **changes: Unpack[ContactChanges]) -> Contact:
        """Change a contact, at the one desk."""
        return self._port.update(id, change, **changes)

    def explain(self, query: ContactQuery | None = None, **filters: Unpack[ContactFilters]) -> Explanation:
        """Tell how a query would be answered."""
        return self._port.explain(query, **filters)


@frozen(repr=False)
class ShadowMessages(Messages):
    """``desk.messages`` with compared reads."""

    _port: Messages
    _watch: Watch

    def list(
        self, ticket_id: TicketId, *, visibility: Visibility | str | None = None, resolve: bool = True
    ) -> Listing[Message]:
        """Yield the thread; a thread that is read to its end is compared."""
        watch = self._watch
        thread, ref = self._port.list(ticket_id, visibility=visibility, resolve=resolve), watch.ref(ticket_id, "ticket")

        def compare(ours: tuple[Message, ...]) -> None:
            def different() -> tuple[str, ...]:
                theirs = _capped(watch.other.messages.list(watch.twin(ref), visibility=visibility))
                return watch.comparison().threads(ours, theirs)

            watch.submit("messages.list", different, ref)

        return ShadowListing(thread, compare if resolve else _nothing)

    def get(self, ticket_id: TicketId, id: str) -> Message:
        """Return one message, which is not compared: the whole thread would have to be read."""
        return self._port.get(ticket_id, id)

    def reply(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Answer the customer, at the one desk."""
        return self._port.reply(ticket_id, draft, idempotency_key=idempotency_key, **fields)

    def note(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Add an internal note, at the one desk."""
        return self._port.note(ticket_id, draft, idempotency_key=idempotency_key, **fields)

    def add_from_contact(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str,
        author: Person,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Record what a customer wrote, at the one desk."""
        return self._port.add_from_contact(ticket_id, draft, author, idempotency_key=idempotency_key, **fields)


def _nothing(_: object) -> None:
    """Compare nothing: the caller spared the names that the comparison needs."""
