"""Spending: calls and units of both desks over all runs, and the least that they could have been."""

from __future__ import annotations

from collections.abc import Callable

from helpdesk_bridge.adapter import Fidelity, Importer, MessageClass
from helpdesk_bridge.migration.cost import (
    ReadCost,
    Thread,
    Work,
    list_minimum,
    source_minimum,
    verify_minimum,
    write_minimum,
)
from helpdesk_bridge.migration.desk import MigrationDesk, Spent
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Kind
from helpdesk_bridge.migration.plan.message_use import counted
from helpdesk_bridge.migration.summary import Counts

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
        source, destination = costs["source"], costs["destination"]
        work = _work_of(journal, importer, source, destination)
        units = {
            "source": source_minimum(work, source) + (list_minimum(work, source) if verified else 0),
            "destination": write_minimum(work, importer.cost) + (verify_minimum(work, destination) if verified else 0),
        }
        return {name: None if side.defines else units[name] for name, side in self._sides.items()}

    def close(self) -> None:
        """Stop watching."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()


def _since(now: Spent, before: Spent) -> tuple[int, int, int]:
    return now.calls - before.calls, now.units - before.units, now.refused - before.refused


def _work_of(journal: Journal, importer: Importer, source: ReadCost, destination: ReadCost) -> Work:
    """Return what the journal says was to be read and written, for the formula of ``docs/explanation/calls.md``."""
    counts = {kind: Counts.of(states) for kind, states in journal.counts().items()}
    work = Work(
        source_tickets=counts[Kind.TICKET].planned,
        source_contacts=counts[Kind.CONTACT].planned,
        contacts_written=journal.written_contacts(),
        tickets_written=counts[Kind.TICKET].migrated,
        destination_tickets=counts[Kind.TICKET].migrated,
        destination_contacts=journal.written_contacts(),
    )
    work.inline_written = _inline_written(journal, importer)
    for row in journal.threads():
        leaders, files = row["leaders"], row["files"]
        there = leaders + (not row["openings"])
        work.source_threads += source.source_thread(Thread(row["messages"]))
        work.source_files += files
        if not leaders:
            continue
        work.messages_written += there - 1
        work.tickets_finished += int(there > 1 or importer.cost.finish_always)
        work.destination_threads += destination.verified_thread(Thread(there, row["opening_files"] > 0))
        work.destination_files += files
    return work


def _inline_written(journal: Journal, importer: Importer) -> int:
    """Return how many messages were written with images inside."""
    total = 0
    for (class_name, name), records in counted(journal.message_classes()).items():
        kept = importer.fidelity.messages.get(MessageClass[class_name], {})
        if name == "inline" and "inline" in kept and kept["inline"].how is Fidelity.NATIVE:
            total += records
    return total
