"""Migration journal: the durable record of intents and results.

An intent is committed before the first byte of a write is sent, and the destination's ids in the same transaction as
"done". Every transaction first checks that this process still owns the journal.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import define, evolve
from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, case, func, select

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.address import Address, DatabaseAddress, address_of
from helpdesk_bridge.migration.journal.database.owned import Binding, OwnedJournal
from helpdesk_bridge.migration.journal.expected import opens
from helpdesk_bridge.migration.journal.facts import JournalFacts, Rows
from helpdesk_bridge.migration.journal.file import JournalFile
from helpdesk_bridge.migration.journal.states import ON_A_TICKET, Key, Kind, Record, State
from helpdesk_bridge.model.refs import is_opening_id, opening_id

_RECORD: Final = schema.record.c
_IN_ORDER: Final = select(schema.record).order_by(_RECORD.parent, _RECORD.position, _RECORD.id)


def _is(*names: str) -> list[ColumnElement[bool]]:
    return [_RECORD[name] == bindparam(name) for name in names]


def _among(name: str) -> ColumnElement[bool]:
    return _RECORD[name].in_(bindparam(name, expanding=True))


# Queries that a load asks for every record are made once: to make one costs more than its rows.
_GET: Final = select(schema.record).where(*_is("kind", "parent", "id"))
_CHILDREN: Final = _IN_ORDER.where(_among("kind"), *_is("parent"))
_ANY_CHILD: Final = select(_RECORD.id).where(_among("kind"), *_is("parent"), _among("state")).limit(1)
_BY_FOLD: Final = (
    select(schema.record).where(*_is("kind", "fold"), _RECORD.destination != "[]", _among("state")).limit(1)
)
_FOLDED: Final = _IN_ORDER.where(*_is("kind", "fold"), _RECORD.state != State.SKIPPED.value)
_ANY_IN: Final = select(_RECORD.id).where(*_is("kind"), _among("state")).limit(1)
_AT_DESTINATION: Final = select(schema.record).where(*_is("kind", "destination")).limit(1)
_MARKED: Final = select(schema.record).where(*_is("marker")).limit(1)
_BY_STATE: Final = _IN_ORDER.where(*_is("kind"), _among("state"))
_EACH: Final = (
    select(schema.record).where(*_is("kind"), _among("state")).order_by(_RECORD.parent, _RECORD.id).limit(500)
)
_EACH_AFTER: Final = _EACH.where(
    (_RECORD.parent > bindparam("last_parent"))
    | ((_RECORD.parent == bindparam("last_parent")) & (_RECORD.id > bindparam("last_id")))
)


@define
class _Saving:
    """Rows that a thread waits for."""

    rows: list[dict[str, Any]]
    saved: bool = False


def counts_in(rows: Rows) -> dict[Kind, dict[State, int]]:
    """Return how many records of each kind are in which state in a journal."""
    table = schema.record.c
    query = select(table.kind, table.state, func.count().label("n")).group_by(table.kind, table.state)
    counts: dict[Kind, dict[State, int]] = {kind: {} for kind in Kind}
    for row in rows(query):
        counts[Kind(row["kind"])][State(row["state"])] = row["n"]
    return counts


def _opened(address: Address, binding: Binding, *, clock: Clock, takeover: bool, moved: bool) -> OwnedJournal:
    if isinstance(address, DatabaseAddress):
        from helpdesk_bridge.migration.journal.database.postgres import PostgresJournal

        return PostgresJournal(address, binding, clock=clock, takeover=takeover, moved=moved)
    return JournalFile(address, binding, clock=clock, takeover=takeover, moved=moved)


class Journal:
    """One journal, a file or a migration of a database, owned by this process until ``close``. Safe to share between threads."""

    def __init__(
        self,
        place: str | os.PathLike[str] | DatabaseAddress,
        binding: Binding,
        *,
        clock: Clock,
        takeover: bool = False,
        moved: bool = False,
    ) -> None:
        self.file = _opened(address_of(place), binding, clock=clock, takeover=takeover, moved=moved)
        self.facts = JournalFacts(self.file, clock)
        self._queue_lock = threading.Lock()
        self._queue: list[_Saving] = []

    def plan(self, records: Iterable[Record]) -> int:
        """Insert the records that are not known yet; return how many were new."""
        rows = [_to_row(record) for record in records]
        if not rows:
            return 0
        with self.file.transaction() as connection:
            return self.file.put(connection, schema.record, rows, anew=False)

    def save(self, *records: Record) -> None:
        """Write the records as they are now, in one transaction; return when it is durable.

        What several threads save meanwhile goes into one transaction: the disk is waited for once.
        """
        if not records:
            return
        entry = _Saving([_to_row(record) for record in records])
        with self._queue_lock:
            self._queue.append(entry)
        with self.file.thread_lock:
            if not entry.saved:
                self._save_queue()

    def _save_queue(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue, []
        # One that an earlier thread could not save is tried again by the thread that waits for it.
        try:
            with self.file.transaction() as connection:
                for entry in batch:
                    self.file.put(connection, schema.record, entry.rows)
        except BaseException:
            with self._queue_lock:
                self._queue = [*batch, *self._queue]
            raise
        for entry in batch:
            entry.saved = True

    def get(self, key: Key) -> Record | None:
        """Return a record, or None."""
        return self._first(_GET, {"kind": key.kind.value, "parent": key.parent, "id": key.id})

    def children(self, ticket: str, *kinds: Kind) -> list[Record]:
        """Return what hangs on a ticket of these kinds, in its order."""
        return self._records(_CHILDREN, {"kind": [kind.value for kind in kinds], "parent": ticket})

    def has_open_children(self, ticket: str) -> bool:
        """Whether a message or file of a ticket is still planned or begun, or has failed."""
        states = [state.value for state in (State.PLANNED, State.INTENT, State.FAILED)]
        return self._any(_ANY_CHILD, {"kind": [kind.value for kind in ON_A_TICKET], "parent": ticket, "state": states})

    def by_fold(self, fold: str) -> Record | None:
        """Return a contact that is at the destination under this folded key, be it not all of it."""
        states = [state.value for state in (State.DONE, State.INTENT, State.FAILED)]
        return self._first(_BY_FOLD, {"kind": Kind.CONTACT.value, "fold": fold, "state": states})

    def folded(self, fold: str) -> list[Record]:
        """Return the contacts of a folded key that are to be migrated, the first one first."""
        return self._records(_FOLDED, {"kind": Kind.CONTACT.value, "fold": fold})

    def any_in(self, kind: Kind, *states: State) -> bool:
        """Whether any record of a kind is in one of these states."""
        return self._any(_ANY_IN, {"kind": kind.value, "state": [state.value for state in states]})

    def untouched(self) -> bool:
        """Whether this journal has neither written nor adopted a ticket yet."""
        table = schema.record.c
        begun = (table.attempts > 0) | (table.destination != "[]")
        return not self.file.rows(select(table.id).where(table.kind == Kind.TICKET.value, begun).limit(1))

    def begun(self) -> bool:
        """Whether anything was sent or adopted: a record was tried, or has an id of the destination."""
        table = schema.record.c
        return bool(self.file.rows(select(table.id).where((table.attempts > 0) | (table.destination != "[]")).limit(1)))

    def forget_planned(self) -> None:
        """Remove what was only read so far: records that were never tried and that have no id of the destination."""
        table = schema.record.c
        with self.file.transaction() as connection:
            read = table.state.in_([state.value for state in (State.PLANNED, State.SKIPPED, State.INTENT)])
            self.file.clear(connection, schema.record, read, table.attempts == 0, table.destination == "[]")

    def forget_candidates(self) -> None:
        """Plan again the tickets whose candidates an earlier search recorded and no run has adopted since."""
        table = schema.record.c
        known = self._all(
            table.kind == Kind.TICKET.value,
            table.state == State.INTENT.value,
            table.candidates != "[]",
            table.destination == "[]",
            table.attempts == 0,
        )
        self.save(*(evolve(one, state=State.PLANNED, candidates=(), marker=None, reason=None) for one in known))

    def at_destination(self, kind: Kind, destination_id: str) -> Record | None:
        """Return the record that became this record of the destination."""
        return self._first(_AT_DESTINATION, {"kind": kind.value, "destination": json.dumps([destination_id])})

    def marked(self, marker: str) -> Record | None:
        """Return the record that carries a marker."""
        return self._first(_MARKED, {"marker": marker})

    def by_state(self, kind: Kind, *states: State) -> list[Record]:
        """Return the records of a kind that are in these states."""
        return self._records(_BY_STATE, {"kind": kind.value, "state": [state.value for state in states]})

    def written(self, kind: Kind) -> Iterator[Record]:
        """Yield the records of a kind that are at the destination, be it not all of them, or not in their final state."""
        there = (State.DONE, State.FAILED, State.INTENT, State.PLANNED)
        return (record for record in self.each(kind, *there) if record.destination)

    def each(self, kind: Kind, *states: State) -> Iterator[Record]:
        """Yield the records of a kind that are in these states (all without any), read 500 at a time."""
        query, values = _EACH, {"kind": kind.value, "state": [state.value for state in states or State]}
        while rows := self.file.rows(query, values):
            yield from (_from_row(row) for row in rows)
            query, values = _EACH_AFTER, {**values, "last_parent": rows[-1]["parent"], "last_id": rows[-1]["id"]}

    def counts(self) -> dict[Kind, dict[State, int]]:
        """Return how many records of each kind are in which state."""
        return counts_in(self.file.rows)

    def loaded(self) -> dict[str, int]:
        """Return how many records of each phase of a load need nothing more; what failed is tried again."""
        table = schema.record.c
        final = [state.value for state in State if state.final and state is not State.FAILED]
        whole = (table.kind == Kind.CONTACT.value) | (table.state != State.DONE.value) | table.finished
        query = select(table.kind, func.count().label("n")).where(table.state.in_(final), whole).group_by(table.kind)
        known = {row["kind"]: row["n"] for row in self.file.rows(query)}
        return {"contacts": known.get(Kind.CONTACT.value, 0), "tickets": known.get(Kind.TICKET.value, 0)}

    def threads(self) -> Iterator[Any]:
        """Yield, per ticket, what decided the cost of its thread.

        ``messages`` at the source, ``leaders`` written, ``files`` fetched; ``opening_files`` says whether the opening has any. ``openings`` is 0
        if the ticket has an opening of our own because it begins with an internal message.
        """
        table = schema.record.c
        message, file = table.kind == Kind.MESSAGE.value, table.kind == Kind.ATTACHMENT.value
        done, written = table.state == State.DONE.value, message | (table.kind == Kind.REST.value)
        opening = message & done & table.expected.contains('"OPENING_BY_')
        query = (
            select(
                table.parent,
                func.sum(case((message, 1), else_=0)).label("messages"),
                func.sum(case((written & done & table.expected.is_not(None), 1), else_=0)).label("leaders"),
                func.sum(case((opening, 1), else_=0)).label("openings"),
                func.sum(case((file & done, 1), else_=0)).label("files"),
                func.sum(case((opening & ~table.expected.contains('"files": []'), 1), else_=0)).label("opening_files"),
            )
            .where(table.kind.in_([kind.value for kind in ON_A_TICKET]))
            .group_by(table.parent)
        )
        yield from self.file.each_row(query)

    def written_contacts(self) -> int:
        """Return how many contacts were written, without those that already existed."""
        table = schema.record.c
        query = select(func.count().label("n")).where(
            table.kind == Kind.CONTACT.value, table.state == State.DONE.value, table.expected.is_not(None)
        )
        return int(self.file.rows(query)[0]["n"])

    def message_classes(self) -> dict[str, int]:
        """Return how many messages of each class were written."""
        table = schema.record.c
        query = (
            select(table.kind_of_message, func.count().label("n"))
            .where(table.kind == Kind.MESSAGE.value, table.state == State.DONE.value)
            .group_by(table.kind_of_message)
        )
        return {row["kind_of_message"] or "": row["n"] for row in self.file.rows(query)}

    def internal_openings(self) -> int:
        """Return how many tickets were written whose first message is internal."""
        table = schema.record.c
        query = select(func.count().label("n")).where(
            table.kind == Kind.MESSAGE.value,
            table.state == State.DONE.value,
            table.position == 0,
            table.kind_of_message.startswith("NOTE:"),
        )
        return int(self.file.rows(query)[0]["n"])

    def opens_apart(self, side: str) -> bool:
        """Whether a side keeps the opening on the ticket, apart from the thread, as the ids of messages show.

        Such an opening has the id ``<ticket id>:0`` on every desk. It decides what reading a thread costs.
        """
        if side == "source":
            record = next(self.each(Kind.MESSAGE), None)
            parent = "" if record is None else record.key.parent
            return record is not None and self.get(Key(Kind.MESSAGE, opening_id(parent), parent)) is not None
        for record in self.each(Kind.MESSAGE, State.DONE):
            if opens(record.expected) and record.destination:
                return is_opening_id(record.destination[0])
        return False

    def close(self) -> None:
        """Close the journal and let go of it."""
        self.file.close()

    def _all(self, *where: Any) -> list[Record]:
        return self._records(_IN_ORDER.where(*where))

    def _records(self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any] | None = None) -> list[Record]:
        return [_from_row(row) for row in self.file.rows(query, values)]

    def _first(self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> Record | None:
        rows = self.file.rows(query, values)
        return _from_row(rows[0]) if rows else None

    def _any(self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> bool:
        return bool(self.file.rows(query, values))


def _to_row(record: Record) -> dict[str, Any]:
    """Return the row of a record."""
    return {
        "kind": record.key.kind.value,
        "parent": record.key.parent,
        "id": record.key.id,
        "state": record.state.value,
        "position": record.position,
        "reason": record.reason,
        "marker": record.marker,
        "destination": json.dumps(record.destination),
        "candidates": json.dumps(record.candidates),
        "fold": record.fold,
        "kind_of_message": record.kind_of_message,
        "version": record.version,
        "expected": None if record.expected is None else json.dumps(record.expected, sort_keys=True),
        "finished": record.finished,
        "intent_at": None if record.intent_at is None else record.intent_at.isoformat(),
        "attempts": record.attempts,
    }


def _from_row(row: RowMapping) -> Record:
    """Return the record of a row."""
    return Record(
        key=Key(Kind(row["kind"]), row["id"], row["parent"]),
        state=State(row["state"]),
        position=row["position"],
        reason=row["reason"],
        marker=row["marker"],
        destination=tuple(json.loads(row["destination"])),
        candidates=tuple(json.loads(row["candidates"])),
        fold=row["fold"],
        kind_of_message=row["kind_of_message"],
        version=row["version"],
        expected=None if row["expected"] is None else json.loads(row["expected"]),
        finished=bool(row["finished"]),
        intent_at=None if row["intent_at"] is None else datetime.fromisoformat(row["intent_at"]),
        attempts=row["attempts"],
    )
