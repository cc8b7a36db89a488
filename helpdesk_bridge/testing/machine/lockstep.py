"""What all rules share: the two desks beside the model, one call on both, and what to do when it fails."""

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
from helpdesk_bridge.testing.machine.desk_under_test import DeskUnderTest, opened, refuse_unsuited
from helpdesk_bridge.testing.machine.disagreement import Disagreement
from helpdesk_bridge.testing.machine.faults import FAULTS, Strike, strikes
from helpdesk_bridge.testing.machine.inputs import Inputs
from helpdesk_bridge.testing.machine.model import Model, Row
from helpdesk_bridge.testing.machine.side import Doubt, Side

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
    """The names of the faults that strike."""

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
        self.strikes = strikes(type(self).faults, wire=under.faults is not None)
        self.model = Model(self.capabilities)
        shared = hasattr(self.clock, "advance")
        local = self._local_desk()
        self.local = Side("the local desk", local, ChaosHelpdesk(local, clock=self.clock), self.clock)
        self.adapter = Side(
            "the adapter", desk, ChaosHelpdesk(desk, clock=self.clock), self.clock, under.faults, shared
        )
        self.sides = (self.local, self.adapter)

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
        """Let the local desk know a group too."""
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
        call: Callable[[Side], Any],
        fault: str | None = None,
        *,
        refused: type[HelpdeskError] | None = None,
    ) -> dict[str, Outcome]:
        """Make a call on both desks and compare how it ended; return both outcomes by the desk's name.

        ``refused`` is the error that both have to raise. A fault at the port ends both calls alike; one on the wire
        ends the adapter's in the error that is told for it, or in success after a repeat.
        """
        strike = self.strikes[fault] if fault is not None else None
        found: dict[str, Outcome] = {}
        with self.judging():
            for side in self.sides:
                with side.struck(operation, strike):
                    found[side.name] = self.outcome(side, operation, call)
                allowed = {refused} if strike is None else self.allowed(side, operation, strike)
                self.judge(side, operation, found[side.name], allowed, fault)
        return found

    def lands_late(self, operation: str, fault: str | None) -> bool:
        """Whether a call that has ended may be carried out once more; time passes until it is due with the next call."""
        late = fault is not None and self.strikes[fault].lands_late(operation)
        if late:
            self.clock.sleep(_AFTER_A_LATE_COMMIT)
        return late

    @staticmethod
    def outcome(side: Side, operation: str, call: Callable[[Side], Any]) -> Outcome:
        """Return how a call ended. Raises ``Disagreement`` for an exception that no caller can expect."""
        try:
            return Outcome(call(side))
        except HelpdeskError as error:
            return Outcome(error=error)
        except Exception as error:
            raise Disagreement(
                f"{side.name}: {operation} raised {type(error).__name__}, which is no HelpdeskError: {error}"
            ) from error

    def allowed(self, side: Side, operation: str, strike: Strike) -> set[type[HelpdeskError] | None]:
        """Return the errors in which a call that is struck may end on a desk, None being success."""
        error = strike.error(operation)
        if strike.where == "port":
            return {error}
        return {None} if side is self.local else {None, error}

    @staticmethod
    def judge(
        side: Side, operation: str, outcome: Outcome, allowed: set[type[HelpdeskError] | None], fault: str | None
    ) -> None:
        """Raise ``Disagreement`` where a call ended otherwise."""
        ended = None if outcome.error is None else type(outcome.error)
        if ended in allowed:
            return
        said = f": {outcome.error}" if outcome.error is not None else ""
        expected = " or ".join(sorted("success" if one is None else one.__name__ for one in allowed))
        raise Disagreement(
            f"{side.name}: {operation} ended in {'success' if ended is None else ended.__name__}{said}; it should end "
            f"in {expected}{f' under the fault {fault!r}' if fault is not None else ''}"
        ) from outcome.error

    def judging(self) -> _Judging:
        """Note that a program has failed within the block, so that its end is not judged too."""
        return _Judging(self)

    def mark_broken(self) -> None:
        """Note that the program has failed."""
        self._broken = True

    def calmly(self, side: Side, operation: str, call: Callable[[Side], Any]) -> Any:
        """Make a call on one desk that has to succeed."""
        with self.judging():
            outcome = self.outcome(side, operation, call)
            self.judge(side, operation, outcome, {None}, None)
        return outcome.value

    # ---- what is in doubt

    def settle(self) -> None:
        """Find out what became of writes in doubt: wait as long as the error said, look, and write what is not there."""
        for side in self.sides:
            doubt = side.doubt
            if doubt is None:
                continue
            self.clock.sleep(doubt.settle_seconds)
            if not doubt.keyed:
                self.look(side)
            if side.doubt is not None:
                side.doubt = None
                self.adopt(side, doubt.name, self.calmly(side, "tickets.create", doubt.again))

    def doubt(self, side: Side, name: str, error: InDoubt, again: Callable[[Side], Ticket], *, keyed: bool) -> None:
        """Note that a ticket may be there."""
        side.doubt = Doubt(name, again, error.settle_seconds, keyed)

    def look(self, side: Side) -> list[Ticket]:
        """List everything: a ticket that nobody knows is the one in doubt, or comes from nowhere."""
        found: list[Ticket] = self.calmly(side, "tickets.list", lambda one: list(one.chaos.tickets.list(ALL_TICKETS)))
        for ticket in found:
            self.known(side, ticket)
        return found

    def known(self, side: Side, ticket: Ticket) -> str:
        """Return our name for a ticket of a desk; the one in doubt is adopted."""
        name = side.called("ticket", ticket.id)
        if name is not None:
            return name
        if side.doubt is None:
            with self.judging():
                raise Disagreement(
                    f"{side.name}: there is a ticket {ticket.id!r} that nobody created, or that was created twice: "
                    f"{snapshots.ticket(ticket, self.capabilities.ticket_fields)}"
                )
        name, side.doubt = side.doubt.name, None
        self.adopt(side, name, ticket)
        return name

    # ---- comparing records

    def adopt(self, side: Side, name: str, ticket: Ticket) -> None:
        """Take a ticket that a desk created as ours, and compare it."""
        with self.judging():
            side.bind(name, ticket.id, ticket.ref)
        self.check_ticket(side, name, ticket)

    def check_ticket(self, side: Side, name: str, ticket: Ticket, *, among: Mapping[str, Any] | None = None) -> None:
        """Compare a ticket with the model."""
        with self.judging():
            if side.ids[name] != ticket.id:
                raise Disagreement(f"{side.name}: asked for {name} ({side.ids[name]!r}), got {ticket.id!r}")
            row = self.model.tickets[name]
            whose = self.model.address_of(row["requester"])
            seen = snapshots.ticket(ticket, self.capabilities.ticket_fields)
            side.compare(name, {**row, "fields": {**row["fields"], "requester": whose}}, seen, among=among)
            if ticket.requester is not None and ticket.requester.id is not None:
                side.bind(row["requester"], ticket.requester.id)

    def check_contact(self, side: Side, name: str, contact: Contact, *, among: Mapping[str, Any] | None = None) -> None:
        """Compare a contact with the model."""
        with self.judging():
            side.bind(name, contact.id, contact.ref)
            seen = snapshots.contact(contact, self.capabilities.contact_fields)
            side.compare(name, self.model.contacts[name], seen, among=among)

    def contact_seen(self, side: Side, contact: Contact) -> str:
        """Return our name for a contact of a desk, by its id or else by its address."""
        name = side.called("contact", contact.id)
        held = [*contact.emails, *(phone.e164 or phone.raw for phone in contact.phones)]
        name = name or next((found for one in held if (found := self.model.contact_at(one)) is not None), None)
        if name is None:
            with self.judging():
                raise Disagreement(
                    f"{side.name}: there is a contact {contact.id!r} whom nobody created: "
                    f"{snapshots.contact(contact, self.capabilities.contact_fields)}"
                )
        return name

    def view(self, side: Side, name: str, row: Row) -> dict[str, Any]:
        """Return all that is known of a record on one desk: what was written, and what is the desk's own."""
        own = side.own[name]
        return {**own, **own.get("custom_fields", {}), **row["fields"]}

    def named(self, side: Side, names: Iterable[str]) -> list[str]:
        """Return those of our names that this desk has ids for."""
        return [name for name in names if name in side.ids]

    def striking(self, calm: int) -> st.SearchStrategy[str | None]:
        """Return the strategy for faults: of so many calls and one, one is struck."""
        none: list[st.SearchStrategy[str | None]] = [st.none()] * calm
        return st.one_of(*none, st.sampled_from(sorted(self.strikes))) if self.strikes else st.none()


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
    """Return a strategy that the running machine chooses: by its desk's capabilities and the account's words."""
    return st.runner().flatmap(choose)


STRUCK: Final = of_machine(lambda machine: machine.striking(3))
"""A fault for one read, or None."""
STRUCK_WRITE: Final = of_machine(lambda machine: machine.striking(1))
"""A fault for one write, or None: what a write leaves behind is what the rest of a program looks at."""
