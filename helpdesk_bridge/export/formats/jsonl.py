"""JSON lines: each record in the library's own form, which ``from_dict`` reads back exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from helpdesk_bridge.export.formats.contract import Format
from helpdesk_bridge.export.tables import Table
from helpdesk_bridge.portable.value import Portable


class _LinesSheet:
    def __init__(self, path: Path, _: Sequence[Table]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")

    def add(self, _: str, record: Any, /) -> None:
        """Write one record."""
        self._file.write(json.dumps(document_of(record), ensure_ascii=False) + "\n")

    def close(self) -> None:
        """End the file."""
        self._file.close()

    abandon = close


def document_of(record: Any) -> dict[str, Any]:
    """Return a record as plain JSON, without the vendor's document and the places of files."""
    if not isinstance(record, Portable):
        return dict(record)
    document = record.to_dict()
    document.pop("raw", None)
    for file in document.get("attachments", ()):
        file.pop("locator", None)
    return document


JSONL: Final = Format("jsonl", ".jsonl", _LinesSheet, by_month=True, exact=True)
