"""The governors of this process: all who spend one budget share one, whichever desk or thread they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.ratelimit.governor import Governor
from helpdesk_bridge.ratelimit.place import budget_key, choose
from helpdesk_bridge.ratelimit.store import MemoryStore

if TYPE_CHECKING:
    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
    from helpdesk_bridge.ratelimit.store import Store

_memory = MemoryStore()
_lock = new_lock()
_shared: dict[tuple[object, ...], Governor] = {}


def shared_governor(
    scope: tuple[str, ...], policy: RateLimitPolicy, store: str | Store, clock: Clock, *, loopback: bool = False
) -> Governor:
    """Return the one governor of that scope (vendor, origin, digest of the scope key) in this process.

    Desks that share a scope share it, also after one of them was closed. Where their policies differ in a limit, the
    lower one holds until the server tells its own. ``store`` is what a desk's ``budget`` says, or a store. Raises
    ``ConfigError`` for a place that can never be; no I/O happens here but a look at the user's folder.
    """
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
    for governor in list(_shared.values()):
        governor.after_fork()


os.register_at_fork(after_in_child=_after_fork)
