"""The simulated account over HTTP: its records from the seed, the rate limit, refusals, and the groups of routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from helpdesk_bridge.testing.simulator.app import Reply, SettingError, SimulatorApp
from helpdesk_bridge.testing.simulator.limits import FixedWindow, whole_seconds
from helpdesk_bridge.testing.simulator.switches import email_keys, phone_keys
from helpdesk_bridge_deskie.simulator import faults
from helpdesk_bridge_deskie.simulator.limits import PLANS, WINDOW_SECONDS, WRITE_UNITS, WRITES
from helpdesk_bridge_deskie.simulator.overview import DeskieOverview
from helpdesk_bridge_deskie.simulator.records.account import Account
from helpdesk_bridge_deskie.simulator.refusals import error_reply
from helpdesk_bridge_deskie.simulator.routes.cases import CaseRoutes
from helpdesk_bridge_deskie.simulator.routes.changelog import ChangelogRoutes
from helpdesk_bridge_deskie.simulator.routes.companies import CompanyRoutes
from helpdesk_bridge_deskie.simulator.routes.control import ControlRoutes
from helpdesk_bridge_deskie.simulator.routes.files import FILES_PATH, FileRoutes
from helpdesk_bridge_deskie.simulator.routes.groups import GroupRoutes
from helpdesk_bridge_deskie.simulator.routes.ideas import IdeaRoutes
from helpdesk_bridge_deskie.simulator.routes.knowledge_base import KnowledgeBaseRoutes
from helpdesk_bridge_deskie.simulator.routes.messages import MessageRoutes
from helpdesk_bridge_deskie.simulator.routes.reference import ReferenceRoutes
from helpdesk_bridge_deskie.simulator.routes.staff import StaffRoutes
from helpdesk_bridge_deskie.simulator.routes.statistics import StatisticsRoutes
from helpdesk_bridge_deskie.simulator.routes.users import UserRoutes
from helpdesk_bridge_deskie.simulator.seeding.seeding import load
from helpdesk_bridge_deskie.simulator.service import RouteGroup, Service
from helpdesk_bridge_deskie.simulator.switches import ACCOUNT_NAME, API_KEY, STAFF_EMAIL, SWITCHES

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.app import BadBody, Call
    from helpdesk_bridge.testing.simulator.limits import Allowance
    from helpdesk_bridge.testing.simulator.switches import Switch
    from helpdesk_bridge_deskie.simulator.seeding.seeded import Seeded

_BUDGET = "account"
"""documented: Deskie API, "The limit is relevant for the entire Desk account"; so there is one budget."""


class DeskieSimulator(SimulatorApp):
    """A Deskie account over HTTP, as the vendor's paper, its customers' clients and, if both are silent, reason say.

    Its agents share one rate limit; `account` holds its records, `seeded` tells which id a key of the seed got, and
    `GET /_sim/outbox` lists the e-mails that customers would have received. A trailing slash in a path is accepted
    (observed).
    """

    vendor = "deskie"
    SWITCHES: ClassVar[Mapping[str, Switch]] = SWITCHES
    STRICT_SLASHES: ClassVar[bool] = False
    OPERATIONS: ClassVar[Mapping[str, tuple[str, ...]]] = faults.OPERATIONS
    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = faults.PAGE_FAULTS
    ROUTE_GROUPS: ClassVar[tuple[type[RouteGroup], ...]] = (
        CaseRoutes,
        MessageRoutes,
        ChangelogRoutes,
        UserRoutes,
        CompanyRoutes,
        StaffRoutes,
        GroupRoutes,
        KnowledgeBaseRoutes,
        IdeaRoutes,
        StatisticsRoutes,
        ReferenceRoutes,
        FileRoutes,
        ControlRoutes,
    )

    ACCOUNT_KEYS: ClassVar[frozenset[str]] = frozenset(
        {"groups", "agents", "roles", "labels", "custom_fields", "companies", "plan", "limits"}
    )
    ACCOUNT_LIMITS: ClassVar[frozenset[str]] = frozenset({"rate_limit"})

    account: Account
    seeded: Seeded
    service: Service
    budget: FixedWindow

    def load(self, dataset: Dataset) -> None:
        """Build the account from the seed, with a full budget and no webhook registered."""
        how = self.choice("addresses")
        self.account = Account(email_keys(how), phone_keys(how))
        self.service = Service(self, self.account, _zone(self.choice("zone")))
        self.register(*(group(self.service) for group in self.ROUTE_GROUPS))
        self.budget = FixedWindow(0, WINDOW_SECONDS, self.clock.elapsed, charge_refused=self.flag("charge_refused"))
        self.seeded = load(self.account, dataset, self.files, self.now(), marker_field=self.flag("marker_field"))
        self.connection: Mapping[str, str | float | int] = {
            "account": ACCOUNT_NAME,
            "staff_email": STAFF_EMAIL,
            "api_key": API_KEY,
            "subscription": self.choice("subscription"),
            "enabled_agents": self.account.enabled_agents,
        }

    def forget_deliveries(self) -> None:
        """Drop the webhooks that are due."""
        self.service.webhooks.courier.drop_due()

    def state(self) -> Mapping[str, Any]:
        """Return the number of records and the state of the budget."""
        account = self.account
        allowance = self._allowance()
        return {
            "cases": len(account.cases),
            "messages": sum(map(len, account.messages.values())),
            "users": len(account.users),
            "staff": len(account.staff),
            "groups": len(account.groups),
            "labels": len(account.labels),
            "outbox": len(account.outbox),
            "rate_limit_per_minute": allowance.limit,
            "api_calls_left": allowance.remaining,
        }

    @property
    def overview(self) -> DeskieOverview:
        """What the page at ``/_sim/`` shows of the account."""
        return DeskieOverview(self.account, self.budget)

    def now(self) -> int:
        """Return the wall time in unix seconds, as records keep it."""
        return self.service.now()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, then send the webhooks."""
        answer = super().__call__(environ, start_response)
        return self._then_deliver(answer) if self.service.webhooks.courier.hooks else answer

    def _then_deliver(self, answer: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from answer
        finally:
            self.service.webhooks.courier.deliver()

    # credentials and the limit

    def before(self, call: Call) -> Reply | None:
        """Check the credentials, then charge the account's budget (assumed: wrong credentials cost nothing)."""
        open_file = call.path.startswith(FILES_PATH) and not self.flag("file_credentials")
        if not open_file and self.service.access.authenticated(call) is None:
            return self.unauthorized(call)
        if call.path.startswith("/api") or self.flag("charge_files"):
            self.budget.limit = self.limit()
            if not self.budget.take(_BUDGET, WRITE_UNITS if call.method in WRITES else 1).allowed:
                return self.rate_limited(call, None)
        return None

    def finish(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002 - the signature is the base class's
        """Add the headers of the limit.

        documented: Deskie API, "your script must check headers in the response", with these names. observed:
        an article of Deskie's, of 2024, has `retry_after` only where the limit is reached.
        assumed: all three on every answer, and `retry_after` at least 1.
        """
        allowance = self._allowance()
        headers = {"rate_limit_per_minute": str(allowance.limit), "api_calls_left": str(allowance.remaining)}
        if self.choice("retry_after") == "always":
            headers["retry_after"] = str(whole_seconds(allowance.reset))
        return reply.with_headers(headers)

    def limit(self) -> int:
        """Return the requests a minute: the plan's for the agents enabled now, or the switch's."""
        return self.number("rate_limit") or PLANS[self.choice("subscription")].limit(self.account.enabled_agents)

    def _allowance(self) -> Allowance:
        self.budget.limit = self.limit()
        return self.budget.peek(_BUDGET)

    # refusals

    def rate_limited(self, call: Call, retry_after: str | None) -> Reply:  # noqa: ARG002
        """Refuse for the limit. documented: Deskie API, "429 Too Many Requests"; observed: in 2016 403 with a body of these words."""
        status = self.number("rate_limit_status")
        code = "rate limit exceeded" if status == 403 else "too_many_requests"  # noqa: PLR2004 - the year-2016 status
        wait = retry_after or str(whole_seconds(self._allowance().reset))
        return error_reply(status, code).with_headers({"retry_after": wait})

    def unauthorized(self, call: Call) -> Reply:  # noqa: ARG002
        """Refuse the credentials."""
        return self.service.access.unauthorized()

    def not_found(self, call: Call) -> Reply:  # noqa: ARG002
        """Answer an unknown path (assumed)."""
        return error_reply(404, "method_not_found")

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Reply:  # noqa: ARG002
        """Answer a wrong method (assumed)."""
        return error_reply(405, "method_not_allowed").with_headers({"Allow": ", ".join(allowed)})

    def bad_body(self, call: Call, error: BadBody) -> Reply:  # noqa: ARG002
        """Answer a body that cannot be read (assumed)."""
        return error_reply(error.status, "wrong_request_body")

    def server_error(self, call: Call, status: int) -> Reply:  # noqa: ARG002
        """Answer a failure of the vendor's own (assumed)."""
        return error_reply(status, "internal_error")

    def refused(self, call: Call, status: int) -> Reply:  # noqa: ARG002
        """Answer a refusal with this status (for a fault); assumed: the code of most."""
        return error_reply(status, faults.REFUSALS.get(status, "wrong_request"))

    # faults of lists

    def without_rows(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002
        """Answer an empty list, as this account has them."""
        return self.service.list_reply("case", [], 0)

    def next_page_query(self, call: Call) -> Mapping[str, str]:
        """Ask for the next page number."""
        return {"page": str(self.service.page(self.service.query(call)).number + 1)}

    def record_counts(self) -> Mapping[str, int]:
        """Return the last ids, which are sequential."""
        return {kind: self.account.last_id(kind) for kind in ("case", "user")}

    def drift(self, call: Call, chance: random.Random) -> None:
        """Act as another user would between two requests."""
        faults.drift(self.service, call, chance)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingError(f"setting 'zone' takes a time zone such as Europe/Helsinki, not {name!r}") from None
