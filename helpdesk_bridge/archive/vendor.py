"""``VENDOR``: an archive as a desk that is read like any other, without a call, and that nothing can be written to."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.adapter import Vendor
from helpdesk_bridge.archive.settings import ArchiveSettings
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.fields import CONTACT, MESSAGE, TICKET, Kind
from helpdesk_bridge.model.values import Priority, Status

PAGE: Final = 100
_LISTS: Final = ("agents", "groups", "companies", "tags", "custom_fields")
_READS: Final = frozenset(
    {
        "tickets.list", "tickets.get", "contacts.list", "contacts.get", "contacts.find", "messages.list", "events",
        "attachments.open", *(f"{name}.list" for name in _LISTS),
    }
)  # fmt: skip

CAPABILITIES: Final = Capabilities(
    vendor="archive",
    operations=_READS,
    ticket_fields=frozenset(name for name, field in TICKET.items() if field.kind is not Kind.ANSWER and name != "ref"),
    contact_fields=frozenset(
        name for name, field in CONTACT.items() if field.kind is not Kind.ANSWER and name != "ref"
    ),
    message_fields=frozenset(name for name, field in MESSAGE.items() if field.kind is not Kind.ANSWER),
    # Whose ids these are is known only when the archive is opened.
    natural_ids=frozenset({"contact"}),
    statuses={one: one.value for one in Status if one is not Status.UNKNOWN},
    open_statuses=True,
    priorities={one: one.value for one in Priority if one is not Priority.UNKNOWN},
    complete_lists=frozenset(_LISTS),
    page_size=PAGE,
    notes=dict.fromkeys(
        (
            "tickets.create",
            "tickets.update",
            "contacts.create",
            "contacts.update",
            "messages.reply",
            "messages.note",
            "importer",
        ),
        "an archive is only read",
    ),
)

VENDOR: Vendor[None] = Vendor(
    name="archive",
    title="Archive",
    settings=ArchiveSettings,
    account=lambda settings: str(settings.path),
    policy=lambda _: None,
    capabilities=lambda _: CAPABILITIES,
    open="helpdesk_bridge.archive.adapter:open_archive",
    example={"path": "archive"},
)

__all__ = ["CAPABILITIES", "PAGE", "VENDOR"]
