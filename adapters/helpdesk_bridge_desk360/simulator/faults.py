"""Which faults this account acts out, by the port's operations, and how its lists drift and skip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from helpdesk_bridge_desk360.simulator.service import Access

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from helpdesk_bridge.testing.simulator.app import Call

_TEMPLATES: Final = "list_templates"
_LISTS: Final = frozenset({"list_integrations", _TEMPLATES, "list_chats"})


class FaultyLists(Access):
    """What the faults of lists need of this vendor. It has no search, so none lags behind."""

    OPERATIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "tickets.create": ("send_text", "send_media"),
        "messages.reply": ("send_text", "send_media"),
        "templates.list": (_TEMPLATES,),
        "templates.send": ("send_template",),
        "attachments.open": ("get_file", "get_media"),
        "check": ("list_integrations",),
        "login": ("log_in",),
    }
    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = {
        "duplicate_page": _LISTS,
        "skipped_page": _LISTS,
        "page_drift": frozenset({_TEMPLATES}),
    }

    def turned(self, call: Call) -> Mapping[str, str]:
        """Ask for the next page number."""
        return {"page": str(int(call.query.get("page") or 1) + 1)}

    def drift(self, call: Call, chance: random.Random) -> None:
        """Let templates come, go and change, as they do while WhatsApp reviews them."""
        integration = self.integration(call.path_args["integration_id"])
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
