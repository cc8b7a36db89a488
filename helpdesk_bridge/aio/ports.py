"""The port with ``await``: every call of ``helpdesk_bridge.ports``, run in a thread of the desk's pool.

Written by ``python tests/aio/async_ports.py`` from the protocols; a test compares the two.
"""

# fmt: off

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar, Unpack, cast, overload

from helpdesk_bridge.adapter.contract import Finding
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.facets import StoringWebhooks, Template, Templates, Webhooks
from helpdesk_bridge.adapter.importing import (
    FidelityTable,
    Hazard,
    ImportCost,
    Imported,
    Importer,
    Marked,
    Opening,
    Removal,
    Step,
)
from helpdesk_bridge.adapter.knowledge_base import KnowledgeBase, KnowledgeTraits
from helpdesk_bridge.aio.base import AsyncDeskBase, AsyncPort
from helpdesk_bridge.aio.files import AsyncFile
from helpdesk_bridge.aio.listing import AsyncListing
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.keys import DeskKeys
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, MessageDraft, Sent, TicketChange, TicketDraft
from helpdesk_bridge.model.keywords import (
    ContactChanges,
    ContactFields,
    ContactFilters,
    MessageFields,
    TicketChanges,
    TicketFields,
    TicketFilters,
)
from helpdesk_bridge.model.knowledge import KnowledgeArticle, KnowledgeCategory, KnowledgeFolder
from helpdesk_bridge.model.paging import Events, Page
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Agent, Company, Contact, FieldDefinition, Group, Message, Tag, Ticket
from helpdesk_bridge.model.values import Actor, Attachment, Body, Named, Person, Ref, Upload, Visibility
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.ports import (
    Api_co,
    Attachments,
    ContactId,
    Contacts,
    Explanation,
    Lists,
    Messages,
    Missing,
    TicketId,
    Tickets,
)
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

T = TypeVar("T")


class AsyncTickets(AsyncPort[Tickets]):
    """Tickets of a desk. Every id parameter takes an id, a ref or the record; one of another account raises ``WrongDesk``.

    Drafts, changes and queries are given as values or as keywords: ``create(subject=…)``, ``list(status="open")``.
    """

    def list(self, query: TicketQuery | None=None, *, resolve: bool=True, **filters: Unpack[TicketFilters]) -> AsyncListing[Ticket]:
        """List tickets, by a query or by its filters as keywords; ``resolve=False`` spares the calls that fill in names and e-mails the vendor did not send."""
        return AsyncListing(self._calls, "tickets.list", lambda: self._port.list(query, resolve=resolve, **filters))

    async def get(self, id: TicketId) -> Ticket:
        """Return one ticket with everything loaded. Raises ``NotFound``."""
        return await self._calls.run("tickets.get", lambda: self._port.get(id))

    @overload
    async def create(self, draft: TicketDraft, *, idempotency_key: str | None=None) -> Ticket: ...
    @overload
    async def create(self, *, idempotency_key: str | None=None, **fields: Unpack[TicketFields]) -> Ticket: ...
    async def create(self, draft: TicketDraft | None=None, *, idempotency_key: str | None=None, **fields: Any) -> Ticket:
        """Create a ticket, from a draft or from its fields as keywords. With a key, a repeated call adopts what is there (``capabilities.idempotency``)."""
        return cast("Ticket", await self._calls.run("tickets.create", lambda: cast("Any", self._port).create(draft, idempotency_key=idempotency_key, **fields)))

    async def update(self, id: TicketId, change: TicketChange | None=None, **changes: Unpack[TicketChanges]) -> Ticket:
        """Change a ticket and return it as it is now."""
        return await self._calls.run("tickets.update", lambda: self._port.update(id, change, **changes))

    async def explain(self, query: TicketQuery | None=None, **filters: Unpack[TicketFilters]) -> Explanation:
        """Tell how a query would be answered, sending nothing."""
        return await self._calls.run("tickets.explain", lambda: self._port.explain(query, **filters))


