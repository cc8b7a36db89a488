"""The local desk as an adapter like any other."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from helpdesk_bridge.adapter import Adapter, DeskContext, Finding, Severity
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.local.capabilities import local_capabilities
from helpdesk_bridge.local.definitions import Definitions
from helpdesk_bridge.local.desk import Calls, LocalDesk
from helpdesk_bridge.local.people import People
from helpdesk_bridge.local.port.contacts import LocalContacts
from helpdesk_bridge.local.port.events import LocalEvents
from helpdesk_bridge.local.port.importer import LocalImporter
from helpdesk_bridge.local.port.knowledge_base import LocalKnowledgeBase
from helpdesk_bridge.local.port.messages import LocalMessages
from helpdesk_bridge.local.port.removal import LocalRemoval
from helpdesk_bridge.local.port.tickets import LocalTickets
from helpdesk_bridge.local.settings import LocalSettings
from helpdesk_bridge.local.vendor_api import LocalInspection
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.store.file import MEMORY
from helpdesk_bridge.store.store import LocalStore


@frozen(kw_only=True, eq=False)
class LocalAdapter(Adapter):
    """A complete helpdesk in one SQLite file or in memory. There is nothing to wait for and nobody to mail."""

    _store: LocalStore = field(repr=False, alias="store")

    def check(self) -> Sequence[Finding]:
        """Open the file and let SQLite check it."""
        store = self._store
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
        self._store.close()


def open_local(settings: LocalSettings, context: DeskContext) -> LocalAdapter:
    """Return the adapter of a local desk. The file is opened by the first call."""
    capabilities = local_capabilities(settings)
    store = LocalStore(settings.path, context.clock, keep_raw=context.keep_raw, mending=context.mending)
    closed = settings.like is not None
    people = People(store, closed, capabilities.contact_needs, context.region)
    desk = LocalDesk(
        store, capabilities, people, Definitions(store), context.directory, Calls(keep_arguments=store.path == MEMORY)
    )
    lists = store.lists
    context.directory.bind(
        agents=lists.agents.list,
        groups=lists.groups.list,
        tags=lists.tags.list,
        custom_fields=lists.custom_fields.list,
        contact=store.contacts.get,
        complete=("agents", "groups") if closed else (),
    )
    return LocalAdapter(
        store=store,
        # A random id and a random key are kept in the file; no list or export shows the key.
        account=lambda: store.account,
        own_key=lambda: Secret(store.key),
        capabilities=capabilities,
        tickets=LocalTickets(desk),
        contacts=LocalContacts(desk),
        messages=LocalMessages(desk),
        agents=lists.agents,
        groups=lists.groups,
        companies=lists.companies,
        tags=lists.tags,
        custom_fields=lists.custom_fields,
        attachments=store.files,
        events=LocalEvents(desk),
        importer=LocalImporter(desk),
        removal=LocalRemoval(desk),
        knowledge_base=LocalKnowledgeBase(desk),
        vendor_api=LocalInspection(desk),
    )
