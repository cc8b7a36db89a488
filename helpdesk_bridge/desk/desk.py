"""Joins the two sides once for all vendors: what users hold, and what an adapter writes.

Refusal by capabilities, aliases, refs, the client-side part of queries, repeated pages, filling in people from the
directory and naming errors are here and in no adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Self

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import (
    Adapter,
    FidelityTable,
    Finding,
    Hazard,
    HttpOptions,
    ImportCost,
    Imported,
    Importer,
    Marked,
    Opening,
    Page,
    RateLimitPolicy,
    Removal,
    Stack,
)
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.config.registry import load
from helpdesk_bridge.config.settings import DeskConfig
from helpdesk_bridge.desk.idempotency import note_once
from helpdesk_bridge.desk.listing import QueryListing
from helpdesk_bridge.desk.people import Filling
from helpdesk_bridge.desk.polling import Polling
from helpdesk_bridge.desk.refusals import check_contact, check_message, check_ticket_change, check_ticket_draft
from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound, Unsupported
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.keys import DeskKeys, api_key_of, credential_of
from helpdesk_bridge.model.addresses import Mailbox, addressed, phone_key
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, Sent, TicketChange, TicketDraft
from helpdesk_bridge.model.matching import contact_filters, contact_matches, sort_key, ticket_filters, ticket_matches
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import local_id
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import UNSET, Actor, Attachment, Person, Upload
from helpdesk_bridge.ports import (
    Agents,
    Attachments,
    Companies,
    CustomFields,
    Explanation,
    Groups,
    Missing,
    Tags,
)
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.text.decoding import Mending, judge


@frozen
class _Link:
    """What the ports of one desk share."""

    name: str
    vendor: str
    adapter: Adapter
    capabilities: Capabilities
    aliases: Aliases
    directory: Directory
    filling: Filling
    keys: DeskKeys

    @contextmanager
    def operation(self, operation: str, *, requires: bool = True) -> Iterator[None]:
        """Refuse what the desk cannot do, and tell errors where they happened."""
        try:
            if requires:
                self.capabilities.require(operation)
            yield
        except HelpdeskError as error:
            if isinstance(error, NotFound):
                self.directory.refresh()
            error.located(vendor=self.vendor, desk=self.name, operation=operation)
            raise

    def id(self, id_or_ref: str, kind: str) -> str:
        if not id_or_ref:
            raise Invalid(f"the id of a {kind} is empty", field="id")
        judge(id_or_ref, "id")
        return local_id(id_or_ref, vendor=self.vendor, account=self.adapter.account, kind=kind)

    def tokens(self, operation: str, *words: str) -> tuple[str, ...]:
        return self.keys.tokens(operation, self.adapter.account, *words)

    def person(self, person: Person) -> Person:
        judge(person, "person")
        if not isinstance(person, str):
            return addressed(person) if isinstance(person, Actor) else person
        box = Mailbox.of(person) if "@" in person else None
        if box is None or box.address == person:
            return self.id(person, "contact")
        return Actor.contact(name=box.name, email=box.address)


@frozen
class TicketsPort:
    """``desk.tickets``."""

    _link: _Link = field(repr=False)

    def list(self, query: TicketQuery | None = None, *, resolve: bool = True) -> QueryListing[Ticket]:
        """List tickets, lazily."""
        link = self._link
        native_query = link.aliases.query(query or TicketQuery())
        with link.operation("tickets.list"):
            split = link.adapter.tickets.split(native_query)
        people = resolve or native_query.requester is not None or native_query.assignee is not None

        def keep(ticket: Ticket) -> Ticket | None:
            filled = link.aliases.meaning(ticket)
            if people or native_query.groups is not None:
                filled = link.filling.ticket(filled)
            return link.aliases.ticket(filled) if ticket_matches(native_query, filled) else None

        return QueryListing(
            split=split,
            fetch=lambda cursor, size: link.adapter.tickets.page(split.native, cursor, size),
            keep=keep,
            key=lambda ticket: ticket.id,
            sort=lambda tickets: sorted(
                tickets, key=sort_key(native_query.order), reverse=native_query.order.descending
            ),
            limit=native_query.limit,
            located=lambda: link.operation("tickets.list"),
        )

    def get(self, id: str) -> Ticket:
        """Return one ticket with everything loaded."""
        with self._link.operation("tickets.get"):
            return self._seen(self._link.adapter.tickets.get(self._link.id(id, "ticket")))

    def create(self, draft: TicketDraft, *, idempotency_key: str | None = None) -> Ticket:
        """Create a ticket."""
        link = self._link
        with link.operation("tickets.create"):
            _refuse_key(link.capabilities, "tickets.create", idempotency_key)
            native = link.aliases.write(evolve(draft, requester=link.person(draft.requester)))
            native = check_ticket_draft(native, link.capabilities)
            if idempotency_key is None:
                return self._seen(link.adapter.tickets.create(native))
            token, *earlier = link.tokens("tickets.create", idempotency_key)
            known = {"earlier": tuple(earlier)} if earlier else {}
            return self._seen(link.adapter.tickets.create(native, token, **known))

    def update(self, id: str, change: TicketChange) -> Ticket:
        """Change a ticket."""
        link = self._link
        with link.operation("tickets.update"):
            ticket_id = link.id(id, "ticket")
            native = check_ticket_change(link.aliases.write(change), link.capabilities)
            return self._seen(link.adapter.tickets.update(ticket_id, native))

    def explain(self, query: TicketQuery) -> Explanation:
        """Tell how a query would be answered, sending nothing."""
        native_query = self._link.aliases.query(query)
        split = self._link.adapter.tickets.split(native_query)
        client_side = tuple(name for name in ticket_filters(native_query) if name not in split.fields)
        return Explanation(dict(split.described), client_side, not split.ordered, 0 if split.empty else 1)

    def _seen(self, ticket: Ticket) -> Ticket:
        return self._link.aliases.ticket(self._link.filling.ticket(self._link.aliases.meaning(ticket)))


@frozen
class ContactsPort:
    """``desk.contacts``."""

    _link: _Link = field(repr=False)

    def list(self, query: ContactQuery | None = None) -> QueryListing[Contact]:
        """List contacts, lazily."""
        link = self._link
        asked = query or ContactQuery()
        with link.operation("contacts.list"):
            split = link.adapter.contacts.split(asked)

        def keep(contact: Contact) -> Contact | None:
            link.directory.remember(contact)
            return link.aliases.contact(contact) if contact_matches(asked, contact) else None

        return QueryListing(
            split=split,
            fetch=lambda cursor, size: link.adapter.contacts.page(split.native, cursor, size),
            keep=keep,
            key=lambda contact: contact.id,
            sort=lambda contacts: sorted(contacts, key=sort_key(asked.order), reverse=asked.order.descending),
            limit=asked.limit,
            located=lambda: link.operation("contacts.list"),
        )

    def explain(self, query: ContactQuery) -> Explanation:
        """Tell how a query would be answered, sending nothing."""
        split = self._link.adapter.contacts.split(query)
        client_side = tuple(name for name in contact_filters(query) if name not in split.fields)
        return Explanation(dict(split.described), client_side, not split.ordered, 0 if split.empty else 1)

    def get(self, id: str) -> Contact:
        """Return one contact."""
        with self._link.operation("contacts.get"):
            return self._link.aliases.contact(self._link.adapter.contacts.get(self._link.id(id, "contact")))

    def find(self, *, email: str | None = None, phone: str | None = None) -> Contact | None:
        """Return the contact with exactly this e-mail or phone, or None."""
        link = self._link
        with link.operation("contacts.find"):
            if (email is None) == (phone is None):
                raise Invalid("find takes an email or a phone, one of the two", field="email")
            email = None if email is None else Mailbox.of(email).address
            asked = ContactQuery(email=email, phone=phone, include={"blocked", "deleted"})
            found = [one for one in link.adapter.contacts.find(email=email, phone=phone) if contact_matches(asked, one)]
            # A number that does not name its country may be found too; whose it is exactly comes first.
            wanted = "" if phone is None else phone_key(phone)
            found.sort(key=lambda one: (wanted not in ("", *map(phone_key, one.phones)), one.deleted, one.blocked))
            return link.aliases.contact(found[0]) if found else None

    def create(self, draft: ContactDraft) -> Contact:
        """Create a contact."""
        link = self._link
        with link.operation("contacts.create"):
            check_contact(draft, link.capabilities, "contacts.create")
            contact = link.adapter.contacts.create(_contact_out(_read_out(draft), link.aliases))
            link.directory.remember(contact)
            return link.aliases.contact(contact)

    def update(self, id: str, change: ContactChange) -> Contact:
        """Change a contact."""
        link = self._link
        with link.operation("contacts.update"):
            contact_id = link.id(id, "contact")
            check_contact(change, link.capabilities, "contacts.update")
            contact = link.adapter.contacts.update(contact_id, _contact_out(change, link.aliases))
            link.directory.remember(contact)
            return link.aliases.contact(contact)


def _read_out(draft: ContactDraft) -> ContactDraft:
    """Return a contact whose e-mails may be written as in a header with the addresses alone."""
    boxes = [Mailbox.of(one) for one in draft.emails if isinstance(one, str)]
    if len(boxes) != len(draft.emails):
        return draft
    beside = next((box.name for box in boxes if box.name is not None), UNSET)
    name = beside if draft.name is UNSET else draft.name
    return evolve(draft, emails=tuple(box.address for box in boxes), name=name)


def _contact_out(value: Any, aliases: Aliases) -> Any:
    if not value.custom_fields:
        return value
    return evolve(
        value, custom_fields={aliases.custom_fields.out(key): one for key, one in value.custom_fields.items()}
    )


@frozen
class MessagesPort:
    """``desk.messages``."""

    _link: _Link = field(repr=False)

    def list(self, ticket_id: str, *, resolve: bool = True) -> QueryListing[Message]:
        """Yield the whole thread, oldest first, the opening message first."""
        from helpdesk_bridge.adapter import QuerySplit

        link = self._link
        with link.operation("messages.list"):
            known_id = link.id(ticket_id, "ticket")
        return QueryListing(
            split=QuerySplit(known_id),
            fetch=lambda cursor, _: link.adapter.messages.page(known_id, cursor),
            keep=link.filling.message if resolve else lambda message: message,
            key=lambda message: message.id,
            sort=lambda messages: messages,
            located=lambda: link.operation("messages.list"),
        )

    def reply(self, ticket_id: str, draft: MessageDraft, *, idempotency_key: str | None = None) -> Sent:
        """Answer the customer."""
        link = self._link
        with link.operation("messages.reply"):
            _refuse_key(link.capabilities, "messages.reply", idempotency_key)
            return link.adapter.messages.reply(link.id(ticket_id, "ticket"), check_message(draft, link.capabilities))

    def note(self, ticket_id: str, draft: MessageDraft, *, idempotency_key: str | None = None) -> Sent:
        """Add an internal note."""
        link = self._link
        with link.operation("messages.note"):
            _refuse_key(link.capabilities, "messages.note", idempotency_key)
            known_id, checked = link.id(ticket_id, "ticket"), check_message(draft, link.capabilities)
            write = partial(link.adapter.messages.note, known_id)
            if idempotency_key is None:
                return write(checked)
            thread = self.list(known_id, resolve=False)
            tokens = link.tokens("messages.note", known_id, idempotency_key)
            return note_once(thread, write, checked, tokens, key=idempotency_key)

    def add_from_contact(
        self, ticket_id: str, draft: MessageDraft, author: Person, *, idempotency_key: str | None = None
    ) -> Sent:
        """Record what a customer wrote in the application's own portal."""
        link = self._link
        with link.operation("messages.add_from_contact"):
            _refuse_key(link.capabilities, "messages.add_from_contact", idempotency_key)
            known_id = link.id(ticket_id, "ticket")
            return link.adapter.messages.add_from_contact(
                known_id, check_message(draft, link.capabilities), link.person(author)
            )


