"""What a tool call costs, and what is left for the model of a budget that other programs share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from attrs import define

from helpdesk_bridge.http.events import Attempt

if TYPE_CHECKING:
    from helpdesk_bridge.aio import AsyncDesk
    from helpdesk_bridge.http.events import DeskEvent

RESERVED_PART: Final = 2
"""One part in so many of the limit is left to other programs if nobody says how much."""


@define
class Charge:
    """What one tool call spent so far."""

    calls: int = 0
    units: int = 0


_charge: Final[ContextVar[Charge | None]] = ContextVar("charge", default=None)


@contextmanager
def charged() -> Iterator[Charge]:
    """Count what is spent within the block, in whichever thread: the context goes with each call of the desk."""
    token = _charge.set(charge := Charge())
    try:
        yield charge
    finally:
        _charge.reset(token)


def _note(event: DeskEvent) -> None:
    charge = _charge.get()
    if charge is not None and isinstance(event, Attempt):
        charge.calls += 1
        charge.units += 0 if event.refused else event.units


class Spending:
    """Tells costs in the vendor's units."""

    def __init__(self, desk: AsyncDesk[Any], reserve: int) -> None:
        self._desk = desk
        self._reserve = reserve
        self.end: Callable[[], None] = desk.sync.subscribe(_note)

    async def told(self, charge: Charge) -> dict[str, Any]:
        """Return what a call cost and what is left, for its result."""
        left = await self.left()
        if not left:
            return {"said": "a local desk: nothing is counted"}
        said = f"cost {charge.units} of the budget; {left['left_for_you']} of {left['limit']} are left for you"
        return {"said": said, "calls": charge.calls, "units": charge.units, **left}

    async def left(self) -> dict[str, Any]:
        """Return what is left; nothing for a desk without a budget."""
        budget = self._desk.budget
        if budget is None:
            return {}
        remaining, limit, resets = await budget.remaining, await budget.limit, await budget.resets_in
        return {
            "left_for_you": max(remaining - self._reserve, 0),
            "left_for_all": remaining,
            "kept_for_other_programs": self._reserve,
            "limit": limit,
            "all_free_in_seconds": None if resets is None else round(resets),
        }
