"""Later changes: what the source changed since a record was written, brought to a destination that still shows what was written.

Three values decide about a field: the source's now, the one that the journal wrote last, and the destination's now. What
somebody changed at the destination is never written over: it stays, and where the source changed it too it is a conflict
for the user. What the destination cannot take over is listed, and the expectation of it stays as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from attrs import define, evolve, field, fields, frozen

from helpdesk_bridge.adapter import Fidelity, FieldFidelity, is_marker_field
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound, Unsupported
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.contents import said
from helpdesk_bridge.migration.journal.facts import CONFLICT, NOT_TAKEN, Uncarried
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State, is_opaque, reason_of
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.source.versions import contact_version
from helpdesk_bridge.model import fields as table
from helpdesk_bridge.model.drafts import ContactChange, TicketChange
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import UNSET
from helpdesk_bridge.text.plain import digest, fold

C = TypeVar("C", TicketChange, ContactChange)
BOTH_CHANGED: Final = "both sides changed it since it was written"
NO_WAY: Final = "the destination takes it from a create alone"
_CUSTOM: Final = "custom_fields"
_FINAL: Final = frozenset({"status", "priority"})
"""What the importer's ``finish`` sets in any case."""
_LABELS: Final = {"status": "status_label", "priority": "priority_label"}

Same = Callable[[str, Any, Any], bool]


@define(slots=False)
class ThreeWay:
    """The fields of one record by what becomes of them; values in the form of ``journal.expected``."""

    source: Mapping[str, Any]
    written: Mapping[str, Any]
    there: Mapping[str, Any]
    same: Same
    side: str | None
    """The side that the user decided for where both changed."""
    changed: set[str] = field(factory=set)
    kept: set[str] = field(factory=set)
    """What stays as the destination has it."""
    conflicts: set[str] = field(factory=set)

    def __attrs_post_init__(self) -> None:
        for name, now in self.source.items():
            self._sort(name, now)

    def _sort(self, name: str, now: Any) -> None:
        wrote, shown = self.written.get(name), self.there.get(name, self.written.get(name))
        source_changed = name in self.written and not self.same(name, wrote, now)
        there_changed = not self.same(name, wrote, shown)
        if not there_changed:
            if source_changed:
                self.changed.add(name)
        elif source_changed and self.same(name, now, shown):
            return  # both sides made the same change
        elif not source_changed or self.side == DESTINATION:
            self.kept.add(name)
        elif self.side == SOURCE:
            self.changed.add(name)
        else:
            self.kept.add(name)
            if _is_a_time(name):
                return  # a time of change moves with any change; it is no value that somebody chose
            self.conflicts.add(name)

    def rows(self, ticket: str, record: str, record_id: str) -> list[Uncarried]:
        """Return the conflicts with the values of all three."""
        return [
            Uncarried(
                ticket,
                record,
                record_id,
                name,
                CONFLICT,
                BOTH_CHANGED,
                said(self.source.get(name)),
                said(self.written.get(name)),
                said(self.there.get(name)),
            )
            for name in sorted(self.conflicts)
        ]

    def expectation(self, lost: Iterable[str]) -> dict[str, Any]:
        """Return what the destination must show from here on; ``lost`` are the changes that it did not take."""
        as_written = (self.kept | set(lost)) & set(self.written)
        accepted = self.kept if self.side == DESTINATION else ()
        old = {name: self.there.get(name) if name in accepted else self.written[name] for name in as_written}
        return {**self.source, **old}


SOURCE: Final = "source"
DESTINATION: Final = "destination"


def _is_a_time(name: str) -> bool:
    return name in table.TICKET and table.TICKET[name].kind is table.Kind.TIME


def _same_of_tickets(name: str, one: Any, other: Any) -> bool:
    return one == other or not expected.ticket_differences({name: one}, {name: other})


