"""The simulated account over HTTP: its records from the seed, keys and limits, refusals, and the groups of routes."""

from __future__ import annotations

from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from helpdesk_bridge.testing.simulator import (
    DOCUMENTED,
    BadBody,
    Call,
    Reply,
    SimulatorApp,
    Switch,
    email_keys,
    route,
)
from helpdesk_bridge_desk365.simulator import faults
from helpdesk_bridge_desk365.simulator.files import FILES_PATH, INLINE_PATH
from helpdesk_bridge_desk365.simulator.limits import REMAINING, SEARCH_COST
from helpdesk_bridge_desk365.simulator.overview import Desk365Overview
from helpdesk_bridge_desk365.simulator.records.account import STATUSES, Account
from helpdesk_bridge_desk365.simulator.refusals import Refusal, error_body, method_page
from helpdesk_bridge_desk365.simulator.routes.companies import CompanyRoutes
from helpdesk_bridge_desk365.simulator.routes.contacts import ContactRoutes
from helpdesk_bridge_desk365.simulator.routes.contracts import ContractRoutes
from helpdesk_bridge_desk365.simulator.routes.control import ControlRoutes
from helpdesk_bridge_desk365.simulator.routes.files import FileRoutes
from helpdesk_bridge_desk365.simulator.routes.knowledge_base import ArticleRoutes, CategoryRoutes
from helpdesk_bridge_desk365.simulator.routes.messages import MessageRoutes
from helpdesk_bridge_desk365.simulator.routes.special_access import AgentRoutes, AssetRoutes, TimeEntryRoutes
from helpdesk_bridge_desk365.simulator.routes.surveys import SurveyRoutes
from helpdesk_bridge_desk365.simulator.routes.tickets import TicketRoutes
from helpdesk_bridge_desk365.simulator.seeding.seeding import load
from helpdesk_bridge_desk365.simulator.service import KEY, READING, ROOT, RouteGroup, Service
from helpdesk_bridge_desk365.simulator.switches import SWITCHES
from helpdesk_bridge_desk365.simulator.text import comma_list

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge_desk365.simulator.records.records import Mail

PING: Final = f"{ROOT}/ping"
SUBDOMAIN: Final = "acme"
GREETING: Final = "All good! Desk365 APIs are running fine"
"""observed: the body of ping, which is not JSON although its content type says so, dossier section 6.1."""

API_KEY: Final = "5f2d9c01b7e84a36d1c0fe5a92b8473e6a0d1f9c3b7e25840c6fa1d3e9b25870"
SECOND_API_KEY: Final = "81be4407c2fa9d563e0b7711a4c8d2f6905e3caa7b14f08d62c97be5513fa04c"
"""Another key of the same account: a budget of its own. assumed: the limit is documented "per API key"."""

FOREIGN_API_KEY: Final = "c40a77d5e1b3f2988d6607ab51ce943f20b8f6d97e3a154c0fd2e8b6397a1c5d"
"""A key of another subdomain."""

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
_STORAGE_HEADERS: Final[Mapping[str, str]] = MappingProxyType({"Server": "AmazonS3"})


