"""Logins: the panel's key, the token of a login, and the limit on wrong logins."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from helpdesk_bridge.testing.simulator.clock import Expiring
from helpdesk_bridge.testing.simulator.limits import FixedWindow, whole_seconds
from helpdesk_bridge_desk360.simulator.records.identifiers import access_token
from helpdesk_bridge_desk360.simulator.refusals import Problem
from helpdesk_bridge_desk360.simulator.switches import API_KEY, LOGIN_EMAIL, LOGIN_PASSWORD

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.clock import SimulatorClock

WRONG_LOGINS: Final = 5
LOGIN_SECONDS: Final = 60
"""documented: Desk360 API, "Login": "the maximum wrong login attempt is fixed to 5 per minute"."""
_BEARER: Final = "Bearer "


class Logins:
    """Who is let in. Wrong logins count for each e-mail and client address (assumed)."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._wrong = FixedWindow(WRONG_LOGINS, LOGIN_SECONDS, clock.elapsed)
        self._locked: Expiring[tuple[str, str], float] = Expiring(clock)
        self._elapsed = clock.elapsed
        self._token: str | None = None
        self._issued = 1

    def authorized(self, header: str) -> bool:
        """Whether an Authorization header is good; documented: Desk360 API, "Error Codes": "Bearer" comes first."""
        if not header.startswith(_BEARER):
            return False
        token = header.removeprefix(_BEARER).strip().encode("latin-1", "replace")
        known = [API_KEY] if self._token is None else [API_KEY, self._token]
        return any(hmac.compare_digest(token, good.encode()) for good in known)

    def log_in(self, email: str, password: str, address: str) -> str:
        """Return the token, the same one as before if there is one.

        The 6th wrong login within the minute is refused otherwise than the five before it, and until the minute is over
        so is everyone's for that e-mail and address, right ones too (assumed).
        """
        key = (email.strip().lower(), address)
        ends = self._locked.get(key)
        if ends is not None:
            raise _too_many(ends - self._elapsed())
        if key[0] == LOGIN_EMAIL and hmac.compare_digest(password.encode(), LOGIN_PASSWORD.encode()):
            return self._current_token()
        allowance = self._wrong.take(key)
        if allowance.allowed:
            raise Problem("invalid_credentials")
        self._locked.put(key, self._elapsed() + allowance.retry_after, allowance.retry_after)
        raise _too_many(allowance.retry_after)

    def revoke(self) -> None:
        """Make the login's token worthless; the next login makes a new one. The panel's key stays good."""
        self._token = None

    def _current_token(self) -> str:
        if self._token is None:
            self._issued += 1
            self._token = access_token(self._issued)
        return self._token


def _too_many(seconds: float) -> Problem:
    """Refuse a login; assumed: Retry-After as for the rate limit."""
    return Problem("too_many_attempts", headers={"Retry-After": str(whole_seconds(seconds))})
