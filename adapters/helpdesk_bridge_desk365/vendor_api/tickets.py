"""Tickets beyond the common port. Documented: OpenAPI, TicketDetailsModel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import (
    Add,
    Body,
    Capabilities,
    Invalid,
    Remove,
    Sent,
    Ticket,
    TicketDraft,
    Upload,
    in_vendor_words,
)
from helpdesk_bridge_desk365.client.client import TICKET_COUNTS, Pairs, Rows
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.vendor_api.documents import Conversation, ConversationMessage, TicketDetails
from helpdesk_bridge_desk365.vendor_api.reading import read, read_page
from helpdesk_bridge_desk365.wire import reading, writing
from helpdesk_bridge_desk365.wire.account import AccountContext
from helpdesk_bridge_desk365.wire.documents import WrittenDocument
from helpdesk_bridge_desk365.wire.words import PRIORITIES, STATUSES
from helpdesk_bridge_desk365.wire.writing import filters_json

ORDERS: Final = ("created_time", "updated_time")
"""Documented: Desk365 API, "Additional parameters"."""

_COUNTS: Final = (
    *("count", "agent_reply_count", "contact_reply_count", "public_note_count", "private_note_count"),
    "forward_message_count",
)

_LABELS: Final = Capabilities(vendor="Desk365", statuses=STATUSES, open_statuses=True, priorities=PRIORITIES)


@frozen(eq=False)
class TicketCalls:
    """Tickets with forms, watchers and SLAs; replies and notes by other agents, with what they send.

    Bodies are text or ``Body``; people are e-mails. Custom fields of drafts are named as the account names them.
    """

    _calls: Calls
    _account: AccountContext
    _files_per_message: int
    _bytes_per_message: int

    def ticket(self, ticket_id: str | int) -> TicketDetails:
        """Return a ticket with all its details, under the vendor's own names."""
        params = (("ticket_number", arguments.ticket_number(ticket_id)),)
        document = self._calls.client.read("tickets.get", "/tickets/details", params, rows=1).json()
        return read(TicketDetails, document, odd=self._calls.client.odd)

    def tickets(
        self,
        *,
        filters: Mapping[str, Sequence[str]] | None = None,
        updated_since: datetime | None = None,
        order_by: str = ORDERS[0],
        descending: bool = True,
        description: bool = False,
        custom_fields: bool = False,
        survey: bool = False,
        nested_fields: bool = False,
        count: int = TICKET_COUNTS[0],
        offset: int = 0,
    ) -> Rows[TicketDetails]:
        """Return up to ``count`` (30, 50 or 100) tickets from a row on, under the vendor's own names.

        ``filters`` are the vendor's attributes, each with the texts that it may have. ``nested_fields`` asks the vendor
        to write custom fields and survey into the ticket itself (documented: Desk365 API, "nested_fields"); the values are the same.
        """
        shown = {"description": description, "custom_fields": custom_fields, "survey_details": survey}
        params: Pairs = (
            *arguments.page(offset, count, TICKET_COUNTS, "ticket_count"),
            ("order_by", arguments.one_of(order_by, "order_by", ORDERS)),
            ("order_type", "desc" if arguments.truth(descending, "descending") == "1" else "asc"),
            *((f"include_{name}", "1") for name, value in shown.items() if arguments.truth(value, name) == "1"),
        )
        if arguments.truth(nested_fields, "nested_fields") == "1":
            params = (*params, ("nested_fields", "1"))
        if updated_since is not None:
            params = (*params, ("updated_since", arguments.moment(updated_since, "updated_since")))
        wanted = {name: arguments.several(values, f"filters.{name}") for name, values in (filters or {}).items()}
        if wanted:
            params = (*params, ("filters", filters_json(wanted, "unicode")))
        answer = self._calls.client.read("tickets.list", "/tickets", params, rows=count).json()
        return read_page(TicketDetails, answer, self._calls.client.odd, "tickets")

    def create_ticket(self, draft: TicketDraft, *, form: str | None = None, watchers: Sequence[str] = ()) -> Ticket:
        """Create a ticket on a ticket form, watched by agents. The account may mail about it as about any new ticket."""
        document = writing.ticket_document(in_vendor_words(draft, _LABELS), _as_named)
        if form is not None:
            document["form_name"] = arguments.text(form, "form")
        watching = arguments.emails(watchers, "watchers")
        if watching:
            document["watchers"] = list(watching)
        made = self._calls.client.create_ticket(document, self._files(draft.attachments))
        return reading.ticket(made, self._account)

    def update_ticket(
        self,
        ticket_id: str | int,
        *,
        description: str | Body | None = None,
        sla: str | None = None,
        watchers: Add | Remove | None = None,
        requester: str | None = None,
    ) -> Ticket:
        """Replace a description, choose an SLA, add or remove watchers, or move the ticket to another requester.

        Only newer accounts accept ``requester`` (a client of 2026); others reject it.
        """
        number = arguments.ticket_number(ticket_id)
        change = arguments.given(
            description=None if description is None else _html(description, "description"),
            sla=None if sla is None else arguments.text(sla, "sla"),
            watchers=None if watchers is None else _watchers(watchers),
            contact_email=None if requester is None else arguments.email(requester, "requester"),
        )
        return reading.ticket(
            self._calls.client.update_ticket(number, arguments.something(change, "ticket")), self._account
        )

    def reply(
        self,
        ticket_id: str | int,
        body: str | Body,
        *,
        cc: Sequence[str] = (),
        bcc: Sequence[str] = (),
        agent: str | None = None,
        sender: str | None = None,
        include_previous_cc: bool = False,
        include_previous_messages: bool = False,
        attachments: Sequence[Upload] = (),
    ) -> Sent:
        """Mail the customer, as an agent (the key's owner by default) and from a support mailbox of the account."""
        number = arguments.ticket_number(ticket_id)
        files = self._files(attachments)
        flags = {"include_prev_ccs": include_previous_cc, "include_prev_messages": include_previous_messages}
        document = arguments.given(
            body=_html(body, "body", files),
            # Documented: OpenAPI, "CC emails separated by comma": several addresses are one text.
            cc_emails=",".join(arguments.emails(cc, "cc")) or None,
            bcc_emails=",".join(arguments.emails(bcc, "bcc")) or None,
            agent_email=None if agent is None else arguments.email(agent, "agent"),
            from_email=None if sender is None else arguments.email(sender, "sender"),
            **{name: 1 for name, value in flags.items() if arguments.truth(value, name) == "1"},
        )
        return _sent(self._calls.client.add_reply(number, document, files))

    def note(
        self,
        ticket_id: str | int,
        body: str | Body,
        *,
        agent: str | None = None,
        notify: Sequence[str] = (),
        attachments: Sequence[Upload] = (),
    ) -> Sent:
        """Add a private note as an agent, and mail the agents that are to be notified. The customer never sees it."""
        return self._note(ticket_id, body, agent, notify, attachments, private=1)

    def public_note(
        self,
        ticket_id: str | int,
        body: str | Body,
        *,
        agent: str | None = None,
        notify: Sequence[str] = (),
        attachments: Sequence[Upload] = (),
    ) -> Sent:
        """Add a note that the customer sees and is mailed about."""
        return self._note(ticket_id, body, agent, notify, attachments, private=0)

    def conversation(
        self,
        ticket_id: str | int,
        *,
        newest_first: bool = False,
        contact_replies: bool = True,
        agent_replies: bool = True,
        private_notes: bool = True,
        public_notes: bool = True,
        forwards: bool = True,
    ) -> Conversation:
        """Return a thread without its opening, under the vendor's own names, all in one answer."""
        number = arguments.ticket_number(ticket_id)
        wanted = {
            "include_contact_replies": contact_replies,
            "include_agent_replies": agent_replies,
            "include_private_notes": private_notes,
            "include_public_notes": public_notes,
            "include_forward_messages": forwards,
        }
        params = (
            ("ticket_number", number),
            ("sort_by", "latest_on_top" if arguments.truth(newest_first, "newest_first") == "1" else "earliest_on_top"),
            *((name, arguments.truth(value, name)) for name, value in wanted.items()),
        )
        document = self._calls.client.read("tickets.conversation", "/tickets/conversations", params).json()
        messages = read_page(ConversationMessage, document, self._calls.client.odd, "conversations").items
        return Conversation(messages=messages, **{name: _count(document.get(name)) for name in _COUNTS})

    def _note(
        self,
        ticket_id: str | int,
        body: str | Body,
        agent: str | None,
        notify: Sequence[str],
        attachments: Sequence[Upload],
        *,
        private: int,
    ) -> Sent:
        number = arguments.ticket_number(ticket_id)
        files = self._files(attachments)
        document = arguments.given(
            body=_html(body, "body", files),
            private_note=private,
            agent_email=None if agent is None else arguments.email(agent, "agent"),
            notify_emails=",".join(arguments.emails(notify, "notify")) or None,
        )
        return _sent(self._calls.client.add_note(number, document, files))

    def _files(self, files: Sequence[Upload]) -> tuple[Upload, ...]:
        uploads = tuple(files)
        if len(uploads) > self._files_per_message:
            raise Invalid(
                f"attachments: {len(uploads)} files; at most {self._files_per_message} in one call",
                field="attachments",
                limit=self._files_per_message,
            )
        if sum(file.size or 0 for file in uploads) > self._bytes_per_message:
            raise Invalid(
                f"attachments: together larger than {self._bytes_per_message} bytes",
                field="attachments",
                limit=self._bytes_per_message,
            )
        return uploads


def _as_named(_name: str) -> None:
    return None


def _html(body: str | Body, field: str, files: tuple[Upload, ...] = ()) -> str:
    if not isinstance(body, (str, Body)):
        raise Invalid(f"{field}: expected text or a Body, found {type(body).__name__}", field=field)
    if isinstance(body, str):
        arguments.text(body, field)
    return writing.html_of(body, files)


def _watchers(change: Add | Remove) -> Mapping[str, Any]:
    # Documented: OpenAPI, UpdateTicketModel: an update takes what to add and what to remove, never the whole.
    if not isinstance(change, (Add, Remove)) or not change.values:
        raise Invalid("watchers: expected Add or Remove with e-mails of agents", field="watchers")
    emails = list(arguments.emails(change.values, "watchers"))
    return {"add": emails, "remove": []} if isinstance(change, Add) else {"add": [], "remove": emails}


def _sent(written: WrittenDocument) -> Sent:
    return Sent((str(written.id),) if written.id is not None else ())


def _count(value: Any) -> int | None:
    return value if type(value) is int else None
