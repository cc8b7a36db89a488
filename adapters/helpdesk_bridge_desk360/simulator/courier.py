"""Courier: delivers webhooks to the registered URLs, which must be on loopback."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import urllib3
from attrs import Factory, define, field, frozen

from helpdesk_bridge.testing.simulator import json_bytes
from helpdesk_bridge_desk360.simulator.switches import TOKEN_PLACES

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT: Final = 10_000
_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 10.0
_HEADERS: Final = {
    "authorization": ("Authorization", ""),
    "bearer": ("Authorization", "Bearer "),
    "token": ("Token", ""),
    "x-token": ("X-Token", ""),
    "x-webhook-token": ("X-Webhook-Token", ""),
}


class SubscriptionError(ValueError):
    """A webhook cannot be registered so; the message says what is allowed."""


@frozen
class Subscription:
    """The URL for the webhooks of one integration, and the place of their token; `SubscriptionError` off loopback."""

    url: str
    token: str = field(default="", repr=False)
    place: str = "authorization"

    def __attrs_post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not _is_loopback(parts.hostname or ""):
            raise SubscriptionError("a webhook's url must be http or https on loopback, such as http://127.0.0.1:8000/")
        if self.place not in TOKEN_PLACES:
            raise SubscriptionError(f"token_place takes one of: {', '.join(TOKEN_PLACES)}")

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of a delivery."""
        named = {"Content-Type": "application/json"}
        if self.token and self.place in _HEADERS:
            name, scheme = _HEADERS[self.place]
            named[name] = scheme + self.token
        return named

    @property
    def target(self) -> str:
        """The URL of a delivery, with the token in its query if that is its place."""
        if not self.token or self.place != "query":
            return self.url
        parts = urlsplit(self.url)
        return parts._replace(query=urlencode([*parse_qsl(parts.query), ("token", self.token)])).geturl()


@define
class Emission:
    """One webhook. ``outcome``: waiting, held, lost, unregistered, the receiver's status, or what went wrong."""

    integration: int
    payload: Mapping[str, Any] = field(repr=False)
    outcome: str = "waiting"


@define
class Habits:
    """What goes wrong with webhooks by itself, by the switches."""

    copies: int = 1
    drop_every: int = 0
    newest_first: bool = False


@define(eq=False)
class Courier:
    """Sends webhooks in their order, outside of the simulator's lock: a receiver may call the simulator back.

    Each is sent once, whatever the receiver answers (assumed: no paper speaks of retries).
    """

    habits: Habits = Factory(Habits)
    subscriptions: dict[int, Subscription] = Factory(dict)
    log: deque[Emission] = Factory(lambda: deque(maxlen=_KEPT))
    _due: deque[Emission] = field(factory=deque, init=False)
    _held: list[Emission] = field(factory=list, init=False)
    _count: int = field(default=0, init=False)
    _guard: threading.Lock = field(factory=threading.Lock, init=False)
    _carrying: threading.Lock = field(factory=threading.Lock, init=False)

    def emit(
        self,
        integration: int,
        payload: Mapping[str, Any],
        *,
        copies: int | None = None,
        hold: bool = False,
        lose: bool = False,
    ) -> list[Emission]:
        """Put a webhook on its way, or several of the same; a held one waits for `release`, a lost one never goes."""
        made: list[Emission] = []
        with self._guard:
            for _ in range(self.habits.copies if copies is None else copies):
                self._count += 1
                made.append(emission := Emission(integration, payload))
                self.log.append(emission)
                if lose or (self.habits.drop_every and self._count % self.habits.drop_every == 0):
                    emission.outcome = "lost"
                elif hold:
                    emission.outcome = "held"
                    self._held.append(emission)
                else:
                    self._due.append(emission)
        return made

    def release(self, *, newest_first: bool = False) -> list[Emission]:
        """Put the held webhooks on their way, in the order they were held or the other way round."""
        with self._guard:
            released = self._held[::-1] if newest_first else self._held
            self._held = []
            for emission in released:
                emission.outcome = "waiting"
            self._due.extend(released)
        return released

    def emissions(self) -> list[Emission]:
        """Return the newest webhooks, oldest first."""
        with self._guard:
            return list(self.log)

    def drop_due(self) -> None:
        """Drop the webhooks on their way: they went out before the simulator was started again. Held ones stay held."""
        with self._guard:
            for emission in self._due:
                emission.outcome = "sent before a restart"
            self._due.clear()

    def deliver(self) -> None:
        """Send what is due. Where another thread is at it already, that one sends this too."""
        while self._due and self._carrying.acquire(blocking=False):
            try:
                self._deliver_batch()
            finally:
                self._carrying.release()

    def _deliver_batch(self) -> None:
        with self._guard:
            batch = list(self._due)
            self._due.clear()
        if self.habits.newest_first:
            batch.reverse()
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
            for emission in batch:
                subscription = self.subscriptions.get(emission.integration)
                emission.outcome = "unregistered" if subscription is None else _post(pool, subscription, emission)


def _post(pool: urllib3.PoolManager, subscription: Subscription, emission: Emission) -> str:
    body = json_bytes(json.dumps(emission.payload, ensure_ascii=False, separators=(",", ":")))
    try:
        answer = pool.request(
            "POST", subscription.target, body=body, headers=dict(subscription.headers), redirect=False
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return type(error).__name__
    return str(answer.status)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
