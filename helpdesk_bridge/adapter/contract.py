"""The contract between desk and adapter: ``Adapter``, its facets, ``Vendor`` and ``DeskContext``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import Enum
from typing import Any, BinaryIO, Final, Generic, Protocol, runtime_checkable

from attrs import Factory, field, frozen
from typing_extensions import TypeVar

from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.facets import Templates, Webhooks
from helpdesk_bridge.adapter.importing import Importer, Removal
from helpdesk_bridge.adapter.knowledge_base import KnowledgeBase
from helpdesk_bridge.adapter.odd_values import OddValues
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.http.stack import Stack
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import (
    ContactChange,
    ContactDraft,
    MessageDraft,
    Sent,
    TicketChange,
    TicketDraft,
)
from helpdesk_bridge.model.paging import Page, QuerySplit, RecordEvent, T_co
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import (
    Agent,
    Company,
    Contact,
    FieldDefinition,
    Group,
    Message,
    Tag,
    Ticket,
)
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import (
    Attachment,
    Person,
)
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
from helpdesk_bridge.text.decoding import Mending

Api_co = TypeVar("Api_co", covariant=True, default=object)
"""The class of ``desk.vendor_api``."""

API_VERSION: Final = 1
"""The version of this contract, which an adapter package is written for."""
OLDEST_API_VERSION: Final = 1
"""The oldest version whose adapters run with this one."""


class Severity(Enum):
    """How much a finding of ``check`` matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@frozen
class Finding(Portable):
    """One line of ``desk.check()``."""

    severity: Severity
    subject: str
    detail: str


