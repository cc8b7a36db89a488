"""What users see of a rate limit, and the one place where all who share it meet."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from helpdesk_bridge.ratelimit.place import budget_key, choose
from helpdesk_bridge.ratelimit.store import MemoryStore

if TYPE_CHECKING:
    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.governor import Governor
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
    from helpdesk_bridge.ratelimit.store import Store


class Budget:
    """What is left of a vendor's rate limit, live, as far as all know who share its state."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor

    @property
    def limit(self) -> int:
        """Units a window: the server's own figure once it told one, else the policy's."""
        return self._governor.left().limit

    @property
    def remaining(self) -> int:
        """Units that could be sent now; 0 while the vendor makes everybody wait."""
        return self._governor.left().units

    @property
    def resets_in(self) -> float | None:
        """Vendor seconds until all of the limit is there again; None if nothing of it is spent."""
        return self._governor.left().ends_in

    @property
    def place(self) -> str:
        """Where its state lives, in words without any secret."""
        return self._governor.place

    @property
    def key(self) -> str:
        """The name of this budget: the vendor and a digest of whose it is."""
        return self._governor.key

    @property
    def lost(self) -> bool:
        """Whether that place cannot be used just now, so that this process has a share of the limit only."""
        return self._governor.lost

    @property
    def holders(self) -> tuple[str, ...]:
        """The other processes that spend it, as far as the place tells."""
        return self._governor.holders()

    def forecast(self, units: int, rows: int = 0) -> float:
        """Return the vendor seconds until that many more units can have been sent, after all who wait already.

        ``rows`` are the records that lists among them give, for vendors that count those too (Desk365: tickets).
        """
        return self._governor.forecast(units, rows)

    def __repr__(self) -> str:
        left = self._governor.left()
        return f"Budget(remaining={left.units}, limit={left.limit})"


_memory = MemoryStore()
_lock = threading.Lock()
_shared: dict[tuple[object, ...], Governor] = {}


def shared_governor(
    scope: tuple[str, ...], policy: RateLimitPolicy, store: str | Store, clock: Clock, *, loopback: bool = False
) -> Governor:
    """Return the one governor of that scope (vendor, origin, digest of the scope key) in this process.

    Desks that share a scope share it, also after one of them was closed. Where their policies differ in a limit, the
    lower one holds until the server tells its own. ``store`` is what a desk's ``budget`` says, or a store. Raises
    ``ConfigError`` for a place that can never be; no I/O happens here but a look at the user's folder.
    """
    from helpdesk_bridge.ratelimit.governor import Governor

    key = budget_key(scope, policy, clock)
    place = choose(store, key, _memory, clock, loopback=loopback) if isinstance(store, str) else store
    known = (place, key, clock)
    with _lock:
        _forget_unused(except_for=known)
        governor = _shared.get(known)
        if governor is None:
            governor = _shared[known] = Governor(policy, place, clock, key)
        else:
            governor.tighten(policy)
        return governor


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
