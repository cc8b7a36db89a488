"""The routes of the page: the page itself, and the data that it asks for."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import asdict

from helpdesk_bridge.testing.simulator.reply import Reply
from helpdesk_bridge.testing.simulator.routing import route
from helpdesk_bridge.web_page import self_contained

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.call import Call
    from helpdesk_bridge.testing.simulator.page.overview import Overview, ShownTicket
    from helpdesk_bridge.testing.simulator.request_log import RequestLog

_NEWEST: Final = 50
_A_PAGE: Final = 25
_MOST: Final = 100
_COUNT: Final = re.compile("[0-9]{1,9}")


class Looked(Protocol):
    """The parts of a simulator that the page shows."""

    requests: RequestLog

    @property
    def overview(self) -> Overview:
        """What the vendor's account shows."""
        ...


class PageRoutes:
    """The page and its data, as a route group that every simulator has."""

    def __init__(self, simulator: Looked) -> None:
        self._simulator = simulator

    @route("GET", "/_sim/", admin=True)
    def sim_page(self, _call: Call) -> Reply:
        """Show the page: tickets with threads, requests and budgets, the outbox, faults and the clock."""
        page, headers = self_contained("helpdesk_bridge.testing.simulator.page")
        return Reply(200, page, headers)

    @route("GET", "/_sim/activity", admin=True)
    def sim_activity(self, _call: Call) -> Reply:
        """Return the budgets, and the newest requests and messages to people, newest first, with their numbers."""
        overview, log = self._simulator.overview, self._simulator.requests
        outbox = overview.outbox()
        kept = log.snapshot()[-_NEWEST:]
        first = log.total - len(kept)
        requests = [
            {
                "number": first + place,
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "operation": request.operation,
                "status": request.status,
                "units": overview.units(request.method, request.path),
            }
            for place, request in enumerate(kept, start=1)
        ]
        return Reply.json(
            {
                "budgets": [asdict(budget) for budget in overview.budgets()],
                "requests": {"total": log.total, "newest": requests[::-1]},
                "outbox": {
                    "total": len(outbox),
                    "to_customers": sum(sent.audience == "customer" for sent in outbox),
                    "newest": [asdict(sent) for sent in reversed(outbox[-_NEWEST:])],
                },
            }
        )

    @route("GET", "/_sim/tickets", admin=True)
    def sim_tickets(self, call: Call) -> Reply:
        """List tickets, the one changed last first: ``?q=`` searches, ``?offset=`` and ``?limit=`` (up to 100) page."""
        words = call.query.get("q", "").casefold()
        offset, limit = _number(call, "offset", 0), min(_number(call, "limit", _A_PAGE), _MOST)
        matching = (ticket for ticket in self._simulator.overview.tickets() if _matches(ticket, words))
        rows = list(islice(matching, offset, offset + limit + 1))
        shown: list[dict[str, Any]] = [asdict(ticket) for ticket in rows[:limit]]
        return Reply.json({"tickets": shown, "offset": offset, "more": len(rows) > limit})

    @route("GET", "/_sim/tickets/<ticket_id>", admin=True)
    def sim_thread(self, _call: Call, ticket_id: str) -> Reply:
        """Return the messages of a ticket, oldest first."""
        thread = self._simulator.overview.thread(ticket_id)
        if thread is None:
            return Reply.json({"error": "not_found", "message": "there is no such ticket"}, 404)
        return Reply.json({"messages": [asdict(message) for message in thread]})


def _matches(ticket: ShownTicket, words: str) -> bool:
    return words in f"{ticket.number} {ticket.subject} {ticket.requester} {ticket.status}".casefold()


def _number(call: Call, name: str, default: int) -> int:
    given = call.query.get(name, "")
    return int(given) if _COUNT.fullmatch(given) else default
