"""Events by polling, for vendors without webhooks and for webhooks that nothing receives; and the cursor of events."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
from attrs import define, field, frozen

from helpdesk_bridge.adapter import EventsRead, RecordEvent, Stack
from helpdesk_bridge.clock import Clock
from helpdesk_bridge.errors import Invalid, NotFound, WrongDesk
from helpdesk_bridge.model.matching import natural_key
from helpdesk_bridge.model.queries import Order, Period, TicketQuery
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.ports import Messages, Tickets
from helpdesk_bridge.text.plain import digest

VERSION: Final = 1
_RESOLUTION: Final = timedelta(seconds=1)
"""The coarsest step in which a vendor tells times (Deskie and Desk365: whole seconds, observed)."""

_EVERYTHING: Final = frozenset({"spam", "deleted", "merged", "custom_fields"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FURTHEST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def write_cursor(desk: str, position: Mapping[str, Any]) -> str:
    """Return a position at one desk as text."""
    return json.dumps({"v": VERSION, "desk": desk, **position}, separators=(",", ":"))


def read_cursor(cursor: str, desk: str) -> Mapping[str, Any]:
    """Return the position that a cursor holds. Raises ``Invalid`` for a text that is none, ``WrongDesk`` for a foreign one."""
    try:
        position = json.loads(cursor)
    except ValueError:
        position = None
    version = position.get("v") if isinstance(position, dict) else None
    if not isinstance(position, dict) or type(version) is not int or version < 1:
        raise no_cursor()
    if version > VERSION:
        raise Invalid("this cursor was written by a newer version of this library; update it here too", field="cursor")
    if position.get("desk") != desk:
        raise WrongDesk("this cursor belongs to another desk: each desk's events have their own")
    return {name: value for name, value in position.items() if name not in ("v", "desk")}


def check_start(cursor: object, limit: object) -> None:
    """Raise ``Invalid`` for what no events can be asked by, before anything is sent."""
    if isinstance(cursor, datetime) and cursor.tzinfo is None:
        raise Invalid("the time to begin at needs a time zone", field="cursor")
    if cursor is not None and not isinstance(cursor, (str, datetime)):
        raise no_cursor()
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise Invalid("a limit of events is a whole number above 0, or None", field="limit", limit=1)


def no_cursor() -> Invalid:
    """Return the error for what is no cursor of events."""
    return Invalid(
        "this is no cursor of events: pass the cursor of the last answer, an aware datetime to begin at, or nothing",
        field="cursor",
    )


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


@define
class _Told:
    """The state of a ticket that was told last: when it was written, its digest, how often that time was told before."""

    at: int
    digest: str
    repeat: int = 0


@define
class _Position:
    """Where polling stands, in microseconds since 1970.

    What was written before ``since`` was told. Of what was written later, ``tickets`` and ``messages`` are what was told.
    ``pending`` are threads still to be read, with the time from which their messages were not told; ``seen`` is a
    time that the vendor's clock had reached.
    """

    since: int
    seen: int | None = None
    tickets: dict[str, _Told] = field(factory=dict)
    messages: dict[str, int] = field(factory=dict)
    pending: dict[str, int] = field(factory=dict)

    @classmethod
    def read(cls, position: Mapping[str, Any]) -> _Position:
        try:
            since, seen, tickets, messages, pending = (position[name] for name in ("h", "s", "t", "m", "p"))
            read = cls(
                since,
                seen,
                {str(one): _Told(at, str(state), repeat) for one, (at, state, repeat) in tickets.items()},
                dict(messages),
                dict(pending),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            problem = no_cursor()
        else:
            times = [
                since,
                *read.messages.values(),
                *read.pending.values(),
                *(told.at for told in read.tickets.values()),
            ]
            numbers = [*times, *(told.repeat for told in read.tickets.values()), 0 if seen is None else seen]
            if all(type(number) is int and abs(number) <= _FURTHEST for number in numbers):
                return read
            problem = no_cursor()
        raise problem

    def plain(self) -> Mapping[str, Any]:
        return {
            "h": self.since,
            "s": self.seen,
            "t": {one: [told.at, told.digest, told.repeat] for one, told in self.tickets.items()},
            "m": self.messages,
            "p": self.pending,
        }

    def settle(self, until: int, read: AbstractSet[str]) -> None:
        """Forget what was written before ``until``, which was told; a thread not among ``read`` is read once more."""
        for one, told in self.tickets.items():
            if told.at < until and one not in read:
                self.pending.setdefault(one, self.since)
        self.since = max(self.since, until)
        self.tickets = {one: told for one, told in self.tickets.items() if told.at >= self.since}
        known_from = min((self.since, *self.pending.values()))
        self.messages = {one: at for one, at in self.messages.items() if at >= known_from}


@frozen(eq=False)
class Polling:
    """Events out of ``tickets.list`` and ``messages.list``.

    Each call reads what changed since the vendor's clock was a second and the vendor's ``lag`` earlier than at the call
    before; what it told already, the position knows by a digest of the record. So what shows late is told too, and of
    two changes within one second the later one. It costs the pages of the tickets that changed, and their threads.

    A ticket that changed several times between two calls comes once, in its last state. A changed contact does not come,
    nor a removed record, nor a message that was imported with an old time. assumed: a new message moves the time at which
    its ticket was updated, at every vendor.
    """

    tickets: Tickets
    messages: Messages | None
    clock: Clock
    stack: Stack | None
    lag: timedelta = timedelta(seconds=60)

    def begin(self, since: datetime | None) -> Mapping[str, Any]:
        """Return the position at a time; None is a little before the vendor's clock."""
        if since is None:
            began = self._began()
            newest = self._list(order=Order.UPDATED_DESC, limit=1)
            reached = self._reached(began) or next((one.updated_at for one in newest if one.updated_at), None)
            since = self._settled(reached or self.clock.wall())
        return _Position(_micros(since)).plain()

    def after(self, position: Mapping[str, Any], limit: int | None) -> EventsRead:
        """Return what happened after a position; ``limit`` is how many threads are read."""
        state = _Position.read(position)
        began = self._began()
        items, listed = [], list[str]()
        for ticket in self._list(updated=Period(_moment(state.since), None), order=Order.UPDATED_ASC):
            listed.append(ticket.id)
            event = _change(ticket, state)
            if event is not None:
                items.append(event)
                state.pending.setdefault(ticket.id, state.since)
        # Threads of what changed come first. One that was read within the second of its last message is read again.
        due = dict(state.pending) | {one: state.since for one in listed if one not in state.pending}
        read = tuple(due)[:limit] if self.messages is not None else tuple(due)
        for ticket_id in read:
            items += self._messages(ticket_id, due[ticket_id], state)
        reached = self._reached(began)
        known = [moment for moment in (state.seen, None if reached is None else _micros(reached)) if moment is not None]
        state.seen = max([*(told.at for told in state.tickets.values()), *known], default=None)
        if known:
            state.settle(_micros(self._settled(_moment(max(known)))), frozenset(read))
        items.sort(key=lambda one: (one.at, one.ticket_id is not None, natural_key(one.id)))
        return EventsRead(tuple(items), state.plain(), more=bool(state.pending))

    def _messages(self, ticket_id: str, since: int, state: _Position) -> Iterator[RecordEvent]:
        state.pending.pop(ticket_id, None)
        if self.messages is None:
            return
        try:
            thread = tuple(self.messages.list(ticket_id, resolve=False))
        except NotFound:  # deleted since the list was read
            return
        for message in thread:
            if message.created_at is None or message.id in state.messages:
                continue
            at = _micros(message.created_at)
            if at >= since:
                state.messages[message.id] = at
                yield RecordEvent("message.created", message.id, message.created_at, ticket_id)

    def _list(self, **filters: Any) -> Iterator[Ticket]:
        return iter(self.tickets.list(TicketQuery(include=_EVERYTHING, **filters), resolve=False))

    def _began(self) -> float:
        return 0.0 if self.stack is None else self.stack.vendor_time.real_now()

    def _reached(self, began: float) -> datetime | None:
        return None if self.stack is None else self.stack.vendor_time.at(began)

    def _settled(self, reached: datetime) -> datetime:
        return reached - self.lag - _RESOLUTION


