"""``desk.tickets`` at Desk365."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from attrs import define, field, frozen

from helpdesk_bridge.adapter import (
    UNSET,
    Add,
    Body,
    Conflict,
    Invalid,
    Marked,
    Order,
    Page,
    QuerySplit,
    Remove,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketQuery,
    body_digest,
    email_key,
    email_spellings,
    fold,
    split_header,
    split_marker,
    with_marker,
)
from helpdesk_bridge_desk365.client.client import TICKET_COUNTS, Desk365Client, Pairs, Rows, numbered
from helpdesk_bridge_desk365.client.pages import OffsetScan, RowKey
from helpdesk_bridge_desk365.port.filters import NativeTickets, native_filter, since_of, until_of
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.port.ratings import RatingLabels
from helpdesk_bridge_desk365.wire import reading, writing
from helpdesk_bridge_desk365.wire.account import AccountContext
from helpdesk_bridge_desk365.wire.documents import TicketDocument
from helpdesk_bridge_desk365.wire.times import time_text
from helpdesk_bridge_desk365.wire.writing import filters_json

OVERLAP: Final = 5
MARKER_FIELD: Final = "Migration marker"
API_CHANNEL: Final = "api"
"""Observed: every ticket that is made through the API has the source 15, and no other has it."""


@define
class QuoteForm:
    """How single quotes are written in filters, learned from the account's own answers."""

    form: str
    lock: threading.Lock = field(factory=threading.Lock, repr=False)


