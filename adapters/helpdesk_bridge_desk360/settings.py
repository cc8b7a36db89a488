"""Settings of a Desk360 desk: the keys of its ``[desks.x]`` table, and the URL of the API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import ConfigError, Secret

DOMAIN: Final = "desk360.com"
HOST: Final = "https://public-api.desk360.com"
PREFIX: Final = "/v1"
"""documented: Desk360 API, "POST https://public-api.desk360.com/v1/login"; `/api/v1` in one sample is a slip."""

SHORTEST_TOKEN: Final = 8
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_ID: Final = re.compile(r"[0-9]{1,18}")


def _secret(value: Any) -> Any:
    return Secret(value) if isinstance(value, str) else value


def _integration(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@frozen(kw_only=True)
class Desk360Settings:
    """The keys of a Desk360 desk; a wrong value is a ``ConfigError`` that names the key and the fix.

    Either ``api_key`` (created on the panel's "Public API" page) or ``email`` and ``password`` of the panel; a key
    needs no login. ``integration`` is one WhatsApp number's id. ``inbox`` is the file of a local desk: without it
    nothing can be listed, because Desk360 delivers customers' messages only by webhook. ``webhook_token`` may hold
    several tokens, separated by blanks, while one replaces another. ``check_window = false`` sends free-form messages
    even if the inbox has no message from the customer in the last 24 hours.
    """

    integration: int | str = field(converter=_integration)
    api_key: Secret | None = field(default=None, converter=_secret)
    email: str | None = field(default=None, repr=False)
    password: Secret | None = field(default=None, converter=_secret)
    inbox: Path | None = None
    webhook_token: Secret | None = field(default=None, converter=_secret)
    check_window: bool = True

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.integration, str) or not _ID.fullmatch(self.integration):
            raise ConfigError(
                'integration: expected the id of one integration, a number; the panel shows it under "Integrations"'
            )
        self._check_credentials()
        if self.webhook_token is not None and not self.tokens:
            raise ConfigError("webhook_token: must not be empty; remove the key or set the token of the webhook's URL")
        if any(len(token) < SHORTEST_TOKEN for token in self.tokens):
            raise ConfigError(f"webhook_token: use at least {SHORTEST_TOKEN} characters, so that it cannot be guessed")

    def _check_credentials(self) -> None:
        if self.api_key is not None:
            if not re.fullmatch(r"[!-~]+", self.api_key.reveal()):
                raise ConfigError(
                    "api_key: it is empty or has characters that a header cannot carry; copy only the key, without Bearer"
                )
        elif self.email is None or self.password is None:
            raise ConfigError('api_key: set it (created on the panel\'s "Public API" page), or both email and password')
        elif not _EMAIL.fullmatch(self.email):
            raise ConfigError("email: expected the e-mail address of a panel login")
        elif not self.password:
            raise ConfigError("password: must not be empty")

    @property
    def account(self) -> str:
        """The integration's id as text, as refs have it."""
        return str(self.integration)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The webhook tokens that are accepted."""
        return tuple(self.webhook_token.reveal().split()) if self.webhook_token is not None else ()


def api_base(base_url: str | None) -> str:
    """Return the address of API v1 without a trailing slash; ``base_url`` may be the host alone or end in ``/v1``."""
    base = (base_url or HOST).rstrip("/")
    return base if base.endswith(PREFIX) else f"{base}{PREFIX}"
