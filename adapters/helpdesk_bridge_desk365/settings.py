"""Settings of a Desk365 desk: the keys of its ``[desks.x]`` table, and the URL of the API."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen

from helpdesk_bridge.adapter import ConfigError, Secret, vendor_origin
from helpdesk_bridge_desk365.wire.words import NEW_STATUS, status_of

DOMAIN: Final = "desk365.io"
API_PREFIX: Final = "/apis/v3"
"""Documented: Desk365 API, "Updated request URL format with /v3"."""

SUBSCRIPTIONS: Final = ("standard", "plus", "premium")
QUOTE_FORMS: Final = ("backslash", "unicode", "bare")

_V3_FORM: Final = f"https://yoursubdomain.{DOMAIN}{API_PREFIX}"
# Documented: Desk365 API, "Subdomain access": apps.desk365.io was the host of v1 and v2.
_OLD_HOST: Final = "apps"
_OLD_VERSION: Final = re.compile(r"(?:^|/)v[12](?:/|$)", re.IGNORECASE)
_V3_PATH: Final = re.compile(r"^(?P<before>.*?)(?:/apis(?:/v3)?)?/*$", re.IGNORECASE)


def _subdomain(value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"subdomain: expected text, such as acme for https://acme.{DOMAIN}")
    text = value.strip()
    if text.lower() == _OLD_HOST or text.lower().startswith(f"{_OLD_HOST}."):
        raise ConfigError(
            f"subdomain: apps.{DOMAIN} serves API v1 and v2 only; use your own subdomain, whose v3 API is at {_V3_FORM}"
        )
    if "/" in text or text.lower().endswith(f".{DOMAIN}"):
        raise ConfigError(f'subdomain: use only the name before ".{DOMAIN}"; the address built from it is {_V3_FORM}')
    vendor_origin(text, DOMAIN, key="subdomain")
    return text.lower()


def _secret(value: Any) -> Secret:
    secret = value if isinstance(value, Secret) else Secret(value) if isinstance(value, str) else None
    if not secret or not secret.reveal().strip():
        raise ConfigError("api_key: missing; a Desk365 administrator finds the key under Settings > Integrations > API")
    if any(character <= " " or character > "~" for character in secret.reveal()):
        raise ConfigError("api_key: it contains blanks or characters that a header cannot carry; copy only the key")
    return secret


def _status(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError("new_status: use the name of one of the account's statuses, such as Open")
    return status_of(value.strip())[1] or NEW_STATUS


def _one_of(key: str, words: tuple[str, ...]) -> Any:
    def check(_instance: Any, _attribute: Any, value: Any) -> None:
        if value not in words:
            raise ConfigError(f"{key}: use one of {', '.join(words)}")

    return check


def _positive(_instance: Any, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{attribute.name}: use a whole number above 0")


@frozen(kw_only=True)
class Desk365Settings:
    """The keys of a Desk365 desk; a wrong value is a ``ConfigError`` that names the key and the fix.

    ``single_quotes`` is how a ``'`` is written in filters: the documentation demands a backslash before it, which is
    no JSON; ``unicode`` and ``bare`` are. ``files_per_message`` and ``megabytes_per_message`` bound one upload: the
    vendor gives no figures, and the largest ticket seen has 10 files (assumed). ``new_status`` is the status of new
    tickets whose draft has none: Desk365 rejects a ticket without a status (observed).
    """

    subdomain: str = field(converter=_subdomain)
    api_key: Secret = field(converter=_secret)
    subscription: str = field(default="standard", validator=_one_of("subscription", SUBSCRIPTIONS))
    single_quotes: str = field(default="backslash", validator=_one_of("single_quotes", QUOTE_FORMS))
    new_status: str = field(default=NEW_STATUS, converter=_status)
    files_per_message: int = field(default=10, validator=_positive)
    megabytes_per_message: int = field(default=20, validator=_positive)

    @property
    def bytes_per_message(self) -> int:
        """The most bytes of files in one upload."""
        return self.megabytes_per_message * 1024 * 1024


def api_base(settings: Desk365Settings, base_url: str | None) -> str:
    """Return the address of the v3 API, without a trailing slash.

    ``base_url`` may be the host alone, or end in ``/apis`` or ``/apis/v3``. Raises ``ConfigError`` that shows the v3
    form for the old host and for v1 and v2.
    """
    if base_url is None:
        return f"{vendor_origin(settings.subdomain, DOMAIN, key='subdomain')}{API_PREFIX}"
    parts = urlsplit(base_url)
    if (parts.hostname or "").lower() == f"{_OLD_HOST}.{DOMAIN}":
        raise ConfigError(f"base_url: apps.{DOMAIN} serves API v1 and v2 only; the v3 form is {_V3_FORM}")
    if _OLD_VERSION.search(parts.path):
        raise ConfigError(f"base_url: API v1 and v2 are not supported; the v3 form is {_V3_FORM}")
    match = _V3_PATH.match(parts.path)
    before = match["before"] if match else ""
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{parts.scheme}://{parts.netloc}{before}{API_PREFIX}{query}{fragment}"
