"""The durable record of a migration: what is planned, what was begun, what is done.

An intent is committed before the first byte of a write is sent, and the destination's ids in the same transaction as
"done". Every transaction first checks that this process still owns the journal.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import define
from sqlalchemy import Connection, case, delete, exc, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from helpdesk_bridge.http.clock import Clock
from helpdesk_bridge.migration import schema
from helpdesk_bridge.migration.lock import OwnerLock
from helpdesk_bridge.migration.outcome import Interrupted, JournalDamaged, JournalInUse, WrongJournal
from helpdesk_bridge.migration.rows import from_row, to_row
from helpdesk_bridge.migration.states import Key, Kind, Record, State

SIDES: Final = ("source", "destination")
_ID: Final = ("kind", "parent", "id")
_UPSERT: Final = upsert(schema.record)
_SAVE: Final = _UPSERT.on_conflict_do_update(
    index_elements=_ID,
    set_={column.name: _UPSERT.excluded[column.name] for column in schema.record.columns if column.name not in _ID},
)
Meter = Callable[[], Mapping[str, tuple[int, int, int]]]


@define
class _Saving:
    """Rows that a thread waits for."""

    rows: list[dict[str, Any]]
    saved: bool = False


@contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLite says into what a migration can do about it."""
    try:
        yield
    except exc.DatabaseError as error:
        text = str(error.orig).lower()
        if "full" in text or "i/o error" in text or "readonly" in text or "unable to open" in text:
            raise Interrupted(f"the journal cannot be written ({text}); make room and run again") from None
        if "locked" in text or "busy" in text:
            raise Interrupted("the journal is locked by another program; close it and run again") from None
        if "malformed" in text or "not a database" in text or "no such table" in text:
            raise JournalDamaged("the journal cannot be read; move it away, run again with rebuild") from None
        raise


