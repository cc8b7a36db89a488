"""Tickets (``desk.tickets``)."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from helpdesk_bridge.adapter import (
    UNSET,
    Add,
    Page,
    QuerySplit,
    Remove,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketQuery,
    email_key,
)
from helpdesk_bridge_desk365.client.client import Desk365Client, numbered
from helpdesk_bridge_desk365.port.filters import NativeTickets
from helpdesk_bridge_desk365.port.markers import Markers
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.port.ticket_pages import TicketPages
from helpdesk_bridge_desk365.wire import writing


@frozen
class Desk365Tickets:
    """Lists, reads and writes tickets."""

    _client: Desk365Client
    pages: TicketPages
    _markers: Markers
    _observed: ObservedValues

    @property
    def marker_field(self) -> str | None:
        """The custom field that the configuration names for markers, None if it names none."""
        return self._markers.configured

    def split(self, query: TicketQuery) -> QuerySplit:
        """Divide a query; no call is made."""
        return self.pages.split(query)

    def page(self, native: NativeTickets, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return one page."""
        return self.pages.page(native, cursor, size)

    def get(self, ticket_id: str) -> Ticket:
        """Return one ticket with everything that its details hold; a rating comes with ``include=`` only."""
        return self.pages.read(self._client.ticket(numbered(ticket_id)))

    def create(self, draft: TicketDraft, marker: str | None = None, earlier: Sequence[str] = ()) -> Ticket:
        """Create a ticket. With a marker, a ticket among the requester's newest that carries it is returned instead.

        Raises ``Conflict`` if a ticket carries the marker in its text but says something else.
        """
        named = self._observed.field_named
        document = writing.ticket_document(draft, named)
        if marker is not None:
            existing = self._markers.created_with(
                (marker, *earlier), str(document["email"]), str(document["description"])
            )
            if existing is not None:
                return self.get(existing)
            self._markers.put(document, marker)
        return self.pages.read(self._client.create_ticket(document, draft.attachments))

    def update(self, ticket_id: str, change: TicketChange) -> Ticket:
        """Change a ticket; setting the whole ``cc`` or ``watchers`` costs one more read."""
        number = numbered(ticket_id)
        document = writing.change_document(change, self._observed.field_named)
        whole = any(isinstance(people, tuple) for people in (change.cc, change.watchers))
        present = self._client.ticket(number) if whole else None
        if change.cc is not UNSET:
            document["share_to"] = _members(present.share_to if present is not None else (), change.cc)
        if change.watchers is not UNSET:
            document["watchers"] = _members(present.watchers if present is not None else (), change.watchers)
        return self.pages.read(self._client.update_ticket(number, document))


def _members(present: tuple[str, ...] | None, change: tuple[str, ...] | Add | Remove) -> dict[str, list[str]]:
    # Documented: OpenAPI, UpdateTicketModel, whose "Watchers" takes what to add and what to remove, never the whole.
    if isinstance(change, Add):
        return {"add": list(change.values), "remove": []}
    if isinstance(change, Remove):
        return {"add": [], "remove": list(change.values)}
    there, wanted = {email_key(address) for address in present or ()}, {email_key(address) for address in change}
    return {
        "add": [address for address in change if email_key(address) not in there],
        "remove": [address for address in present or () if email_key(address) not in wanted],
    }