def _refuse_key(capabilities: Capabilities, operation: str, key: str | None) -> None:
    if key is not None and operation not in capabilities.idempotency:
        raise Unsupported(
            f"{capabilities.vendor} has no place for an idempotency key on {operation}",
            capability=f"idempotency:{operation}",
        )


@frozen
class _ListPort:
    """``desk.agents`` and the other reference lists."""

    _link: _Link = field(repr=False)
    _name: str
    _lister: Any = field(repr=False)

    def list(self) -> Sequence[Any]:
        """Return all of them, as they are now."""
        with self._link.operation(f"{self._name}.list"):
            return tuple(self._lister.list())


@frozen
class _AttachmentsPort:
    """``desk.attachments``."""

    _link: _Link = field(repr=False)
    _adapter: Any = field(repr=False)

    def open(self, attachment: Attachment) -> AbstractContextManager[BinaryIO]:
        """Stream the bytes of a file."""
        with self._link.operation("attachments.open"):
            stream: AbstractContextManager[BinaryIO] = self._adapter.open(attachment)
            return stream


@frozen
class _ImporterPort:
    """The adapter's importer. No adapter gets to see an internal message as what a ticket is to be opened with."""

    _importer: Importer

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        return self._importer.hazards

    @property
    def settle(self) -> float:
        return self._importer.settle

    @property
    def fidelity(self) -> FidelityTable:
        return self._importer.fidelity

    @property
    def cost(self) -> ImportCost:
        return self._importer.cost

    def contact(self, old: Contact, marker: str) -> tuple[str, ...]:
        return self._importer.contact(old, marker)

    def ticket(self, old: Ticket, opening: Opening, files: Sequence[Upload], marker: str) -> Imported:
        return self._importer.ticket(old, Opening.of(opening), files, marker)

    def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        return self._importer.message(ticket_id, old, files)

    def finish(self, ticket_id: str, old: Ticket) -> None:
        self._importer.finish(ticket_id, old)

    def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        return self._importer.find(kind, marker, since, old)

    def marked(self, cursor: str | None = None) -> Page[Marked]:
        return self._importer.marked(cursor)

    def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        return self._importer.tail(ticket_id, n)


