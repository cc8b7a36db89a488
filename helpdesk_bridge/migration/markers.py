"""Finds what carries a marker of this migration at the destination: duplicates, and what a lost journal knew."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

from helpdesk_bridge.adapter import Importer
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.headerline import split_marker
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.migration.side import Side
from helpdesk_bridge.migration.values import is_marker_field
from helpdesk_bridge.model import Ticket
from helpdesk_bridge.query import Order, TicketQuery

SHOWING: Final = frozenset({"spam", "deleted", "merged", "description", "custom_fields"})
GLANCE: Final = 3
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def marker_at(side: Side, outage: Outage, ticket: Ticket) -> str | None:
    """Return the marker that a listed ticket carries.

    It costs nothing where the list shows the marker's field or the opening, else one call.
    """
    for name, value in ticket.custom_fields.items():
        if is_marker_field(name) and isinstance(value, str) and value:
            return value
    if ticket.description is not None:
        return split_marker(ticket.description)[0]
    if "description" not in ticket.not_loaded:
        return None
    try:
        page = outage.patiently(lambda: side.desk.messages.list(ticket.id, resolve=False).page())
    except HelpdeskError:
        return None  # a ticket that cannot be read is none of ours
    return split_marker(page.items[0].body)[0] if page.items else None


def all_markers(side: Side, outage: Outage) -> dict[str, str]:
    """Return the ids of the destination's tickets by the markers that they carry."""

    def read() -> dict[str, str]:
        found: dict[str, str] = {}
        for ticket in side.desk.tickets.list(TicketQuery(include=SHOWING), resolve=False):
            marker = None if ticket.deleted else marker_at(side, outage, ticket)
            if marker is not None:
                found.setdefault(marker, ticket.id)
        return found

    return outage.patiently(read)


def indexed(importer: Importer, marker: str, ticket: Ticket) -> tuple[str, ...]:
    """Return the ids of what carries a marker at a desk that keeps an index of them and shows them nowhere (local)."""
    return importer.find("ticket", marker, LONG_AGO, ticket)


def recent_markers(side: Side, outage: Outage) -> set[str]:
    """Return the markers of the tickets that were touched last: a glance of a few calls."""
    query = TicketQuery(include=SHOWING - {"description"}, order=Order.UPDATED_DESC, limit=GLANCE)
    listing = side.desk.tickets.list(query, resolve=False)
    tickets: list[Ticket] = outage.patiently(partial(list, listing))
    return {marker for one in tickets if (marker := marker_at(side, outage, one)) is not None}
