"""Sending text, locations, visiting cards, buttons and location requests, and marking messages as read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpdesk_bridge.testing.simulator.app import Call, Reply
from helpdesk_bridge_desk360.simulator.endpoint import MESSAGES, endpoint
from helpdesk_bridge_desk360.simulator.messaging import Messaging
from helpdesk_bridge_desk360.simulator.parameters import Fields
from helpdesk_bridge_desk360.simulator.routes.cards import check_cards
from helpdesk_bridge_desk360.simulator.routes.interactive import BODY_MOST, check_interactive

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_MOST: Final = 4096
"""documented: Desk360 API, "Send WhatsApp Message": "It should max 4096 chars"."""


class MessageRoutes(Messaging):
    """The calls below ``/conversations/messages`` but for media."""

    @endpoint("POST", MESSAGES, source='"Send WhatsApp Message"')
    def send_text(self, call: Call, integration_id: str) -> Reply:
        """Send text."""
        return self._sent(call, integration_id, "text", _check_text)

    @endpoint("POST", f"{MESSAGES}/locations", source='"Send WhatsApp Location Message", path of its samples')
    def send_location(self, call: Call, integration_id: str) -> Reply:
        """Send a location."""
        return self._sent(call, integration_id, "location", _check_location)

    @endpoint("POST", f"{MESSAGES}/contacts", source='"Send WhatsApp Contact Message"')
    def send_contacts(self, call: Call, integration_id: str) -> Reply:
        """Send visiting cards."""
        return self._sent(call, integration_id, "contacts", check_cards)

    @endpoint("POST", f"{MESSAGES}/interactive", source='"Send WhatsApp Interactive Message"')
    def send_interactive(self, call: Call, integration_id: str) -> Reply:
        """Send a message with buttons; its HTML is kept as given."""
        return self._sent(call, integration_id, "interactive", check_interactive)

    @endpoint(
        "POST",
        f"{MESSAGES}/interactive/location-request",
        source='"Send WhatsApp Location Request Interactive Message"',
    )
    def request_location(self, call: Call, integration_id: str) -> Reply:
        """Ask for the customer's location."""
        return self._sent(call, integration_id, "location_request", _check_location_request)

    @endpoint("POST", f"{MESSAGES}/reads", source='"Read WhatsApp Message"')
    def mark_read(self, call: Call, integration_id: str) -> Reply:
        """Mark messages as read and answer their ids; assumed: unknown ones are answered too."""
        integration = self.integration(integration_id)
        request = Fields(call.body_tree)
        request.phone("to")
        ids = request.texts("message_ids")
        for message_id in ids:
            message = self.account.incoming.get(message_id)
            if message is not None and message.integration == integration.id:
                message.read = True
        return Reply.json({"message_ids": ids})

    def _sent(self, call: Call, integration_id: str, kind: str, check: Callable[[Fields], None]) -> Reply:
        integration = self.integration(integration_id)
        request = Fields(call.body_tree)
        to = request.phone("to")
        check(request)
        content = {name: value for name, value in request.values.items() if name != "to"}
        return Reply.json({"message_id": self.send(integration, to, kind, content).id})


def _check_text(request: Fields) -> None:
    request.text("text", most=TEXT_MOST)


def _check_location(request: Fields) -> None:
    location = request.object("location")
    location.number("longitude")
    location.number("latitude")
    location.text("name")
    location.text("address")


def _check_location_request(request: Fields) -> None:
    request.text("body", most=BODY_MOST)
