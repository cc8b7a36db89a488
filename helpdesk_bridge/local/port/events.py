"""Events of a local desk, by the number of each write; each event names a record to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import EventsRead, RecordEvent
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.store.values import moment_of

_A_LITTLE: Final = timedelta(seconds=61)
"""How far a wired desk begins before its vendor's clock."""


@frozen(eq=False)
class LocalEvents:
    """Events in the order of writing. ``at`` is when this desk wrote it, which for an imported record is not when it came to be.

    A record that changed several times gives one event, a removed record none.
    """

    _desk: LocalDesk

    def begin(self, since: datetime | None) -> Mapping[str, Any]:
        """Return the position before all that was written since then."""
        space = self._desk.store.space
        with space.database.read() as connection:
            return {"r": space.revision_before(connection, since or self._desk.now() - _A_LITTLE)}

    def after(self, position: Mapping[str, Any], limit: int | None) -> EventsRead:
        """Return what was written after a position, in that order."""
        self._desk.calls.add("events", position=position, limit=limit)
        store, revision = self._desk.store, position.get("r")
        with store.database.read() as connection:
            last = store.space.revision(connection)
            if type(revision) is not int or not 0 <= revision <= last:
                raise Invalid(
                    "this cursor is none of this desk's events, or older content was put back into it since; begin anew "
                    "with a time",
                    field="cursor",
                )
            changes = [
                *(("contact", contact) for contact in store.space.changed_after(connection, "contacts", revision)),
                *(("ticket", ticket) for ticket in store.space.changed_after(connection, "tickets", revision)),
                *(("message", message) for message in store.messages.added_after(connection, revision)),
            ]
        items = (
            RecordEvent(
                f"{kind}.{'created' if one.is_new else 'updated'}",
                one.id,
                moment_of(one.at),
                one.ticket_id,
                str(one.revision),
            )
            for kind, one in sorted(changes, key=lambda told: told[1].place)
        )
        return EventsRead(tuple(items), {"r": last})
