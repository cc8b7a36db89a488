"""The live state of a whole budget: one ledger a window, and the vendor's last "wait"."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from helpdesk_bridge.ratelimit.ledger import UNKNOWN, Ledger
from helpdesk_bridge.ratelimit.policy import NOTHING, RateLimitPolicy, Reading

FIRST_PAUSE = 1 / 60
"""Part of a window to wait after a refusal that names no time; it doubles with each further one, up to a window."""


@define
class BudgetState:
    """Plain data that every store keeps; all times in vendor seconds of one clock."""

    ledgers: list[Ledger]
    blocked_until: float = UNKNOWN
    blocked_at: float = UNKNOWN
    strikes: int = 0
    _header_window: int = field(default=0, alias="header_window")

    @classmethod
    def fresh(cls, policy: RateLimitPolicy) -> BudgetState:
        """Return the state of a budget of which nothing is spent."""
        ledgers = [Ledger(window.limit, window.seconds) for window in policy.windows]
        return cls(ledgers, header_window=policy.headers.window)

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
        """Return the seconds until all of these can have been sent."""
        wait = max(self.blocked_until - now, 0.0)
        for ledger, amount, spare in zip(self.ledgers, amounts, spares, strict=True):
            if amount:
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
        resolution: float = 1.0,
    ) -> None:
        """Replace what was held by what was spent, and learn what the answer said."""
        if reading.limit is not None:
            self.ledgers[self._header_window].limit = reading.limit
        for number, ledger in enumerate(self.ledgers):
            amount = amounts[number]
            speaks = number == self._header_window
            charge = ledger.settle(
                ident, amount, sent, answered, reset=reading.reset if speaks else None, resolution=resolution
            )
            if speaks and charge is not None and reading.remaining is not None:
                ledger.observe(reading.remaining, charge, sent)
        if sent >= self.blocked_at:
            self.strikes = 0

    def refuse(self, ident: str, sent: float, answered: float, *, reading: Reading, resolution: float) -> None:
        """Give back what was held and stop everybody for as long as the vendor says, or else for a growing pause."""
        self.drop(ident)
        ledger = self.ledgers[self._header_window]
        if reading.limit is not None:
            ledger.limit = reading.limit
        told = reading.retry_after if reading.retry_after is not None else reading.reset
        if told is not None:
            # A vendor that says 0 has rounded down.
            until = answered + max(told, resolution) + ledger.guard
            ledger.ends(until, sent)
        else:
            if sent >= self.blocked_at:
                self.strikes += 1
            pause = ledger.seconds * FIRST_PAUSE * 2.0 ** min(self.strikes - 1, 6)
            until = answered + min(pause, ledger.seconds)
        self.blocked_at = max(self.blocked_at, answered)
        self.blocked_until = max(self.blocked_until, until)

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
            "header_window": self._header_window,
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> BudgetState:
        """Return the state that ``dump`` wrote."""
        until, at = data["blocked"] or (UNKNOWN, UNKNOWN)
        ledgers = [Ledger.load(ledger) for ledger in data["ledgers"]]
        return cls(ledgers, until, at, data["strikes"], data["header_window"])