@frozen
class Merged:
    """A ticket as it is to be shown from here on, what changes of it, and what is to be expected."""

    ticket: Ticket
    change: TicketChange
    three: ThreeWay
    fields: ThreeWay


class TicketChanges:
    """The changes of a ticket that an earlier run finished; ``there`` is the ticket as the destination shows it now."""

    def __init__(self, context: LoadContext, source_id: str, there: Ticket) -> None:
        self._context = context
        self._source_id = source_id
        self._there = context.destination.ticket(there)

    def carry(self, record: Record, mapped: Ticket, shown: Mapping[str, Any]) -> tuple[Ticket, dict[str, Any]]:
        """Write what the source changed and keep what was not carried in the journal.

        Return the ticket as ``finish`` is to set it, and what it must show from here on; ``shown`` is what the source's would.
        """
        merged = self.merged(mapped, shown, record)
        lost = self._write(record.destination[0], merged)
        rows = self._rows(merged, lost)
        self._context.journal.facts.replace_uncarried("ticket", self._source_id, rows)
        return merged.ticket, self._expectation(merged, shown, lost)

    def merged(self, mapped: Ticket, shown: Mapping[str, Any], record: Record) -> Merged:
        """Return what is to be written of a ticket; ``shown`` is what the source's would show."""
        context = self._context
        kept, aliases = context.importer.fidelity.ticket, context.destination.aliases
        there = expected.ticket(self._there, kept, aliases)
        written, side = record.expected or {}, context.decided.get(("ticket", self._source_id))
        plain = {name: value for name, value in shown.items() if name in table.TICKET and name != _CUSTOM}
        three = ThreeWay(plain, written, there, _same_of_tickets, side)
        own, was, now = (one.get(_CUSTOM) or {} for one in (shown, written, there))
        every = {key: own.get(key) for key in {**own, **was}}
        before = {key: was.get(key) for key in every}
        custom = ThreeWay(every, before, {key: now.get(key) for key in every}, _equal, side)
        values = self._custom_values(mapped, custom.changed)
        there_too = {name: value for name, value in self._there.custom_fields.items() if not is_marker_field(name)}
        frozen_fields = {name: getattr(self._there, name) for name in three.kept}
        frozen_fields |= {_LABELS[name]: getattr(self._there, _LABELS[name]) for name in three.kept & set(_LABELS)}
        ticket = evolve(mapped, **frozen_fields, custom_fields={**there_too, **values})
        change = self._change(mapped, three.changed - _FINAL, values)
        return Merged(ticket, change, three, custom)

    def _custom_values(self, mapped: Ticket, changed: set[str]) -> dict[str, Any]:
        """Return the changed custom fields by name; None for one that the source emptied."""
        out = self._context.destination.aliases.custom_fields.out
        names = [*mapped.custom_fields, *self._there.custom_fields]
        names += [definition.name for definition in self._context.destination.custom_fields]
        by_digest = {digest(fold(out(name))): name for name in reversed(names)}
        return {by_digest[key]: mapped.custom_fields.get(by_digest[key]) for key in sorted(changed) if key in by_digest}

    @staticmethod
    def _change(mapped: Ticket, names: set[str], custom: Mapping[str, Any]) -> TicketChange:
        settable = {one.name for one in fields(TicketChange)}
        values = {name: getattr(mapped, name) for name in names & settable}
        if not values.get("subject", "-").strip():
            del values["subject"]  # vendors that want a subject keep the words that they have for none
        if custom:
            values[_CUSTOM] = custom
        return TicketChange(**values)

    def _write(self, destination_id: str, merged: Merged) -> list[tuple[str, str]]:
        """Send what ``finish`` does not set; return the fields that the destination does not take, with the reasons."""
        context = self._context
        if context.destination.defines:
            return []  # its importer sets everything
        settable = {one.name for one in fields(TicketChange)}
        by_finish = _FINAL | context.importer.fidelity.finished
        lost = [(name, NO_WAY) for name in sorted(merged.three.changed - settable - by_finish) if not _is_a_time(name)]
        update = context.destination.desk.tickets.update
        refused = set_one_by_one(context, partial(update, destination_id), merged.change)
        return [*lost, *((name, why) for name, why in refused if name not in by_finish)]

    def _rows(self, merged: Merged, lost: Iterable[tuple[str, str]]) -> list[Uncarried]:
        """Return what was not carried: conflicts, and what the destination does not take."""
        rows = merged.three.rows(self._source_id, "ticket", self._source_id)
        if merged.fields.conflicts:
            both = (merged.fields.source, merged.fields.written, merged.fields.there)
            values = [said({key: one.get(key) or "" for key in merged.fields.conflicts}) for one in both]
            rows.append(Uncarried(self._source_id, "ticket", self._source_id, _CUSTOM, CONFLICT, BOTH_CHANGED, *values))
        for name, why in lost:
            source, written = merged.three.source.get(name), merged.three.written.get(name)
            values = [said(source), said(written), said(merged.three.there.get(name))]
            rows.append(Uncarried(self._source_id, "ticket", self._source_id, name, NOT_TAKEN, why, *values))
        return rows

    @staticmethod
    def _expectation(merged: Merged, shown: Mapping[str, Any], lost: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Return what the ticket must show from here on."""
        names = {name for name, _ in lost}
        wanted = {**shown, **merged.three.expectation(names)}
        if _CUSTOM in shown:
            wanted[_CUSTOM] = merged.fields.expectation(merged.fields.changed if _CUSTOM in names else ())
        return wanted


def _equal(_name: str, one: Any, other: Any) -> bool:
    return bool(one == other)


def set_one_by_one(context: LoadContext, send: Callable[[C], object], change: C) -> list[tuple[str, str]]:
    """Send a change; leave out what is refused and send the rest. Return what was left out, with the reasons."""
    refused: list[tuple[str, str]] = []
    nothing = type(change)()
    while change != nothing:
        try:
            context.set_values(partial(send, change))
        except (Unsupported, Invalid) as error:
            name = (error.capability or "").rpartition(":")[2] if isinstance(error, Unsupported) else error.field or ""
            name = name.partition(".")[0]
            named = {one.name for one in fields(type(change)) if getattr(change, one.name) is not UNSET}
            left_out = {name} & named or named
            refused += [(one, reason_of(error)) for one in sorted(left_out)]
            change = _without(change, left_out)
        else:
            break
    return refused


def _without(change: C, names: Iterable[str]) -> C:
    unset: Any = dict.fromkeys(names, UNSET)
    return evolve(change, **unset)


# -- contacts ------------------------------------------------------------------------------------------------------


class ContactChanges:
    """The changes of contacts that an earlier run wrote; whoever was at the destination before is left alone."""

    def __init__(self, context: LoadContext) -> None:
        self._context = context

    def run(self) -> None:
        """Carry over what changed."""
        context = self._context
        for contact in context.spool.each(Kind.CONTACT.value, Contact):
            context.check_stop()
            key = Key(Kind.CONTACT, context.source.contact_key(contact.id))
            record = context.journal.get(key)
            if record is None or record.state is not State.DONE or not record.destination or contact.deleted:
                continue
            now, decided = contact_version(contact), (key.kind.value, key.id) in context.decided
            if record.version is None and not decided:
                context.journal.save(evolve(record, version=now))
            elif record.version != now or decided:
                self._carry(record, contact, now)

    def _carry(self, record: Record, contact: Contact, version: str) -> None:
        context, facts = self._context, self._context.journal.facts
        if record.expected is None:
            context.journal.save(evolve(record, version=version))
            return  # it was there before, or is the same person as another: nothing of it was promised
        mapped, kept = context.mapping.contact(contact), context.importer.fidelity.contact
        try:
            there = self._there(record, mapped)
        except NotFound:
            return  # verification tells that it is missing
        three = self._compared(record, mapped, there)
        change, unset = _contact_change(mapped, three.changed, kept, record)
        lost = [(name, NO_WAY) for name in sorted(unset)]
        try:
            lost += set_one_by_one(context, partial(context.destination.desk.contacts.update, there.id), change)
        except HelpdeskError as error:
            lost += [(name, reason_of(error)) for name in sorted(three.changed)]
        names = {name for name, _ in lost}
        emptied = {name for name in three.changed - names if not three.source.get(name)}
        wanted = {**(record.expected or {}), **three.expectation(names), "updated_at": None}
        before = set((record.expected or {}).get(expected.CLEARED, ()))
        cleared = {name for name in before | emptied if not wanted.get(name)}
        wanted = {**wanted, expected.CLEARED: sorted(cleared)} if cleared else wanted
        place = ("", "contact", record.key.id)
        rows = three.rows(*place)
        rows += [
            Uncarried(*place, name, NOT_TAKEN, why, *(said(one.get(name)) for one in _values(three)))
            for name, why in lost
        ]
        facts.replace_uncarried("contact", record.key.id, rows)
        context.journal.save(evolve(record, expected=wanted, version=version))

    def _there(self, record: Record, mapped: Contact) -> Contact:
        context, contact_id = self._context, record.destination[0]
        contacts = context.destination.desk.contacts
        if not is_opaque(contact_id):
            return context.destination_outage.of_record(partial(contacts.get, contact_id))
        found = context.destination_outage.of_record(lambda: contacts.find(email=mapped.email or ""))
        if found is None:
            raise NotFound("the contact is not under its address any more")
        return found

    def _compared(self, record: Record, mapped: Contact, there: Contact) -> ThreeWay:
        context, kept = self._context, self._context.importer.fidelity.contact
        shown = expected.contact(there, kept, context.destination.aliases)
        written = record.expected or {}

        def same(name: str, one: Any, other: Any) -> bool:
            if isinstance(one, list) and isinstance(other, list):
                most = kept[name].most if name in kept else None
                return set(one[:most]) == set(other[:most]) if other else one[:most] == []
            return one == other or (not one and not other)

        source = expected.contact(mapped, kept, Aliases())
        if isinstance(shown.get(_CUSTOM), Mapping):
            ours = {*(source.get(_CUSTOM) or ()), *(written.get(_CUSTOM) or ())}
            shown[_CUSTOM] = {key: value for key, value in shown[_CUSTOM].items() if key in ours}
        source = {name: value for name, value in source.items() if name not in ("created_at", "updated_at")}
        return ThreeWay(source, written, shown, same, context.decided.get(("contact", record.key.id)))


def _values(three: ThreeWay) -> tuple[Mapping[str, Any], ...]:
    return three.source, three.written, three.there


def _contact_change(
    mapped: Contact, names: set[str], kept: Mapping[str, FieldFidelity], record: Record
) -> tuple[ContactChange, set[str]]:
    """Return the change of these fields, and those of them that no change has."""
    settable = {one.name for one in fields(ContactChange)}
    values: dict[str, Any] = {name: getattr(mapped, name) for name in names & settable}
    if "phones" in values:
        values["phones"] = tuple(phone.raw for phone in mapped.phones[: kept["phones"].most])
    if "emails" in values:
        values["emails"] = mapped.emails[: kept["emails"].most]
    if _CUSTOM in values:
        there_before = (record.expected or {}).get(_CUSTOM) or {}
        known = {digest(fold(name)): name for name in mapped.custom_fields}
        emptied = {known[key]: None for key in there_before if key in known and not mapped.custom_fields[known[key]]}
        values[_CUSTOM] = {**mapped.custom_fields, **emptied}
    native = {name for name, how in kept.items() if how.how is Fidelity.NATIVE}
    return ContactChange(**{name: value for name, value in values.items() if name in native}), names - settable
