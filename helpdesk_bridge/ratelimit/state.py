"""The live state of a whole budget: one ledger a window, who is in flight, who waits, and the vendor's last "wait".

Every public method but the class methods is one step: it takes the time by the clock of the place where the budget
lives. A step that is done twice, because nobody knew whether it had been done, errs on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import NamedTuple

from attrs import define, field

from helpdesk_bridge.ratelimit.holders import HOLDER_SECONDS, LATEST, LOOK, Holder, owed, remember
from helpdesk_bridge.ratelimit.identity import host_name, process_of
from helpdesk_bridge.ratelimit.ledger import UNKNOWN, Ledger
from helpdesk_bridge.ratelimit.policy import RateHeaders, RateLimitPolicy

FIRST_PAUSE = 1 / 60
"""Part of a window to wait after a refusal that names no time; it doubles with each one in a row, up to a window."""

LATE = 1.0
"""Seconds that a request of a process that died may still be on its way to the server."""

Amounts = tuple[int, ...]
Told = tuple[int | None, int | None, float | None, float | None]
"""What an answer said: limit, remaining, reset, retry after."""


class Answer(NamedTuple):
    """What ``take`` says: ``wait`` 0 if it may be sent; ``at`` is the time of the step."""

    wait: float
    at: float
    expected: float = 0.0


class Left(NamedTuple):
    """What ``left`` says of the window that headers speak of; ``ends_in`` None if nothing is spent."""

    limit: int
    units: int
    ends_in: float | None


class Spent(NamedTuple):
    """What one window has counted, for a store that lost it."""

    units: int
    ends_in: float
    limit: int
    told: bool


@define
class Flight:
    """A request that may be on its way."""

    amounts: Amounts
    lapses: float
    """When it is taken for lost."""
    sent: float
    """When it was granted."""
    alone: bool
    """Whether no other request was on its way since then. Two steps may have the same time, so times cannot tell."""


@define
class Waiter:
    """Somebody who waits for its turn; taken for gone at ``lapses`` unless seen again."""

    order: float
    amounts: Amounts
    lapses: float


_UNHEARD_OF = Flight((), math.inf, UNKNOWN, alone=False)
"""What was granted elsewhere, or is taken for lost by now."""

_SILENCE: Told = (None, None, None, None)


@define
class BudgetState:
    """Plain data that every place keeps; all times in vendor seconds of one clock that never goes back."""

    ledgers: list[Ledger]
    headers: RateHeaders
    birth: int = 0
    """Drawn when the budget was begun; another one means that it was lost since."""
    skew: float = 0.0
    """What to add to the place's clock, which may have been set back, or begun anew with the machine."""
    blocked_until: float = UNKNOWN
    blocked_at: float = UNKNOWN
    strikes: int = 0
    seen: float = UNKNOWN
    """The time of the last step."""
    share: int = 1
    """The limits are divided by that: how many may be spending them who cannot be seen."""
    flights: dict[int, Flight] = field(factory=dict)
    waiting: dict[int, Waiter] = field(factory=dict)
    holders: dict[int, Holder] = field(factory=dict)
    """Processes that spend this budget."""

    @classmethod
    def fresh(cls, policy: RateLimitPolicy) -> BudgetState:
        """Return the state of a budget of which nothing is spent."""
        return cls([Ledger(window.limit, window.seconds) for window in policy.windows], policy.headers)

    def take(
        self,
        now: float,
        ident: int,
        amounts: Amounts,
        spares: Amounts,
        lease: float,
        arrived: float | None = None,
        priority: int = 0,
        patience: float = -1.0,
        presence: float = math.inf,
    ) -> Answer:
        """Hold the amounts, one a window, and return a wait of 0; or hold nothing and return the seconds to wait.

        Infinity means that only an answer in flight can tell. Who waits is put in line if that is expected to take no
        longer than ``patience``, and has its turn by ``arrived`` and ``priority``: each step of that lets those pass
        who come up to a window later. Whoever has not come again ``presence`` seconds after its time has left. A
        process that took more than others, whose time has come and who are late, leaves something for them.
        """
        now = self._tick(now)
        if ident in self.flights:
            return Answer(0.0, now)
        ahead = None
        if self.waiting:
            ahead = self._ahead(ident, self._order(now if arrived is None else arrived, priority), now)
        wait = self.blocked_until - now if self.blocked_until > now else 0.0
        for number, amount in enumerate(amounts):
            if amount:
                ledger = self.ledgers[number]
                if ledger.releases and ledger.releases[0] <= now:
                    ledger.sweep(now)
                pause = ledger.wait(now, amount, spares[number], ahead[number] if ahead else 0)
                if pause:
                    wait = max(wait, pause)
        if wait == 0.0:
            process, spent = process_of(ident), amounts[self.headers.window]
            holder = self.holders.get(process) or self._newcomer(process, now)
            if len(self.holders) > 1 and (pause := self._yields(ident, spent, spares, priority, now, presence)):
                self.waiting.pop(ident, None)
                return Answer(pause, now, pause)
            self._fly(ident, amounts, now, lease)
            holder.take(now, spent, priority, self.ledgers[self.headers.window].seconds)
            return Answer(0.0, now)
        expected = self._forecast(now, tuple(map(sum, zip(amounts, ahead, strict=True))) if ahead else amounts, spares)
        if expected > patience:
            self.waiting.pop(ident, None)
        else:
            order = self._order(now if arrived is None else arrived, priority)
            self._line_up(ident, Waiter(order, amounts, now + presence), now, wait, priority)
        return Answer(wait, now, expected)

    def _line_up(self, ident: int, waiter: Waiter, now: float, wait: float, priority: int) -> None:
        holder = self.holders.get(process_of(ident)) or self._newcomer(process_of(ident), now)
        holder.seen = now
        if wait < math.inf:
            waiter.lapses += wait
            holder.due, holder.taken, holder.priority = now + wait, 0, priority
        self.waiting[ident] = waiter

    def forecast(self, now: float, amounts: Amounts, spares: Amounts) -> float:
        """Return the seconds until all of these can have been sent, all who wait now first."""
        now = self._tick(now)
        ahead = self._ahead(-1, math.inf, now)
        return self._forecast(now, tuple(map(sum, zip(amounts, ahead, strict=True))) if ahead else amounts, spares)

    def _forecast(self, now: float, amounts: Amounts, spares: Amounts) -> float:
        # While the first answer is awaited that will tell the limit, the policy's own, perhaps far lower, does not count.
        wait = max(self.blocked_until - now, 0.0)
        awaited = self.headers.limit is not None and not self.ledgers[self.headers.window].told
        for number, (ledger, amount, spare) in enumerate(zip(self.ledgers, amounts, spares, strict=True)):
            if amount and not (awaited and number == self.headers.window and ledger.in_flight):
                ledger.sweep(now)
                wait = max(wait, ledger.forecast(now, amount, spare))
        return wait

    def drop(self, now: float, ident: int) -> None:
        """Give everything back: it was provably not sent, or refused and not counted."""
        self._tick(now)
        self._land(ident)

    def leave(self, now: float, ident: int) -> None:
        """Wait no more."""
        self._tick(now)
        self.waiting.pop(ident, None)

    def settle(self, now: float, ident: int, amounts: Amounts, told: Told | None = None, *, lost: bool = False) -> None:
        """Replace what was held by what was spent, and learn what the answer said, unless none came (``lost``)."""
        now = self._tick(now)
        flight = self._land(ident)
        limit, remaining, reset, _ = told or _SILENCE
        if limit is not None:
            self._limit(limit)
        headers = self.headers
        speaks = headers.window
        for number, amount in enumerate(amounts):
            ledger = self.ledgers[number]
            if amount > 0:
                ends = reset if number == speaks and self._begun(amount, limit, remaining, reset) else None
                row = ledger.charge(amount, flight.sent, now, ends, headers.step)
                if number == speaks and remaining is not None:
                    # With a share of the limit, what the server says is left may fall short of it, never exceed it.
                    exact = flight.alone and not headers.remaining_is_hint and self.share == 1
                    ledger.observe(remaining, row, flight.sent, exact=exact)
                if lost:
                    ledger.doubtful_until = max(ledger.doubtful_until, now + ledger.seconds)
        if flight.sent > self.blocked_at:
            self.strikes = 0

    def _begun(self, amount: int, limit: int | None, remaining: int | None, reset: float | None) -> bool:
        """Whether a told end can be that of a window in which a request of that amount is counted.

        A server may write its headers when the request's window is over and no other request has begun the next: then
        it tells a whole window from now, of which nothing is spent. That window will begin, and end, later.
        """
        if reset is None or reset > self.ledgers[self.headers.window].seconds - self.headers.step:
            return False
        most = (self.ledgers[self.headers.window].limit if limit is None else limit) - amount
        return remaining is None or remaining <= most

    def refuse(self, now: float, ident: int, told: Told) -> None:
        """Give back what was held and stop everybody for as long as the vendor says.

        Where it does not say, and where that was not long enough, for a pause that grows.
        """
        now = self._tick(now)
        flight = self._land(ident)
        limit, _, reset, retry_after = told
        ledger = self.ledgers[self.headers.window]
        if limit is not None:
            self._limit(limit)
        asked = retry_after if retry_after is not None else reset
        if flight is _UNHEARD_OF or flight.sent > self.blocked_at:
            self.strikes += 1
        pause = min(ledger.seconds * FIRST_PAUSE * 2.0 ** min(self.strikes - 1, 6), ledger.seconds)
        until = now + pause
        if asked is not None:
            # A vendor that says 0 has rounded down; one that says it again and again means something else.
            over = now + max(asked, self.headers.resolution) + ledger.guard
            ledger.ends(asked, flight.sent, over, self.headers.step)
            until = max(over, until) if self.strikes > 1 else over
        self.blocked_at = max(self.blocked_at, now)
        self.blocked_until = max(self.blocked_until, until)

    def tighten(self, now: float, limits: Amounts) -> None:
        """Lower the limits to these, one a window, where the server has not told its own."""
        self._tick(now)
        for ledger, limit in zip(self.ledgers, limits, strict=True):
            if not ledger.told:
                ledger.limit = min(ledger.limit, max(limit // self.share, 1))

    def reap(self, now: float, gone: Container[int]) -> None:
        """Charge what processes that are gone had in flight, and keep no place in line for them."""
        now = self._tick(now)
        for ident in [ident for ident in self.flights if process_of(ident) in gone]:
            self._lost(ident, now + LATE)
        for ident in [ident for ident in self.waiting if process_of(ident) in gone]:
            del self.waiting[ident]
        for process in [process for process in self.holders if process in gone]:
            del self.holders[process]

    def left(self, now: float, number: int) -> Left:
        """Return what is left of a window."""
        now = self._tick(now)
        ledger = self.ledgers[number]
        ledger.sweep(now)
        blocked = self.blocked_until - now
        units = 0 if blocked > 0 else max(ledger.limit - ledger.used, 0)
        ends = ledger.releases[-1] - now if ledger.releases else ledger.seconds if ledger.in_flight else None
        return Left(ledger.limit, units, max(ends or 0.0, blocked) if ends or blocked > 0 else None)

    def processes(self, now: float) -> dict[int, str]:
        """Return who spent or waited lately, and the names of their hosts."""
        now = self._tick(now)
        return {process: one.host for process, one in self.holders.items() if one.seen > now - HOLDER_SECONDS}

    def spent(self, now: float) -> tuple[Spent, ...]:
        """Return what every window counts now, all that is in flight included."""
        now = self._tick(now)
        found = []
        for ledger in self.ledgers:
            ledger.sweep(now)
            ends = ledger.seconds if ledger.in_flight else 0.0
            if ledger.releases:
                ends = max(ends, ledger.releases[-1] - now)
            found.append(Spent(ledger.used, ends, ledger.limit, ledger.told))
        return tuple(found)

    def restore(self, now: float, known: Sequence[Sequence[float]]) -> None:
        """Charge what a process still knows of a state that was lost; several who know the same count once."""
        now = self._tick(now)
        for ledger, (units, ends_in, limit, told) in zip(self.ledgers, known, strict=True):
            if told and not ledger.told:
                ledger.limit, ledger.told = int(limit), True
            missing = int(units) - ledger.restored
            if missing > 0 and ends_in > 0:
                ledger.restored += missing
                self._charge_from_elsewhere(ledger, now, missing, ends_in)

    def add(self, now: float, spent: Sequence[Sequence[float]]) -> None:
        """Charge what was spent elsewhere: units and the seconds until they are free again, one pair a window."""
        now = self._tick(now)
        for ledger, (units, ends_in) in zip(self.ledgers, spent, strict=True):
            if units > 0 and ends_in > 0:
                self._charge_from_elsewhere(ledger, now, int(units), ends_in)

    def _charge_from_elsewhere(self, ledger: Ledger, now: float, units: int, ends_in: float) -> None:
        ledger.used += units
        ledger.hold_until(now + ends_in, units)
        # Some of it may still be on its way to the server.
        ledger.doubtful_until = max(ledger.doubtful_until, now + ledger.seconds)

    def abandon(self, now: float) -> None:
        """Charge all that is in flight, keep no place in line and forget who was there: all of them are gone."""
        self._tick(now)
        self._abandon()

    def idle(self, now: float) -> bool:
        """Whether nothing is spent, held or blocked, so that forgetting the state loses nothing."""
        now = self._tick(now)
        for ledger in self.ledgers:
            ledger.sweep(now)
        return self.blocked_until <= now and not self.waiting and not any(ledger.used for ledger in self.ledgers)

    def restart(self) -> None:
        """Go on by a clock that began anew from zero: what there was to wait is waited for since, and nobody is left."""
        self._abandon()
        self.forget_ends()
        self.skew = self.seen

    def _abandon(self) -> None:
        for ident in list(self.flights):
            self._lost(ident, self.seen)
        self.waiting.clear()
        self.holders.clear()

    def forget_ends(self) -> None:
        """Take note that more time may have passed than the clock shows: upper bounds stay true, lower ones do not."""
        for ledger in self.ledgers:
            ledger.forget_ends()
        for flight in self.flights.values():
            flight.sent = UNKNOWN

    def _tick(self, now: float) -> float:
        now += self.skew
        if now < self.seen:
            # The clock was set back: what is left to wait stays left.
            self.skew += self.seen - now
            now = self.seen
            self.forget_ends()
        self.seen = now
        while self.flights:
            ident, flight = next(iter(self.flights.items()))
            if flight.lapses > now:
                break
            # Whoever sent it is not here any more. The oldest stands first.
            self._lost(ident, flight.lapses)
        return now

    def _newcomer(self, process: int, now: float) -> Holder:
        self.holders = remember(self.holders, now)
        holder = self.holders[process] = Holder(now, host=host_name())
        return holder

    def _yields(self, ident: int, units: int, spares: Amounts, priority: int, now: float, presence: float) -> float:
        """Return the seconds until to look again whether those who are late have come, 0 if enough is left for them."""
        number, process = self.headers.window, process_of(ident)
        ledger, taken = self.ledgers[number], self.holders[process].taken
        free = ledger.limit - spares[number] - ledger.used - units
        if not units or not taken or free >= taken * len(self.holders):
            return 0.0
        latest = min(ledger.seconds * LATEST, presence)
        return ledger.seconds * LOOK if owed(self.holders, process, priority, now, latest) > max(free, 0) else 0.0

    def _fly(self, ident: int, amounts: Amounts, now: float, lease: float) -> None:
        if self.waiting:
            self.waiting.pop(ident, None)
        if len(self.flights) == 1:  # of several, none has been alone since the second of them
            for other in self.flights.values():
                other.alone = False
        self.flights[ident] = Flight(amounts, now + lease, now, not self.flights)
        for number, amount in enumerate(amounts):
            if amount:
                ledger = self.ledgers[number]
                ledger.used += amount
                ledger.in_flight += amount

    def _land(self, ident: int) -> Flight:
        flight = self.flights.pop(ident, _UNHEARD_OF)
        for number, amount in enumerate(flight.amounts):
            if amount:
                ledger = self.ledgers[number]
                ledger.used -= amount
                ledger.in_flight -= amount
        return flight

    def _lost(self, ident: int, sent_by: float) -> None:
        for number, amount in enumerate(self._land(ident).amounts):
            if amount:
                ledger = self.ledgers[number]
                ledger.used += amount
                ledger.hold_until(sent_by + ledger.seconds + ledger.guard, amount)
                ledger.doubtful_until = max(ledger.doubtful_until, sent_by + ledger.seconds)

    def _order(self, arrived: float, priority: int) -> float:
        return arrived + priority * self.ledgers[self.headers.window].seconds

    def _ahead(self, ident: int, order: float, now: float) -> list[int] | None:
        """Return what those wait for whose turn comes first, one a window."""
        if not self.waiting:
            return None
        for other in [other for other, waiter in self.waiting.items() if waiter.lapses <= now]:
            del self.waiting[other]
        ahead = [0] * len(self.ledgers)
        for other, waiter in self.waiting.items():
            if other != ident and (waiter.order, other) < (order, ident):
                for number, amount in enumerate(waiter.amounts):
                    ahead[number] += amount
        return ahead

    def _limit(self, told: int) -> None:
        ledger = self.ledgers[self.headers.window]
        ledger.limit = max(told // self.share, 1)
        ledger.told = True
