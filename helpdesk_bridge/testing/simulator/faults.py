"""Fault plans: what goes wrong between a simulator or desk and its caller, for which calls, and how often."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import Factory, asdict, evolve, field, fields_dict, frozen

from helpdesk_bridge.forks import new_lock

if TYPE_CHECKING:
    from types import TracebackType

KINDS: Final = {
    "rate_limited": "refused by the vendor's own limit answer, `retry_after` as given; not processed",
    "server_error": "the vendor's own answer of `status`; processed only with `processed`",
    "token_expired": "the vendor's own answer to a credential that has expired; not processed",
    "html_page": "a gateway's HTML page of `status`; processed only with `processed`",
    "malformed_json": "processed; the answer's JSON is broken in the middle",
    "truncated": "processed; half of the announced answer, then the connection ends",
    "empty": "processed; the answer has no body",
    "gzip_bomb": "processed; the answer is `size` bytes of blanks, compressed",
    "duplicate_page": "processed; the operation's previous answer is sent again",
    "foreign_redirect": "not processed; redirected to `location`",
    "foreign_next_link": "processed; addresses of the vendor's own host, in Link and in the body, lead to `location`",
    "connect_timeout": "not processed; no connection comes about. Over sockets for all requests, until it is removed or "
    "`seconds` real seconds have passed; in process for those that it fits",
    "connection_reset": "not processed; the connection is reset",
    "response_lost": "processed; the connection is reset instead of an answer",
    "late_commit": "the connection is reset now and the request processed `seconds` vendor seconds later",
    "hang": "not processed; no answer for `seconds` real seconds, then the connection ends",
    "read_timeout": "processed; no answer for `seconds` real seconds, then the connection ends",
    "slow_drip": "processed; a byte every `seconds` real seconds",
}
"""The faults that every simulator can carry out. A vendor's `FAULTS` names further ones."""

PAGE_KINDS: Final = {
    "skipped_page": "processed; the page after the one that was asked for is answered",
    "page_drift": "processed; before, one record of the list is added, one changed and one deleted",
    "stale_search": "processed; what was added in the last `seconds` vendor seconds is not in the answer yet",
}
"""Faults of lists that need the vendor's help; a simulator's `PAGE_FAULTS` names the lists that can carry them out."""

_SECONDS: Final = {"late_commit": 1.0, "hang": 60.0, "read_timeout": 60.0, "slow_drip": 1.0, "stale_search": 30.0}
CONNECT_TIMEOUT: Final = "connect_timeout"
_PATTERN: Final = re.compile(r"(?:[A-Z]+ )?/.*", re.DOTALL)


class FaultError(ValueError):
    """A fault has a wrong name, place or option; the message lists the known ones."""


def _usual_seconds(fault: Fault) -> float:
    return _SECONDS.get(fault.kind, 0.0)


@frozen
class Fault:
    """One fault.

    ``on`` is an operation of the port (``tickets.create``) or of the simulator (``create_case``), a path pattern
    (``/api/*``) or a method with one (``POST /api/*``); None is every request. Of the requests that match, the fault skips
    the first ``after``, then takes every ``every``-th, each with ``probability``, and ends after ``times`` (None: never).
    ``retry_after`` is sent unchanged; None omits the header.
    """

    kind: str
    on: str | None = None
    times: int | None = 1
    after: int = 0
    every: int = 1
    probability: float = 1.0
    seed: int = 0
    status: int = 503
    retry_after: str | int | None = 1
    seconds: float = field(default=Factory(_usual_seconds, takes_self=True))
    processed: bool = False
    location: str = "https://elsewhere.invalid/"
    size: int = 128 << 20


