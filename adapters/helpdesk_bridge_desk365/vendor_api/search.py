"""Search over tickets. Observed: clients of 2026; one search costs five calls, and a thousand tickets can be reached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import Invalid, Ticket
from helpdesk_bridge_desk365.client.client import TICKET_COUNTS, Pairs, Rows
from helpdesk_bridge_desk365.vendor_api import arguments
from helpdesk_bridge_desk365.vendor_api.calls import Calls
from helpdesk_bridge_desk365.wire import parsing
from helpdesk_bridge_desk365.wire import reading as convert
from helpdesk_bridge_desk365.wire.account import AccountContext

MOST_REACHABLE: Final = 1000
ORDERS: Final = ("relevance", "created_time", "updated_time")
_TEXT_FIELDS: Final = ("subject", "ticket_number")


class Place(IntEnum):
    """Where a search looks. Observed: a client of 2026."""

    SUBJECT = 1
    DESCRIPTION = 2
    CONVERSATIONS = 3
    ATTACHMENT_NAMES = 4
    CUSTOM_FIELDS = 5
    PEOPLE = 6
    ARCHIVED_TOO = 7


@frozen
class Term:
    """Words that must be in one of these fields: subject, ticket_number ("130,131") or names of custom fields."""

    query: str
    fields: tuple[str, ...] = ("subject",)


@frozen(eq=False)
class SearchCalls:
    """Searching, on accounts that have it; others answer ``NotFound``.

    All words must be there, in any order; "a phrase" must match as it is, ``*x`` matches the end of a word, ``x*`` its
    beginning, ``*x*`` any part.
    """

    _calls: Calls
    _account: AccountContext

    def search_tickets(
        self,
        query: str,
        *,
        places: Sequence[int] = (Place.SUBJECT,),
        order_by: str = ORDERS[0],
        description: bool = False,
        custom_fields: bool = False,
        merged: bool = True,
        count: int = TICKET_COUNTS[0],
        offset: int = 0,
    ) -> Rows[Ticket]:
        """Return up to ``count`` (30, 50 or 100) tickets that hold the words in any of the places."""
        if not places:
            raise Invalid("places: give at least one place", field="places")
        chosen = [arguments.one_of(place, "places", list(Place)) for place in places]
        document = {"query": arguments.text(query, "query"), "search_in": chosen}
        shown = {"include_description": description, "include_custom_fields": custom_fields, "include_merged": merged}
        return self._search(1, document, order_by, shown, count, offset)

    def search_terms(
        self,
        *terms: Term,
        order_by: str = ORDERS[0],
        description: bool = False,
        custom_fields: bool = False,
        merged: bool = True,
        count: int = TICKET_COUNTS[0],
        offset: int = 0,
    ) -> Rows[Ticket]:
        """Return up to ``count`` (30, 50 or 100) tickets for which all terms hold."""
        if not terms:
            raise Invalid("terms: give at least one term", field="terms")
        document = {"search_term": [_term(term) for term in terms]}
        shown = {"include_description": description, "include_custom_fields": custom_fields, "include_merged": merged}
        return self._search(2, document, order_by, shown, count, offset)

    def _search(
        self, kind: int, query: dict[str, Any], order_by: str, shown: dict[str, bool], count: int, offset: int
    ) -> Rows[Ticket]:
        page = arguments.page(offset, count, TICKET_COUNTS, "ticket_count")
        arguments.whole(offset, "offset", most=MOST_REACHABLE)
        params: Pairs = (
            ("search_type", str(kind)),
            ("search_query", json.dumps(query, ensure_ascii=False)),
            ("order_by", arguments.one_of(order_by, "order_by", ORDERS)),
            *((name, arguments.truth(value, name)) for name, value in shown.items()),
            *page,
        )
        answer = self._calls.client.read("tickets.search", "/tickets/search", params, rows=count).json()
        rows = self._calls.client.rows(answer, parsing.read_ticket, "ticket", "tickets")
        return Rows(tuple(convert.ticket(document, self._account) for document in rows.items), rows.total)


def _term(term: Term) -> dict[str, Any]:
    if not isinstance(term, Term):
        raise Invalid(f"terms: expected a Term, found {type(term).__name__}", field="terms")
    names = arguments.several(term.fields, "fields") or _TEXT_FIELDS[:1]
    fields = [name if name in _TEXT_FIELDS else parsing.field_key(name) for name in names]
    return {"query": arguments.text(term.query, "query"), "search_in": fields}
