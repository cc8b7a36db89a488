"""Routes of the login and the lists: integrations, templates, chats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpdesk_bridge.testing.simulator.app import OBSERVED, Call, Reply
from helpdesk_bridge_desk360.simulator.endpoint import PER_INTEGRATION, TEMPLATES, endpoint
from helpdesk_bridge_desk360.simulator.parameters import Fields
from helpdesk_bridge_desk360.simulator.service import RouteGroup

if TYPE_CHECKING:
    from helpdesk_bridge_desk360.simulator.records.records import Chat, Integration


class ListRoutes(RouteGroup):
    """The calls that send nothing."""

    @endpoint("POST", "/login", source='"Login"')
    def log_in(self, call: Call) -> Reply:
        """Give the account's token for an e-mail and password; the only call without a token."""
        request = Fields(call.body_tree)
        token = self.service.logins.log_in(request.text("email"), request.text("password"), call.remote_addr)
        return Reply.json({"access_token": token, "token_type": "Bearer"})

    @endpoint("GET", "/integrations", source='"Integrations"')
    def list_integrations(self, call: Call) -> Reply:
        """List the integrations."""
        every = list(self.account.integrations.values())
        items = [self._integration(number, each, last=each is every[-1]) for number, each in enumerate(every)]
        return self.service.listing(call, items)

    @endpoint("GET", TEMPLATES, source='"WhatsApp Message Templates"')
    def list_templates(self, call: Call, integration_id: str) -> Reply:
        """List the templates with all their translations."""
        integration = self.service.integration(integration_id)
        return self.service.listing(call, list(integration.templates.values()))

    @endpoint("GET", f"{PER_INTEGRATION}/chats", source="not documented; one client calls it", provenance=OBSERVED)
    def list_chats(self, call: Call, integration_id: str) -> Reply:
        """List the conversations; there only with the switch ``chats_enabled``."""
        integration = self.service.integration(integration_id)
        items = [_chat(chat) for chat in self.account.chats_of(integration.id)]
        return self.service.listing(call, items)

    def _integration(self, number: int, integration: Integration, *, last: bool) -> dict[str, Any]:
        """Write an integration; observed: ``status``, and nulls in place of name and number."""
        if number == 1 and self.service.flag("integration_second_shape"):
            return {"id": integration.id, "name": integration.name, "logo": integration.phone}
        empty = last and self.service.flag("integration_nulls")
        return {
            "id": integration.id,
            "display_name": None if empty else integration.name,
            "phone_number": None if empty else integration.phone,
            "status": "activated",
        }


def _chat(chat: Chat) -> dict[str, Any]:
    """Write a conversation with the four keys that a client uses (observed); assumed: the form of the time."""
    at = chat.last_message_at
    return {
        "id": chat.id,
        "phone": chat.digits,
        "name": chat.name,
        "last_message_at": None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