class AsyncContacts(AsyncPort[Contacts]):
    """Customers of a desk."""

    def list(self, query: ContactQuery | None=None, **filters: Unpack[ContactFilters]) -> AsyncListing[Contact]:
        """List contacts."""
        return AsyncListing(self._calls, "contacts.list", lambda: self._port.list(query, **filters))

    async def explain(self, query: ContactQuery | None=None, **filters: Unpack[ContactFilters]) -> Explanation:
        """Tell how a query would be answered, sending nothing."""
        return await self._calls.run("contacts.explain", lambda: self._port.explain(query, **filters))

    async def get(self, id: ContactId) -> Contact:
        """Return one contact. Raises ``NotFound``."""
        return await self._calls.run("contacts.get", lambda: self._port.get(id))

    async def find(self, *, email: str | None=None, phone: str | None=None) -> Contact | None:
        """Return the contact with exactly this e-mail or phone, compared here again, or None."""
        return await self._calls.run("contacts.find", lambda: self._port.find(email=email, phone=phone))

    async def create(self, draft: ContactDraft | None=None, **fields: Unpack[ContactFields]) -> Contact:
        """Create a contact. Raises ``Conflict`` if the e-mail is taken."""
        return await self._calls.run("contacts.create", lambda: self._port.create(draft, **fields))

    async def update(self, id: ContactId, change: ContactChange | None=None, **changes: Unpack[ContactChanges]) -> Contact:
        """Change a contact."""
        return await self._calls.run("contacts.update", lambda: self._port.update(id, change, **changes))


class AsyncMessages(AsyncPort[Messages]):
    """Threads. ``reply`` reaches the customer; ``note`` never does. A text is a plain-text body."""

    def list(self, ticket_id: TicketId, *, visibility: Visibility | str | None=None, resolve: bool=True) -> AsyncListing[Message]:
        """Yield the whole thread, oldest first, the opening message first; ``resolve`` as in ``tickets.list``.

        With ``visibility="public"`` it yields what customers may read: a message that may be internal is left out.
        """
        return AsyncListing(self._calls, "messages.list", lambda: self._port.list(ticket_id, visibility=visibility, resolve=resolve))

    async def get(self, ticket_id: TicketId, id: str) -> Message:
        """Return one message of a ticket. Raises ``NotFound``, also for a message of another ticket."""
        return await self._calls.run("messages.get", lambda: self._port.get(ticket_id, id))

    async def reply(self, ticket_id: TicketId, draft: MessageDraft | Body | str | None=None, *, idempotency_key: str | None=None, **fields: Unpack[MessageFields]) -> Sent:
        """Answer the customer. Raises ``InDoubt`` if the answer was sent and its outcome is unknown."""
        return await self._calls.run("messages.reply", lambda: self._port.reply(ticket_id, draft, idempotency_key=idempotency_key, **fields))

    async def note(self, ticket_id: TicketId, draft: MessageDraft | Body | str | None=None, *, idempotency_key: str | None=None, **fields: Unpack[MessageFields]) -> Sent:
        """Add an internal note, which the customer never sees."""
        return await self._calls.run("messages.note", lambda: self._port.note(ticket_id, draft, idempotency_key=idempotency_key, **fields))

    async def add_from_contact(self, ticket_id: TicketId, draft: MessageDraft | Body | str, author: Person, *, idempotency_key: str | None=None, **fields: Unpack[MessageFields]) -> Sent:
        """Record what a customer wrote in the application's own portal."""
        return await self._calls.run("messages.add_from_contact", lambda: self._port.add_from_contact(ticket_id, draft, author, idempotency_key=idempotency_key, **fields))


class AsyncLists(AsyncPort[Lists[T]], Generic[T]):
    """A reference list of a desk: agents, groups, companies, tags or custom-field definitions."""

    async def list(self) -> Sequence[T]:
        """Return all entries as they are now."""
        return await self._calls.run(f"{self._name}.list", self._port.list)


class AsyncAttachments(AsyncPort[Attachments]):
    """Files of messages."""

    def open(self, attachment: Attachment | str, *, ticket: TicketId | None=None) -> AsyncFile:
        """Stream the bytes of a file, by the attachment or its ``ref``; a URL that expired is asked for again.

        With ``ticket``, a file of another ticket is ``NotFound``. Raises ``Invalid`` for a ref that this desk did not make,
        ``WrongDesk`` for another account's.
        """
        return AsyncFile(self._calls, "attachments.open", lambda: self._port.open(attachment, ticket=ticket))


class AsyncTemplates(AsyncPort[Templates]):
    """``desk.templates``: messages whose text the vendor has approved."""

    async def list(self) -> Sequence[Template]:
        """Return all templates as they are now."""
        return await self._calls.run("templates.list", self._port.list)

    async def send(self, template: int | str, to: str, *, language: int | str | None=None, parameters: Mapping[str, str] | None=None, attachment: Upload | None=None) -> Sent:
        """Send a template, by its id or name, to one number; it reaches the customer."""
        return await self._calls.run("templates.send", lambda: self._port.send(template, to, language=language, parameters=parameters, attachment=attachment))


