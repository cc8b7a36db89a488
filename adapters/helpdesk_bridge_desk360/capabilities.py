"""Capabilities of a Desk360 desk, computed offline from its settings."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.adapter import Capabilities
from helpdesk_bridge_desk360.settings import Desk360Settings
from helpdesk_bridge_desk360.wire.reading import STATUSES
from helpdesk_bridge_desk360.wire.writing import FILES, TEXT_LIMIT

NO_INBOX: Final = (
    "Desk360's API lists no messages; webhooks deliver them: set inbox = PATH, where they are stored, and point the "
    "panel's webhook to desk.webhooks.receive"
)
_REMOTE: Final = frozenset({"templates.list", "webhooks", "attachments.open"})
_OF_THE_INBOX: Final = frozenset(
    {
        "tickets.list", "tickets.get", "tickets.create", "tickets.update",
        "contacts.list", "contacts.get", "contacts.find", "contacts.create", "contacts.update",
        "messages.list", "messages.reply", "messages.note",
    }
)  # fmt: skip
_TICKET_FIELDS: Final = frozenset(
    {
        "id", "ref", "subject", "status", "status_label", "requester", "channel", "description", "created_at",
        "updated_at", "closed_at", "message_count", "attachments",
    }
)  # fmt: skip
_NONE: Final = "its API has none"
_NOTES: Final = {
    "importer": "every write of its API reaches a real phone",
    "removal": "its API deletes nothing",
    "knowledge_base": _NONE,
    "agents": _NONE,
    "groups": _NONE,
    "companies": _NONE,
    "tags": _NONE,
    "custom_fields": _NONE,
    "events": "webhooks deliver them: desk.webhooks.receive returns what is new",
    "messages.add_from_contact": "customers write on WhatsApp; their messages arrive by webhook",
    "messages.note": "stored only in the inbox; nothing is sent and the panel does not show it",
    "messages.list": "begins when the webhook was connected; replies from the panel are missing",
    "messages.reply": "free-form within 24 hours of the customer's last message, else a template",
    "tickets.list": "conversations of the inbox; they begin when the webhook was connected",
    "tickets.create": "a text within 24 hours of the customer's last message; else desk.templates.send starts one",
    "tickets.update": "stored only in the inbox; the panel does not show the status",
    "contacts.create": "only in the inbox",
    "contacts.update": "only in the inbox; the next message restores the profile's name",
    "ticket:subject": "made from the first message",
}


def capabilities_of(settings: Desk360Settings) -> Capabilities:
    """Return what the desk can do; without an inbox it sends and reads webhooks, and lists nothing."""
    if settings.inbox is None:
        return Capabilities(
            vendor="Desk360",
            operations=_REMOTE,
            files=FILES,
            notes={**_NOTES, **dict.fromkeys(_OF_THE_INBOX, NO_INBOX)},
        )
    return Capabilities(
        vendor="Desk360",
        operations=_REMOTE | _OF_THE_INBOX,
        ticket_fields=_TICKET_FIELDS,
        contact_fields=frozenset({"id", "ref", "name", "phones", "created_at", "updated_at"}),
        message_fields=frozenset({"author", "visibility", "kind", "body", "created_at", "attachments", "opening"}),
        ticket_create=frozenset({"attachments"}),
        ticket_update=frozenset({"status"}),
        contact_create=frozenset({"name", "phones"}),
        contact_update=frozenset({"name"}),
        contact_needs=frozenset({"phone"}),
        natural_ids=frozenset({"contact"}),
        statuses=STATUSES,
        body_limit=TEXT_LIMIT,
        files=FILES,
        notes=_NOTES,
    )
