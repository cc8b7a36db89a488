"""SQLite: all tables in one file. Lists are JSON texts, times ISO 8601 in UTC, which sorts and which SQLite's functions read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from helpdesk_bridge.export.formats.contract import Format
from helpdesk_bridge.export.tables import ColumnType, Table

_TYPES: Final = {
    ColumnType.TEXT: "TEXT",
    ColumnType.TIME: "TEXT",
    ColumnType.FLAG: "INTEGER",
    ColumnType.NUMBER: "INTEGER",
    ColumnType.TEXTS: "TEXT",
    ColumnType.JSON: "TEXT",
}
_INDEXED: Final = ("id", "ticket_id", "requester_id")


class _SqliteSheet:
    def __init__(self, path: Path, tables: Sequence[Table]) -> None:
        self._tables = {table.name: table for table in tables}
        self._database = sqlite3.connect(path, isolation_level=None)
        # The file gets its name when it is whole: a crash leaves nothing to be repaired.
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):
            self._database.execute(statement)
        self._inserts = {table.name: self._make(table) for table in tables}

    def _make(self, table: Table) -> str:
        columns = ", ".join(f'"{column.name}" {_TYPES[column.type]}' for column in table.columns)
        self._database.execute(f'CREATE TABLE "{table.name}" ({columns})')
        marks = ", ".join("?" * len(table.columns))
        return f'INSERT INTO "{table.name}" VALUES ({marks})'  # noqa: S608 - our own names

    def add(self, table: str, record: Any, /) -> None:
        """Write one record."""
        values = [_cell(value) for value in self._tables[table].row(record).values()]
        self._database.execute(self._inserts[table], values)

    def close(self) -> None:
        """Make the indexes and end the file."""
        for table in self._tables.values():
            for column in table.columns:
                if column.name in _INDEXED:
                    self._database.execute(
                        f'CREATE INDEX "{table.name}_by_{column.name}" ON "{table.name}" ("{column.name}")'
                    )
        self._database.execute("COMMIT")
        self._database.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._database.close()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


SQLITE: Final = Format("sqlite", ".sqlite", _SqliteSheet, one_file=True)