class AsyncWebhooks(AsyncPort[Webhooks]):
    """``desk.webhooks`` of a vendor whose events only tell what happened: there is nothing to store."""

    @property
    def guarded(self) -> bool:
        """Whether a request without the desk's own token is refused."""
        return self._port.guarded

    async def parse(self, body: bytes, headers: Mapping[str, str], token: str | None) -> Sequence[Portable]:
        """Return the events of a request, storing nothing; each vendor has its own classes of events."""
        return await self._calls.run("webhooks.parse", lambda: self._port.parse(body, headers, token))


class AsyncStoringWebhooks(AsyncWebhooks):
    """``desk.webhooks`` of a vendor whose events are kept in an inbox."""

    async def prepare(self) -> None:
        """Open the inbox. Raises ``Unsupported`` if none is set."""
        return await self._calls.run("webhooks.prepare", cast("StoringWebhooks", self._port).prepare)

    async def receive(self, body: bytes, headers: Mapping[str, str], token: str | None) -> Sequence[Portable]:
        """Store the events of a request and return those that are new."""
        return await self._calls.run("webhooks.receive", lambda: cast("StoringWebhooks", self._port).receive(body, headers, token))


class AsyncImporter(AsyncPort[Importer]):
    """Writes old records in silence. Every call asks the vendor for silence and none is known to mail a customer."""

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """What the account's own automation may send while an import runs."""
        return self._port.hazards

    @property
    def settle(self) -> float:
        """Seconds (the vendor's) until the vendor's own reads show a write."""
        return self._port.settle

    @property
    def fidelity(self) -> FidelityTable:
        """What becomes of each field."""
        return self._port.fidelity

    @property
    def cost(self) -> ImportCost:
        """What an import costs in budget units."""
        return self._port.cost

    async def contact(self, old: Contact, marker: str) -> tuple[str, ...]:
        """Write a contact in one create; return its ids. Raises ``Conflict`` if its address is taken.

        ``contact_steps`` tells what else there is to be sent.
        """
        return await self._calls.run("importer.contact", lambda: self._port.contact(old, marker))

    async def contact_steps(self, contact_id: str, old: Contact, *, look: bool) -> tuple[Step, ...]:
        """Return the further calls that a contact takes whose create is done: none where one call writes all of it.

        Each sets values. They are sent when all tickets are written. ``look`` as in ``message_steps``.
        """
        return await self._calls.run("importer.contact_steps", lambda: self._port.contact_steps(contact_id, old, look=look))

    async def ticket(self, old: Ticket, opening: Opening, files: Sequence[Upload], marker: str) -> Imported:
        """Write a ticket with its opening message in one create; people, groups, statuses and fields are the destination's.

        So is an id that a person or a group has. One that the desk does not know must not be kept: it may be given to
        another person later.
        """
        return await self._calls.run("importer.ticket", lambda: self._port.ticket(old, opening, files, marker))

    async def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        """Write a later message; return its ids, several if it became several.

        An internal one is written where agents read it and customers do not: by itself, and never into the opening or
        another public message.
        """
        return await self._calls.run("importer.message", lambda: self._port.message(ticket_id, old, files))

    async def message_steps(self, ticket_id: str, ids: Sequence[str], old: Message, files: Sequence[Upload], *, look: bool) -> tuple[Step, ...]:
        """Return the further calls that a message takes, an opening too, whose create is done; ``ids`` are those it has.

        None where one call writes all of it, without a call. With ``look`` nothing is known of the time since the create: the
        destination is looked at, and only what is missing there is returned. Without, the create was sent a moment ago by
        this importer and nothing since.
        """
        return await self._calls.run("importer.message_steps", lambda: self._port.message_steps(ticket_id, ids, old, files, look=look))

    async def finish(self, ticket_id: str, old: Ticket) -> None:
        """Put the ticket into its final state: whatever the messages' writing may have changed."""
        return await self._calls.run("importer.finish", lambda: self._port.finish(ticket_id, old))

    async def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        """Return the ids of the ``ticket`` or ``contact`` that carry ``marker``.

        Only what was written since ``since`` (the vendor's clock) is looked at. ``old`` is the record as it was passed for
        writing: it bounds the search. Whoever asks compares what is found: a marker can be copied.
        """
        return await self._calls.run("importer.find", lambda: self._port.find(kind, marker, since, old))

    async def marked(self, cursor: str | None=None) -> Page[Marked]:
        """Return one page of all tickets with the markers that they carry; no call is made for a single ticket.

        Merged tickets and spam are among them, deleted ones are not. ``total`` is their number, if known.
        """
        return await self._calls.run("importer.marked", lambda: self._port.marked(cursor))

    async def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        """Return the last ``n`` messages of a thread, oldest first, as the vendor has them."""
        return await self._calls.run("importer.tail", lambda: self._port.tail(ticket_id, n))


