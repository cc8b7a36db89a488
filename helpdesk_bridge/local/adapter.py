"""The local desk as an adapter like any other."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from helpdesk_bridge.adapter import DeskContext, Finding, RateLimitPolicy, Severity, Stack
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.local.capabilities import local_capabilities
from helpdesk_bridge.local.definitions import Definitions
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.local.people import People
from helpdesk_bridge.local.port.contacts import LocalContacts
from helpdesk_bridge.local.port.events import LocalEvents
from helpdesk_bridge.local.port.importer import LocalImporter
from helpdesk_bridge.local.port.messages import LocalMessages
from helpdesk_bridge.local.port.removal import LocalRemoval
from helpdesk_bridge.local.port.tickets import LocalTickets
from helpdesk_bridge.local.settings import LocalSettings
from helpdesk_bridge.local.vendor_api import LocalInspection
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.records import Agent, Company, FieldDefinition, Group, Tag
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.store.blobs import Files
from helpdesk_bridge.store.lists import ReferenceList
from helpdesk_bridge.store.store import LocalStore


@frozen(eq=False)
class LocalAdapter:
    """A complete helpdesk in one SQLite file or in memory. There is nothing to wait for and nobody to mail."""

    _desk: LocalDesk
    capabilities: Capabilities
    policy: RateLimitPolicy | None = None
    transport: Stack | None = None
    templates: None = None
    webhooks: None = None

    @property
    def account(self) -> str:
        """A random id kept in the file; the first use opens it."""
        return self._desk.store.account

    def credential(self) -> Secret:
        """Return the random key that the file keeps; no list or export shows it. The first use opens the file."""
        return Secret(self._desk.store.key)

    @property
    def tickets(self) -> LocalTickets:
        """Tickets."""
        return LocalTickets(self._desk)

    @property
    def contacts(self) -> LocalContacts:
        """Contacts."""
        return LocalContacts(self._desk)

    @property
    def messages(self) -> LocalMessages:
        """Threads."""
        return LocalMessages(self._desk)

    @property
    def agents(self) -> ReferenceList[Agent]:
        """Agents: those that were added, and those that writes have named."""
        return self._desk.store.lists.agents

    @property
    def groups(self) -> ReferenceList[Group]:
        """Groups."""
        return self._desk.store.lists.groups

    @property
    def companies(self) -> ReferenceList[Company]:
        """Companies."""
        return self._desk.store.lists.companies

    @property
    def tags(self) -> ReferenceList[Tag]:
        """Tags."""
        return self._desk.store.lists.tags

    @property
    def custom_fields(self) -> ReferenceList[FieldDefinition]:
        """Custom-field definitions."""
        return self._desk.store.lists.custom_fields

    @property
    def attachments(self) -> Files:
        """Files."""
        return self._desk.store.files

    @property
    def events(self) -> LocalEvents:
        """Events by polling."""
        return LocalEvents(self._desk)

    @property
    def importer(self) -> LocalImporter:
        """The importer."""
        return LocalImporter(self._desk)

    @property
    def removal(self) -> LocalRemoval:
        """Removal."""
        return LocalRemoval(self._desk)

    @property
    def vendor_api(self) -> LocalInspection:
        """What tests look at and set up."""
        return LocalInspection(self._desk)

    def check(self) -> Sequence[Finding]:
        """Open the file and let SQLite check it."""
        store = self._desk.store
        try:
            problems = store.problems(quick=True)
        except HelpdeskError as error:
            return (Finding(Severity.PROBLEM, "file", f"{store.path}: {error.message}"),)
        if problems:
            return (Finding(Severity.PROBLEM, "file", f"{store.path} is damaged: {problems[0]}"),)
        counts = ", ".join(f"{count} {name}" for name, count in store.counts().items())
        return (Finding(Severity.OK, "file", f"{store.path} is sound: {counts}"),)

    def close(self) -> None:
        """Close the file; what stood in memory is gone."""
        self._desk.store.close()


def open_local(settings: LocalSettings, context: DeskContext) -> LocalAdapter:
    """Return the adapter of a local desk. The file is opened by the first call."""
    capabilities = local_capabilities(settings)
    store = LocalStore(settings.path, context.clock, keep_raw=context.keep_raw, mending=context.mending)
    closed = settings.like is not None
    people = People(store, closed, capabilities.contact_needs, context.region)
    desk = LocalDesk(store, capabilities, people, Definitions(store), context.directory)
    adapter = LocalAdapter(desk, capabilities)
    context.directory.bind(
        agents=adapter.agents.list,
        groups=adapter.groups.list,
        tags=adapter.tags.list,
        custom_fields=adapter.custom_fields.list,
        contact=store.contacts.get,
        complete=("agents", "groups") if closed else (),
    )
    return adapter
