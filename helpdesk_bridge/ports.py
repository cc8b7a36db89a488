"""The port: ``Helpdesk`` with its tickets, contacts and messages, and the facets that a vendor may lack.

Protocols, structural; nothing here does I/O. A facet that a vendor lacks is a ``Missing``: falsy, so that
``if desk.agents:`` is the test, and a type checker rejects its use without one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NoReturn, Protocol, Self, TypeAlias, Unpack, overload

from attrs import frozen
from typing_extensions import TypeVar

from helpdesk_bridge.errors import Unsupported
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
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Agent, Company, Contact, FieldDefinition, Group, Message, Tag, Ticket
from helpdesk_bridge.model.refs import RecordRef
from helpdesk_bridge.model.values import Attachment, Body, Person, Visibility
from helpdesk_bridge.portable.value import Portable

if TYPE_CHECKING:
    from helpdesk_bridge.adapter.contract import Finding
    from helpdesk_bridge.adapter.directory import Directory
    from helpdesk_bridge.adapter.facets import Templates, Webhooks
    from helpdesk_bridge.adapter.importing import Importer, Removal
    from helpdesk_bridge.adapter.knowledge_base import KnowledgeBase
    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.http.events import DeskEvent
    from helpdesk_bridge.keys import DeskKeys
    from helpdesk_bridge.model.paging import Events, Page
    from helpdesk_bridge.model.shadow import ShadowStatus
    from helpdesk_bridge.ratelimit.budget import Budget
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

T_co = TypeVar("T_co", covariant=True)
Api_co = TypeVar("Api_co", covariant=True, default=object)

TicketId: TypeAlias = str | int | RecordRef | Ticket
ContactId: TypeAlias = str | int | RecordRef | Contact


class Listing(Protocol[T_co]):
    """The answer to a query: iterable, lazy, page by page; each record once although pages move.

    Not resumable and not shared between threads. Iterating again asks again.
    """

    @abstractmethod
    def __iter__(self) -> Iterator[T_co]:
        """Yield the records. Raises ``BadResponse`` if a vendor's pages repeat in a loop."""

    @abstractmethod
    def page(self, cursor: str | None = None, size: int | None = None) -> Page[T_co]:
        """Return one page, for web pages: the records, and the cursors of the next and the previous one, or None.

        Over a chain of pages each record comes once, in pages as large as asked. Raises ``Invalid`` for a cursor of
        another listing.
        """

    @abstractmethod
    def count(self) -> int | None:
        """Return how many records match, exactly, or None if only reading them all would show it."""

    def told(self) -> int | None:
        """Return how many records the vendor said there are when this was last iterated; None if it does not say."""
        return None

    def first(self) -> T_co | None:
        """Return the first record, or None if nothing matches; no more is read than that takes."""
        return next(iter(self), None)

    def all(self) -> tuple[T_co, ...]:
        """Return every record, read to the end."""
        return tuple(self)

    def __bool__(self) -> bool:
        """Whether anything matches: asks for the first record."""
        return any(True for _ in self)

    def __len__(self) -> NoReturn:
        raise TypeError("a listing has no length before it is read: use count(), or len(listing.all())")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, not read yet: iterate over it, or use first(), all(), page() or count()>"


@frozen
class Explanation(Portable):
    """How a query is answered: ``native`` as it is sent, ``client_side`` compared here, and the fewest ``calls``.

    ``calls`` is for the first page if the vendor gives totals only on request. Nothing was sent.
    """

    native: Mapping[str, str]
    client_side: tuple[str, ...]
    sorted_here: bool
    calls: int