class AsyncRemoval(AsyncPort[Removal]):
    """Removes records that this library made."""

    async def ticket(self, ticket_id: str) -> None:
        """Remove a ticket for good."""
        return await self._calls.run("removal.ticket", lambda: self._port.ticket(ticket_id))

    async def contact(self, contact_id: str) -> None:
        """Remove a contact for good."""
        return await self._calls.run("removal.contact", lambda: self._port.contact(contact_id))


class AsyncKnowledgeBase(AsyncPort[KnowledgeBase]):
    """``desk.knowledge_base``. Its creates are sent once: one whose outcome is unknown raises ``InDoubt``."""

    @property
    def traits(self) -> KnowledgeTraits:
        """What it keeps."""
        return self._port.traits

    async def categories(self) -> Sequence[KnowledgeCategory]:
        """Return the categories, as far as the vendor tells them."""
        return await self._calls.run("knowledge_base.categories", self._port.categories)

    async def folders(self, category_id: str) -> Sequence[KnowledgeFolder]:
        """Return the folders of a category, as far as the vendor tells them."""
        return await self._calls.run("knowledge_base.folders", lambda: self._port.folders(category_id))

    async def articles(self) -> Sequence[KnowledgeArticle]:
        """Return the articles, as far as the vendor lists them."""
        return await self._calls.run("knowledge_base.articles", self._port.articles)

    async def article(self, article_id: str) -> KnowledgeArticle:
        """Return an article. Raises ``NotFound``."""
        return await self._calls.run("knowledge_base.article", lambda: self._port.article(article_id))

    async def categories_named(self, name: str) -> Sequence[KnowledgeCategory]:
        """Return the categories of exactly this name, also those that no list tells."""
        return await self._calls.run("knowledge_base.categories_named", lambda: self._port.categories_named(name))

    async def folders_named(self, category_id: str, name: str) -> Sequence[KnowledgeFolder]:
        """Return the folders of a category of exactly this name, also those that no list tells."""
        return await self._calls.run("knowledge_base.folders_named", lambda: self._port.folders_named(category_id, name))

    async def articles_named(self, title: str) -> Sequence[KnowledgeArticle]:
        """Return the articles of exactly this title, also drafts."""
        return await self._calls.run("knowledge_base.articles_named", lambda: self._port.articles_named(title))

    async def create_category(self, category: KnowledgeCategory) -> str:
        """Create a category; return its id."""
        return await self._calls.run("knowledge_base.create_category", lambda: self._port.create_category(category))

    async def create_folder(self, folder: KnowledgeFolder) -> str:
        """Create a folder in the category that it names; return its id."""
        return await self._calls.run("knowledge_base.create_folder", lambda: self._port.create_folder(folder))

    async def create_article(self, article: KnowledgeArticle) -> str:
        """Create an article in its folders, never with more readers than it has; return its id."""
        return await self._calls.run("knowledge_base.create_article", lambda: self._port.create_article(article))

    async def finish(self, article_id: str, article: KnowledgeArticle) -> None:
        """Set what ``create_article`` could not, such as that nobody reads it. Setting it twice is no difference."""
        return await self._calls.run("knowledge_base.finish", lambda: self._port.finish(article_id, article))

    async def rewrite(self, article_id: str, html: str) -> None:
        """Give an article another text."""
        return await self._calls.run("knowledge_base.rewrite", lambda: self._port.rewrite(article_id, html))


