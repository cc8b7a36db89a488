"""Journal reader: whose a journal is and which record became which, without owning it, even while a migration runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.address import DatabaseAddress, address_of
from helpdesk_bridge.migration.journal.file import translated
from helpdesk_bridge.migration.journal.integrity import check_row, check_rows
from helpdesk_bridge.migration.journal.states import Kind

Place = str | os.PathLike[str] | DatabaseAddress
"""Where a journal is, as ``address_of`` reads it."""


class JournalReader:
    """A journal as it is at one moment, checked; ``meta`` holds what names its migration, and JSON values."""

    def __init__(self, connection: Connection, migration: str) -> None:
        self._connection = connection
        self._migration = migration
        check_rows(connection, migration)
        self.meta: dict[str, str] = {row["name"]: row["value"] for row in self.rows(select(schema.meta))}

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[RowMapping]:
        """Return the rows of a query."""
        return list(self.each_row(query))

    def each_row(self, query: Select[*tuple[Any, ...]]) -> Iterator[RowMapping]:
        """Yield the rows of a query, however many there are."""
        yield from self._connection.execute(schema.of_migration(query, self._migration)).mappings()


@contextmanager
def reading(place: Place) -> Iterator[JournalReader]:
    """Read a journal without owning it.

    Raises ``FileNotFoundError`` if there is no journal; ``WrongJournal`` if it has another version, holds nothing, is a
    link or belongs to another user, or is one of several in a database and not named; ``JournalDamaged``; and for a
    database what ``address_of`` does, and ``Interrupted`` if it cannot be reached.
    """
    with _connected(place) as (connection, migration):
        if migration is None:
            schema.check_version(connection)
        yield JournalReader(connection, str(migration))


@contextmanager
def _connected(place: Place) -> Iterator[tuple[Connection, str | None]]:
    """Give a connection, and the id of the migration; None for a file that holds nothing or is none of ours."""
    address = address_of(place)
    if isinstance(address, DatabaseAddress):
        from helpdesk_bridge.migration.journal.database import connections, migrations, tables

        with connections.snapshot(address) as connection:
            tables.check(connection)
            yield connection, migrations.chosen(connection, address)
        return
    if not address.is_file():
        raise FileNotFoundError(address)
    schema.check_mine(address)
    engine = schema.reader(address)
    try:
        with translated(), engine.connect() as connection, connection.begin():
            yield connection, schema.migration_in(connection)
    finally:
        engine.dispose()


def ids_of(place: Place, kind: Kind) -> Iterator[dict[str, Any]]:
    """Yield the source's ids beside the destination's, in the source's order."""
    table = schema.record.c
    query = select(table.parent, table.id, table.state, table.destination).where(table.kind == kind.value)
    with reading(place) as journal:
        for row in journal.each_row(query.order_by(table.parent, table.position, table.id)):
            yield {
                "ticket": row["parent"] or None,
                "source": row["id"],
                "state": row["state"],
                "destination": json.loads(row["destination"] or "[]"),
            }


def record_row(place: Place, **values: str) -> dict[str, Any] | None:
    """Return the first row of the record table whose columns have these values, or None; that row alone is checked.

    Raises as ``reading`` does.
    """
    with _connected(place) as (connection, migration):
        if migration is None:
            schema.check_version(connection)
        table = schema.record
        query = select(table).where(*(table.c[name] == value for name, value in values.items())).limit(1)
        found = connection.execute(schema.of_migration(query, str(migration))).mappings().first()
        if found is None:
            return None
        row: dict[str, Any] = dict(found)
        check_row(row, table)
        return row


def whose(place: Place) -> dict[str, str]:
    """Return the desks and accounts of a journal without owning it.

    Empty for one that holds nothing: the next run begins it anew. Raises ``FileNotFoundError`` if there is no journal,
    ``WrongJournal`` if another version wrote it.
    """
    with _connected(place) as (connection, migration):
        if migration is None:
            return {}
        query = schema.of_migration(select(schema.meta), str(migration))
        known = {row.name: row.value for row in connection.execute(query)}
    wanted = ("version", "source", "destination", "created", "source_desk", "destination_desk")
    return {name: value for name, value in known.items() if name in wanted}
