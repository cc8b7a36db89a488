"""Courier: delivers webhooks to their registered URLs, which must be on loopback."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3
from attrs import Factory, define, field, frozen

from helpdesk_bridge.testing.simulator import json_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG_LENGTH: Final = 10_000
_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 10.0
_NAMES: Final = frozenset({"localhost"})


class HookError(ValueError):
    """A webhook cannot be registered; the message says what is allowed."""


@frozen
class Hook:
    """A registered webhook: of a custom channel, or, without a ``channel``, of a rule on every change."""

    url: str
    channel: str = ""
    form: bool = False

    def __attrs_post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not _is_loopback(parts.hostname or ""):
            raise HookError("a webhook's url must be http or https on loopback, such as http://127.0.0.1:8000/")


@define
class Delivery:
    """One webhook. ``outcome``: waiting, the receiver's status, or the error."""

    hook: Hook
    payload: Mapping[str, Any] = field(repr=False)
    outcome: str = "waiting"


@define(eq=False)
class Courier:
    """Sends webhooks in order, each once (assumed), outside the simulator's lock."""

    hooks: list[Hook] = Factory(list)
    log: deque[Delivery] = Factory(lambda: deque(maxlen=_LOG_LENGTH))
    _due: deque[Delivery] = field(factory=deque, init=False)
    _carrying: threading.Lock = field(factory=threading.Lock, init=False)

    def emit(self, hook: Hook, payload: Mapping[str, Any]) -> None:
        """Queue a webhook."""
        delivery = Delivery(hook, payload)
        self.log.append(delivery)
        self._due.append(delivery)

    def drop_due(self) -> None:
        """Drop the queued webhooks: they went out before the simulator was started again."""
        while self._due:
            self._due.popleft().outcome = "sent before a restart"

    def deliver(self) -> None:
        """Send the queued webhooks. If another thread is sending already, it sends these too."""
        while self._due and self._carrying.acquire(blocking=False):
            try:
                timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
                with urllib3.PoolManager(retries=False, timeout=timeout) as pool:
                    while self._due:
                        delivery = self._due.popleft()
                        delivery.outcome = _post(pool, delivery)
            finally:
                self._carrying.release()


def _post(pool: urllib3.PoolManager, delivery: Delivery) -> str:
    if delivery.hook.form:
        body, kind = urlencode(_flat(delivery.payload), errors="replace").encode(), "application/x-www-form-urlencoded"
    else:
        body, kind = json_bytes(json.dumps(delivery.payload, ensure_ascii=False)), "application/json"
    try:
        answer = pool.request("POST", delivery.hook.url, body=body, headers={"Content-Type": kind}, redirect=False)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return type(error).__name__
    return str(answer.status)


def _flat(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the fields of a form, one level deep, as PHP writes them."""
    pairs: list[tuple[str, str]] = []
    for name, value in payload.items():
        inner = value.items() if isinstance(value, dict) else ()
        pairs += [(f"{name}[{key}]", _form_text(entry)) for key, entry in inner] or [(name, _form_text(value))]
    return pairs


def _form_text(value: Any) -> str:
    return ("1" if value else "") if isinstance(value, bool) else str(value)


def _is_loopback(host: str) -> bool:
    if host in _NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