class TicketsAdapter(Protocol):
    """The vendor's side of ``desk.tickets``."""

    @abstractmethod
    def split(self, query: TicketQuery) -> QuerySplit:
        """Divide a query; no I/O but the directory."""

    @abstractmethod
    def page(self, native: Any, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return one page; a first page has no cursor.

        Over all pages, each record that existed throughout comes at least once although records come and go meanwhile;
        the desk removes repeats.
        """

    @abstractmethod
    def get(self, ticket_id: str) -> Ticket:
        """Return one ticket with everything loaded."""

    @abstractmethod
    def create(self, draft: TicketDraft, marker: str | None = None, earlier: Sequence[str] = ()) -> Ticket:
        """Create a ticket. With ``marker``, one that carries it already is returned and nothing is written.

        Where ``earlier`` is given, the ticket may carry one of these instead: the desk's key was another then. A ticket
        is adopted only if it is the requester's, says what ``draft`` says and, if the vendor says how a ticket was
        made, was made through the API: customers see markers in mails and can copy them into others.
        """

    @abstractmethod
    def update(self, ticket_id: str, change: TicketChange) -> Ticket:
        """Change a ticket."""


class ContactsAdapter(Protocol):
    """The vendor's side of ``desk.contacts``."""

    @abstractmethod
    def split(self, query: ContactQuery) -> QuerySplit:
        """Divide a query."""

    @abstractmethod
    def page(self, native: Any, cursor: str | None, size: int | None = None) -> Page[Contact]:
        """Return one page."""

    @abstractmethod
    def get(self, contact_id: str) -> Contact:
        """Return one contact."""

    @abstractmethod
    def find(self, *, email: str | None, phone: str | None) -> Sequence[Contact]:
        """Return candidates for an e-mail or a phone; the desk compares them again."""

    @abstractmethod
    def create(self, draft: ContactDraft) -> Contact:
        """Create a contact."""

    @abstractmethod
    def update(self, contact_id: str, change: ContactChange) -> Contact:
        """Change a contact."""


class MessagesAdapter(Protocol):
    """The vendor's side of ``desk.messages``."""

    @abstractmethod
    def page(self, ticket_id: str, cursor: str | None) -> Page[Message]:
        """Return a page of the whole thread, oldest first, the opening first."""

    @abstractmethod
    def reply(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Answer the customer."""

    @abstractmethod
    def note(self, ticket_id: str, draft: MessageDraft) -> Sent:
        """Add an internal note."""

    @abstractmethod
    def add_from_contact(self, ticket_id: str, draft: MessageDraft, author: Person) -> Sent:
        """Record what a customer wrote elsewhere; never called unless the capability is declared."""


class Lister(Protocol[T_co]):
    """A reference list: agents, groups, companies, tags, custom-field definitions."""

    @abstractmethod
    def list(self) -> Iterable[T_co]:
        """Return all of them, as many calls as that takes."""


class AttachmentsAdapter(Protocol):
    """The vendor's side of ``desk.attachments``."""

    @abstractmethod
    def open(self, attachment: Attachment) -> AbstractContextManager[BinaryIO]:
        """Stream a file's bytes."""


@runtime_checkable
class ReferringAttachments(AttachmentsAdapter, Protocol):
    """An adapter that finds a file again without its thread."""

    @abstractmethod
    def reference(self, attachment: Attachment) -> str | None:
        """Return what leads back to a file, without an address of the vendor's or a secret; None if only its thread does."""

    @abstractmethod
    def referred(self, reference: str, ticket_id: str) -> Attachment:
        """Return a file of a ticket as ``open`` takes it, from a reference that this adapter made; no call is made."""


@frozen
class EventsRead:
    """What ``EventsAdapter.after`` read: events, oldest first, and the ``position`` behind them, of plain JSON values."""

    items: tuple[RecordEvent, ...]
    position: Mapping[str, Any]
    more: bool = False


class EventsAdapter(Protocol):
    """The vendor's side of ``desk.events``, for one that tells more than its lists do."""

    @abstractmethod
    def begin(self, since: datetime | None) -> Mapping[str, Any]:
        """Return the position before all that was written since then; None is a little before now."""

    @abstractmethod
    def after(self, position: Mapping[str, Any], limit: int | None) -> EventsRead:
        """Return what happened after a position, once over all positions. Raises ``Invalid`` for one that is none.

        ``limit`` bounds what is read in one call beyond the lists of what changed.
        """


@frozen(kw_only=True, eq=False)
class Adapter(ABC):
    """What ``Vendor.open`` returns: one account at a vendor. The class of an adapter inherits this one.

    ``account`` is the account as refs name it; a function is called on the first use, if the name can only be read.
    ``capabilities`` declares what the adapter has. The other fields are the vendor's side of what a desk has under the
    same name. A facet that a vendor lacks keeps its default, None, and every facet that a later version adds has that
    default too, so that adapters of today stay complete. ``events=None`` has the desk poll. ``own_key`` gives the key
    that markers and idempotency keys are signed by, on first use; None takes the API key of the settings.
    """

    _account: str | Callable[[], str] = field(alias="account")
    capabilities: Capabilities
    tickets: TicketsAdapter
    messages: MessagesAdapter
    contacts: ContactsAdapter | None = None
    policy: RateLimitPolicy | None = None
    transport: Stack | None = field(default=None, repr=False)
    agents: Lister[Agent] | None = None
    groups: Lister[Group] | None = None
    companies: Lister[Company] | None = None
    tags: Lister[Tag] | None = None
    custom_fields: Lister[FieldDefinition] | None = None
    attachments: AttachmentsAdapter | None = None
    templates: Templates | None = None
    webhooks: Webhooks | None = None
    events: EventsAdapter | None = None
    importer: Importer | None = None
    removal: Removal | None = None
    knowledge_base: KnowledgeBase | None = None
    vendor_api: object = None
    own_key: Callable[[], Secret] | None = field(default=None, repr=False)

    @property
    def account(self) -> str:
        """The account, as refs name it."""
        return self._account if isinstance(self._account, str) else self._account()

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account; a few reads at most."""

    def close(self) -> None:
        """Give back sockets and files; by default, those of the transport."""
        if self.transport is not None:
            self.transport.close()


@frozen(kw_only=True)
class DeskContext:
    """What the core hands to an adapter when a desk is opened. Nothing here has done any I/O yet."""

    desk: str
    vendor: str
    clock: Clock
    events: EventBus
    options: HttpOptions
    directory: Directory
    base_url: str | None = None
    region: str | None = None
    keep_raw: bool = False
    rate_limit: int | None = None
    marker_field: str | None = None
    mending: Mending = field(
        default=Factory(lambda self: Mending(self.vendor, self.desk, self.events.publish), takes_self=True)
    )
    odd: OddValues = field(
        default=Factory(lambda self: OddValues(self.vendor, self.desk, self.events.publish), takes_self=True)
    )


@frozen(kw_only=True)
class Vendor(Generic[Api_co]):
    """One vendor: the value that the entry point names.

    ``policy``, ``capabilities`` and ``account`` are computed from the settings alone, offline. ``open`` and
    ``simulator`` are dotted names (``package.module:function``) that are imported on use. ``domains`` are the vendor's
    own: a secret goes to another host only if the user agreed. ``example`` are made-up settings, from which the
    vendor's abilities can be shown without an account. ``endpoints`` leads to a mapping of the simulator's routes ("GET /path")
    to the library's calls ("desk.tickets.list"), or to "out of scope: …", for the page in the docs.
    """

    name: str
    title: str
    settings: type[Any]
    account: Callable[[Any], str]
    policy: Callable[[Any], RateLimitPolicy | None]
    capabilities: Callable[[Any], Capabilities]
    open: str
    simulator: str | None = None
    endpoints: str | None = None
    domains: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(factory=dict)
    api_version: int = API_VERSION
