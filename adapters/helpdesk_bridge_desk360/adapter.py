"""Opening a Desk360 desk: settings, connection and facets put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, cast

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    Adapter,
    ContactsAdapter,
    DeskContext,
    Finding,
    LocalStore,
    MessagesAdapter,
    RateLimitPolicy,
    Severity,
    Stack,
    TicketsAdapter,
    Unsupported,
    open_transport,
)
from helpdesk_bridge_desk360.capabilities import NO_INBOX, capabilities_of
from helpdesk_bridge_desk360.client.auth import BearerToken
from helpdesk_bridge_desk360.client.client import Desk360Client
from helpdesk_bridge_desk360.client.login import Connection, LoggedInConnection, Login
from helpdesk_bridge_desk360.errors import classify
from helpdesk_bridge_desk360.inbox.inbox import Inbox
from helpdesk_bridge_desk360.inbox.sent import SentMessages
from helpdesk_bridge_desk360.policy import SCOPE_KEY, limited_to, policy_of
from helpdesk_bridge_desk360.port.attachments import Desk360Attachments
from helpdesk_bridge_desk360.port.contacts import Desk360Contacts
from helpdesk_bridge_desk360.port.messages import Desk360Messages
from helpdesk_bridge_desk360.port.templates import Desk360Templates
from helpdesk_bridge_desk360.port.tickets import Desk360Tickets
from helpdesk_bridge_desk360.port.webhooks import Desk360Webhooks
from helpdesk_bridge_desk360.settings import Desk360Settings, api_base
from helpdesk_bridge_desk360.vendor_api.vendor_api import Desk360Api, integration_of


@frozen(kw_only=True, eq=False)
class Desk360Adapter(Adapter):
    """One integration of a Desk360 account."""

    client: Desk360Client = field(repr=False)
    inbox: Inbox | None = field(repr=False)

    def check(self) -> Sequence[Finding]:
        """Try the credentials by listing the integrations, and report missing settings."""
        findings = [self._integration()]
        if self.inbox is None:
            findings.append(Finding(Severity.WARNING, "inbox", "not set, so nothing can be listed; set inbox = PATH"))
        else:
            counts = self.inbox.store.counts()
            findings.append(
                Finding(Severity.OK, "inbox", f"{counts['tickets']} conversations since the webhook was connected")
            )
        if self.webhooks is not None and not self.webhooks.guarded:
            detail = (
                "not set: anyone who knows the webhook's URL can send events; put a secret into the URL, or set a token"
            )
            findings.append(Finding(Severity.WARNING, "webhook_token", detail))
        return tuple(findings)

    def _integration(self) -> Finding:
        integrations = [integration_of(document) for document in self.client.integrations()]
        here = next((integration for integration in integrations if str(integration.id) == self.account), None)
        if here is None:
            ids = ", ".join(str(integration.id) for integration in integrations) or "none"
            detail = f"the credentials are accepted, but the account has no integration {self.account}; it has {ids}"
            return Finding(Severity.PROBLEM, "integration", detail)
        if here.active is False:
            return Finding(Severity.WARNING, "integration", "this integration is not activated")
        return Finding(Severity.OK, "integration", "the credentials are accepted and the account has this integration")

    def close(self) -> None:
        """Close connections and the inbox."""
        super().close()
        if self.inbox is not None:
            self.inbox.store.close()


def open_desk360(settings: Desk360Settings, context: DeskContext) -> Desk360Adapter:
    """Return the adapter. No I/O happens here: no login, and the inbox's file is not opened."""
    base_url, bearer = api_base(context.base_url), BearerToken(settings.api_key)
    policy = limited_to(policy_of(settings), context.rate_limit)
    stack = _stack(context, base_url, bearer, policy)
    client = Desk360Client(_connection(settings, context, stack, bearer), base_url, settings.account, context.odd)
    inbox = _inbox(settings, context, stack)
    sent_messages = SentMessages(inbox, context.clock, settings.check_window)
    api = Desk360Api(client, context.directory, sent_messages)
    tickets, contacts, messages = _ports(inbox, api)
    context.directory.bind(
        contact=contacts.get if inbox is not None else None,
        integrations=client.integrations,
        templates=client.templates,
    )
    return Desk360Adapter(
        account=settings.account,
        capabilities=capabilities_of(settings),
        policy=policy,
        transport=stack,
        tickets=tickets,
        contacts=contacts,
        messages=messages,
        attachments=Desk360Attachments(client, inbox),
        templates=Desk360Templates(client, context.directory, sent_messages),
        webhooks=Desk360Webhooks(settings.account, settings.tokens, inbox, context.mending),
        vendor_api=api,
        client=client,
        inbox=inbox,
    )


def _stack(context: DeskContext, base_url: str, bearer: BearerToken, policy: RateLimitPolicy) -> Stack:
    return open_transport(
        base_url=base_url,
        auth=bearer,
        policy=policy,
        scope_key=SCOPE_KEY,
        classify=classify,
        vendor=context.vendor,
        desk=context.desk,
        options=context.options,
        clock=context.clock,
        events=context.events,
        mending=context.mending,
    )


def _connection(settings: Desk360Settings, context: DeskContext, stack: Stack, bearer: BearerToken) -> Connection:
    if settings.api_key is not None or settings.email is None or settings.password is None:
        return stack
    return LoggedInConnection(stack, Login(stack, bearer, context.clock, settings.email, settings.password))


def _inbox(settings: Desk360Settings, context: DeskContext, stack: Stack) -> Inbox | None:
    if settings.inbox is None:
        return None
    store = LocalStore(
        settings.inbox,
        context.clock,
        space=f"desk360:{settings.account}",
        vendor=context.vendor,
        account=settings.account,
        keep_raw=context.keep_raw,
        mending=context.mending,
    )
    return Inbox(store, context.clock, stack.vendor_time.wall)


def _ports(inbox: Inbox | None, api: Desk360Api) -> tuple[TicketsAdapter, ContactsAdapter, MessagesAdapter]:
    if inbox is None:
        missing: Any = MissingInbox()
        return cast("tuple[TicketsAdapter, ContactsAdapter, MessagesAdapter]", (missing, missing, missing))
    messages = Desk360Messages(inbox, api)
    return Desk360Tickets(inbox, messages), Desk360Contacts(inbox), messages


class MissingInbox:
    """Tickets, contacts and messages without an inbox: every call raises ``Unsupported`` and nothing is sent."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise Unsupported(NO_INBOX, capability="tickets.list")
