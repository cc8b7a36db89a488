"""Outcomes: what becomes of tickets and contacts, counted record by record with the user's decisions.

Whatever depends on a value is asked of the same mapping that a run writes with, so that what is announced is what will
be done.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from attrs import define, field

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, Importer
from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Kind
from helpdesk_bridge.migration.plan.field_maps import EndKind, FieldMap, fits_partly
from helpdesk_bridge.migration.plan.mapping import Mapping
from helpdesk_bridge.migration.plan.people import fold_key
from helpdesk_bridge.migration.plan.rest import LOST, Left, carriers, left_fields, rest_lines
from helpdesk_bridge.migration.plan.values import Answer
from helpdesk_bridge.model.addresses import Mailbox, is_email
from helpdesk_bridge.model.records import Contact, FieldType, Ticket
from helpdesk_bridge.text.plain import one_line

IN_A_NOTE: Final = "kept in a note"
AND_IN_A_NOTE: Final = ", and in a note as it was"
_BY_YOU: Final = "you decided it"
_NO_FIT: Final = "the field that you chose does not take the value"


@define(slots=False)
class Outcomes:
    """Counts over all tickets and contacts that are to be written.

    ``changes`` counts records by field, outcome and reason; ``options`` values of choice fields by field and word.
    ``rests`` are the ids of the tickets that have something to tell in a note, whether one is wanted or not.
    """

    mapping: Mapping
    importer: Importer
    noted: bool = False
    changes: Counter[tuple[str, str, str]] = field(factory=Counter)
    options: Counter[tuple[str, str]] = field(factory=Counter)
    maps: Counter[tuple[FieldMap, bool]] = field(factory=Counter)
    rests: set[str] = field(factory=set)
    _folds: set[str] = field(factory=set)

    @classmethod
    def of(cls, spool: Spool, mapping: Mapping, importer: Importer, *, noted: bool) -> Outcomes:
        """Count what was read; ``noted`` says that the rest of a ticket goes into a note."""
        outcomes = cls(mapping, importer, noted)
        for ticket in spool.each(Kind.TICKET.value, Ticket):
            if not (ticket.spam or ticket.deleted):
                outcomes.ticket(ticket)
        for contact in spool.each(Kind.CONTACT.value, Contact):
            outcomes.contact(contact)
        return outcomes

    # -- tickets ---------------------------------------------------------------------------------------------------

    def ticket(self, ticket: Ticket) -> None:
        """Count a ticket that is to be written."""
        values = self.mapping.values
        old = self.mapping.read_by_maps(self.mapping.source.ticket(ticket))
        if rest_lines(old, values, self.importer):
            self.rests.add(ticket.id)
        for left in left_fields(old, self.importer.fidelity.ticket):
            self._left(left, in_note=self.noted)
        self._maps("ticket", old)
        self._options(old)
        if self.mapping.loses_address(ticket):
            why = "the destination refuses the address, or no vendor accepts it; a header line of the opening shows it"
            self.changes["ticket.requester", "kept as <source id>@no-email.invalid", why] += 1
        kept_cc = self.importer.fidelity.ticket.get("cc", LOST).how is not Fidelity.LOST
        if kept_cc and any(not is_email(Mailbox.of(address).address) for address in ticket.cc):
            self.changes["ticket.cc", "lost", "no vendor accepts such an address"] += 1
        able = self.mapping.destination.desk.capabilities
        if able.subject_limit is not None and len(one_line(ticket.subject)) > able.subject_limit:
            why = f"{able.vendor} accepts {able.subject_limit} characters; the opening message has the whole subject"
            self.changes["ticket.subject", "kept as its beginning", why] += 1

    def _left(self, left: Left, *, in_note: bool) -> None:
        """Count a field that has no place of its own: a map, the note or nothing keeps it."""
        said, why = outcome(left.how), left.how.why
        maps = carriers(left, self.mapping.values)
        if maps:
            partly = all(fits_partly(left.value, self.mapping.values.carries(one, left.value)) for one in maps)
            place = " and ".join(one.target.words for one in maps)
            said = f"kept {'in part ' if partly else ''}as {place}"
            why = _BY_YOU
        elif in_note and left.how.how is not Fidelity.HEADER_LINE:
            said = IN_A_NOTE if left.how.how is Fidelity.LOST else said + AND_IN_A_NOTE
        elif any(str(one.source) == left.field for one in self.mapping.values.maps):
            why = f"{why}; {_NO_FIT}" if why else _NO_FIT
        self.changes[left.field, said, why] += 1

    def _maps(self, area: str, old: Ticket | Contact) -> None:
        values = self.mapping.values
        for one in values.maps:
            value = one.value(old) if one.area == area else None
            if value in (None, "", ()):
                continue
            fits = values.carries(one, value) is not None
            self.maps[one, fits] += 1
            if one.source.kind is EndKind.CONSTANT:
                self.changes[one.place, f"{one.source.words} is written into {one.target.words}", _BY_YOU] += 1
            elif one.source.kind is EndKind.CUSTOM:
                said = f"{one.source.name!r} kept as {one.target.words}" if fits else self._unplaced(area)
                self.changes[one.place, said, _BY_YOU if fits else _NO_FIT] += 1

    def _unplaced(self, area: str) -> str:
        return IN_A_NOTE if self.noted and area == "ticket" else "lost"

    def _options(self, old: Ticket) -> None:
        """Count the words of choice fields, which the destination may lack."""
        values = self.mapping.values
        for name, value in old.custom_fields.items():
            place: str | None = values.custom_field(name).value if value not in (None, "") else None
            if place is None or values.destination.defines or not isinstance(value, str):
                continue
            definition = values.definition(place)
            if definition is not None and definition.type is FieldType.SELECT:
                self.options[place, value] += 1

    def answers(self) -> list[tuple[str, str, Answer, int]]:
        """Return what becomes of the words of choice fields, as ``Tally.answers`` does of other values."""
        values = self.mapping.values
        return [
            ("option", f"{place}={word}", values.option(place, word), records)
            for (place, word), records in sorted(self.options.items())
        ]

    # -- contacts --------------------------------------------------------------------------------------------------

    def contact(self, contact: Contact) -> None:
        """Count a contact, unless it is left out or becomes one with another."""
        if contact.deleted or left_out(contact, self.mapping.destination.desk.capabilities.contact_needs):
            return
        key = fold_key(contact)
        if key in self._folds:
            why = "another contact has the same e-mail address or phone: the first one's fields are kept"
            self.changes["contact", "kept as one with another", why] += 1
            return
        if key is not None:
            self._folds.add(key)
        boxes = [Mailbox.of(email) for email in contact.emails]
        if any(box.name is not None for box in boxes):
            why = "it includes a name, as in a mail header; a contact without a name gets that name"
            self.changes["contact.emails", "kept as the address alone", why] += 1
        if any(box.address and not is_email(box.address) for box in boxes):
            why = "no vendor accepts the address; header lines show it as it was"
            self.changes["contact.emails", "kept as <source id>@no-email.invalid", why] += 1
        for left in left_fields(contact, self.importer.fidelity.contact):
            self._left(left, in_note=False)
        self._maps("contact", contact)


def left_out(contact: Contact, needs: frozenset[str]) -> str | None:
    """Return why a destination that needs these cannot hold a contact; None if it can."""
    if "email" in needs and not contact.email:
        return "the destination requires an e-mail, and the contact has none"
    if "email or phone" in needs and not contact.email and not contact.phones:
        return "the destination requires an e-mail or a phone, and the contact has neither"
    return None


def outcome(kept: FieldFidelity) -> str:
    """Return what becomes of a field in words."""
    if kept.how is Fidelity.HEADER_LINE:
        return "kept as header line"
    if kept.how is Fidelity.CHANGED:
        return f"kept as {kept.to}" if kept.to else "changed"
    return "lost"
