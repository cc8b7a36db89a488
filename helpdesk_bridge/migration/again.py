"""Adopts what an earlier migration of this pair wrote whose journal is lost."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from helpdesk_bridge.migration.context import LoadContext
from helpdesk_bridge.migration.markers import all_markers, indexed, recent_markers
from helpdesk_bridge.migration.states import Key, Kind, Record, State
from helpdesk_bridge.migration.ticket_load import FOUND_AGAIN
from helpdesk_bridge.model import Ticket


@frozen
class FindAgain:
    """Looks for this migration's markers at the destination; contacts are found by their e-mail in any case."""

    context: LoadContext

    def run(self) -> int:
        """Write the tickets that are there into the journal; return how many there are.

        Where the user did not ask for it, a glance at what was touched last decides whether everything is looked at.
        """
        there = self._there()
        found = [
            Record(
                key=Key(Kind.TICKET, ticket.id),
                state=State.DONE,
                reason=FOUND_AGAIN,
                marker=marker,
                destination=(there[marker],),
            )
            for marker, ticket in self._marked()
            if marker in there
        ]
        self.context.journal.save(*found)
        return len(found)

    def _marked(self) -> Iterator[tuple[str, Ticket]]:
        context = self.context
        for ticket in context.spool.each(Kind.TICKET.value, Ticket):
            if not (ticket.spam or ticket.deleted):
                yield context.marker("ticket", ticket.ref), ticket

    def _there(self) -> dict[str, str]:
        context = self.context
        side, outage = context.destination, context.destination_outage
        if side.defines:
            found = ((marker, indexed(context.importer, marker, ticket)) for marker, ticket in self._marked())
            return {marker: ids[0] for marker, ids in found if ids}
        if not context.options.rebuild:
            recent = recent_markers(side, outage)
            if not recent or not any(marker in recent for marker, _ in self._marked()):
                return {}
        return all_markers(side, outage)
