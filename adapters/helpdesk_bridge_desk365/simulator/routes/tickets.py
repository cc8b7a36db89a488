"""Routes of tickets: list, details, conversations, search, create and update."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from attrs import evolve
from werkzeug.datastructures import MultiDict

from helpdesk_bridge.testing.simulator import DOCUMENTED, OBSERVED, Call, Reply, StoredFile, route
from helpdesk_bridge_desk365.simulator.parameters import email_of, json_object, multipart_object, uploads
from helpdesk_bridge_desk365.simulator.records.lifecycle import (
    assign,
    recompute_due_date,
    send_closing_survey,
    set_status,
)
from helpdesk_bridge_desk365.simulator.records.records import AGENT, CONTACT, Message, Ticket
from helpdesk_bridge_desk365.simulator.records.search import MOST_REACHABLE, read_search
from helpdesk_bridge_desk365.simulator.refusals import field_missing
from helpdesk_bridge_desk365.simulator.rendering import TicketShape, message_document, ticket_document
from helpdesk_bridge_desk365.simulator.routes.ticket_input import (
    CREATE_KEYS,
    TicketInput,
    changed_addresses,
    check_subcategory,
    read_form,
    read_shares,
    read_ticket,
    read_watchers,
    update_keys,
)
from helpdesk_bridge_desk365.simulator.routes.ticket_list import PAGE_SIZES, read_shape, read_ticket_list
from helpdesk_bridge_desk365.simulator.service import ROOT, RouteGroup, offset_of
from helpdesk_bridge_desk365.simulator.text import RawJson, encode

_KINDS: Final = {
    "agent_reply": ("include_agent_replies", "agent_reply_count"),
    "contact_reply": ("include_contact_replies", "contact_reply_count"),
    "public_note": ("include_public_notes", "public_note_count"),
    "private_note": ("include_private_notes", "private_note_count"),
    "forward": ("include_forward_messages", "forward_message_count"),
}

_NO_PARAMETERS: Final[MultiDict[str, str]] = MultiDict()

API_SOURCE = 15
"""observed: every ticket made through the API, dossier section 2."""

_DEFAULT_PRIORITY = 5


class TicketRoutes(RouteGroup):
    """The calls on tickets, but for those that add messages."""

    @route(
        "GET", f"{ROOT}/tickets", provenance=DOCUMENTED, source='Desk365 API, "Adding filters and retrieving tickets"'
    )
    def list_tickets(self, call: Call) -> Reply:
        """Give a page of tickets; `count` is the total that matches."""
        wanted = read_ticket_list(call.query, self.account, self.service.settings, offset=offset_of(call))
        tickets = wanted.rows(self.account)
        known = self.service.searchable_count(call, "ticket")
        if known is not None:
            tickets = [ticket for ticket in tickets if ticket.number <= known]
        page = tickets[wanted.offset : wanted.offset + wanted.size]
        self._spend_rows(call, len(page))
        document: dict[str, Any] = {
            "count": len(tickets),
            "tickets": [self._row(ticket, wanted.shape) for ticket in page],
        }
        if wanted.shape.docs:
            return self.service.answer(document)
        if wanted.offset + wanted.size < len(tickets):
            document["next_page"] = wanted.next_page(self.service.base_url)
        elif self.service.choice("last_next_page") == "null":
            document["next_page"] = None
        return self.service.answer(document)

    @route("GET", f"{ROOT}/tickets/details", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def ticket_details(self, call: Call) -> Reply:
        """One ticket with its attachments, their URLs signed anew."""
        return self.service.answer(self._details(self.service.ticket_of(call)))

    @route("GET", f"{ROOT}/tickets/conversations", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def ticket_conversations(self, call: Call) -> Reply:
        """All messages at once; the counts are of the whole thread, whatever is left out (assumed)."""
        ticket = self.service.ticket_of(call)
        counts = dict.fromkeys((counter for _, counter in _KINDS.values()), 0)
        shown = []
        for message in ticket.messages:
            switch, counter = _KINDS[_kind(message)]
            counts[counter] += 1
            if call.query.get(switch, "1") != "0":
                shown.append(self._message(ticket, message))
        if call.query.get("sort_by") == "latest_on_top":
            shown.reverse()
        return self.service.answer({"count": len(ticket.messages), **counts, "conversations": shown})

    @route("GET", f"{ROOT}/tickets/search", provenance=OBSERVED, source="clients of 2026")
    def search_tickets(self, call: Call) -> Reply:
        """Give a page of what a search finds, at most a thousand; behind a switch."""
        self.service.entitled("search_endpoint", "requested resource")
        search = read_search(call.query, self.account)
        tickets = [ticket for ticket in self.account.ordered(search.order_by) if search.finds(ticket)]
        tickets = tickets[::-1][:MOST_REACHABLE]
        count = call.query.get("ticket_count", "")
        page = self.service.page(call, tickets, int(count) if count in PAGE_SIZES else 30)
        self._spend_rows(call, len(page))
        shape = read_shape(call.query, self.service.settings)
        return self.service.answer({"count": len(tickets), "tickets": [self._row(ticket, shape) for ticket in page]})

    @route("POST", f"{ROOT}/tickets/create", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def create_ticket(self, call: Call) -> Reply:
        """Create; 200 and the whole ticket."""
        return self._create_ticket(json_object(call), ())

    @route("POST", f"{ROOT}/tickets/create_with_attachment", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def create_ticket_with_attachment(self, call: Call) -> Reply:
        """Create from `ticket_object`, with files of the description."""
        body = multipart_object(call, "ticket_object")
        received = uploads(call, self.service.settings)
        return self._create_ticket(
            body, tuple((upload.filename, upload.content_type, upload.content) for upload in received)
        )

    @route("PUT", f"{ROOT}/tickets/update", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def update_ticket(self, call: Call) -> Reply:
        """Change what the body mentions; the answer lacks `attachments`. observed: dossier section 6.3."""
        ticket = self.service.ticket_of(call)
        body = json_object(call)
        self.service.check_keys(body, update_keys(additions=self.service.flag("additions_2026")))
        wanted = read_ticket(body, self.account, subject_limit=self.service.number("subject_limit"), creating=False)
        category = wanted.values.get("category", ticket.category)
        if wanted.values.get("subcategory") is not None:
            check_subcategory(wanted.values["subcategory"], category, self.account)
        elif category != ticket.category:
            wanted.values["subcategory"] = None
        self._apply_ticket_people(ticket, body)
        self._apply_ticket(ticket, wanted)
        document = self._details(ticket)
        del document["attachments"]
        return self.service.answer(document)

    def _create_ticket(self, body: dict[str, Any], files: tuple[tuple[str, str, bytes], ...]) -> Reply:
        """Create with the vendor's own times, source and number: no key of the body sets them.

        documented: OpenAPI, CreateTicketModel.
        """
        self.service.check_keys(body, CREATE_KEYS)
        email = email_of(body, "email")
        if self.service.flag("status_required") and not body.get("status"):
            raise field_missing("Status")
        form = read_form(body, self.account)
        wanted = read_ticket(body, self.account, subject_limit=self.service.number("subject_limit"), creating=True)
        check_subcategory(wanted.values.get("subcategory"), wanted.values.get("category"), self.account)
        watchers, shares = read_watchers(body.get("watchers"), self.account), read_shares(body.get("share_to"))
        now = self.service.now()
        values = wanted.values
        ticket = Ticket(
            number=self.account.next_number(),
            contact=self.account.ensure_contact(email, now),
            subject=values.pop("subject"),
            description=values.pop("description"),
            status=self.account.statuses[0],
            priority=_DEFAULT_PRIORITY,
            source=API_SOURCE,
            sla=self.account.default_sla,
            created_on=now,
            updated_on=now,
            form_name=form,
            files=tuple(self._keep_upload(file) for file in files),
            watchers=watchers,
            share_to=shares,
        )
        self.account.add_ticket(ticket)
        recompute_due_date(ticket)
        self._apply_ticket(ticket, wanted)
        self._stamp_lag(ticket)
        reply = self.service.answer(self._details(ticket))
        self._after_create_ticket(ticket, now)
        return reply

    def _apply_ticket(self, ticket: Ticket, wanted: TicketInput) -> None:
        """Set what is wanted, with all that follows from it."""
        now = self.service.now()
        values = dict(wanted.values)
        agent = self.service.key_owner().email
        if "assigned_to" in values:
            assign(ticket, values.pop("assigned_to"), now)
        closing = set_status(ticket, values.pop("status", ticket.status), now, by=agent)
        if values.get("priority", ticket.priority) != ticket.priority or "sla" in values:
            ticket.priority, ticket.sla = values.get("priority", ticket.priority), values.get("sla", ticket.sla)
            recompute_due_date(ticket)
        for name, value in values.items():
            setattr(ticket, name, value)
        for name, value in wanted.custom_fields.items():
            if value is None:
                ticket.custom_fields.pop(name, None)
            else:
                ticket.custom_fields[name] = value
        ticket.updated_by = agent
        if closing and self.service.flag("survey_on_close"):
            send_closing_survey(self.account, ticket, now)
        self.account.touch(ticket, now)

    def _apply_ticket_people(self, ticket: Ticket, body: dict[str, Any]) -> None:
        """Watchers, shares and, with the additions of 2026, the requester."""
        watchers, shares = ticket.watchers, ticket.share_to
        if body.get("watchers") is not None:
            watchers = changed_addresses(
                watchers,
                body["watchers"],
                "watchers",
                lambda value: read_watchers(value, self.account),
                self.account.email_key,
            )
        if body.get("share_to") is not None:
            shares = changed_addresses(shares, body["share_to"], "share_to", read_shares, self.account.email_key)
        if self.service.flag("additions_2026") and body.get("contact_email") is not None:
            email = email_of(body, "contact_email")
            ticket.contact = self.account.ensure_contact(email, self.service.now())
        ticket.watchers, ticket.share_to = watchers, shares

    def _stamp_lag(self, ticket: Ticket) -> None:
        """Make a new ticket's updated_on a second or two late. observed: dossier section 3.6."""
        if self.service.flag("updated_lag"):
            ticket.updated_on = ticket.created_on + timedelta(seconds=1 + ticket.number % 2)
            self.account.changed(ticket)

    def _after_create_ticket(self, ticket: Ticket, now: datetime) -> None:
        """Do what the account's rules do once the answer is written: read-back may differ. observed: section 3.6."""
        if self.service.flag("notify_on_create"):
            self.account.mail(CONTACT, "ticket created", ticket, [ticket.contact.email])
            if ticket.assigned_to is not None:
                self.account.mail(AGENT, "ticket assigned", ticket, [ticket.assigned_to])
        if self.service.choice("automation") == "assign":
            assign(ticket, ticket.assigned_to or self.service.key_owner().email, now)
            ticket.group = ticket.group or next(iter(self.account.groups), None)
            self.account.touch(ticket, now + timedelta(seconds=1))

    def _keep_upload(self, file: tuple[str, str, bytes]) -> StoredFile:
        return self.service.links.keep(*file)

    def _spend_rows(self, call: Call, rows: int) -> None:
        """Count tickets that a list gives against the hour's."""
        self.service.rates.spend_rows(self.service.key_of(call), rows)

    def _row(self, ticket: Ticket, shape: TicketShape) -> RawJson:
        """Return a ticket in a list, rendered once for each shape until it changes."""
        rendered = ticket.rendered.get(shape)
        if rendered is None:
            rendered = ticket.rendered[shape] = RawJson(encode(ticket_document(self.account, ticket, shape)))
        return rendered

    def _details(self, ticket: Ticket) -> dict[str, Any]:
        """Return a ticket as details, create and update give it."""
        shape = evolve(read_shape(_NO_PARAMETERS, self.service.settings), details=True)
        document = ticket_document(self.account, ticket, shape)
        document["attachments"] = [
            self.service.links.descriptor(file, ticket.created_on, self.service.base_url) for file in ticket.files
        ]
        return document

    def _message(self, ticket: Ticket, message: Message) -> dict[str, Any]:
        """Return a message as conversations give it."""
        files = [
            self.service.links.descriptor(file, message.created_on, self.service.base_url) for file in message.files
        ]
        return message_document(ticket, message, files, additions=self.service.flag("additions_2026"))


def _kind(message: Message) -> str:
    if message.type == "note":
        return "public_note" if message.public_note else "private_note"
    if message.type == "forward":
        return "forward"
    return "contact_reply" if message.sender_type == CONTACT else "agent_reply"
