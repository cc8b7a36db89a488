"""Load: contacts first, then tickets, several at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve, field, frozen

from helpdesk_bridge.migration.cost import PAGE, pages
from helpdesk_bridge.migration.journal.states import Kind, State
from helpdesk_bridge.migration.load.contacts import ContactLoad
from helpdesk_bridge.migration.load.contacts_first import ContactsFirst
from helpdesk_bridge.migration.load.context import EXISTING, LoadContext
from helpdesk_bridge.migration.load.later import ContactChanges
from helpdesk_bridge.migration.load.tickets import TicketLoad
from helpdesk_bridge.migration.plan.people import fold_key
from helpdesk_bridge.migration.plan.scan import ALL_CONTACTS
from helpdesk_bridge.migration.runner import Guarded, Runner, Unforeseen
from helpdesk_bridge.migration.scope.order import TicketOrder, in_order
from helpdesk_bridge.model.records import Contact

OPEN: Final = (State.PLANNED, State.INTENT, State.FAILED)


@frozen
class Load:
    """One load: contacts, tickets, then what of the contacts takes further calls.

    What an earlier load did is in the journal and is not repeated.
    """

    context: LoadContext
    only: frozenset[str] | None = None
    """The source ids of the tickets to be loaded, None for everything."""
    people: frozenset[str] | None = None
    """The journal's ids of the contacts to be loaded, None for all of them, or none of them beside a part of the tickets."""
    _unforeseen: Unforeseen = field(factory=Unforeseen, init=False)

    def run(self) -> None:
        """Load contacts, then tickets. Raises what stops a run; returns early if the run is to stop."""
        try:
            self._run()
        finally:
            file = self.context.journal.file
            file.sent_until = file.lease_clock.now()

    def _run(self) -> None:
        context = self.context
        if (self.only is None or self.people) and context.journal.any_in(Kind.CONTACT, *OPEN):
            self._existing()
            if context.order is TicketOrder.LISTED:
                self._runner().run(self._contacts())
        elif self.only is None and context.scoped:
            self._existing()  # for those whom only the threads name
        if self.only is None and not context.look_only and not context.stop.is_set():
            ContactChanges(context).run()
        if not context.stop.is_set():
            meant = (
                ticket
                for ticket in in_order(context.spool, context.order)
                if self.only is None or ticket.id in self.only
            )
            if context.scoped or context.order is not TicketOrder.LISTED:
                context = evolve(context, people_first=ContactsFirst(context, self._unforeseen).write)
            tickets = (Guarded(TicketLoad(context, ticket), self._unforeseen) for ticket in meant)
            self._runner().run(tickets, first_alone=True)
        if self.only is None and context.order is not TicketOrder.LISTED and not context.stop.is_set():
            self._runner().run(self._contacts())
        if self.only is None and not context.stop.is_set() and context.journal.any_in(Kind.CONTACT, State.INTENT):
            # Last, because a vendor may treat what a blocked customer writes as spam (Deskie, observed).
            self._runner().run(self._contacts(last=True))

    def _runner(self) -> Runner:
        context = self.context
        return Runner(context.options.workers, context.destination.clock, context.stop)

    def _existing(self) -> None:
        """Read the destination's contacts once, so that existing ones are adopted and not refused.

        If the destination has far more contacts than there are to write, the importer's own refusal says so instead.
        """
        context = self.context
        if context.no_contacts:
            return
        listing = context.destination.desk.contacts.list(ALL_CONTACTS)
        total = context.destination_outage.patiently(listing.count)
        writing = context.journal.counts()[Kind.CONTACT]
        if total == 0 or (total is not None and pages(total, PAGE) > sum(writing.get(state, 0) for state in OPEN)):
            return
        context.destination_outage.patiently(self._list_existing)

    def _list_existing(self) -> None:
        context = self.context
        for contact in context.destination_outage.each(context.destination.desk.contacts.list(ALL_CONTACTS)):
            key = fold_key(contact)
            if key is not None and not contact.deleted:
                context.spool.put(EXISTING, key, contact.id)

    def _contacts(self, *, last: bool = False) -> Iterator[Guarded]:
        """Yield the contacts by folded key: each key once, at the place of its first contact."""
        for contacts in self._people():
            keys = (self.context.source.contact_key(contact.id) for contact in contacts)
            if self.people is not None and self.people.isdisjoint(keys):
                continue
            yield Guarded(ContactLoad(self.context, contacts, last=last), self._unforeseen)

    def _people(self) -> Iterator[list[Contact]]:
        context = self.context
        for contact in context.spool.each(Kind.CONTACT.value, Contact):
            key = fold_key(contact)
            if key is None:
                if not contact.deleted:
                    yield [contact]
                continue
            together = context.journal.folded(key)
            if together and together[0].key.id == context.source.contact_key(contact.id):
                contacts = [context.spool.get(Kind.CONTACT.value, record.key.id, Contact) for record in together]
                yield [known for known in contacts if known is not None]
