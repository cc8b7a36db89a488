"""Service: what every route of the simulated account needs: records, switches, reading calls and answering."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from helpdesk_bridge.testing.simulator import Call, Reply, Setting, SimulatorApp
from helpdesk_bridge_desk365.simulator.files import INLINE_PATH, FileLinks
from helpdesk_bridge_desk365.simulator.limits import Rates, policy_of
from helpdesk_bridge_desk365.simulator.records.records import Agent, Ticket
from helpdesk_bridge_desk365.simulator.refusals import Refusal, error_body, invalid, missing, query_missing, unknown_key
from helpdesk_bridge_desk365.simulator.text import (
    INLINE_ORIGIN,
    RawJson,
    encode,
    encode_page,
    whole_number,
    whole_second,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from helpdesk_bridge_desk365.simulator.records.account import Account

ROOT: Final = "/apis/v3"
READING: Final = frozenset({"GET", "HEAD"})
KEY: Final = "desk365.api_key"
"""Where a call keeps the key that it came with, once the key is judged."""


class Service:
    """One account at work; made anew when the simulator is reset."""

    def __init__(self, app: SimulatorApp, account: Account) -> None:
        self.account = account
        self.flag, self.number, self.choice = app.flag, app.number, app.choice
        self.searchable_count = app.searchable_count
        self.rates = Rates(policy_of(app.settings), app.clock.elapsed)
        self.links = FileLinks(app.files, app.clock)
        self._app = app

    @property
    def base_url(self) -> str:
        """Where the account is served now."""
        return self._app.base_url

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The current switches."""
        return self._app.settings

    def now(self) -> datetime:
        """Return the vendor's time in whole seconds, as records keep it."""
        return whole_second(self._app.clock.now())

    def answer(self, document: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Reply:
        """Return a JSON answer as Desk365 prints it, its inline images on the simulator's own host."""
        has_rows = isinstance(document, dict) and any(_is_rows(value) for value in document.values())
        text = encode_page(document) if has_rows else encode(document)
        text = text.replace(INLINE_ORIGIN, f"{self.base_url}{INLINE_PATH}/")
        return Reply(status, text.encode(), dict(headers or {}))

    def required(self, call: Call, name: str) -> str:
        """Return a query parameter that the operation cannot do without; 405 if it is not in the URL."""
        value = call.query.get(name, "")
        if not value:
            raise self.query_missing(call)
        return value

    def query_missing(self, call: Call) -> Refusal:
        """Return the refusal of a call whose query lacks what it needs."""
        status = int(self.choice("missing_query")) if call.method in READING else HTTPStatus.METHOD_NOT_ALLOWED
        return query_missing(call.method, status=status)

    def check_keys(self, body: Mapping[str, Any], known: Collection[str]) -> None:
        """Refuse a member of a body that is no field, unless the account is lenient."""
        if self.choice("unknown_keys") == "refuse":
            for key in body:
                if key not in known:
                    raise unknown_key(key)

    def key_of(self, call: Call) -> str:
        """Return the key that the call came with."""
        return str(call.environ[KEY])

    def key_owner(self) -> Agent:
        """Who writes what no agent_email signs: the owner of the key. documented: OpenAPI, agent_email."""
        owner = next(iter(self.account.agents.values()), None)
        return owner or Agent(self.account.support_address, "Support")

    def page(self, call: Call, rows: list[Any], size: int) -> list[Any]:
        """Return the rows from `offset` on. documented: OpenAPI, "Paginate through the resulting ticket list using this field"."""
        start = offset_of(call)
        return rows[start : start + size]

    def next_page(self, call: Call, total: int, size: int, **query: str) -> dict[str, Any]:
        """Return the member that tells the address of the page after this one. observed: production, 2026.

        That it repeats what was asked, and what it is on the last page, is assumed.
        """
        start = offset_of(call) + size
        if start < total:
            address = f"{self.base_url}{call.path}?{urlencode({**query, 'offset': start}, quote_via=quote)}"
            return {"next_page": address}
        return {"next_page": None} if self.choice("last_next_page") == "null" else {}

    def entitled(self, switch: str, what: str) -> None:
        """Answer 404 for an operation that only some accounts, or later versions, have."""
        if not self.flag(switch):
            raise missing(what)

    def ticket_of(self, call: Call, number: str | None = None) -> Ticket:
        """Return the ticket that `ticket_number` names; 404 for a gap, 405 if the query lacks it."""
        wanted = whole_number(number or self.required(call, "ticket_number"))
        if wanted is None:
            raise invalid("ticket_number must be a number.", "ticket_number")
        ticket = self.account.tickets.get(wanted)
        if ticket is None:
            raise missing("ticket")
        return ticket

    def refused(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Answer a refusal that names no field, in the shape that is switched on."""
        return self.answer(error_body(status, message, None, shape=self.choice("error_shape")), status, headers)


class RouteGroup:
    """The calls on one kind of record, registered on the application."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.account = service.account


def offset_of(call: Call) -> int:
    """Return the row offset; what is no number counts as 0: assumed."""
    return whole_number(call.query.get("offset", "")) or 0


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], RawJson)
