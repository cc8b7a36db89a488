"""Looks into a journal without owning it: also while a migration runs, and without its desks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import func, select

from helpdesk_bridge.migration import schema
from helpdesk_bridge.migration.journal_file import translated
from helpdesk_bridge.migration.states import Kind, State


class JournalReader:
    """Reads one journal file. Nothing is written and no owner is disturbed."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._engine = schema.reader(Path(path))

    def close(self) -> None:
        """Give the file back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _rows(self, query: Any) -> Iterator[Any]:
        with translated(), self._engine.connect() as connection:
            yield from connection.execute(query).mappings()

    def counts(self) -> dict[Kind, dict[State, int]]:
        """Return how many records of each kind stand where."""
        table = schema.record.c
        counted: dict[Kind, dict[State, int]] = {kind: {} for kind in Kind}
        query = select(table.kind, table.state, func.count().label("n")).group_by(table.kind, table.state)
        for row in self._rows(query):
            counted[Kind(row["kind"])][State(row["state"])] = row["n"]
        return counted

    def in_doubt(self) -> list[dict[str, Any]]:
        """Return the records that need a decision, with their reason."""
        table = schema.record.c
        query = select(table.kind, table.parent, table.id, table.reason).where(table.state == State.IN_DOUBT.value)
        return [
            {"kind": row["kind"], "ticket": row["parent"] or row["id"], "id": row["id"], "reason": row["reason"]}
            for row in self._rows(query.order_by(table.kind, table.parent, table.position))
        ]

    def ids(self, kind: Kind) -> Iterator[dict[str, Any]]:
        """Yield which source record became which at the destination, in the source's order."""
        table = schema.record.c
        query = select(table.parent, table.id, table.state, table.destination).where(table.kind == kind.value)
        for row in self._rows(query.order_by(table.parent, table.position, table.id)):
            yield {
                "ticket": row["parent"] or None,
                "source": row["id"],
                "state": row["state"],
                "destination": json.loads(row["destination"] or "[]"),
            }
