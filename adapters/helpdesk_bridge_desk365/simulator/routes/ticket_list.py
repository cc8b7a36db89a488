"""Ticket list: its parameters and its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from attrs import frozen

from helpdesk_bridge_desk365.simulator.records.filters import Condition, read_filters
from helpdesk_bridge_desk365.simulator.refusals import invalid
from helpdesk_bridge_desk365.simulator.rendering import TicketShape
from helpdesk_bridge_desk365.simulator.text import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from werkzeug.datastructures import MultiDict

    from helpdesk_bridge.testing.simulator import Setting
    from helpdesk_bridge_desk365.simulator.records.account import Account
    from helpdesk_bridge_desk365.simulator.records.records import Ticket

PAGE_SIZES: Final = ("30", "50", "100")
"""documented: Desk365 API, "Retrieve details up to 10,000 tickets per call"; others fall back to 30: assumed."""

_ASCENDING: Final = frozenset({"asc", "ascending"})
"""documented: Desk365 API, "either ascending or descending"; OpenAPI, "asc - sort in ascending order"; all else is descending."""

_ORDERS: Final = ("created_time", "updated_time")


@frozen
class TicketList:
    """What one call of the ticket list asks for; unknown parameters are ignored. observed: dossier section 1.5."""

    filters: str
    conditions: tuple[Condition, ...]
    offset: int
    size: int
    order_by: str
    ascending: bool
    since: datetime | None
    since_text: str | None
    inclusive: bool
    shape: TicketShape

    def rows(self, account: Account) -> list[Ticket]:
        """All tickets that match, in order; newest created first unless asked otherwise."""
        tickets = [ticket for ticket in account.ordered(self.order_by) if self._matches(ticket)]
        if not self.ascending:
            tickets.reverse()
        return tickets

    def next_page(self, base_url: str) -> str:
        """Return the absolute URL of the next page with every effective parameter. observed: dossier section 4.1."""
        shape = self.shape
        query: dict[str, str | int] = {
            "filters": self.filters,
            "offset": self.offset + self.size,
            "include_custom_fields": int(shape.custom_fields),
            "include_description": int(shape.description),
            "include_survey_details": int(shape.survey),
            "nested_fields": int(not shape.nested),
            "order_by": self.order_by,
            "order_type": "asc" if self.ascending else "desc",
            "ticket_count": self.size,
        }
        if self.since_text is not None:
            query["updated_since"] = self.since_text
        return f"{base_url}/apis/v3/tickets?{urlencode(query, quote_via=quote)}"

    def _matches(self, ticket: Ticket) -> bool:
        since = self.since
        if since is not None and (ticket.updated_on < since or (ticket.updated_on == since and not self.inclusive)):
            return False
        return all(condition.passes(ticket) for condition in self.conditions)


def read_shape(query: MultiDict[str, str], settings: Mapping[str, Setting]) -> TicketShape:
    """Return what the include parameters ask for; all are off unless 1. documented: "Additional parameters"."""
    return TicketShape(
        description=query.get("include_description") == "1",
        custom_fields=query.get("include_custom_fields") == "1",
        survey=query.get("include_survey_details") == "1",
        nested=query.get("nested_fields") != "1",
        docs=bool(settings["docs_shape"]),
        additions=bool(settings["additions_2026"]),
    )


def read_ticket_list(
    query: MultiDict[str, str], account: Account, settings: Mapping[str, Setting], *, offset: int
) -> TicketList:
    """Return the list that the parameters describe; 400 for filters or a time that cannot be read."""
    filters = query.get("filters") or "{}"
    since_text = query.get("updated_since") or None
    since = None if since_text is None else parse_time(since_text)
    if since_text is not None and since is None:
        raise invalid("updated_since must be of the form yyyy-mm-dd hh:mm:ss.", "updated_since")
    count = query.get("ticket_count", "")
    order_by = query.get("order_by", "")
    return TicketList(
        filters=filters,
        conditions=read_filters(
            filters,
            quotes=str(settings["escaped_quote"]),
            additions=bool(settings["additions_2026"]),
            fields=account.fields,
        ),
        offset=offset,
        size=int(count) if count in PAGE_SIZES else 30,
        order_by=order_by if order_by in _ORDERS else _ORDERS[0],
        ascending=query.get("order_type", "").lower() in _ASCENDING,
        since=since,
        since_text=since_text,
        inclusive=settings["updated_since"] == "since",
        shape=read_shape(query, settings),
    )
