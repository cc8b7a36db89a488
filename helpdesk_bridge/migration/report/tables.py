"""Report tables: tickets, mapping and differences as CSV beside the page, for whoever checks with a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from helpdesk_bridge.migration.report import words
from helpdesk_bridge.migration.report.facts import Facts
from helpdesk_bridge.migration.report.files import write_page

_FORMULA: Final = re.compile(r"[=+\-@\t\r\0]")


def write_tables(facts: Facts, tickets: Iterable[Mapping[str, Any]], folder: Path, *, private: bool = False) -> None:
    """Write ``tickets.csv``, ``mapping.csv`` and ``differences.csv``. Raises as ``write_page`` does."""

    def value(text: str | None) -> str | None:
        return words.private(text) if private and text is not None else text

    rows: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "tickets.csv": (
            ("source", "state", "destination"),
            ((words.source_id(one["source"]), one["state"], " ".join(one["destination"])) for one in tickets),
        ),
        "mapping.csv": (
            ("field", "source", "destination", "records"),
            (
                (
                    one.field,
                    value(one.old) or "agents",
                    (one.new if one.old is None else value(one.new)) or "dropped",
                    one.records,
                )
                for one in facts.mapping
            ),
        ),
        "differences.csv": (
            ("ticket", "record", "id", "field", "expected", "found"),
            (
                (words.source_id(one.ticket), one.record, words.source_id(one.id), one.field, one.expected, one.found)
                for one in facts.differences
            ),
        ),
    }
    for name, (columns, lines) in rows.items():
        write_page(_csv(columns, lines), folder, name)


def _csv(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in line] for line in lines)
    return text.getvalue()


def _cell(value: Any) -> str:
    """Return a value as a spreadsheet takes it: what somebody wrote must not be a formula there."""
    if value is None:
        return ""
    text = str(words.plain(str(value)))
    return f"'{text}" if _FORMULA.match(text) else text
