"""What all Desk365 operations share: the key and its budget, the answers' headers, the shape of refusals."""

from __future__ import annotations

from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote, urlencode

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.testing.simulator import (
    BadBody,
    Call,
    Reply,
    Setting,
    SimulatorApp,
    SimulatorClock,
    Switch,
    email_keys,
)
from helpdesk_bridge_desk365.simulator.files import FILES_PATH, INLINE_PATH, FileLinks
from helpdesk_bridge_desk365.simulator.limits import REMAINING, SEARCH_COST, Rates, policy_of
from helpdesk_bridge_desk365.simulator.records.account import STATUSES, Tenant
from helpdesk_bridge_desk365.simulator.records.records import Agent
from helpdesk_bridge_desk365.simulator.refusals import (
    Refusal,
    error_body,
    method_page,
    missing,
    query_missing,
    unknown_key,
)
from helpdesk_bridge_desk365.simulator.seeding.seeding import load
from helpdesk_bridge_desk365.simulator.switches import SWITCHES
from helpdesk_bridge_desk365.simulator.text import INLINE_ORIGIN, RawJson, comma_list, encode, encode_page, whole_number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ROOT: Final = "/apis/v3"
PING: Final = f"{ROOT}/ping"
SUBDOMAIN: Final = "acme"

API_KEY: Final = "5f2d9c01b7e84a36d1c0fe5a92b8473e6a0d1f9c3b7e25840c6fa1d3e9b25870"
SECOND_API_KEY: Final = "81be4407c2fa9d563e0b7711a4c8d2f6905e3caa7b14f08d62c97be5513fa04c"
"""Another key of the same account: a budget of its own. assumed: the limit is documented "per API key"."""

FOREIGN_API_KEY: Final = "c40a77d5e1b3f2988d6607ab51ce943f20b8f6d97e3a154c0fd2e8b6397a1c5d"
"""A key of another subdomain."""

_KEY: Final = "desk365.api_key"

_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Server": "Apache/2.4.65 (Amazon Linux)",
        "Vary": "Origin,Access-Control-Request-Method,Access-Control-Request-Headers",
        "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
        "Pragma": "no-cache",
        "Expires": "0",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Strict-Transport-Security": "max-age=31536000 ; includeSubDomains",
        "X-XSS-Protection": "0",
    }
)
"""observed: every answer, dossier section 1.3; there is no request id and no ETag."""

_READING: Final = frozenset({"GET", "HEAD"})
_STORAGE_HEADERS: Final[Mapping[str, str]] = MappingProxyType({"Server": "AmazonS3"})