class Tickets(Protocol):
    """Tickets of a desk. Every id parameter takes an id, a ref or the record; one of another account raises ``WrongDesk``.

    Drafts, changes and queries are given as values or as keywords: ``create(subject=…)``, ``list(status="open")``.
    """

    @abstractmethod
    def list(
        self, query: TicketQuery | None = None, *, resolve: bool = True, **filters: Unpack[TicketFilters]
    ) -> Listing[Ticket]:
        """List tickets, by a query or by its filters as keywords; ``resolve=False`` spares the calls that fill in names and e-mails the vendor did not send."""

    @abstractmethod
    def get(self, id: TicketId) -> Ticket:
        """Return one ticket with everything loaded. Raises ``NotFound``."""

    @overload
    @abstractmethod
    def create(self, draft: TicketDraft, *, idempotency_key: str | None = None) -> Ticket: ...
    @overload
    @abstractmethod
    def create(self, *, idempotency_key: str | None = None, **fields: Unpack[TicketFields]) -> Ticket: ...
    @abstractmethod
    def create(self, draft: TicketDraft | None = None, *, idempotency_key: str | None = None, **fields: Any) -> Ticket:
        """Create a ticket, from a draft or from its fields as keywords. With a key, a repeated call adopts what is there (``capabilities.idempotency``)."""

    @abstractmethod
    def update(self, id: TicketId, change: TicketChange | None = None, **changes: Unpack[TicketChanges]) -> Ticket:
        """Change a ticket and return it as it is now."""

    @abstractmethod
    def explain(self, query: TicketQuery | None = None, **filters: Unpack[TicketFilters]) -> Explanation:
        """Tell how a query would be answered, sending nothing."""


class Contacts(Protocol):
    """Customers of a desk."""

    @abstractmethod
    def list(self, query: ContactQuery | None = None, **filters: Unpack[ContactFilters]) -> Listing[Contact]:
        """List contacts."""

    @abstractmethod
    def explain(self, query: ContactQuery | None = None, **filters: Unpack[ContactFilters]) -> Explanation:
        """Tell how a query would be answered, sending nothing."""

    @abstractmethod
    def get(self, id: ContactId) -> Contact:
        """Return one contact. Raises ``NotFound``."""

    @abstractmethod
    def find(self, *, email: str | None = None, phone: str | None = None) -> Contact | None:
        """Return the contact with exactly this e-mail or phone, compared here again, or None."""

    @abstractmethod
    def create(self, draft: ContactDraft | None = None, **fields: Unpack[ContactFields]) -> Contact:
        """Create a contact. Raises ``Conflict`` if the e-mail is taken."""

    @abstractmethod
    def update(self, id: ContactId, change: ContactChange | None = None, **changes: Unpack[ContactChanges]) -> Contact:
        """Change a contact."""


