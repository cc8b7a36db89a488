"""Tickets (``desk.tickets``), which Deskie calls cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import (
    UNSET,
    Add,
    Body,
    Directory,
    Invalid,
    Page,
    QuerySplit,
    Remove,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketQuery,
    Unset,
    body_of,
)
from helpdesk_bridge_deskie.client.client import DeskieClient
from helpdesk_bridge_deskie.client.ticket_scan import CaseScan
from helpdesk_bridge_deskie.port.filters import NativeTickets, resolved_params, split_tickets
from helpdesk_bridge_deskie.port.inline_images import InlineImageWriter
from helpdesk_bridge_deskie.port.markers import Markers
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.wire.reading import NOT_IN_LISTS, Reader
from helpdesk_bridge_deskie.wire.writing import NO_SUBJECT, body_fields

_OPENING: Final = 1


@frozen
class DeskieTickets:
    """Cases as tickets."""

    client: DeskieClient = field(repr=False)
    reader: Reader = field(repr=False)
    names: Names = field(repr=False)
    directory: Directory = field(repr=False)
    writer: TicketWriter = field(repr=False)
    markers: Markers = field(repr=False)
    images: InlineImageWriter = field(repr=False)

    def split(self, query: TicketQuery) -> QuerySplit:
        """Divide a query."""
        return split_tickets(query)

    def page(self, native: NativeTickets, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return one page, by time; see ``ticket_scan``."""
        more = resolved_params(native.query, self.names, self.directory)
        if more is None:
            return Page((), None, 0)
        scan = CaseScan(
            fetch=self.client.cases, params=(*native.params, *more), order=native.query.order, bounds=native.bounds
        )
        cases = scan.page(cursor, size)
        tickets = tuple(self.reader.ticket(case) for case in cases.items)
        if "description" in native.query.include:
            tickets = tuple(self._with_opening(ticket) for ticket in tickets)
        return cases.holding(tickets)

    def get(self, ticket_id: str) -> Ticket:
        """Return one ticket with its description, which is in its messages: two reads."""
        return self._with_opening(self.reader.ticket(self.client.case(ticket_id)))

    def _with_opening(self, ticket: Ticket) -> Ticket:
        first = self.client.messages(ticket.id, 1, limit=_OPENING)
        opening = self.reader.message(first[0], ticket.id, 0) if first.items else None
        return evolve(
            ticket,
            description=opening.body if opening is not None else None,
            attachments=opening.attachments if opening is not None else (),
            message_count=first.total,
            not_loaded=ticket.not_loaded - NOT_IN_LISTS | ({"message_count"} if first.total is None else set()),
        )

    def create(self, draft: TicketDraft, marker: str | None = None, earlier: Sequence[str] = ()) -> Ticket:
        """Create a ticket. With a marker, one that carries it already is adopted.

        Raises ``Conflict`` if a ticket carries the marker in its text but has other content.
        """
        if marker is not None:
            existing = self.markers.created_with((marker, *earlier), draft)
            if existing is not None:
                return self.reader.ticket(existing)
        body = body_of(draft.description)
        fields = self.writer.draft(draft, body)
        if marker is not None:
            body = self.markers.put(marker, fields, body)
            fields |= body_fields(body)
        case = self.client.create_case(fields, draft.attachments)
        if self.images.needed(body, draft.attachments):
            self.images.write_opening_urls(str(case.case_id), body, draft.attachments)
        return self._with_requester(fields, self.reader.ticket(case))

    @staticmethod
    def _with_requester(fields: Mapping[str, Any], ticket: Ticket) -> Ticket:
        """Return a new ticket with the customer as we named them, which spares the desk a call to ask."""
        if ticket.requester is None or "user_email" not in fields:
            return ticket
        known = evolve(ticket.requester, email=fields["user_email"], name=fields.get("user_full_name"))
        return evolve(ticket, requester=known)

    def update(self, ticket_id: str, change: TicketChange) -> Ticket:
        """Change a ticket; tags given as a whole cost a read, because Deskie takes only additions and removals."""
        whole = not isinstance(change.tags, Unset) and isinstance(change.tags, tuple)
        current = self.client.case(ticket_id).labels if whole else ()
        fields = self.writer.change(change, current or ())
        return self.reader.ticket(self.client.update_case(ticket_id, fields))


@frozen
class TicketWriter:
    """Makes the fields of a case; names become ids through the directory."""

    names: Names
    people: People
    directory: Directory = field(repr=False)

    def draft(self, draft: TicketDraft, body: Body) -> dict[str, Any]:
        """Return the fields of a new case. The status is always sent: Deskie's own default is not known."""
        fields: dict[str, Any] = {
            **self.people.identity(draft.requester),
            "subject": draft.subject if draft.subject.strip() else NO_SUBJECT,
            **body_fields(body),
            "status": "open" if isinstance(draft.status, Unset) else draft.status,
            **self._common(draft),
        }
        if not isinstance(draft.tags, Unset) and draft.tags:
            fields["labels"] = self.names.labels(draft.tags)
        return fields

    def change(self, change: TicketChange, current_labels: Sequence[int]) -> dict[str, Any]:
        """Return the fields to change; ``current_labels`` matter only if the tags are given as a whole."""
        fields = self._common(change)
        if not isinstance(change.subject, Unset):
            fields["subject"] = change.subject if change.subject.strip() else NO_SUBJECT
        if not isinstance(change.status, Unset):
            fields["status"] = change.status
        if isinstance(change.tags, Unset):
            return fields
        added, removed = self._labels(change.tags, current_labels)
        # observed: an update takes `add_labels` and `delete_labels`, not `labels`.
        if added:
            fields["add_labels"] = added
        if removed:
            fields["delete_labels"] = removed
        return fields

    def _labels(self, tags: Any, current: Sequence[int]) -> tuple[list[int], list[int]]:
        if isinstance(tags, Add):
            return self.names.labels(tags.values), []
        if isinstance(tags, Remove):
            return [], self.names.known_labels(tags.values)
        wanted = self.names.labels(tags)
        return [label for label in wanted if label not in current], [label for label in current if label not in wanted]

    def _common(self, value: TicketDraft | TicketChange) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if not isinstance(value.assignee, Unset):
            fields["staff_id"] = (
                0 if value.assignee is None else self._id(self.directory.agent(value.assignee).id, "assignee")
            )
        if not isinstance(value.group, Unset):
            fields["group_id"] = 0 if value.group is None else self._id(self.directory.group(value.group).id, "group")
        if not isinstance(value.priority, Unset):
            fields["priority"] = value.priority
        if value.custom_fields is not UNSET and value.custom_fields:
            fields["custom_fields"] = self.names.written(value.custom_fields)
        return fields

    @staticmethod
    def _id(record_id: str | None, field: str) -> int:
        if record_id is None or not record_id.isdecimal():
            raise Invalid(f"no such {field} at this desk", field=field)
        return int(record_id)
