"""Rollback: what a migration created and nobody has touched since is removed again, the newest first.

A ticket is compared with what was written of it, its thread and files included, right before it is removed. The journal holds
an intent before each removal, so that a rollback that was killed goes on where it was and counts each removal once. What was
removed is planned again: a later run writes it anew. Nothing is sent to a customer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property, partial
from typing import Any, Final, Self

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Removal, Trash, is_marker_field
from helpdesk_bridge.errors import HelpdeskError, NotFound
from helpdesk_bridge.migration.journal import expected
from helpdesk_bridge.migration.journal.states import (
    ON_A_TICKET,
    Key,
    Kind,
    Record,
    State,
    is_opaque,
    reason_of,
)
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.outcome import Interrupted, WrongJournal
from helpdesk_bridge.migration.verify.threads import Row, ThreadCheck
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.records import Contact, Ticket
from helpdesk_bridge.model.values import Actor, ActorKind

GONE: Final = "it is not at the destination any more"
IN_TRASH: Final = "somebody moved it to the trash"
ADOPTED: Final = "it was there before this migration"
HAS_TICKETS: Final = "it has tickets"
NAMED: Final = "a ticket that stays names it"
SHARED: Final = "it is another contact of the source as well"
NO_ID: Final = "the journal holds no id of it"
IN_DOUBT: Final = "it is not known whether it was written: migrate decide --in-doubt settles it"
_TIMES: Final = frozenset({"created_at", "updated_at"})
_ALL: Final = frozenset({"spam", "deleted", "merged"})
_EMPTY: Final[tuple[Any, ...]] = (None, "", False, 0, ())
_NAMED: Final = 4
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


class Fate(Enum):
    """What becomes of a record. ``REMOVABLE`` is what a preview says of one that a rollback would remove."""

    REMOVABLE = "removable"
    REMOVED = "removed"
    PARKED = "parked"
    KEPT = "kept"
    GONE = "gone"


@frozen
class RolledBack:
    """A record and what becomes of it; ``id`` is the source's, ``destination`` and ``url`` are where it is."""

    record: str
    id: str
    destination: str
    fate: Fate
    why: str = ""
    url: str | None = None


