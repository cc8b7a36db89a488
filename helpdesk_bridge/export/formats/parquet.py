"""Parquet: columns as Arrow types, a file for each table and month, which DuckDB and pandas open as one table.

pyarrow comes with the extra ``parquet`` and is imported when an export is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from helpdesk_bridge.export.formats.contract import Format
from helpdesk_bridge.export.tables import ColumnType, Table

ROWS: Final = 5_000
"""Rows of a row group: what is in memory at once."""
_BYTES: Final = 32 * 1024 * 1024


def arrow_schema(table: Table) -> Any:
    """Return the Arrow schema of a table."""
    import pyarrow as pa

    types = {
        ColumnType.TEXT: pa.string(),
        ColumnType.TIME: pa.timestamp("us", tz="UTC"),
        ColumnType.FLAG: pa.bool_(),
        ColumnType.NUMBER: pa.int64(),
        ColumnType.TEXTS: pa.list_(pa.string()),
        ColumnType.JSON: pa.string(),
    }
    return pa.schema([pa.field(column.name, types[column.type]) for column in table.columns])


class _ParquetSheet:
    def __init__(self, path: Path, tables: Sequence[Table]) -> None:
        import pyarrow.parquet as pq

        (self._table,) = tables
        self._schema = arrow_schema(self._table)
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._file = path.open("wb")
        try:
            self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        except BaseException:
            self._file.close()
            raise

    def add(self, _: str, record: Any, /) -> None:
        """Write one record."""
        row = self._table.row(record)
        self._rows.append(row)
        self._bytes += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(self._rows) >= ROWS or self._bytes >= _BYTES:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()
        self._bytes = 0

    def close(self) -> None:
        """End the file."""
        if self._rows:
            self._write()
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._writer.is_open = False  # else it writes the file's end when it is collected
        self._file.close()


def _check() -> None:
    import pyarrow.parquet  # noqa: F401 - whether it is installed


PARQUET: Final = Format("parquet", ".parquet", _ParquetSheet, by_month=True, check=_check)