class AsyncBudget(AsyncPort[Budget]):
    """What is left of a vendor's rate limit, live, as far as all know who share its state."""

    @property
    def limit(self) -> Coroutine[Any, Any, int]:
        """Units a window: the server's own figure once it told one, else the policy's."""
        return self._calls.run("budget.limit", lambda: self._port.limit)

    @property
    def remaining(self) -> Coroutine[Any, Any, int]:
        """Units that could be sent now; 0 while the vendor makes everybody wait."""
        return self._calls.run("budget.remaining", lambda: self._port.remaining)

    @property
    def resets_in(self) -> Coroutine[Any, Any, float | None]:
        """Vendor seconds until all of the limit is there again; None if nothing of it is spent."""
        return self._calls.run("budget.resets_in", lambda: self._port.resets_in)

    @property
    def place(self) -> Coroutine[Any, Any, str]:
        """Where its state lives, in words without any secret."""
        return self._calls.run("budget.place", lambda: self._port.place)

    @property
    def key(self) -> str:
        """The name of this budget: the vendor and a digest of whose it is."""
        return self._port.key

    @property
    def lost(self) -> Coroutine[Any, Any, bool]:
        """Whether that place cannot be used just now, so that this process has a share of the limit only."""
        return self._calls.run("budget.lost", lambda: self._port.lost)

    @property
    def holders(self) -> Coroutine[Any, Any, tuple[str, ...]]:
        """The other processes that spend it, as far as the place tells."""
        return self._calls.run("budget.holders", lambda: self._port.holders)

    async def forecast(self, units: int, rows: int=0) -> float:
        """Return the vendor seconds until that many more units can have been sent, after all who wait already.

        ``rows`` are the records that lists among them give, for vendors that count those too (Desk365: tickets).
        """
        return await self._calls.run("budget.forecast", lambda: self._port.forecast(units, rows))


class AsyncDirectory(AsyncPort[Directory]):
    """Asks each reference list once per ``ttl`` (vendor seconds) and each contact at most once while it is kept.

    Lists are loaded on first use, by one thread while the others wait. They are dropped by ``refresh()``, by our own
    writes to them and when a write that used them answers ``NotFound``. One of names that comes empty is asked for again,
    unless it was empty before: a proxy's empty answer would make all that it names unknown.
    """

    async def agents(self) -> tuple[Agent, ...]:
        """Return the agents."""
        return await self._calls.run("directory.agents", self._port.agents)

    async def groups(self) -> tuple[Group, ...]:
        """Return the groups."""
        return await self._calls.run("directory.groups", self._port.groups)

    async def tags(self) -> tuple[Tag, ...]:
        """Return the tags."""
        return await self._calls.run("directory.tags", self._port.tags)

    async def custom_fields(self) -> tuple[FieldDefinition, ...]:
        """Return the custom-field definitions."""
        return await self._calls.run("directory.custom_fields", self._port.custom_fields)

    async def agent(self, person: Person, field: str="assignee") -> Actor:
        """Return an agent with both halves, from an e-mail, an id or an actor.

        Raises ``Invalid`` if the list is complete and lacks the agent; if it is not complete, what was
        given is returned.
        """
        return await self._calls.run("directory.agent", lambda: self._port.agent(person, field))

    async def agent_of(self, actor: Actor) -> Actor:
        """Return ``actor`` with its missing half filled in, or as it is."""
        return await self._calls.run("directory.agent_of", lambda: self._port.agent_of(actor))

    async def group(self, named: Named, field: str="group") -> Ref:
        """Return a group with both halves, from a name, an id or a ref. Raises ``Invalid`` as ``agent`` does."""
        return await self._calls.run("directory.group", lambda: self._port.group(named, field))

    async def tag(self, name: str) -> Tag | None:
        """Return the tag of a name, compared as people compare words, or None."""
        return await self._calls.run("directory.tag", lambda: self._port.tag(name))

    async def field(self, name: str) -> FieldDefinition | None:
        """Return the definition of a custom field by its name or key, or None if the list lacks it."""
        return await self._calls.run("directory.field", lambda: self._port.field(name))