@frozen
class Desk365Tickets:
    """Lists, reads and writes tickets."""

    _client: Desk365Client
    _account: AccountContext
    _observed: ObservedValues
    _rating_labels: RatingLabels
    _quotes: QuoteForm
    _marker_field: str | None = None

    def split(self, query: TicketQuery) -> QuerySplit:
        """Divide a query; no call is made."""
        narrowed = native_filter(query, self._observed.spellings)
        since = since_of(query)
        native = NativeTickets(
            filters=narrowed.filters,
            order=query.order,
            updated_since=since,
            description="description" in query.include,
            custom_fields="custom_fields" in query.include or query.custom_fields is not None,
            rating="rating" in query.include,
            until=until_of(query),
        )
        described = dict(_order_params(query.order))
        if narrowed.filters:
            described["filters"] = filters_json(narrowed.filters, "bare")
        if since is not None:
            described["updated_since"] = since
        asked = frozenset(name for name in _FILTERED if getattr(query, name) is not None)
        exact = asked <= narrowed.exact
        return QuerySplit(
            native, narrowed.fields, described, exact=exact, empty=narrowed.empty, page_size=TICKET_COUNTS[-1]
        )

    def page(self, native: NativeTickets, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return one page. Its rows overlap the last page's, so that none is lost where tickets vanish meanwhile."""
        by_update = native.order.by_update
        scan = OffsetScan[TicketDocument](
            fetch=lambda offset, count: self._fetch(native, offset, count),
            key=lambda row: _row_key(row, by_update=by_update),
            sizes=TICKET_COUNTS,
            overlap=OVERLAP,
            descending=native.order.descending,
            fronted=native.order is Order.UPDATED_DESC,
            until=native.until,
        )
        found = scan.page(cursor, size)
        # How the vendor orders rows of one second is not known; here the number decides.
        rows = sorted(
            found.items,
            key=lambda row: (_row_key(row, by_update=by_update).order, row.ticket_number),
            reverse=native.order.descending,
        )
        tickets = tuple(self._ticket(row) for row in rows)
        self._observed.learn(tickets)
        return Page(tickets, found.next, found.total)

    def get(self, ticket_id: str) -> Ticket:
        """Return one ticket with everything that its details hold; a rating comes with ``include=`` only."""
        return self._learned(self._client.ticket(numbered(ticket_id)))

    def create(self, draft: TicketDraft, marker: str | None = None, earlier: Sequence[str] = ()) -> Ticket:
        """Create a ticket. With a marker, the requester's newest tickets are looked at first and one is adopted.

        Raises ``Conflict`` where a ticket carries the marker in its text and says something else.
        """
        named = self._observed.field_named
        document = writing.ticket_document(draft, named)
        if marker is not None:
            found = self._known((marker, *earlier), str(document["email"]), str(document["description"]))
            if found is not None:
                return self.get(found)
            self.mark(document, marker)
        return self._learned(self._client.create_ticket(document, draft.attachments))

    def update(self, ticket_id: str, change: TicketChange) -> Ticket:
        """Change a ticket; one read more where ``cc`` or ``watchers`` are set as a whole."""
        number = numbered(ticket_id)
        document = writing.change_document(change, self._observed.field_named)
        whole = any(isinstance(one, tuple) for one in (change.cc, change.watchers))
        present = self._client.ticket(number) if whole else None
        if change.cc is not UNSET:
            document["share_to"] = _members(present.share_to if present is not None else (), change.cc)
        if change.watchers is not UNSET:
            document["watchers"] = _members(present.watchers if present is not None else (), change.watchers)
        return self._learned(self._client.update_ticket(number, document))

    # --- the marker ---

    def mark(self, document: dict[str, object], marker: str) -> None:
        """Put a marker into what creates a ticket: into its field where the desk has one, else as the last line."""
        name = self._marker_field or self._observed.find_field(MARKER_FIELD)
        if name is not None:
            fields = document.get("custom_fields")
            given = fields if isinstance(fields, dict) else {}
            document["custom_fields"] = {**given, **writing.custom_fields({name: marker}, self._observed.field_named)}
        else:
            document["description"] = with_marker(Body(html=str(document["description"])), marker).html

    def _known(self, markers: Sequence[str], email: str, description: str) -> str | None:
        """Return the requester's ticket that one of these markers made; copies of one in mails are none."""
        others = False
        for ticket in self._carrying(markers, email, None):
            if ticket.channel != API_CHANNEL or ticket.requester is None:
                continue
            if email_key(ticket.requester.email or "") != email_key(email):
                continue
            if self._in_field(ticket) in markers or _says(ticket.description, description):
                return ticket.id
            others = True
        if others:
            raise Conflict(
                "a ticket of this customer carries this idempotency key and says something else; nothing was written: "
                "use another key for another ticket"
            )
        return None

    def marked(self, marker: str, email: str, since: datetime | None) -> tuple[str, ...]:
        """Return the ids of a requester's tickets that carry a marker, created since then by the vendor's clock.

        Without ``since`` only the newest page is looked at. Who finds one has still to compare what it says.
        """
        return tuple(dict.fromkeys(one.id for one in self._carrying((marker,), email, since)))

    def marked_page(self, cursor: str | None) -> Page[Marked]:
        """Return one page of all tickets with their markers: lists show both places in which one can stand."""
        page = self.page(NativeTickets({}, Order.CREATED_ASC, description=True, custom_fields=True), cursor)
        rows = tuple(
            Marked(
                ticket_id=one.id,
                marker=self.marker_of(one),
                created_at=_told_time(one),
                by_api=one.channel == API_CHANNEL,
            )
            for one in page.items
        )
        return Page(rows, page.next, page.total)

    def _carrying(self, markers: Sequence[str], email: str, since: datetime | None) -> Iterator[Ticket]:
        native = NativeTickets(
            filters={"contact": email_spellings(email)},
            order=Order.CREATED_DESC,
            description=True,
            custom_fields=True,
            until=None if since is None else time_text(since),
        )
        cursor: str | None = None
        while True:
            page = self.page(native, cursor)
            yield from (one for one in page.items if self.marker_of(one) in markers)
            if page.next is None or since is None:
                return
            cursor = page.next

    def is_marker_field(self, name: str) -> bool:
        """Whether a custom field holds markers."""
        return fold(name) == fold(self._marker_field or MARKER_FIELD)

    def marker_of(self, ticket: Ticket) -> str | None:
        """Return the marker that a listed ticket carries.

        What stands in the field for markers decides: customers write descriptions, but no custom fields.
        """
        found = self._in_field(ticket)
        if found is not None or ticket.description is None:
            return found
        return split_marker(ticket.description)[0]

    def _in_field(self, ticket: Ticket) -> str | None:
        texts = (
            value.strip()
            for name, value in ticket.custom_fields.items()
            if isinstance(value, str) and self.is_marker_field(name)
        )
        return next((text for text in texts if text), None)

    # --- the wire ---

    def newest(self) -> tuple[Ticket, ...]:
        """Read the newest tickets with their custom fields, for what they show."""
        return self.page(NativeTickets({}, Order.CREATED_DESC, custom_fields=True), None).items

    def first(self) -> tuple[tuple[Ticket, ...], int | None]:
        """Return the 30 newest tickets and how many there are: the one call that proves a key."""
        page = self.page(NativeTickets({}, Order.CREATED_DESC, custom_fields=True), None, TICKET_COUNTS[0])
        return page.items, page.total

    def _fetch(self, native: NativeTickets, offset: int, count: int) -> Rows[TicketDocument]:
        params = [("offset", str(offset)), *_order_params(native.order)]
        wanted = (name for name in ("description", "custom_fields") if getattr(native, name))
        params += [(f"include_{name}", "1") for name in wanted]
        if native.rating:
            params.append(("include_survey_details", "1"))
        if native.updated_since is not None:
            params.append(("updated_since", native.updated_since))
        return (
            self._filtered(native, tuple(params), count)
            if native.filters
            else self._client.tickets(tuple(params), count=count)
        )

    def _filtered(self, native: NativeTickets, params: Pairs, count: int) -> Rows[TicketDocument]:
        form = self._quotes.form
        asked = filters_json(native.filters, form)
        bare = filters_json(native.filters, "bare")
        try:
            return self._client.tickets((*params, ("filters", asked)), count=count)
        except Invalid:
            if form != "backslash" or asked == bare:
                raise
        # Documented and contradicted by the same page: \' is no JSON. An account that refuses it is asked once more.
        rows = self._client.tickets((*params, ("filters", bare)), count=count)
        with self._quotes.lock:
            self._quotes.form = "bare"
        return rows

    def _ticket(self, document: TicketDocument) -> Ticket:
        return reading.ticket(document, self._account, rating_label=self._rating_labels.label(document.survey_rating))

    def _learned(self, document: TicketDocument) -> Ticket:
        ticket = self._ticket(document)
        self._observed.learn((ticket,))
        return ticket


def _told_time(ticket: Ticket) -> datetime | None:
    """Return the time of creation that the header line of an imported ticket tells, else the ticket's own."""
    header = None if ticket.description is None else split_header(split_marker(ticket.description)[1])[0]
    return ticket.created_at if header is None else header.created_at


def _says(there: Body | None, written: str) -> bool:
    rest = split_marker(there)[1] if there is not None else Body(text="")
    return body_digest(rest) == body_digest(Body(html=written))


def _members(present: tuple[str, ...] | None, change: tuple[str, ...] | Add | Remove) -> dict[str, list[str]]:
    # Documented (OpenAPI): an update takes what to add and what to remove, never the whole.
    if isinstance(change, Add):
        return {"add": list(change.values), "remove": []}
    if isinstance(change, Remove):
        return {"add": [], "remove": list(change.values)}
    there, wanted = {email_key(one) for one in present or ()}, {email_key(one) for one in change}
    return {
        "add": [one for one in change if email_key(one) not in there],
        "remove": [one for one in present or () if email_key(one) not in wanted],
    }


_FILTERED: Final = (
    "statuses", "priorities", "requester", "assignee", "groups", "tags", "channels", "category", "subcategory", "type",
    "custom_fields", "subject", "created", "updated",
)  # fmt: skip


def _order_params(order: Order) -> Pairs:
    # Documented: "ascending or descending"; observed and in the OpenAPI document: asc and desc.
    return (
        ("order_by", "updated_time" if order.by_update else "created_time"),
        ("order_type", "desc" if order.descending else "asc"),
    )


def _row_key(row: TicketDocument, *, by_update: bool) -> RowKey:
    moment = row.updated_on if by_update else row.created_on
    return RowKey(str(row.ticket_number), moment.text if moment is not None else "")
