"""Capabilities of a Desk365 desk, computed offline from its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from helpdesk_bridge.adapter import Capabilities, FileLimits
from helpdesk_bridge_desk365.wire.words import PRIORITIES, STATUSES
from helpdesk_bridge_desk365.wire.writing import SUBJECT_LIMIT

if TYPE_CHECKING:
    from helpdesk_bridge_desk365.settings import Desk365Settings

_OPERATIONS: Final = frozenset(
    {
        "tickets.list", "tickets.get", "tickets.create", "tickets.update",
        "contacts.list", "contacts.get", "contacts.find", "contacts.create", "contacts.update",
        "messages.list", "messages.reply", "messages.note",
        "agents.list", "groups.list", "companies.list", "custom_fields.list",
        "attachments.open", "events", "importer", "knowledge_base",
    }
)  # fmt: skip
_TICKET_FIELDS: Final = frozenset(
    {
        "id", "ref", "number", "url", "subject", "status", "status_label", "priority", "priority_label", "requester",
        "assignee", "group", "company", "sla", "type", "category", "subcategory", "channel", "custom_fields", "cc",
        "watchers",
        "description", "created_at", "updated_at", "first_response_at", "solved_at", "closed_at", "due_at", "rating",
        "message_count", "attachments",
    }
)  # fmt: skip
_WRITTEN: Final = frozenset(
    {"assignee", "group", "status", "priority", "type", "category", "subcategory", "custom_fields", "cc", "watchers"}
)
_NOTES: Final = {
    "tags": "its API has no tags",
    "templates": "its API has no templates",
    "webhooks": "API v3 has no webhooks; events(cursor) polls",
    "knowledge_base": "published articles alone are listed, and categories and folders as these name them",
    "removal": "its API deletes neither tickets nor contacts",
    "messages.add_from_contact": "the API adds messages as an agent, and a reply would mail the customer",
    "agents.list": "the account's own list if it has one, else the agents seen on tickets: not all",
    "groups.list": "those seen on tickets: not all",
    "custom_fields.list": "those seen on tickets: not all; types are inferred from the values",
    "tickets.create:tags": "its API has no tags",
    "tickets.create:company": "a ticket's company is that of its requester",
    "tickets.update:tags": "its API has no tags",
    "tickets.update:company": "a ticket's company is that of its requester",
    "contacts.update:emails": "its API cannot change a contact's e-mails",
    "contacts.create:custom_fields": "accounts show them since 2026; how to write them is not documented",
    "contacts.update:custom_fields": "accounts show them since 2026; how to write them is not documented",
    "custom_fields": "dates are text such as 2026-01-31: the API does not give types",
}


def capabilities_of(settings: Desk365Settings) -> Capabilities:
    """Return what the desk can do."""
    return Capabilities(
        vendor="Desk365",
        operations=_OPERATIONS,
        ticket_fields=_TICKET_FIELDS,
        contact_fields=frozenset(
            {
                *("id", "ref", "name", "emails", "phones", "title", "company", "deleted", "custom_fields"),
                *("created_at", "updated_at"),
            }
        ),
        message_fields=frozenset(
            {"author", "visibility", "kind", "body", "to", "cc", "created_at", "attachments", "opening"}
        ),
        ticket_create=_WRITTEN | {"attachments"},
        ticket_update=_WRITTEN | {"subject"},
        # Documented (OpenAPI, "Assign To, Group, Category and Subcategory can be updated to unassigned"): -- clears these four. How to clear a type is not known.
        ticket_clear=frozenset({"assignee", "group", "category", "subcategory"}),
        contact_create=frozenset({"name", "emails", "phones", "title", "company"}),
        contact_update=frozenset({"name", "phones", "title", "company"}),
        contact_needs=frozenset({"email"}),
        natural_ids=frozenset({"contact"}),
        statuses=STATUSES,
        open_statuses=True,
        priorities=PRIORITIES,
        complete_lists=frozenset(),
        idempotency=frozenset({"tickets.create", "messages.note"}),
        subject_limit=SUBJECT_LIMIT,
        files=FileLimits(
            count=settings.files_per_message,
            bytes_each=settings.bytes_per_message,
            bytes_together=settings.bytes_per_message,
        ),
        page_size=100,
        notes=_NOTES,
    )
