"""Faults that the account acts out: the handlers of the port's operations, and the drift of lists.

There is no search, so none lags behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from helpdesk_bridge_desk360.simulator.records.records import Integration

_TEMPLATES: Final = "list_templates"
_LISTS: Final = frozenset({"list_integrations", _TEMPLATES, "list_chats"})

OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "tickets.create": ("send_text", "send_media"),
    "messages.reply": ("send_text", "send_media"),
    "templates.list": (_TEMPLATES,),
    "templates.send": ("send_template",),
    "attachments.open": ("get_file", "get_media"),
    "check": ("list_integrations",),
    "login": ("log_in",),
}
PAGE_FAULTS: Final[Mapping[str, frozenset[str]]] = {
    "duplicate_page": _LISTS,
    "skipped_page": _LISTS,
    "page_drift": frozenset({_TEMPLATES}),
    "empty_list": _LISTS,
}
REFUSALS: Final[Mapping[int, str]] = {403: "not_authorized", 404: "not_found"}
"""The codes of refusals by their status."""


def drift(integration: Integration, chance: random.Random) -> None:
    """Let templates come, go and change, as they do while WhatsApp reviews them."""
    held = cast("dict[int, Any]", integration.templates)
    if not held:
        return
    ids = list(held)
    new = {**held[chance.choice(ids)], "id": max(ids) + 1, "name": f"between_{max(ids) + 1}"}
    del held[ids.pop(chance.randrange(len(ids)))]
    if ids:
        changed = chance.choice(ids)
        held[changed] = dict(held[changed])
    kept = dict(held)
    held.clear()
    # assumed: the newest first or last; either moves the rows of other pages.
    held.update({new["id"]: new, **kept} if chance.random() < 0.5 else {**kept, new["id"]: new})  # noqa: PLR2004
