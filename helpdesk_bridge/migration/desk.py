"""Migration desk: one of the two desks of a migration, with its reference lists, each read once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Fidelity, Importer, MessageClass
from helpdesk_bridge.adapter.digests import file_digest
from helpdesk_bridge.adapter.odd_values import UnreadRow
from helpdesk_bridge.clock import Clock, SystemClock
from helpdesk_bridge.config.aliases import Aliases
from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.journal.states import opaque
from helpdesk_bridge.migration.marker import account_ref
from helpdesk_bridge.migration.outcome import NeverPossible
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Agent, FieldDefinition, Group, Tag, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind, Attachment, Ref
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.vendor_time import VendorTime

T = TypeVar("T")
_SYSTEM: Final = SystemClock()


@frozen
class Spent:
    """HTTP requests that went out, units charged for them, and how many the vendor refused."""

    calls: int = 0
    units: int = 0
    refused: int = 0


@frozen(slots=False, eq=False)
class MigrationDesk:
    """A desk and its reference lists, each asked for once and then kept for the whole migration.

    The desk's directory drops its lists after a while, in vendor seconds; a migration of weeks would ask for them
    thousands of times.
    """

    desk: Helpdesk
    _clock: Clock | None = None
    _lock: threading.RLock = field(factory=threading.RLock, repr=False)
    _read_twice: set[str] = field(factory=set, init=False, repr=False)

    @property
    def ref(self) -> str:
        """What names the account, such as ``deskie:robotsrule``."""
        return account_ref(self.desk)

    @property
    def label(self) -> str:
        """The desk as people see it: "support (Desk365 robotsrule)"."""
        return f"{self.desk.name} ({self.desk.title} {self.desk.account})"

    @property
    def clock(self) -> Clock:
        """The desk's own clock, in its vendor's seconds."""
        own: Clock | None = getattr(self.desk, "clock", None)
        return own or self._clock or _SYSTEM

    @property
    def _vendor_time(self) -> VendorTime | None:
        stack: Any = getattr(self.desk, "transport", None)
        return getattr(stack, "vendor_time", None)

    def vendor_now(self) -> datetime:
        """Return the time of day by the clock that dates what the desk holds: its vendor's, as its answers say.

        A local desk's is this machine's, and that of a vendor which has not answered yet.
        """
        heard = self._vendor_time
        return self.clock.wall() if heard is None else heard.wall()

    def ask_time(self) -> datetime:
        """Return the same, after one read if no answer has said it yet."""
        heard = self._vendor_time
        if heard is not None and heard.ahead() is None:
            self.desk.tickets.list(TicketQuery(limit=1), resolve=False).page(size=1)
        return self.vendor_now()

    @property
    def time_scale(self) -> float | None:
        """How many vendor seconds pass in a real one; None for a desk without a vendor behind it."""
        return None if self.desk.rate_limit is None else self.clock.time_scale

    @property
    def aliases(self) -> Aliases:
        """The application's own names at this desk."""
        aliases: Aliases = getattr(self.desk, "aliases", None) or Aliases()
        return aliases

    def spent(self) -> Spent:
        """Return what this desk's connection sent so far; nothing for a desk without one."""
        stats: Any = getattr(getattr(self.desk, "transport", None), "stats", None)
        return Spent() if stats is None else Spent(stats.calls, stats.units, stats.refused)

    def forecast(self, units: int) -> float:
        """Return the vendor seconds until this desk can have sent that many units; 0 for a desk without a budget."""
        stack: Any = getattr(self.desk, "transport", None)
        if stack is not None:
            return float(stack.forecast(units))
        return 0.0 if self.desk.budget is None else self.desk.budget.forecast(units)

    def mended(self) -> Mapping[str, int]:
        """Return what this desk said so far that no text can hold, counted by kind."""
        counts: Mapping[str, int] = getattr(self.desk, "mended", {})
        return counts

    def unread_rows(self, kind: str, parent: str = "") -> tuple[UnreadRow, ...]:
        """Return the rows of a kind that this desk's listings left out so far, because they cannot be read."""
        ask: Callable[[str, str], tuple[UnreadRow, ...]] | None = getattr(self.desk, "unread_rows", None)
        return () if ask is None else ask(kind, parent)

    @property
    def defines(self) -> bool:
        """Whether the desk takes any group, agent, tag, field or status: one without a vendor behind it does."""
        return self.desk.rate_limit is None

    def knows_all(self, listing: str) -> bool:
        """Whether a name that a reference list of this desk does not hold is refused."""
        return listing in self.desk.capabilities.complete_lists and not self.defines

    def _listed(self, name: str) -> tuple[Any, ...]:
        facet = getattr(self.desk, name)
        with self._lock:
            return tuple(facet.list()) if facet else ()

    def found(self, listing: str, look: Callable[[], T | None]) -> T | None:
        """Return what ``look`` finds in a reference list of this desk.

        What a whole list lacks is looked for in that list read again, once a migration: an answer may have left it out, and
        all that it names would be taken for unknown.
        """
        known = look()
        if known is None and self.knows_all(listing) and self._read_again(listing):
            known = look()
        return known

    def _read_again(self, listing: str) -> bool:
        with self._lock:
            if listing in self._read_twice:
                return False
            self._read_twice.add(listing)
            before: tuple[Any, ...] = getattr(self, listing)
            try:
                more = tuple(one for one in self._listed(listing) if one not in before)
            except HelpdeskError:
                return False  # the first reading is all there is
            for name in ("_agents_by_id", "_agents_by_email"):
                self.__dict__.pop(name, None)
            self.__dict__[listing] = (*before, *more)
            return bool(more)

    @cached_property
    def agents(self) -> tuple[Agent, ...]:
        """The agents."""
        return self._listed("agents")

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups."""
        return self._listed("groups")

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        """The tags."""
        return self._listed("tags")

    @cached_property
    def custom_fields(self) -> tuple[FieldDefinition, ...]:
        """The custom-field definitions."""
        return self._listed("custom_fields")

    @cached_property
    def _agents_by_id(self) -> dict[str, Agent]:
        return {agent.id: agent for agent in self.agents}

    @cached_property
    def _agents_by_email(self) -> dict[str, Agent]:
        return {email_key(agent.email): agent for agent in self.agents if agent.email}

    def contact_key(self, contact_id: str) -> str:
        """Return a contact's id as the journal holds it."""
        return opaque(contact_id, natural="contact" in self.desk.capabilities.natural_ids)

    def agent(self, actor: Actor) -> Agent | None:
        """Return the agent that an actor names, by id or e-mail."""
        return self.found("agents", lambda: self._agent(actor))

    def _agent(self, actor: Actor) -> Agent | None:
        if actor.id is not None and actor.id in self._agents_by_id:
            return self._agents_by_id[actor.id]
        return self._agents_by_email.get(email_key(actor.email)) if actor.email else None

    def filled(self, actor: Actor | None) -> Actor | None:
        """Return an agent with name and e-mail; other actors as they are."""
        if actor is None or actor.kind is not ActorKind.AGENT or (actor.email and actor.name):
            return actor
        agent = self.agent(actor)
        return (
            actor if agent is None else evolve(actor, name=actor.name or agent.name, email=actor.email or agent.email)
        )

    def named(self, group: Ref | None) -> Ref | None:
        """Return a group with its name, in the application's words."""
        if group is None or group.name is not None:
            return group
        name = self.found("groups", lambda: next((one.name for one in self.groups if one.id == group.id), None))
        return group if name is None else Ref(group.id, self.aliases.groups.into(name))

    def file_digest(self, file: Attachment) -> str:
        """Return the SHA-256 digest of a file's bytes."""
        facet = self.desk.attachments
        if not facet:
            raise NotFound("this desk does not hand out files")
        with facet.open(file) as stream:
            return file_digest(stream)[0]

    def ticket(self, ticket: Ticket) -> Ticket:
        """Return a ticket with the names that its vendor tells by id, without asking for anything but lists."""
        return evolve(ticket, assignee=self.filled(ticket.assignee), group=self.named(ticket.group))


def importer_of(source: MigrationDesk, destination: MigrationDesk) -> Importer:
    """Return the destination's importer. Raises ``NeverPossible``, before any call, for a pair that cannot work."""
    importer = destination.desk.importer
    if not importer:
        note = destination.desk.capabilities.notes.get("importer")
        raise NeverPossible(f"{destination.label} cannot be migrated into" + (f": {note}" if note else ""))
    internal = importer.fidelity.messages.get(MessageClass.NOTE, {}).get("visibility")
    if internal is None or internal.how is not Fidelity.NATIVE:
        raise NeverPossible(f"{destination.label} shows internal notes to customers, so nothing is migrated into it")
    missing = source.desk.capabilities.missing("tickets.list", "contacts.list", "messages.list")
    if missing:
        raise NeverPossible(f"{source.label} cannot list its records: it lacks {', '.join(missing)}")
    if source.ref == destination.ref:
        raise NeverPossible(f"{source.label} and {destination.label} are the same account")
    return importer
