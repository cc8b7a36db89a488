"""Decides when a sent message becomes delivered and read."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.clock import SimulatorClock
    from helpdesk_bridge_desk360.simulator.records.records import MessageState

RANK: Final[dict[str, int]] = {"sent": 0, "delivered": 1, "read": 2}


class DeliverySchedule:
    """The statuses that will follow by themselves; documented: there are delivered and read, and no others."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._pending: list[tuple[float, int, str, MessageState]] = []
        self._serial = 0

    def add(self, message_id: str, state: MessageState, seconds: float) -> None:
        """Let a message reach a state so many vendor seconds from now."""
        self._serial += 1
        heapq.heappush(self._pending, (self._clock.elapsed() + seconds, self._serial, message_id, state))

    def take_due(self) -> list[tuple[str, MessageState]]:
        """Return what has come due since the last call, in its order."""
        due: list[tuple[str, MessageState]] = []
        now = self._clock.elapsed()
        while self._pending and self._pending[0][0] <= now:
            _, _, message_id, state = heapq.heappop(self._pending)
            due.append((message_id, state))
        return due

    @property
    def next_in(self) -> float | None:
        """The vendor seconds until the next is due; None where nothing is pending."""
        return max(0.0, self._pending[0][0] - self._clock.elapsed()) if self._pending else None
