"""``SimulatorApp``: the WSGI application under every vendor's simulator.

A vendor subclasses `SimulatorApp`, declares its `SWITCHES`, builds its records in `load` and writes one method for each call:

    class DeskieSimulator(SimulatorApp):
        vendor = "deskie"

        @route("GET", "/api/cases/<int:case_id>.json", provenance=DOCUMENTED, source='Deskie API, "Cases"')
        def show_case(self, call: Call, case_id: int) -> Reply: ...

A vendor with many calls writes them in route groups: classes of their own that hold the records. They are named in
`ROUTE_GROUPS`, and `load` makes one of each and hands them to `register`.

A request passes `before` (credentials, rate limit), then its handler, or `not_found`, `method_not_allowed` and
`bad_body`, and last `finish`, which sees every answer. All of that happens under `lock`.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, field
from werkzeug.http import http_date

from helpdesk_bridge import __version__
from helpdesk_bridge.http.origin import NotAUrl, Origin
from helpdesk_bridge.testing.simulator.admin import AdminRoutes, refusal_of
from helpdesk_bridge.testing.simulator.breakage import (
    CLOSING,
    SOCKET,
    UNANSWERED,
    ConnectionBroken,
    NotConnected,
    broken_body,
    damaged,
    gateway_page,
    peer_left,
)
from helpdesk_bridge.testing.simulator.call import BadBody, BodyTooLarge, Call, UnsupportedMedia, environ_of
from helpdesk_bridge.testing.simulator.clock import Moment, SimulatorClock
from helpdesk_bridge.testing.simulator.faults import KINDS, OTHER_DATE, PAGE_KINDS, Fault, FaultPlan
from helpdesk_bridge.testing.simulator.files import FileStore
from helpdesk_bridge.testing.simulator.forms import UploadedFile
from helpdesk_bridge.testing.simulator.list_faults import RecordCounts, with_query
from helpdesk_bridge.testing.simulator.page.overview import Overview
from helpdesk_bridge.testing.simulator.page.routes import PageRoutes
from helpdesk_bridge.testing.simulator.reply import Refused, Reply
from helpdesk_bridge.testing.simulator.request_log import RecordedRequest, RequestLog
from helpdesk_bridge.testing.simulator.routing import (
    ASSUMED,
    DOCUMENTED,
    OBSERVED,
    Provenance,
    RouteInfo,
    RouteTable,
    route,
    route_table,
    routes_of,
)
from helpdesk_bridge.testing.simulator.switches import Setting, SettingError, Switch, resolve
from helpdesk_bridge.testing.state_file import StateFile, StateFileError, digest_of, drawn_from, new_seed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from helpdesk_bridge.datasets.dataset import Dataset

__all__ = [
    "ASSUMED",
    "DOCUMENTED",
    "OBSERVED",
    "BadBody",
    "BodyTooLarge",
    "Call",
    "Provenance",
    "RecordedRequest",
    "Refused",
    "Reply",
    "RouteInfo",
    "Setting",
    "SettingError",
    "SimulatorApp",
    "Switch",
    "UnsupportedMedia",
    "UploadedFile",
    "route",
]

logger = logging.getLogger("helpdesk_bridge.simulator")
_OK = 200
_NO_BODY = frozenset({204, 304})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_UNAVAILABLE = 503
_NO_CHANGES = frozenset(info.operation for info in routes_of(AdminRoutes))
"""Handlers that change how a simulator is served, and not its account."""


class SimulatorApp(ABC):
    """One vendor's account, answering HTTP. Fronts set ``base_url`` (scheme, host and port) when they serve it."""

    vendor: ClassVar[str]
    SWITCHES: ClassVar[Mapping[str, Switch]] = {}
    ROUTE_GROUPS: ClassVar[tuple[type, ...]] = ()
    """Classes whose routes answer besides those of the application itself; `load` registers one of each."""
    FAULTS: ClassVar[frozenset[str]] = frozenset()
    """Kinds of faults that the handlers carry out themselves; ``call.fault`` holds them."""
    OPERATIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The port's operations, each with the handlers that carry it out, so that faults can name them."""
    PAGE_FAULTS: ClassVar[Mapping[str, frozenset[str]]] = {}
    """The faults of lists, each with the handlers that can carry it out."""
    STRICT_SLASHES: ClassVar[bool] = True
    HEAD_AS_GET: ClassVar[bool] = True
    """Whether routes of GET answer HEAD too; otherwise it is a method like any other."""
    MAX_BODY: ClassVar[int] = 64 << 20
    ACCOUNT_KEYS: ClassVar[frozenset[str]] = frozenset()
    """What an account file can give this vendor's account; see `helpdesk_bridge.datasets.account`."""
    ACCOUNT_LIMITS: ClassVar[frozenset[str]] = frozenset()
    """The switches that ``limits`` of an account file sets; its ``plan`` is the switch ``subscription``."""

    base_url: str = "http://localhost"
    admin_token: str | None = None
    """What the admin routes ask for, where others than this machine's own programs reach them."""
    follows_host: bool = False
    """Whether addresses in answers are those by which the client came, because there are several."""
    connection: Mapping[str, str | float | int] = {}
    """The keys of a desk's table that reach the simulator, besides ``vendor`` and ``base_url``."""

    def __init__(
        self,
        dataset: Dataset,
        *,
        clock: SimulatorClock | None = None,
        settings: Mapping[str, Setting] | None = None,
        time_scale: float = 1.0,
    ) -> None:
        self.dataset = dataset
        self.clock = clock or SimulatorClock(time_scale)
        self.settings = resolve(self.SWITCHES, settings or {})
        self.files = FileStore(self.clock)
        self.requests = RequestLog()
        self.lock = threading.RLock()
        self._table = self._route_table()
        self._admin = _handlers_of(AdminRoutes(self)) | _handlers_of(PageRoutes(self))
        self._handlers = self._admin
        self.faults = FaultPlan(
            self.FAULTS,
            operations=self.OPERATIONS,
            handlers=(info.operation for info in self._table.routes if not info.admin),
            page_faults=self.PAGE_FAULTS,
        )
        self._late: list[LateCall] = []
        self._state: KeptState | None = None
        self._previous: dict[str, Reply] = {}
        self._date = (0, "")
        self._counts = RecordCounts(self.clock, self.record_counts)
        self._chance = random.Random(0)  # noqa: S311 - repeatable chance, no secret
        self.load(dataset)
        self._counts.start_over()

    @abstractmethod
    def load(self, dataset: Dataset) -> None:
        """Build the vendor's records, budgets and files from the dataset in place of the present ones.

        Called when the simulator is made, after everything of the base class is in place, and at every reset.
        """

    # What a vendor overrides

    def before(self, call: Call) -> Reply | None:  # noqa: ARG002 - for the vendor to override
        """Return a refusal, or None to let the request through; ``call.matched`` and ``call.allowed_methods`` hold its route."""
        return None

    def not_found(self, call: Call) -> Reply:  # noqa: ARG002
        """Answer a path that has no route."""
        return Reply.json({"error": "not_found"}, 404)

    def method_not_allowed(self, call: Call, allowed: tuple[str, ...]) -> Reply:  # noqa: ARG002
        """Answer a path that has routes, but none for this method."""
        return Reply.json({"error": "method_not_allowed"}, 405, {"Allow": ", ".join(allowed)})

    def bad_body(self, call: Call, error: BadBody) -> Reply:  # noqa: ARG002
        """Answer an unreadable body; ``error.status`` is 400, 413 or 415."""
        return Reply.json({"error": "bad_body", "message": str(error)}, error.status)

    def rate_limited(self, call: Call, retry_after: str | None) -> Reply:  # noqa: ARG002
        """Answer as if the limit were reached; ``retry_after`` is sent unchanged (for a fault)."""
        return Reply.json({"error": "rate_limited"}, 429, {} if retry_after is None else {"Retry-After": retry_after})

    def unauthorized(self, call: Call) -> Reply:  # noqa: ARG002
        """Answer a credential that has expired (for a fault)."""
        return Reply.json({"error": "unauthorized"}, 401)

    def server_error(self, call: Call, status: int) -> Reply:  # noqa: ARG002
        """Answer as the vendor does when it fails."""
        return Reply.json({"error": "server_error"}, status)

    def refused(self, call: Call, status: int) -> Reply:
        """Answer a refusal of the vendor's with this status (for a fault)."""
        return self.server_error(call, status)

    def without_rows(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002
        """Return the answer to a list as it would be if the list had no rows (for a fault)."""
        return reply

    def finish(self, call: Call, reply: Reply) -> Reply:  # noqa: ARG002
        """Add what every answer has, such as headers; headers that the answer has already must stay."""
        return reply

    def state(self) -> Mapping[str, Any]:
        """Return the vendor's part of ``/_sim/state``, such as counts of records, for JSON."""
        return {}

    @property
    def overview(self) -> Overview:
        """What the page at ``/_sim/`` shows of the account."""
        return Overview()

    # What a vendor overrides for faults of lists

    def next_page_query(self, call: Call) -> Mapping[str, str]:  # noqa: ARG002
        """Return the query fields that ask for the page after that of ``call``."""
        return {}

    def drift(self, call: Call, chance: random.Random) -> None:  # noqa: B027 - a vendor without lists has nothing to do
        """Add one record to the list of ``call``, change one and delete one, each chosen by ``chance``."""

    def record_counts(self) -> Mapping[str, int]:
        """Return how many records of each searchable kind were ever created."""
        return {}

    # What a vendor uses

    def searchable_count(self, call: Call, kind: str) -> int | None:
        """Return how many records of ``kind`` this list shows under a stale search; None for all."""
        if call.fault is None or call.fault.kind != "stale_search":
            return None
        return self._counts.before(call.fault.seconds, kind)

    def flag(self, name: str) -> bool:
        """Return a switch that is true or false."""
        return bool(self.settings[name])

    def number(self, name: str) -> int:
        """Return a switch that is a whole number."""
        return int(self.settings[name])

    def choice(self, name: str) -> str:
        """Return a switch that is text."""
        return str(self.settings[name])

    @classmethod
    def routes(cls) -> tuple[RouteInfo, ...]:
        """List the vendor's routes, without those under ``/_sim``."""
        return tuple(info for info in cls._route_table().routes if not info.admin)

    def rule_of(self, method: str, path: str) -> str | None:
        """Return the rule of the route that answers a request, such as ``/api/cases/<int:case_id>.json``; None for none."""
        matched = self._table.match(method, path).route
        return None if matched is None else matched.rule

    @classmethod
    def admin_routes(cls) -> tuple[RouteInfo, ...]:
        """List the simulator's own routes, those under ``/_sim``."""
        return tuple(info for info in cls._route_table().routes if info.admin)

    @classmethod
    def _route_table(cls) -> RouteTable:
        owners = (cls, AdminRoutes, PageRoutes, *cls.ROUTE_GROUPS)
        return route_table(owners, strict_slashes=cls.STRICT_SLASHES, head_as_get=cls.HEAD_AS_GET)

    def register(self, *groups: Any) -> None:
        """Register ``groups``, one of each class of `ROUTE_GROUPS`, in place of the earlier ones."""
        if Counter(map(type, groups)) != Counter(self.ROUTE_GROUPS):
            raise TypeError(f"{type(self).__name__}.load must register one route group of each of its ROUTE_GROUPS")
        self._handlers = self._admin | {
            name: handler for group in groups for name, handler in _handlers_of(group).items()
        }

    def reset(self, dataset: Dataset | None = None) -> None:
        """Start over, with another dataset if one is given: no faults, no late commits, no recorded requests."""
        with self.lock:
            if dataset is not None and self._state is not None:
                raise SettingError(
                    "this simulator keeps its account in a file; start one with other records and a new file"
                )
            self.dataset = dataset or self.dataset
            self.faults.clear()
            self.requests.clear()
            if self._state is None:
                self._start_over()
            else:
                self._state.reset()

    def _start_over(self) -> None:
        self._late.clear()
        self._previous.clear()
        self.files.clear()
        self.load(self.dataset)
        self._counts.start_over()
        self._chance.seed(0)

    # Keeping the state in a file

    def keep_state(self, path: str | os.PathLike[str], *, made_with: str = "", seed: int | None = None) -> str | None:
        """Keep the account in a file, and go on from what is in it; call it before the simulator is served.

        The account is its seed and every change since: records, ids, files, logins, outbox, registered webhooks, late
        commits under way, and the clock. Faults, recorded requests and spent budgets are this process's own. Each change
        is in the file before it is answered, so that a killed process loses none; a power failure may. ``made_with``
        says how the dataset was chosen, for the error of another one; ``seed`` made it, if it was generated. Returns the address at which the account was served
        last. Raises ``SettingError`` for a file that cannot be used.
        """
        with self.lock:
            if self._state is not None:
                raise SettingError("this simulator keeps its state already")
            try:
                self._state = KeptState(self, path, made_with, seed)
                return self._state.restore()
            except StateFileError as error:
                self.release_state()
                raise SettingError(str(error)) from None

    def release_state(self) -> None:
        """Give the state file to others; the account goes on without one."""
        with self.lock:
            if self._state is not None:
                self._state.close()
                self._state = None

    def forget_deliveries(self) -> None:  # noqa: B027 - a vendor without webhooks has nothing to forget
        """Drop what is on its way to webhooks: it went out in an earlier process."""

    @property
    def failure(self) -> str:
        """Why the account cannot be kept any more; empty as long as it can."""
        return "" if self._state is None else self._state.failure

    def commit_due(self) -> None:
        """Process late commits that are due, each as at its own time; every request does so first."""
        with self.lock:
            due = sorted((late for late in self._late if late.due(self.clock)), key=lambda late: late.at.elapsed)
            self._late = [late for late in self._late if not late.due(self.clock)]
            for late in due:
                with self.clock.stopped_at(late.at), drawn_from(late.seed):
                    late.reply = self.finish(late.call, self._carried_out(late.call))

    def recall(self, kept: Mapping[str, Any]) -> Call:
        """Return a call that was kept in a state file."""
        environ = environ_of(kept)
        return Call(environ, self._table.match(environ["REQUEST_METHOD"], _path(environ)), max_body=self.MAX_BODY)

    def moved(self, seconds: float) -> None:
        """Move the clock forward."""
        with self.lock:
            self.clock.advance(seconds)
            if self._state is not None:
                self._state.moved()

    def served_at(self, address: str) -> None:
        """Take ``address`` as the account's own from now on."""
        self.base_url = address
        if self._state is not None:
            self._state.serving(address)

    # One request

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI demands."""
        matched = self._table.match(environ["REQUEST_METHOD"], _path(environ))
        call = Call(environ, matched, max_body=self.MAX_BODY)
        if matched.route is not None and matched.route.admin:
            if (refusal := refusal_of(call, self.admin_token)) is not None:
                return self._send(call, refusal, None, start_response)
            with self.lock:
                self._follow_host(call)
                self.commit_due()
                return self._send(call, self._handled(call), None, start_response)
        if SOCKET not in environ and not self.faults.connects(
            call.operation, call.method, call.path, lambda: call.text
        ):
            raise NotConnected("the simulator cannot be reached")
        with self.lock:
            self._follow_host(call)
            self.commit_due()
            reply, fault = self._answered(call)
        self.requests.add(
            call.method,
            call.path,
            call.query_string,
            dict(_lowered(environ)),
            call.body,
            status=0 if fault is not None and fault.kind in UNANSWERED else reply.status,
            operation=call.operation,
        )
        if fault is not None and fault.kind == "late_answer" and SOCKET in environ:
            reply, fault = self._awaited(call), None
        return self._send(call, reply, fault, start_response)

    def _follow_host(self, call: Call) -> None:
        if not self.follows_host:
            return
        with suppress(NotAUrl):
            self.base_url = str(Origin.parse(f"{call.scheme}://{call.headers.get('Host', '')}"))

    def _awaited(self, call: Call) -> Reply:
        """Hold the connection until a late answer is due, and return it."""
        late = next((late for late in self._late if late.call is call), None)
        remaining = 0.0 if late is None else late.at.elapsed - self.clock.elapsed()
        connection = call.environ[SOCKET]
        if late is not None and not peer_left(connection, max(0.0, remaining) / self.clock.time_scale):
            self.commit_due()
            if late.reply is not None:
                return late.reply
        raise ConnectionBroken("the client did not wait for the late answer")

    def _answered(self, call: Call) -> tuple[Reply, Fault | None]:
        try:
            refusal = self.before(call)
        except Refused as refused:
            refusal = refused.reply
        except BadBody as error:
            refusal = self.bad_body(call, error)
        if refusal is not None:
            return self.finish(call, refusal), None
        fault = call.fault = self.faults.take(call.operation, call.method, call.path, lambda: call.text)
        if fault is None:
            return self._processed(call), None
        if fault.kind not in KINDS:
            return self._faulty_list(call, fault), None
        return self._faulty(call, fault), fault

    def _faulty_list(self, call: Call, fault: Fault) -> Reply:
        if fault.kind in PAGE_KINDS and fault.kind in self.PAGE_FAULTS:
            if fault.kind == "page_drift":
                self._drifted(call)
            elif fault.kind == "skipped_page":
                return self._processed(
                    with_query(call, self.next_page_query(call), self._table, max_body=self.MAX_BODY)
                )
            elif fault.kind == "empty_list":
                reply = self._handled(call)
                return self.finish(call, self.without_rows(call, reply) if reply.status == _OK else reply)
        return self._processed(call)

    def _drifted(self, call: Call) -> None:
        if self._state is None:
            self.drift(call, self._chance)
        else:
            self._state.drift(call)
        self._counts.update()

    def _processed(self, call: Call) -> Reply:
        operation = call.operation
        reply = self.finish(call, self._handled(call))
        if operation:
            self._previous[operation] = reply
        return reply

    def _faulty(self, call: Call, fault: Fault) -> Reply:
        if fault.kind in {"late_commit", "late_answer"}:
            late = LateCall(self.clock.moment(later=fault.seconds), call)
            self._late.append(late)
            if self._state is not None:
                self._state.later(late)
            return Reply(202)
        if fault.kind in {"connection_reset", "hang"}:
            return Reply(503)
        if fault.kind in {"rate_limited", "refused", "token_expired", "foreign_redirect"}:
            return self.finish(call, self._refusal(call, fault))
        if fault.kind in {"server_error", "html_page"}:
            if fault.processed:
                self._processed(call)
            page = fault.kind == "html_page"
            return gateway_page(fault.status) if page else self.finish(call, self.server_error(call, fault.status))
        previous = self._previous.get(call.operation)
        reply = self._processed(call)
        if fault.kind == "duplicate_page":
            return previous or reply
        return damaged(reply, fault, self.base_url)

    def _refusal(self, call: Call, fault: Fault) -> Reply:
        if fault.kind == "rate_limited":
            return self.rate_limited(call, None if fault.retry_after is None else str(fault.retry_after))
        if fault.kind == "refused":
            return self.refused(call, fault.status)
        if fault.kind == "token_expired":
            return self.unauthorized(call)
        return Reply(302, headers={"Location": fault.location})

    def _handled(self, call: Call) -> Reply:
        if self._state is None or not self._changes(call):
            return self._carried_out(call)
        return self._state.change(call)

    def _changes(self, call: Call) -> bool:
        """Whether a call may change the account."""
        return call.method not in _READS and call.matched is not None and call.matched.operation not in _NO_CHANGES

    def _carried_out(self, call: Call) -> Reply:
        try:
            if call.body_error is not None:
                return self._refused_body(call, call.body_error)
            if call.matched is None:
                allowed = call.allowed_methods
                return self.method_not_allowed(call, allowed) if allowed else self.not_found(call)
            operation = call.matched.operation
            reply: Reply = (self._handlers.get(operation) or getattr(self, operation))(call, **call.path_args)
        except Refused as refused:
            return refused.reply
        except BadBody as error:
            return self._refused_body(call, error)
        except Exception:
            logger.exception(
                "%s simulator: %s %s failed",
                self.vendor,
                call.method,
                call.operation,
                extra={
                    "event": "simulator.failed",
                    "vendor": self.vendor,
                    "method": call.method,
                    "operation": call.operation,
                },
            )
            return self.server_error(call, 500)
        if call.method not in _READS:
            self._counts.update()
        return reply

    def _refused_body(self, call: Call, error: BadBody) -> Reply:
        # A vendor's own form may have no place for the reason, and who steers the simulator needs it.
        admin = call.matched is not None and call.matched.admin
        return SimulatorApp.bad_body(self, call, error) if admin else self.bad_body(call, error)

    def _send(self, call: Call, reply: Reply, fault: Fault | None, start_response: StartResponse) -> Iterable[bytes]:
        body = broken_body(fault, call.environ, reply.body) if fault else [reply.body]
        headers = [(name, value) for name, value in reply.headers.items() if name.lower() != "content-length"]
        if fault is not None and fault.kind == OTHER_DATE:
            other = self._other_date(fault)
            headers = [(name, value) for name, value in headers if name.lower() != "date"] + other
        elif not any(name.lower() == "date" for name in reply.headers):
            headers.append(("Date", self._now()))
        if reply.status not in _NO_BODY:
            headers.append(("Content-Length", str(len(reply.body))))
        if call.body_error is not None or (fault is not None and fault.kind in CLOSING):
            headers.append(("Connection", "close"))
        start_response(reply.status_line, headers)
        return [] if call.method == "HEAD" or reply.status in _NO_BODY else body

    def _other_date(self, fault: Fault) -> list[tuple[str, str]]:
        if fault.date is None:
            return [("Date", http_date(self.clock.now() + timedelta(seconds=fault.seconds)))]
        return [("Date", fault.date)] if fault.date else []

    def _now(self) -> str:
        now = self.clock.now()
        second = int(now.timestamp())
        if self._date[0] != second:
            self._date = (second, http_date(now))
        return self._date[1]


@define(eq=False)
class LateCall:
    """A request that the vendor carries out later than it came; ``reply`` is its answer once that is done."""

    at: Moment
    call: Call
    seed: int = field(factory=new_seed)
    reply: Reply | None = None

    def due(self, clock: SimulatorClock) -> bool:
        """Whether the time has come."""
        return clock.elapsed() >= self.at.elapsed


class KeptState:
    """The account of a simulator in a state file: how it began, and each change since, which a new process repeats.

    Time stands still while a change is carried out, and what is drawn by chance is drawn from a seed of the change, so
    that repeating it gives the same answer; the file holds a digest of that, which proves it.
    """

    def __init__(self, app: SimulatorApp, path: str | os.PathLike[str], made_with: str, seed: int | None) -> None:
        self._app = app
        self._made_with = made_with
        self._seed = seed
        self._settings = dict(app.settings)
        self._file = StateFile(path, self._head())
        self._address: str | None = None

    @property
    def failure(self) -> str:
        """Why nothing can be kept any more."""
        return self._file.failure

    def close(self) -> None:
        """Give the file to others."""
        self._file.close()

    def _head(self) -> dict[str, Any]:
        app = self._app
        return {
            "vendor": app.vendor,
            "version": __version__,
            "settings": {name: one for name, one in self._settings.items() if one != app.SWITCHES[name].default},
            "set_since": {name: one for name, one in app.settings.items() if one != self._settings[name]},
            "data": digest_of((app.dataset, self._seed)),
            "made_with": self._made_with,
            "began": self._time(app.clock.moment()),
            "seed": new_seed(),
        }

    def _time(self, moment: Moment) -> list[Any]:
        return [moment.wall.isoformat(), moment.elapsed, self._app.clock.advanced]

    def restore(self) -> str | None:
        """Begin as the account began, and repeat what the file has; return where it was served last."""
        self._begin()
        time = self._file.head["began"]
        for number, entry in self._file.entries():
            time = entry["time"]
            try:
                with self._app.clock.stopped_at(_moment(time)):
                    self._repeat(entry)
            except Exception as error:
                logger.debug("a change cannot be repeated", exc_info=True, extra={"event": "simulator.not_repeated"})
                reason = str(error) if isinstance(error, _Differs) else type(error).__name__
                raise StateFileError(
                    f"{self._file.path} cannot be repeated from line {number} on ({reason}): another version of this "
                    "simulator wrote it; start with a new file"
                ) from None
        self._app.clock.go_on(_moment(time), time[2])
        self._app.forget_deliveries()
        return self._address

    def _begin(self) -> None:
        self._app.settings = {**self._settings, **self._file.head["set_since"]}
        with self._app.clock.stopped_at(_moment(self._file.head["began"])), drawn_from(self._file.head["seed"]):
            self._app._start_over()  # noqa: SLF001 - a part of the application

    def _repeat(self, entry: Mapping[str, Any]) -> None:
        app = self._app
        app.commit_due()
        if "serving" in entry:
            self._address = entry["serving"]
        elif "clock" not in entry:
            app.base_url = entry["base_url"]
            call = app.recall(entry["call"])
            with drawn_from(entry["seed"]):
                self._done_again(entry, call)

    def _done_again(self, entry: Mapping[str, Any], call: Call) -> None:
        app = self._app
        if "later" in entry:
            wall, elapsed = entry["later"]
            app._late.append(LateCall(_moment((wall, elapsed)), call, entry["seed"]))  # noqa: SLF001 - as above
        elif "drift" in entry:
            app.drift(call, app._chance)  # noqa: SLF001 - as above
            app._counts.update()  # noqa: SLF001 - as above
        else:
            reply = app._carried_out(call)  # noqa: SLF001 - as above
            if [reply.status, _digest(reply)] != entry["answer"]:
                raise _Differs(f"{call.method} {call.operation} is answered otherwise")

    # While it is served

    def change(self, call: Call) -> Reply:
        """Carry out a change and write it down; what cannot be kept fails."""
        app, seed = self._app, new_seed()
        if self.failure:
            return app.server_error(call, _UNAVAILABLE)
        moment = app.clock.moment()
        with app.clock.stopped_at(moment), drawn_from(seed):
            reply = app._carried_out(call)  # noqa: SLF001 - as above
        self._write(moment, {"call": call.kept(), "seed": seed, "answer": [reply.status, _digest(reply)]})
        return app.server_error(call, _UNAVAILABLE) if self.failure else reply

    def later(self, late: LateCall) -> None:
        """Write down a call that is carried out later."""
        if late.call.method not in _READS:
            told = {"call": late.call.kept(), "seed": late.seed, "later": self._time(late.at)[:2]}
            self._write(self._app.clock.moment(), told)

    def drift(self, call: Call) -> None:
        """Carry out the work of another user, and write it down."""
        moment, seed = self._app.clock.moment(), new_seed()
        with self._app.clock.stopped_at(moment), drawn_from(seed):
            self._app.drift(call, self._app._chance)  # noqa: SLF001 - as above
        self._write(moment, {"call": call.kept(), "seed": seed, "drift": True})

    def moved(self) -> None:
        """Write down that the clock was moved."""
        self._file.append({"clock": True, "time": self._time(self._app.clock.moment())})

    def serving(self, address: str) -> None:
        """Write down where the account is served."""
        self._file.append({"serving": address, "time": self._time(self._app.clock.moment())})

    def _write(self, moment: Moment, entry: Mapping[str, Any]) -> None:
        self._file.append({**entry, "base_url": self._app.base_url, "time": self._time(moment)})

    def reset(self) -> None:
        """Begin anew, now."""
        self._file.start_over(self._head())
        self._begin()
        self.serving(self._app.base_url)


class _Differs(Exception):
    """A change that is repeated is answered otherwise than before."""


def _moment(time: Sequence[Any]) -> Moment:
    return Moment(datetime.fromisoformat(time[0]), float(time[1]))


def _digest(reply: Reply) -> str:
    return hashlib.sha256(reply.body).hexdigest()[:16]


def _handlers_of(group: object) -> dict[str, Callable[..., Reply]]:
    return {info.operation: getattr(group, info.operation) for info in routes_of(type(group))}


def _path(environ: WSGIEnvironment) -> str:
    path: str = environ.get("PATH_INFO", "") or "/"
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")


def _lowered(environ: WSGIEnvironment) -> Iterable[tuple[str, str]]:
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-").lower(), value
        elif key in {"CONTENT_TYPE", "CONTENT_LENGTH"} and value:
            yield key.replace("_", "-").lower(), value
