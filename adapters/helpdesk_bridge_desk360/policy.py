"""Rate limits of Desk360, as data. documented: Desk360 API, "Rate Limit" and "Login"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from helpdesk_bridge.adapter import RateHeaders, RateLimitPolicy, Scope, Window, evolve
from helpdesk_bridge_desk360.settings import Desk360Settings
from helpdesk_bridge_desk360.wire.errors import is_limited, vendor_error_in

LIMIT: Final = 60
"""documented: Desk360 API, "Rate Limit": Business, 60 a minute, by IP address; invalid requests are included."""

WRONG_LOGINS: Final = 5
"""documented: Desk360 API, "the maximum wrong login attempt is fixed to 5 per minute"; right ones do not count."""

MINUTE: Final = 60.0
LOGIN: Final = "/login"
TOO_MANY_REQUESTS: Final = "too_many_requests_exception"
TOO_MANY_LOGINS: Final = "too_many_attempts"
SCOPE_KEY: Final = "address"
"""documented: Desk360 API, "This rate limit applies are based on IP address", so all integrations and keys of this machine share one budget."""

HEADERS: Final = RateHeaders(
    limit="X-RateLimit-Limit",
    remaining="X-RateLimit-Remaining",
    reset="X-RateLimit-Reset",
    retry_after="Retry-After",
    reset_is_epoch=True,
)
_FIRST_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429


def refused(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer says that the rate limit is exceeded.

    documented: Desk360 API, "Rate Limit": an error body with Retry-After, shown with "200 OK"; the table says 429. A
    spent login allowance is another thing: it stops logins only.
    """
    vendor_error = vendor_error_in(body)
    if vendor_error is not None and vendor_error.code is not None:
        return vendor_error.code == TOO_MANY_REQUESTS
    if status == _TOO_MANY:
        return True
    if status < _FIRST_SERVER_ERROR and is_limited(headers, body):
        return True
    return vendor_error is not None and "Retry-After" in headers and status < _FIRST_SERVER_ERROR


def _is_login(method: str, path: str) -> bool:  # noqa: ARG001 - the signature of a window's condition
    return path == LOGIN


def _was_wrong(status: int) -> bool:
    return not 200 <= status < 300  # noqa: PLR2004 - the range of HTTP successes


def policy_of(settings: Desk360Settings) -> RateLimitPolicy:  # noqa: ARG001 - the signature of every vendor's policy
    """Return the policy: the same for every account, so that all desks of this machine share one budget."""
    return RateLimitPolicy(
        windows=(
            Window(LIMIT, MINUTE, "requests", "minute"),
            Window(WRONG_LOGINS, MINUTE, "requests", "wrong logins", applies=_is_login, charges=_was_wrong),
        ),
        scope=Scope.IP,
        headers=HEADERS,
        refused=refused,
        settle_seconds=60.0,
        source='Desk360 API, "Rate Limit" and "Login"',
    )


def limited_to(given: RateLimitPolicy, limit: int | None) -> RateLimitPolicy:
    """Return ``given`` with the number of calls that the user configured, if any."""
    if limit is None:
        return given
    return evolve(given, windows=(evolve(given.windows[0], limit=limit), *given.windows[1:]))
