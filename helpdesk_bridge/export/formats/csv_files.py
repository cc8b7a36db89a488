"""CSV for spreadsheets: one file a table, with the mark by which Excel knows UTF-8, and no cell that is a formula there.

A spreadsheet holds at most 32,767 characters in a cell: longer texts are cut, and end with a mark that says so.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from helpdesk_bridge.export.formats.contract import Format
from helpdesk_bridge.export.tables import Table

LONGEST: Final = 32_767
CUT: Final = " […]"
_FORMULA: Final = re.compile(r"[=+\-@\t\r\0]")
_NUMBER: Final = re.compile(r"[+-]?[\d ().,/-]*")


class _CsvSheet:
    def __init__(self, path: Path, tables: Sequence[Table]) -> None:
        (self._table,) = tables
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([column.name for column in self._table.columns])

    def add(self, _: str, record: Any, /) -> None:
        """Write one record."""
        self._writer.writerow([_cell(value) for value in self._table.row(record).values()])

    def close(self) -> None:
        """End the file."""
        self._file.close()

    abandon = close


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    text = "; ".join(value) if isinstance(value, list) else str(value)
    text = text.replace("\0", "")
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return text if len(text) <= LONGEST else text[: LONGEST - len(CUT)] + CUT


CSV: Final = Format("csv", ".csv", _CsvSheet)
