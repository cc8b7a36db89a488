"""What every call to the simulated account has in common: credentials, the rate limit, lists and refusals."""

from __future__ import annotations

import base64
import binascii
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from helpdesk_bridge.testing.simulator.addresses import email_keys, phone_keys
from helpdesk_bridge.testing.simulator.app import Refused, Reply, SettingError, SimulatorApp
from helpdesk_bridge.testing.simulator.limits import FixedWindow, whole_seconds
from helpdesk_bridge_deskie.simulator.limits import PLANS, WINDOW_SECONDS, WRITE_UNITS
from helpdesk_bridge_deskie.simulator.lists import ListForm, Page, list_item, page_of
from helpdesk_bridge_deskie.simulator.parameters import Params
from helpdesk_bridge_deskie.simulator.records.account import Account
from helpdesk_bridge_deskie.simulator.records.search import SearchRules
from helpdesk_bridge_deskie.simulator.refusals import error_reply, no_access
from helpdesk_bridge_deskie.simulator.rendering import Renderer
from helpdesk_bridge_deskie.simulator.seeding.seeding import load
from helpdesk_bridge_deskie.simulator.switches import ACCOUNT_NAME, ADMIN_EMAIL, API_KEY, STAFF_EMAIL, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.app import BadBody, Call
    from helpdesk_bridge.testing.simulator.limits import Allowance
    from helpdesk_bridge.testing.simulator.switches import Switch
    from helpdesk_bridge_deskie.simulator.records.records import Case, Record, Staff
    from helpdesk_bridge_deskie.simulator.seeding.seeded import Seeded

_WRITES = frozenset({"POST", "PUT", "DELETE"})
_BUDGET = "account"
"""documented: Deskie API, "The limit is relevant for the entire Desk account"; so there is one budget."""


