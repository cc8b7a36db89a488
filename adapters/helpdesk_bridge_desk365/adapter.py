"""Opening a Desk365 desk: settings, connection and facets put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import (
    MARKER_FIELD,
    Adapter,
    DeskContext,
    Finding,
    RateLimitPolicy,
    Severity,
    Stack,
    fold,
    open_transport,
)
from helpdesk_bridge_desk365.capabilities import capabilities_of
from helpdesk_bridge_desk365.client.auth import KeyAuth
from helpdesk_bridge_desk365.client.client import Desk365Client, count_rows
from helpdesk_bridge_desk365.errors import classify
from helpdesk_bridge_desk365.knowledge_base import Desk365KnowledgeBase
from helpdesk_bridge_desk365.policy import limited_to, policy_of
from helpdesk_bridge_desk365.port.attachments import Desk365Attachments
from helpdesk_bridge_desk365.port.contacts import Desk365Contacts
from helpdesk_bridge_desk365.port.importer import Desk365Importer
from helpdesk_bridge_desk365.port.lists import Desk365Agents, Desk365Companies, Desk365CustomFields, Desk365Groups
from helpdesk_bridge_desk365.port.markers import Markers
from helpdesk_bridge_desk365.port.messages import Desk365Messages
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.port.ratings import RatingLabels
from helpdesk_bridge_desk365.port.ticket_pages import QuoteForm, TicketPages
from helpdesk_bridge_desk365.port.tickets import Desk365Tickets
from helpdesk_bridge_desk365.settings import Desk365Settings, api_base
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.knowledge_base import KnowledgeBaseCalls
from helpdesk_bridge_desk365.vendor_api.vendor_api import Desk365Api
from helpdesk_bridge_desk365.wire.account import AccountContext

_ORIGIN: Final = re.compile(r"^https?://[^/]+", re.IGNORECASE)


@frozen(kw_only=True, eq=False)
class Desk365Adapter(Adapter):
    """One Desk365 account. See ``helpdesk_bridge.adapter.Adapter`` for the promises."""

    tickets: Desk365Tickets

    def check(self) -> Sequence[Finding]:
        """Read the 30 newest tickets, which proves the key: ping does not. Raises ``AuthenticationFailed``."""
        tickets, total = self.tickets.pages.first()
        seen = "an unknown number of" if total is None else str(total)
        findings = [Finding(Severity.OK, "api_key", f"accepted; {seen} tickets can be read")]
        names = {fold(name) for ticket in tickets for name in ticket.custom_fields}
        findings.append(self._marker(self.tickets.marker_field, names))
        return tuple(findings)

    @staticmethod
    def _marker(configured: str | None, names: AbstractSet[str]) -> Finding:
        name = configured or MARKER_FIELD
        if fold(name) in names:
            return Finding(Severity.OK, "marker", f'migrations write into the custom field "{name}"')
        if configured is not None:
            detail = (
                f'no recent ticket has the custom field "{name}", which migration_marker names: create it in Desk365, or '
                "correct [desks.….custom_fields], before a migration into this desk"
            )
        else:
            detail = (
                f'no recent ticket has a custom field "{name}"; a migration into this desk writes its marker '
                "as the last line of each description"
            )
        return Finding(Severity.WARNING, "marker", detail)


def open_desk365(settings: Desk365Settings, context: DeskContext) -> Adapter:
    """Open a desk; no call is made. Raises ``ConfigError``."""
    base = api_base(settings, context.base_url)
    policy = limited_to(policy_of(settings), context.rate_limit)
    stack = open_transport(
        base_url=base,
        auth=KeyAuth(settings.api_key),
        policy=policy,
        scope_key=f"{settings.subdomain}:{settings.api_key.reveal()}",
        classify=classify,
        vendor=context.vendor,
        desk=context.desk,
        options=context.options,
        clock=context.clock,
        events=context.events,
        mending=context.mending,
        count_rows=count_rows,
    )
    return _assembled(settings, context, stack, policy, base)


def _assembled(
    settings: Desk365Settings, context: DeskContext, stack: Stack, policy: RateLimitPolicy, base: str
) -> Desk365Adapter:
    origin = _ORIGIN.match(base)
    account = AccountContext(settings.subdomain, origin[0].lower() if origin else "", context.keep_raw)
    client = Desk365Client(stack, context.odd, settings.new_status)
    observed = ObservedValues()
    pages = TicketPages(client, account, observed, RatingLabels(client), QuoteForm(settings.single_quotes))
    observed.bind(pages.newest)
    markers = Markers(pages, observed, context.marker_field)
    tickets = Desk365Tickets(client, pages, markers, observed)
    messages = Desk365Messages(client, account, observed)
    contacts, agents = Desk365Contacts(client, account), Desk365Agents(client, observed)
    groups, custom_fields = Desk365Groups(observed), Desk365CustomFields(observed)
    context.directory.bind(
        agents=agents.list, groups=groups.list, custom_fields=custom_fields.list, contact=contacts.get
    )
    return Desk365Adapter(
        account=settings.subdomain,
        capabilities=capabilities_of(settings),
        policy=policy,
        transport=stack,
        tickets=tickets,
        contacts=contacts,
        messages=messages,
        agents=agents,
        groups=groups,
        custom_fields=custom_fields,
        companies=Desk365Companies(client),
        attachments=Desk365Attachments(client),
        importer=Desk365Importer(
            client, tickets, markers, messages, observed, settings.files_per_message, settings.bytes_per_message
        ),
        knowledge_base=Desk365KnowledgeBase(KnowledgeBaseCalls(Calls(client))),
        vendor_api=Desk365Api(client, account, settings.files_per_message, settings.bytes_per_message),
    )
