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
    "refused": "the vendor's own refusal, of `status`; not processed",
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
    "late_answer": "processed `seconds` vendor seconds later, and answered only then",
    "hang": "not processed; no answer for `seconds` real seconds, then the connection ends",
    "read_timeout": "processed; no answer for `seconds` real seconds, then the connection ends",
    "slow_drip": "processed; a byte every `seconds` real seconds",
    "other_date": "processed; the `Date` header is `seconds` away from the vendor's time, back with a minus, or it is `date`",
}
"""The faults that every simulator can carry out. A vendor's `FAULTS` names further ones."""

PAGE_KINDS: Final = {
    "skipped_page": "processed; the page after the one that was asked for is answered",
    "page_drift": "processed; before, one record of the list is added, one changed and one deleted",
    "stale_search": "processed; what was added in the last `seconds` vendor seconds is not in the answer yet",
    "empty_list": "processed; the list is answered as if it had no rows",
}
"""Faults of lists that need the vendor's help; a simulator's `PAGE_FAULTS` names the lists that can carry them out."""

_SECONDS: Final = {
    "late_commit": 1.0,
    "late_answer": 120.0,
    "hang": 60.0,
    "read_timeout": 60.0,
    "slow_drip": 1.0,
    "stale_search": 30.0,
    "other_date": 7200.0,
}
_STATUS: Final = {"refused": 400}
OTHER_DATE: Final = "other_date"
CONNECT_TIMEOUT: Final = "connect_timeout"
_LOWEST, _HIGHEST = 100, 599
_PATTERN: Final = re.compile(r"(?:[A-Z]+ )?/.*", re.DOTALL)


class FaultError(ValueError):
    """A fault has a wrong name, place or option; the message lists the known ones."""


def _usual_seconds(fault: Fault) -> float:
    return _SECONDS.get(fault.kind, 0.0)


def _usual_status(fault: Fault) -> int:
    return _STATUS.get(fault.kind, 503)


def mentions(text: str, record: str) -> bool:
    """Whether ``text`` has ``record``, an id or some words, and not as a part of a longer word or number."""
    return re.search(rf"(?<!\w){re.escape(record)}(?!\w)", text) is not None


@frozen
class Fault:
    """One fault.

    ``on`` is an operation of the port (``tickets.create``) or of the simulator (``create_case``), a path pattern
    (``/api/*``) or a method with one (``POST /api/*``); None is every request. Of the requests that match, the fault skips
    the first ``after``, then takes every ``every``-th, each with ``probability``, and ends after ``times`` (None: never).
    With ``record`` only requests match that name it in their path, query or body: an id, or words such as a subject.
    ``retry_after`` and ``date`` are sent unchanged; ``retry_after=None`` and ``date=""`` omit the header.
    """

    kind: str
    on: str | None = None
    times: int | None = 1
    after: int = 0
    every: int = 1
    probability: float = 1.0
    seed: int = 0
    record: str | None = None
    status: int = field(default=Factory(_usual_status, takes_self=True))
    retry_after: str | int | None = 1
    seconds: float = field(default=Factory(_usual_seconds, takes_self=True))
    processed: bool = False
    location: str = "https://elsewhere.invalid/"
    size: int = 128 << 20
    date: str | None = None

    @property
    def described(self) -> str:
        """The fault in a few words, such as ``server_error on tickets.list, record 51230``."""
        where = "" if self.on is None else f" on {self.on}"
        return f"{self.kind}{where}{'' if self.record is None else f', record {self.record}'}"


Text = Callable[[], str]


