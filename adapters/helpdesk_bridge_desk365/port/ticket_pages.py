"""Pages of tickets: how a query is divided, sent and read, without losing rows while others change."""

from __future__ import annotations

import threading
from typing import Final

from attrs import define, field, frozen

from helpdesk_bridge.adapter import Invalid, Order, Page, QuerySplit, Ticket, TicketQuery, new_lock
from helpdesk_bridge_desk365.client.client import TICKET_COUNTS, Desk365Client, Pairs, Rows
from helpdesk_bridge_desk365.client.pages import OffsetScan, RowKey
from helpdesk_bridge_desk365.port.filters import NativeTickets, native_filter, since_of, until_of
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.port.ratings import RatingLabels
from helpdesk_bridge_desk365.wire import reading
from helpdesk_bridge_desk365.wire.account import AccountContext
from helpdesk_bridge_desk365.wire.documents import TicketDocument
from helpdesk_bridge_desk365.wire.writing import filters_json

OVERLAP: Final = 5


@define
class QuoteForm:
    """How single quotes are written in filters; learned from the account's answers."""

    form: str
    lock: threading.Lock = field(factory=new_lock, repr=False)


@frozen
class TicketPages:
    """Lists tickets and learns from each."""

    _client: Desk365Client
    _account: AccountContext
    _observed: ObservedValues
    _rating_labels: RatingLabels
    _quotes: QuoteForm

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
        """Return one page. Its rows overlap the last page, so that none is lost if tickets disappear meanwhile."""
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
        listed = scan.page(cursor, size)
        # How the vendor orders rows of one second is not known; here the number decides.
        rows = sorted(
            listed.items,
            key=lambda row: (_row_key(row, by_update=by_update).order, row.ticket_number),
            reverse=native.order.descending,
        )
        tickets = tuple(self._ticket(row) for row in rows)
        self._observed.learn(tickets)
        return listed.holding(tickets)

    def newest(self) -> tuple[Ticket, ...]:
        """Read the newest tickets with their custom fields, to learn from them."""
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
        # Documented: Desk365 API, "properly escaped with a backslash", which the same page contradicts: \' is no JSON. An account that refuses it is asked once more.
        rows = self._client.tickets((*params, ("filters", bare)), count=count)
        with self._quotes.lock:
            self._quotes.form = "bare"
        return rows

    def read(self, document: TicketDocument) -> Ticket:
        """Return a ticket as the model has it, and learn what it shows."""
        ticket = self._ticket(document)
        self._observed.learn((ticket,))
        return ticket

    def _ticket(self, document: TicketDocument) -> Ticket:
        return reading.ticket(document, self._account, rating_label=self._rating_labels.label(document.survey_rating))


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
