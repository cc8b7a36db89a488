"""The simulated account over HTTP: its records from the seed, the order of checks, the rate limit, and its webhooks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar, Final

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from helpdesk_bridge.testing.simulator.app import Reply, SimulatorApp
from helpdesk_bridge.testing.simulator.limits import FixedWindow, whole_seconds
from helpdesk_bridge_desk360.simulator import cdn, faults
from helpdesk_bridge_desk360.simulator.incoming import Injected, inject
from helpdesk_bridge_desk360.simulator.overview import Desk360Overview
from helpdesk_bridge_desk360.simulator.refusals import CODES, Problem
from helpdesk_bridge_desk360.simulator.routes.control import ControlRoutes
from helpdesk_bridge_desk360.simulator.routes.inbound import InboundRoutes
from helpdesk_bridge_desk360.simulator.routes.lists import ListRoutes
from helpdesk_bridge_desk360.simulator.routes.media import MediaRoutes
from helpdesk_bridge_desk360.simulator.routes.messages import MessageRoutes
from helpdesk_bridge_desk360.simulator.routes.templates import TemplateRoutes
from helpdesk_bridge_desk360.simulator.seeding import load_account
from helpdesk_bridge_desk360.simulator.service import RouteGroup, Service
from helpdesk_bridge_desk360.simulator.switches import API_KEY, LOGIN_EMAIL, LOGIN_PASSWORD, SWITCHES

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.app import BadBody, Call
    from helpdesk_bridge.testing.simulator.switches import Switch
    from helpdesk_bridge_desk360.simulator.records.records import Account

RATE_SECONDS: Final = 60
_LEAST_WAIT: Final = 0.01
_ADMIN: Final = "/_sim"
_PRINTED: Final = "/api/v1/"
"""documented: Desk360 API, "Pagination": the request is printed as `/api/v1/integrations?page=1`; served like `/v1`."""
_LOGIN: Final = "log_in"
_TOO_LARGE: Final = 413
_MULTIPART: Final = "multipart/form-data"
_READABLE: Final = frozenset({"application/json", _MULTIPART, "application/x-www-form-urlencoded"})
"""documented: Desk360 API, "multi-part/form-data", "Content-Type: application/json"; two Python samples go out urlencoded."""
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Desk360Simulator(SimulatorApp):
    """A Desk360 account with the public API v1, as its papers, its customers' clients and, where they fail, reason say.

    `account` holds its records. What customers would have received is under `GET /_sim/outbox`, what they write comes
    in by `inject` or `POST /_sim/inbound` and leaves as webhooks. A trailing slash in a path is accepted, as one sample
    has it.
    """

    vendor = "desk360"
    SWITCHES: ClassVar[Mapping[str, Switch]] = SWITCHES
    FAULTS: ClassVar[frozenset[str]] = frozenset(CODES)
    """Each of the vendor's error codes may be injected; nothing is processed then."""
    OPERATIONS: ClassVar[Mapping[str, tuple[str, ...]]] = faults.OPERATIONS
    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = faults.PAGE_FAULTS
    ROUTE_GROUPS: ClassVar[tuple[type[RouteGroup], ...]] = (
        ListRoutes,
        TemplateRoutes,
        MessageRoutes,
        MediaRoutes,
        ControlRoutes,
        InboundRoutes,
    )
    STRICT_SLASHES: ClassVar[bool] = False
    MAX_BODY: ClassVar[int] = 128 << 20
    ACCOUNT_KEYS: ClassVar[frozenset[str]] = frozenset({"integrations", "templates", "limits"})
    ACCOUNT_LIMITS: ClassVar[frozenset[str]] = frozenset({"rate_limit"})
    login: ClassVar[Mapping[str, str]] = {"email": LOGIN_EMAIL, "password": LOGIN_PASSWORD}
    """The made-up pair for ``POST /v1/login``, to be used in place of ``connection["api_key"]``."""

    account: Account
    service: Service
    budget: FixedWindow
    _timer: threading.Timer | None = None

    def load(self, dataset: Dataset) -> None:
        """Build the account from the seed, with full budgets, no webhook registered and nothing under way."""
        self.account = load_account(
            dataset, integrations=self.number("integrations"), templates_of_first=self.number("templates")
        )
        self.service = Service(self, self.account)
        self.register(*(group(self.service) for group in self.ROUTE_GROUPS))
        self.budget = FixedWindow(self.number("rate_limit"), RATE_SECONDS, self.clock.elapsed)
        self.connection: Mapping[str, str | float | int] = {
            "api_key": API_KEY,
            "email": LOGIN_EMAIL,
            "password": LOGIN_PASSWORD,
            "integration": self.account.first_integration.id,
        }

    def forget_deliveries(self) -> None:
        """Drop the webhooks that are due."""
        self.service.messaging.courier.drop_due()

    def state(self) -> Mapping[str, Any]:
        """Count the records."""
        account = self.account
        return {
            "integrations": len(account.integrations),
            "templates": sum(len(integration.templates) for integration in account.integrations.values()),
            "customers": len(account.customers),
            "outgoing": len(account.outgoing),
            "incoming": len(account.incoming),
            "media": len(account.media),
        }

    @property
    def overview(self) -> Desk360Overview:
        """What the page at ``/_sim/`` shows of the account."""
        return Desk360Overview(self.account, self.budget)

    def inject(
        self, given: Mapping[str, Any], *, copies: int | None = None, hold: bool = False, lose: bool = False
    ) -> Injected:
        """Let a customer write; ``given`` is as `Description` says, wrong fields are an `InjectionError`.

        In process the webhook goes out with the next request or `deliver`; its payload is returned at once.
        """
        with self.lock:
            return inject(self.service, given, copies=copies, hold=hold, lose=lose)

    # one request

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; webhooks go out after the answer, or before it where that can be told apart.

        They go before the answers of ``/_sim``, so that an injected message is delivered when the injection returns.
        """
        if environ.get("PATH_INFO", "").startswith(_PRINTED):
            environ = {**environ, "PATH_INFO": environ["PATH_INFO"].removeprefix("/api")}
        answered_first = not environ.get("PATH_INFO", "").startswith(_ADMIN) and not self.flag("status_before_response")
        try:
            answer = super().__call__(environ, start_response)
        except OSError:
            # The request may have been processed although its answer is lost on the way.
            self.deliver()
            raise
        if answered_first:
            return self._then_deliver(answer)
        self.deliver()
        return answer

    def _then_deliver(self, answer: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from answer
        finally:
            self.deliver()

    def deliver(self) -> None:
        """Send the webhooks that are due, and wake up again for those that will be."""
        self.commit_due()
        self.service.messaging.courier.deliver()
        with self.lock:
            wait = self.service.messaging.schedule.next_in
            if wait is None or not self.service.messaging.courier.subscriptions or self._timer is not None:
                return
            self._timer = threading.Timer(max(_LEAST_WAIT, wait / self.clock.time_scale), self._wake)
            self._timer.daemon = True
            self._timer.start()

    def _wake(self) -> None:
        with self.lock:
            self._timer = None
        self.deliver()

    def commit_due(self) -> None:
        """Do what has come due in vendor time; every request does so first."""
        super().commit_due()
        with self.lock:
            self.service.messaging.tell_due()

    def before(self, call: Call) -> Reply | None:
        """Check a call, in an order that is assumed.

        documented: Desk360 API, "Rate Limit": invalid calls count; assumed: logins do too, preflights do not. A file of
        the CDN is no call of the API.
        """
        if cdn.is_cdn(call) or call.path.startswith(_ADMIN):
            return None
        try:
            return self._checked(call)
        except Problem as problem:
            return self.service.refusal(problem)

    def _checked(self, call: Call) -> Reply | None:
        if self.flag("require_https") and call.scheme != "https":
            raise Problem("insecure_request_exception")
        hidden = self._is_hidden(call)
        if _is_preflight(call) and not hidden:
            return Reply(204)
        self.budget.limit = self.number("rate_limit")
        allowance = self.budget.take(call.remote_addr)
        if not allowance.allowed:
            return self.rate_limited(call, str(whole_seconds(allowance.retry_after)))
        if hidden or (call.matched is None and not call.allowed_methods):
            raise Problem("not_found_exception")
        if call.matched is None:
            raise Problem("method_not_allowed_exception", headers={"Allow": ", ".join(call.allowed_methods)})
        if not _accepts_json(call):
            raise Problem("not_acceptable")
        if call.operation != _LOGIN and not self.service.logins.authorized(call.headers.get("Authorization", "")):
            raise Problem("authentication_exception")
        if not _readable_type(call):
            raise Problem("unsupported_media_type")
        if "integration_id" in call.path_args:
            self._check_integration(call)
        return None

    def _is_hidden(self, call: Call) -> bool:
        """Whether a route is not there by its switch."""
        last = call.path.rstrip("/").rpartition("/")[2]
        return (last == "chats" and not self.flag("chats_enabled")) or (
            call.path.rstrip("/") == "/v1/login" and not self.flag("login_enabled")
        )

    def _check_integration(self, call: Call) -> None:
        integration = self.service.integration(call.path_args["integration_id"])
        if call.method == "POST" and integration.id == self.number("read_only_integration"):
            raise Problem("not_authorized")

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Add the limit's headers and those of CORS to every answer of the API.

        documented: Desk360 API, "Rate Limit": Limit and Remaining come "in response to each API request".
        """
        if cdn.is_cdn(call):
            return reply
        added = dict(_cors_headers(call))
        allowance = self.budget.peek(call.remote_addr)
        limited = any(name.lower() == "retry-after" for name in reply.headers)
        if self.flag("limited_counts") or not limited:
            added["X-RateLimit-Limit"] = str(self.number("rate_limit"))
            added["X-RateLimit-Remaining"] = str(allowance.remaining)
        if self.choice("rate_limit_reset") == "always" or (limited and self.choice("rate_limit_reset") == "limited"):
            added["X-RateLimit-Reset"] = str(int(self.clock.now().timestamp()) + whole_seconds(allowance.reset))
        return reply.with_headers(added)

    # errors

    def rate_limited(self, call: Call, retry_after: str | None) -> Reply:  # noqa: ARG002
        """Refuse for the limit; documented: Desk360 API, "Rate Limit": 200 in the example, 429 in the table."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self.service.refusal(
            Problem("too_many_requests_exception", headers=headers), self.number("rate_limit_status")
        )

    def unauthorized(self, call: Call) -> Reply:  # noqa: ARG002
        """Refuse the token."""
        return self.service.refusal(Problem("authentication_exception"))

    def not_found(self, call: Call) -> Reply:
        """Answer a path that there is not, below the CDN's and the control's prefix; `before` answers all others."""
        return cdn.refused(404, "NoSuchKey") if cdn.is_cdn(call) else super().not_found(call)

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Reply:
        """Answer a wrong method below the CDN's and the control's prefix."""
        return cdn.refused(405, "MethodNotAllowed") if cdn.is_cdn(call) else super().method_not_allowed(call, allowed)

    def bad_body(self, call: Call, error: BadBody) -> Reply:
        """Answer a body that cannot be read; documented: 400, "not in the correct format"."""
        if call.matched is not None and call.matched.admin:
            return super().bad_body(call, error)
        if error.status == _TOO_LARGE:
            return self.service.refusal(Problem("payload_too_large"))
        return self.service.refusal(Problem("failed_validation", f"The request cannot be read: {error}."))

    def server_error(self, call: Call, status: int) -> Reply:  # noqa: ARG002
        """Answer a failure of the vendor's own."""
        return self.service.refusal(Problem("internal_server_error"), status)

    def refused(self, call: Call, status: int) -> Reply:  # noqa: ARG002
        """Answer a refusal with this status, by the code that goes with it."""
        return self.service.refusal(Problem(faults.REFUSALS.get(status, "failed_validation")), status)

    # faults of lists

    def without_rows(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002
        """Answer the list without items."""
        return self.service.listing(call, [])

    def next_page_query(self, call: Call) -> Mapping[str, str]:
        """Ask for the next page number."""
        return {"page": str(int(call.query.get("page") or 1) + 1)}

    def drift(self, call: Call, chance: random.Random) -> None:
        """Let templates come, go and change, as they do while WhatsApp reviews them."""
        faults.drift(self.service.integration(call.path_args["integration_id"]), chance)


def _accepts_json(call: Call) -> bool:
    """Whether the Accept header is supported; documented: Desk360 API, "Errors", 406.

    assumed: one fitting member of a list suffices, no header is as good as ``*/*``, and an upload is a multipart call.
    """
    header = call.headers.get("Accept", "")
    if not header.strip():
        return True
    fitting = {"application/json", "*/*"} | ({_MULTIPART} if call.content_type == _MULTIPART else set())
    members = parse_accept_header(header, MIMEAccept)
    return any(quality > 0 and value.partition(";")[0].strip().lower() in fitting for value, quality in members)


def _readable_type(call: Call) -> bool:
    """Whether the body's type is supported; documented: Desk360 API, "Errors", 415. A GET's body is ignored."""
    return call.method not in _BODY_METHODS or not call.body or call.content_type in _READABLE


def _is_preflight(call: Call) -> bool:
    """Whether a browser asks first; documented: Desk360 API, "Introduction": CORS is supported; assumed: how."""
    return call.method == "OPTIONS" and "Origin" in call.headers and bool(call.allowed_methods)


def _cors_headers(call: Call) -> Mapping[str, str]:
    """Return the headers for scripts on pages of any origin (assumed, as all of CORS here)."""
    headers = {"Access-Control-Allow-Origin": "*"}
    if call.method == "OPTIONS" and "Origin" in call.headers:
        headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
        headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept"
        headers["Access-Control-Max-Age"] = "0"
    else:
        headers["Access-Control-Expose-Headers"] = (
            "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After"
        )
    return headers
