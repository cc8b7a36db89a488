"""Rules for tickets: create, change, read one by one, list and page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, initialize, multiple, precondition, rule

from helpdesk_bridge.errors import InDoubt, Invalid
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Actor
from helpdesk_bridge.testing.conformance.drafts import by_email
from helpdesk_bridge.testing.machine import inputs, query_inputs
from helpdesk_bridge.testing.machine.compared_desk import ComparedDesk
from helpdesk_bridge.testing.machine.errors import Disagreement
from helpdesk_bridge.testing.machine.inputs import Values
from helpdesk_bridge.testing.machine.lockstep import (
    CONTACTS,
    READ_FAULT,
    TICKETS,
    WRITE_FAULT,
    Lockstep,
    Outcome,
    of_machine,
)
from helpdesk_bridge.testing.machine.model import Row, fields_moved_by_a_write

BY: Final = st.sampled_from(("id", "ref"))
_AS: Final = st.sampled_from(("address", "ADDRESS", "id", "ref", "actor"))
_PAGES: Final = 60


class TicketRules(Lockstep):
    """``desk.tickets``."""

    @initialize(
        target=TICKETS,
        requester=of_machine(lambda machine: machine.inputs.addresses),
        draft=of_machine(lambda machine: machine.inputs.drafts),
        fault=WRITE_FAULT,
    )
    def begin_with_a_ticket(self, requester: str, draft: Values, fault: str | None) -> str | MultipleResults[str]:
        """Create the first ticket, without which there is little to do."""
        return self._create(requester, "address", draft, fault, keyed=False)

    @initialize(
        target=TICKETS,
        requester=of_machine(lambda machine: machine.inputs.addresses),
        draft=of_machine(lambda machine: machine.inputs.drafts),
    )
    def begin_with_another_ticket(self, requester: str, draft: Values) -> str | MultipleResults[str]:
        """Create a ticket beside it."""
        return self._create(requester, "actor", draft, None, keyed=False)

    @rule(
        target=TICKETS,
        requester=of_machine(lambda machine: machine.inputs.addresses) | CONTACTS,
        named_by=_AS,
        draft=of_machine(lambda machine: machine.inputs.drafts),
        keyed=st.booleans(),
        fault=WRITE_FAULT,
    )
    def create_ticket(
        self,
        requester: str,
        named_by: str,
        draft: Values,
        keyed: bool,  # noqa: FBT001 - programs name their arguments
        fault: str | None,
    ) -> str | MultipleResults[str]:
        """Create a ticket for a new or a known customer."""
        return self._create(requester, named_by, draft, fault, keyed=keyed)

    def _create(
        self, requester: str, named_by: str, draft: Values, fault: str | None, *, keyed: bool
    ) -> str | MultipleResults[str]:
        self.settle()
        known = requester if requester in self.model.contacts else self.model.contact_at(requester)
        if known is not None and not by_email(self.capabilities) and any(self.model.tickets_of(known)):
            return multiple()  # a desk that knows customers by phone has one conversation with each
        now = self.now()
        contact = known or self.model.add_contact(requester, now)
        where = requester if known is None else self.model.address_of(contact)
        name = self.model.add_ticket(contact, draft, now)
        key = f"order {name}" if keyed and "tickets.create" in self.capabilities.idempotency else None

        def call(compared: ComparedDesk) -> Ticket:
            whose = self._named(compared, contact, where, named_by)
            return compared.chaos.tickets.create(inputs.ticket_draft(draft, whose), idempotency_key=key)

        self.model.tickets[name]["again"] = call if key is not None else None
        self._created(name, call, self.act("tickets.create", call, fault), keyed=key is not None)
        return name

    def _named(self, compared: ComparedDesk, contact: str, where: str, named_by: str) -> str | Actor:
        """Return a customer as a draft names one; by id only once the desk has given it."""
        fields = self.model.contacts[contact]["fields"]
        spelled = where if "@" in where else f"+{where.removeprefix('+')}"
        if named_by == "id" and contact in compared.ids:
            return compared.ids[contact]
        if named_by == "ref" and contact in compared.refs:
            return compared.refs[contact]
        if named_by == "actor":
            held = {"email": spelled} if fields.get("emails") else {"phone": spelled}
            return Actor.contact(id=compared.ids.get(contact), **held)
        return spelled.upper() if named_by == "ADDRESS" else spelled

    def _created(
        self, name: str, call: Callable[[ComparedDesk], Ticket], ended: dict[str, Outcome], *, keyed: bool
    ) -> None:
        for compared in self.compared_desks:
            outcome = ended[compared.name]
            if isinstance(outcome.error, InDoubt):
                self.doubt(compared, name, outcome.error, call, keyed=keyed)
            elif outcome.error is not None:
                # The error says that nothing was done: so it may be sent once more without being there twice.
                self.adopt(compared, name, self.calmly(compared, "tickets.create", call))
            else:
                self.adopt(compared, name, outcome.value)

    @precondition(lambda self: self.can("tickets.create:group") and "groups" in self.capabilities.complete_lists)
    @rule(target=TICKETS, requester=of_machine(lambda machine: machine.inputs.addresses))
    def create_ticket_in_an_unknown_group(self, requester: str) -> str | MultipleResults[str]:
        """Name an unknown group: it is refused before anything is written, or added with the ticket."""
        self.settle()
        draft = {"subject": "Lamp", "description": "Hello", "group": f"Group of ticket {len(self.model.tickets)}"}
        now = self.now()

        def call(compared: ComparedDesk) -> Ticket:
            return compared.chaos.tickets.create(inputs.ticket_draft(draft, requester))

        ended = self.outcome(self.adapter, "tickets.create", call)
        self.judge(self.adapter, "tickets.create", ended, {Invalid, None}, None)
        if ended.error is not None:
            return multiple()
        contact = self.model.contact_at(requester) or self.model.add_contact(requester, now)
        name = self.model.add_ticket(contact, draft, now)
        self.add_group(draft["group"])
        created = self.calmly(self.local, "tickets.create", call)
        self._created(name, call, {self.adapter.name: ended, self.local.name: Outcome(created)}, keyed=False)
        return name

    @precondition(lambda self: any(row["again"] for row in self.model.tickets.values()))
    @rule(ticket=TICKETS, fault=READ_FAULT)
    def create_ticket_with_the_same_key(self, ticket: str, fault: str | None) -> None:
        """Send a draft once more with its key: what is there is adopted."""
        self.settle()
        call = self.model.tickets[ticket]["again"]
        if call is None:
            return
        ended = self.act("tickets.create", call, fault)
        for compared in self.compared_desks:
            outcome = ended[compared.name]
            again = outcome.value if outcome.error is None else self.calmly(compared, "tickets.create", call)
            self.check_ticket(compared, ticket, again)

    # ---- changing

    @precondition(lambda self: self.can("tickets.update") and bool(self.model.tickets))
    @rule(ticket=TICKETS, change=of_machine(lambda machine: machine.inputs.changes), by=BY, fault=WRITE_FAULT)
    def update_ticket(self, ticket: str, change: Values, by: str, fault: str | None) -> None:
        """Change a ticket; if the outcome is unknown, each field has its old or its new value."""
        self.settle()
        row = self.model.tickets[ticket]

        def call(compared: ComparedDesk) -> Ticket:
            return compared.chaos.tickets.update(self.name_of(compared, ticket, by), inputs.ticket_change(change))

        ended = self.act("tickets.update", call, fault)
        among = self.model.written_fields(change, row["fields"])
        for compared in self.compared_desks:
            compared.release(ticket, fields_moved_by_a_write() | frozenset(among))
            if ended[compared.name].error is not None:
                self.check_ticket(compared, ticket, self._get_ticket(compared, ticket), among=among)
                compared.release(ticket, fields_moved_by_a_write())
        self.model.change_ticket(ticket, change)
        late = self.lands_late("tickets.update", fault)
        for compared in self.compared_desks:
            outcome = ended[compared.name]
            done = outcome.error is None and not late
            changed = outcome.value if done else self.calmly(compared, "tickets.update", call)
            self.check_ticket(compared, ticket, changed)

    def name_of(self, compared: ComparedDesk, name: str, by: str) -> str:
        """Return a record's id or ref on one desk."""
        return compared.refs.get(name, compared.ids[name]) if by == "ref" else compared.ids[name]

    def _get_ticket(self, compared: ComparedDesk, ticket: str) -> Ticket:
        found: Ticket = self.calmly(
            compared, "tickets.get", lambda compared: compared.chaos.tickets.get(compared.ids[ticket])
        )
        return found

    # ---- reading

    def ticket_queries(self) -> st.SearchStrategy[list[Values]]:
        """Return the strategy for queries of tickets."""
        return query_inputs.several(query_inputs.ticket_queries(self.inputs, self.model, self.began))

    @precondition(lambda self: bool(self.model.tickets))
    @rule(ticket=TICKETS, by=BY, fault=READ_FAULT)
    def get_ticket(self, ticket: str, by: str, fault: str | None) -> None:
        """Read one ticket whole."""
        if any(ticket not in compared.ids for compared in self.compared_desks):
            self.settle()
        ended = self.act(
            "tickets.get", lambda compared: compared.chaos.tickets.get(self.name_of(compared, ticket, by)), fault
        )
        for compared in self.compared_desks:
            if ended[compared.name].error is None:
                self.check_ticket(compared, ticket, ended[compared.name].value)

    @rule(queries=of_machine(lambda machine: machine.ticket_queries()), fault=READ_FAULT)
    def list_tickets(self, queries: list[Values], fault: str | None) -> None:
        """Ask for tickets: those that a plain filter finds, in the order that was asked for."""
        for query in queries:
            asked = query_inputs.ticket_query(query, self.began)
            for compared in self.compared_desks:
                self._learn(compared, query_inputs.fields_read(query))
            ended = self.act("tickets.list", partial(_listed, asked=asked), fault)
            for compared in self.compared_desks:
                if ended[compared.name].error is None:
                    found, count = ended[compared.name].value
                    answer = query_inputs.matching_tickets(asked, self._plain(compared))[: asked.limit]
                    self._compare_list(compared, found, answer, query)
                    self._same_count(compared, count, len(answer), query)

    @precondition(lambda self: bool(self.model.tickets))
    @rule(queries=of_machine(lambda machine: machine.ticket_queries()), size=st.integers(1, 3))
    def page_through_tickets(self, queries: list[Values], size: int) -> None:
        """Read lists page by page: nothing is lost between pages."""
        self.settle()
        for query in queries:
            asked = query_inputs.ticket_query({name: one for name, one in query.items() if name != "limit"}, self.began)
            for compared in self.compared_desks:
                self._learn(compared, query_inputs.fields_read(query))
            ended = self.act("tickets.list", partial(_paged, asked=asked, size=size))
            for compared in self.compared_desks:
                self._compare_pages(compared, ended[compared.name].value, asked, query)

    def _compare_pages(self, compared: ComparedDesk, listed: list[Ticket], asked: TicketQuery, query: Values) -> None:
        found = {ticket.id: ticket for ticket in listed}
        answer = set(query_inputs.matching_tickets(asked, self._plain(compared)))
        with self.judging():
            if found.keys() != answer:
                there, expected = (sorted(compared.names("ticket", some)) for some in (found, answer))
                raise Disagreement(f"{compared.name}: pages of {query!r} hold {there}, and should hold {expected}")
        for one in found.values():
            self.check_ticket(compared, self.known(compared, one), one)

    def _learn(self, compared: ComparedDesk, fields: frozenset[str]) -> None:
        """Read the values that the desk chooses itself, unless a rule has read them since the last write."""
        if compared.doubt is not None:
            self.look(compared)
        wanted = fields & (self.capabilities.ticket_fields | {"status"})
        for name in self.named(compared, self.model.tickets):
            row = self.model.tickets[name]
            if not {*wanted, "created_at"} <= {*self.view(compared, name, row), "requester", "custom_fields"}:
                self.check_ticket(compared, name, self._get_ticket(compared, name))

    def _plain(self, compared: ComparedDesk) -> list[Ticket]:
        rows = self.model.tickets
        return [
            query_inputs.plain_ticket(
                compared.ids[name], self.view(compared, name, rows[name]), self._requester(compared, rows[name])
            )
            for name in self.named(compared, rows)
        ]

    def _requester(self, compared: ComparedDesk, row: Row) -> Actor:
        where = self.model.address_of(row["requester"])
        held = {"email": where} if "@" in where else {"phone": f"+{where}"}
        return Actor.contact(id=compared.ids.get(row["requester"]), **held)

    def _compare_list(self, compared: ComparedDesk, found: list[Ticket], answer: list[str], query: Values) -> None:
        late = compared.doubt is not None
        for one in found:
            self.check_ticket(compared, self.known(compared, one), one)
        with self.judging():
            ids = [one.id for one in found]
            if ids != answer and not (late and compared.doubt is None):
                raise Disagreement(
                    f"{compared.name}: {query!r} answers {compared.names('ticket', ids)}, and should answer "
                    f"{compared.names('ticket', answer)}"
                )

    def _same_count(self, compared: ComparedDesk, count: int | None, expected: int, query: Values) -> None:
        with self.judging():
            if count not in (None, expected) and compared.doubt is None:
                raise Disagreement(f"{compared.name}: {query!r} is counted as {count}; there are {expected}")


def _listed(compared: ComparedDesk, *, asked: TicketQuery) -> tuple[list[Ticket], int | None]:
    listing = compared.chaos.tickets.list(asked)
    return list(listing), listing.count()


def _paged(compared: ComparedDesk, *, asked: TicketQuery, size: int) -> list[Ticket]:
    listing = compared.chaos.tickets.list(asked)
    found: list[Ticket] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        page = listing.page(cursor, size)
        found += page.items
        if page.next is None:
            return found
        cursor = page.next
    raise Disagreement(f"a list has more than {_PAGES} pages of {size}: it goes round in a circle")
