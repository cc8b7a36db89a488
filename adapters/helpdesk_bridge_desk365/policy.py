"""Rate limits of Desk365, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import RateHeaders, RateLimitPolicy, Scope, Window

if TYPE_CHECKING:
    from helpdesk_bridge_desk365.settings import Desk365Settings

# Documented: Desk365 API, "Rate limit details": 100 API calls per hour per API key.
_PER_HOUR: Final = Window(100, 3600.0, "units", "calls an hour")
# Observed: X-Rate-Limit-Remaining starts at 49 on higher plans and falls by one; a client names 50 a minute.
_PER_MINUTE: Final = Window(50, 60.0, "units", "calls a minute")
# Documented: Desk365 API, "Retrieve details up to 10,000 tickets": 10,000 tickets per hour. Assumed: counted per key.
_ROWS_PER_HOUR: Final = Window(10_000, 3600.0, "rows", "tickets an hour")

_RETRY_AFTER: Final = "Retry-After"
# Assumed: servers that emit X-Rate-Limit-Remaining commonly name the wait like this.
_OTHER_RETRY_AFTER: Final = "X-Rate-Limit-Retry-After-Seconds"

# Observed: ping carries no rate header and is not counted; a client reports that one search costs five calls.
_COSTS: Final[Mapping[str, int]] = {"/ping": 0, "/tickets/search": 5}


def _cost(_method: str, path: str) -> int:
    return _COSTS.get(path, 1)


@frozen(kw_only=True)
class Desk365Policy(RateLimitPolicy):
    """The policy, with the wait read from either of two headers."""

    def read(self, headers: Mapping[str, str], *, refused: bool, wall: Callable[[], datetime]) -> Any:
        """Return what the headers of one answer say; ``Retry-After`` takes precedence."""
        if refused and _RETRY_AFTER not in headers and (other := headers.get(_OTHER_RETRY_AFTER)):
            headers = {**headers, _RETRY_AFTER: other}
        return RateLimitPolicy.read(self, headers, refused=refused, wall=wall)


def policy_of(settings: Desk365Settings) -> RateLimitPolicy:
    """Return the policy of a subscription."""
    calls = _PER_HOUR if settings.subscription == "standard" else _PER_MINUTE
    return Desk365Policy(
        windows=(calls, _ROWS_PER_HOUR),
        scope=Scope.KEY,
        cost=_cost,
        # Observed: the remaining figure goes up again within a window (46, 15 s later 49), so it is only a hint.
        headers=RateHeaders(remaining="X-Rate-Limit-Remaining", retry_after=_RETRY_AFTER, remaining_is_hint=True),
        settle_seconds=60.0,
        source='documented: Desk365 API, "Rate limit details"; per minute on plus and premium: observed',
    )


def limited_to(policy: RateLimitPolicy, limit: int | None) -> RateLimitPolicy:
    """Return ``policy`` with the number of calls that the user configured, if any."""
    if limit is None:
        return policy
    calls, *others = policy.windows
    return evolve(policy, windows=(evolve(calls, limit=limit), *others))
