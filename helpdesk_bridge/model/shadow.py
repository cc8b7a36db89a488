"""Shadow status: how often two desks gave the same answer."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from helpdesk_bridge.portable.value import Portable


class ShadowOutcome(Enum):
    """How a read compared. SKIPPED: the other desk's share of its budget was spent; DROPPED: too many were waiting."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"
    UNCOMPARABLE = "not comparable"
    FAILED = "failed"
    SKIPPED = "skipped"
    DROPPED = "dropped"


@frozen
class ShadowStatus(Portable):
    """What was counted: outcomes and fields by operation, reasons by outcome, and the latest differences."""

    outcomes: tuple[tuple[str, str, int], ...] = ()
    fields: tuple[tuple[str, str, int], ...] = ()
    reasons: tuple[tuple[str, str, int], ...] = ()
    examples: tuple[tuple[str, str, str, str], ...] = ()
    """Operation, record, fields and time."""

    def number(self, *outcomes: ShadowOutcome) -> int:
        """Return how many reads ended in one of these ways."""
        wanted = {outcome.value for outcome in outcomes}
        return sum(count for _, outcome, count in self.outcomes if outcome in wanted)