@frozen(eq=False)
class Desk:
    """One account at a vendor, as ``connect`` returns it; see ``ports.Helpdesk`` for the promises."""

    name: str
    vendor: str
    title: str
    capabilities: Capabilities
    clock: Clock
    aliases: Aliases
    tickets: TicketsPort
    contacts: ContactsPort
    messages: MessagesPort
    _adapter: Adapter = field(repr=False)
    _bus: EventBus = field(repr=False)
    _directory: Directory = field(repr=False)
    keys: DeskKeys = field(repr=False)
    _link: _Link = field(repr=False)
    _mending: Mending = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.title} {self.account})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def account(self) -> str:
        """The account, as refs name it."""
        return self._adapter.account

    @property
    def rate_limit(self) -> RateLimitPolicy | None:
        """The policy that the governor keeps, None where there is none (local)."""
        return self._adapter.policy

    @property
    def transport(self) -> Stack | None:
        """The connection, for its statistics; None where there is none (local)."""
        return self._adapter.transport

    @property
    def budget(self) -> Budget | None:
        """The live budget, shared by all who spend it; None where there is none (local)."""
        return self._adapter.transport.budget if self._adapter.transport is not None else None

    @property
    def mended(self) -> Mapping[str, int]:
        """How much of what this desk said so far no text can hold, by kind; U+FFFD stands in its place."""
        return self._mending.counts

    @property
    def directory(self) -> Directory:
        """What this desk keeps of agents, groups, tags, fields and contacts."""
        return self._directory

    def _facet(self, name: str) -> Any:
        adapter = getattr(self._adapter, name)
        if adapter is None or not self.capabilities.supports(name):
            return Missing(name, self.title, self.capabilities.notes.get(name))
        return adapter

    def _list_facet(self, name: str) -> Any:
        facet = self._facet(name)
        return _ListPort(self._link, name, facet) if facet else facet

    @property
    def agents(self) -> Agents | Missing:
        """Agents, or ``Missing``."""
        facet: Agents | Missing = self._list_facet("agents")
        return facet

    @property
    def groups(self) -> Groups | Missing:
        """Groups, or ``Missing``."""
        facet: Groups | Missing = self._list_facet("groups")
        return facet

    @property
    def companies(self) -> Companies | Missing:
        """Companies, or ``Missing``."""
        facet: Companies | Missing = self._list_facet("companies")
        return facet

    @property
    def tags(self) -> Tags | Missing:
        """Tags, or ``Missing``."""
        facet: Tags | Missing = self._list_facet("tags")
        return facet

    @property
    def custom_fields(self) -> CustomFields | Missing:
        """Custom-field definitions, or ``Missing``."""
        facet: CustomFields | Missing = self._list_facet("custom_fields")
        return facet

    @property
    def attachments(self) -> Attachments | Missing:
        """Files, or ``Missing``."""
        facet = self._facet("attachments")
        port: Attachments | Missing = _AttachmentsPort(self._link, facet) if facet else facet
        return port

    @property
    def templates(self) -> Any:
        """Message templates, or ``Missing``."""
        return self._facet("templates")

    @property
    def webhooks(self) -> Any:
        """Inbound webhooks, or ``Missing``."""
        return self._facet("webhooks")

    @property
    def importer(self) -> Importer | Missing:
        """The importer, or ``Missing``."""
        facet = self._facet("importer")
        port: Importer | Missing = _ImporterPort(facet) if facet else facet
        return port

    @property
    def removal(self) -> Removal | Missing:
        """Removal, or ``Missing``."""
        facet: Removal | Missing = self._facet("removal")
        return facet

    @property
    def vendor_api(self) -> Any:
        """The vendor's own calls that have no common word."""
        return self._adapter.vendor_api

    def events(self, since: datetime) -> Sequence[Any]:
        """Return what happened since then, by polling; ``helpdesk_bridge.desk.polling`` says what that costs and misses."""
        with self._link.operation("events"):
            events = self._adapter.events or Polling(self.tickets, self.messages)
            found: Sequence[Any] = events.since(since)
            return found

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Call ``callback`` with the typed events of the transport; the result ends that."""
        return self._bus.subscribe(callback)

    def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account."""
        with self._link.operation("check", requires=False):
            return self._adapter.check()

    def refresh(self) -> None:
        """Forget what the directory keeps."""
        self._directory.refresh()

    def close(self) -> None:
        """Give back sockets and files."""
        self._adapter.close()


