"""The account of one rate window: what was spent, and until when each part of it must be held against us.

The rule that makes it safe whatever the phase of the server's window: a charge is released no earlier than the end of
the server window in which it was counted. A later request can fall into that window only if it was sent before that
end, and at that moment the charge still stood. So the sum never exceeds the limit in any server window, wherever the
window starts. What is in flight has no release time and counts against every window until its answer.

Without a reset header the window in which an answer was counted ended at the latest one window after the answer came;
with one, the header tells. Both are upper bounds, so a charge may be held a little too long and never too short.
"""

from __future__ import annotations

import math
from typing import Any

from attrs import define, field

UNKNOWN = -math.inf
MOST_CHARGES = 256


@define
class Charge:
    """Units held until ``release``; ``earliest`` is the other bound of the window's end, where a header told it."""

    release: float
    units: int
    earliest: float = UNKNOWN


@define
class Held:
    """Units of a request in flight; after ``lease`` its process is taken for dead."""

    units: int
    lease: float


@define
class Ledger:
    """The live state of one window, in vendor seconds. Plain data: the store decides where it lives and locks it."""

    limit: int
    seconds: float
    charges: list[Charge] = field(factory=list)
    held: dict[str, Held] = field(factory=dict)
    used: int = 0
    """The sum of all charges and of all that is held."""
    told: bool = False
    """Whether ``limit`` is the server's own figure."""
    swept: float = UNKNOWN
    settled: float = UNKNOWN
    """When the last request that may be missing from the server's figures was answered or given up."""
    outside_until: float = UNKNOWN
    """Until then the window is known to be shared with somebody we cannot see."""
    guard: float = field(init=False)
    """Seconds added to every release, for clocks that do not run equally fast."""

    def __attrs_post_init__(self) -> None:
        self.guard = self.seconds * 2e-4

    def sweep(self, now: float) -> None:
        """Drop what cannot count any more."""
        charges = self.charges
        while charges and charges[0].release <= now:
            gone = charges.pop(0)
            self.used -= gone.units
            self.swept = gone.release
        if self.held:
            # Its process died; it was sent at the latest when the lease ended. The oldest stands first.
            ident, held = next(iter(self.held.items()))
            if held.lease <= now:
                del self.held[ident]
                self._insert(Charge(held.lease + self.seconds + self.guard, held.units))

    def wait(self, now: float, units: int, spare: int = 0) -> float:
        """Return the seconds until ``units`` may be sent, 0 for now; infinity if only an answer can tell.

        ``spare`` units of the window are left alone, unless the request would never fit then.
        """
        need = self.used + units - max(self.limit - spare, units)
        if self.outside_until > now and self.held:
            # Somebody else spends too: what is in flight may not be in the last figure the server told.
            need += sum(held.units for held in self.held.values())
        if need <= 0:
            return 0.0
        for charge in self.charges:
            need -= charge.units
            if need <= 0:
                return max(charge.release - now, 0.0)
        return math.inf

    def forecast(self, now: float, units: int, spare: int = 0) -> float:
        """Return the seconds until that many units can have been sent one after the other, as things look now."""
        limit = max(self.limit - spare, 1)
        need = self.used + units - limit
        if need <= 0:
            return 0.0
        told = bool(self.charges) and self.charges[-1].earliest != UNKNOWN
        unknown = self.charges[-1].release if told else now + self.seconds
        steps = [(charge.release, charge.units) for charge in self.charges]
        settled = sum(amount for _, amount in steps)
        steps.append((unknown, max(limit, self.used) - settled))
        rounds, rest = divmod(need - 1, max(limit, self.used))
        for release, amount in steps:
            rest -= amount
            if rest < 0:
                return max(release - now, 0.0) + rounds * self.seconds
        return max(unknown - now, 0.0) + rounds * self.seconds

    def hold(self, ident: str, units: int, now: float, lease: float) -> None:
        """Count units against every window until ``settle`` or ``drop``."""
        self.held[ident] = Held(units, now + lease)
        self.used += units

    def drop(self, ident: str) -> None:
        """Give back what was held: it was provably not sent, or refused and not counted."""
        held = self.held.pop(ident, None)
        if held is not None:
            self.used -= held.units

    def settle(
        self,
        ident: str,
        units: int,
        sent: float,
        answered: float,
        *,
        reset: float | None = None,
        resolution: float = 1.0,
    ) -> Charge | None:
        """Replace what was held by a charge with its release time; return it unless nothing is charged."""
        self.drop(ident)
        if units <= 0:
            return None
        self.used += units
        if reset is None:
            charge = Charge(answered + self.seconds + self.guard, units)
            self._insert(charge)
            return charge
        return self._lock_on(units, sent + reset - resolution, answered + reset + self.guard)

    def _lock_on(self, units: int, earliest: float, latest: float) -> Charge:
        # Windows end at least one window apart: two narrow intervals that touch speak of the same end.
        if latest - earliest >= self.seconds / 3:
            charge = Charge(latest, units)
            self._insert(charge)
            return charge
        for charge in self.charges:
            if charge.earliest != UNKNOWN and charge.earliest <= latest and earliest <= charge.release:
                charge.units += units
                charge.earliest = max(charge.earliest, earliest)
                if latest < charge.release:
                    charge.release = latest
                    self.charges.sort(key=_release)
                return charge
        charge = Charge(latest, units, earliest)
        self._insert(charge)
        return charge

    def observe(self, remaining: int, charge: Charge, sent: float, *, exact: bool) -> None:
        """Compare with what the server says is left after the answer of ``charge``.

        What it counts and we do not, others have spent: it is charged. With an ``exact`` figure, what we count and it
        does not is given back, unless another request was in flight meanwhile.
        """
        if self.swept > sent:
            # A window may have ended while that request was in flight: the figure may speak of the old one.
            return
        others = 0
        if charge.earliest != UNKNOWN and len(self.charges) > 1:
            others = sum(c.units for c in self.charges if c is not charge and c.earliest != UNKNOWN)
        missing = self.limit - remaining - (self.used - others)
        if missing > 0:
            charge.units += missing
            self.used += missing
            self.outside_until = max(self.outside_until, charge.release)
        elif missing < 0 and exact and not self.held and self.settled <= sent:
            self._give_back(-missing, charge)

    def _give_back(self, units: int, newest: Charge) -> None:
        # Oldest first: those are the ones whose window ended without our having seen it.
        told = newest.earliest != UNKNOWN
        for charge in list(self.charges):
            if told and charge is not newest and charge.earliest != UNKNOWN:
                continue
            back = min(units, charge.units if charge is not newest else charge.units - 1)
            charge.units -= back
            self.used -= back
            units -= back
            if not charge.units:
                self.charges.remove(charge)

    def ends(self, until: float, sent: float) -> None:
        """Take note that the window in which a request sent then was refused ends at ``until``."""
        for charge in self.charges:
            if charge.earliest == UNKNOWN and charge.release - self.guard - self.seconds <= sent:
                charge.release = min(charge.release, until)
        self.charges.sort(key=_release)

    def abandon(self, now: float) -> None:
        """Charge all that is in flight as if it had been answered now: nobody here will settle it."""
        for held in self.held.values():
            self.charges.append(Charge(now + self.seconds + self.guard, held.units))
        self.held.clear()
        self.charges.sort(key=_release)

    def _insert(self, charge: Charge) -> None:
        charges = self.charges
        charges.append(charge)
        if len(charges) > 1 and charges[-2].release > charge.release:
            charges.sort(key=_release)
        if len(charges) > MOST_CHARGES:
            self._compact(charge)

    def _compact(self, newest: Charge) -> None:
        # Neighbours join at the later release: the state stays small and errs on the safe side.
        joined: list[Charge] = []
        pending: Charge | None = None
        for charge in self.charges:
            if pending is not None and charge.earliest == UNKNOWN and charge is not newest:
                pending.units += charge.units
                pending.release = charge.release
                pending = None
            else:
                joined.append(charge)
                pending = charge if charge.earliest == UNKNOWN and charge is not newest else None
        self.charges = joined

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON-able data."""
        return {
            "limit": self.limit,
            "seconds": self.seconds,
            "charges": [[c.release, c.units, None if c.earliest == UNKNOWN else c.earliest] for c in self.charges],
            "held": {ident: [h.units, h.lease] for ident, h in self.held.items()},
            "told": self.told,
            "settled": None if self.settled == UNKNOWN else self.settled,
            "swept": None if self.swept == UNKNOWN else self.swept,
            "outside_until": None if self.outside_until == UNKNOWN else self.outside_until,
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Ledger:
        """Return the ledger that ``dump`` wrote."""
        charges = [Charge(release, units, _or_unknown(earliest)) for release, units, earliest in data["charges"]]
        held = {ident: Held(units, lease) for ident, (units, lease) in data["held"].items()}
        used = sum(c.units for c in charges) + sum(h.units for h in held.values())
        return cls(
            data["limit"],
            data["seconds"],
            charges,
            held,
            used,
            told=data["told"],
            swept=_or_unknown(data["swept"]),
            settled=_or_unknown(data["settled"]),
            outside_until=_or_unknown(data["outside_until"]),
        )


def _release(charge: Charge) -> float:
    return charge.release


def _or_unknown(value: float | None) -> float:
    return UNKNOWN if value is None else value
