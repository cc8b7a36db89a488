"""Repair: what becomes of each difference that a verification told.

Three values decide about a field: the source's now, the one that the journal wrote last, and the destination's now. What the
destination still holds as it was written is brought to the source's; what was changed there is left, and where both sides
changed it is a conflict. What is missing of a message whose create is done is written. The rest needs the user's word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.contents import said
from helpdesk_bridge.migration.journal.facts import Difference
from helpdesk_bridge.migration.journal.states import (
    IN_A_THREAD,
    ON_A_TICKET,
    Key,
    Kind,
    Record,
    State,
    is_opaque,
    reason_of,
)
from helpdesk_bridge.migration.load.contacts import fill
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.model.records import Contact, Ticket

SOURCE: Final = "source"
DESTINATION: Final = "destination"
MISSING: Final = "missing"
CHANGED_THERE: Final = "it was changed at the destination since it was written"
GONE: Final = "it is not at the destination any more"
CONFLICT: Final = "both sides changed it since it was written"
_WHY_NOT: Final = {
    "order": "a message that is there cannot be moved",
    "extra": "it was not written by this migration",
    "duplicate": "remove one of the two by hand",
    "spam": "take it out of the destination's spam by hand",
    "messages": "its thread could not be read",
    "readable": "it could not be read",
}
_TEXT: Final = "a message that is there is not written again"


class Outcome(Enum):
    """What becomes of a difference."""

    REPAIRED = "repaired"
    ACCEPTED = "accepted"
    CONFLICT = "conflict"
    LEFT = "left"


@frozen
class Repaired:
    """A difference and what becomes of it. ``source``, ``written`` and ``there`` are words or digests, of a field alone.

    ``decides``: whether the user can decide which side holds.
    """

    difference: Difference
    outcome: Outcome
    why: str = ""
    source: str | None = None
    written: str | None = None
    there: str | None = None
    decides: bool = False


@frozen(eq=False)
class Repair:
    """Sorts differences, and reopens in the journal what a load then writes. ``decided``: the user's word by record and source id."""

    context: LoadContext
    decided: Mapping[tuple[str, str], str]

    def sort(self, differences: Sequence[Difference]) -> list[Repaired]:
        """Return what becomes of each difference; contacts are repaired at once, tickets by the load that follows."""
        by_ticket: dict[str, list[Difference]] = {}
        for difference in differences:
            by_ticket.setdefault(difference.ticket, []).append(difference)
        repaired = [one for difference in by_ticket.pop("", []) for one in self._contact(difference)]
        for ticket_id, rows in by_ticket.items():
            repaired += self._ticket(ticket_id, rows)
        return repaired

    # -- contacts --------------------------------------------------------------------------------------------------

    def _contact(self, row: Difference) -> list[Repaired]:
        context, key = self.context, Key(Kind.CONTACT, row.id)
        record, old = context.journal.get(key), context.spool.get(Kind.CONTACT.value, row.id, Contact)
        if row.found == MISSING or row.expected == "readable" or record is None or old is None:
            return [self._left(row, "it is not there any more" if row.found == MISSING else _WHY_NOT["readable"])]
        contact, kept = context.mapping.contact(old), context.importer.fidelity.contact
        try:
            there = self._contact_there(record, contact)
        except HelpdeskError as error:
            return [self._left(row, reason_of(error))]
        written, source = record.expected or {}, expected.contact(contact, kept)
        judged = self._judged(row, source, written, expected.contact(there, kept, context.destination.aliases))
        if judged.outcome is Outcome.REPAIRED:
            try:
                fill(context, there.id, contact)
            except HelpdeskError as error:
                return [evolve(judged, outcome=Outcome.LEFT, why=f"the destination refused it: {reason_of(error)}")]
            context.journal.save(evolve(record, expected={**source, "updated_at": None}))
        return [judged]

    def _contact_there(self, record: Record, contact: Contact) -> Contact:
        context, contact_id = self.context, record.destination[0]
        contacts = context.destination.desk.contacts
        if not is_opaque(contact_id):
            return context.destination_outage.of_record(partial(contacts.get, contact_id))
        found = context.destination_outage.of_record(lambda: contacts.find(email=contact.email or ""))
        return contact if found is None else found

    # -- tickets ---------------------------------------------------------------------------------------------------

    def _ticket(self, ticket_id: str, rows: Sequence[Difference]) -> list[Repaired]:
        context = self.context
        record = context.journal.get(Key(Kind.TICKET, ticket_id))
        old = context.spool.get(Kind.TICKET.value, ticket_id, Ticket)
        if record is None or old is None:
            return [self._left(row, "the source does not have it any more") for row in rows]
        if any(row.record == "ticket" and row.found == MISSING for row in rows):
            return self._gone(record, rows)
        source, there = self._both(record, old, rows)
        repaired = [self._row(row, record, source, there) for row in rows]
        if any(one.outcome is Outcome.REPAIRED for one in repaired):
            self._reopen(record, [one.difference for one in repaired if one.outcome is Outcome.REPAIRED])
        return repaired

    def _both(self, record: Record, old: Ticket, rows: Sequence[Difference]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a ticket shows now, at the source and at the destination, if any of its fields differs."""
        if not any(row.record == "ticket" and row.field in (record.expected or {}) for row in rows):
            return {}, {}
        context, kept = self.context, self.context.importer.fidelity.ticket
        source = expected.ticket(context.mapping.ticket(old), kept, Aliases())
        try:
            read = partial(context.destination.desk.tickets.get, record.destination[0])
            ticket = context.destination.ticket(context.destination_outage.of_record(read))
        except HelpdeskError:
            return source, {}
        return source, expected.ticket(ticket, kept, context.destination.aliases)

    def _gone(self, record: Record, rows: Sequence[Difference]) -> list[Repaired]:
        if self.decided.get(("ticket", record.key.id)) != SOURCE:
            return [Repaired(row, Outcome.LEFT, GONE, decides=row.record == "ticket") for row in rows]
        context, ticket_id = self.context, record.key.id
        children = context.journal.children(ticket_id, *ON_A_TICKET)
        again = [record, *(child for child in children if child.state is State.DONE)]
        context.journal.save(
            *[evolve(one, state=State.PLANNED, destination=(), finished=False, version=None) for one in again]
        )
        return [Repaired(row, Outcome.REPAIRED, "written again, as you decided") for row in rows]

    def _row(self, row: Difference, record: Record, source: Mapping[str, Any], there: Mapping[str, Any]) -> Repaired:
        if row.record == "ticket" and row.field in (record.expected or {}):
            return self._judged(row, source, record.expected or {}, there)
        if row.expected == "readable":
            return self._left(row, _WHY_NOT["readable"])
        if self.decided.get((row.record, row.id)) == DESTINATION:
            return self._accepted(row)
        if row.field == "inline" or (row.record == "attachment" and row.found == MISSING):
            return Repaired(row, Outcome.REPAIRED, "what was missing of the message is written")
        if row.record == "message" and row.found == MISSING:
            if self.decided.get((row.record, row.id)) == SOURCE:
                return Repaired(row, Outcome.REPAIRED, "written again, as you decided")
            return Repaired(row, Outcome.LEFT, GONE, decides=True)
        return self._left(row, _WHY_NOT.get(row.field, _TEXT))

    def _judged(
        self,
        row: Difference,
        source: Mapping[str, Any],
        written: Mapping[str, Any],
        there: Mapping[str, Any],
    ) -> Repaired:
        now, wrote, shown = (one.get(row.field) for one in (source, written, there))
        decision = self.decided.get((row.record, row.id))
        if decision == DESTINATION:
            judged = self._accepted(row)
        elif decision == SOURCE or wrote == shown:
            judged = Repaired(row, Outcome.REPAIRED, "set to the source's")
        elif now == wrote:
            judged = Repaired(row, Outcome.LEFT, CHANGED_THERE, decides=True)
        else:
            judged = Repaired(row, Outcome.CONFLICT, CONFLICT, decides=True)
        return evolve(judged, source=said(now), written=said(wrote), there=said(shown))

    def _reopen(self, record: Record, rows: Sequence[Difference]) -> None:
        """Let the load write what was judged, and nothing else of the ticket."""
        journal, ticket_id = self.context.journal, record.key.id
        children = journal.children(ticket_id, *IN_A_THREAD)
        missing = {row.id for row in rows if row.record == "message" and row.found == MISSING}
        parts = {row.id for row in rows if row.record == "attachment" or row.field == "inline"}
        changed = []
        for child in children:
            if child.state is not State.DONE:
                continue
            # What was written as one message is one here as well.
            together = {one.key.id for one in children if one.destination and one.destination == child.destination}
            if ({child.key.id} | together) & missing:
                changed.append(evolve(child, state=State.PLANNED, destination=(), intent_at=None))
            elif ({child.key.id} | together) & parts:
                changed.append(evolve(child, state=State.INTENT))
        fields = any(row.record == "ticket" for row in rows)
        journal.save(evolve(record, finished=record.finished and not fields and not missing, version=None), *changed)

    def _accepted(self, row: Difference) -> Repaired:
        self.context.journal.facts.accept(row)
        return Repaired(row, Outcome.ACCEPTED, "left as the destination has it, as you decided")

    @staticmethod
    def _left(row: Difference, why: str) -> Repaired:
        return Repaired(row, Outcome.LEFT, why)
