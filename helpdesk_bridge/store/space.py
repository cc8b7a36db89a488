"""A space of a local desk's file: the records of one account, and their numbers and revisions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.model.refs import format_ref
from helpdesk_bridge.store.database import Database, run
from helpdesk_bridge.store.values import micros


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

    def changed_since(self, connection: sqlite3.Connection, table: str, since: datetime) -> list[tuple[str, int, int]]:
        """Return id, time of writing and time of the last change of the records of a table changed since a time."""
        sql = f"SELECT id, written_at, changed_at FROM {table} WHERE space = ? AND changed_at >= ? ORDER BY revision"  # noqa: S608 - our own names
        changed = run(connection, sql, (self.name, micros(since, "since")))
        return [(str(record_id), int(written), int(at)) for record_id, written, at in changed]

    def put(
        self, connection: sqlite3.Connection, table: str, columns: Mapping[str, Any], *, marker: str | None = None
    ) -> None:
        """Write a ticket or contact, new or in place of the one with its id. A marker, once written, stays."""
        now = self.now()
        stamps = {"space": self.name, "revision": self.number(connection, "revision"), "changed_at": now}
        upsert(
            connection,
            table,
            {**stamps, "written_at": now, "marker": marker, **columns},
            key=("space", "id"),
            once=("written_at",),
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
