"""Events of the transport. None ever holds a body, a header, an id or a secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from attrs import frozen

from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.operations import watchers
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.text.decoding import TextMended

logger = logging.getLogger("helpdesk_bridge.http")


@frozen(kw_only=True)
class Attempt(Portable):
    """One HTTP request that was answered or failed; a call that is repeated makes several.

    ``path`` is the template, ``status`` None if no answer came, and then ``failure`` says why. ``waited`` is in
    vendor seconds, ``units`` what the attempt was charged, ``refused`` whether the vendor answered "too many".
    """

    vendor: str
    desk: str
    operation: str
    method: str
    path: str
    status: int | None
    elapsed_ms: float
    waited: float = 0.0
    units: int = 0
    refused: bool = False
    failure: str | None = None


@frozen(kw_only=True)
class Waiting(Portable):
    """A call is about to wait before it is tried again, or a vendor second and more for its turn in the budget."""

    vendor: str
    desk: str
    operation: str
    seconds: float
    reason: str


@frozen(kw_only=True)
class Refused(Portable):
    """The vendor refused a call because the rate limit is exceeded; ``retry_after`` in vendor seconds, if it said."""

    vendor: str
    desk: str
    operation: str
    retry_after: float | None


@frozen(kw_only=True)
class BudgetLost(Portable):
    """The place where the budget is kept cannot be used: this process goes on with a share of the limit.

    ``place`` says which and ``reason`` why, without any secret.
    """

    vendor: str
    desk: str
    place: str
    reason: str


@frozen(kw_only=True)
class BudgetBack(Portable):
    """The place where the budget is kept can be used again; what was spent meanwhile is charged there."""

    vendor: str
    desk: str
    place: str


@frozen(kw_only=True)
class ShadowRead(Portable):
    """A read was compared with what the desk ``other`` answers, or could not be.

    ``outcome`` is same, different, missing, not comparable, failed, skipped or dropped; ``fields`` names what differs.
    """

    vendor: str
    desk: str
    other: str
    operation: str
    outcome: str
    fields: tuple[str, ...] = ()
    reason: str = ""


DeskEvent: TypeAlias = Attempt | Waiting | Refused | BudgetLost | BudgetBack | TextMended | ShadowRead
"""What ``desk.subscribe`` tells."""
Callback: TypeAlias = Callable[[Any], None]


class EventBus:
    """Passes events to subscribers, in the thread where they happen and in the order of subscription."""

    def __init__(self) -> None:
        self._callbacks: tuple[Callback, ...] = ()
        self._lock = new_lock()

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback`` with every event from now on; the result ends that."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

        def unsubscribe() -> None:
            with self._lock:
                rest = list(self._callbacks)
                if callback in rest:
                    rest.remove(callback)
                self._callbacks = tuple(rest)

        return unsubscribe

    def __bool__(self) -> bool:
        return bool(self._callbacks or watchers())

    def publish(self, event: object) -> None:
        """Tell every subscriber. One that raises is logged by type and cannot break the call it watches."""
        watching: tuple[Callback, ...] = tuple(watcher.event for watcher in watchers())
        everybody = (*self._callbacks, *watching)
        for callback in everybody:
            try:
                callback(event)
            except Exception as error:  # noqa: BLE001 - whatever a subscriber does, the vendor call goes on
                logger.warning(
                    "a subscriber failed on %s: %s",
                    type(event).__name__,
                    type(error).__name__,
                    extra={
                        "event": "http.subscriber_failed",
                        "told": type(event).__name__,
                        "error": type(error).__name__,
                    },
                )