class Injection:
    """A fault in force; as a context manager it ends with the block."""

    def __init__(self, plan: FaultPlan, fault: Fault, handlers: frozenset[str] | None) -> None:
        self.fault = fault
        self.hits = 0
        self._plan = plan
        self._handlers = handlers
        self._seen = 0
        self._random = random.Random(fault.seed)  # noqa: S311 - repeatable chance, no secret

    @property
    def spent(self) -> bool:
        """Whether the fault has taken effect ``times`` times."""
        return self.fault.times is not None and self.hits >= self.fault.times

    def fits(self, operation: str, method: str, path: str) -> bool:
        """Whether the fault is meant for this request."""
        if self._handlers is not None:
            return operation in self._handlers
        wanted, _, pattern = (self.fault.on or "/*").rpartition(" ")
        return wanted in {"", method} and fnmatchcase(path, pattern)

    def strikes(self, operation: str, method: str, path: str) -> bool:
        """Count one request and return whether the fault takes effect on it."""
        if self.spent or not self.fits(operation, method, path):
            return False
        self._seen += 1
        beyond = self._seen - self.fault.after
        if beyond < 1 or beyond % self.fault.every or self._random.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True

    def remove(self) -> None:
        """End the fault; harmless if it has ended."""
        self._plan.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class FaultPlan:
    """The faults of one simulator or desk; if several match a request, the one injected first takes effect.

    ``operations`` are the port's, each with the simulator's handlers that carry it out; ``handlers`` are all handlers;
    ``page_faults`` are the faults of lists, each with the lists that can carry it out.
    """

    def __init__(
        self,
        vendor_kinds: Iterable[str] = (),
        *,
        general_kinds: Iterable[str] = KINDS,
        operations: Mapping[str, tuple[str, ...]] | None = None,
        handlers: Iterable[str] = (),
        page_faults: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.page_faults = dict(page_faults or {})
        self.kinds = frozenset(general_kinds) | frozenset(vendor_kinds) | frozenset(self.page_faults)
        self.operations = dict(operations or {})
        self.changed: Callable[[], None] = lambda: None
        """Called after every change; a ``FaultError`` of it undoes the injection."""
        self._handlers = frozenset(handlers)
        self._injections: list[Injection] = []
        self._lock = new_lock()

    def inject(self, fault: Fault | str, **options: Any) -> Injection:
        """Put a fault in force, given whole or by its kind; ``options`` are its fields.

        Raises ``FaultError`` if it cannot be carried out; the message lists what can.
        """
        made = _with(fault, options) if isinstance(fault, Fault) else _described({"kind": fault, **options})
        if made.kind not in self.kinds:
            raise FaultError(f"unknown fault {made.kind!r}; known here: {', '.join(sorted(self.kinds))}")
        if made.every < 1 or made.after < 0 or made.seconds < 0 or not 0 <= made.probability <= 1:
            raise FaultError(f"fault {made.kind!r}: every >= 1, after and seconds >= 0, probability from 0 to 1")
        injection = Injection(self, made, self._meant(made))
        with self._lock:
            self._injections.append(injection)
        try:
            self.changed()
        except FaultError:
            injection.remove()
            raise
        return injection

    def _meant(self, fault: Fault) -> frozenset[str] | None:
        """Return the operations that a fault is meant for; None if its pattern decides."""
        able = self.page_faults.get(fault.kind)
        if fault.on is None or _PATTERN.fullmatch(fault.on):
            return able if fault.on is None else None
        named = frozenset(self.operations.get(fault.on, ())) or frozenset({fault.on}) & self._handlers
        if not named and (self.operations or self._handlers):
            known = ", ".join(sorted(self.operations) or sorted(self._handlers))
            raise FaultError(f"fault {fault.kind!r}: unknown operation {fault.on!r}; known here: {known}")
        named = named or frozenset({fault.on})
        if able is not None and not named & able:
            lists = ", ".join(sorted(name for name, own in self.operations.items() if able & set(own)))
            raise FaultError(f"fault {fault.kind!r}: {fault.on!r} cannot act it out; what can: {lists or sorted(able)}")
        return named if able is None else named & able

    def take(self, operation: str, method: str = "", path: str = "") -> Fault | None:
        """Return the fault for this request, and count it. ``connects`` decides on connections."""
        return self._struck(operation, method, path, connecting=False)

    def connects(self, operation: str, method: str, path: str) -> bool:
        """Whether a request gets a connection; a refused connection is counted."""
        return self._struck(operation, method, path, connecting=True) is None

    def _struck(self, operation: str, method: str, path: str, *, connecting: bool) -> Fault | None:
        if not self._injections:
            return None
        with self._lock:
            for injection in self._injections:
                if (injection.fault.kind == CONNECT_TIMEOUT) is not connecting:
                    continue
                if injection.strikes(operation, method, path):
                    self._injections = [other for other in self._injections if not other.spent]
                    return injection.fault
        return None

    def in_force(self, kind: str) -> tuple[Injection, ...]:
        """Return the injections of one kind that have not ended."""
        with self._lock:
            return tuple(one for one in self._injections if one.fault.kind == kind)

    def remove(self, injection: Injection) -> None:
        """End one fault."""
        with self._lock:
            self._injections = [other for other in self._injections if other is not injection]
        self.changed()

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._injections = []
        self.changed()

    def describe(self) -> list[dict[str, Any]]:
        """Return the faults in force with their hits, for JSON."""
        with self._lock:
            return [{**asdict(injection.fault), "hits": injection.hits} for injection in self._injections]


def _described(options: dict[str, Any]) -> Fault:
    _refuse_unknown(options)
    return Fault(**options)


def _with(fault: Fault, options: dict[str, Any]) -> Fault:
    _refuse_unknown(options)
    return evolve(fault, **options) if options else fault


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    unknown = sorted(set(options) - set(fields_dict(Fault)))
    if unknown:
        raise FaultError(f"a fault has no {unknown[0]!r}; it has: {', '.join(fields_dict(Fault))}")