@frozen
class Park:
    """What marks a ticket that is not removed: a ``tag``, or a ``status``, which only untouched tickets get."""

    tag: str | None = None
    status: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what ``tag:NAME`` or ``status:NAME`` names. Raises ``ValueError`` for another text."""
        what, _, name = text.partition(":")
        if what not in ("tag", "status") or not name.strip():
            raise ValueError(f"--park {text}: write tag:NAME or status:NAME")
        return cls(**{what: name.strip()})


@frozen(eq=False)
class Rollback:
    """One rollback. ``only``: the tickets and contacts that it is about, None for all of the journal.

    ``trash`` moves tickets to the trash of a vendor that has one. ``after`` is how the journal then holds what was removed.
    """

    context: LoadContext
    only: frozenset[Key] | None = None
    park: Park | None = None
    trash: bool = False
    after: State = State.PLANNED
    reason: str | None = None
    _people: dict[str, Contact | None] = field(factory=dict, init=False)
    _removable: set[str] = field(factory=set, init=False)
    """The tickets that were removed, or that a preview would remove."""
    _kept: list[str] = field(factory=list, init=False)
    """The tickets of this journal that stay."""

    def check(self) -> None:
        """Refuse, before anything is written, a journal whose run has not ended and a destination that was emptied.

        Raises ``Interrupted`` and ``WrongJournal``.
        """
        open_writes = sum(
            self._meant(record) for kind in Kind for record in self.context.journal.by_state(kind, State.INTENT)
        )
        if open_writes:
            raise Interrupted(
                f"the run did not end: it is not known of {open_writes} records whether they were written; migrate run "
                "finds out and ends it, and then a rollback is possible. Nothing was removed"
            )
        written = [*self._newest(Kind.TICKET), *self._newest(Kind.CONTACT)]
        if written and not any(self._began(one) or self._is_there(one) for one in written):
            raise WrongJournal(
                f"{self.context.destination.label} has none of the {len(written)} records that this journal wrote: it was "
                "emptied, or restored from before. There is nothing to remove"
            )

    def preview(self) -> Iterator[RolledBack]:
        """Yield what would become of each record; read only."""
        return self._all(writes=False)

    def run(self) -> Iterator[RolledBack]:
        """Remove, and yield what became of each record."""
        return self._all(writes=True)

    # -- which records ---------------------------------------------------------------------------------------------

    def _meant(self, record: Record) -> bool:
        if self.only is None:
            return True
        return record.key in self.only or Key(Kind.TICKET, record.key.parent) in self.only

    def _newest(self, kind: Kind) -> list[Record]:
        """Return the records that are at the destination, the newest first; one of several that became the same contact."""
        there: dict[str, Record] = {}
        for record in self.context.journal.written(kind):
            if self._meant(record):
                known = there.get(record.destination[0])
                if known is None or (self._adopted(known) and not self._adopted(record)):
                    there[record.destination[0]] = evolve(record, version=None)
        return sorted(there.values(), key=lambda one: (one.intent_at or _LONG_AGO, one.key.id), reverse=True)

    @staticmethod
    def _adopted(record: Record) -> bool:
        never_sent = record.attempts == 0 or record.intent_at is None
        return never_sent or (record.key.kind is Kind.CONTACT and record.expected is None)

    def _all(self, *, writes: bool) -> Iterator[RolledBack]:
        for kind, judge in ((Kind.TICKET, self._ticket), (Kind.CONTACT, self._contact)):
            for record in self._newest(kind):
                self.context.check_stop()
                judged = judge(record, writes=writes)
                if kind is Kind.TICKET:
                    stays = judged.fate in (Fate.KEPT, Fate.PARKED)
                    (self._kept.append if stays else self._removable.add)(judged.destination)
                yield judged
            for record in self.context.journal.by_state(kind, State.IN_DOUBT):
                if self._meant(record) and not record.destination:
                    yield RolledBack(kind.value, record.key.id, "", Fate.KEPT, IN_DOUBT)

    # -- tickets ---------------------------------------------------------------------------------------------------

    def _ticket(self, record: Record, *, writes: bool) -> RolledBack:
        told = partial(RolledBack, "ticket", record.key.id, record.destination[0])
        began = self._began(record)
        try:
            there = self._read_ticket(record.destination[0])
        except HelpdeskError as error:
            return told(Fate.KEPT, f"it cannot be read: {reason_of(error)}")
        if there is None or (self.trash and began and there.deleted):
            return self._missing(record, told, began=began, writes=writes)
        told = partial(told, url=there.url)
        if self._adopted(record):
            return told(Fate.KEPT, ADOPTED)
        if there.deleted and not began:
            return told(Fate.KEPT, IN_TRASH)
        missing = self._cannot()
        needless = bool(missing) and (self.park is None or self.park.status is None)
        touched = "" if needless or there.deleted else self._touched(record, there)
        if not (missing or touched):
            return self._removed(record, told, writes=writes)
        return self._parked(record, there, partial(told, why=touched or missing), touched=bool(touched), writes=writes)

    def _read_ticket(self, ticket_id: str) -> Ticket | None:
        context = self.context
        try:
            return context.destination_outage.of_record(partial(context.destination.desk.tickets.get, ticket_id))
        except NotFound:
            return None

    def _cannot(self) -> str:
        """Return why this destination removes nothing; empty if it does."""
        desk = self.context.destination.desk
        if desk.removal:
            return ""
        note = desk.capabilities.notes.get("removal", "it removes nothing")
        return f"{desk.title} cannot: {note}"

    def _touched(self, record: Record, there: Ticket) -> str:
        """Return what of a ticket is not as it was written; empty if it is untouched."""
        names = ["spam"] if there.spam else []
        names += self._fields(record, there)
        unread: list[str] = []
        for what, source_id, name, wanted, shown in self._thread(record, there):
            if wanted in ("readable", "compared"):
                unread.append(str(shown))
            else:
                names.append(f"{what} {source_id} {name}")
        if unread:
            return f"it cannot be read: {unread[0]}"
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"changed since it was written: {', '.join(names[:_NAMED])}{more}" if names else ""

    def _fields(self, record: Record, there: Ticket) -> list[str]:
        context, wanted = self.context, record.expected or {}
        kept, aliases = context.importer.fidelity.ticket, context.destination.aliases
        shown = expected.ticket(context.destination.ticket(there), kept, aliases)
        requester = there.requester
        if "requester" in shown and requester is not None and requester.id is not None and not requester.email:
            known = self._known(requester.id)
            if known is not None:
                shown["requester"] = expected.person(known.actor())
        names = [name for name, _, _ in expected.ticket_differences(wanted, shown)]
        # What somebody wrote into a field that was empty is no difference for a verification, and would be lost here.
        values = {name: value for name, value in there.custom_fields.items() if value not in _EMPTY}
        added = expected.ticket(evolve(there, custom_fields=values), kept, aliases).get("custom_fields", {})
        own = {name: value for name, value in values.items() if is_marker_field(name)}
        ours = expected.ticket(evolve(there, custom_fields=own), kept, aliases).get("custom_fields", {})
        if set(added) - set(ours) - set(wanted.get("custom_fields", {})):
            names.append("custom_fields")
        return names

    def _thread(self, record: Record, there: Ticket) -> list[Row]:
        context, found = self.context, []
        compared = 0

        def report(_ticket: str, rows: list[Row], counts: Mapping[str, int]) -> None:
            nonlocal compared
            found.extend(rows)
            compared += counts.get("messages", 0)

        ThreadCheck(
            context.destination,
            context.importer,
            context.journal,
            context.destination_outage,
            record,
            there,
            False,
            context.marker_key.seal,
            self._known,
            report,
            self._notes.get(record.key.id, ()),
        ).advance()
        if not compared and not found:
            return [("ticket", record.key.id, "messages", "compared", "the journal holds nothing of its thread")]
        return found

    @cached_property
    def _notes(self) -> dict[str, list[dict[str, Any]]]:
        return self.context.journal.facts.gone_notes()

    def _known(self, contact_id: str) -> Contact | None:
        if contact_id not in self._people:
            read = partial(self.context.destination.desk.contacts.get, contact_id)
            try:
                self._people[contact_id] = self.context.destination_outage.of_record(read)
            except NotFound:
                self._people[contact_id] = None
        return self._people[contact_id]

    # -- contacts --------------------------------------------------------------------------------------------------

    def _contact(self, record: Record, *, writes: bool) -> RolledBack:
        context, contact_id = self.context, record.destination[0]
        told = partial(RolledBack, "contact", record.key.id, contact_id)
        if self._adopted(record):
            return told(Fate.KEPT, ADOPTED)
        if contact_id in self._shared:
            return told(Fate.KEPT, SHARED)
        if missing := self._cannot():
            return told(Fate.KEPT, missing)
        if is_opaque(contact_id):
            return told(Fate.KEPT, NO_ID)
        try:
            there = context.destination_outage.of_record(partial(context.destination.desk.contacts.get, contact_id))
            if there.deleted and self.trash and self._began(record):
                return self._missing(record, told, began=True, writes=writes)
            touched = IN_TRASH if there.deleted else self._contact_touched(record, there)
            touched = touched or self._named(there)
        except NotFound:
            return self._missing(record, told, began=self._began(record), writes=writes)
        except HelpdeskError as error:
            return told(Fate.KEPT, f"it cannot be read: {reason_of(error)}")
        return told(Fate.KEPT, touched) if touched else self._removed(record, told, writes=writes)

    @cached_property
    def _shared(self) -> frozenset[str]:
        """The contacts that further contacts of the source became, which are none of this rollback's business."""
        written = self.context.journal.written(Kind.CONTACT) if self.only is not None else ()
        return frozenset(one.destination[0] for one in written if not self._meant(one))

    def _contact_touched(self, record: Record, there: Contact) -> str:
        kept, wanted = self.context.importer.fidelity.contact, record.expected or {}
        shown = expected.contact(there, kept, self.context.destination.aliases)
        names = [name for name, _, _ in expected.contact_differences(wanted, shown, kept)]
        # As of tickets: a verification takes what the destination has beyond what was written.
        for name, was in wanted.items():
            now = shown.get(name)
            if name in names or name in _TIMES or not now or isinstance(was, bool):
                continue
            added = set(now) - set(was or ()) if isinstance(now, (list, Mapping)) else not was
            if added:
                names.append(name)
        return f"changed since it was written: {', '.join(names)}" if names else ""

    def _named(self, there: Contact) -> str:
        """Return why a contact has to stay whom nobody touched: a ticket that stays is of it, or names it; else nothing."""
        keys = {there.id, *map(email_key, there.emails)}
        if keys & self._requesters:
            return HAS_TICKETS
        return NAMED if keys & self._others else ""

    @cached_property
    def _requesters(self) -> frozenset[str]:
        """The ids and addresses of those whose tickets stay."""
        return _keys(ticket.requester for ticket in self._staying)

    @cached_property
    def _others(self) -> frozenset[str]:
        """The ids and addresses of those whom a ticket that stays has in copy, or who wrote in a thread of this migration."""
        authors = [author for ticket_id in self._kept for author in self._authors(ticket_id)]
        return _keys(authors) | {email_key(address) for ticket in self._staying for address in ticket.cc}

    @cached_property
    def _staying(self) -> list[Ticket]:
        """The tickets at the destination that no rollback removes, without their texts."""
        context, left = self.context, self._removable
        tickets = context.destination.desk.tickets
        read = partial(tickets.list, TicketQuery(include=_ALL), resolve=False)
        listed = context.destination_outage.of_record(
            lambda: [evolve(one, description=None) for one in read() if one.id not in left]
        )
        # A list may lack who is in copy, and is of a while ago.
        whole = {one: self._read_ticket(one) for one in self._kept}
        known = [whole[one] for one in self._kept if whole[one] is not None]
        return [*(one for one in listed if one.id not in whole), *(one for one in known if one is not None)]

    def _authors(self, ticket_id: str) -> list[Actor]:
        context = self.context
        read = partial(context.destination.desk.messages.list, ticket_id, resolve=False)
        try:
            return context.destination_outage.of_record(lambda: [message.author for message in read()])
        except NotFound:
            return []

    # -- what is done ----------------------------------------------------------------------------------------------

    def _missing(self, record: Record, told: Callable[..., RolledBack], *, began: bool, writes: bool) -> RolledBack:
        if not began:
            return told(Fate.GONE, GONE)
        if writes:
            self._forget(record)
        return told(Fate.REMOVED)

    def _removed(self, record: Record, told: Callable[..., RolledBack], *, writes: bool) -> RolledBack:
        context, record_id = self.context, record.destination[0]
        if not writes:
            return told(Fate.REMOVABLE)
        removal = context.destination.desk.removal
        assert removal  # noqa: S101 - the caller has looked
        context.journal.facts.settle_rollback(*_name(record), destination=record_id, began=True)
        try:
            context.set_values(partial(self._remover(removal, record.key.kind), record_id))
        except NotFound:
            pass  # an earlier attempt removed it
        except HelpdeskError as error:
            # The intent stays: of a removal of two steps the first may be done, and one without an answer may be too.
            return told(Fate.KEPT, f"the destination did not confirm it: {reason_of(error)}")
        self._forget(record)
        return told(Fate.REMOVED)

    def _remover(self, removal: Removal, kind: Kind) -> Callable[[str], None]:
        if self.trash and isinstance(removal, Trash):
            return removal.trash_ticket if kind is Kind.TICKET else removal.trash_contact
        return removal.ticket if kind is Kind.TICKET else removal.contact

    def _forget(self, record: Record) -> None:
        """Write down that a record is not at the destination any more, with all that hung on it."""
        journal, destination = self.context.journal, record.destination
        journal.facts.settle_rollback(*_name(record), destination=destination[0], began=True, removed=True)
        if record.key.kind is Kind.TICKET:
            known = journal.get(record.key)
            together = [] if known is None else [known, *journal.children(record.key.id, *ON_A_TICKET)]
        else:
            together = [one for one in journal.written(Kind.CONTACT) if one.destination == destination]
        journal.save(*(self._as_planned(one) for one in together if one.state is not State.SKIPPED))

    def _as_planned(self, record: Record) -> Record:
        return evolve(
            record,
            state=self.after,
            reason=self.reason,
            destination=(),
            candidates=(),
            marker=None,
            finished=False,
            version=None,
            expected=None,
            intent_at=None,
            attempts=0,
        )

    def _parked(
        self, record: Record, there: Ticket, told: Callable[..., RolledBack], *, touched: bool, writes: bool
    ) -> RolledBack:
        park = self.park
        if park is None or not writes or (touched and park.tag is None):
            return told(Fate.KEPT)
        tags = tuple(dict.fromkeys((*there.tags, park.tag))) if park.tag else ()
        change = TicketChange(tags=tags) if tags else TicketChange(status=park.status or "")
        if not (tags and park.tag in there.tags):
            update = partial(self.context.destination.desk.tickets.update, record.destination[0], change)
            try:
                self.context.set_values(update)
            except HelpdeskError as error:
                why = told(Fate.KEPT).why
                return told(Fate.KEPT, why=f"{why}; it could not be parked: {reason_of(error)}")
        return told(Fate.PARKED)

    def _began(self, record: Record) -> bool:
        """Whether the journal holds the intent to remove exactly this."""
        known = self.context.journal.facts.rolled_back(*_name(record))
        return bool(known) and known.get("destination") == record.destination[0] and bool(known.get("began"))

    def _is_there(self, record: Record) -> bool:
        desk, record_id = self.context.destination.desk, record.destination[0]
        if is_opaque(record_id):
            return False
        read = desk.tickets.get if record.key.kind is Kind.TICKET else desk.contacts.get
        try:
            self.context.destination_outage.of_record(lambda: read(record_id))
        except NotFound:
            return False
        return True


def _keys(people: Iterable[Actor | None]) -> frozenset[str]:
    """Return what tells these people: their ids, but for those of agents, which may be the same numbers, and addresses."""
    known = [one for one in people if one is not None]
    ids = {one.id for one in known if one.id and one.kind is not ActorKind.AGENT}
    return frozenset(ids | {email_key(one.email) for one in known if one.email})


def _name(record: Record) -> tuple[str, str]:
    return record.key.kind.value, record.key.id