def _change(ticket: Ticket, state: _Position) -> RecordEvent | None:
    """Return the event of a listed ticket, and remember it; None if this state was told, or is older than that."""
    if ticket.updated_at is None:
        return None
    at, now, before = _micros(ticket.updated_at), _digest(ticket), state.tickets.get(ticket.id)
    if before is not None and (at < before.at or now == before.digest):
        return None  # an index that is behind shows older states
    repeat = before.repeat + 1 if before is not None and before.at == at else 0
    state.tickets[ticket.id] = _Told(at, now, repeat)
    kind, moment = "ticket.updated", ticket.updated_at
    if before is None and ticket.created_at is not None and _micros(ticket.created_at) >= state.since:
        kind, moment = "ticket.created", ticket.created_at
    return RecordEvent(kind, ticket.id, moment, state=f"{now}.{repeat}" if repeat else now)


_NOT_STATE: Final = frozenset({"raw", "ref", "url", "not_loaded"})


def _digest(ticket: Ticket) -> str:
    """Return what tells one state of a ticket from another; what was not loaded takes no part."""
    left_out = _NOT_STATE | ticket.not_loaded
    values = {one.name: getattr(ticket, one.name) for one in attrs.fields(Ticket) if one.name not in left_out}
    return digest(json.dumps(values, default=_plain, sort_keys=True))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): one for name, one in value.items()}
    if isinstance(value, enum.Enum):
        return value.value
    return attrs.asdict(value, recurse=False) if attrs.has(type(value)) else str(value)
