"""The contract between desk and adapter: ``Adapter``, its facets, ``Vendor`` and ``DeskContext``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Any, BinaryIO, Final, Protocol

from attrs import Factory, field, frozen

from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.importing import Importer, Removal
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
from helpdesk_bridge.model.paging import Page, QuerySplit, T_co
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
from helpdesk_bridge.model.values import (
    Attachment,
    Person,
)
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
from helpdesk_bridge.text.decoding import Mending

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
class Finding:
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
        is adopted only if it is the requester's, says what ``draft`` says and, where the vendor tells how a ticket was
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
        """Record what a customer wrote elsewhere; never called where the capability is not declared."""


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


class Adapter(Protocol):
    """What ``Vendor.open`` returns. Facets that the vendor lacks are None."""

    @property
    @abstractmethod
    def account(self) -> str:
        """The account, as refs name it."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this desk can do, computed from its settings."""

    @property
    @abstractmethod
    def policy(self) -> RateLimitPolicy | None:
        """The vendor's rate limit; None without one."""

    @property
    @abstractmethod
    def transport(self) -> Stack | None:
        """The connection; None for an adapter without one."""

    @property
    @abstractmethod
    def tickets(self) -> TicketsAdapter:
        """The vendor's side of ``desk.tickets``."""

    @property
    @abstractmethod
    def contacts(self) -> ContactsAdapter:
        """The vendor's side of ``desk.contacts``."""

    @property
    @abstractmethod
    def messages(self) -> MessagesAdapter:
        """The vendor's side of ``desk.messages``."""

    @property
    @abstractmethod
    def agents(self) -> Lister[Agent] | None:
        """The list of agents."""

    @property
    @abstractmethod
    def groups(self) -> Lister[Group] | None:
        """The list of groups."""

    @property
    @abstractmethod
    def companies(self) -> Lister[Company] | None:
        """The list of companies."""

    @property
    @abstractmethod
    def tags(self) -> Lister[Tag] | None:
        """The list of tags."""

    @property
    @abstractmethod
    def custom_fields(self) -> Lister[FieldDefinition] | None:
        """The list of custom-field definitions."""

    @property
    @abstractmethod
    def attachments(self) -> AttachmentsAdapter | None:
        """Files of messages."""

    @property
    @abstractmethod
    def templates(self) -> Any | None:
        """Message templates."""

    @property
    @abstractmethod
    def webhooks(self) -> Any | None:
        """Inbound webhooks."""

    @property
    @abstractmethod
    def events(self) -> Any | None:
        """What happened since a point in time, if the vendor tells it."""

    @property
    @abstractmethod
    def importer(self) -> Importer | None:
        """Writes old records."""

    @property
    @abstractmethod
    def removal(self) -> Removal | None:
        """Removes records that this library made."""

    @property
    @abstractmethod
    def vendor_api(self) -> Any:
        """The vendor's own calls that have no common word."""

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account; a few reads at most."""

    @abstractmethod
    def close(self) -> None:
        """Give back sockets and files."""


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


@frozen(kw_only=True)
class Vendor:
    """One vendor: the value that the entry point names.

    ``policy``, ``capabilities`` and ``account`` are computed from the settings alone, offline. ``open`` and
    ``simulator`` are dotted names (``package.module:function``) that are imported on use. ``domains`` are the vendor's
    own: a secret goes to another host only where the user said so. ``example`` are made-up settings, by which what the
    vendor can do is told without an account. ``endpoints`` leads to a mapping of the simulator's routes ("GET /path")
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
