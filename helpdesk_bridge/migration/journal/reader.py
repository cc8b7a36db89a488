"""Journal reader: whose a journal is and which record became which, without owning it, even while a migration runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.file import translated
from helpdesk_bridge.migration.journal.integrity import check_row, check_rows
from helpdesk_bridge.migration.journal.states import Kind


class JournalReader:
    """A journal as it is at one moment, checked; ``meta`` holds what names its migration, and JSON values."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        schema.check_version(connection)
        self._migration = str(connection.exec_driver_sql("SELECT migration FROM meta").scalar())
        check_rows(connection, self._migration)
        self.meta: dict[str, str] = {row["name"]: row["value"] for row in self.rows(select(schema.meta))}

    def rows(self, query: Select[*tuple[Any, ...]]) -> list[RowMapping]:
        """Return the rows of a query."""
        return list(self.each_row(query))

    def each_row(self, query: Select[*tuple[Any, ...]]) -> Iterator[RowMapping]:
        """Yield the rows of a query, however many there are."""
        yield from self._connection.execute(schema.of_migration(query, self._migration)).mappings()


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[JournalReader]:
    """Read a journal without owning it.

    Raises ``FileNotFoundError`` if there is no journal; ``WrongJournal`` if it has another version, holds nothing, is a
    link or belongs to another user; ``JournalDamaged``.
    """
    with _connected(path) as connection:
        yield JournalReader(connection)


@contextmanager
def _connected(path: str | os.PathLike[str]) -> Iterator[Connection]:
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(file)
    schema.check_mine(file)
    engine = schema.reader(file)
    try:
        with translated(), engine.connect() as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def ids_of(path: str | os.PathLike[str], kind: Kind) -> Iterator[dict[str, Any]]:
    """Yield the source's ids beside the destination's, in the source's order."""
    table = schema.record.c
    query = select(table.parent, table.id, table.state, table.destination).where(table.kind == kind.value)
    with reading(path) as journal:
        for row in journal.each_row(query.order_by(table.parent, table.position, table.id)):
            yield {
                "ticket": row["parent"] or None,
                "source": row["id"],
                "state": row["state"],
                "destination": json.loads(row["destination"] or "[]"),
            }


def record_row(path: str | os.PathLike[str], **values: str) -> dict[str, Any] | None:
    """Return the first row of the record table whose columns have these values, or None; that row alone is checked.

    Raises as ``reading`` does.
    """
    with _connected(path) as connection:
        schema.check_version(connection)
        table = schema.record
        query = select(table).where(*(table.c[name] == value for name, value in values.items())).limit(1)
        found = connection.execute(query).mappings().first()
        if found is None:
            return None
        row: dict[str, Any] = dict(found)
        check_row(row, table)
        return row


def whose(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the desks and accounts of a journal without owning it.

    Empty for one that holds nothing: the next run begins it anew. Raises ``FileNotFoundError`` if there is no journal,
    ``WrongJournal`` if another version wrote it.
    """
    with _connected(path) as connection:
        if schema.version_in(connection) is None:
            return {}
        schema.check_version(connection)
        known = {row.name: row.value for row in connection.execute(select(schema.meta))}
    wanted = ("version", "source", "destination", "created", "source_desk", "destination_desk")
    return {name: value for name, value in known.items() if name in wanted}
