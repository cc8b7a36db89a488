"""Sheets of a plan file: CSV that a spreadsheet opens as it is, and that is read back in whatever way it saved it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from helpdesk_bridge.migration.outcome import WrongMap
from helpdesk_bridge.text.plain import fold

COLUMNS: Final = ("field", "value", "becomes", "proposal", "records", "why", "key")
LARGEST: Final = 64 * 1024 * 1024
_NEEDED: Final = ("field", "value", "becomes")
_FORMULA: Final = re.compile(r"[=+\-@\t\r']")
_DELIMITERS: Final = (";", "\t", ",")
_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


@frozen
class Row:
    """One row as it was read: where it is, and its texts by column."""

    place: str
    texts: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.texts.get(column, "")


def written(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return a sheet as Excel opens it in every country: UTF-8 with a mark, semicolons, CRLF."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in COLUMNS])
    return codecs.BOM_UTF8 + text.getvalue().encode()


def read(path: Path, content: bytes) -> list[Row]:
    """Return the rows of a sheet. Raises ``WrongMap``, which names the file and the line."""
    text = decoded(path, content)
    told = _SEPARATOR.match(text)
    delimiter = told[1] if told else None
    text = text[told.end() :] if told else text
    first = text.partition("\n")[0]
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise WrongMap(f"{path.name} is no CSV that can be read: {error}") from None
    if not table:
        raise WrongMap(f"{path.name} is empty; the first line names the columns {', '.join(COLUMNS)}")
    names = [fold(name.strip()) for name in table[0]]
    if missing := [name for name in _NEEDED if name not in names]:
        raise WrongMap(f"{path.name} line 1: the column {missing[0]!r} is missing; it has {', '.join(names)}")
    rows = []
    for number, cells in enumerate(table[1:], 2):
        if any(cell.strip() for cell in cells):
            texts = {name: _text(cell) for name, cell in zip(names, cells, strict=False)}
            rows.append(Row(f"{path.name} row {number}", texts))
    return rows


def decoded(path: Path, content: bytes) -> str:
    """Return the text of a file as an editor or a spreadsheet saved it: UTF-8, UTF-16 with its mark, or Windows-1254."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(path, content, name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(path, content, "cp1254")


def _decoded(path: Path, content: bytes, name: str) -> str:
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        raise WrongMap(
            f"{path.name} cannot be read as {name}: byte {error.start}; save it as UTF-8 (in Excel: CSV UTF-8)"
        ) from None


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _text(cell: str) -> str:
    bare = cell.removeprefix("'")
    return bare if bare != cell and _FORMULA.match(bare) else cell