def open_config(config: DeskConfig, *, clock: Clock | None = None) -> Desk:
    """Open a desk from its configuration. No I/O happens here."""
    from helpdesk_bridge.adapter import DeskContext

    common, vendor = config.common, config.vendor
    used_clock = clock or SystemClock(common.time_scale)
    directory = Directory(used_clock, common.directory_ttl)
    bus = EventBus()
    context = DeskContext(
        desk=config.name,
        vendor=vendor.name,
        clock=used_clock,
        events=bus,
        options=HttpOptions(
            timeout=common.timeout,
            max_wait=common.max_wait,
            reserve=common.reserve,
            budget=common.budget,
            time_scale=common.time_scale,
            proxies=None if common.proxy is None else {"http": common.proxy, "https": common.proxy},
            ca_bundle=common.ca_bundle,
            client_certificate=common.client_certificate,
            trust_environment=common.trust_environment,
        ),
        directory=directory,
        base_url=common.base_url,
        region=common.region,
        keep_raw=common.keep_raw,
        rate_limit=common.rate_limit,
        marker_field=config.aliases.custom_fields.entries.get("migration_marker"),
    )
    adapter: Adapter = load(vendor.open)(config.settings, context)
    own: Callable[[], Secret] | None = getattr(adapter, "credential", None)
    keys = DeskKeys(own or (lambda: credential_of(config.settings)), common.previous_api_key)
    capabilities = _with_aliases(adapter.capabilities, config.aliases)
    if own is None and api_key_of(config.settings) is None:
        # People change passwords as they please: a key that is derived from one finds nothing afterwards.
        capabilities = evolve(capabilities, idempotency=frozenset())
    filling = Filling(directory)
    link = _Link(config.name, vendor.name, adapter, capabilities, config.aliases, directory, filling, keys)
    return Desk(
        config.name,
        vendor.name,
        vendor.title,
        capabilities,
        used_clock,
        config.aliases,
        TicketsPort(link),
        ContactsPort(link),
        MessagesPort(link),
        adapter,
        bus,
        directory,
        keys,
        link,
        context.mending,
    )


def _with_aliases(capabilities: Capabilities, aliases: Aliases) -> Capabilities:
    statuses = dict(capabilities.statuses)
    for ours, theirs in aliases.statuses.entries.items():
        meaning = aliases.status_meanings.get(theirs.casefold())
        if meaning is not None and (meaning not in statuses or meaning.value == ours):
            statuses[meaning] = theirs
    return evolve(capabilities, statuses=statuses)


__all__ = ["ContactsPort", "Desk", "MessagesPort", "Page", "TicketsPort", "open_config"]
