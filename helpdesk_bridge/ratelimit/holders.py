"""The processes that spend a budget, and what is kept for one that is late.

A process whose time has come may have to wait for a processor, and others would spend its part meanwhile. So who has
taken more since its turn began leaves so much that the late ones can catch up. After a while that becomes less with
every moment they do not come: nobody waits for long for a process that has enough, is stuck or is gone.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define

from helpdesk_bridge.ratelimit.ledger import UNKNOWN

HOLDER_SECONDS = 3600.0
"""A process that neither spent nor waited for that long is no sharer."""

MOST_HOLDERS = 64
"""So many processes are remembered; of short-lived ones there may be any number."""

LATEST = 1 / 2
"""The part of a window after which nothing is kept for who is late; from the half of it on it becomes less."""

LOOK = 1 / 128
"""The part of a window until who leaves something for others looks again."""


@define
class Holder:
    """One process: when it was last seen, when its turn began, the units it has taken since, and its host's name."""

    seen: float
    due: float = UNKNOWN
    taken: int = 0
    priority: int = 0
    host: str = ""

    def take(self, now: float, units: int, priority: int, seconds: float) -> None:
        """Count what it takes; a turn lasts a window at most."""
        if now >= self.due + seconds:
            self.due, self.taken = now, 0
        self.seen = now
        self.taken += units
        self.priority = priority


def remember(holders: Mapping[int, Holder], now: float) -> dict[int, Holder]:
    """Return those who were there lately, with room for one more."""
    recent = sorted((one.seen, process) for process, one in holders.items() if one.seen > now - HOLDER_SECONDS)
    return {process: holders[process] for _, process in recent[-MOST_HOLDERS + 1 :]}


def owed(holders: Mapping[int, Holder], process: int, priority: int, now: float, latest: float) -> int:
    """Return the units that a process has to leave for those of no lower rank who took less and are late."""
    taken = holders[process].taken
    left = 0.0
    for other, one in holders.items():
        if other != process and one.taken < taken and one.due <= now < one.due + latest and one.priority <= priority:
            left += (taken - one.taken) * min(2.0 - 2.0 * (now - one.due) / latest, 1.0)
    return int(left)
