"""What a local desk can do: everything, or what another vendor can do."""

from __future__ import annotations

from typing import Final

import attrs

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.local.settings import LocalSettings
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.capabilities import OPERATIONS, Capabilities
from helpdesk_bridge.model.drafts import ContactChange, ContactDraft, TicketChange, TicketDraft
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Priority, Status

_LACKS: Final = ("templates.list", "webhooks")
_ANSWER: Final = frozenset({"raw", "not_loaded", "left_behind", "ref", "id_kind"})

STATUSES: Final = {
    Status.NEW: "New",
    Status.OPEN: "Open",
    Status.PENDING: "Pending",
    Status.ON_HOLD: "On hold",
    Status.SOLVED: "Solved",
    Status.CLOSED: "Closed",
}
PRIORITIES: Final = {
    Priority.LOW: "Low",
    Priority.NORMAL: "Normal",
    Priority.HIGH: "High",
    Priority.URGENT: "Urgent",
}


def _names(kind: type) -> frozenset[str]:
    return frozenset(field.name for field in attrs.fields(kind)) - _ANSWER


EVERYTHING: Final = Capabilities(
    vendor="local",
    operations=frozenset(OPERATIONS) - frozenset(_LACKS),
    ticket_fields=_names(Ticket),
    contact_fields=_names(Contact),
    message_fields=_names(Message),
    ticket_create=_names(TicketDraft),
    ticket_update=_names(TicketChange),
    ticket_clear=frozenset(fields.writable(fields.TICKET, fields.Write.CLEAR)),
    contact_create=_names(ContactDraft),
    contact_update=_names(ContactChange),
    statuses=STATUSES,
    open_statuses=True,
    priorities=PRIORITIES,
    complete_lists=frozenset({"agents", "groups", "companies", "tags", "custom_fields"}),
    idempotency=frozenset({"tickets.create", "messages.note"}),
    page_size=100,
    notes={
        "templates.list": "a local desk sends nothing, and so has no message templates",
        "webhooks": "a local desk calls nobody; events(cursor) tells what happened",
    },
)


def local_capabilities(settings: LocalSettings) -> Capabilities:
    """Return what the desk can do. Raises ``ConfigError`` if ``like`` names no vendor."""
    if settings.like is None:
        return EVERYTHING
    other = settings.like if isinstance(settings.like, Capabilities) else _of_vendor(settings.like)
    return attrs.evolve(EVERYTHING.narrowed(other), complete_lists=EVERYTHING.complete_lists)


def _of_vendor(name: str) -> Capabilities:
    from helpdesk_bridge.config.settings import example

    try:
        config = example(name)
    except ConfigError as error:
        raise ConfigError(f"like: {error}") from None
    return config.vendor.capabilities(config.settings)
