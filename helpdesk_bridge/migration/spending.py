"""What a migration spent: calls and units of both sides over all runs, and the least that it could have spent."""

from __future__ import annotations

from collections.abc import Callable

from helpdesk_bridge.adapter import Importer
from helpdesk_bridge.migration import summary as summing
from helpdesk_bridge.migration.cost import ReadCost
from helpdesk_bridge.migration.desk import MigrationDesk, Spent
from helpdesk_bridge.migration.journal.journal import Journal

DOWNLOAD = "attachments.open"


class Accounts:
    """Watches both connections from when it is made; the journal keeps what it shows with every transaction."""

    def __init__(self, source: MigrationDesk, destination: MigrationDesk) -> None:
        self._sides = {"source": source, "destination": destination}
        self._before = {name: side.spent() for name, side in self._sides.items()}
        self._file_units = dict.fromkeys(self._sides, 0)
        self._unsubscribe = [self._watch(name, side) for name, side in self._sides.items()]

    def _watch(self, name: str, side: MigrationDesk) -> Callable[[], None]:
        def saw(event: object) -> None:
            # Whether a vendor charges downloads is the adapter's knowledge; what one was charged tells.
            if getattr(event, "operation", None) == DOWNLOAD:
                self._file_units[name] = max(self._file_units[name], int(getattr(event, "units", 0)))

        return side.desk.subscribe(saw)

    def spent(self) -> dict[str, tuple[int, int, int]]:
        """Return calls, units and refusals of each side since the start."""
        return {name: _since(side.spent(), self._before[name]) for name, side in self._sides.items()}

    def minimum(self, journal: Journal, importer: Importer, *, verified: bool) -> dict[str, int | None]:
        """Return the fewest units of each side for what the journal says was done; None for a desk that costs nothing."""
        apart = {name: journal.opens_apart(name) for name in self._sides}
        costs = {
            name: ReadCost.of(side.desk.capabilities, apart=apart[name], file=self._file_units[name])
            for name, side in self._sides.items()
        }
        work = summing.work_of(journal, importer, costs["source"], costs["destination"])
        found = summing.minimum(work, importer, costs["source"], costs["destination"], verified=verified)
        return {name: None if side.defines else found[name] for name, side in self._sides.items()}

    def close(self) -> None:
        """Stop watching."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()


def _since(now: Spent, before: Spent) -> tuple[int, int, int]:
    return now.calls - before.calls, now.units - before.units, now.refused - before.refused
