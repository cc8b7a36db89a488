"""Events of a local desk: what was written since a time; each event names a record to fetch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from helpdesk_bridge.desk.polling import RecordEvent
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.store.values import micros, moment_of


@frozen(eq=False)
class LocalEvents:
    """Events by polling. ``at`` is when this desk wrote it, which for an imported record is not when it came to be.

    A record that changed several times gives one event, a removed record none.
    """

    _desk: LocalDesk

    def since(self, since: datetime) -> Sequence[RecordEvent]:
        """Return what was written at or after ``since``, oldest first."""
        self._desk.calls.add("events")
        store = self._desk.store
        start = micros(since, "since")
        found: list[tuple[int, int, RecordEvent]] = []
        with store.database.read() as connection:
            changed = {
                "contact": store.contacts.changed_since(connection, since),
                "ticket": store.tickets.changed_since(connection, since),
            }
            for rank, (kind, records) in enumerate(changed.items()):
                for record_id, written, at in records:
                    what = "created" if written >= start else "updated"
                    found.append((at, rank, RecordEvent(f"{kind}.{what}", record_id, moment_of(at))))
            for record_id, ticket_id, at in store.messages.changed_since(connection, since):
                found.append((at, 2, RecordEvent("message.created", record_id, moment_of(at), ticket_id)))
        return tuple(event for _, _, event in sorted(found, key=lambda one: one[:2]))