class Desk365Service(SimulatorApp):
    """The account behind the operations: state, key, limit, headers."""

    vendor: ClassVar[str] = "desk365"
    SWITCHES: ClassVar[Mapping[str, Switch]] = SWITCHES

    tenant: Tenant
    rates: Rates
    links: FileLinks

    def __init__(
        self,
        dataset: Dataset,
        *,
        clock: SimulatorClock | None = None,
        settings: Mapping[str, Setting] | None = None,
        time_scale: float = 1.0,
    ) -> None:
        super().__init__(dataset, clock=clock, settings=settings, time_scale=time_scale)
        self.connection = {
            "subdomain": SUBDOMAIN,
            "api_key": API_KEY,
            "subscription": self.choice("subscription"),
        }

    def load(self, dataset: Dataset) -> None:
        """Seed the account anew, with full budgets."""
        self.rates = Rates(policy_of(self.settings), self.clock.elapsed)
        self.links = FileLinks(self.files, self.clock)
        self.tenant = Tenant(SUBDOMAIN, email_keys(self.choice("addresses")))
        self.tenant.statuses = (*STATUSES, *comma_list(self.choice("custom_statuses")))
        load(dataset, self.tenant, self.links)

    def state(self) -> Mapping[str, Any]:
        """How much there is of everything."""
        held = self.tenant
        return {
            "contacts": len(held.contacts),
            "agents": len(held.agents),
            "companies": len(held.companies),
            "tickets": len(held.tickets),
            "messages": sum(len(ticket.messages) for ticket in held.tickets.values()),
            "last_ticket_number": held.last_number,
            "mails": len(held.mails),
        }

    # Each request

    def before(self, call: Call) -> Reply | None:
        """Judge the key, then its budget; ping and files need neither. observed: dossier sections 1.2 to 1.4.

        Limits go before routing: an unknown path costs a call too (assumed).
        """
        if call.method == "OPTIONS" and "Origin" in call.headers:
            return Reply(HTTPStatus.OK)
        if not call.path.startswith(f"{ROOT}/") or call.path == PING:
            return None
        call.environ[_KEY] = self._judged_key(call)
        if call.environ[_KEY] == FOREIGN_API_KEY:
            self.rates.spend_calls(FOREIGN_API_KEY)
            raise Refusal(HTTPStatus.FORBIDDEN, "Access to this resource is forbidden for your API key.")
        searching = call.operation == "search_tickets" and self.flag("search_endpoint")
        self.rates.spend_calls(call.environ[_KEY], SEARCH_COST if searching else 1)
        return None

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Add the headers of every answer; the rate header wherever a key is known, so never on ping."""
        if call.path.startswith((f"{FILES_PATH}/", f"{INLINE_PATH}/")):
            return reply.with_headers(_STORAGE_HEADERS)
        headers = {"Content-Type": "application/json", **_HEADERS}
        if _KEY in call.environ:
            headers[REMAINING] = str(self.rates.remaining(call.environ[_KEY]))
        if "Origin" in call.headers:
            headers |= _cors(call)
        return reply.with_headers(headers)

    def _judged_key(self, call: Call) -> str:
        """Missing or unknown: 401 (documented). Production takes a key with the word Bearer too (observed, 2026)."""
        given = call.headers.get("Authorization", "")
        if self.flag("bearer"):
            given = given.removeprefix("Bearer ")
        if given not in (API_KEY, SECOND_API_KEY, FOREIGN_API_KEY):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "You are not authorized to access this resource.")
        return given

    # Refusals

    def bad_body(self, call: Call, error: BadBody) -> Reply:
        """Answer a refusal, or a body that cannot be read, in the shape that is switched on."""
        if not isinstance(error, Refusal):
            return self._refused(error.status, str(error))
        if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
            return _method_page(call, error.headers["Allow"])
        shape = self.choice("error_shape")
        body = error_body(error.status, str(error), error.field, shape=shape, code=error.code)
        return self.answer(body, error.status, error.headers)

    def not_found(self, call: Call) -> Reply:
        """Answer an unknown path: 404 to what reads, 405 to what writes. observed: PUT companies/<name>, 2026."""
        if call.method in _READING:
            return self._refused(HTTPStatus.NOT_FOUND, "The requested resource was not found.")
        return _method_page(call, "GET,HEAD")

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """Answer a wrong method with Allow, in the servlet container's words. observed: POST companies/update, 2026."""
        return _method_page(call, ",".join(allowed))

    def rate_limited(self, call: Call, retry_after: str | None) -> Reply:  # noqa: ARG002
        """Answer a 429 that a fault asks for."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self._refused(HTTPStatus.TOO_MANY_REQUESTS, "API rate limit exceeded. Please try again later.", headers)

    def unauthorized(self, call: Call) -> Reply:  # noqa: ARG002
        """Answer a 401 that a fault asks for."""
        return self._refused(HTTPStatus.UNAUTHORIZED, "You are not authorized to access this resource.")

    def server_error(self, call: Call, status: int) -> Reply:  # noqa: ARG002
        """Answer a failure of Desk365's own. documented: OpenAPI, 500."""
        return self._refused(status, "The application failed to process the request.")

    def _refused(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.answer(error_body(status, message, None, shape=self.choice("error_shape")), status, headers)

    # What the operations use

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
        status = int(self.choice("missing_query")) if call.method in _READING else HTTPStatus.METHOD_NOT_ALLOWED
        return query_missing(call.method, status=status)

    def check_keys(self, body: Mapping[str, Any], known: Collection[str]) -> None:
        """Refuse a member of a body that is no field, unless the account is lenient."""
        if self.choice("unknown_keys") == "refuse":
            for key in body:
                if key not in known:
                    raise unknown_key(key)

    def key_of(self, call: Call) -> str:
        """Return the key that the call came with."""
        return str(call.environ[_KEY])

    def key_owner(self) -> Agent:
        """Who writes what no agent_email signs: the owner of the key. documented: OpenAPI, agent_email."""
        owner = next(iter(self.tenant.agents.values()), None)
        return owner or Agent(self.tenant.support_address, "Support")

    def page(self, call: Call, rows: list[Any], size: int) -> list[Any]:
        """Return the rows from `offset` on. documented: OpenAPI, offset counts rows."""
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


def _method_page(call: Call, allowed: str) -> Reply:
    headers = {"Content-Type": "text/html;charset=utf-8", "Content-Language": "en", "Allow": allowed}
    return Reply(HTTPStatus.METHOD_NOT_ALLOWED, method_page(call.method), headers)


def offset_of(call: Call) -> int:
    """Return the row offset; what is no number counts as 0: assumed."""
    return whole_number(call.query.get("offset", "")) or 0


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], RawJson)


def _cors(call: Call) -> dict[str, str]:
    """observed: a browser dashboard calls the API directly, dossier section 1.3; the values are assumed."""
    return {
        "Access-Control-Allow-Origin": call.headers["Origin"],
        "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
        "Access-Control-Allow-Headers": call.headers.get(
            "Access-Control-Request-Headers", "Authorization,Content-Type"
        ),
        "Access-Control-Expose-Headers": REMAINING,
    }
