"""``Desk``: one account at a vendor, as ``connect`` returns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    Adapter,
    Finding,
    Importer,
    RateLimitPolicy,
    Removal,
    Stack,
)
from helpdesk_bridge.adapter.directory import Directory
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.desk.contacts import ContactsPort
from helpdesk_bridge.desk.facets import AttachmentsPort, ImporterPort, ListPort
from helpdesk_bridge.desk.link import DeskLink
from helpdesk_bridge.desk.messages import MessagesPort
from helpdesk_bridge.desk.polling import Polling
from helpdesk_bridge.desk.tickets import TicketsPort
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.keys import DeskKeys
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.ports import (
    Agents,
    Attachments,
    Companies,
    CustomFields,
    Groups,
    Missing,
    Tags,
)
from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.text.decoding import Mending


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
    _link: DeskLink = field(repr=False)
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
        return ListPort(self._link, name, facet) if facet else facet

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
        port: Attachments | Missing = AttachmentsPort(self._link, facet) if facet else facet
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
        port: Importer | Missing = ImporterPort(facet) if facet else facet
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