def no_text() -> str:
    """Return what a request says that is not known yet."""
    return ""


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

    def fits(self, operation: str, method: str, path: str, text: Text = no_text) -> bool:
        """Whether the fault is meant for this request; ``text`` returns what the request says, for ``record``."""
        if self._handlers is not None:
            meant = operation in self._handlers
        elif self.fault.on is None:
            meant = True
        else:
            wanted, _, pattern = self.fault.on.rpartition(" ")
            meant = wanted in {"", method} and fnmatchcase(path, pattern)
        return meant and (self.fault.record is None or mentions(text(), self.fault.record))

    def strikes(self, operation: str, method: str, path: str, text: Text = no_text) -> bool:
        """Count one request and return whether the fault takes effect on it."""
        if self.spent or not self.fits(operation, method, path, text):
            return False
        self._seen += 1
        beyond = self._seen - self.fault.after
        if beyond < 1 or beyond % self.fault.every or self._random.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True

    @property
    def described(self) -> dict[str, Any]:
        """The fault with its hits, for JSON."""
        return {**asdict(self.fault), "hits": self.hits}

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
    ``page_faults`` are the faults of lists, each with the lists that can carry it out. Without ``paths``, calls have no
    path, and a fault that names one is refused.
    """

    def __init__(
        self,
        vendor_kinds: Iterable[str] = (),
        *,
        general_kinds: Iterable[str] = KINDS,
        operations: Mapping[str, tuple[str, ...]] | None = None,
        handlers: Iterable[str] = (),
        page_faults: Mapping[str, frozenset[str]] | None = None,
        paths: bool = True,
    ) -> None:
        self.page_faults = dict(page_faults or {})
        self.kinds = frozenset(general_kinds) | frozenset(vendor_kinds) | frozenset(self.page_faults)
        self.operations = dict(operations or {})
        self.changed: Callable[[], None] = lambda: None
        """Called after every change; a ``FaultError`` of it undoes the injection."""
        self._handlers = frozenset(handlers)
        self._paths = paths
        self._injections: list[Injection] = []
        self._injected: list[Injection] = []
        self._lock = new_lock()

    def inject(self, fault: Fault | str, **options: Any) -> Injection:
        """Put a fault in force, given whole or by its kind; ``options`` are its fields.

        Raises ``FaultError`` if it cannot be carried out; the message lists what can.
        """
        made = _with(fault, options) if isinstance(fault, Fault) else _described({"kind": fault, **options})
        if made.kind not in self.kinds:
            raise FaultError(f"unknown fault {made.kind!r}; known here: {', '.join(sorted(self.kinds))}")
        backwards = made.seconds < 0 and made.kind != OTHER_DATE
        if made.every < 1 or made.after < 0 or backwards or not 0 <= made.probability <= 1:
            raise FaultError(f"fault {made.kind!r}: every >= 1, after and seconds >= 0, probability from 0 to 1")
        if not _LOWEST <= made.status <= _HIGHEST:
            raise FaultError(f"fault {made.kind!r}: status is an HTTP status from {_LOWEST} to {_HIGHEST}")
        if made.record is not None and (not isinstance(made.record, str) or not made.record.strip()):
            raise FaultError(f"fault {made.kind!r}: record is the text of an id, or words that the request has")
        injection = Injection(self, made, self._meant(made))
        with self._lock:
            self._injections.append(injection)
            self._injected.append(injection)
        try:
            self.changed()
        except FaultError:
            injection.remove()
            self._injected.remove(injection)
            raise
        return injection

    @property
    def idle(self) -> bool:
        """Whether no fault is in force."""
        return not self._injections

    @property
    def unhit(self) -> tuple[Injection, ...]:
        """The faults injected so far that have not struck as often as they were to, ended ones too, oldest first.

        A fault without an end is to strike once.
        """
        with self._lock:
            return tuple(one for one in self._injected if one.hits < (one.fault.times or 1))

    def assert_all_hit(self) -> None:
        """Raise ``AssertionError`` unless every fault injected so far has struck as often as it was to.

        A fault that never struck proves nothing about the code under test.
        """
        if unhit := self.unhit:
            told = "; ".join(f"{one.fault.described}: {one.hits} of {one.fault.times or 1}" for one in unhit)
            raise AssertionError(f"injected faults that were not hit: {told}")

    def _meant(self, fault: Fault) -> frozenset[str] | None:
        """Return the operations that a fault is meant for; None if its pattern decides."""
        able = self.page_faults.get(fault.kind)
        if fault.on is None:
            return able
        if _PATTERN.fullmatch(fault.on):
            if not self._paths:
                known = ", ".join(sorted(self.operations))
                raise FaultError(
                    f"fault {fault.kind!r}: no request with a path is made here, so on={fault.on!r} would never strike; "
                    f"known here: {known}"
                )
            return None
        named = frozenset(self.operations.get(fault.on, ())) or frozenset({fault.on}) & self._handlers
        if not named and (self.operations or self._handlers):
            known = ", ".join(sorted(self.operations) or sorted(self._handlers))
            raise FaultError(f"fault {fault.kind!r}: unknown operation {fault.on!r}; known here: {known}")
        named = named or frozenset({fault.on})
        if able is not None and not named & able:
            lists = ", ".join(sorted(name for name, own in self.operations.items() if able & set(own)))
            raise FaultError(f"fault {fault.kind!r}: {fault.on!r} cannot act it out; what can: {lists or sorted(able)}")
        return named if able is None else named & able

    def take(self, operation: str, method: str = "", path: str = "", text: Text = no_text) -> Fault | None:
        """Return the fault for this request, and count it. ``connects`` decides on connections."""
        return self._struck(operation, method, path, text, connecting=False)

    def connects(self, operation: str, method: str, path: str, text: Text = no_text) -> bool:
        """Whether a request gets a connection; a refused connection is counted."""
        return self._struck(operation, method, path, text, connecting=True) is None

    def _struck(self, operation: str, method: str, path: str, text: Text, *, connecting: bool) -> Fault | None:
        if not self._injections:
            return None
        with self._lock:
            for injection in self._injections:
                if (injection.fault.kind == CONNECT_TIMEOUT) is not connecting:
                    continue
                if injection.strikes(operation, method, path, text):
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
        """End all faults and forget those that have ended."""
        with self._lock:
            self._injections = []
            self._injected = []
        self.changed()

    def describe(self) -> list[dict[str, Any]]:
        """Return the faults in force with their hits, for JSON."""
        with self._lock:
            return [injection.described for injection in self._injections]


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
