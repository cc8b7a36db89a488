"""``Desk``: one account at a vendor, as ``connect`` returns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, NoReturn, Self, TypeVar, cast

from attrs import frozen

from helpdesk_bridge.adapter import (
    Adapter,
    Agent,
    Company,
    FieldDefinition,
    Finding,
    Group,
    Importer,
    KnowledgeBase,
    Lister,
    RateLimitPolicy,
    Removal,
    Rewriter,
    Severity,
    Stack,
    Tag,
)
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.adapter.facets import Templates, Webhooks
from helpdesk_bridge.adapter.odd_values import OddValues, UnreadRow
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.desk.alias_check import alias_findings
from helpdesk_bridge.desk.facets import AttachmentsPort, ImporterPort, ListPort, RewritingImporterPort
from helpdesk_bridge.desk.link import DeskLink
from helpdesk_bridge.desk.polling import Polling, check_start, read_cursor, write_cursor
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.http.events import DeskEvent, EventBus
from helpdesk_bridge.keys import DeskKeys
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.paging import Events
from helpdesk_bridge.ports import Api_co, Attachments, Contacts, Lists, Messages, Missing, ShadowReads, Tickets
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.text.decoding import Mending
from helpdesk_bridge.text.plain import digest

T = TypeVar("T")
F = TypeVar("F")
P = TypeVar("P")

SKEW: Final = timedelta(minutes=1)
"""So far apart the vendor's clock and this machine's may be without a word."""


def _as_it_is(facet: T) -> T:
    return facet


@frozen(eq=False, repr=False)
class Desk(Generic[Api_co]):
    """One account at a vendor, as ``connect`` returns it; see ``ports.Helpdesk`` for the promises."""

    name: str
    vendor: str
    title: str
    capabilities: Capabilities
    clock: Clock
    aliases: Aliases
    tickets: Tickets
    contacts: Contacts
    messages: Messages
    _adapter: Adapter
    _bus: EventBus
    _directory: Directory
    keys: DeskKeys
    _link: DeskLink
    _mending: Mending
    _odd: OddValues
    subscription: str | None = None
    """The plan of the account, as the configuration says; None if it says none."""
    shadow: ShadowReads | None = None
    """What compares reads with another desk's; None unless the configuration asks for that."""

    def __str__(self) -> str:
        return f"{self.name} ({self.title} {self.account})"

    def __repr__(self) -> str:
        return f"<desk {self.name} ({self.title})>"

    def __reduce__(self) -> NoReturn:
        self._link.__reduce__()

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
        """The rate-limit policy; None for a desk without one (local)."""
        return self._adapter.policy

    @property
    def transport(self) -> Stack | None:
        """The connection, for its statistics; None for a desk without one (local)."""
        return self._adapter.transport

    @property
    def budget(self) -> Budget | None:
        """The live budget, shared by all who spend it; None for a desk without one (local)."""
        return self._adapter.transport.budget if self._adapter.transport is not None else None

    @property
    def mended(self) -> Mapping[str, int]:
        """How much of this desk's text could not be decoded so far, by kind; U+FFFD replaced it."""
        return self._mending.counts

    @property
    def unread(self) -> Mapping[str, int]:
        """How many values of this desk could not be read so far, by their place; their records go without them."""
        return self._odd.counts

    def unread_rows(self, kind: str, parent: str = "") -> tuple[UnreadRow, ...]:
        """Return the rows of a kind (ticket, contact, message) that its listings left out so far.

        ``parent`` is the ticket's id of messages.
        """
        return self._odd.rows(kind, parent)

    @property
    def directory(self) -> Directory:
        """What this desk keeps of agents, groups, tags, fields and contacts."""
        return self._directory

    def _facet(self, name: str, adapter: F | None, port: Callable[[F], P]) -> P | Missing:
        if not self.capabilities.supports(name):
            return Missing(name, self.title, self.capabilities.notes.get(name))
        if adapter is None:
            return Missing(
                name, self.title, "its adapter declares this facet and lacks it, which is a fault of its package"
            )
        return port(adapter)

    def _list(self, name: str, lister: Lister[T] | None) -> Lists[T] | Missing:
        return self._facet(name, lister, lambda known: ListPort(self._link, name, known))

    @property
    def agents(self) -> Lists[Agent] | Missing:
        """Agents, or ``Missing``."""
        return self._list("agents", self._adapter.agents)

    @property
    def groups(self) -> Lists[Group] | Missing:
        """Groups, or ``Missing``."""
        return self._list("groups", self._adapter.groups)

    @property
    def companies(self) -> Lists[Company] | Missing:
        """Companies, or ``Missing``."""
        return self._list("companies", self._adapter.companies)

    @property
    def tags(self) -> Lists[Tag] | Missing:
        """Tags, or ``Missing``."""
        return self._list("tags", self._adapter.tags)

    @property
    def custom_fields(self) -> Lists[FieldDefinition] | Missing:
        """Custom-field definitions, or ``Missing``."""
        return self._list("custom_fields", self._adapter.custom_fields)

    @property
    def attachments(self) -> Attachments | Missing:
        """Files, or ``Missing``."""
        return self._facet("attachments", self._adapter.attachments, lambda known: AttachmentsPort(self._link, known))

    @property
    def templates(self) -> Templates | Missing:
        """Message templates, or ``Missing``."""
        return self._facet("templates", self._adapter.templates, _as_it_is)

    @property
    def webhooks(self) -> Webhooks | Missing:
        """Inbound webhooks, or ``Missing``."""
        return self._facet("webhooks", self._adapter.webhooks, _as_it_is)

    @property
    def importer(self) -> Importer | Missing:
        """The importer, or ``Missing``."""
        importer = self._adapter.importer
        port = RewritingImporterPort if isinstance(importer, Rewriter) else ImporterPort
        return self._facet("importer", importer, lambda known: port(known, self._link))

    @property
    def removal(self) -> Removal | Missing:
        """Removal, or ``Missing``."""
        return self._facet("removal", self._adapter.removal, _as_it_is)

    @property
    def knowledge_base(self) -> KnowledgeBase | Missing:
        """The knowledge base, or ``Missing``."""
        return self._facet("knowledge_base", self._adapter.knowledge_base, _as_it_is)

    @property
    def vendor_api(self) -> Api_co:
        """The vendor's own calls that have no common word; ``connect(name, vendor=VENDOR)`` knows their type."""
        return cast("Api_co", self._adapter.vendor_api)

    def events(self, cursor: str | datetime | None = None, *, limit: int | None = None) -> Events:
        """Return what happened after a cursor, and the next cursor; see ``ports.Helpdesk.events``."""
        with self._link.operation("events"):
            check_start(cursor, limit)
            reader, desk = self._adapter.events or self._polling(), digest(self.vendor, self.account)
            position = read_cursor(cursor, desk) if isinstance(cursor, str) else reader.begin(cursor)
            read = reader.after(position, limit)
            return Events(read.items, write_cursor(desk, read.position), read.more)

    def _polling(self) -> Polling:
        messages = self.messages if self.capabilities.supports("messages.list") else None
        policy = self._adapter.policy
        lag = {} if policy is None else {"lag": timedelta(seconds=policy.settle_seconds)}
        return Polling(self.tickets, messages, self.clock, self._adapter.transport, **lag)

    def subscribe(self, callback: Callable[[DeskEvent], None]) -> Callable[[], None]:
        """Call ``callback`` with the typed events of the transport; the result ends that."""
        if not callable(callback):
            raise Invalid(
                f"subscribe takes a function, not a value of type {type(callback).__name__}", field="callback"
            )
        return self._bus.subscribe(callback)

    def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account; then whether it has what the configuration's aliases name."""
        with self._link.operation("check", requires=False):
            findings = self._adapter.check()
        if not any(one.severity is Severity.PROBLEM for one in findings):
            lists = {
                "custom_fields": self.custom_fields,
                "groups": self.groups,
                "agents": self.agents,
                "tags": self.tags,
            }
            takes_any = self.rate_limit is None
            findings = (*findings, *alias_findings(self.aliases, self.capabilities, lists, takes_any=takes_any))
        ahead = None if self.transport is None else self.transport.vendor_time.ahead()
        if ahead is None or abs(ahead) < SKEW:
            return findings
        minutes, word = round(abs(ahead) / timedelta(minutes=1)), "ahead of" if ahead > timedelta(0) else "behind"
        detail = (
            f"this machine's clock is {minutes // 60} h {minutes % 60} min {word} that of {self.title}; set it right: "
            "reports and logs show its time"
        )
        return (*findings, Finding(Severity.WARNING, "clock", detail))

    def refresh(self) -> None:
        """Forget what the directory keeps."""
        self._directory.refresh()

    def close(self) -> None:
        """Give back sockets and files."""
        if self.shadow is not None:
            self.shadow.close()
        self._adapter.close()