class AsyncDesk(AsyncDeskBase[Api_co], Generic[Api_co]):
    """One account at a vendor, used from asyncio: the same port as ``Helpdesk``, with ``await``.

    What never waits is a plain attribute; everything else is awaited, also ``await desk.account`` and
    ``await desk.budget.remaining``. Safe to share between tasks. It is an asynchronous context manager that closes it.
    """

    @property
    def name(self) -> str:
        return self.sync.name

    @property
    def vendor(self) -> str:
        return self.sync.vendor

    @property
    def title(self) -> str:
        return self.sync.title

    @property
    def account(self) -> Coroutine[Any, Any, str]:
        return self._calls.run("desk.account", lambda: self.sync.account)

    @property
    def tickets(self) -> AsyncTickets:
        return AsyncTickets(self._calls, self.sync.tickets)

    @property
    def contacts(self) -> AsyncContacts:
        return AsyncContacts(self._calls, self.sync.contacts)

    @property
    def messages(self) -> AsyncMessages:
        return AsyncMessages(self._calls, self.sync.messages)

    @property
    def capabilities(self) -> Capabilities:
        return self.sync.capabilities

    @property
    def clock(self) -> Clock:
        return self.sync.clock

    @property
    def subscription(self) -> str | None:
        return self.sync.subscription

    @property
    def rate_limit(self) -> RateLimitPolicy | None:
        return self.sync.rate_limit

    @property
    def budget(self) -> AsyncBudget | None:
        facet = self.sync.budget
        if facet is None:
            return facet
        return AsyncBudget(self._calls, facet)

    @property
    def directory(self) -> AsyncDirectory:
        return AsyncDirectory(self._calls, self.sync.directory)

    @property
    def keys(self) -> DeskKeys:
        return self.sync.keys

    @property
    def agents(self) -> AsyncLists[Agent] | Missing:
        facet = self.sync.agents
        if isinstance(facet, Missing):
            return facet
        return AsyncLists(self._calls, facet, "agents")

    @property
    def groups(self) -> AsyncLists[Group] | Missing:
        facet = self.sync.groups
        if isinstance(facet, Missing):
            return facet
        return AsyncLists(self._calls, facet, "groups")

    @property
    def companies(self) -> AsyncLists[Company] | Missing:
        facet = self.sync.companies
        if isinstance(facet, Missing):
            return facet
        return AsyncLists(self._calls, facet, "companies")

    @property
    def tags(self) -> AsyncLists[Tag] | Missing:
        facet = self.sync.tags
        if isinstance(facet, Missing):
            return facet
        return AsyncLists(self._calls, facet, "tags")

    @property
    def custom_fields(self) -> AsyncLists[FieldDefinition] | Missing:
        facet = self.sync.custom_fields
        if isinstance(facet, Missing):
            return facet
        return AsyncLists(self._calls, facet, "custom_fields")

    @property
    def attachments(self) -> AsyncAttachments | Missing:
        facet = self.sync.attachments
        if isinstance(facet, Missing):
            return facet
        return AsyncAttachments(self._calls, facet)

    @property
    def templates(self) -> AsyncTemplates | Missing:
        facet = self.sync.templates
        if isinstance(facet, Missing):
            return facet
        return AsyncTemplates(self._calls, facet)

    @property
    def webhooks(self) -> AsyncWebhooks | Missing:
        facet = self.sync.webhooks
        if isinstance(facet, Missing):
            return facet
        if isinstance(facet, StoringWebhooks):
            return AsyncStoringWebhooks(self._calls, facet)
        return AsyncWebhooks(self._calls, facet)

    @property
    def importer(self) -> AsyncImporter | Missing:
        facet = self.sync.importer
        if isinstance(facet, Missing):
            return facet
        return AsyncImporter(self._calls, facet)

    @property
    def removal(self) -> AsyncRemoval | Missing:
        facet = self.sync.removal
        if isinstance(facet, Missing):
            return facet
        return AsyncRemoval(self._calls, facet)

    @property
    def knowledge_base(self) -> AsyncKnowledgeBase | Missing:
        facet = self.sync.knowledge_base
        if isinstance(facet, Missing):
            return facet
        return AsyncKnowledgeBase(self._calls, facet)

    async def events(self, cursor: str | datetime | None=None, *, limit: int | None=None) -> Events:
        """Return what happened after the cursor of the last answer, and the cursor of the next.

        It begins at an aware datetime, or without a cursor a minute ago. The last state of each record comes once;
        several changes between two calls may be one event. ``limit`` bounds the threads that one call reads, and
        the answer's ``more`` says that some are left. Raises ``Invalid`` for a text that is no cursor, ``WrongDesk`` for
        another desk's.
        """
        return await self._calls.run("desk.events", lambda: self.sync.events(cursor, limit=limit))

    async def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account."""
        return await self._calls.run("desk.check", self.sync.check)

    async def refresh(self) -> None:
        """Forget what the directory keeps."""
        return await self._calls.run("desk.refresh", self.sync.refresh)
