"""Authentication: HTTP Basic with an agent's e-mail and the API key.

documented: Deskie API, `curl -u [staff_email]:[api_key]`.
"""

from __future__ import annotations

from base64 import b64encode

from attrs import field, frozen
from requests import PreparedRequest
from requests.auth import AuthBase

from helpdesk_bridge.adapter import Secret


@frozen(eq=False)
class AgentKey(AuthBase):
    """Signs a request as one agent. Only this class reveals the key."""

    email: str = field(repr=False)
    key: Secret = field(repr=False)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Return the request with its Authorization header."""
        token = b64encode(f"{self.email}:{self.key.reveal()}".encode()).decode("ascii")
        request.headers["Authorization"] = f"Basic {token}"
        return request
