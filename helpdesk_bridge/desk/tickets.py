"""``desk.tickets``: queries, drafts and changes joined to the adapter's tickets."""

from __future__ import annotations

from typing import Any, Unpack, overload

from attrs import evolve, frozen

from helpdesk_bridge.desk.idempotency import without_key
from helpdesk_bridge.desk.link import DeskLink, refuse_key
from helpdesk_bridge.desk.listing import QueryListing
from helpdesk_bridge.desk.refusals import check_ticket_change, check_ticket_draft
from helpdesk_bridge.model.drafts import TicketChange, TicketDraft
from helpdesk_bridge.model.keywords import TicketChanges, TicketFields, TicketFilters, made_of, query_of
from helpdesk_bridge.model.matching import place_in, sort_key, ticket_filters, ticket_matches
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import FrozenDict
from helpdesk_bridge.ports import Explanation, TicketId


@frozen(repr=False)
class TicketsPort:
    """``desk.tickets``."""

    _link: DeskLink

    def __repr__(self) -> str:
        return f"<tickets of desk {self._link.name}>"

    def list(
        self, query: TicketQuery | None = None, *, resolve: bool = True, **filters: Unpack[TicketFilters]
    ) -> QueryListing[Ticket]:
        """List tickets, lazily."""
        link = self._link
        native_query = link.aliases.query(query_of(TicketQuery, query, filters))
        with link.operation("tickets.list", passing=True):
            split = link.adapter.tickets.split(native_query)
        compared = any(getattr(native_query, name) is not None for name in ("requester", "assignee", "groups"))
        crowd = link.people.crowd()

        def keep(ticket: Ticket) -> Ticket | None:
            filled = link.aliases.meaning(ticket)
            filled = link.people.ticket(filled, crowd) if compared else filled
            return filled if ticket_matches(native_query, filled) else None

        def shown(ticket: Ticket) -> Ticket:
            filled = link.people.ticket(ticket, crowd) if resolve else ticket
            return link.aliases.ticket(_unmarked(filled))

        return QueryListing(
            split=split,
            fetch=lambda cursor, size: link.adapter.tickets.page(split.native, cursor, size),
            keep=keep,
            shown=shown,
            expect=crowd.expect if resolve or compared else None,
            key=lambda ticket: ticket.id,
            sort=lambda tickets: sorted(
                tickets, key=sort_key(native_query.order), reverse=native_query.order.descending
            ),
            limit=native_query.limit,
            listing=lambda: link.listing("tickets.list", native_query),
            place=place_in(native_query.order),
            descending=native_query.order.descending,
            located=lambda: link.operation("tickets.list"),
            begin=lambda: link.begin("tickets.list"),
        )

    def get(self, id: TicketId) -> Ticket:
        """Return one ticket with everything loaded."""
        with self._link.operation("tickets.get"):
            ticket_id = self._link.id(id, "ticket")
            with self._link.operation_of("tickets.get", "ticket", ticket_id):
                return self._seen(self._link.adapter.tickets.get(ticket_id))

    @overload
    def create(self, draft: TicketDraft, *, idempotency_key: str | None = None) -> Ticket: ...
    @overload
    def create(self, *, idempotency_key: str | None = None, **fields: Unpack[TicketFields]) -> Ticket: ...
    def create(self, draft: TicketDraft | None = None, *, idempotency_key: str | None = None, **fields: Any) -> Ticket:
        """Create a ticket, from a draft or from its fields."""
        link = self._link
        with link.operation("tickets.create"):
            draft = made_of(TicketDraft, draft, fields)
            with link.aliases.own_words(draft):
                return self._seen(self._create(draft, idempotency_key))

    def _create(self, draft: TicketDraft, idempotency_key: str | None) -> Ticket:
        link = self._link
        refuse_key(link.capabilities, "tickets.create", idempotency_key)
        native = link.aliases.write(evolve(draft, requester=link.person(draft.requester, "requester")))
        native = check_ticket_draft(native, link.capabilities)
        if idempotency_key is None:
            return link.adapter.tickets.create(native)
        token, *earlier = link.tokens("tickets.create", idempotency_key)
        known = {"earlier": tuple(earlier)} if earlier else {}
        return link.adapter.tickets.create(native, token, **known)

    def update(self, id: TicketId, change: TicketChange | None = None, **changes: Unpack[TicketChanges]) -> Ticket:
        """Change a ticket, by a change or by its fields."""
        link = self._link
        with link.operation("tickets.update"):
            ticket_id = link.id(id, "ticket")
            change = made_of(TicketChange, change, changes)
            with link.aliases.own_words(change):
                native = check_ticket_change(link.aliases.write(change), link.capabilities)
            with link.operation_of("tickets.update", "ticket", ticket_id), link.aliases.own_words(change):
                return self._seen(link.adapter.tickets.update(ticket_id, native))

    def explain(self, query: TicketQuery | None = None, **filters: Unpack[TicketFilters]) -> Explanation:
        """Tell how a query would be answered, sending nothing."""
        native_query = self._link.aliases.query(query_of(TicketQuery, query, filters))
        split = self._link.adapter.tickets.split(native_query)
        client_side = tuple(name for name in ticket_filters(native_query) if name not in split.fields)
        return Explanation(FrozenDict(split.described), client_side, not split.ordered, 0 if split.empty else 1)

    def _seen(self, ticket: Ticket) -> Ticket:
        seen = self._link.aliases.ticket(_unmarked(self._link.people.ticket(self._link.aliases.meaning(ticket))))
        return self._link.files.in_ticket(seen)


def _unmarked(ticket: Ticket) -> Ticket:
    body = None if ticket.description is None else without_key(ticket.description)
    return ticket if body is ticket.description else evolve(ticket, description=body)
