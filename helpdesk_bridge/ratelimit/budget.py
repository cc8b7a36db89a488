"""What users see of a rate limit, and the one place where all who share it meet."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.ratelimit.store import MemoryStore

if TYPE_CHECKING:
    from helpdesk_bridge.http.clock import Clock
    from helpdesk_bridge.ratelimit.governor import Governor
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
    from helpdesk_bridge.ratelimit.store import Store


class Budget:
    """What is left of a vendor's rate limit, live, as far as this process knows."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor

    @property
    def limit(self) -> int:
        """Units a window: the server's own figure once it told one, else the policy's."""
        return self._governor.left()[0]

    @property
    def remaining(self) -> int:
        """Units that could be sent now; 0 while the vendor makes everybody wait."""
        return self._governor.left()[1]

    @property
    def resets_in(self) -> float | None:
        """Vendor seconds until all of the limit is there again; None if nothing of it is spent."""
        return self._governor.left()[2]

    def forecast(self, units: int) -> float:
        """Return the vendor seconds until that many more units can have been sent, after all who wait already."""
        return self._governor.forecast(units)

    def __repr__(self) -> str:
        limit, remaining, _ = self._governor.left()
        return f"Budget(remaining={remaining}, limit={limit})"


_memory = MemoryStore()
_lock = threading.Lock()
_shared: dict[tuple[object, ...], Governor] = {}


def shared_governor(scope: tuple[str, ...], policy: RateLimitPolicy, store: str | Store, clock: Clock) -> Governor:
    """Return the one governor of that scope (vendor, origin, digest of the scope key) in this process.

    Desks that share a scope share it, also after one of them was closed. Where their policies differ in a limit, the
    lower one holds until the server tells its own. ``store`` is ``auto`` or ``memory``, or a store.
    """
    from helpdesk_bridge.ratelimit.governor import Governor

    place = _place(store)
    shape = tuple((window.seconds, window.counts) for window in policy.windows)
    key = (id(place), scope, shape, clock)
    with _lock:
        _forget_unused(except_for=key)
        governor = _shared.get(key)
        if governor is None:
            governor = _shared[key] = Governor(policy, place, clock, repr((scope, shape, clock)))
        else:
            governor.tighten(policy)
        return governor


def _place(store: str | Store) -> Store:
    if not isinstance(store, str):
        return store
    if store in {"auto", "memory"}:
        return _memory
    raise ConfigError(f'budget: "{store}" is no place for a budget; use "auto" or "memory"')


def _forget_unused(*, except_for: tuple[object, ...]) -> None:
    # A closed desk's budget is kept only as long as something of it is spent: it may be opened again at once.
    unused = [key for key, governor in _shared.items() if not governor.users and governor.idle()]
    for key in unused:
        if key != except_for:
            del _shared[key]


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - a thread of the parent may have held it
    _lock = threading.Lock()
    for governor in list(_shared.values()):
        governor.after_fork()


os.register_at_fork(after_in_child=_after_fork)
