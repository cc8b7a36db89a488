"""Contacts: created, changed, found exactly, listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, multiple, precondition, rule

from helpdesk_bridge.errors import Conflict, InDoubt, Unsupported
from helpdesk_bridge.model.queries import ContactQuery
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.testing.machine import inputs, query_inputs
from helpdesk_bridge.testing.machine.disagreement import Disagreement
from helpdesk_bridge.testing.machine.inputs import Values
from helpdesk_bridge.testing.machine.lockstep import CONTACTS, STRUCK, STRUCK_WRITE, Lockstep, of_machine
from helpdesk_bridge.testing.machine.model import contact_fields
from helpdesk_bridge.testing.machine.side import Side
from helpdesk_bridge.testing.machine.snapshots import address

BY: Final = st.sampled_from(("id", "ref"))
_AFTER_A_CHANGE: Final = frozenset({"updated_at"})
_OF_TICKETS: Final = frozenset({"updated_at", "company"})
"""What a change of a contact may move on its tickets."""


class ContactRules(Lockstep):
    """``desk.contacts``."""

    @precondition(lambda self: self.can("contacts.create", "contacts.find"))
    @rule(
        target=CONTACTS,
        where=of_machine(lambda machine: machine.inputs.addresses),
        draft=of_machine(lambda machine: machine.inputs.contact_drafts),
        fault=STRUCK_WRITE,
    )
    def create_contact(self, where: str, draft: Values, fault: str | None) -> str | MultipleResults[str]:
        """Create a contact; an address that is taken is a conflict, and nobody comes to be."""
        self.settle()

        def call(side: Side) -> Contact:
            return side.chaos.contacts.create(inputs.contact_draft(draft, where))

        if self.model.contact_at(where) is not None:
            self.act("contacts.create", call, refused=Conflict)
            return multiple()
        name = self.model.add_contact(where, self.now(), draft)
        ended = self.act("contacts.create", call, fault)
        for side in self.sides:
            outcome = ended[side.name]
            if outcome.error is None:
                self.check_contact(side, name, outcome.value)
            else:
                if isinstance(outcome.error, InDoubt):
                    self.clock.sleep(outcome.error.settle_seconds)
                there = self._find(side, where)
                self.check_contact(side, name, there or self.calmly(side, "contacts.create", call))
        return name

    @precondition(
        lambda self: self.can("contacts.update") and any(name in self.local.ids for name in self.model.contacts)
    )
    @rule(
        contact=CONTACTS, change=of_machine(lambda machine: machine.inputs.contact_changes), by=BY, fault=STRUCK_WRITE
    )
    def update_contact(self, contact: str, change: Values, by: str, fault: str | None) -> None:
        """Change a contact; its tickets show the new address."""
        self.settle()
        call = self._changing(contact, change, by)
        if "phones" in change and self._refuses_phones(contact, call):
            return
        if self._taken(contact, change.get("emails", ())):
            self.act("contacts.update", call, refused=Conflict)
            return
        ended = self.act("contacts.update", call, fault)
        among = contact_fields(change)
        for side in self.sides:
            side.release(contact, _AFTER_A_CHANGE | frozenset(among))
            if ended[side.name].error is not None:
                self.check_contact(side, contact, self._get_contact(side, contact), among=among)
                side.release(contact, _AFTER_A_CHANGE)
        self.model.change_contact(contact, change)
        late = self.lands_late("contacts.update", fault)
        for side in self.sides:
            outcome = ended[side.name]
            done = outcome.error is None and not late
            changed = outcome.value if done else self.calmly(side, "contacts.update", call)
            self.check_contact(side, contact, changed)
            for ticket, _ in self.model.tickets_of(contact):
                side.release(ticket, _OF_TICKETS)

    def _taken(self, contact: str, addresses: Iterable[str]) -> bool:
        return any(self.model.contact_at(one) not in (None, contact) for one in addresses)

    def _refuses_phones(self, contact: str, call: Callable[[Side], Contact]) -> bool:
        """Whether the desk takes no phone of this contact: some know a customer by one address, which is an e-mail."""
        ended = self.outcome(self.adapter, "contacts.update", call)
        self.judge(self.adapter, "contacts.update", ended, {Unsupported, Conflict, None}, None)
        if ended.error is None:
            self.adapter.own[contact].clear()
        if isinstance(ended.error, Unsupported):
            self.check_contact(self.adapter, contact, self._get_contact(self.adapter, contact))
        return isinstance(ended.error, Unsupported)

    def _changing(self, contact: str, change: Values, by: str) -> Callable[[Side], Contact]:
        def call(side: Side) -> Contact:
            which = side.refs.get(contact, side.ids[contact]) if by == "ref" else side.ids[contact]
            return side.chaos.contacts.update(which, inputs.contact_change(change))

        return call

    def _get_contact(self, side: Side, contact: str) -> Contact:
        found: Contact = self.calmly(side, "contacts.get", lambda one: one.chaos.contacts.get(one.ids[contact]))
        return found

    def _find(self, side: Side, where: str) -> Contact | None:
        asked = {"email": where} if "@" in where else {"phone": where}
        found: Contact | None = self.calmly(side, "contacts.find", lambda one: one.chaos.contacts.find(**asked))
        return found

    # ---- asking

    def contact_questions(self) -> st.SearchStrategy[list[Values]]:
        """Return the strategy for questions."""
        return query_inputs.several(query_inputs.contact_questions(self.inputs, self.model, self.began))

    @precondition(lambda self: self.can("contacts.get") and bool(self.model.contacts))
    @rule(contact=CONTACTS, by=BY, fault=STRUCK)
    def get_contact(self, contact: str, by: str, fault: str | None) -> None:
        """Read one contact."""

        def call(side: Side) -> Contact:
            which = side.refs.get(contact, side.ids[contact]) if by == "ref" else side.ids[contact]
            return side.chaos.contacts.get(which)

        ended = self.act("contacts.get", call, fault)
        for side in self.sides:
            if ended[side.name].error is None:
                self.check_contact(side, contact, ended[side.name].value)

    @precondition(lambda self: self.can("contacts.find"))
    @rule(
        target=CONTACTS,
        where=of_machine(lambda machine: machine.inputs.addresses),
        upper=st.booleans(),
        fault=STRUCK,
    )
    def find_contact(self, where: str, upper: bool, fault: str | None) -> str | MultipleResults[str]:  # noqa: FBT001
        """Find exactly the contact of an address, in any case, or nobody; those of tickets become known so."""
        self.settle()
        spelled = where.upper() if upper else where
        asked = {"email": spelled} if "@" in spelled else {"phone": spelled}
        name = self.model.contact_at(where)
        ended = self.act("contacts.find", lambda side: side.chaos.contacts.find(**asked), fault)
        for side in self.sides:
            if ended[side.name].error is not None:
                continue
            found = ended[side.name].value
            with self.judging():
                if (found is None) is not (name is None):
                    raise Disagreement(f"{side.name}: {where} is found as {found!r}; it is {name or 'nobody'}'s")
            if found is not None and name is not None:
                self.check_contact(side, name, found)
        return name if name is not None and all(name in side.ids for side in self.sides) else multiple()

    @precondition(lambda self: self.can("contacts.list"))
    @rule(queries=of_machine(lambda machine: machine.contact_questions()), fault=STRUCK)
    def list_contacts(self, queries: list[Values], fault: str | None) -> None:
        """Ask for contacts: those that a plain filter finds, in the order that was asked for."""
        self.settle()
        for side in self.sides:
            self._learn_contacts(side)
        for query in queries:
            asked = query_inputs.contact_query(query, self.began)
            ended = self.act("contacts.list", partial(_listed, asked=asked), fault)
            for side in self.sides:
                if ended[side.name].error is None:
                    self._compare_contacts_listed(side, ended[side.name].value, asked, query)

    def _compare_contacts_listed(self, side: Side, found: list[Contact], asked: ContactQuery, query: Values) -> None:
        for one in found:
            self.check_contact(side, self.contact_seen(side, one), one)
        rows = self.model.contacts
        among = [query_inputs.plain_contact(side.ids[name], self.view(side, name, rows[name])) for name in rows]
        answer = query_inputs.contacts_answering(asked, among)[: asked.limit]
        with self.judging():
            if [one.id for one in found] != answer:
                there = side.names("contact", [one.id for one in found])
                raise Disagreement(
                    f"{side.name}: {query!r} answers {there}, and should answer {side.names('contact', answer)}"
                )

    def _learn_contacts(self, side: Side) -> None:
        """Find contacts that came with tickets, and read what nobody has read since the last write."""
        declared = self.capabilities.contact_fields & {"name", "company", "created_at", "updated_at"}
        for name, row in self.model.contacts.items():
            if name in side.ids and declared <= self.view(side, name, row).keys():
                continue
            found = self._find(side, self._spelled(name))
            if found is None:
                with self.judging():
                    raise Disagreement(f"{side.name}: {name} cannot be found by its address")
            self.check_contact(side, name, found)

    def _spelled(self, contact: str) -> str:
        where = self.model.address_of(contact)
        return where if "@" in where else f"+{address(where)}"


def _listed(side: Side, *, asked: ContactQuery) -> list[Contact]:
    return list(side.chaos.contacts.list(asked))
