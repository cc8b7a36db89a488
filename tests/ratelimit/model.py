"""A vendor's rate limiter as a model, for tests that move time themselves."""

from __future__ import annotations

import math
from collections import defaultdict

from attrs import define, field

SECONDS = 60.0


@define
class Server:
    """A fixed window that starts at its first request, or at multiples of its length from an unknown phase."""

    limit: int
    phase: float | None = None
    seconds: float = SECONDS
    ends: float = -math.inf
    used: int = 0
    refused: int = 0
    windows: dict = field(factory=lambda: defaultdict(int))

    def take(self, now, cost):
        if now >= self.ends:
            start = now if self.phase is None else now - (now - self.phase) % self.seconds
            self.ends, self.used = start + self.seconds, 0
        if self.used + cost > self.limit:
            self.refused += 1
            return False
        self.used += cost
        self.windows[self.ends] += cost
        return True

    def headers(self, now, kinds):
        """Return the headers as of now: once the window is over, those of one that has not begun."""
        over = now >= self.ends
        used = 0 if over else self.used
        left = self.ends - now
        if over:
            left = self.seconds - (0.0 if self.phase is None else (now - self.phase) % self.seconds)
        full = {
            "Left": str(self.limit - used),
            "Limit": str(self.limit),
            "Reset": str(math.ceil(left)),
            "Retry-After": str(max(1, math.ceil(left))),
        }
        return {name: full[name] for name in kinds}


def spend(gov, times=1, units=1, **how):
    """Spend at once what is there, call by call; whoever would have to wait is told ``RateLimited``."""
    for _ in range(times):
        gov.settle(gov.reserve(units, max_wait=0, **how), 200)
