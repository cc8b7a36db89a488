"""Markers: how this library recognises a ticket that it wrote.

A marker is in a custom field of the ticket if the account has one for it, else in the last line of the description.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import (
    MARKER_FIELD,
    Body,
    Conflict,
    Marked,
    Order,
    Page,
    Ticket,
    body_digest,
    email_key,
    email_spellings,
    is_marker_field,
    split_header,
    split_marker,
    with_marker,
)
from helpdesk_bridge_desk365.port.filters import NativeTickets
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.port.ticket_pages import TicketPages
from helpdesk_bridge_desk365.wire import writing
from helpdesk_bridge_desk365.wire.times import time_text

API_CHANNEL: Final = "api"
"""Observed: every ticket that is made through the API has the source 15, and no other has it."""


@frozen
class Markers:
    """Writes markers and finds them. ``configured`` is the field's name in the configuration, if set."""

    pages: TicketPages
    observed: ObservedValues
    configured: str | None = None

    def put(self, document: dict[str, object], marker: str) -> None:
        """Write a marker into the document of a new ticket: into its field if there is one, else as the last line."""
        name = self.configured or self.observed.find_field(MARKER_FIELD)
        if name is not None:
            fields = document.get("custom_fields")
            given = fields if isinstance(fields, dict) else {}
            document["custom_fields"] = {**given, **writing.custom_fields({name: marker}, self.observed.field_named)}
        else:
            document["description"] = with_marker(Body(html=str(document["description"])), marker).html

    def created_with(self, markers: Sequence[str], email: str, description: str) -> str | None:
        """Return the id of the requester's ticket that was created with one of these markers, or None.

        Tickets that came in by mail do not count: customers may copy a marker.
        """
        others = False
        for ticket in self._tickets_with(markers, email, None):
            if ticket.channel != API_CHANNEL or ticket.requester is None:
                continue
            if email_key(ticket.requester.email or "") != email_key(email):
                continue
            if self._in_field(ticket) in markers or _says(ticket.description, description):
                return ticket.id
            others = True
        if others:
            raise Conflict(
                "a ticket of this customer carries this idempotency key but says something else; nothing was written: "
                "use another key for another ticket"
            )
        return None

    def written_since(self, marker: str, email: str, since: datetime | None) -> tuple[str, ...]:
        """Return the ids of a requester's tickets that carry a marker, created since then by the vendor's clock.

        Without ``since`` only the newest page is read. The caller must still compare the content.
        """
        return tuple(dict.fromkeys(ticket.id for ticket in self._tickets_with((marker,), email, since)))

    def page(self, cursor: str | None) -> Page[Marked]:
        """Return one page of all tickets with their markers: listings show both places of a marker."""
        page = self.pages.page(NativeTickets({}, Order.CREATED_ASC, description=True, custom_fields=True), cursor)
        rows = tuple(
            Marked(
                ticket_id=ticket.id,
                marker=self.of(ticket),
                created_at=_original_time(ticket),
                by_api=ticket.channel == API_CHANNEL,
            )
            for ticket in page.items
        )
        return Page(rows, page.next, page.total)

    def _tickets_with(self, markers: Sequence[str], email: str, since: datetime | None) -> Iterator[Ticket]:
        native = NativeTickets(
            filters={"contact": email_spellings(email)},
            order=Order.CREATED_DESC,
            description=True,
            custom_fields=True,
            until=None if since is None else time_text(since),
        )
        cursor: str | None = None
        while True:
            page = self.pages.page(native, cursor)
            yield from (ticket for ticket in page.items if self.of(ticket) in markers)
            if page.next is None or since is None:
                return
            cursor = page.next

    def is_field(self, name: str) -> bool:
        """Whether a custom field holds markers."""
        return is_marker_field(name, self.configured)

    def of(self, ticket: Ticket) -> str | None:
        """Return the marker that a listed ticket carries.

        The field for markers takes precedence: customers write descriptions, but not custom fields.
        """
        marker = self._in_field(ticket)
        if marker is not None or ticket.description is None:
            return marker
        return split_marker(ticket.description)[0]

    def _in_field(self, ticket: Ticket) -> str | None:
        texts = (
            value.strip()
            for name, value in ticket.custom_fields.items()
            if isinstance(value, str) and self.is_field(name)
        )
        return next((text for text in texts if text), None)


def _original_time(ticket: Ticket) -> datetime | None:
    """Return the creation time in the header line of an imported ticket, else the ticket's own."""
    header = None if ticket.description is None else split_header(split_marker(ticket.description)[1])[0]
    return ticket.created_at if header is None else header.created_at


def _says(there: Body | None, written: str) -> bool:
    rest = split_marker(there)[1] if there is not None else Body(text="")
    return body_digest(rest) == body_digest(Body(html=written))