class Desk365Simulator(SimulatorApp):
    """A Desk365 v3 account that answers HTTP."""

    vendor = "desk365"
    SWITCHES: ClassVar[Mapping[str, Switch]] = SWITCHES
    OPERATIONS: ClassVar[Mapping[str, tuple[str, ...]]] = faults.OPERATIONS
    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = faults.PAGE_FAULTS
    ROUTE_GROUPS: ClassVar[tuple[type[RouteGroup], ...]] = (
        TicketRoutes,
        MessageRoutes,
        ContactRoutes,
        CompanyRoutes,
        SurveyRoutes,
        TimeEntryRoutes,
        ArticleRoutes,
        CategoryRoutes,
        ContractRoutes,
        AgentRoutes,
        AssetRoutes,
        FileRoutes,
        ControlRoutes,
    )

    ACCOUNT_KEYS: ClassVar[frozenset[str]] = frozenset(
        {"groups", "categories", "types", "statuses", "agents", "custom_fields", "slas", "forms", "companies"}
        | {"plan", "limits"}
    )
    ACCOUNT_LIMITS: ClassVar[frozenset[str]] = frozenset({"rate_limit", "rate_window", "rows_per_hour"})

    account: Account
    service: Service

    def load(self, dataset: Dataset) -> None:
        """Seed the account anew, with full budgets."""
        self.account = Account(SUBDOMAIN, email_keys(self.choice("addresses")))
        own = (*dataset.statuses, *comma_list(self.choice("custom_statuses")))
        self.account.statuses = tuple(dict.fromkeys((*STATUSES, *own)))
        self.service = Service(self, self.account)
        self.register(*(group(self.service) for group in self.ROUTE_GROUPS))
        self.connection: Mapping[str, str | float | int] = {
            "subdomain": SUBDOMAIN,
            "api_key": API_KEY,
            "subscription": self.choice("subscription"),
        }
        load(dataset, self.account, self.service.links)

    def state(self) -> Mapping[str, Any]:
        """How much there is of everything."""
        held = self.account
        return {
            "contacts": len(held.contacts),
            "agents": len(held.agents),
            "companies": len(held.companies),
            "tickets": len(held.tickets),
            "messages": sum(len(ticket.messages) for ticket in held.tickets.values()),
            "last_ticket_number": held.last_number,
            "mails": len(held.mails),
        }

    @property
    def outbox(self) -> tuple[Mail, ...]:
        """The e-mails that the account would have sent since it was seeded; private notes send none to contacts."""
        with self.lock:
            return tuple(self.account.mails)

    @property
    def overview(self) -> Desk365Overview:
        """What the page at ``/_sim/`` shows of the account."""
        return Desk365Overview(self.account, self.service.rates)

    @route("GET", PING, provenance=DOCUMENTED, source="OpenAPI v3, ping; observed: its body")
    def ping(self, _call: Call) -> Reply:
        """Plain text under a JSON content type; no key, no limit, no rate header."""
        return Reply(200, GREETING.encode(), {"Content-Type": "application/json"})

    # Each request

    def before(self, call: Call) -> Reply | None:
        """Judge the key, then its budget; ping and files need neither. observed: dossier sections 1.2 to 1.4.

        Limits go before routing: an unknown path costs a call too (assumed).
        """
        if call.method == "OPTIONS" and "Origin" in call.headers:
            return Reply(HTTPStatus.OK)
        if not call.path.startswith(f"{ROOT}/") or call.path == PING:
            return None
        call.environ[KEY] = self._judged_key(call)
        if call.environ[KEY] == FOREIGN_API_KEY:
            self.service.rates.spend_calls(FOREIGN_API_KEY)
            raise Refusal(HTTPStatus.FORBIDDEN, "Access to this resource is forbidden for your API key.")
        searching = call.operation == "search_tickets" and self.flag("search_endpoint")
        self.service.rates.spend_calls(call.environ[KEY], SEARCH_COST if searching else 1)
        return None

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Add the headers of every answer; the rate header wherever a key is known, so never on ping."""
        if call.path.startswith((f"{FILES_PATH}/", f"{INLINE_PATH}/")):
            return reply.with_headers(_STORAGE_HEADERS)
        headers = {"Content-Type": "application/json", **_HEADERS}
        if KEY in call.environ:
            headers[REMAINING] = str(self.service.rates.remaining(call.environ[KEY]))
        if "Origin" in call.headers:
            headers |= _cors(call)
        return reply.with_headers(headers)

    def _judged_key(self, call: Call) -> str:
        """Missing or unknown: 401 (documented: OpenAPI, ErrorResponseUnauthorizedAccess). Production takes a key with the word Bearer too (observed, 2026)."""
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
            return self.service.refused(error.status, str(error))
        if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
            return _method_page(call, error.headers["Allow"])
        shape = self.choice("error_shape")
        body = error_body(error.status, str(error), error.field, shape=shape, code=error.code)
        return self.service.answer(body, error.status, error.headers)

    def not_found(self, call: Call) -> Reply:
        """Answer an unknown path: 404 to what reads, 405 to what writes. observed: PUT companies/<name>, 2026."""
        if call.method in READING:
            return self.service.refused(HTTPStatus.NOT_FOUND, "The requested resource was not found.")
        return _method_page(call, "GET,HEAD")

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """Answer a wrong method with Allow, in the servlet container's words. observed: POST companies/update, 2026."""
        return _method_page(call, ",".join(allowed))

    def rate_limited(self, call: Call, retry_after: str | None) -> Reply:  # noqa: ARG002
        """Answer a 429 that a fault asks for."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self.service.refused(
            HTTPStatus.TOO_MANY_REQUESTS, "API rate limit exceeded. Please try again later.", headers
        )

    def unauthorized(self, call: Call) -> Reply:  # noqa: ARG002
        """Answer a 401 that a fault asks for."""
        return self.service.refused(HTTPStatus.UNAUTHORIZED, "You are not authorized to access this resource.")

    def server_error(self, call: Call, status: int) -> Reply:  # noqa: ARG002
        """Answer a failure of Desk365's own. documented: OpenAPI, ErrorResponseProcessFailed."""
        return self.service.refused(status, "The application failed to process the request.")

    def refused(self, call: Call, status: int) -> Reply:
        """Answer a refusal that a fault asks for."""
        return self.bad_body(call, Refusal(status, "The request was refused."))

    # Faults of lists

    def without_rows(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002
        """Answer the same document with a count of 0 and without rows."""
        return faults.without_rows(self.service, reply)

    def next_page_query(self, call: Call) -> Mapping[str, str]:
        """Ask for the rows behind those of the page."""
        return faults.next_page_query(call)

    def record_counts(self) -> Mapping[str, int]:
        """Tell the last number given, and how many contacts there are: they are never taken out."""
        return {"ticket": self.account.last_number, "contact": len(self.account.contacts)}

    def drift(self, call: Call, chance: random.Random) -> None:
        """Let the account be worked in between two requests: in its own pages, where tickets can be deleted too."""
        faults.drift(self.service, call, chance)


def _method_page(call: Call, allowed: str) -> Reply:
    headers = {"Content-Type": "text/html;charset=utf-8", "Content-Language": "en", "Allow": allowed}
    return Reply(HTTPStatus.METHOD_NOT_ALLOWED, method_page(call.method), headers)


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