class Messages(Protocol):
    """Threads. ``reply`` reaches the customer; ``note`` never does. A text is a plain-text body."""

    @abstractmethod
    def list(
        self, ticket_id: TicketId, *, visibility: Visibility | str | None = None, resolve: bool = True
    ) -> Listing[Message]:
        """Yield the whole thread, oldest first, the opening message first; ``resolve`` as in ``tickets.list``.

        With ``visibility="public"`` it yields what customers may read: a message that may be internal is left out.
        """

    @abstractmethod
    def get(self, ticket_id: TicketId, id: str) -> Message:
        """Return one message of a ticket. Raises ``NotFound``, also for a message of another ticket."""

    @abstractmethod
    def reply(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Answer the customer. Raises ``InDoubt`` if the answer was sent and its outcome is unknown."""

    @abstractmethod
    def note(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str | None = None,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Add an internal note, which the customer never sees."""

    @abstractmethod
    def add_from_contact(
        self,
        ticket_id: TicketId,
        draft: MessageDraft | Body | str,
        author: Person,
        *,
        idempotency_key: str | None = None,
        **fields: Unpack[MessageFields],
    ) -> Sent:
        """Record what a customer wrote in the application's own portal."""


class Lists(Protocol[T_co]):
    """A reference list of a desk: agents, groups, companies, tags or custom-field definitions."""

    @abstractmethod
    def list(self) -> Sequence[T_co]:
        """Return all entries as they are now."""


class Attachments(Protocol):
    """Files of messages."""

    @abstractmethod
    def open(self, attachment: Attachment | str, *, ticket: TicketId | None = None) -> AbstractContextManager[BinaryIO]:
        """Stream the bytes of a file, by the attachment or its ``ref``; a URL that expired is asked for again.

        With ``ticket``, a file of another ticket is ``NotFound``. Raises ``Invalid`` for a ref that this desk did not make,
        ``WrongDesk`` for another account's.
        """


class ShadowReads(Protocol):
    """What compares a desk's reads with another desk's, as the key ``shadow`` asks; ``other`` is that desk."""

    @property
    def other(self) -> Helpdesk: ...

    @abstractmethod
    def status(self) -> ShadowStatus:
        """Return what was compared so far, by every process that compares these two accounts."""

    @abstractmethod
    def settle(self) -> None:
        """Wait until every read so far is compared or dropped; for the end of short programs."""

    @abstractmethod
    def close(self) -> None:
        """Compare no more, and close the other desk."""


class Missing:
    """A facet that this vendor lacks: falsy, and any use raises ``Unsupported`` having sent nothing."""

    __slots__ = ("_capability", "_reason", "_vendor")

    def __init__(self, capability: str, vendor: str, reason: str | None = None) -> None:
        self._capability = capability
        self._vendor = vendor
        self._reason = reason

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return f"<{self._vendor} has no {self._capability}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)
            reason = f": {self._reason}" if self._reason else ""
            raise Unsupported(
                f"{self._vendor} has no {self._capability}{reason}", capability=self._capability, vendor=self._vendor
            )


class Helpdesk(Protocol[Api_co]):
    """One account at a vendor. Safe to share between threads; no I/O happens before the first call.

    It is a context manager that closes it. ``Helpdesk[DeskieApi]`` is a desk of one vendor, whose ``vendor_api`` has that
    type; that of any ``Helpdesk`` is an ``object``.
    """

    @property
    def name(self) -> str: ...
    @property
    def vendor(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def contacts(self) -> Contacts: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def subscription(self) -> str | None: ...
    @property
    def rate_limit(self) -> RateLimitPolicy | None: ...
    @property
    def budget(self) -> Budget | None: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def keys(self) -> DeskKeys: ...
    @property
    def agents(self) -> Lists[Agent] | Missing: ...
    @property
    def groups(self) -> Lists[Group] | Missing: ...
    @property
    def companies(self) -> Lists[Company] | Missing: ...
    @property
    def tags(self) -> Lists[Tag] | Missing: ...
    @property
    def custom_fields(self) -> Lists[FieldDefinition] | Missing: ...
    @property
    def attachments(self) -> Attachments | Missing: ...
    @property
    def templates(self) -> Templates | Missing: ...
    @property
    def webhooks(self) -> Webhooks | Missing: ...
    @property
    def importer(self) -> Importer | Missing: ...
    @property
    def removal(self) -> Removal | Missing: ...
    @property
    def knowledge_base(self) -> KnowledgeBase | Missing: ...
    @property
    def vendor_api(self) -> Api_co: ...

    @abstractmethod
    def __enter__(self) -> Self: ...
    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @abstractmethod
    def events(self, cursor: str | datetime | None = None, *, limit: int | None = None) -> Events:
        """Return what happened after the cursor of the last answer, and the cursor of the next.

        It begins at an aware datetime, or without a cursor a minute ago. The last state of each record comes once;
        several changes between two calls may be one event. ``limit`` bounds the threads that one call reads, and
        the answer's ``more`` says that some are left. Raises ``Invalid`` for a text that is no cursor, ``WrongDesk`` for
        another desk's.
        """

    @abstractmethod
    def subscribe(self, callback: Callable[[DeskEvent], None]) -> Callable[[], None]:
        """Call ``callback`` with typed events of the transport; returns what ends the subscription."""

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account."""

    @abstractmethod
    def refresh(self) -> None:
        """Forget what the directory keeps."""

    @abstractmethod
    def close(self) -> None:
        """Give back sockets and files."""
