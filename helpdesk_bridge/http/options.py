"""``HttpOptions``: what a user can set about a desk's connection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

from helpdesk_bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.ratelimit.store import Store

MIB = 1024 * 1024


def _not_negative(_: object, __: object, value: float | None) -> None:
    if value is not None and not value >= 0:  # NaN is not either
        raise ConfigError("max_wait: use a number of seconds, 0 or more, or None for no limit")


def _whole_or_share(_: object, __: object, value: float) -> None:
    if value > 1 and value != int(value):
        raise ConfigError(f"reserve = {value}: write a whole number of units, or a share below 1 such as 0.3")


@frozen(kw_only=True)
class HttpOptions:
    """Timeouts, waits, caps and the budget of one desk.

    ``timeout``: real seconds for one attempt in all, waiting for the budget excluded. ``max_wait``: the longest
    single wait for the budget, in vendor seconds; None is no bound. ``reserve``: units of every window that this desk
    leaves to others, or below 1 a share of them. ``priority``: lower is served first among those who share a budget. ``budget``: where it lives.
    ``simulator``: what is reached is one, wherever it runs. ``time_scale``: vendor seconds a real second, other than 1
    only for a simulator and on loopback. ``max_body`` and ``max_download``:
    decoded bytes. ``proxies`` and ``ca_bundle``: as requests takes them. ``client_certificate``: a PEM file with
    certificate and key, shown to the desk's own host only. ``trust_environment``: where ``proxies`` or ``ca_bundle`` are
    not given, the environment's count (``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``), but never for loopback;
    .netrc is never read. ``attempts``: how often a call that may be repeated is tried.
    """

    timeout: float = field(default=30.0, validator=(validators.gt(0.0), validators.lt(math.inf)))
    max_wait: float | None = field(default=10.0, validator=_not_negative)
    reserve: float = field(default=0, validator=[validators.ge(0), _whole_or_share])
    priority: int = 0
    budget: str | Store = field(default="auto", repr=False)  # a URL may hold a password
    simulator: bool = False
    time_scale: float = field(default=1.0, validator=(validators.gt(0.0), validators.lt(math.inf)))
    max_body: int = field(default=64 * MIB, validator=validators.gt(0))
    max_download: int = field(default=256 * MIB, validator=validators.gt(0))
    proxies: Mapping[str, str] | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    client_certificate: str | None = None
    trust_environment: bool = False
    attempts: int = field(default=5, validator=validators.ge(1))
