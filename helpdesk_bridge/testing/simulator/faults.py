"""What can be made to go wrong between a simulator and its client, and when."""

from __future__ import annotations

import random
import threading
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import Factory, asdict, field, fields_dict, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable
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
    "foreign_next_link": "processed; the answer's Link header leads to `location`",
    "connection_reset": "not processed; the connection is reset",
    "response_lost": "processed; the connection is reset instead of an answer",
    "late_commit": "the connection is reset now and the request processed `seconds` vendor seconds later",
    "hang": "not processed; no answer for `seconds` real seconds, then the connection ends",
    "read_timeout": "processed; no answer for `seconds` real seconds, then the connection ends",
    "slow_drip": "processed; a byte every `seconds` real seconds",
}
"""The faults that every simulator can act out. A vendor's `FAULTS` names those it acts out besides."""

_SECONDS: Final = {"late_commit": 1.0, "hang": 60.0, "read_timeout": 60.0, "slow_drip": 1.0}


class FaultError(ValueError):
    """A fault was described wrongly; the message says what is known."""


def _usual_seconds(fault: Fault) -> float:
    return _SECONDS.get(fault.kind, 0.0)


@frozen
class Fault:
    """One fault.

    ``on`` is an operation, a path pattern (``/api/*``) or a method and one (``POST /api/*``); None is everything.
    Of the requests it fits it skips the first ``after``, then takes every ``every``-th, each with ``probability``, and
    ends after ``times`` (None: never). ``retry_after`` goes out as it stands, None leaves the header away.
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

    def fits(self, operation: str, method: str, path: str) -> bool:
        """Whether the fault is meant for such a request."""
        if self.on is None or self.on == operation:
            return True
        wanted, _, pattern = self.on.rpartition(" ")
        return pattern.startswith("/") and wanted in {"", method} and fnmatchcase(path, pattern)


class Injection:
    """A fault in force; as a context manager it ends with the block."""

    def __init__(self, plan: FaultPlan, fault: Fault) -> None:
        self.fault = fault
        self.hits = 0
        self._plan = plan
        self._seen = 0
        self._random = random.Random(fault.seed)  # noqa: S311 - repeatable chance, no secret

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it was to."""
        return self.fault.times is not None and self.hits >= self.fault.times

    def strikes(self, operation: str, method: str, path: str) -> bool:
        """Count one request and say whether it is struck."""
        if self.spent or not self.fault.fits(operation, method, path):
            return False
        self._seen += 1
        beyond = self._seen - self.fault.after
        if beyond < 1 or beyond % self.fault.every or self._random.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True

    def remove(self) -> None:
        """End the fault; harmless where it has ended."""
        self._plan.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


class FaultPlan:
    """The faults of one simulator; of several that fit a request, the first injected strikes."""

    def __init__(self, vendor_kinds: Iterable[str] = ()) -> None:
        self.kinds = frozenset(KINDS) | frozenset(vendor_kinds)
        self._injections: list[Injection] = []
        self._lock = threading.Lock()

    def inject(self, fault: Fault | str, **options: Any) -> Injection:
        """Put a fault in force, given whole or by its kind and options; ``FaultError`` where it cannot be acted out."""
        made = fault if isinstance(fault, Fault) else _described({"kind": fault, **options})
        if made.kind not in self.kinds:
            raise FaultError(f"unknown fault {made.kind!r}; this simulator knows: {', '.join(sorted(self.kinds))}")
        if made.every < 1 or made.after < 0 or made.seconds < 0 or not 0 <= made.probability <= 1:
            raise FaultError(f"fault {made.kind!r}: every >= 1, after and seconds >= 0, probability from 0 to 1")
        injection = Injection(self, made)
        with self._lock:
            self._injections.append(injection)
        return injection

    def take(self, operation: str, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this request, and count it."""
        if not self._injections:
            return None
        with self._lock:
            for injection in self._injections:
                if injection.strikes(operation, method, path):
                    self._injections = [other for other in self._injections if not other.spent]
                    return injection.fault
        return None

    def remove(self, injection: Injection) -> None:
        """End one fault."""
        with self._lock:
            self._injections = [other for other in self._injections if other is not injection]

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._injections = []

    def describe(self) -> list[dict[str, Any]]:
        """Return the faults in force with their hits, for JSON."""
        with self._lock:
            return [{**asdict(injection.fault), "hits": injection.hits} for injection in self._injections]


def _described(options: dict[str, Any]) -> Fault:
    unknown = sorted(set(options) - set(fields_dict(Fault)))
    if unknown:
        raise FaultError(f"a fault has no {unknown[0]!r}; it has: {', '.join(fields_dict(Fault))}")
    return Fault(**options)