class Journal:
    """One journal file, owned by this process until ``close``. Safe to share between threads."""

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock, takeover: bool = False) -> None:
        self.path = Path(path)
        self._clock = clock
        self._thread_lock = threading.RLock()
        self._queue_lock = threading.Lock()
        self._queue: list[_Saving] = []
        self._meter: Meter | None = None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = OwnerLock(self.path, takeover=takeover)
        try:
            with translated():
                self._open()
        except OSError as error:
            self._lock.release()
            raise Interrupted(f"the journal cannot be opened: {error.strerror}") from None
        except BaseException:
            self._lock.release()
            raise

    def _open(self) -> None:
        schema.create_private(self.path)
        self._writer = schema.writer(self.path)
        self._reader = schema.reader(self.path)
        self.generation = 0
        with self._writer.begin() as connection:
            if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                raise JournalDamaged("the journal is damaged; move it away and run again with rebuild")
            schema.metadata.create_all(connection)
            known = connection.scalar(select(schema.owner.c.generation))
            self.generation = (known or 0) + 1
            values = {
                "generation": self.generation,
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": self._clock.wall().isoformat(),
            }
            statement = update(schema.owner) if known else insert(schema.owner)
            connection.execute(statement.values(values))

    # -- ownership -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run one transaction. Raises ``JournalInUse`` where another process took the journal over meanwhile."""
        with self._thread_lock, translated(), self._writer.begin() as connection:
            held = connection.execute(select(schema.owner)).one()
            if held.generation != self.generation:
                raise JournalInUse(
                    f"process {held.pid} on {held.host} took the journal over; this one stops",
                    pid=held.pid,
                    host=held.host,
                )
            yield connection
            self._note_spent(connection)

    def check_owner(self) -> None:
        """Raise ``JournalInUse`` where another process took the journal over."""
        with self.transaction():
            return

    def bind(self, source: str, destination: str, names: Mapping[str, str]) -> bool:
        """Fix whose migration this is, or check it; return whether the journal is new.

        Raises ``WrongJournal`` where it belongs to another pair of desks.
        """
        with self.transaction() as connection:
            known = {row.name: row.value for row in connection.execute(select(schema.meta))}
            if "version" not in known:
                now = self._clock.wall().isoformat()
                values = {
                    "version": schema.VERSION,
                    "source": source,
                    "destination": destination,
                    "created": now,
                    **names,
                }
                connection.execute(insert(schema.meta), [{"name": k, "value": v} for k, v in values.items()])
                return True
        if known["version"] != schema.VERSION:
            raise WrongJournal(f"the journal has version {known['version']}, this program reads {schema.VERSION}")
        if (known["source"], known["destination"]) != (source, destination):
            raise WrongJournal(
                f"the journal belongs to the migration from {known['source']} to {known['destination']}, not to the one "
                f"from {source} to {destination}; name another file"
            )
        return False

    def close(self) -> None:
        """Give the journal back."""
        with self._thread_lock:
            self._writer.dispose()
            self._reader.dispose()
            self._lock.release()

    # -- records ---------------------------------------------------------------------------------------------------

    def plan(self, records: Iterable[Record]) -> int:
        """Write down records that are not known yet; return how many were new."""
        rows = [to_row(one) for one in records]
        if not rows:
            return 0
        with self.transaction() as connection:
            return connection.execute(upsert(schema.record).on_conflict_do_nothing(), rows).rowcount

    def save(self, *records: Record) -> None:
        """Write the records as they are now, in one transaction; return when it is durable.

        What several threads save meanwhile goes into one transaction: the disk is waited for once.
        """
        if not records:
            return
        entry = _Saving([to_row(one) for one in records])
        with self._queue_lock:
            self._queue.append(entry)
        with self._thread_lock:
            if not entry.saved:
                self._save_queue()

    def _save_queue(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue, []
        # One that an earlier thread could not save is tried again by the thread that waits for it.
        try:
            with self.transaction() as connection:
                for entry in batch:
                    connection.execute(_SAVE, entry.rows)
        except BaseException:
            with self._queue_lock:
                self._queue = [*batch, *self._queue]
            raise
        for entry in batch:
            entry.saved = True

    def get(self, key: Key) -> Record | None:
        """Return a record, or None where it is not known."""
        table = schema.record.c
        return self._one(table.kind == key.kind.value, table.parent == key.parent, table.id == key.id)

    def children(self, ticket: str, kind: Kind) -> list[Record]:
        """Return the messages or attachments of a ticket, in their order."""
        table = schema.record.c
        return self._all(table.kind == kind.value, table.parent == ticket)

    def has_open_children(self, ticket: str) -> bool:
        """Whether a message or file of a ticket has not come to its end."""
        table = schema.record.c
        query = select(table.id).where(
            table.kind.in_((Kind.MESSAGE.value, Kind.ATTACHMENT.value)),
            table.parent == ticket,
            table.state.in_((State.PLANNED.value, State.INTENT.value)),
        )
        return bool(self._rows(query.limit(1)))

    def by_fold(self, fold: str) -> Record | None:
        """Return a contact that is at the destination under this folded key."""
        table = schema.record.c
        return self._one(
            table.kind == Kind.CONTACT.value,
            table.fold == fold,
            table.destination != "[]",
            table.state == State.DONE.value,
        )

    def folded(self, fold: str) -> list[Record]:
        """Return the contacts of a folded key that are to be migrated, the first one first."""
        table = schema.record.c
        return self._all(table.kind == Kind.CONTACT.value, table.fold == fold, table.state != State.SKIPPED.value)

    def any_in(self, kind: Kind, *states: State) -> bool:
        """Whether a record of a kind stands so."""
        table = schema.record.c
        query = select(table.id).where(table.kind == kind.value, table.state.in_([state.value for state in states]))
        return bool(self._rows(query.limit(1)))

    def at_destination(self, kind: Kind, destination_id: str) -> Record | None:
        """Return the record that became this one of the destination."""
        table = schema.record.c
        return self._one(table.kind == kind.value, table.destination == json.dumps([destination_id]))

    def marked(self, marker: str) -> Record | None:
        """Return the record that carries a marker."""
        return self._one(schema.record.c.marker == marker)

    def by_state(self, kind: Kind, *states: State) -> list[Record]:
        """Return the records of a kind that stand so."""
        table = schema.record.c
        return self._all(table.kind == kind.value, table.state.in_([state.value for state in states]))

    def each(self, kind: Kind, *states: State) -> Iterator[Record]:
        """Yield the records of a kind that stand so, a few hundred at a time."""
        table = schema.record.c
        last: tuple[str, str] | None = None
        while True:
            query = select(schema.record).where(table.kind == kind.value)
            if states:
                query = query.where(table.state.in_([state.value for state in states]))
            if last is not None:
                query = query.where((table.parent > last[0]) | ((table.parent == last[0]) & (table.id > last[1])))
            rows = self._rows(query.order_by(table.parent, table.id).limit(500))
            yield from (from_row(row) for row in rows)
            if not rows:
                return
            last = (rows[-1]["parent"], rows[-1]["id"])

    def counts(self) -> dict[Kind, dict[State, int]]:
        """Return how many records of each kind stand where."""
        table = schema.record.c
        query = select(table.kind, table.state, func.count().label("n")).group_by(table.kind, table.state)
        counted: dict[Kind, dict[State, int]] = {kind: {} for kind in Kind}
        for row in self._rows(query):
            counted[Kind(row["kind"])][State(row["state"])] = row["n"]
        return counted

    def threads(self) -> Iterator[Any]:
        """Yield, per ticket, what decided the cost of its thread.

        ``messages`` at the source, ``leaders`` written, ``files`` fetched, and of these the opening's.
        """
        table = schema.record.c
        message, file = table.kind == Kind.MESSAGE.value, table.kind == Kind.ATTACHMENT.value
        done = table.state == State.DONE.value
        query = (
            select(
                table.parent,
                func.sum(case((message, 1), else_=0)).label("messages"),
                func.sum(case((message & done & table.expected.is_not(None), 1), else_=0)).label("leaders"),
                func.sum(case((file & done, 1), else_=0)).label("files"),
                func.sum(case((file & done & (table.position == 0), 1), else_=0)).label("opening_files"),
            )
            .where(table.kind.in_((Kind.MESSAGE.value, Kind.ATTACHMENT.value)))
            .group_by(table.parent)
        )
        with translated(), self._reader.connect() as connection:
            yield from connection.execute(query).mappings()

    def written_contacts(self) -> int:
        """Return how many contacts were written, those that were there before left out."""
        table = schema.record.c
        query = select(func.count().label("n")).where(
            table.kind == Kind.CONTACT.value, table.state == State.DONE.value, table.expected.is_not(None)
        )
        return int(self._rows(query)[0]["n"])

    def message_classes(self) -> dict[str, int]:
        """Return how many messages of each class were written."""
        table = schema.record.c
        query = (
            select(table.kind_of_message, func.count().label("n"))
            .where(table.kind == Kind.MESSAGE.value, table.state == State.DONE.value)
            .group_by(table.kind_of_message)
        )
        return {row["kind_of_message"] or "": row["n"] for row in self._rows(query)}

    # -- the rest --------------------------------------------------------------------------------------------------

    def remember(self, **values: Any) -> None:
        """Keep JSON values under their names."""
        rows = [{"name": name, "value": json.dumps(value)} for name, value in values.items()]
        statement = upsert(schema.meta)
        with self.transaction() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}), rows
            )

    def recall(self, name: str, default: Any = None) -> Any:
        """Return a value that ``remember`` kept."""
        found = self._rows(select(schema.meta.c.value).where(schema.meta.c.name == name))
        return json.loads(found[0]["value"]) if found else default

    @property
    def created(self) -> datetime:
        """When the journal was begun."""
        found = self._rows(select(schema.meta.c.value).where(schema.meta.c.name == "created"))
        return datetime.fromisoformat(found[0]["value"])

    def decide(self, field: str, old: str, new: str | None, *, by: str) -> None:
        """Record what becomes of a value; ``old`` is its digest."""
        values = {"field": field, "old": old, "new": new, "by": by, "at": self._clock.wall().isoformat()}
        statement = upsert(schema.decision).values(values)
        with self.transaction() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["field", "old"], set_=values))

    def decisions(self) -> dict[tuple[str, str], str | None]:
        """Return the decisions by field and digest of the old value."""
        return {(row["field"], row["old"]): row["new"] for row in self._rows(select(schema.decision))}

    def acknowledge(self, hazards: Iterable[str], *, by: str) -> None:
        """Record that somebody knows of these hazards."""
        rows = [{"hazard": one, "by": by, "at": self._clock.wall().isoformat()} for one in hazards]
        if rows:
            with self.transaction() as connection:
                connection.execute(upsert(schema.acknowledgement).on_conflict_do_nothing(), rows)

    def acknowledged(self) -> frozenset[str]:
        """Return the hazards that somebody acknowledged."""
        return frozenset(row["hazard"] for row in self._rows(select(schema.acknowledgement)))

    def replace_differences(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep the differences of the latest verification."""
        with self.transaction() as connection:
            connection.execute(delete(schema.difference))
            if rows:
                connection.execute(insert(schema.difference), [dict(row) for row in rows])

    def differences(self) -> list[dict[str, Any]]:
        """Return the differences of the latest verification."""
        return [
            {name: value for name, value in row.items() if name != "number"}
            for row in self._rows(select(schema.difference).order_by(schema.difference.c.number))
        ]

    def measure(self, meter: Meter) -> None:
        """Keep what ``meter`` shows (calls, units, refusals a side) with every transaction from now on."""
        self._meter = meter

    def spent(self) -> dict[str, tuple[int, int, int]]:
        """Return calls, units and refusals of each side over all runs."""
        table = schema.spent.c
        query = select(
            table.side,
            func.sum(table.calls).label("c"),
            func.sum(table.units).label("u"),
            func.sum(table.refused).label("r"),
        ).group_by(table.side)
        found = {row["side"]: (row["c"], row["u"], row["r"]) for row in self._rows(query)}
        return {side: found.get(side, (0, 0, 0)) for side in SIDES}

    def _note_spent(self, connection: Connection) -> None:
        if self._meter is None:
            return
        rows = [
            {"generation": self.generation, "side": side, "calls": calls, "units": units, "refused": refused}
            for side, (calls, units, refused) in self._meter().items()
        ]
        statement = upsert(schema.spent)
        names = ("calls", "units", "refused")
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["generation", "side"], set_={name: statement.excluded[name] for name in names}
            ),
            rows,
        )

    def _rows(self, query: Any) -> list[Any]:
        with translated(), self._reader.connect() as connection:
            return list(connection.execute(query).mappings().all())

    def _all(self, *where: Any) -> list[Record]:
        table = schema.record.c
        query = select(schema.record).where(*where).order_by(table.parent, table.position, table.id)
        return [from_row(row) for row in self._rows(query)]

    def _one(self, *where: Any) -> Record | None:
        rows = self._rows(select(schema.record).where(*where).limit(1))
        return from_row(rows[0]) if rows else None


def whose(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the desks and accounts of a journal without owning it: what its ``bind`` wrote down.

    Raises ``FileNotFoundError`` where there is none.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(file)
    engine = schema.reader(file)
    try:
        with translated(), engine.connect() as connection:
            known = {row.name: row.value for row in connection.execute(select(schema.meta))}
    finally:
        engine.dispose()
    wanted = ("version", "source", "destination", "created", "source_desk", "destination_desk")
    return {name: value for name, value in known.items() if name in wanted}
