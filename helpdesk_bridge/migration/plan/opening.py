"""Whether a desk keeps the opening message on the ticket, apart from the thread: it decides what reading costs.

Such an opening has the id ``<ticket id>:0`` on every desk.
"""

from __future__ import annotations

from helpdesk_bridge.migration.journal.expected import opens
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Key, Kind, State


def apart_at_source(journal: Journal) -> bool:
    """Whether the source does, as the threads that were read show."""
    record = next(journal.each(Kind.MESSAGE), None)
    return (
        record is not None and journal.get(Key(Kind.MESSAGE, f"{record.key.parent}:0", record.key.parent)) is not None
    )


def apart_at_destination(journal: Journal) -> bool:
    """Whether the destination does, as the ids of what was written show."""
    for record in journal.each(Kind.MESSAGE, State.DONE):
        if opens(record.expected) and record.destination:
            return record.destination[0].endswith(":0")
    return False
