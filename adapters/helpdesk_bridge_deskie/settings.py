"""Settings: the keys of a Deskie desk's configuration."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.adapter import ConfigError, Secret

DOMAIN: Final = "deskie.io"
SHORTEST_TOKEN: Final = 8
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EMAIL: Final = re.compile(r"[^@\s:\x00-\x1f]+@[^@\s:\x00-\x1f]+")


class Subscription(Enum):
    """The plans that set the rate limit. documented: Deskie API, "API rate limits depend on your plan"."""

    BASIC = "basic"
    STANDARD = "standard"
    PRO = "pro"


def _secret(value: Any) -> Any:
    return Secret(value) if isinstance(value, str) else value


def _account(value: str) -> str:
    return value.strip().casefold() if isinstance(value, str) else value


@frozen(kw_only=True)
class DeskieSettings:
    """The settings of one Deskie account. Raises ``ConfigError`` naming the key and the fix.

    ``subscription`` and ``enabled_agents`` set the rate limit until the first answer reports the account's own; without
    them the smallest limit of any account holds until then. ``webhook_token`` may hold several tokens separated by
    spaces, while one replaces another.
    """

    account: str = field(converter=_account)
    staff_email: str = field(repr=False)
    api_key: Secret
    subscription: str | None = None
    enabled_agents: int | None = None
    webhook_token: Secret | None = field(default=None, converter=_secret)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.account, str) or not _LABEL.fullmatch(self.account):
            raise ConfigError(
                'account: expected the name before ".deskie.io", such as "robotsrule"; an address of your own goes into base_url'
            )
        if not isinstance(self.staff_email, str) or not _EMAIL.fullmatch(self.staff_email):
            raise ConfigError("staff_email: expected the e-mail of an active agent with full access (not the admin's)")
        if not isinstance(self.api_key, Secret) or not self.api_key:
            raise ConfigError('api_key: is empty; as the admin, open "Settings" > "API" and click "add API key"')
        if self.subscription is not None and self.subscription not in {plan.value for plan in Subscription}:
            raise ConfigError("subscription: expected basic, standard or pro")
        agents = self.enabled_agents
        if agents is not None and (isinstance(agents, bool) or not isinstance(agents, int) or agents < 1):
            raise ConfigError("enabled_agents: expected the number of enabled agents, 1 or more")
        if self.webhook_token is not None and not self.tokens:
            raise ConfigError("webhook_token: is empty; remove the key, or set it to the token in the webhook's URL")
        if any(len(token) < SHORTEST_TOKEN for token in self.tokens):
            raise ConfigError(
                f"webhook_token: use at least {SHORTEST_TOKEN} characters, so that nobody can guess the token"
            )

    @property
    def tokens(self) -> tuple[str, ...]:
        """The webhook tokens that are accepted."""
        return tuple(self.webhook_token.reveal().split()) if self.webhook_token is not None else ()

    @property
    def plan(self) -> Subscription | None:
        """The subscription, None if the configuration has none."""
        return None if self.subscription is None else Subscription(self.subscription)
