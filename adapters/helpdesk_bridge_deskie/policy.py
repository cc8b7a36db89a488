"""Deskie's rate limit. documented: Deskie API, "API rate limits depend on your plan" and its sample calculations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve, frozen

from helpdesk_bridge.adapter import RateHeaders, RateLimitPolicy, Scope, Window
from helpdesk_bridge_deskie.settings import DeskieSettings, Subscription

WRITE_UNITS: Final = 2
"""documented: Deskie API, "Write requests (POST, PUT, DELETE) count as 2 requests toward the rate limit"."""

HEADERS: Final = RateHeaders(
    limit="rate_limit_per_minute",
    remaining="api_calls_left",
    # documented: the seconds "until the rate limit is refreshed", listed beside the others and not tied to a refusal.
    reset="retry_after",
    retry_after="retry_after",
)


@frozen
class _Plan:
    per_agent: int
    most: int
    least: int = 0


_PLANS: Final[Mapping[Subscription, _Plan]] = {
    Subscription.BASIC: _Plan(5, 50, 20),
    Subscription.STANDARD: _Plan(5, 750),
    Subscription.PRO: _Plan(10, 1500),
}
SMALLEST: Final = 5
"""The limit of a Standard account with one agent: no account has less."""


def requests_per_minute(subscription: Subscription, enabled_agents: int) -> int:
    """Return the account's limit in units a minute."""
    plan = _PLANS[subscription]
    return min(plan.most, max(plan.least, plan.per_agent * enabled_agents))


def units(method: str, path: str) -> int:  # noqa: ARG001 - the signature of every cost function
    """Return what one call costs."""
    return WRITE_UNITS if method.upper() in {"POST", "PUT", "DELETE"} else 1


def refused(status: int, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG001 - ditto
    """Whether an answer says "too many requests": 429 (documented: Deskie API, "429 Too Many Requests"), or 403 with that text (observed until 2016)."""
    return status == 429 or (status == 403 and b"rate limit exceeded" in body.lower())  # noqa: PLR2004 - HTTP


def policy(settings: DeskieSettings) -> RateLimitPolicy:
    """Return the policy; the server's own ``rate_limit_per_minute`` beats the figure computed here."""
    limit = SMALLEST if settings.plan is None else requests_per_minute(settings.plan, settings.enabled_agents or 1)
    return RateLimitPolicy(
        windows=(Window(limit, 60.0, "units", "minute"),),
        scope=Scope.ACCOUNT,
        cost=units,
        headers=HEADERS,
        refused=refused,
        settle_seconds=60.0,
        source='Deskie API, "API rate limits depend on your plan"',
    )


def limited_to(given: RateLimitPolicy, limit: int | None) -> RateLimitPolicy:
    """Return ``given`` with the limit from the configuration, if it has one."""
    if limit is None:
        return given
    return evolve(given, windows=(evolve(given.windows[0], limit=limit), *given.windows[1:]))
