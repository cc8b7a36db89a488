"""Admin routes: webhooks, statuses, the outbox, and the switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import asdict

from helpdesk_bridge.testing.simulator.app import BadBody, Call, Reply, SettingError, route
from helpdesk_bridge_desk360.simulator.courier import Subscription, SubscriptionError
from helpdesk_bridge_desk360.simulator.rendering import status
from helpdesk_bridge_desk360.simulator.routes.inbound import copies_of
from helpdesk_bridge_desk360.simulator.service import RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge_desk360.simulator.courier import Emission
    from helpdesk_bridge_desk360.simulator.records.records import MessageState, OutgoingMessage

_STATES: Final[dict[str, MessageState]] = {"delivered": "delivered", "read": "read"}


class ControlRoutes(RouteGroup):
    """Looks at the account and makes it send webhooks."""

    @route("POST", "/_sim/webhooks", admin=True)
    def sim_register(self, call: Call) -> Reply:
        """Register a URL: ``{"integration": 11, "url": "http://127.0.0.1:…", "token": "…", "token_place": "…"}``."""
        given = call.body_tree
        integration = self._integration_number(given.get("integration"))
        place = str(given.get("token_place", self.service.choice("webhook_token_place")))
        try:
            subscription = Subscription(str(given.get("url", "")), str(given.get("token", "")), place)
        except SubscriptionError as error:
            raise BadBody(str(error)) from error
        self.messaging.courier.subscriptions[integration] = subscription
        return Reply.json({"integration": integration, "url": subscription.url, "token_place": place}, 201)

    @route("DELETE", "/_sim/webhooks", admin=True)
    def sim_unregister(self, call: Call) -> Reply:
        """Forget the URL of ``?integration=``, or all of them."""
        named = call.query.get("integration")
        if named is None:
            self.messaging.courier.subscriptions.clear()
        else:
            self.messaging.courier.subscriptions.pop(self._integration_number(named), None)
        return Reply(204)

    @route("GET", "/_sim/webhooks", admin=True)
    def sim_webhooks(self, _call: Call) -> Reply:
        """List the registered URLs and the webhooks so far, the newest last, each with its outcome."""
        registered = [
            {"integration": number, "url": subscription.url, "token_place": subscription.place}
            for number, subscription in self.messaging.courier.subscriptions.items()
        ]
        return Reply.json(
            {"registered": registered, "webhooks": [_emission(e) for e in self.messaging.courier.emissions()]}
        )

    @route("POST", "/_sim/release", admin=True)
    def sim_release(self, call: Call) -> Reply:
        """Send the held webhooks in their order, or with ``{"newest_first": true}`` the other way round."""
        released = self.messaging.courier.release(newest_first=bool(call.body_tree.get("newest_first", False)))
        return Reply.json({"released": [_emission(emission) for emission in released]})

    @route("POST", "/_sim/statuses", admin=True)
    def sim_status(self, call: Call) -> Reply:
        """Send a status: ``{"id": …, "status": "delivered"|"read"}``, with ``copies``, ``hold`` and ``lose``.

        An id that was never sent needs ``from``, and takes ``integration``: a message of the panel, say.
        """
        given = call.body_tree
        state = _STATES.get(str(given.get("status")))
        if state is None:
            raise BadBody(f"status takes one of: {', '.join(_STATES)}; the vendor tells of no other")
        options = {"hold": bool(given.get("hold", False)), "lose": bool(given.get("lose", False))}
        copies = copies_of(given.get("copies"))
        message = self.account.outgoing.get(str(given.get("id", "")))
        if message is not None:
            emissions = self.messaging.reach(message, state, copies=copies, **options)
        else:
            emissions = self._foreign_status(given, state, copies, options)
        return Reply.json({"webhooks": [_emission(emission) for emission in emissions]}, 201)

    @route("POST", "/_sim/payloads", admin=True)
    def sim_payload(self, call: Call) -> Reply:
        """Send any payload as a webhook: ``{"integration": …, "payload": {…}}``."""
        payload = call.body_tree.get("payload")
        if not isinstance(payload, dict):
            raise BadBody("payload takes an object")
        integration = self._integration_number(call.body_tree.get("integration"))
        emissions = self.messaging.courier.emit(integration, payload)
        return Reply.json({"webhooks": [_emission(emission) for emission in emissions]}, 201)

    @route("GET", "/_sim/outbox", admin=True)
    def sim_outbox(self, call: Call) -> Reply:
        """List the sent messages, the newest last; ``?integration=`` and ``?kind=`` narrow."""
        integration, kind = call.query.get("integration"), call.query.get("kind")
        shown = [
            _outgoing(message)
            for message in self.account.outgoing.values()
            if integration in {None, str(message.integration)} and kind in {None, message.kind}
        ]
        return Reply.json({"count": len(shown), "outbox": shown})

    @route("GET", "/_sim/inbox", admin=True)
    def sim_inbox(self, _call: Call) -> Reply:
        """List what customers wrote, with whether it was marked as read."""
        messages = self.account.incoming.values()
        return Reply.json({"count": len(messages), "inbox": [asdict(message) for message in messages]})

    @route("GET", "/_sim/customers", admin=True)
    def sim_customers(self, _call: Call) -> Reply:
        """List the seed's contacts who have a phone; their ``key`` is the ``contact`` of ``/_sim/inbound``."""
        return Reply.json({"customers": [asdict(customer) for customer in self.account.customers]})

    @route("POST", "/_sim/settings", admin=True)
    def sim_settings(self, call: Call) -> Reply:
        """Set switches while it runs; the numbers of integrations and templates count from the next reset on."""
        try:
            settings = self.service.set_switches(call.body_tree)
        except SettingError as error:
            raise BadBody(str(error)) from error
        return Reply.json({"settings": settings})

    @route("DELETE", "/_sim/tokens", admin=True)
    def sim_revoke_tokens(self, _call: Call) -> Reply:
        """Make the token of the last login worthless, so that a client has to log in once more."""
        self.service.logins.revoke()
        return Reply(204)

    def _foreign_status(
        self, given: dict[str, Any], state: MessageState, copies: int | None, options: dict[str, bool]
    ) -> list[Emission]:
        digits = str(given.get("from", "")).removeprefix("+")
        if not given.get("id") or not digits.isdigit():
            raise BadBody("a status for an id that was not sent takes id, and from with the customer's digits")
        integration = self._integration_number(given.get("integration"))
        content = status(str(given["id"]), digits, state)
        return self.messaging.emit(integration, "statuses", content, copies=copies, **options)

    def _integration_number(self, given: Any) -> int:
        if given is None:
            return self.account.first_integration.id
        known = {str(number): number for number in self.account.integrations}
        if str(given) not in known:
            raise BadBody(f"integration takes one of: {', '.join(known)}")
        return known[str(given)]


def _outgoing(message: OutgoingMessage) -> dict[str, Any]:
    return {**asdict(message), "sent_at": message.sent_at.isoformat()}


def _emission(emission: Emission) -> dict[str, Any]:
    return {"integration": emission.integration, "payload": emission.payload, "outcome": emission.outcome}
