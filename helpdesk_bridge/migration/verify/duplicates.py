"""Duplicates: tickets at the destination that carry the marker of a record and are not the ticket that became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from helpdesk_bridge.adapter import Importer, is_marker_field
from helpdesk_bridge.adapter.header_line import split_marker
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.adoption import Adoption
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.journal.states import Kind, Record
from helpdesk_bridge.migration.outage import Outage
from helpdesk_bridge.model.records import Ticket

MARKER_SHOWN: Final = frozenset({"spam", "deleted", "merged", "description", "custom_fields"})
"""What a list must include to show where markers are written."""
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


@frozen(eq=False)
class Duplicates:
    """Reports what carries a marker of this migration twice. A ticket that only looks marked is noted, not reported."""

    destination: MigrationDesk
    importer: Importer
    journal: Journal
    outage: Outage

    def of_listed(self, ticket: Ticket) -> Iterator[Difference]:
        """Yield a listed ticket that carries one of our markers, agrees with its record and is not the one we wrote."""
        if self.journal.at_destination(Kind.TICKET, ticket.id) is not None:
            return
        marker = self._marker_of(ticket)
        record = None if marker is None else self.journal.marked(marker)
        if record is not None and record.key.kind is Kind.TICKET:
            yield from self._duplicate(record, ticket.id)

    def of_record(self, record: Record, ticket: Ticket) -> Iterator[Difference]:
        """Yield other tickets under a record's marker at a desk that indexes markers and shows them nowhere (local)."""
        if self.destination.defines and record.marker is not None:
            for ticket_id in self.importer.find("ticket", record.marker, _LONG_AGO, ticket):
                if ticket_id != ticket.id:
                    yield from self._duplicate(record, ticket_id)

    def _marker_of(self, ticket: Ticket) -> str | None:
        """Return the marker that a listed ticket carries.

        It costs nothing if the list shows the marker's field or the opening, else one call.
        """
        for name, value in ticket.custom_fields.items():
            if is_marker_field(name) and isinstance(value, str) and value.strip():
                return value.strip()
        if ticket.description is not None:
            return split_marker(ticket.description)[0]
        if "description" not in ticket.not_loaded:
            return None
        try:
            page = self.outage.of_record(lambda: self.destination.desk.messages.list(ticket.id, resolve=False).page())
        except HelpdeskError:
            return None  # a ticket that cannot be read is none of ours
        return split_marker(page.items[0].body)[0] if page.items else None

    def _duplicate(self, record: Record, ticket_id: str) -> Iterator[Difference]:
        wanted = record.expected or {}
        written = self.journal.children(record.key.id, Kind.MESSAGE)
        openings = [child.expected for child in written if child.expected and expected.opens(child.expected)]
        opening = openings[0] if openings else wanted.get(expected.OPENING)
        judged = None
        if opening is not None:
            seal = self.journal.facts.marker_key.seal
            adoption = Adoption(self.destination, self.importer, self.outage, seal)
            judged = adoption.judge((ticket_id,), wanted.get("requester"), opening)
        if judged is None or judged.ours or judged.unread:
            ours = ",".join(record.destination) or "none"
            yield Difference(record.key.id, "ticket", record.key.id, "duplicate", ours, ticket_id)
        else:
            self.journal.facts.leave_alone(record.key.id, judged.others)
