"""A vendor's rate limits as data, and what its headers say. No vendor figure stands here: adapters bring them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from attrs import field, frozen, validators

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Counts = Literal["requests", "units", "rows"]

LONGEST_WAIT = 86_400.0
"""A wait that a header asks for is believed up to a day; above that it is a mistake and ignored."""

LONGEST_PENALTY = 3_600.0
"""A refusal's wait is believed up to an hour, or two windows if that is longer; above, it may be milliseconds."""

SHORTEST_WINDOW, LONGEST_WINDOW = 1e-3, 366 * 86_400.0
LARGEST = 10**12
"""No window and no request has more units."""

MOST_UNITS = 1_000_000
"""A limit above that is no vendor's: such a header is a mistake and counts as absent."""


class Scope(Enum):
    """Who shares one budget."""

    IP = "ip"
    KEY = "key"
    ACCOUNT = "account"


@frozen
class Window:
    """At most ``limit`` of what ``counts`` names in ``seconds``.

    ``applies`` narrows it to some calls (method, path template); ``charges`` to some answers (status), for limits
    that count failures only: what it refuses is given back when the answer is there.
    """

    limit: int = field(validator=(validators.instance_of(int), validators.gt(0), validators.le(LARGEST)))
    seconds: float = field(converter=float, validator=(validators.ge(SHORTEST_WINDOW), validators.le(LONGEST_WINDOW)))
    counts: Counts = "requests"
    name: str = ""
    applies: Callable[[str, str], bool] | None = field(default=None, eq=False, repr=False)
    charges: Callable[[int], bool] | None = field(default=None, eq=False, repr=False)


@frozen(kw_only=True)
class RateHeaders:
    """Names of the headers that tell about the budget; they are looked up whatever their case.

    ``reset``: seconds until the current window ends, on any answer (with ``reset_is_epoch``: the Unix time of that
    end). ``retry_after``: seconds to wait, read on a refusal only; a date is understood too. Where the vendor's
    ``remaining`` is only a hint, it may lower what is believed left, never raise the limit. They speak of the window
    number ``window`` of the policy. ``resolution`` is the step of the figures, in seconds, rounded up.
    """

    limit: str | None = None
    remaining: str | None = None
    reset: str | None = None
    retry_after: str | None = "Retry-After"
    reset_is_epoch: bool = False
    remaining_is_hint: bool = False
    resolution: float = field(default=1.0, validator=(validators.gt(0.0), validators.le(3600.0)))
    window: int = field(default=0, validator=validators.ge(0))

    @property
    def step(self) -> float:
        """Seconds by which ``reset`` may exceed the truth; a Unix time is rounded twice."""
        return 2 * self.resolution if self.reset_is_epoch else self.resolution


class Reading(NamedTuple):
    """What one answer said, in vendor seconds and units; None where it said nothing usable."""

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None
    retry_after: float | None = None


NOTHING = Reading()


def one_unit(method: str, path: str) -> int:  # noqa: ARG001 - the signature of every cost function
    """Charge one unit for every call."""
    return 1


def too_many_requests(status: int, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG001 - ditto
    """Take HTTP 429, and nothing else, as a refusal."""
    return status == 429  # noqa: PLR2004 - Too Many Requests, RFC 6585


@frozen(kw_only=True)
class RateLimitPolicy:
    """Everything the governor must know of a vendor.

    ``cost(method, path template)`` is the price of a call in units; 0 is free and never waits. ``refused(status,
    headers, body)`` recognises "too many requests" in whatever form the vendor gives it. ``settle_seconds`` is how
    long a write may stay invisible; ``source`` says where the figures come from.
    """

    windows: tuple[Window, ...] = field(validator=validators.min_len(1))
    scope: Scope = Scope.KEY
    cost: Callable[[str, str], int] = field(default=one_unit, eq=False, repr=False)
    headers: RateHeaders = field(factory=RateHeaders)
    refused: Callable[[int, Mapping[str, str], bytes], bool] = field(default=too_many_requests, eq=False, repr=False)
    settle_seconds: float = 60.0
    source: str = ""

    def __attrs_post_init__(self) -> None:
        if self.headers.window >= len(self.windows):
            raise ValueError(f"headers.window: there is no window number {self.headers.window}")

    def read(self, headers: Mapping[str, str], *, refused: bool, wall: Callable[[], datetime]) -> Reading:
        """Return what the headers of one answer say; garbage counts as absent. ``wall`` tells the time, for dates."""
        names, get = self.headers, headers.get
        limit = remaining = reset = wait = None
        if names.limit is not None and (text := get(names.limit)) is not None:
            limit = _whole(text)
            if limit is not None and not 0 < limit <= MOST_UNITS:
                limit = None
        if names.remaining is not None and (text := get(names.remaining)) is not None:
            remaining = _whole(text)
        if names.reset is not None and (text := get(names.reset)) is not None:
            reset = self._reset(text, headers, wall)
        if refused and names.retry_after is not None and (text := get(names.retry_after)) is not None:
            wait = self._penalty(text, headers, wall)
        return Reading(limit, remaining, reset, wait)

    def _reset(self, text: str, headers: Mapping[str, str], wall: Callable[[], datetime]) -> float | None:
        number = _number(text)
        if number is None:
            return None
        window, names = self.windows[self.headers.window], self.headers
        if names.reset_is_epoch:
            # The vendor's own Date shows its clock; ours may be minutes off. Both are whole seconds, rounded somehow.
            now = http_date(headers.get("Date", "")) or wall()
            number += names.resolution - now.timestamp()
            if -window.seconds <= number < 0:
                return 0.0
        # No window ends later than a whole one from now: that is another unit, or no figure at all.
        return number if 0.0 <= number <= window.seconds + names.step else None

    def _penalty(self, text: str, headers: Mapping[str, str], wall: Callable[[], datetime]) -> float | None:
        seconds = seconds_to_wait(text, headers, wall)
        longest = max(LONGEST_PENALTY, 2 * max(window.seconds for window in self.windows))
        return None if seconds is None or seconds > longest else seconds


def seconds_to_wait(text: str, headers: Mapping[str, str], wall: Callable[[], datetime]) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or an HTTP date against the server's own.

    None for garbage, for a number below zero and for more than a day.
    """
    number = _number(text)
    if number is None:
        until = http_date(text)
        if until is None:
            return None
        number = max(0.0, (until - (http_date(headers.get("Date", "")) or wall())).total_seconds())
    return number if 0.0 <= number <= LONGEST_WAIT else None


@lru_cache(maxsize=4096)
def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if -math.inf < number < math.inf else None


@lru_cache(maxsize=4096)
def _whole(text: str) -> int | None:
    number = _number(text)
    return None if number is None or number < 0 else int(number)


def http_date(text: str) -> datetime | None:
    """Return the time of an HTTP date, aware, or None."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
