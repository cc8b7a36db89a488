"""What an adapter writes, and all that it needs from the core. Public and versioned.

An adapter package registers one ``Vendor`` value under the entry-point group ``helpdesk_bridge.adapters``. Its ``open``
takes the vendor's settings and a ``DeskContext`` and returns an ``Adapter``: ``split(query)``, ``page(native, cursor)``
and one method a vendor operation. ``desk.py`` joins it to the port once for all vendors: refusal by capabilities,
the client-side part of a query, repeats, loop guard, aliases, the directory.

Adapters get values with the vendor's own names (aliases are already translated), people as the caller gave them
(an e-mail, an id or an ``Actor``) and resolve those through ``context.directory``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Generic, Protocol, TypeVar

from attrs import Factory, evolve, field, fields, frozen

from helpdesk_bridge.adapter.digests import body_digest, file_digest, synthetic_ids
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.header_line import HeaderLine, split_header, split_marker, with_header, with_marker
from helpdesk_bridge.adapter.wire import Converter, Wire, WireTypeError
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    ConfigError,
    Conflict,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
    Unsupported,
    WrongDesk,
)
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.http.origin import vendor_origin
from helpdesk_bridge.http.request import Answer, Auth, Effect, Part, Request, Response
from helpdesk_bridge.http.stack import Stack, open_transport
from helpdesk_bridge.model.addresses import (
    Mailbox,
    email_key,
    email_spellings,
    is_email,
    phone_digits,
    phone_key,
    phone_of,
    same_phone,
)
from helpdesk_bridge.model.capabilities import Capabilities, FileLimits
from helpdesk_bridge.model.drafts import (
    Add,
    ContactChange,
    ContactDraft,
    MessageDraft,
    Remove,
    Sent,
    TicketChange,
    TicketDraft,
    Words,
    set_fields,
)
from helpdesk_bridge.model.queries import NONE, ContactQuery, How, Match, Order, Period, TicketQuery
from helpdesk_bridge.model.records import (
    Agent,
    Company,
    Contact,
    FieldDefinition,
    FieldType,
    Group,
    Message,
    Tag,
    Ticket,
)
from helpdesk_bridge.model.refs import format_ref, local_id
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import (
    SYSTEM,
    UNSET,
    Actor,
    ActorKind,
    Attachment,
    Body,
    CustomValue,
    IdKind,
    MessageKind,
    Named,
    Person,
    Phone,
    Priority,
    Rating,
    Ref,
    Status,
    Unset,
    Upload,
    Visibility,
    body_of,
)
from helpdesk_bridge.ratelimit.policy import RateHeaders, RateLimitPolicy, Scope, Window
from helpdesk_bridge.text.decoding import Mending, mended_tree
from helpdesk_bridge.text.images import ImageTag, may_have_images, name_images, replace_images
from helpdesk_bridge.text.json_text import parse as parse_json
from helpdesk_bridge.text.plain import digest, fold, html_to_text, one_line, squash, text_to_html

if TYPE_CHECKING:
    from helpdesk_bridge.store.conditions import divide_contacts, divide_tickets
    from helpdesk_bridge.store.outbox import Delivery
    from helpdesk_bridge.store.store import LocalStore

API_VERSION: Final = 1
T_co = TypeVar("T_co", covariant=True)


@frozen
class Page(Generic[T_co]):
    """One page of a listing. ``next`` is an opaque cursor (text, may be stored), None on the last page.

    ``total`` is the number of all matches of the native part where the vendor tells it.
    """

    items: tuple[T_co, ...]
    next: str | None = None
    total: int | None = None


@frozen
class QuerySplit:
    """How a query divides: ``native`` is the adapter's own value for the part that the vendor answers.

    ``fields`` names the query fields that the native part narrows; everything is compared again by the desk, so a
    native filter must only be documented or observed to return a superset. ``described`` is what is sent, for
    ``explain``. ``ordered`` says that pages come in the query's order; ``empty`` that nothing can match.
    """

    native: Any
    fields: frozenset[str] = frozenset()
    described: Mapping[str, str] = field(factory=dict)
    ordered: bool = True
    exact: bool = False
    empty: bool = False
    page_size: int = 100


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


class Provenance(Enum):
    """Where a vendor fact comes from."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


@frozen
class Hazard:
    """What a vendor's own automation may send during an import, and which setting stops it."""

    id: str
    what: str
    when: str
    stop: str
    provenance: Provenance


class Fidelity(Enum):
    """What becomes of a field: kept natively, told in the header line, changed into something near, or lost."""

    NATIVE = "kept"
    HEADER_LINE = "header line"
    CHANGED = "changed"
    LOST = "lost"


@frozen
class FieldFidelity:
    """What becomes of a field, and why; ``to`` says what it becomes where it is changed."""

    how: Fidelity
    why: str = ""
    to: str | None = None


