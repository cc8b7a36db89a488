"""``desk.tickets`` of a local desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import Page, QuerySplit
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.local.port.words import changed_words, priority_of, status_changes, status_of, text_or_none
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.drafts import TicketChange, TicketDraft, set_fields
from helpdesk_bridge.model.fields import TICKET, Kind, Write, writable
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Message, Ticket
from helpdesk_bridge.model.values import UNSET, Actor, MessageKind, Priority, Status, Visibility, body_of
from helpdesk_bridge.store.blobs import Spooled
from helpdesk_bridge.store.conditions import Native, divide_tickets
from helpdesk_bridge.text.plain import fold

_SAME: Final = {Kind.WORDS: fold, Kind.ADDRESSES: email_key}
"""When two of what a ticket lists are one: tags as people compare words, people by their address."""
_CHANGEABLE: Final = [TICKET[name] for name in writable(TICKET, Write.CHANGE)]
_LISTS: Final = {field.name: _SAME[field.kind] for field in _CHANGEABLE if field.kind in _SAME}
_WORDS: Final = tuple(field.name for field in _CHANGEABLE if field.kind is Kind.WORD)


@frozen(eq=False)
class LocalTickets:
    """Tickets as ``TicketsAdapter`` has them."""

    _desk: LocalDesk

    def split(self, query: TicketQuery) -> QuerySplit:
        """Divide a query; SQL answers nearly all of it."""
        return divide_tickets(query)

    def page(self, native: Native, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return one page."""
        self._desk.calls.add("tickets.list", query=native.query, cursor=cursor, size=size)
        return self._desk.store.tickets.page(native, cursor, size)

    def get(self, ticket_id: str) -> Ticket:
        """Return one ticket with everything loaded."""
        self._desk.calls.add("tickets.get", ticket_id)
        return self._desk.store.tickets.get(ticket_id)

    def create(self, draft: TicketDraft, marker: str | None = None, earlier: Sequence[str] = ()) -> Ticket:
        """Create a ticket. If a ticket carries ``marker`` already, return that ticket and write nothing."""
        desk, store = self._desk, self._desk.store
        with desk.operation(draft.attachments) as files:
            known = (marker, *earlier) if marker is not None else ()
            existing = [ticket for token in known for ticket in store.tickets.marked(token)]
            if existing:
                desk.calls.add("tickets.create", existing[0], draft=draft, marker=marker)
                return store.tickets.get(existing[0])
            now = desk.now()
            ticket_id = store.tickets.new_id()
            requester = desk.people.requester(draft.requester)
            ticket = Ticket(
                id=ticket_id,
                ref=store.space.ref("ticket", ticket_id),
                number=ticket_id,
                requester=requester,
                channel="api",
                created_at=now,
                updated_at=now,
                **self._defaults(draft),
            )
            store.tickets.put(self._applied(ticket, _without_opening(draft), now), marker=marker)
            self._open(ticket, requester, draft, files)
        desk.calls.add("tickets.create", ticket_id, draft=draft, marker=marker)
        return store.tickets.get(ticket_id)

    def _defaults(self, draft: TicketDraft) -> dict[str, Any]:
        capabilities = self._desk.capabilities
        found: dict[str, Any] = {}
        if draft.status is UNSET:
            start = Status.OPEN.nearest(frozenset(capabilities.statuses))
            found["status"], found["status_label"] = start, capabilities.statuses.get(start)
        if draft.priority is UNSET and Priority.NORMAL in capabilities.priorities:
            label = capabilities.priorities[Priority.NORMAL]
            found["priority"], found["priority_label"] = Priority.NORMAL, label
        return found

    def _open(self, ticket: Ticket, requester: Actor, draft: TicketDraft, files: Sequence[Spooled]) -> None:
        store = self._desk.store
        with store.database.write() as connection:
            attachments = store.files.keep(connection, files)
        store.messages.add(
            Message(
                id=store.messages.new_id(),
                ticket_id=ticket.id,
                author=requester,
                visibility=Visibility.PUBLIC,
                kind=MessageKind.REPLY,
                opening=True,
                body=body_of(draft.description),
                created_at=ticket.created_at,
                attachments=attachments,
            )
        )

    def update(self, ticket_id: str, change: TicketChange) -> Ticket:
        """Change a ticket."""
        desk, store = self._desk, self._desk.store
        values = set_fields(change)
        desk.calls.add("tickets.update", ticket_id, change=change)
        with desk.operation():
            ticket = store.tickets.get(ticket_id)
            if values:
                now = desk.now()
                store.tickets.put(evolve(self._applied(ticket, values, now), updated_at=now))
        return store.tickets.get(ticket_id)

    def _applied(self, ticket: Ticket, values: dict[str, Any], now: datetime) -> Ticket:
        people, definitions = self._desk.people, self._desk.definitions
        changes: dict[str, Any] = {name: text_or_none(values[name], name) for name in _WORDS if name in values}
        if "subject" in values:
            changes["subject"] = text_or_none(values["subject"], "subject") or ""
        if "assignee" in values:
            changes["assignee"] = None if values["assignee"] is None else people.agent(values["assignee"])
        if "group" in values:
            changes["group"] = None if values["group"] is None else people.group(values["group"])
        if "company" in values:
            changes["company"] = None if values["company"] is None else people.company(values["company"])
        if "status" in values:
            changes.update(status_changes(ticket, status_of(values["status"], self._desk.capabilities), now))
        if "priority" in values:
            found = priority_of(values["priority"], self._desk.capabilities)
            changes["priority"], changes["priority_label"] = found
        lists = {name: same for name, same in _LISTS.items() if name in values}
        changes |= {
            name: changed_words(getattr(ticket, name), values[name], same, name) for name, same in lists.items()
        }
        definitions.tags(changes.get("tags", ()))
        if "custom_fields" in values:
            given = definitions.fields(values["custom_fields"], "ticket")
            now_fields = {} if values["custom_fields"] is None else {**ticket.custom_fields, **given}
            changes["custom_fields"] = {name: value for name, value in now_fields.items() if value is not None}
        return evolve(ticket, **changes)


def _without_opening(draft: TicketDraft) -> dict[str, Any]:
    opening = ("description", "requester", "attachments")
    return {name: value for name, value in set_fields(draft).items() if name not in opening}
