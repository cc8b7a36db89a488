"""Finds what carries a marker of this migration at the destination, for the verification."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from helpdesk_bridge.adapter import Importer, is_marker_field
from helpdesk_bridge.adapter.header_line import split_marker
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.model.records import Ticket

SHOWING: Final = frozenset({"spam", "deleted", "merged", "description", "custom_fields"})
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def marker_at(side: MigrationDesk, outage: Outage, ticket: Ticket) -> str | None:
    """Return the marker that a listed ticket carries.

    It costs nothing where the list shows the marker's field or the opening, else one call.
    """
    for name, value in ticket.custom_fields.items():
        if is_marker_field(name) and isinstance(value, str) and value.strip():
            return value.strip()
    if ticket.description is not None:
        return split_marker(ticket.description)[0]
    if "description" not in ticket.not_loaded:
        return None
    try:
        page = outage.patiently(lambda: side.desk.messages.list(ticket.id, resolve=False).page())
    except HelpdeskError:
        return None  # a ticket that cannot be read is none of ours
    return split_marker(page.items[0].body)[0] if page.items else None


def indexed(importer: Importer, marker: str, ticket: Ticket) -> tuple[str, ...]:
    """Return the ids of what carries a marker at a desk that keeps an index of them and shows them nowhere (local)."""
    return importer.find("ticket", marker, LONG_AGO, ticket)