class MessageClass(Enum):
    """The kinds of messages that importers treat differently."""

    OPENING_BY_CONTACT = "opening by the customer"
    OPENING_BY_AGENT = "opening by an agent"
    REPLY_BY_CONTACT = "reply by the customer"
    REPLY_BY_AGENT = "reply by an agent"
    NOTE = "internal note"
    AUTOMATIC = "automatic message"
    FORWARD = "forward"

    @classmethod
    def of(cls, message: Message) -> MessageClass:
        """Return the class of ``message``."""
        if message.visibility is Visibility.INTERNAL:
            return cls.NOTE  # one that opens a thread too: no ticket is opened with it
        by_contact = message.author.kind is ActorKind.CONTACT
        if message.opening:
            return cls.OPENING_BY_CONTACT if by_contact else cls.OPENING_BY_AGENT
        if message.kind is MessageKind.FORWARD:
            return cls.FORWARD
        if message.kind is MessageKind.AUTOMATIC or message.author.kind is ActorKind.SYSTEM:
            return cls.AUTOMATIC
        return cls.REPLY_BY_CONTACT if by_contact else cls.REPLY_BY_AGENT


@frozen(kw_only=True)
class Opening(Message):
    """What a ticket is opened with. Customers read it at every vendor, so it holds no internal text.

    Raises ``Invalid`` however an internal one is made, by ``evolve`` of a public one too.
    """

    opening: bool = True

    def __attrs_post_init__(self) -> None:
        if self.visibility is not Visibility.PUBLIC:
            raise Invalid(
                "an internal message cannot open a ticket, because customers read openings: open it with another text "
                "and write this one as a note",
                field="opening",
            )

    @classmethod
    def of(cls, message: Message) -> Opening:
        """Return ``message`` as an opening."""
        if isinstance(message, cls):
            return message
        values = {one.name: getattr(message, one.name) for one in fields(Message)}
        return cls(**{**values, "opening": True})


@frozen(kw_only=True)
class FidelityTable:
    """What an importer keeps. A field that is not named is lost; a note's visibility has to be kept natively.

    ``ticket`` and ``contact`` name fields of ``Ticket`` and ``Contact``; ``messages`` per class the fields author,
    created_at, visibility, kind, body, attachments, inline, cc, to.
    """

    ticket: Mapping[str, FieldFidelity]
    contact: Mapping[str, FieldFidelity]
    messages: Mapping[MessageClass, Mapping[str, FieldFidelity]]


@frozen
class Imported:
    """What ``importer.ticket`` created: the ticket's id, and the ids of the messages that its opening became."""

    ticket_id: str
    message_ids: tuple[str, ...]


@frozen(kw_only=True)
class ImportCost:
    """What an import costs in budget units, for forecasts and for the lower bound in ``docs/explanation/calls.md``.

    ``message`` is one later message with up to ``files.count`` files; ``finish`` is charged for a ticket with at least
    one later message where ``finish_always`` is False. ``inline`` is charged besides for a message with inline images.
    """

    contact: int
    ticket: int
    message: int
    finish: int
    finish_always: bool = False
    inline: int = 0


@frozen(kw_only=True)
class Marked:
    """A ticket as a list shows it, and the marker that it carries there.

    ``listed`` is False where lists do not show the place in which markers are written now, ``opening_listed`` where
    they do not show openings, in which a marker may stand that was written before there was another place.
    ``by_api`` says whether the ticket was made through the API, None where the vendor does not tell.
    """

    ticket_id: str
    marker: str | None
    created_at: datetime | None = None
    by_api: bool | None = None
    listed: bool = True
    opening_listed: bool = True


class Importer(Protocol):
    """Writes old records in silence. Every call asks the vendor for silence and none is known to mail a customer."""

    @property
    def hazards(self) -> tuple[Hazard, ...]: ...
    @property
    def settle(self) -> float: ...
    @property
    def fidelity(self) -> FidelityTable: ...
    @property
    def cost(self) -> ImportCost: ...

    @abstractmethod
    def contact(self, old: Contact, marker: str) -> tuple[str, ...]:
        """Write a contact; return its ids."""

    @abstractmethod
    def ticket(self, old: Ticket, opening: Opening, files: Sequence[Upload], marker: str) -> Imported:
        """Write a ticket with its opening message; people, groups, statuses and fields are the destination's.

        So is an id that a person or a group has. One that the desk does not know must not be kept: it may be given to
        another person later.
        """

    @abstractmethod
    def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        """Write a later message; return its ids, several where one became several.

        An internal one is written where agents read it and customers do not: by itself, and never into the opening or
        another public message.
        """

    @abstractmethod
    def finish(self, ticket_id: str, old: Ticket) -> None:
        """Put the ticket into its final state: whatever the messages' writing may have changed."""

    @abstractmethod
    def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        """Return the ids of the ``ticket`` or ``contact`` that carry ``marker``.

        Only what was written since ``since`` (our wall clock) is looked at. ``old`` is the record as it was passed for
        writing: it bounds the search. Whoever asks compares what is found: a marker can be copied.
        """

    @abstractmethod
    def marked(self, cursor: str | None = None) -> Page[Marked]:
        """Return one page of all tickets with the markers that they carry; no call is made for a single ticket.

        Merged tickets and spam are among them, deleted ones are not. ``total`` is their number where it is known.
        """

    @abstractmethod
    def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        """Return the last ``n`` messages of a thread, oldest first, as they stand at the vendor."""


