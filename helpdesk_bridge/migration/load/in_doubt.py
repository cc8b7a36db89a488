"""Creates in doubt: the journal says that a create was sent, and nothing says whether it arrived.

A create becomes in doubt in ``helpdesk_bridge.http.retry``, which raises ``InDoubt`` if a request may have arrived and its
answer is missing or unreadable. The load then parks the task for the settle time and looks the record up at the
destination; only if that look-up shows nothing certain either does the record get ``State.IN_DOUBT`` and wait for the
user's decision.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NoReturn

from helpdesk_bridge.migration.journal.states import Record
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.runner import Parked

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of a vendor's machines may be apart: the one that answers, and the one that dates a record."""


class SettleWait:
    """The settle time of one task: when it is over, a late commit is visible or can no longer happen."""

    def __init__(self, context: LoadContext) -> None:
        self._context = context
        self._ready_at: float | None = None

    def park(self) -> NoReturn:
        """Put the task aside: the create that it just sent is in doubt. Raises ``Parked``."""
        self._ready_at = self._context.destination.clock.now() + self._seconds
        raise Parked(self._ready_at)

    def wait(self) -> None:
        """Return when the intent can be looked up. Raises ``Parked`` before that."""
        if self._ready_at is None:
            self._ready_at = self._settled_at()
        if self._context.destination.clock.now() < self._ready_at:
            raise Parked(self._ready_at)
        self._ready_at = None

    def earliest(self, record: Record) -> datetime:
        """Return the earliest time at which the vendor may say that the record was created, by its own clock."""
        return (record.intent_at or self._context.journal.facts.began) - CLOCK_SKEW

    @property
    def _seconds(self) -> float:
        """The settle time in vendor seconds."""
        context = self._context
        return context.importer.settle if context.options.settle is None else context.options.settle

    def _settled_at(self) -> float:
        """Return when, on the destination's clock, an intent of an earlier run can be looked up.

        Not the intent's own time counts, which is of a clock that may have been set since, and after which that run may
        have waited before it sent, but the last moment at which it can have sent.
        """
        clock, file = self._context.destination.clock, self._context.journal.file
        passed = (file.lease_clock.now() - file.sent_until) * clock.time_scale
        return clock.now() + max(0.0, self._seconds - passed)
