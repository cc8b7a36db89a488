"""Waits until a write in doubt can be looked up."""

from __future__ import annotations

from typing import NoReturn

from helpdesk_bridge.migration.journal.states import Record
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.runner import Parked


class Settling:
    """The settle time of one task: a late commit is seen, or cannot come any more, when it is over."""

    def __init__(self, context: LoadContext) -> None:
        self._context = context
        self._ready_at: float | None = None

    def park(self) -> NoReturn:
        """Put the task aside: what it just sent is in doubt. Raises ``Parked``."""
        self._ready_at = self._context.settled_at(self._context.destination.clock.wall(), own=True)
        raise Parked(self._ready_at)

    def wait(self, record: Record) -> None:
        """Return when an intent can be looked up. Raises ``Parked`` before."""
        context = self._context
        if self._ready_at is None:
            self._ready_at = context.settled_at(record.intent_at or context.journal.created, own=False)
        if context.destination.clock.now() < self._ready_at:
            raise Parked(self._ready_at)
        self._ready_at = None
