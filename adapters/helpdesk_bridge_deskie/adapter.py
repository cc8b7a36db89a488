"""The Deskie adapter, assembled from its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import (
    Adapter,
    DeskContext,
    Finding,
    RateLimitPolicy,
    open_transport,
    vendor_origin,
)
from helpdesk_bridge_deskie.capabilities import capabilities
from helpdesk_bridge_deskie.client.auth import AgentKey
from helpdesk_bridge_deskie.client.calls import Calls
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.errors import classify
from helpdesk_bridge_deskie.knowledge_base import DeskieKnowledgeBase
from helpdesk_bridge_deskie.policy import limited_to, policy
from helpdesk_bridge_deskie.port.attachments import DeskieFiles, OwnHost
from helpdesk_bridge_deskie.port.check import AccountCheck
from helpdesk_bridge_deskie.port.contacts import DeskieContacts
from helpdesk_bridge_deskie.port.importer import DeskieImporter
from helpdesk_bridge_deskie.port.inline_images import InlineImageWriter
from helpdesk_bridge_deskie.port.lists import ReferenceList
from helpdesk_bridge_deskie.port.markers import Markers
from helpdesk_bridge_deskie.port.messages import DeskieMessages
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.port.removal import DeskieRemoval
from helpdesk_bridge_deskie.port.tickets import DeskieTickets, TicketWriter
from helpdesk_bridge_deskie.port.webhooks import DeskieWebhooks
from helpdesk_bridge_deskie.settings import DOMAIN, DeskieSettings
from helpdesk_bridge_deskie.vendor_api.knowledge_base import KnowledgeBase
from helpdesk_bridge_deskie.vendor_api.vendor_api import DeskieApi
from helpdesk_bridge_deskie.wire import reading
from helpdesk_bridge_deskie.wire.images import InlineImages

PREFIX: Final = "/api"
"""observed: every path is below it and ends in `.json`."""


@frozen(kw_only=True, eq=False)
class DeskieAdapter(Adapter):
    """One Deskie account; see ``helpdesk_bridge.adapter.Adapter`` for the promises."""

    _account_check: AccountCheck = field(repr=False, alias="account_check")

    def check(self) -> Sequence[Finding]:
        """Try the credentials and look at the account."""
        return self._account_check.findings()


def base_url_of(settings: DeskieSettings, given: str | None) -> str:
    """Return the URL that paths are appended to: `https://robotsrule.deskie.io/api`."""
    base = (given or str(vendor_origin(settings.account, DOMAIN, key="account"))).rstrip("/")
    return base if base.endswith(PREFIX) else base + PREFIX


def open_deskie(settings: DeskieSettings, context: DeskContext) -> DeskieAdapter:
    """Open an account. No request is made here."""
    base_url = base_url_of(settings, context.base_url)
    limits = limited_to(policy(settings), context.rate_limit)
    stack = open_transport(
        base_url=base_url,
        auth=AgentKey(settings.staff_email, settings.api_key),
        policy=limits,
        # documented: Deskie API, "The limit is relevant for the entire Desk account".
        scope_key=settings.account,
        classify=classify,
        vendor=context.vendor,
        desk=context.desk,
        options=context.options,
        clock=context.clock,
        events=context.events,
        mending=context.mending,
    )
    return _assembled(
        settings, context, DeskieClient(Calls(stack, context.odd, context.keep_raw)), OwnHost(base_url), limits
    )


def _assembled(
    settings: DeskieSettings, context: DeskContext, client: DeskieClient, own: OwnHost, limits: RateLimitPolicy
) -> DeskieAdapter:
    directory = context.directory
    names = Names(client, directory)
    reader = reading.Reader(settings.account, names, InlineImages(own))
    people = People(client, reader, directory, settings.staff_email)
    markers = Markers(client, reader, names, people, context.marker_field)
    images = InlineImageWriter(client)
    lists = _lists(client)
    contacts = DeskieContacts(client, reader, names, people)
    directory.bind(
        contact=contacts.get,
        contact_pages=contacts.numbered,
        complete={"agents", "groups", "tags", "custom_fields"},
        **{name: lists[name].list for name in ("agents", "groups", "tags", "custom_fields")},
    )
    writer = TicketWriter(names, people, directory)
    importer = DeskieImporter(client, reader, names, people, markers, images, directory)
    return DeskieAdapter(
        account=settings.account,
        capabilities=capabilities(settings),
        policy=limits,
        transport=client.stack,
        tickets=DeskieTickets(client, reader, names, directory, writer, markers, images),
        contacts=contacts,
        messages=DeskieMessages(client, reader, people, images),
        **lists,
        attachments=DeskieFiles(client.stack, own),
        importer=evolve(importer, settle=limits.settle_seconds),
        removal=DeskieRemoval(client),
        knowledge_base=DeskieKnowledgeBase(KnowledgeBase.over(client.calls)),
        webhooks=DeskieWebhooks(settings.account, settings.tokens, context.mending),
        vendor_api=DeskieApi.over(client.calls, directory),
        account_check=AccountCheck(client, people, directory, settings),
    )


def _lists(client: DeskieClient) -> dict[str, Any]:
    return {
        "agents": ReferenceList(client.staff, reading.agent),
        "groups": ReferenceList(client.groups, reading.group),
        "companies": ReferenceList(client.companies, reading.company),
        "tags": ReferenceList(client.labels, reading.tag),
        "custom_fields": ReferenceList(client.custom_fields, reading.field_definition),
    }
