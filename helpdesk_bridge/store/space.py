"""A space of a local desk's file: the records of one account, and their numbers and revisions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.model.refs import format_ref
from helpdesk_bridge.store.database import Database, run
from helpdesk_bridge.store.values import micros

_WRITES: Final = (
    ("tickets", "first_revision", "written_at"),
    ("tickets", "revision", "changed_at"),
    ("contacts", "first_revision", "written_at"),
    ("contacts", "revision", "changed_at"),
    ("messages", "revision", "changed_at"),
)
"""Where numbers and times of writes are kept."""


@frozen
class Change:
    """A record that was written: ``place`` is the number of its first write if that is new, ``revision`` of its last."""

    place: int
    revision: int
    id: str
    at: int
    is_new: bool = True
    ticket_id: str | None = None


@frozen(eq=False)
class Space:
    """The records of one vendor's account in a database; the local desk's own space has no name."""

    database: Database
    clock: Clock
    vendor: str
    name: str
    account: Callable[[], str] = field(repr=False)
    keep_raw: bool = False

    def ref(self, kind: str, record_id: str) -> str:
        """Return the ref of a record."""
        return format_ref(self.vendor, self.account(), kind, record_id)

    def now(self) -> int:
        """Return the wall time in microseconds."""
        return micros(self.clock.wall())

    def number(self, connection: sqlite3.Connection, name: str) -> int:
        """Return the next number of a sequence; a number is never given out twice, whatever is removed."""
        sql = (
            "INSERT INTO counters VALUES (?, ?, 1) "
            "ON CONFLICT (space, name) DO UPDATE SET value = value + 1 RETURNING value"
        )
        return int(run(connection, sql, (self.name, name))[0][0])

    def marked(self, table: str, marker: str) -> tuple[str, ...]:
        """Return the ids of the records of a table that carry a marker."""
        sql = f"SELECT id FROM {table} WHERE space = ? AND marker = ? ORDER BY id_rank, id"  # noqa: S608 - our own names
        with self.database.read() as connection:
            return tuple(record_id for (record_id,) in run(connection, sql, (self.name, marker)))

    def revision(self, connection: sqlite3.Connection) -> int:
        """Return the number of the last write to this space's tickets, contacts and messages."""
        rows = run(connection, "SELECT value FROM counters WHERE space = ? AND name = 'revision'", (self.name,))
        return int(rows[0][0]) if rows else 0

    def revision_before(self, connection: sqlite3.Connection, since: datetime) -> int:
        """Return the last revision before all that was written since a time."""
        sql = " UNION ALL ".join(
            f"SELECT min({number}) AS number FROM {table} WHERE space = ?1 AND {at} >= ?2"  # noqa: S608 - our own names
            for table, number, at in _WRITES
        )
        rows = run(connection, f"SELECT min(number) FROM ({sql})", (self.name, micros(since, "since")))  # noqa: S608 - ditto
        return self.revision(connection) if rows[0][0] is None else int(rows[0][0]) - 1

    def changed_after(self, connection: sqlite3.Connection, table: str, revision: int) -> Iterator[Change]:
        """Yield what became of the tickets or contacts that were written after a revision."""
        sql = (
            f"SELECT id, first_revision, revision, written_at, changed_at FROM {table} "  # noqa: S608 - our own names
            "WHERE space = ? AND revision > ?"
        )
        for record_id, first, last, written, changed in run(connection, sql, (self.name, revision)):
            new = first > revision
            yield Change(first if new else last, last, record_id, written if new else changed, is_new=new)

    def put(
        self, connection: sqlite3.Connection, table: str, columns: Mapping[str, Any], *, marker: str | None = None
    ) -> None:
        """Write a ticket or contact, new or in place of the one with its id. A marker, once written, stays."""
        now = self.now()
        number = self.number(connection, "revision")
        stamps = {"space": self.name, "revision": number, "first_revision": number, "changed_at": now}
        upsert(
            connection,
            table,
            {**stamps, "written_at": now, "marker": marker, **columns},
            key=("space", "id"),
            once=("written_at", "first_revision"),
            kept=("marker",),
        )


def upsert(
    connection: sqlite3.Connection,
    table: str,
    values: Mapping[str, Any],
    *,
    key: Collection[str],
    once: Collection[str] = (),
    kept: Collection[str] = (),
) -> None:
    """Insert a row or update the one with its key: ``once`` columns stay, ``kept`` columns stay unless the new value is not NULL."""
    changes = [
        f"{name} = ifnull(excluded.{name}, {name})" if name in kept else f"{name} = excluded.{name}"
        for name in values
        if name not in key and name not in once
    ]
    sql = (
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) "  # noqa: S608 - our names
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(changes)}"
    )
    run(connection, sql, tuple(values.values()))
