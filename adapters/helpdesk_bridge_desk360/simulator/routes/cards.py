"""Checks visiting cards; documented: Desk360 API, "Send WhatsApp Contact Message" (the stars that survive there)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from helpdesk_bridge_desk360.simulator.parameters import Fields

_LISTS: Final = {
    "addresses": ("street", "city", "state", "zip", "country", "country_code", "type"),
    "emails": ("email", "type"),
    "phones": ("phone", "type", "wa_id"),
    "urls": ("url", "type"),
}
_NAME: Final = ("formatted_name", "first_name", "last_name")
_ORGANISATION: Final = ("company", "department", "title")


def check_cards(request: Fields) -> None:
    """Raise a ``Problem`` unless every card is in order; phones on a card are free text."""
    for card in request.objects("contacts"):
        name = card.object("name")
        for key in _NAME:
            name.text(key)
        name.optional_text("middle_name")
        card.date("birthday")
        organisation = card.optional_object("org")
        if organisation is not None:
            for key in _ORGANISATION:
                organisation.optional_text(key)
        for key, parts in _LISTS.items():
            for entry in card.optional_objects(key):
                for part in parts:
                    entry.optional_text(part)
