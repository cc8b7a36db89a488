"""The admin routes under ``/_sim``: look at a simulator, move its clock, inject faults, start over."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.http.origin import is_foreign
from helpdesk_bridge.testing.simulator.call import BadBody, Call
from helpdesk_bridge.testing.simulator.faults import FaultError, FaultPlan
from helpdesk_bridge.testing.simulator.reply import Reply
from helpdesk_bridge.testing.simulator.routing import route
from helpdesk_bridge.testing.simulator.switches import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.clock import SimulatorClock
    from helpdesk_bridge.testing.simulator.request_log import RequestLog
    from helpdesk_bridge.testing.simulator.switches import Setting

_SHOWN = 1000
_MOST_GENERATED = 100_000
_OPEN = frozenset({"sim_health", "sim_page"})


def refusal_of(call: Call, token: str | None) -> Reply | None:
    """Return why a request is not let in at the admin routes; None if it is.

    Without a token only this machine's own programs are. With one, whoever has it is: no web page does. Health is for
    whoever watches a container; the page holds nothing, and asks for what it shows with the token in its own address.
    """
    if token is None:
        foreign = "this is not for web pages: use a loopback address, and no Origin of another site"
        said = (call.headers.get(name) for name in ("Host", "Origin", "Sec-Fetch-Site"))
        return Reply.json({"error": foreign}, 403) if is_foreign(*said) else None
    if call.operation in _OPEN and "Origin" not in call.headers:
        return None
    scheme, _, given = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return None
    asked = {"error": "the admin routes of this simulator ask for its token: Authorization: Bearer TOKEN"}
    return Reply.json(asked, 401, {"WWW-Authenticate": "Bearer"})


class Administered(Protocol):
    """The parts of a simulator that the admin routes read and change."""

    vendor: ClassVar[str]
    dataset: Dataset
    clock: SimulatorClock
    faults: FaultPlan
    requests: RequestLog
    settings: dict[str, Setting]

    def state(self) -> Mapping[str, Any]:
        """Return the vendor's part of ``/_sim/state``, such as counts of records, for JSON."""
        ...

    @property
    def failure(self) -> str:
        """Why the account cannot be kept any more; empty as long as it can."""
        ...

    def reset(self, dataset: Dataset | None = None) -> None:
        """Start over, with another dataset if one is given."""

    def moved(self, seconds: float) -> None:
        """Move the clock forward."""


class AdminRoutes:
    """The admin routes that every simulator has, as a route group."""

    def __init__(self, simulator: Administered) -> None:
        self._simulator = simulator

    @route("GET", "/_sim/health", admin=True)
    def sim_health(self, _call: Call) -> Reply:
        """Say that the simulator answers, or with 503 why it cannot keep its account any more."""
        failure = self._simulator.failure
        told = {"status": "failing" if failure else "ok", "vendor": self._simulator.vendor}
        return Reply.json(
            told | ({"reason": f"the state file cannot be written: {failure}"} if failure else {}),
            503 if failure else 200,
        )

    @route("GET", "/_sim/state", admin=True)
    def sim_state(self, _call: Call) -> Reply:
        """Return the vendor, the settings, the clock and the counts of records."""
        return Reply.json(
            {
                "vendor": self._simulator.vendor,
                "settings": dict(self._simulator.settings),
                "time_scale": self._simulator.clock.time_scale,
                "now": _iso(self._simulator.clock.now()),
                "elapsed": self._simulator.clock.elapsed(),
                "requests": self._simulator.requests.total,
                "faults": self._simulator.faults.describe(),
                "records": dict(self._simulator.state()),
            }
        )

    @route("GET", "/_sim/requests", admin=True)
    def sim_requests(self, call: Call) -> Reply:
        """List the newest requests, oldest first; ``?limit=`` up to 1,000, ``?operation=`` narrows. With ``?bodies=true`` with headers and bodies."""
        limit, operation = call.query.get("limit", str(_SHOWN)), call.query.get("operation")
        count = min(int(limit), _SHOWN) if limit.isascii() and limit.isdigit() else _SHOWN
        kept = self._simulator.requests.snapshot()
        chosen = kept if operation is None else [one for one in kept if one.operation == operation]
        bodies = call.query.get("bodies") == "true"
        shown = [one.shown(bodies=bodies) for one in (chosen[-count:] if count else [])]
        return Reply.json({"total": self._simulator.requests.total, "requests": shown})

    @route("DELETE", "/_sim/requests", admin=True)
    def sim_forget_requests(self, _call: Call) -> Reply:
        """Forget the recorded requests."""
        self._simulator.requests.clear()
        return Reply(204)

    @route("POST", "/_sim/reset", admin=True)
    def sim_reset(self, call: Call) -> Reply:
        """Start over: no faults, no recorded requests, full budgets, and the seed's records.

        ``{"tickets": 60, "seed": 3}`` generates other records: without ``tickets`` as many as before, without ``seed`` by 1.
        """
        try:
            self._simulator.reset(self._generated(call.body_tree) if call.body else None)
        except SettingError as error:
            raise BadBody(str(error)) from error
        return Reply(204)

    def _generated(self, wanted: Mapping[str, Any]) -> Dataset:
        counts = {"tickets": len(self._simulator.dataset.tickets), "seed": 1, **wanted}
        for name, count in counts.items():
            if name not in {"tickets", "seed"}:
                raise BadBody(f"a reset takes tickets and seed, not {name}")
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _MOST_GENERATED:
                raise BadBody(f"{name} must be a whole number from 0 to {_MOST_GENERATED}")
        return generate(counts["tickets"], counts["seed"])

    @route("POST", "/_sim/clock", admin=True)
    def sim_clock(self, call: Call) -> Reply:
        """Move the clock forward by ``{"advance": vendor seconds}``."""
        seconds = call.body_tree.get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise BadBody("advance must be a number of seconds")
        try:
            self._simulator.moved(seconds)
        except ValueError as error:
            raise BadBody(str(error)) from error
        return Reply.json({"now": _iso(self._simulator.clock.now()), "elapsed": self._simulator.clock.elapsed()})

    @route("GET", "/_sim/faults", admin=True)
    def sim_faults(self, _call: Call) -> Reply:
        """List the faults in force, those that did not strike as often as they were to, and all kinds of faults."""
        plan = self._simulator.faults
        unhit = [injection.described for injection in plan.unhit]
        return Reply.json({"faults": plan.describe(), "unhit": unhit, "kinds": sorted(plan.kinds)})

    @route("POST", "/_sim/faults", admin=True)
    def sim_inject(self, call: Call) -> Reply:
        """Inject a fault: ``{"kind": …, "on": …, "times": …}`` and the other fields of ``Fault``."""
        options = dict(call.body_tree)
        try:
            self._simulator.faults.inject(str(options.pop("kind", "")), **options)
        except (FaultError, TypeError) as error:
            raise BadBody(str(error)) from error
        return Reply.json({"faults": self._simulator.faults.describe()}, 201)

    @route("DELETE", "/_sim/faults", admin=True)
    def sim_end_faults(self, _call: Call) -> Reply:
        """End all faults."""
        self._simulator.faults.clear()
        return Reply(204)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
