"""Faults of a desk without a vendor: its adapter's calls meet them, and are waited for and repeated as requests are.

The layers that a wired desk has over HTTP, ``Retrying`` over ``Governed``, are used as they are, over attempts that
meet the fault plan instead of a network.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

import attrs
from attrs import define, evolve, field, frozen

from helpdesk_bridge.adapter import Adapter, EventsRead, Page
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import BadResponse, HelpdeskError, InDoubt, Invalid, RateLimited, Unavailable
from helpdesk_bridge.http.events import EventBus
from helpdesk_bridge.http.governed import Governed
from helpdesk_bridge.http.options import HttpOptions
from helpdesk_bridge.http.request import Answer, Effect, Request, Response
from helpdesk_bridge.http.retry import Retrying
from helpdesk_bridge.http.status import error_for_status
from helpdesk_bridge.http.transport import FREE, Download, Grant, Lost, NotSent
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.ratelimit.governor import Governor
from helpdesk_bridge.ratelimit.policy import LARGEST, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.store import MemoryStore
from helpdesk_bridge.testing.outcomes import EFFECTS, LISTINGS, OUTCOMES
from helpdesk_bridge.testing.simulator.faults import CONNECT_TIMEOUT, Fault, FaultPlan

R = TypeVar("R")
_LOOKUPS: Final = frozenset({"contacts.find", "importer.find"})
_CREATES: Final = {
    "tickets.create": "tickets",
    "importer.ticket": "tickets",
    "contacts.create": "contacts",
    "importer.contact": "contacts",
}
LATE: Final = frozenset({"late_commit", "late_answer"})
_ANSWERED: Final = {
    "rate_limited": 429,
    "token_expired": 401,
    "foreign_redirect": 302,
    "malformed_json": 200,
    "empty": 200,
}
"""The statuses of faults that are answers and name none of their own."""
_UNREADABLE: Final = frozenset({"malformed_json", "empty"})
_WINDOW_SECONDS: Final = 60.0
_NOT_AT_A_PORT: Final = frozenset({"foreign_next_link", "other_date"})
"""A call has neither links nor headers."""
PORT_KINDS: Final = frozenset(OUTCOMES) - _NOT_AT_A_PORT
_FACETS: Final = ("agents", "groups", "companies", "tags", "custom_fields", "attachments", "importer", "removal")
_OF_FACETS: Final = frozenset({"importer", "removal", "templates"})
_ALWAYS: Final = frozenset({"check", "events"})
_BY_STATUS: Final = frozenset({"server_error", "html_page", "refused"})


class PortFaults(FaultPlan):
    """A fault plan for calls instead of requests; operations have the port's names, and a path is refused.

    ``capabilities`` narrows it to the operations that a desk has.
    """

    def __init__(self, capabilities: Capabilities | None = None, *, kinds: Iterable[str] = PORT_KINDS) -> None:
        operations = {name: (name,) for name in EFFECTS if name != "login" and _has(capabilities, name)}
        listed = dict.fromkeys(("duplicate_page", "skipped_page", "page_drift", "empty_list"), LISTINGS)
        able = {**listed, "stale_search": LISTINGS | _LOOKUPS}
        super().__init__(
            general_kinds=kinds,
            operations=operations,
            page_faults={kind: names & operations.keys() for kind, names in able.items() if kind in kinds},
            paths=False,
        )


def _has(capabilities: Capabilities | None, operation: str) -> bool:
    if capabilities is None or operation in _ALWAYS:
        return True
    facet = operation.partition(".")[0]
    return capabilities.supports(facet if facet in _OF_FACETS else operation)


class Drifts(Protocol):
    """Another user of the desk, who works between two pages."""

    def happen(self, operation: str, arguments: tuple[Any, ...] = ()) -> None:
        """Work in the list that ``operation`` reads; ``arguments`` are those of its call."""


@frozen
class _Attempt(Request):
    """A call of an adapter as a request: ``make`` makes it, ``after`` gets the page behind a cursor."""

    make: Callable[[], Any] = field(kw_only=True, repr=False)
    after: Callable[[str], Page[Any]] | None = field(default=None, kw_only=True, repr=False)
    given: tuple[Any, ...] = field(default=(), kw_only=True, repr=False)


@frozen(eq=False)
class _Answered(Response):
    """What an attempt came to: the result of the call, or the fault that it met."""

    result: Any = field(default=None, kw_only=True, repr=False)
    fault: Fault | None = field(default=None, kw_only=True)


@define(eq=False)
class FaultyCalls:
    """Makes the calls of one desk's adapter, and lets them meet the faults of ``plan``.

    With ``retries`` a call is waited for and repeated as a request is, within ``options``; without, it ends in the error
    in which all repeats would end. A call that is carried out late is carried out under ``stopped_at`` as at its own
    time, before the next call looks at the desk.
    """

    plan: FaultPlan
    clock: Clock
    options: HttpOptions
    events: EventBus
    vendor: str
    desk: str
    drift: Drifts
    stopped_at: Callable[[datetime], AbstractContextManager[None]]
    settle_seconds: float = 60.0
    retries: bool = True
    _late: list[tuple[float, datetime, Callable[[], Any]]] = field(factory=list, init=False)
    _created: dict[tuple[str, str], float] = field(factory=dict, init=False)
    _previous: dict[str, Page[Any]] = field(factory=dict, init=False)
    _top: Retrying = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        policy = RateLimitPolicy(windows=(Window(LARGEST, _WINDOW_SECONDS),), settle_seconds=self.settle_seconds)
        governed = Governed(
            inner=_Attempts(self),
            governor=Governor(policy, MemoryStore(), self.clock),
            options=self.options,
            events=self.events,
            vendor=self.vendor,
            desk=self.desk,
            wall=self.clock.wall,
        )
        self._top = Retrying(
            inner=governed,
            classify=_error_of,
            clock=self.clock,
            wall=self.clock.wall,
            policy=policy,
            options=self.options,
            events=self.events,
            vendor=self.vendor,
            desk=self.desk,
            draw=random.Random(0).random,  # noqa: S311 - repeatable chance, no secret
        )

    def call(
        self,
        operation: str,
        make: Callable[[], R],
        given: tuple[Any, ...] = (),
        after: Callable[[str], Page[Any]] | None = None,
    ) -> R:
        """Make a call, as the fault plan allows; ``given`` are its arguments, ``after`` gets the page behind a cursor."""
        self.commit_due()
        if self.plan.idle:
            return self._noted(operation, make())
        attempt = _Attempt(
            "CALL",
            f"/{operation}",
            operation=operation,
            effect=EFFECTS[operation],
            answer=Answer.ANY,
            make=make,
            after=after,
            given=given,
        )
        answered = self._top.send(attempt) if self.retries else self._once(attempt)
        result: R = answered.result  # type: ignore[attr-defined]  # what _Attempts returns
        return result

    def _once(self, request: _Attempt) -> _Answered:
        error: HelpdeskError
        doubtful = request.effect is Effect.CREATE
        try:
            answered = self.attempt(request)
        except NotSent as failure:
            error, doubtful = Unavailable(failure.reason), False
        except Lost as failure:
            error = Unavailable(failure.reason)
        else:
            if answered.fault is None:
                return answered
            error = _error_of(request, answered) or BadResponse(told(answered.fault.kind))
            doubtful = OUTCOMES[answered.fault.kind].of(request.effect) is InDoubt
        if doubtful:
            error = InDoubt(error.message, settle_seconds=self.settle_seconds, status=error.status)
        raise error.located(vendor=self.vendor, desk=self.desk, operation=request.operation)

    def commit_due(self) -> None:
        """Carry out late calls that are due, each as at its own time."""
        now = self.clock.now()
        due = sorted((late for late in self._late if late[0] <= now), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > now]
        for _, wall, make in due:
            with self.stopped_at(wall), suppress(HelpdeskError):
                make()

    def forget(self) -> None:
        """Forget late calls and what was created, for a desk that starts over."""
        self._late.clear()
        self._created.clear()
        self._previous.clear()

    # One attempt

    def attempt(self, request: _Attempt) -> _Answered:
        """Make one attempt: carry it out, or let it fail as its fault says."""
        operation = request.operation

        def said() -> str:
            return "\n".join(texts(request.given))

        if not self.plan.connects(operation, "", "", said):
            raise NotSent(told(CONNECT_TIMEOUT))
        fault = self.plan.take(operation, text=said)
        if fault is None:
            return _result(request, self._noted(operation, request.make(), request))
        outcome = OUTCOMES[fault.kind]
        error = outcome.of(request.effect)
        if error is None or fault.kind in self.plan.page_faults:
            return _result(request, self._faulty_page(request, fault))
        if fault.kind in LATE:
            at = self.clock.now() + fault.seconds
            wall = self.clock.wall() + timedelta(seconds=fault.seconds / self.clock.time_scale)
            self._late.append((at, wall, lambda: self._noted(operation, request.make())))
        elif outcome.processed or fault.processed:
            self._noted(operation, request.make())
        status = fault.status if fault.kind in _BY_STATUS else _ANSWERED.get(fault.kind)
        if status is None:
            raise Lost(told(fault.kind))
        headers = {"Location": fault.location}
        if fault.kind == "rate_limited" and fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        return _Answered(status, headers, b"", request, fault=fault)

    def _noted(self, operation: str, result: R, request: _Attempt | None = None) -> R:
        """Remember what faults of later calls need to know."""
        if (area := _CREATES.get(operation)) is not None:
            for record_id in _ids(result):
                self._created[area, record_id] = self.clock.now()
        if request is not None and isinstance(result, Page):
            self._previous[operation] = result
        return result

    def _faulty_page(self, request: _Attempt, fault: Fault) -> Any:
        operation = request.operation
        if fault.kind == "page_drift":
            self.drift.happen(operation, request.given)
        previous = self._previous.get(operation)
        result = self._noted(operation, request.make(), request)
        if not isinstance(result, (Page, tuple, list)) and result is not None and fault.kind != "stale_search":
            return result  # a count
        if fault.kind == "duplicate_page":
            return previous if previous is not None else result
        if fault.kind == "empty_list":
            return Page((), None, 0)
        if fault.kind == "skipped_page" and isinstance(result, Page) and request.after is not None:
            return request.after(result.next) if result.next is not None else Page(())
        return self._without_new(operation, result, fault) if fault.kind == "stale_search" else result

    def _without_new(self, operation: str, result: Any, fault: Fault) -> Any:
        area = operation.partition(".")[0]
        new = {
            record_id
            for (kind, record_id), at in self._created.items()
            if area in (kind, "importer") and self.clock.now() - at < fault.seconds
        }
        if isinstance(result, Page):
            return evolve(result, items=tuple(one for one in result.items if one.id not in new))
        if isinstance(result, (tuple, list)):
            return tuple(one for one in result if (one if isinstance(one, str) else one.id) not in new)
        return None if getattr(result, "id", None) in new else result


def told(kind: str) -> str:
    """Return what an error of an injected fault says."""
    return f"a fault was injected: {kind}"


def _result(request: _Attempt, result: Any) -> _Answered:
    return _Answered(200, {}, b"", request, result=result)


def _error_of(request: Request, response: Response) -> HelpdeskError | None:
    fault = getattr(response, "fault", None)
    if fault is None:
        return None
    if fault.kind == "refused":
        known = error_for_status(response)
        kind = type(known) if known is not None else Invalid
    else:
        kind = OUTCOMES[fault.kind].of(request.effect) or HelpdeskError
    if kind is InDoubt:
        kind = OUTCOMES[fault.kind].read or Unavailable  # what it means for a create is for `Retrying` to say
    error = kind(told(fault.kind), status=response.status)
    if fault.kind in _UNREADABLE:
        error.temporary = True
    if isinstance(error, RateLimited):
        error.retry_after = float(fault.retry_after) if isinstance(fault.retry_after, int) else None
    return error


@frozen
class _Attempts:
    """The transport below the layers: it makes the calls."""

    _calls: FaultyCalls

    def send(self, request: Request, grant: Grant = FREE) -> Response:  # noqa: ARG002 - a transport's signature
        """Make one attempt."""
        if not isinstance(request, _Attempt):
            raise TypeError("not a call of an adapter")
        return self._calls.attempt(request)

    def open(self, request: Request, grant: Grant = FREE) -> Download:
        """Files are opened by their calls; nothing is downloaded."""
        raise NotImplementedError

    def close(self) -> None:
        """Close nothing."""


def _ids(result: Any) -> tuple[str, ...]:
    if isinstance(result, tuple):
        return tuple(str(one) for one in result)
    record_id = getattr(result, "id", None) or getattr(result, "ticket_id", None)
    return () if record_id is None else (str(record_id),)


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value: ids, and the words of drafts, changes and records."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from texts(tuple(value.values()))
    elif isinstance(value, (tuple, list, frozenset, set)):
        for one in value:
            yield from texts(one)
    elif attrs.has(type(value)):
        for one in attrs.fields(type(value)):
            yield from texts(getattr(value, one.name))


# An adapter with faults


class _FaultyPart:
    """One port or facet of an adapter: its calls meet faults, its data is passed on."""

    def __init__(self, calls: FaultyCalls, area: str, inner: Any) -> None:
        self._calls = calls
        self._area = area
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value: Any = getattr(self._inner, name)
        operation = f"{self._area}.{'list' if name == 'page' else name}"
        if operation not in EFFECTS or not callable(value):
            return value
        if name == "page":
            return lambda *args: self._calls.call(
                operation, lambda: value(*args), args, lambda cursor: self._inner.page(args[0], cursor, *args[2:])
            )
        return lambda *args, **kwargs: self._calls.call(
            operation, lambda: value(*args, **kwargs), (*args, *kwargs.values())
        )


@frozen
class _FaultyEvents:
    """Events of an adapter, whose reads meet faults."""

    _calls: FaultyCalls
    _inner: Any

    def begin(self, since: datetime | None) -> Mapping[str, Any]:
        """Return the position before all that was written since then."""
        self._calls.commit_due()
        position: Mapping[str, Any] = self._inner.begin(since)
        return position

    def after(self, position: Mapping[str, Any], limit: int | None) -> EventsRead:
        """Return what was written after a position."""
        read: EventsRead = self._calls.call("events", lambda: self._inner.after(position, limit), (position,))
        return read


def faulty(adapter: Adapter, calls: FaultyCalls) -> Adapter:
    """Return the same adapter, whose calls are made by ``calls``; ``check`` is for the desk to pass through it."""
    areas = ("tickets", "contacts", "messages", *_FACETS)
    parts = {name: getattr(adapter, name) for name in areas}
    changed: dict[str, Any] = {name: _FaultyPart(calls, name, part) for name, part in parts.items() if part is not None}
    if adapter.events is not None:
        changed["events"] = _FaultyEvents(calls, adapter.events)
    return attrs.evolve(adapter, **changed)


__all__ = ["FaultyCalls", "PortFaults", "faulty", "texts", "told"]
