"""How many threads a desk's budget can feed."""

from __future__ import annotations

import math
from typing import Final

from helpdesk_bridge.migration.desk import MigrationDesk

ROUND_TRIP: Final = 0.3
"""Real seconds that a call takes, generously; what comes sooner needs fewer threads."""


def threads_for(side: MigrationDesk, workers: int) -> int:
    """Return how many threads to read with: no more than the budget keeps busy.

    More would only wait between reading a thread and fetching its files, whose addresses expire (Desk365: an hour).
    """
    policy = side.desk.rate_limit
    if policy is None:
        return workers
    per_second = min(window.limit / window.seconds for window in policy.windows if window.counts != "rows")
    return max(1, min(workers, math.ceil(per_second * ROUND_TRIP) + 1))
