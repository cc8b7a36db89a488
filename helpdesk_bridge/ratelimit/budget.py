"""What users see of a rate limit."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from helpdesk_bridge.ratelimit.state import Left


class BudgetSource(Protocol):
    """What a budget shows: the governor's live state."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the state lives, in words."""

    @property
    @abstractmethod
    def key(self) -> str:
        """The budget's name."""

    @property
    @abstractmethod
    def lost(self) -> bool:
        """Whether the place cannot be used just now."""

    @abstractmethod
    def left(self) -> Left:
        """Return what is left, and until when it is held back."""

    @abstractmethod
    def holders(self) -> tuple[str, ...]:
        """Return the other processes that spend it."""

    @abstractmethod
    def forecast(self, units: int, rows: int = 0) -> float:
        """Return the vendor seconds until that many more units can have been sent."""


class Budget:
    """What is left of a vendor's rate limit, live, as far as all know who share its state."""

    def __init__(self, governor: BudgetSource) -> None:
        self._governor = governor

    @property
    def limit(self) -> int:
        """Units a window: the server's own figure once it told one, else the policy's."""
        return self._governor.left().limit

    @property
    def remaining(self) -> int:
        """Units that could be sent now; 0 while the vendor makes everybody wait."""
        return self._governor.left().units

    @property
    def resets_in(self) -> float | None:
        """Vendor seconds until all of the limit is there again; None if nothing of it is spent."""
        return self._governor.left().ends_in

    @property
    def place(self) -> str:
        """Where its state lives, in words without any secret."""
        return self._governor.place

    @property
    def key(self) -> str:
        """The name of this budget: the vendor and a digest of whose it is."""
        return self._governor.key

    @property
    def lost(self) -> bool:
        """Whether that place cannot be used just now, so that this process has a share of the limit only."""
        return self._governor.lost

    @property
    def holders(self) -> tuple[str, ...]:
        """The other processes that spend it, as far as the place tells."""
        return self._governor.holders()

    def forecast(self, units: int, rows: int = 0) -> float:
        """Return the vendor seconds until that many more units can have been sent, after all who wait already.

        ``rows`` are the records that lists among them give, for vendors that count those too (Desk365: tickets).
        """
        return self._governor.forecast(units, rows)

    def __repr__(self) -> str:
        left = self._governor.left()
        return f"Budget(remaining={left.units}, limit={left.limit})"
