"""Rules for contacts: create, change, find exactly, list."""

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
from helpdesk_bridge.testing.machine.compared_desk import ComparedDesk
from helpdesk_bridge.testing.machine.errors import Disagreement
from helpdesk_bridge.testing.machine.inputs import Values
from helpdesk_bridge.testing.machine.lockstep import CONTACTS, READ_FAULT, WRITE_FAULT, Lockstep, of_machine
from helpdesk_bridge.testing.machine.model import contact_fields
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
        fault=WRITE_FAULT,
    )
    def create_contact(self, where: str, draft: Values, fault: str | None) -> str | MultipleResults[str]:
        """Create a contact; an address that is taken is a conflict, and no contact is created."""
        self.settle()

        def call(compared: ComparedDesk) -> Contact:
            return compared.chaos.contacts.create(inputs.contact_draft(draft, where))

        if self.model.contact_at(where) is not None:
            self.act("contacts.create", call, refused=Conflict)
            return multiple()
        name = self.model.add_contact(where, self.now(), draft)
        ended = self.act("contacts.create", call, fault)
        for compared in self.compared_desks:
            outcome = ended[compared.name]
            if outcome.error is None:
                self.check_contact(compared, name, outcome.value)
            else:
                if isinstance(outcome.error, InDoubt):
                    self.clock.sleep(outcome.error.settle_seconds)
                there = self._find(compared, where)
                self.check_contact(compared, name, there or self.calmly(compared, "contacts.create", call))
        return name

    @precondition(
        lambda self: self.can("contacts.update") and any(name in self.local.ids for name in self.model.contacts)
    )
    @rule(contact=CONTACTS, change=of_machine(lambda machine: machine.inputs.contact_changes), by=BY, fault=WRITE_FAULT)
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
        for compared in self.compared_desks:
            compared.release(contact, _AFTER_A_CHANGE | frozenset(among))
            if ended[compared.name].error is not None:
                self.check_contact(compared, contact, self._get_contact(compared, contact), among=among)
                compared.release(contact, _AFTER_A_CHANGE)
        self.model.change_contact(contact, change)
        late = self.lands_late("contacts.update", fault)
        for compared in self.compared_desks:
            outcome = ended[compared.name]
            done = outcome.error is None and not late
            changed = outcome.value if done else self.calmly(compared, "contacts.update", call)
            self.check_contact(compared, contact, changed)
            for ticket, _ in self.model.tickets_of(contact):
                compared.release(ticket, _OF_TICKETS)

    def _taken(self, contact: str, addresses: Iterable[str]) -> bool:
        return any(self.model.contact_at(one) not in (None, contact) for one in addresses)

    def _refuses_phones(self, contact: str, call: Callable[[ComparedDesk], Contact]) -> bool:
        """Whether the desk takes no phone of this contact: some know a customer by one address, which is an e-mail."""
        ended = self.outcome(self.adapter, "contacts.update", call)
        self.judge(self.adapter, "contacts.update", ended, {Unsupported, Conflict, None}, None)
        if ended.error is None:
            self.adapter.own[contact].clear()
        if isinstance(ended.error, Unsupported):
            self.check_contact(self.adapter, contact, self._get_contact(self.adapter, contact))
        return isinstance(ended.error, Unsupported)

    def _changing(self, contact: str, change: Values, by: str) -> Callable[[ComparedDesk], Contact]:
        def call(compared: ComparedDesk) -> Contact:
            which = compared.refs.get(contact, compared.ids[contact]) if by == "ref" else compared.ids[contact]
            return compared.chaos.contacts.update(which, inputs.contact_change(change))

        return call

    def _get_contact(self, compared: ComparedDesk, contact: str) -> Contact:
        found: Contact = self.calmly(
            compared, "contacts.get", lambda compared: compared.chaos.contacts.get(compared.ids[contact])
        )
        return found

    def _find(self, compared: ComparedDesk, where: str) -> Contact | None:
        asked = {"email": where} if "@" in where else {"phone": where}
        found: Contact | None = self.calmly(
            compared, "contacts.find", lambda compared: compared.chaos.contacts.find(**asked)
        )
        return found

    # ---- reading

    def contact_queries(self) -> st.SearchStrategy[list[Values]]:
        """Return the strategy for queries of contacts."""
        return query_inputs.several(query_inputs.contact_queries(self.inputs, self.model, self.began))

    @precondition(lambda self: self.can("contacts.get") and bool(self.model.contacts))
    @rule(contact=CONTACTS, by=BY, fault=READ_FAULT)
    def get_contact(self, contact: str, by: str, fault: str | None) -> None:
        """Read one contact."""

        def call(compared: ComparedDesk) -> Contact:
            which = compared.refs.get(contact, compared.ids[contact]) if by == "ref" else compared.ids[contact]
            return compared.chaos.contacts.get(which)

        ended = self.act("contacts.get", call, fault)
        for compared in self.compared_desks:
            if ended[compared.name].error is None:
                self.check_contact(compared, contact, ended[compared.name].value)

    @precondition(lambda self: self.can("contacts.find"))
    @rule(
        target=CONTACTS,
        where=of_machine(lambda machine: machine.inputs.addresses),
        upper=st.booleans(),
        fault=READ_FAULT,
    )
    def find_contact(self, where: str, upper: bool, fault: str | None) -> str | MultipleResults[str]:  # noqa: FBT001
        """Find exactly the contact of an address, in any case, or nobody; those of tickets become known so."""
        self.settle()
        spelled = where.upper() if upper else where
        asked = {"email": spelled} if "@" in spelled else {"phone": spelled}
        name = self.model.contact_at(where)
        ended = self.act("contacts.find", lambda compared: compared.chaos.contacts.find(**asked), fault)
        for compared in self.compared_desks:
            if ended[compared.name].error is not None:
                continue
            found = ended[compared.name].value
            with self.judging():
                if (found is None) is not (name is None):
                    raise Disagreement(f"{compared.name}: {where} is found as {found!r}; it is {name or 'nobody'}'s")
            if found is not None and name is not None:
                self.check_contact(compared, name, found)
        return (
            name if name is not None and all(name in compared.ids for compared in self.compared_desks) else multiple()
        )

    @precondition(lambda self: self.can("contacts.list"))
    @rule(queries=of_machine(lambda machine: machine.contact_queries()), fault=READ_FAULT)
    def list_contacts(self, queries: list[Values], fault: str | None) -> None:
        """Ask for contacts: those that a plain filter finds, in the order that was asked for."""
        self.settle()
        for compared in self.compared_desks:
            self._learn_contacts(compared)
        for query in queries:
            asked = query_inputs.contact_query(query, self.began)
            ended = self.act("contacts.list", partial(_listed, asked=asked), fault)
            for compared in self.compared_desks:
                if ended[compared.name].error is None:
                    self._compare_contacts_listed(compared, ended[compared.name].value, asked, query)

    def _compare_contacts_listed(
        self, compared: ComparedDesk, found: list[Contact], asked: ContactQuery, query: Values
    ) -> None:
        for one in found:
            self.check_contact(compared, self.contact_seen(compared, one), one)
        rows = self.model.contacts
        among = [query_inputs.plain_contact(compared.ids[name], self.view(compared, name, rows[name])) for name in rows]
        answer = query_inputs.matching_contacts(asked, among)[: asked.limit]
        with self.judging():
            if [one.id for one in found] != answer:
                there = compared.names("contact", [one.id for one in found])
                raise Disagreement(
                    f"{compared.name}: {query!r} answers {there}, and should answer {compared.names('contact', answer)}"
                )

    def _learn_contacts(self, compared: ComparedDesk) -> None:
        """Find contacts that came with tickets, and read those that no rule has read since the last write."""
        declared = self.capabilities.contact_fields & {"name", "company", "created_at", "updated_at"}
        for name, row in self.model.contacts.items():
            if name in compared.ids and declared <= self.view(compared, name, row).keys():
                continue
            found = self._find(compared, self._spelled(name))
            if found is None:
                with self.judging():
                    raise Disagreement(f"{compared.name}: {name} cannot be found by its address")
            self.check_contact(compared, name, found)

    def _spelled(self, contact: str) -> str:
        where = self.model.address_of(contact)
        return where if "@" in where else f"+{address(where)}"


def _listed(compared: ComparedDesk, *, asked: ContactQuery) -> list[Contact]:
    return list(compared.chaos.contacts.list(asked))
