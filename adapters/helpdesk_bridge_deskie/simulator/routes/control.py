"""Routes under ``/_sim`` that only this simulator has: webhooks and the outbox."""

from __future__ import annotations

from attrs import asdict

from helpdesk_bridge.testing.simulator.app import Call, Refused, Reply, route
from helpdesk_bridge_deskie.simulator.courier import Hook, HookError
from helpdesk_bridge_deskie.simulator.refusals import error_reply
from helpdesk_bridge_deskie.simulator.service import RouteGroup


class ControlRoutes(RouteGroup):
    """Register a webhook with `POST /_sim/webhooks {"url": …, "channel": "cch1", "form": false}`.

    Without `channel` it is a rule that acts on every change of a case. Both kinds go out after the answer.
    """

    @route("POST", "/_sim/webhooks", admin=True)
    def sim_register(self, call: Call) -> Reply:
        """Register a webhook; off loopback it is refused with 400."""
        body = call.body_tree
        try:
            hook = Hook(str(body.get("url", "")), str(body.get("channel", "")), bool(body.get("form", False)))
        except HookError:
            raise Refused(error_reply(400, "wrong_url")) from None
        self.service.webhooks.courier.hooks.append(hook)
        for channel in self.account.channels:
            if channel.key == hook.channel:
                channel.webhook_url = hook.url
        return Reply.json({"registered": len(self.service.webhooks.courier.hooks)})

    @route("GET", "/_sim/webhooks", admin=True)
    def sim_webhooks(self, _call: Call) -> Reply:
        """List the newest webhooks, oldest first."""
        return Reply.json({"webhooks": [asdict(delivery) for delivery in list(self.service.webhooks.courier.log)]})

    @route("GET", "/_sim/outbox", admin=True)
    def sim_outbox(self, _call: Call) -> Reply:
        """List the e-mails that customers would have got, oldest first."""
        return Reply.json({"count": len(self.account.outbox), "outbox": [asdict(mail) for mail in self.account.outbox]})
