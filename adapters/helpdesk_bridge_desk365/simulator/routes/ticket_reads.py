"""The operations that read tickets: list, details, conversations, search."""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve
from werkzeug.datastructures import MultiDict

from helpdesk_bridge.testing.simulator import DOCUMENTED, OBSERVED, Call, Reply, route
from helpdesk_bridge_desk365.simulator.records.records import CONTACT, Message, Ticket
from helpdesk_bridge_desk365.simulator.records.search import MOST_REACHABLE, read_search
from helpdesk_bridge_desk365.simulator.refusals import invalid, missing
from helpdesk_bridge_desk365.simulator.rendering import TicketShape, message_document, ticket_document
from helpdesk_bridge_desk365.simulator.routes.ticket_list import PAGE_SIZES, read_shape, read_ticket_list
from helpdesk_bridge_desk365.simulator.service import ROOT, Desk365Service, offset_of
from helpdesk_bridge_desk365.simulator.text import RawJson, encode, whole_number

_KINDS: Final = {
    "agent_reply": ("include_agent_replies", "agent_reply_count"),
    "contact_reply": ("include_contact_replies", "contact_reply_count"),
    "public_note": ("include_public_notes", "public_note_count"),
    "private_note": ("include_private_notes", "private_note_count"),
    "forward": ("include_forward_messages", "forward_message_count"),
}

_NO_PARAMETERS: Final[MultiDict[str, str]] = MultiDict()


class TicketReading(Desk365Service):
    """Lists, details and conversations."""

    @route(
        "GET", f"{ROOT}/tickets", provenance=DOCUMENTED, source='Desk365 API, "Adding filters and retrieving tickets"'
    )
    def list_tickets(self, call: Call) -> Reply:
        """Give a page of tickets; `count` is the total that matches."""
        wanted = read_ticket_list(call.query, self.tenant, self.settings, offset=offset_of(call))
        found = wanted.rows(self.tenant)
        known = self.entered(call, "ticket")
        if known is not None:
            found = [ticket for ticket in found if ticket.number <= known]
        page = found[wanted.offset : wanted.offset + wanted.size]
        self.spend_rows(call, len(page))
        document: dict[str, Any] = {"count": len(found), "tickets": [self.row(one, wanted.shape) for one in page]}
        if wanted.shape.docs:
            return self.answer(document)
        if wanted.offset + wanted.size < len(found):
            document["next_page"] = wanted.next_page(self.base_url)
        elif self.choice("last_next_page") == "null":
            document["next_page"] = None
        return self.answer(document)

    @route("GET", f"{ROOT}/tickets/details", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def ticket_details(self, call: Call) -> Reply:
        """One ticket with its attachments, their URLs signed anew."""
        return self.answer(self.details(self.ticket_of(call)))

    @route("GET", f"{ROOT}/tickets/conversations", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def ticket_conversations(self, call: Call) -> Reply:
        """All messages at once; the counts are of the whole thread, whatever is left out (assumed)."""
        ticket = self.ticket_of(call)
        counts = dict.fromkeys((counter for _, counter in _KINDS.values()), 0)
        shown = []
        for message in ticket.messages:
            switch, counter = _KINDS[_kind(message)]
            counts[counter] += 1
            if call.query.get(switch, "1") != "0":
                shown.append(self.message(ticket, message))
        if call.query.get("sort_by") == "latest_on_top":
            shown.reverse()
        return self.answer({"count": len(ticket.messages), **counts, "conversations": shown})

    @route("GET", f"{ROOT}/tickets/search", provenance=OBSERVED, source="clients of 2026")
    def search_tickets(self, call: Call) -> Reply:
        """Give a page of what a search finds, at most a thousand; behind a switch."""
        self.entitled("search_endpoint", "requested resource")
        search = read_search(call.query, self.tenant)
        found = [ticket for ticket in self.tenant.ordered(search.order_by) if search.finds(ticket)]
        found = found[::-1][:MOST_REACHABLE]
        count = call.query.get("ticket_count", "")
        page = self.page(call, found, int(count) if count in PAGE_SIZES else 30)
        self.spend_rows(call, len(page))
        shape = read_shape(call.query, self.settings)
        return self.answer({"count": len(found), "tickets": [self.row(ticket, shape) for ticket in page]})

    # What other operations use too

    def ticket_of(self, call: Call, number: str | None = None) -> Ticket:
        """Return the ticket that `ticket_number` names; 404 for a gap, 405 if the query lacks it."""
        wanted = whole_number(number or self.required(call, "ticket_number"))
        if wanted is None:
            raise invalid("ticket_number must be a number.", "ticket_number")
        ticket = self.tenant.tickets.get(wanted)
        if ticket is None:
            raise missing("ticket")
        return ticket

    def spend_rows(self, call: Call, rows: int) -> None:
        """Count tickets that a list gives against the hour's."""
        self.rates.spend_rows(self.key_of(call), rows)

    def row(self, ticket: Ticket, shape: TicketShape) -> RawJson:
        """Return a ticket in a list, rendered once for each shape until it changes."""
        rendered = ticket.rendered.get(shape)
        if rendered is None:
            rendered = ticket.rendered[shape] = RawJson(encode(ticket_document(self.tenant, ticket, shape)))
        return rendered

    def details(self, ticket: Ticket) -> dict[str, Any]:
        """Return a ticket as details, create and update give it."""
        shape = evolve(read_shape(_NO_PARAMETERS, self.settings), details=True)
        document = ticket_document(self.tenant, ticket, shape)
        document["attachments"] = [
            self.links.descriptor(file, ticket.created_on, self.base_url) for file in ticket.files
        ]
        return document

    def message(self, ticket: Ticket, message: Message) -> dict[str, Any]:
        """Return a message as conversations give it."""
        files = [self.links.descriptor(file, message.created_on, self.base_url) for file in message.files]
        return message_document(ticket, message, files, additions=self.flag("additions_2026"))


def _kind(message: Message) -> str:
    if message.type == "note":
        return "public_note" if message.public_note else "private_note"
    if message.type == "forward":
        return "forward"
    return "contact_reply" if message.sender_type == CONTACT else "agent_reply"
