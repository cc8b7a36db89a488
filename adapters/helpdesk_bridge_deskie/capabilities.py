"""Capabilities of a Deskie desk, computed offline."""

from __future__ import annotations

from typing import Final

from helpdesk_bridge.adapter import Capabilities, FileLimits, Priority, Status
from helpdesk_bridge_deskie.settings import DeskieSettings

MIB: Final = 1024 * 1024
FILES: Final = FileLimits(bytes_each=25 * MIB, bytes_together=50 * MIB)
"""observed (a page of Deskie's): a file of 25 MB at most, 50 MB in one request."""

_CAPABILITIES: Final = Capabilities(
    vendor="Deskie",
    operations=frozenset({
        "tickets.list", "tickets.get", "tickets.create", "tickets.update",
        "contacts.list", "contacts.get", "contacts.find", "contacts.create", "contacts.update",
        "messages.list", "messages.reply", "messages.note", "messages.add_from_contact",
        "agents.list", "groups.list", "companies.list", "tags.list", "custom_fields.list",
        "attachments.open", "events", "webhooks", "importer", "removal", "knowledge_base",
    }),
    ticket_fields=frozenset({
        "subject", "number", "status", "status_label", "priority", "priority_label", "requester", "assignee", "group",
        "channel", "tags", "custom_fields", "cc", "description", "created_at", "updated_at", "closed_at", "rating",
        "spam", "deleted", "merged_into", "message_count", "attachments",
    }),
    contact_fields=frozenset({
        "name", "emails", "phones", "company", "external_id", "identities", "title", "blocked", "deleted", "custom_fields", "created_at",
        "updated_at",
    }),
    message_fields=frozenset({
        "author", "visibility", "kind", "opening", "body", "created_at", "sequence", "attachments",
    }),
    ticket_create=frozenset({
        "subject", "description", "requester", "assignee", "group", "status", "priority", "tags", "custom_fields",
        "attachments",
    }),
    ticket_update=frozenset({"subject", "assignee", "group", "status", "priority", "tags", "custom_fields"}),
    # observed for the agent (0 is nobody); assumed for the group.
    ticket_clear=frozenset({"assignee", "group"}),
    contact_create=frozenset({"name", "emails", "phones", "company", "custom_fields"}),
    # observed: a user is created with one identity; those of other channels cannot be written through the port.
    contact_needs=frozenset({"email or phone"}),
    contact_update=frozenset({"name", "emails", "phones", "company", "custom_fields", "blocked"}),
    statuses={Status.OPEN: "open", Status.PENDING: "waiting", Status.CLOSED: "closed"},
    # assumed: the product's behaviour, of which its API's paper says nothing.
    reopens=Status.OPEN,
    priorities={
        Priority.LOW: "low",
        Priority.NORMAL: "normal",
        Priority.HIGH: "high",
        Priority.URGENT: "critical",
    },
    complete_lists=frozenset({"agents", "groups", "companies", "tags", "custom_fields"}),
    idempotency=frozenset({"tickets.create", "messages.note"}),
    files=FILES,
    page_size=100,
    notes={
        "templates": "Deskie has no templates in its API",
        "webhooks": "of custom channels, and of rules whose template an admin wrote; nothing is stored",
        "contacts.create:external_id": "a custom id belongs to a custom channel",
        "messages.add_from_contact": "a customer's answer opens the ticket again",
        "tickets.create:cc": "Deskie's API takes no cc",
        "tickets.update:cc": "Deskie's API takes no cc",
    },
)  # fmt: skip


def capabilities(settings: DeskieSettings) -> Capabilities:  # noqa: ARG001 - all subscriptions can do the same
    """Return what the desk can do."""
    return _CAPABILITIES
