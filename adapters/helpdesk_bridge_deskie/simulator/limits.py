"""The rate limit of a Deskie plan."""

from __future__ import annotations

from attrs import frozen


@frozen
class Plan:
    """The limits of a plan, in requests a minute (RPM)."""

    per_agent: int
    cap: int
    floor: int

    def limit(self, enabled_agents: int) -> int:
        """Return the account's requests a minute."""
        return min(self.cap, max(self.floor, self.per_agent * enabled_agents))


PLANS = {"basic": Plan(5, 50, 20), "standard": Plan(5, 750, 0), "pro": Plan(10, 1500, 0)}
"""documented: Deskie API, "API rate limits depend on your plan". No floor is stated for Standard and Pro."""
WINDOW_SECONDS = 60
"""assumed: a fixed window that starts at the first request; the paper says "interval" and "refreshed"."""
WRITES = frozenset({"POST", "PUT", "DELETE"})
WRITE_UNITS = 2
"""documented: Deskie API, "Write requests (POST, PUT, DELETE) count as 2 requests"."""
