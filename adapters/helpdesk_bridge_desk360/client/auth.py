"""The token for every call. documented: Desk360 API, "Authentication": `Bearer YOUR-API-TOKEN`."""

from __future__ import annotations

from requests import PreparedRequest
from requests.auth import AuthBase

from helpdesk_bridge.adapter import Secret


class BearerToken(AuthBase):
    """Signs requests with the current token, which is revealed only here."""

    def __init__(self, token: Secret | None = None) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with its Authorization header, if there is a token yet."""
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        return request
