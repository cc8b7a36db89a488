"""The API key that goes with every call."""

from __future__ import annotations

from attrs import frozen
from requests import PreparedRequest
from requests.auth import AuthBase

from helpdesk_bridge.adapter import Secret


@frozen
class KeyAuth(AuthBase):
    """Puts the raw key into ``Authorization``. Documented: Desk365 API, "Getting started"; no scheme word (observed)."""

    key: Secret

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Sign one request."""
        r.headers["Authorization"] = self.key.reveal()
        return r
