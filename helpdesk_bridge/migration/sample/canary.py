"""Canary: one ticket for an address of one's own, before the first customer's, to see which mail an import causes.

It is no record of the source: the journal's records do not hold it, and no verification counts it. It is written once, with
the calls of a real ticket, and taken away in the end, or closed where nothing can be taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self, TypeVar

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Hazard, Opening
from helpdesk_bridge.adapter.header_line import sealing
from helpdesk_bridge.errors import HelpdeskError, InDoubt, Invalid, NotFound
from helpdesk_bridge.last_check import checked_last
from helpdesk_bridge.migration.journal.facts import JournalFacts
from helpdesk_bridge.migration.journal.states import Kind, reason_of
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.load.lookup import WHOLE
from helpdesk_bridge.migration.marker import MOST_CANARIES, canary_source
from helpdesk_bridge.migration.outage import ATTEMPTS
from helpdesk_bridge.migration.outcome import DecisionNeeded, ExitCode, Interrupted, MigrationError
from helpdesk_bridge.migration.plan.thread_layout import IMPORT
from helpdesk_bridge.migration.sample.mailbox import Mail, Mailbox, MailboxUnread
from helpdesk_bridge.model.addresses import email_key, is_email
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Body, MessageKind, Status, Visibility
from helpdesk_bridge.text.plain import digest

T = TypeVar("T")

CANARY: Final = "canary"
"""Under which name the journal keeps what is known of it."""
NOTHING: Final = "nothing"
ARRIVED: Final = "arrived"
REMOVED: Final = "removed"
CLOSED: Final = "closed"
WAIT: Final = 120.0
"""Vendor seconds for which a mailbox is watched."""
_POLL: Final = 10.0
_AGE: Final = timedelta(days=30)
_SUBJECT: Final = "Canary of a migration ({})"
_OPENING: Final = "This ticket was written by a migration to see which mail it causes ({}). It can be closed."
_LATER: Final = (
    (Visibility.PUBLIC, MessageKind.REPLY, "An answer of the canary, as an old answer of an agent is written."),
    (Visibility.INTERNAL, MessageKind.NOTE, "A note of the canary, as an old note is written."),
)


class NoCanary(MigrationError):
    """No canary can be written for this address; nothing was sent."""

    exit_code = ExitCode.USAGE


@frozen(kw_only=True)
class CanaryState:
    """What is known of the latest canary. ``answers`` says for each hazard whether mail arrived, and who says so.

    ``address`` is its digest; ``mails`` the mailbox's number for the first mail after the write.
    """

    number: int
    address: str
    at: str
    mails: int | None = None
    contact: str | None = None
    ticket: str | None = None
    written: bool = False
    answers: Mapping[str, Mapping[str, str]] = field(factory=dict)
    ended: str | None = None

    @classmethod
    def kept(cls, facts: JournalFacts) -> Self | None:
        """Return what the journal keeps, None without a canary."""
        known = facts.recall(CANARY)
        return None if known is None else cls(**known)

    def keep(self, facts: JournalFacts) -> Self:
        """Write it down, and return it."""
        names = ("number", "address", "at", "mails", "contact", "ticket", "written", "ended")
        answers = {name: dict(answer) for name, answer in self.answers.items()}
        facts.remember(**{CANARY: {**{name: getattr(self, name) for name in names}, "answers": answers}})
        return self

    @property
    def arrived(self) -> tuple[str, ...]:
        """The hazards of which mail arrived."""
        return tuple(name for name, answer in self.answers.items() if answer["outcome"] == ARRIVED)


@frozen
class Asked:
    """What the person who looks is asked: which of these hazards mailed. ``mails`` are what a mailbox shows, if one was read."""

    hazards: tuple[Hazard, ...]
    address: str
    mails: tuple[Mail, ...] | None


Ask = Callable[[Asked], Sequence[str] | None]
"""Returns the ids of the hazards of which mail arrived, or None if nobody can answer now."""


@frozen(eq=False)
class Canary:
    """Writes the canary, asks what arrived and takes it away. ``tell`` gets lines for people."""

    context: LoadContext
    address: str
    ask: Ask
    tell: Callable[[str], None]
    mailbox: Mailbox | None = None
    wait: float = WAIT

    def run(self) -> CanaryState:
        """Go on from where an earlier call stopped, to the answers.

        Raises ``NoCanary`` for an address that is somebody's, before anything is written; ``DecisionNeeded`` if nobody
        answers, or if mail arrived.
        """
        state = CanaryState.kept(self.context.journal.facts)
        if state is not None and state.ended is not None and not state.arrived and state.address == self._digest:
            return state
        if state is None or state.ended is not None:
            state = self._begun(state)
        elif state.address != self._digest:
            raise NoCanary("a canary for another address is under way; end it with that address first")
        if not state.written:
            state = self._write(state)
        state = self._answered(state)
        if state.arrived:
            stops = {one.id: one.stop for one in self._hazards}
            switches = "; ".join(f"{name}: {stops[name]}" for name in state.arrived)
            raise DecisionNeeded(
                f"mail of this import arrived at the canary's address, and would arrive at customers; none of their tickets was "
                f"written. Switch it off and run the same command again. {switches}"
            )
        return state

    @property
    def _digest(self) -> str:
        return digest("email", email_key(self.address))

    @property
    def _hazards(self) -> tuple[Hazard, ...]:
        return self.context.importer.hazards

    def _marker(self, state: CanaryState, kind: str) -> str:
        return self.context.marker(kind, canary_source(state.number))

    # -- before the first write ------------------------------------------------------------------------------------

    def _begun(self, earlier: CanaryState | None) -> CanaryState:
        self._check_address(earlier)
        context = self.context
        mails = None if self.mailbox is None else self._read(self.mailbox.next_uid)
        label = context.destination.label
        if context.destination.desk.removal:
            self.tell(f"canary: one ticket for {self.address} is written into {label}, and taken away in the end")
        else:
            self.tell(
                f"canary: one ticket for {self.address} is written into {label}. It cannot be taken away there"
                f"{self._why_not}: it and its contact stay, and it is closed"
            )
        at = context.destination.vendor_now().replace(microsecond=0).isoformat()
        number = 1 if earlier is None else earlier.number % MOST_CANARIES + 1
        return CanaryState(number=number, address=self._digest, at=at, mails=mails).keep(context.journal.facts)

    @property
    def _why_not(self) -> str:
        note = self.context.destination.desk.capabilities.notes.get("removal")
        return f" ({note})" if note else ""

    def _check_address(self, earlier: CanaryState | None) -> None:
        """Refuse an address that is somebody's; that of an ``earlier`` canary, whose contact stayed, is not."""
        context, address = self.context, self.address
        if not is_email(address):
            raise NoCanary("--canary takes one e-mail address of your own")
        key = email_key(address)
        for side in (context.source, context.destination):
            if any(agent.email and email_key(agent.email) == key for agent in side.agents):
                raise NoCanary(
                    f"the canary's address belongs to an agent of {side.label}, who gets other mail than customers do; give an "
                    "address of your own that the helpdesk does not know"
                )
        sides = (context.source, context.source_outage), (context.destination, context.destination_outage)
        stayed = earlier.contact if earlier is not None and earlier.address == self._digest else None
        for side, outage in sides:
            holder = outage.of_record(partial(side.desk.contacts.find, email=address))
            if holder is not None and (side is not context.destination or holder.id != stayed):
                raise self._somebodys(side.label)
        if any(key == email_key(known) for known in self._named()):
            raise self._somebodys(context.source.label)

    def _named(self) -> Iterator[str]:
        """Yield the addresses of all people whom the source's lists name."""
        spool = self.context.spool
        for contact in spool.each(Kind.CONTACT.value, Contact):
            yield from contact.emails
        for ticket in spool.each(Kind.TICKET.value, Ticket):
            yield from ticket.cc
            if ticket.requester is not None and ticket.requester.email:
                yield ticket.requester.email

    @staticmethod
    def _somebodys(label: str) -> NoCanary:
        return NoCanary(
            f"the canary's address belongs to a customer of {label}; give an address of your own that neither helpdesk knows"
        )

    # -- writing ---------------------------------------------------------------------------------------------------

    def _write(self, state: CanaryState) -> CanaryState:
        """Write contact, ticket, two messages and the final state; what an earlier call wrote is found again."""
        facts, importer = self.context.journal.facts, self.context.importer
        token = self._marker(state, "ticket")[:8]
        at = datetime.fromisoformat(state.at) - _AGE
        contact = Contact(
            id=f"canary-{state.number}", ref="", name="Migration canary", emails=(self.address,), created_at=at
        )
        if state.contact is None:
            known = self._once(
                "contact", state, contact, lambda: importer.contact(contact, self._marker(state, "contact"))
            )
            state = evolve(state, contact=known).keep(facts)
        ticket = self._ticket(state, at, token)
        if state.ticket is None:
            opening = Opening.of(self._message(ticket, 0, Visibility.PUBLIC, MessageKind.REPLY, _OPENING.format(token)))
            known = self._once(
                "ticket",
                state,
                ticket,
                lambda: (importer.ticket(ticket, opening, (), self._marker(state, "ticket")).ticket_id,),
            )
            state = evolve(state, ticket=known).keep(facts)
        ticket_id = str(state.ticket)
        for number, (visibility, kind, text) in enumerate(_LATER, 1):
            self._say(ticket_id, self._message(ticket, number, visibility, kind, text), text)
        self.context.set_values(partial(importer.finish, ticket_id, ticket))
        return evolve(state, written=True).keep(facts)

    def _ticket(self, state: CanaryState, at: datetime, token: str) -> Ticket:
        requester = Actor(ActorKind.CONTACT, id=state.contact, name="Migration canary", email=self.address)
        return Ticket(
            id=f"canary-{state.number}",
            ref="",
            subject=_SUBJECT.format(token),
            status=Status.CLOSED,
            requester=requester,
            created_at=at,
            updated_at=at,
            closed_at=at,
        )

    @staticmethod
    def _message(ticket: Ticket, number: int, visibility: Visibility, kind: MessageKind, text: str) -> Message:
        at = None if ticket.created_at is None else ticket.created_at + timedelta(minutes=number)
        author = ticket.requester if number == 0 and ticket.requester is not None else IMPORT
        return Message(
            id=f"{ticket.id}:{number}",
            ticket_id=ticket.id,
            author=author,
            visibility=visibility,
            kind=kind,
            body=Body(text=text),
            created_at=at,
            sequence=number,
        )

    def _once(
        self, kind: str, state: CanaryState, record: Ticket | Contact, create: Callable[[], tuple[str, ...]]
    ) -> str:
        """Return the id of what is created; what is there already, or came of a create without an answer, is found first."""
        context = self.context
        since = datetime.fromisoformat(state.at) - timedelta(minutes=5)
        find = partial(context.importer.find, kind, self._marker(state, kind), since, record)
        for _ in range(ATTEMPTS):
            if there := self._found(kind, find):
                return there
            try:
                return self._sent(create)[0]
            except InDoubt:
                context.destination.clock.sleep(context.importer.settle)
        raise Interrupted("the canary was sent, and nothing says whether it arrived; run again to look for it")

    def _found(self, kind: str, find: Callable[[], tuple[str, ...]]) -> str | None:
        outage = self.context.destination_outage
        if kind == Kind.CONTACT.value:
            contact = outage.of_record(lambda: self.context.destination.desk.contacts.find(email=self.address))
            return None if contact is None else contact.id
        return next(iter(outage.of_record(find)), None)

    def _sent(self, create: Callable[[], T]) -> T:
        context = self.context
        context.check_stop()
        with checked_last(context.journal.file.check_lease), sealing(context.marker_key.seal):
            return context.destination_outage.patiently(create, passing=lambda error: error.temporary)

    def _say(self, ticket_id: str, message: Message, text: str) -> None:
        """Write a message unless the thread has its words."""
        context = self.context
        for _ in range(ATTEMPTS):
            tail = context.destination_outage.of_record(partial(context.importer.tail, ticket_id, WHOLE))
            if any(text in one.body.text for one in tail):
                return
            try:
                self._sent(partial(context.importer.message, ticket_id, message, ()))
            except InDoubt:
                context.destination.clock.sleep(context.importer.settle)
            else:
                return
        raise Interrupted("a message of the canary was sent, and nothing says whether it arrived; run again")

    # -- what arrived ----------------------------------------------------------------------------------------------

    def _answered(self, state: CanaryState) -> CanaryState:
        mails = None if self.mailbox is None else self._watched(self.mailbox, state.mails or 0)
        if mails == ():
            heard: Sequence[str] | None = ()
            by = "mailbox"
        else:
            heard, by = self.ask(Asked(self._hazards, self.address, mails)), "user"
            if heard is None and mails:  # which of them mailed is not known: each may have
                heard, by = [one.id for one in self._hazards], "mailbox"
        if heard is None:
            raise DecisionNeeded(
                "the canary is written; look into its mailbox, and say what arrived: run the same command again with --arrived "
                f"{NOTHING}, or with --arrived and a hazard: {', '.join(one.id for one in self._hazards)}"
            )
        at = self.context.destination.vendor_now().replace(microsecond=0).isoformat()
        answers = {
            one.id: {"outcome": ARRIVED if one.id in heard else NOTHING, "by": by, "at": at} for one in self._hazards
        }
        state = evolve(state, answers=answers).keep(self.context.journal.facts)
        return evolve(state, ended=self._ended(state)).keep(self.context.journal.facts)

    def _watched(self, mailbox: Mailbox, first: int) -> tuple[Mail, ...]:
        """Return what arrived, as soon as anything did and then once more at the end of the wait."""
        context = self.context
        clock = context.destination.clock
        until = clock.now() + self.wait
        while clock.now() < until:
            context.destination_outage.pause(min(_POLL, until - clock.now()) / clock.time_scale)
        return tuple(self._read(partial(mailbox.since, first)))

    @staticmethod
    def _read(call: Callable[[], T]) -> T:
        try:
            return call()
        except MailboxUnread as error:
            raise NoCanary(f"the canary's mailbox cannot be read: {error}") from None

    def _ended(self, state: CanaryState) -> str:
        """Take the canary away, or say that it stays closed."""
        context, removal = self.context, self.context.destination.desk.removal
        if not removal:
            return CLOSED
        for remove, record_id in ((removal.ticket, state.ticket), (removal.contact, state.contact)):
            if record_id is None:
                continue
            try:
                context.set_values(partial(remove, record_id))
            except NotFound:
                continue
            except HelpdeskError as error:
                self.tell(f"canary: it could not be taken away ({reason_of(error)}): remove {record_id} by hand")
                return CLOSED
        return REMOVED


def check_arrived(words: Sequence[str], hazards: Sequence[Hazard]) -> list[str]:
    """Return the hazards that these words name. Raises ``Invalid`` for others, and for ``nothing`` beside a hazard."""
    known = [one.id for one in hazards]
    unknown = sorted(set(words) - {NOTHING, *known})
    if unknown or (NOTHING in words and len(set(words)) > 1):
        raise Invalid(f"--arrived takes {NOTHING}, or hazards: {', '.join(known)}", field="arrived")
    return [one for one in known if one in words]