class Removal(Protocol):
    """Removes records that this library made."""

    @abstractmethod
    def ticket(self, ticket_id: str) -> None:
        """Remove a ticket for good."""

    @abstractmethod
    def contact(self, contact_id: str) -> None:
        """Remove a contact for good."""


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
    def account(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def policy(self) -> RateLimitPolicy | None: ...
    @property
    def transport(self) -> Stack | None: ...
    @property
    def tickets(self) -> TicketsAdapter: ...
    @property
    def contacts(self) -> ContactsAdapter: ...
    @property
    def messages(self) -> MessagesAdapter: ...
    @property
    def agents(self) -> Lister[Agent] | None: ...
    @property
    def groups(self) -> Lister[Group] | None: ...
    @property
    def companies(self) -> Lister[Company] | None: ...
    @property
    def tags(self) -> Lister[Tag] | None: ...
    @property
    def custom_fields(self) -> Lister[FieldDefinition] | None: ...
    @property
    def attachments(self) -> AttachmentsAdapter | None: ...
    @property
    def templates(self) -> Any | None: ...
    @property
    def webhooks(self) -> Any | None: ...
    @property
    def events(self) -> Any | None: ...
    @property
    def importer(self) -> Importer | None: ...
    @property
    def removal(self) -> Removal | None: ...
    @property
    def vendor_api(self) -> Any: ...

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


# For an adapter whose vendor keeps nothing that can be read: a local desk's file as its inbox. Resolved on use, because
# the local desk is an adapter itself.
_INBOX: Final = {
    "Delivery": "outbox",
    "LocalStore": "store",
    "divide_contacts": "conditions",
    "divide_tickets": "conditions",
}


def __getattr__(name: str) -> object:
    home = _INBOX.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"helpdesk_bridge.store.{home}"), name)


__all__ = [
    "API_VERSION",
    "NONE",
    "SYSTEM",
    "UNSET",
    "Actor",
    "ActorKind",
    "Adapter",
    "Add",
    "Agent",
    "Answer",
    "Attachment",
    "AttachmentsAdapter",
    "Auth",
    "AuthenticationFailed",
    "BadResponse",
    "Body",
    "Capabilities",
    "Clock",
    "Company",
    "ConfigError",
    "Conflict",
    "Contact",
    "ContactChange",
    "ContactDraft",
    "ContactQuery",
    "ContactsAdapter",
    "Converter",
    "CustomValue",
    "Delivery",
    "DeskContext",
    "Directory",
    "Effect",
    "EventBus",
    "Fidelity",
    "FidelityTable",
    "FieldDefinition",
    "FieldFidelity",
    "FieldType",
    "FileLimits",
    "Finding",
    "Group",
    "Hazard",
    "HeaderLine",
    "HelpdeskError",
    "How",
    "HttpOptions",
    "IdKind",
    "ImageTag",
    "ImportCost",
    "Imported",
    "Importer",
    "InDoubt",
    "Invalid",
    "Lister",
    "LocalStore",
    "Mailbox",
    "Marked",
    "Match",
    "Mending",
    "Message",
    "MessageClass",
    "MessageDraft",
    "MessageKind",
    "MessagesAdapter",
    "Named",
    "NotFound",
    "Opening",
    "Order",
    "Page",
    "Part",
    "Period",
    "PermissionDenied",
    "Person",
    "Phone",
    "Priority",
    "Provenance",
    "QuerySplit",
    "RateHeaders",
    "RateLimitPolicy",
    "RateLimited",
    "Rating",
    "Ref",
    "Removal",
    "Remove",
    "Request",
    "Response",
    "Scope",
    "Secret",
    "Sent",
    "Severity",
    "Stack",
    "Status",
    "Tag",
    "Ticket",
    "TicketChange",
    "TicketDraft",
    "TicketQuery",
    "TicketsAdapter",
    "Unavailable",
    "Unset",
    "Unsupported",
    "Upload",
    "Vendor",
    "Visibility",
    "Window",
    "Wire",
    "WireTypeError",
    "Words",
    "WrongDesk",
    "body_digest",
    "body_of",
    "digest",
    "divide_contacts",
    "divide_tickets",
    "email_key",
    "email_spellings",
    "evolve",
    "file_digest",
    "fold",
    "format_ref",
    "html_to_text",
    "is_email",
    "local_id",
    "may_have_images",
    "mended_tree",
    "name_images",
    "one_line",
    "open_transport",
    "parse_json",
    "phone_digits",
    "phone_key",
    "phone_of",
    "replace_images",
    "same_phone",
    "set_fields",
    "split_header",
    "split_marker",
    "squash",
    "synthetic_ids",
    "text_to_html",
    "vendor_origin",
    "with_header",
    "with_marker",
]