class DeskieBase(SimulatorApp):
    """One simulated account, still without its calls. A trailing slash in a path is accepted (observed)."""

    vendor = "deskie"
    SWITCHES: ClassVar[Mapping[str, Switch]] = SWITCHES
    STRICT_SLASHES: ClassVar[bool] = False

    account: Account
    seeded: Seeded
    zone: ZoneInfo
    rules: SearchRules
    renderer: Renderer
    budget: FixedWindow

    def load(self, dataset: Dataset) -> None:
        """Build the account from the seed, with a full budget."""
        self.zone = _zone(self.choice("zone"))
        self.rules = SearchRules(self.flag("case_sensitive_search"), self.choice("short_search"))
        self.renderer = Renderer(self.settings, self.zone, lambda: self.base_url.rstrip("/"))
        self.budget = FixedWindow(0, WINDOW_SECONDS, self.clock.elapsed, charge_refused=self.flag("charge_refused"))
        how = self.choice("addresses")
        self.account = Account(email_keys(how), phone_keys(how))
        self.seeded = load(self.account, dataset, self.files, self.now(), marker_field=self.flag("marker_field"))
        self.connection: Mapping[str, str | float | int] = {
            "account": ACCOUNT_NAME,
            "staff_email": STAFF_EMAIL,
            "api_key": API_KEY,
            "subscription": self.choice("subscription"),
            "enabled_agents": self.account.enabled_agents,
        }

    def state(self) -> Mapping[str, Any]:
        """Count the records and tell the budget."""
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

    # credentials and the limit

    def before(self, call: Call) -> Reply | None:
        """Check the credentials, then charge the account's budget (assumed: wrong credentials cost nothing)."""
        if self._authenticated(call) is None:
            return self.unauthorized(call)
        if call.path.startswith("/api") or self.flag("charge_files"):
            self.budget.limit = self.limit()
            if not self.budget.take(_BUDGET, WRITE_UNITS if call.method in _WRITES else 1).allowed:
                return self.rate_limited(call, None)
        return None

    def finish(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002 - the signature is the base class's
        """Add the three headers to every answer.

        documented: Deskie API, "your script must check headers in the response", with these names.
        assumed: on every answer, and `retry_after` at least 1 on all of them.
        """
        allowance = self._allowance()
        return reply.with_headers(
            {
                "rate_limit_per_minute": str(allowance.limit),
                "api_calls_left": str(allowance.remaining),
                "retry_after": str(whole_seconds(allowance.reset)),
            }
        )

    def limit(self) -> int:
        """Return the requests a minute: the plan's for the agents enabled now, or the switch's."""
        return self.number("rate_limit") or PLANS[self.choice("subscription")].limit(self.account.enabled_agents)

    def rate_limited(self, call: Call, retry_after: str | None) -> Reply:  # noqa: ARG002
        """Refuse for the limit. documented: 429; observed: in 2016 403 with a body of these words."""
        status = self.number("rate_limit_status")
        code = "rate limit exceeded" if status == 403 else "too_many_requests"  # noqa: PLR2004 - the year-2016 status
        reply = error_reply(status, code)
        return reply if retry_after is None else reply.with_headers({"retry_after": retry_after})

    def unauthorized(self, call: Call) -> Reply:  # noqa: ARG002
        """Refuse the credentials (assumed: the status and the code)."""
        return error_reply(self.number("auth_status"), "wrong_auth")

    def not_found(self, call: Call) -> Reply:  # noqa: ARG002
        """Answer a path that there is not (assumed)."""
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

    def caller(self, call: Call) -> Staff:
        """Return the agent on whose behalf a call acts."""
        staff = self._authenticated(call)
        if staff is None:
            raise Refused(self.unauthorized(call))
        return staff

    def sees(self, staff: Staff, case: Case) -> bool:
        """Tell whether an agent's rights cover a case (assumed: the cases of its groups and its own)."""
        return not self.is_limited(staff) or case.staff_id == staff.staff_id or case.group_id in self._limited_groups()

    def is_limited(self, staff: Staff) -> bool:
        """Tell whether an agent has limited access."""
        return self.account.email_key(staff.email) == self.account.email_key(self.choice("limited_agent"))

    def _limited_groups(self) -> frozenset[int]:
        titles = {title.strip().casefold() for title in self.choice("limited_groups").split(",") if title.strip()}
        groups = self.account.groups.values()
        if titles:
            return frozenset(group.group_id for group in groups if group.title.casefold() in titles)
        return frozenset(group.group_id for group in islice(groups, 1))

    def _allowance(self) -> Allowance:
        self.budget.limit = self.limit()
        return self.budget.peek(_BUDGET)

    def _authenticated(self, call: Call) -> Staff | None:
        """Return the calling agent.

        documented: Deskie API, "the email address registered with an active agent account (not the admin account)".
        """
        given = _basic(call.headers.get("Authorization", ""))
        if given is None or given[1] != API_KEY:
            return None
        email = given[0]
        if self.account.email_key(email) == ADMIN_EMAIL:
            email = STAFF_EMAIL if self.flag("admin_email") else ""
        staff = self.account.staff_known_as(email)
        return staff if staff is not None and staff.active else None

    # reading requests and answering them

    def now(self) -> int:
        """Return the wall time in unix seconds, as records keep it."""
        return int(self.clock.now().timestamp())

    def query(self, call: Call) -> Params:
        """Return the query's parameters."""
        return Params(call.query_tree, self.zone)

    def body(self, call: Call, *wrappers: str) -> Params:
        """Return the parameters inside the body's wrapper; without wrappers, those at the top."""
        params = Params(call.body_tree, self.zone)
        return params.inside(*wrappers) if wrappers else params

    def page(self, params: Params) -> Page:
        """Return which page is asked for."""
        return page_of(params, over=self.choice("page_over_500"))

    def case_for(self, call: Call, ident: str) -> Case:
        """Return a case by id or number, within the calling agent's rights."""
        case = self.account.case_named(ident)
        if not self.sees(self.caller(call), case):
            raise no_access()
        return case

    def show(self, kind: str, document: Mapping[str, Any], status: int = 200) -> Reply:
        """Answer one object in its wrapper."""
        return Reply.json({kind: document}, status, indent=4)

    def done(self) -> Reply:
        """Answer a deletion: 200 and no body (documented: Deskie API, samples of deletions)."""
        return Reply(200, b"", {"Content-Type": "application/json"})

    def listing(
        self,
        kind: str,
        records: Iterable[Record],
        total: int,
        draw: Callable[[Any], dict[str, Any]],
    ) -> Reply:
        """Answer a page of records as a list; `total` counts all matches."""
        return self.list_reply(kind, [self.renderer.item(kind, record, draw) for record in records], total)

    def plain_listing(self, kind: str, documents: Iterable[Mapping[str, Any]], total: int) -> Reply:
        """Answer a page of documents that no record keeps drawn."""
        return self.list_reply(kind, [list_item(kind, document) for document in documents], total)

    def list_reply(self, kind: str, items: list[str], total: int, *, count: str = "total_count") -> Reply:
        """Answer a list of drawn items."""
        form = ListForm(self.choice("legacy_empty"), self.choice("list_form"), self.flag("omit_total_count"))
        text = form.text(kind, items, total, count=count)
        return Reply.text(text, content_type="application/json")


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, separator, secret = text.partition(":")
    return (name, secret) if separator else None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingError(f"setting 'zone' takes a time zone such as Europe/Helsinki, not {name!r}") from None
