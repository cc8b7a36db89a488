"""Lock-step: the two desks beside the model, one call on both, and how its outcomes are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import HelpdeskError, InDoubt
from helpdesk_bridge.model.queries import ContactQuery, TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.testing.chaos import ChaosHelpdesk
from helpdesk_bridge.testing.conformance import Vocabulary
from helpdesk_bridge.testing.fake import FakeHelpdesk
from helpdesk_bridge.testing.machine import snapshots
from helpdesk_bridge.testing.machine.compared_desk import ComparedDesk, WriteInDoubt
from helpdesk_bridge.testing.machine.desk_under_test import DeskUnderTest, opened, refuse_unsuited
from helpdesk_bridge.testing.machine.errors import Disagreement
from helpdesk_bridge.testing.machine.faults import FAULTS, PlacedFault, placed_faults
from helpdesk_bridge.testing.machine.inputs import Inputs
from helpdesk_bridge.testing.machine.model import Model, Row

TICKETS: Final = Bundle("tickets")
CONTACTS: Final = Bundle("contacts")
ALL_TICKETS: Final = TicketQuery(include={"spam", "deleted", "merged"})
ALL_CONTACTS: Final = ContactQuery(include={"blocked", "deleted"})
_AFTER_A_LATE_COMMIT: Final = 2.0
"""Seconds; such a fault lasts one."""


@frozen
class Outcome:
    """How a call ended on one desk."""

    value: Any = None
    error: HelpdeskError | None = None


class Lockstep(RuleBasedStateMachine):
    """Opens the desks, calls both, compares with the model."""

    factory: ClassVar[Any] = None
    """What opens a fresh desk; a subclass gives it as ``staticmethod(...)``."""
    faults: ClassVar[tuple[str, ...]] = FAULTS
    """The names of the faults that calls meet."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._broken = False
        try:
            under = self._open.enter_context(opened(type(self).factory))
            refuse_unsuited(under.desk)
            self._start(under)
        except BaseException:
            self._open.close()
            raise

    def _start(self, under: DeskUnderTest) -> None:
        desk = under.desk
        self.under = under
        self.clock: Any = under.clock or getattr(desk, "clock", None) or SystemClock()
        self.began = self.now()
        self.capabilities = desk.capabilities
        self.words = under.vocabulary or Vocabulary.of(desk)
        self.inputs = Inputs(self.capabilities, self.words)
        self.placed_faults = placed_faults(type(self).faults, wire=under.faults is not None)
        self.model = Model(self.capabilities)
        shared = hasattr(self.clock, "advance")
        local = self._local_desk()
        self.local = ComparedDesk(
            "the local desk", local, ChaosHelpdesk(local, clock=self.clock, retries=False), self.clock
        )
        self.adapter = ComparedDesk(
            "the adapter", desk, ChaosHelpdesk(desk, clock=self.clock, retries=False), self.clock, under.faults, shared
        )
        self.compared_desks = (self.local, self.adapter)

    def _local_desk(self) -> FakeHelpdesk:
        fake = self._open.enter_context(FakeHelpdesk(capabilities=self.capabilities, clock=self.clock))
        known = fake.inspection
        for agent in self.words.agents:
            known.add_agent(email=agent) if "@" in agent else known.add_agent(name=agent)
        for group in self.words.groups:
            known.add_group(group)
        for tag in self.words.tags:
            known.add_tag(tag)
        return fake

    def add_group(self, name: str) -> None:
        """Add a group to the local desk too."""
        if isinstance(self.local.desk, FakeHelpdesk):
            self.local.desk.inspection.add_group(name)

    def now(self) -> datetime:
        """Return the time by the clock of all."""
        moment: datetime = self.clock.wall()
        return moment

    def can(self, *names: str) -> bool:
        """Whether the desk under test declares all of this."""
        return not self.capabilities.missing(*names)

    def stop(self) -> None:
        """Close everything."""
        self._open.close()

    # ---- one call on both desks

    def act(
        self,
        operation: str,
        call: Callable[[ComparedDesk], Any],
        fault: str | None = None,
        *,
        refused: type[HelpdeskError] | None = None,
    ) -> dict[str, Outcome]:
        """Make a call on both desks and compare how it ended; return both outcomes by the desk's name.

        ``refused`` is the error that both have to raise. A fault at the port ends both calls alike; one on the wire
        ends the adapter's call in its documented error, or in success after a repeat.
        """
        placed = self.placed_faults[fault] if fault is not None else None
        found: dict[str, Outcome] = {}
        with self.judging():
            for compared in self.compared_desks:
                with compared.under_fault(operation, placed):
                    found[compared.name] = self.outcome(compared, operation, call)
                allowed = {refused} if placed is None else self.allowed(compared, operation, placed)
                self.judge(compared, operation, found[compared.name], allowed, fault)
        return found

    def lands_late(self, operation: str, fault: str | None) -> bool:
        """Whether a call that has ended may be carried out later; time passes until it is due with the next call."""
        late = fault is not None and self.placed_faults[fault].lands_late(operation)
        if late:
            self.clock.sleep(_AFTER_A_LATE_COMMIT)
        return late

    @staticmethod
    def outcome(compared: ComparedDesk, operation: str, call: Callable[[ComparedDesk], Any]) -> Outcome:
        """Return how a call ended. Raises ``Disagreement`` for an exception that no caller can expect."""
        try:
            return Outcome(call(compared))
        except HelpdeskError as error:
            return Outcome(error=error)
        except Exception as error:
            raise Disagreement(
                f"{compared.name}: {operation} raised {type(error).__name__}, which is no HelpdeskError: {error}"
            ) from error

    def allowed(self, compared: ComparedDesk, operation: str, placed: PlacedFault) -> set[type[HelpdeskError] | None]:
        """Return the errors in which a call may end that meets a fault; None is success."""
        error = placed.error(operation)
        if placed.where == "port":
            return {error}
        return {None} if compared is self.local else {None, error}

    @staticmethod
    def judge(
        compared: ComparedDesk,
        operation: str,
        outcome: Outcome,
        allowed: set[type[HelpdeskError] | None],
        fault: str | None,
    ) -> None:
        """Raise ``Disagreement`` if a call ended in any other way."""
        ended = None if outcome.error is None else type(outcome.error)
        if ended in allowed:
            return
        said = f": {outcome.error}" if outcome.error is not None else ""
        expected = " or ".join(sorted("success" if one is None else one.__name__ for one in allowed))
        raise Disagreement(
            f"{compared.name}: {operation} ended in {'success' if ended is None else ended.__name__}{said}; it should end "
            f"in {expected}{f' under the fault {fault!r}' if fault is not None else ''}"
        ) from outcome.error

    def judging(self) -> _Judging:
        """Record a failure within the block, so that the end of the program is not judged too."""
        return _Judging(self)

    def mark_broken(self) -> None:
        """Record that the program has failed."""
        self._broken = True

    def calmly(self, compared: ComparedDesk, operation: str, call: Callable[[ComparedDesk], Any]) -> Any:
        """Make a call on one desk that has to succeed."""
        with self.judging():
            outcome = self.outcome(compared, operation, call)
            self.judge(compared, operation, outcome, {None}, None)
        return outcome.value

    # ---- what is in doubt

    def settle(self) -> None:
        """Settle writes in doubt: wait as long as the error said, look, and create the ticket if it is not there."""
        for compared in self.compared_desks:
            doubt = compared.doubt
            if doubt is None:
                continue
            self.clock.sleep(doubt.settle_seconds)
            if not doubt.keyed:
                self.look(compared)
            if compared.doubt is not None:
                compared.doubt = None
                self.adopt(compared, doubt.name, self.calmly(compared, "tickets.create", doubt.again))

    def doubt(
        self, compared: ComparedDesk, name: str, error: InDoubt, again: Callable[[ComparedDesk], Ticket], *, keyed: bool
    ) -> None:
        """Record that a ticket may exist."""
        compared.doubt = WriteInDoubt(name, again, error.settle_seconds, keyed)

    def look(self, compared: ComparedDesk) -> list[Ticket]:
        """List all tickets: an unknown ticket must be the one in doubt."""
        found: list[Ticket] = self.calmly(
            compared, "tickets.list", lambda compared: list(compared.chaos.tickets.list(ALL_TICKETS))
        )
        for ticket in found:
            self.known(compared, ticket)
        return found

    def known(self, compared: ComparedDesk, ticket: Ticket) -> str:
        """Return the machine's name for a ticket of a desk; a ticket in doubt is adopted."""
        name = compared.called("ticket", ticket.id)
        if name is not None:
            return name
        if compared.doubt is None:
            with self.judging():
                raise Disagreement(
                    f"{compared.name}: there is a ticket {ticket.id!r} that nobody created, or that was created twice: "
                    f"{snapshots.ticket(ticket, self.capabilities.ticket_fields)}"
                )
        name, compared.doubt = compared.doubt.name, None
        self.adopt(compared, name, ticket)
        return name

    # ---- comparing records

    def adopt(self, compared: ComparedDesk, name: str, ticket: Ticket) -> None:
        """Bind a ticket that a desk created to its name, and compare it."""
        with self.judging():
            compared.bind(name, ticket.id, ticket.ref)
        self.check_ticket(compared, name, ticket)

    def check_ticket(
        self, compared: ComparedDesk, name: str, ticket: Ticket, *, among: Mapping[str, Any] | None = None
    ) -> None:
        """Compare a ticket with the model."""
        with self.judging():
            if compared.ids[name] != ticket.id:
                raise Disagreement(f"{compared.name}: asked for {name} ({compared.ids[name]!r}), got {ticket.id!r}")
            row = self.model.tickets[name]
            whose = self.model.address_of(row["requester"])
            seen = snapshots.ticket(ticket, self.capabilities.ticket_fields)
            compared.compare(name, {**row, "fields": {**row["fields"], "requester": whose}}, seen, among=among)
            if ticket.requester is not None and ticket.requester.id is not None:
                compared.bind(row["requester"], ticket.requester.id)

    def check_contact(
        self, compared: ComparedDesk, name: str, contact: Contact, *, among: Mapping[str, Any] | None = None
    ) -> None:
        """Compare a contact with the model."""
        with self.judging():
            compared.bind(name, contact.id, contact.ref)
            seen = snapshots.contact(contact, self.capabilities.contact_fields)
            compared.compare(name, self.model.contacts[name], seen, among=among)

    def contact_seen(self, compared: ComparedDesk, contact: Contact) -> str:
        """Return the machine's name for a contact of a desk, by its id or else by its address."""
        name = compared.called("contact", contact.id)
        held = [*contact.emails, *(phone.e164 or phone.raw for phone in contact.phones)]
        name = name or next((found for one in held if (found := self.model.contact_at(one)) is not None), None)
        if name is None:
            with self.judging():
                raise Disagreement(
                    f"{compared.name}: there is a contact {contact.id!r} whom nobody created: "
                    f"{snapshots.contact(contact, self.capabilities.contact_fields)}"
                )
        return name

    def view(self, compared: ComparedDesk, name: str, row: Row) -> dict[str, Any]:
        """Return all known values of a record on one desk: written by programs, or the desk's own."""
        own = compared.own[name]
        return {**own, **own.get("custom_fields", {}), **row["fields"]}

    def named(self, compared: ComparedDesk, names: Iterable[str]) -> list[str]:
        """Return the names that this desk has ids for."""
        return [name for name in names if name in compared.ids]

    def fault_names(self, calm: int) -> st.SearchStrategy[str | None]:
        """Return the strategy for faults: one call of ``calm`` + 1 meets a fault."""
        none: list[st.SearchStrategy[str | None]] = [st.none()] * calm
        return st.one_of(*none, st.sampled_from(sorted(self.placed_faults))) if self.placed_faults else st.none()


class _Judging:
    """Marks the machine when its block fails."""

    def __init__(self, machine: Lockstep) -> None:
        self._machine = machine

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._machine.mark_broken()


def of_machine(choose: Callable[[Any], st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Return a strategy that the running machine chooses, by its desk's capabilities and the account's vocabulary."""
    return st.runner().flatmap(choose)


READ_FAULT: Final = of_machine(lambda machine: machine.fault_names(3))
"""A fault for one read, or None."""
WRITE_FAULT: Final = of_machine(lambda machine: machine.fault_names(1))
"""A fault for one write, or None: the rest of a program reads what a write leaves behind."""
