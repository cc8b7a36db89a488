"""The operations that create and update tickets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from helpdesk_bridge.testing.simulator import DOCUMENTED, Call, Reply, StoredFile, route
from helpdesk_bridge_desk365.simulator.parameters import email_of, json_object, multipart_object, uploads
from helpdesk_bridge_desk365.simulator.records.account import DEFAULT_SLA
from helpdesk_bridge_desk365.simulator.records.lifecycle import (
    assign,
    recompute_due_date,
    send_closing_survey,
    set_status,
)
from helpdesk_bridge_desk365.simulator.records.records import AGENT, CONTACT, Ticket
from helpdesk_bridge_desk365.simulator.refusals import field_missing
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
from helpdesk_bridge_desk365.simulator.routes.ticket_reads import TicketReading
from helpdesk_bridge_desk365.simulator.service import ROOT
from helpdesk_bridge_desk365.simulator.text import whole_second

API_SOURCE = 15
"""observed: every ticket made through the API, dossier section 2."""

_DEFAULT_PRIORITY = 5


class TicketWriting(TicketReading):
    """Create, create with files, update."""

    @route("POST", f"{ROOT}/tickets/create", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def create_ticket(self, call: Call) -> Reply:
        """Create; 200 and the whole ticket."""
        return self._create_ticket(json_object(call), ())

    @route("POST", f"{ROOT}/tickets/create_with_attachment", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def create_ticket_with_attachment(self, call: Call) -> Reply:
        """Create from `ticket_object`, with files of the description."""
        body = multipart_object(call, "ticket_object")
        received = uploads(call, self.settings)
        return self._create_ticket(
            body, tuple((upload.filename, upload.content_type, upload.content) for upload in received)
        )

    @route("PUT", f"{ROOT}/tickets/update", provenance=DOCUMENTED, source="OpenAPI v3, tickets")
    def update_ticket(self, call: Call) -> Reply:
        """Change what the body mentions; the answer lacks `attachments`. observed: dossier section 6.3."""
        ticket = self.ticket_of(call)
        body = json_object(call)
        self.check_keys(body, update_keys(additions=self.flag("additions_2026")))
        wanted = read_ticket(body, self.tenant, subject_limit=self.number("subject_limit"), creating=False)
        category = wanted.values.get("category", ticket.category)
        if wanted.values.get("subcategory") is not None:
            check_subcategory(wanted.values["subcategory"], category, self.tenant)
        elif category != ticket.category:
            wanted.values["subcategory"] = None
        self._apply_ticket_people(ticket, body)
        self._apply_ticket(ticket, wanted)
        document = self.details(ticket)
        del document["attachments"]
        return self.answer(document)

    def _create_ticket(self, body: dict[str, Any], files: tuple[tuple[str, str, bytes], ...]) -> Reply:
        """Create with the vendor's own times, source and number: no key of the body sets them. documented: OpenAPI."""
        self.check_keys(body, CREATE_KEYS)
        email = email_of(body, "email")
        if self.flag("status_required") and not body.get("status"):
            raise field_missing("Status")
        form = read_form(body)
        wanted = read_ticket(body, self.tenant, subject_limit=self.number("subject_limit"), creating=True)
        check_subcategory(wanted.values.get("subcategory"), wanted.values.get("category"), self.tenant)
        watchers, shares = read_watchers(body.get("watchers"), self.tenant), read_shares(body.get("share_to"))
        now = whole_second(self.clock.now())
        values = wanted.values
        ticket = Ticket(
            number=self.tenant.next_number(),
            contact=self.tenant.ensure_contact(email, now),
            subject=values.pop("subject"),
            description=values.pop("description"),
            status=self.tenant.statuses[0],
            priority=_DEFAULT_PRIORITY,
            source=API_SOURCE,
            sla=DEFAULT_SLA,
            created_on=now,
            updated_on=now,
            form_name=form,
            files=tuple(self._keep_upload(file) for file in files),
            watchers=watchers,
            share_to=shares,
        )
        self.tenant.add_ticket(ticket)
        recompute_due_date(ticket)
        self._apply_ticket(ticket, wanted)
        self._stamp_lag(ticket)
        reply = self.answer(self.details(ticket))
        self._after_create_ticket(ticket, now)
        return reply

    def _apply_ticket(self, ticket: Ticket, wanted: TicketInput) -> None:
        """Set what is wanted, with all that follows from it."""
        now = whole_second(self.clock.now())
        values = dict(wanted.values)
        agent = self.key_owner().email
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
        if closing and self.flag("survey_on_close"):
            send_closing_survey(self.tenant, ticket, now)
        self.tenant.touch(ticket, now)

    def _apply_ticket_people(self, ticket: Ticket, body: dict[str, Any]) -> None:
        """Watchers, shares and, with the additions of 2026, the requester."""
        watchers, shares = ticket.watchers, ticket.share_to
        if body.get("watchers") is not None:
            watchers = changed_addresses(
                watchers,
                body["watchers"],
                "watchers",
                lambda value: read_watchers(value, self.tenant),
                self.tenant.email_key,
            )
        if body.get("share_to") is not None:
            shares = changed_addresses(shares, body["share_to"], "share_to", read_shares, self.tenant.email_key)
        if self.flag("additions_2026") and body.get("contact_email") is not None:
            email = email_of(body, "contact_email")
            ticket.contact = self.tenant.ensure_contact(email, whole_second(self.clock.now()))
        ticket.watchers, ticket.share_to = watchers, shares

    def _stamp_lag(self, ticket: Ticket) -> None:
        """Make a new ticket's updated_on a second or two late. observed: dossier section 3.6."""
        if self.flag("updated_lag"):
            ticket.updated_on = ticket.created_on + timedelta(seconds=1 + ticket.number % 2)
            self.tenant.changed(ticket)

    def _after_create_ticket(self, ticket: Ticket, now: datetime) -> None:
        """Do what the account's rules do once the answer is written: read-back may differ. observed: section 3.6."""
        if self.flag("notify_on_create"):
            self.tenant.mail(CONTACT, "ticket created", ticket, [ticket.contact.email])
            if ticket.assigned_to is not None:
                self.tenant.mail(AGENT, "ticket assigned", ticket, [ticket.assigned_to])
        if self.choice("automation") == "assign":
            assign(ticket, ticket.assigned_to or self.key_owner().email, now)
            ticket.group = ticket.group or next(iter(self.tenant.groups), None)
            self.tenant.touch(ticket, now + timedelta(seconds=1))

    def _keep_upload(self, file: tuple[str, str, bytes]) -> StoredFile:
        return self.links.keep(*file)
