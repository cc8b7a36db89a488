"""The live state of a whole budget: one ledger a window, and the vendor's last "wait"."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from helpdesk_bridge.ratelimit.ledger import UNKNOWN, Ledger
from helpdesk_bridge.ratelimit.policy import NOTHING, RateHeaders, RateLimitPolicy, Reading

FIRST_PAUSE = 1 / 60
"""Part of a window to wait after a refusal that names no time; it doubles with each further one, up to a window."""


@define
class BudgetState:
    """Plain data that every store keeps; all times in vendor seconds of one clock."""

    ledgers: list[Ledger]
    blocked_until: float = UNKNOWN
    blocked_at: float = UNKNOWN
    strikes: int = 0
    _headers: RateHeaders = field(factory=RateHeaders, alias="headers")

    @classmethod
    def fresh(cls, policy: RateLimitPolicy) -> BudgetState:
        """Return the state of a budget of which nothing is spent."""
        ledgers = [Ledger(window.limit, window.seconds) for window in policy.windows]
        return cls(ledgers, headers=policy.headers)

    def take(self, ident: str, amounts: tuple[int, ...], spares: tuple[int, ...], now: float, lease: float) -> float:
        """Hold the amounts, one a window, and return 0; or hold nothing and return the seconds to wait."""
        wait = self.blocked_until - now if self.blocked_until > now else 0.0
        for number, ledger in enumerate(self.ledgers):
            if amounts[number]:
                ledger.sweep(now)
                wait = max(wait, ledger.wait(now, amounts[number], spares[number]))
        if wait == 0.0:
            for number, ledger in enumerate(self.ledgers):
                if amounts[number]:
                    ledger.hold(ident, amounts[number], now, lease)
        return wait

    def forecast(self, amounts: tuple[int, ...], spares: tuple[int, ...], now: float) -> float:
        """Return the seconds until all of these can have been sent.

        While the first answer is awaited that will tell the limit, the policy's own, perhaps far lower, does not count.
        """
        wait = max(self.blocked_until - now, 0.0)
        awaited = self._headers.limit is not None and not self.ledgers[self._headers.window].told
        for number, (ledger, amount, spare) in enumerate(zip(self.ledgers, amounts, spares, strict=True)):
            if amount and not (awaited and number == self._headers.window and ledger.held):
                ledger.sweep(now)
                wait = max(wait, ledger.forecast(now, amount, spare))
        return wait

    def drop(self, ident: str) -> None:
        """Give everything back."""
        for ledger in self.ledgers:
            ledger.drop(ident)

    def settle(
        self,
        ident: str,
        amounts: tuple[int, ...],
        sent: float,
        answered: float,
        *,
        reading: Reading = NOTHING,
        lost: bool = False,
    ) -> None:
        """Replace what was held by what was spent, and learn what the answer said, unless none came (``lost``)."""
        if reading.limit is not None:
            self._limit(reading.limit)
        for number, ledger in enumerate(self.ledgers):
            amount = amounts[number]
            speaks = number == self._headers.window
            charge = ledger.settle(
                ident, amount, sent, answered, reset=reading.reset if speaks else None, resolution=self._headers.step
            )
            if speaks and charge is not None and reading.remaining is not None:
                ledger.observe(reading.remaining, charge, sent, exact=not self._headers.remaining_is_hint)
            # A request without an answer may still be on its way to the server.
            ledger.settled = max(ledger.settled, answered + (ledger.seconds if lost else 0.0))
        if sent > self.blocked_at:
            self.strikes = 0

    def refuse(self, ident: str, sent: float, answered: float, *, reading: Reading) -> None:
        """Give back what was held and stop everybody for as long as the vendor says, or else for a growing pause."""
        self.drop(ident)
        ledger = self.ledgers[self._headers.window]
        if reading.limit is not None:
            self._limit(reading.limit)
        told = reading.retry_after if reading.retry_after is not None else reading.reset
        if told is not None:
            # A vendor that says 0 has rounded down.
            until = answered + max(told, self._headers.resolution) + ledger.guard
            ledger.ends(until, sent)
        else:
            if sent > self.blocked_at:
                self.strikes += 1
            pause = ledger.seconds * FIRST_PAUSE * 2.0 ** min(self.strikes - 1, 6)
            until = answered + min(pause, ledger.seconds)
        self.blocked_at = max(self.blocked_at, answered)
        self.blocked_until = max(self.blocked_until, until)

    def _limit(self, told: int) -> None:
        ledger = self.ledgers[self._headers.window]
        ledger.limit = told
        ledger.told = True

    def tighten(self, limits: tuple[int, ...]) -> None:
        """Lower the limits to these, one a window, where the server has not told its own."""
        for ledger, limit in zip(self.ledgers, limits, strict=True):
            if not ledger.told:
                ledger.limit = min(ledger.limit, limit)

    def abandon(self, now: float) -> None:
        """Charge all that is in flight: whoever sent it is not here any more."""
        for ledger in self.ledgers:
            ledger.abandon(now)

    def idle(self, now: float) -> bool:
        """Whether nothing is spent, held or blocked, so that forgetting the state loses nothing."""
        for ledger in self.ledgers:
            ledger.sweep(now)
        return self.blocked_until <= now and not any(ledger.used for ledger in self.ledgers)

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON-able data."""
        return {
            "ledgers": [ledger.dump() for ledger in self.ledgers],
            "blocked": None if self.blocked_at == UNKNOWN else [self.blocked_until, self.blocked_at],
            "strikes": self.strikes,
        }

    @classmethod
    def load(cls, data: dict[str, Any], policy: RateLimitPolicy) -> BudgetState:
        """Return the state that ``dump`` wrote for a budget of the same policy."""
        until, at = data["blocked"] or (UNKNOWN, UNKNOWN)
        ledgers = [Ledger.load(ledger) for ledger in data["ledgers"]]
        return cls(ledgers, until, at, data["strikes"], policy.headers)
