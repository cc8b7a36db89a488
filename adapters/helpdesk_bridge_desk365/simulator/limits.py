"""Rate limits: calls per key, and tickets that lists may return."""

from __future__ import annotations

from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from attrs import frozen

from helpdesk_bridge.testing.simulator import Allowance, FixedWindow, Setting, whole_seconds
from helpdesk_bridge_desk365.simulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

REMAINING: Final = "X-Rate-Limit-Remaining"
"""The only rate header there is. observed: on every answer but ping's, dossier section 1.3."""

HOUR: Final = 3600.0
SEARCH_COST: Final = 5
"""Calls that a search counts as. observed: a client of 2026, dossier section 1.4."""

_WAIT_HEADERS: Final = {"retry-after": "Retry-After", "x-rate-limit": "X-Rate-Limit-Retry-After-Seconds"}


@frozen
class RatePolicy:
    """Calls in a window of vendor seconds, tickets an hour, and the header a refusal carries (None: none)."""

    calls: int = 100
    seconds: float = HOUR
    rows_per_hour: int = 10_000
    wait_header: str | None = None


PLANS: Final[Mapping[str, tuple[int, float]]] = MappingProxyType(
    {"standard": (100, HOUR), "plus": (50, 60.0), "premium": (50, 60.0)}
)
"""documented: Desk365 API, "Rate limit details", 100 an hour; observed: 50 a minute on the others."""


def policy_of(settings: Mapping[str, Setting]) -> RatePolicy:
    """Return the policy that the switches ask for."""
    calls, seconds = PLANS[str(settings["subscription"])]
    return RatePolicy(
        calls=int(settings["rate_limit"]) or calls,
        seconds=float(settings["rate_window"]) or seconds,
        rows_per_hour=int(settings["rows_per_hour"]),
        wait_header=_WAIT_HEADERS.get(str(settings["retry_after"])),
    )


class Rates:
    """The windows of all keys. Refused calls are not counted: assumed."""

    def __init__(self, policy: RatePolicy, elapsed: Callable[[], float]) -> None:
        self.policy = policy
        self._calls = FixedWindow(policy.calls, policy.seconds, elapsed)
        self._rows = FixedWindow(policy.rows_per_hour, HOUR, elapsed)

    def spend_calls(self, key: str, units: int = 1) -> None:
        """Count a call, or refuse it with 429."""
        self._judge(self._calls.take(key, units))

    def spend_rows(self, key: str, rows: int) -> None:
        """Count the tickets that a list is about to give, or refuse with 429. documented: "10,000 tickets per hour".

        That the window belongs to the key and that an over-run is a 429 is assumed: dossier section 1.4.
        """
        self._judge(self._rows.take(key, rows))

    def remaining(self, key: str) -> int:
        """Return calls that the key has left in its window."""
        return self._calls.peek(key).remaining

    def calls_running(self) -> dict[Hashable, Allowance]:
        """Return the calls of every key whose window has not ended."""
        return self._calls.running()

    def rows_running(self) -> dict[Hashable, Allowance]:
        """Return the listed tickets of every key whose window has not ended."""
        return self._rows.running()

    def _judge(self, allowance: Allowance) -> None:
        if allowance.allowed:
            return
        header = self.policy.wait_header
        raise Refusal(
            HTTPStatus.TOO_MANY_REQUESTS,
            "API rate limit exceeded. Please try again later.",
            headers={} if header is None else {header: str(whole_seconds(allowance.retry_after))},
        )
