"""Contact load: all source contacts with the same mailbox or phone become one contact and each count as migrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from attrs import evolve

from helpdesk_bridge.adapter import Fidelity, FieldFidelity
from helpdesk_bridge.errors import Conflict, HelpdeskError, InDoubt, Invalid, Unsupported
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import NOT_WRITTEN, Key, Kind, Record, State, is_opaque, reason_of
from helpdesk_bridge.migration.load.context import EXISTING, LoadContext, unanswered
from helpdesk_bridge.migration.load.in_doubt import SettleWait
from helpdesk_bridge.migration.load.steps import steps_of, take_steps
from helpdesk_bridge.migration.outage import ATTEMPTS
from helpdesk_bridge.migration.outcome import DecisionNeeded
from helpdesk_bridge.migration.plan.people import fold_key
from helpdesk_bridge.migration.plan.rules import ASK
from helpdesk_bridge.migration.plan.values import contact_key, old_key
from helpdesk_bridge.migration.source.versions import contact_version
from helpdesk_bridge.model.addresses import phone_key
from helpdesk_bridge.model.drafts import ContactChange
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.model.values import UNSET

_ADDRESS_FIELDS = frozenset({"emails", "phones"})


class ContactLoad:
    """All contacts of one key; the first of them is written.

    What takes further calls is left on its way until the ``last`` pass, which does nothing else.
    """

    def __init__(self, context: LoadContext, contacts: Sequence[Contact], *, last: bool = False) -> None:
        self._context = context
        self._last = last
        self._contacts = contacts
        self._settle_wait = SettleWait(context)
        self._doubts: list[InDoubt] = []

    def advance(self) -> None:
        """Write the contact, or adopt what is there. Raises ``Parked`` while a write is in doubt."""
        context = self._context
        context.check_stop()
        records = [self._record(source_contact) for source_contact in self._contacts]
        if all(record.state.final and record.state is not State.FAILED for record in records):
            return
        open_before = sum(not record.state.final or record.state is State.FAILED for record in records)
        leader, contact = records[0], context.mapping.contact(self._contacts[0])
        if self._last is not (leader.state is State.INTENT and bool(leader.destination)):
            return
        begun = leader.state is State.INTENT or (leader.state is State.FAILED and bool(leader.destination))
        ids = self._resumed(leader, contact) if begun else self._begun(leader, contact)
        if not ids:
            return
        leader = self._record(self._contacts[0])
        left = [record for record in (leader, *records[1:]) if not record.state.final or record.state is State.FAILED]
        context.journal.save(*[evolve(record, state=State.DONE, destination=ids, reason=None) for record in left])
        context.progress("contacts", open_before)

    def abandon(self, reason: str) -> None:
        """End the contact, after a defect: in doubt if it may have been sent, else failed."""
        leader = self._record(self._contacts[0])
        if leader.state is State.INTENT and not leader.destination:
            self._doubtful(leader, reason)
        else:
            self._failed(leader, f"{NOT_WRITTEN}{reason}" if leader.destination else reason)

    def _begun(self, leader: Record, contact: Contact) -> tuple[str, ...] | None:
        ids = leader.destination or self._known(contact)
        if ids and leader.state is State.FAILED and leader.expected is not None and not self._context.look_only:
            return self._filled(leader, contact, ids)
        if ids:
            return ids
        return self._by_address(contact) if self._context.look_only else self._create(leader, contact)

    def _filled(self, leader: Record, contact: Contact, ids: tuple[str, ...]) -> tuple[str, ...] | None:
        """Complete a contact that the vendor made of an address, for tickets that were written after its own create failed."""
        context = self._context
        # The vendor dated the contact that it made.
        wanted = {**(leader.expected or {}), "created_at": None, "updated_at": None}
        intent = evolve(leader, destination=ids, attempts=leader.attempts + 1, expected=wanted)
        try:
            holder = self._holder(contact)
            if holder is not None:
                fill(context, holder.id, contact)
        except HelpdeskError as error:
            self._failed(evolve(intent, destination=()), f"its address alone is there: {reason_of(error)}")
            return None
        return self._completed(intent, contact, ids if holder is None else (holder.id,), look=True)

    def _resumed(self, leader: Record, contact: Contact) -> tuple[str, ...] | None:
        """Go on with a contact whose create was sent: it is looked for, and what is missing of it is done."""
        ids, look_only = leader.destination or self._known(contact), self._context.look_only
        if ids and not look_only:
            return self._completed(leader, contact, ids, look=True)
        if not ids and not look_only:
            return self._look_up(leader, contact)
        return ids or self._by_address(contact)

    def _record(self, contact: Contact) -> Record:
        key = Key(Kind.CONTACT, self._context.source.contact_key(contact.id))
        known = self._context.journal.get(key) or Record(key=key, fold=fold_key(contact))
        return known if known.state is State.DONE else evolve(known, version=contact_version(contact))

    def _known(self, contact: Contact) -> tuple[str, ...] | None:
        """Return the ids of a contact that an earlier run wrote, or that was at the destination before."""
        key = fold_key(contact)
        if key is None:  # without an address only the marker says that an earlier migration wrote the contact
            marker = self._context.marker("contact", contact.ref)
            return self._by_marker(evolve(self._record(self._contacts[0]), marker=marker), contact)
        record = self._context.journal.by_fold(key)
        if record is not None:
            return record.destination
        existing = self._context.spool.get(EXISTING, key, str)
        return None if existing is None else (self._context.destination.contact_key(existing),)

    def _create(self, record: Record, contact: Contact) -> tuple[str, ...] | None:
        context = self._context
        context.destination_outage.hold()
        marker = context.marker("contact", contact.ref)
        intent = evolve(
            record,
            state=State.INTENT,
            reason=None,
            marker=marker,
            intent_at=context.destination.vendor_now(),
            attempts=record.attempts + 1,
            expected=expected.contact(contact, context.importer.fidelity.contact),
        )
        context.journal.save(intent)
        try:
            written = context.write(lambda: context.importer.contact(contact, marker), undo=(record,))
        except InDoubt as doubt:
            self._doubts.append(doubt)
            self._settle_wait.park()
        except Conflict as error:
            return self._taken(intent, contact, error)
        except HelpdeskError as error:
            if isinstance(error, Invalid) and error.field in _ADDRESS_FIELDS and self._may_lose_address(contact):
                return self._without_address(record, error)
            return self._refused(intent, contact, error)
        return self._completed(intent, contact, written, look=False)

    def _refused(self, intent: Record, contact: Contact, error: HelpdeskError) -> tuple[str, ...] | None:
        """Adopt the contact that is there already, else end as failed.

        What is expected is kept only of an address that is free: whoever has it later came with our tickets.
        """
        try:
            ids = self._by_address(contact)
        except HelpdeskError:
            ids, intent = None, evolve(intent, expected=None)
        if ids is None:
            self._failed(intent, reason_of(error))
        else:
            self._leader_done(evolve(intent, expected=None), ids)
        return ids

    def _completed(
        self, intent: Record, contact: Contact, written: tuple[str, ...], *, look: bool
    ) -> tuple[str, ...] | None:
        """Do what is missing of a contact whose create is done; ``look`` as in ``Importer.contact_steps``."""
        context = self._context
        ids = tuple(one if is_opaque(one) else context.destination.contact_key(one) for one in written)
        arrived = evolve(intent, state=State.INTENT, destination=ids)
        try:
            find = partial(context.importer.contact_steps, written[0], contact)
            # A digest names nobody: an id that the journal must not hold is known only to the process that wrote.
            steps = () if is_opaque(written[0]) else steps_of(context, find, look=look)
            if steps and not self._last and not is_opaque(ids[0]):
                context.journal.save(arrived)
                return None
            taken = take_steps(context, steps, lambda now: (evolve(arrived, intent_at=now),))
        except InDoubt as doubt:
            self._doubts.append(doubt)
            context.journal.save(arrived)
            self._settle_wait.park()
        except HelpdeskError as error:
            self._failed(arrived, f"{NOT_WRITTEN}what is missing cannot be read: {reason_of(error)}")
            return None
        if taken.refused:
            self._failed(arrived, taken.reason)
            return None
        self._leader_done(arrived, ids)
        return ids

    def _leader_done(self, intent: Record, ids: tuple[str, ...]) -> None:
        self._context.journal.save(evolve(intent, state=State.DONE, destination=ids))

    def _taken(self, intent: Record, contact: Contact, error: Conflict) -> tuple[str, ...] | None:
        """Adopt the contact that already holds this e-mail or phone.

        A vendor that takes two addresses for one refuses the second person, who is not to become the first: nobody else
        holds the address, and so it is one that this destination does not take.
        """
        try:
            ids = self._by_address(contact)
        except HelpdeskError as unread:
            self._failed(intent, f"Conflict: the address is taken, and the look-up failed: {reason_of(unread)}")
            return None
        if ids is None and self._may_lose_address(contact):
            return self._without_address(intent, error)
        if ids is None:
            self._failed(intent, "Conflict: the address belongs to a contact that cannot be found")
            return None
        # It was there before and is left as it is: only its being there is promised.
        self._leader_done(evolve(intent, expected=None), ids)
        return ids

    def _may_lose_address(self, contact: Contact) -> bool:
        return bool(contact.emails or contact.phones) and not self._address_refused

    @property
    def _address_refused(self) -> bool:
        values = self._context.mapping.values
        return all(values.decided("requester", contact_key(contact)) for contact in self._contacts)

    def _without_address(self, record: Record, error: HelpdeskError) -> tuple[str, ...] | None:
        """Write the contact under an address that reaches nobody, if the user accepted announced losses."""
        context = self._context
        context.journal.save(evolve(record, state=State.PLANNED))
        if not context.options.yes and context.mapping.values.rules.get("requester", ASK) == ASK:
            raise DecisionNeeded(
                f"the destination refuses the address of a contact ({reason_of(error)}); nothing of the contact was written: "
                "accept the command below and run again, and it gets the address <source id>@no-email.invalid",
                values=[f"--map requester:{contact_key(contact)}=" for contact in self._contacts],
            )
        for source_contact in self._contacts:
            context.mapping.values.decide("requester", contact_key(source_contact), None)
            context.journal.facts.decide(*old_key("requester", contact_key(source_contact)), None, by="yes")
        return self._create(evolve(record, state=State.PLANNED), context.mapping.contact(self._contacts[0]))

    def _by_address(self, contact: Contact) -> tuple[str, ...] | None:
        holder = self._holder(contact)
        return None if holder is None else (self._context.destination.contact_key(holder.id),)

    def _holder(self, contact: Contact) -> Contact | None:
        """Return the contact at the destination that has the e-mail, else the phone, of this one."""
        context = self._context
        contacts = context.destination.desk.contacts
        if contact.email:
            return context.destination_outage.of_record(lambda: contacts.find(email=contact.email))
        if not contact.phones:
            return None
        phone = contact.phones[0]
        holder = context.destination_outage.of_record(lambda: contacts.find(phone=phone.e164 or phone.raw))
        if holder is not None and not any(phone_key(held) == phone_key(phone) for held in holder.phones):
            return None  # a number that does not name its country may be found, and is yet another person's
        return holder

    def _look_up(self, record: Record, contact: Contact) -> tuple[str, ...] | None:
        self._settle_wait.wait()
        try:
            known = self._by_address(contact) or self._by_marker(record, contact)
        except HelpdeskError as error:
            self._doubtful(record, f"the look-up failed: {reason_of(error)}")
            return None
        if known is None and len(self._doubts) >= ATTEMPTS:
            self._failed(record, unanswered(len(self._doubts), self._doubts[-1]))
            return None
        if known is None:
            return self._create(evolve(record, state=State.PLANNED), contact)
        if len(known) > 1:
            self._doubtful(record, f"several contacts carry the marker: {', '.join(known)}")
            return None
        return self._completed(record, contact, known, look=True)

    def _by_marker(self, record: Record, contact: Contact) -> tuple[str, ...] | None:
        context = self._context
        marker, since = record.marker or "", self._settle_wait.earliest(record)
        ids = context.destination_outage.of_record(lambda: context.importer.find("contact", marker, since, contact))
        return tuple(map(context.destination.contact_key, ids)) or None

    def _doubtful(self, record: Record, reason: str) -> None:
        self._context.journal.save(
            *[evolve(member, state=State.IN_DOUBT, reason=reason) for member in self._open(record)]
        )

    def _failed(self, record: Record, reason: str) -> None:
        failed = [evolve(member, state=State.FAILED, reason=reason) for member in self._open(record)]
        self._context.journal.save(*failed)

    def _open(self, leader: Record) -> list[Record]:
        others = [self._record(contact) for contact in self._contacts[1:]]
        return [leader, *(other for other in others if not other.state.final or other.state is State.FAILED)]


def fill(context: LoadContext, contact_id: str, contact: Contact) -> None:
    """Give a contact at the destination what it keeps of this one.

    Left out are the fields that it takes only from a create, and a company that it does not know: the steps make that.
    """
    change, update = change_of(contact, context.importer.fidelity.contact), context.destination.desk.contacts.update
    while change != ContactChange():
        try:
            context.set_values(partial(update, contact_id, change))
        except Unsupported as error:
            name = (error.capability or "").rpartition(":")[2]
            if getattr(change, name, UNSET) is UNSET:
                raise
            change = evolve(change, **{name: UNSET})
        except Invalid as error:
            if error.field != "company" or change.company is UNSET:
                raise
            change = evolve(change, company=UNSET)
        else:
            return


def change_of(contact: Contact, kept: Mapping[str, FieldFidelity]) -> ContactChange:
    """Return the change that gives a contact what the destination keeps of this one; nothing is emptied."""
    values: dict[str, Any] = {
        "name": contact.name,
        "phones": tuple(phone.raw for phone in contact.phones) if contact.emails else (),
        "title": contact.title,
        "company": contact.company,
        "external_id": contact.external_id,
        "custom_fields": contact.custom_fields,
    }
    native = {name for name, how in kept.items() if how.how is Fidelity.NATIVE}
    return ContactChange(**{name: value for name, value in values.items() if value and name in native})
