"""The server's books: which requests it counted in which window, and what it told."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import Protocol

from attrs import Factory, define, field, frozen


@frozen
class Verdict:
    """``left`` is in units; ``wait`` in real seconds: until the window ends, or until such a request fits again."""

    accepted: bool
    left: int
    wait: float


class Account(Protocol):
    """Decides on one request."""

    def take(self, now: float, units: int) -> Verdict: ...


@define
class FixedWindow:
    """Starts at the first request after it expired. With ``penalised`` a refusal is charged to the next one."""

    limit: int
    seconds: float
    penalised: bool = False
    first: float = 0.0
    """How much of the very first window is left when the first request arrives: nobody knows its phase."""
    ends: float = -math.inf
    used: int = 0
    debt: int = 0

    def take(self, now: float, units: int) -> Verdict:
        if now >= self.ends:
            opening = self.ends == -math.inf
            self.ends = now + (self.first if opening and self.first else self.seconds)
            self.used, self.debt = min(self.debt, self.limit), 0
        accepted = self.used + units <= self.limit
        if accepted:
            self.used += units
        elif self.penalised:
            self.debt += units
        return Verdict(accepted, self.limit - self.used, self.ends - now)


@define
class SlidingWindow:
    """At no moment more than ``limit`` within the last ``seconds``."""

    limit: int
    seconds: float
    used: int = 0
    entries: deque[tuple[float, int]] = field(factory=deque)

    def take(self, now: float, units: int) -> Verdict:
        while self.entries and self.entries[0][0] + self.seconds <= now:
            self.used -= self.entries.popleft()[1]
        if self.used + units <= self.limit:
            self.entries.append((now, units))
            self.used += units
            return Verdict(accepted=True, left=self.limit - self.used, wait=self.seconds)
        missing = self.used + units - self.limit
        for moment, amount in self.entries:
            missing -= amount
            if missing <= 0:
                return Verdict(accepted=False, left=self.limit - self.used, wait=moment + self.seconds - now)
        return Verdict(accepted=False, left=self.limit - self.used, wait=self.seconds)


@define
class Period:
    """One window of the books. It lasts until the next one starts, so the time nobody used it counts too."""

    start: float
    last: float = field(default=Factory(lambda period: period.start, takes_self=True))
    """When the last request was accepted."""
    spent: Counter[str] = field(factory=Counter)
    refused: Counter[str] = field(factory=Counter)


@frozen
class Report:
    """The first period is the part of a window in which the clients arrived; the last one has only its start."""

    periods: tuple[Period, ...]
    complete: bool
    server_cpu: float
    """Part of one core that the server took."""


@define
class Books:
    """Counts until so many whole windows have passed and the next one has begun, and nothing after that."""

    windows: int
    seconds: float
    first: float
    periods: list[Period] = field(factory=list)
    closed: bool = False
    _ends: float = -math.inf

    def enter(self, now: float, client: str, units: int, verdict: Verdict) -> None:
        if self.closed:
            return
        if now >= self._ends:
            self._ends = now + (self.seconds if self.periods else self.first)
            self.periods.append(Period(now))
            if len(self.periods) == self.windows + 2:
                self.closed = True
                return
        period = self.periods[-1]
        if verdict.accepted:
            period.spent[client] += units
            period.last = now
        else:
            period.refused[client] += 1
