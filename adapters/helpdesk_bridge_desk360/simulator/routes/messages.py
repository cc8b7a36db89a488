"""Routes of messages: text, locations, visiting cards, buttons, location requests, and marking as read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpdesk_bridge.testing.simulator.app import Call, Reply
from helpdesk_bridge_desk360.simulator.endpoint import MESSAGES, endpoint
from helpdesk_bridge_desk360.simulator.parameters import Fields
from helpdesk_bridge_desk360.simulator.refusals import invalid
from helpdesk_bridge_desk360.simulator.service import RouteGroup

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_MOST: Final = 4096
"""documented: Desk360 API, "Send WhatsApp Message": "It should max 4096 chars"."""

_BODY_MOST: Final = 1024
_BUTTONS_MOST: Final = 10
_ID_MOST: Final = 200
_TITLE_MOST: Final = 20
_SHORT_MOST: Final = 60
_LINKED: Final = ("image", "video", "document")

_CARD_LISTS: Final = {
    "addresses": ("street", "city", "state", "zip", "country", "country_code", "type"),
    "emails": ("email", "type"),
    "phones": ("phone", "type", "wa_id"),
    "urls": ("url", "type"),
}
_CARD_NAME: Final = ("formatted_name", "first_name", "last_name")
_CARD_ORGANISATION: Final = ("company", "department", "title")


class MessageRoutes(RouteGroup):
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
        return self._sent(call, integration_id, "contacts", _check_cards)

    @endpoint("POST", f"{MESSAGES}/interactive", source='"Send WhatsApp Interactive Message"')
    def send_interactive(self, call: Call, integration_id: str) -> Reply:
        """Send a message with buttons; its HTML is kept as given."""
        return self._sent(call, integration_id, "interactive", _check_interactive)

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
        integration = self.service.integration(integration_id)
        request = Fields(call.body_tree)
        request.phone("to")
        ids = request.texts("message_ids")
        for message_id in ids:
            message = self.account.incoming.get(message_id)
            if message is not None and message.integration == integration.id:
                message.read = True
        return Reply.json({"message_ids": ids})

    def _sent(self, call: Call, integration_id: str, kind: str, check: Callable[[Fields], None]) -> Reply:
        integration = self.service.integration(integration_id)
        request = Fields(call.body_tree)
        to = request.phone("to")
        check(request)
        content = {name: value for name, value in request.values.items() if name != "to"}
        return Reply.json({"message_id": self.messaging.send(integration, to, kind, content).id})


def _check_text(request: Fields) -> None:
    request.text("text", most=TEXT_MOST)


def _check_location(request: Fields) -> None:
    location = request.object("location")
    location.number("longitude")
    location.number("latitude")
    location.text("name")
    location.text("address")


def _check_location_request(request: Fields) -> None:
    request.text("body", most=_BODY_MOST)


def _check_cards(request: Fields) -> None:
    """Raise a ``Problem`` unless every card is in order; phones on a card are free text.

    documented: Desk360 API, "Send WhatsApp Contact Message" (the stars that survive there).
    """
    for card in request.objects("contacts"):
        name = card.object("name")
        for key in _CARD_NAME:
            name.text(key)
        name.optional_text("middle_name")
        card.date("birthday")
        organisation = card.optional_object("org")
        if organisation is not None:
            for key in _CARD_ORGANISATION:
                organisation.optional_text(key)
        for key, parts in _CARD_LISTS.items():
            for entry in card.optional_objects(key):
                for part in parts:
                    entry.optional_text(part)


def _check_interactive(request: Fields) -> None:
    """Raise a ``Problem`` unless header, body, footer and buttons are in order.

    documented: Desk360 API, "Send WhatsApp Interactive Message", for every limit. assumed: that body and buttons are
    required, and at least one button; the table's stars are lost.
    """
    request.text("body", most=_BODY_MOST)
    _check_buttons(request)
    if request.values.get("header") is not None:
        header = request.object("header")
        _check_header(header)
    if request.values.get("footer") is not None:
        request.object("footer").text("text", most=_SHORT_MOST)


def _check_header(header: Fields) -> None:
    kind = header.one_of("type", ("text", *_LINKED))
    if kind == "text":
        header.text("text", most=_SHORT_MOST)
        return
    linked = header.object(kind)
    if not linked.text("link").startswith(("https://", "http://")):
        raise linked.wrong("link", "must be a valid URL")
    linked.optional_text("filename")


def _check_buttons(request: Fields) -> None:
    ids: set[str] = set()
    titles: set[str] = set()
    for button in request.objects("buttons", most=_BUTTONS_MOST):
        for name, most, seen in (("id", _ID_MOST, ids), ("title", _TITLE_MOST, titles)):
            value = button.text(name, most=most)
            if value in seen:
                raise invalid(f"The {button.at(name)} field has a duplicate value.")
            seen.add(value)
