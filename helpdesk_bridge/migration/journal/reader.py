"""Journal reader: whose a journal is and which record became which, without owning it, even while a migration runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.file import translated
from helpdesk_bridge.migration.journal.states import Kind


def ids_of(path: str | os.PathLike[str], kind: Kind) -> Iterator[dict[str, Any]]:
    """Yield the source's ids beside the destination's, in the source's order."""
    table = schema.record.c
    query = select(table.parent, table.id, table.state, table.destination).where(table.kind == kind.value)
    engine = schema.reader(Path(path))
    try:
        with translated(), engine.connect() as connection:
            for row in connection.execute(query.order_by(table.parent, table.position, table.id)).mappings():
                yield {
                    "ticket": row["parent"] or None,
                    "source": row["id"],
                    "state": row["state"],
                    "destination": json.loads(row["destination"] or "[]"),
                }
    finally:
        engine.dispose()


def whose(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the desks and accounts of a journal, as ``bind`` recorded them, without owning it.

    Empty for a journal that is just being created, or whose creator was killed before its first transaction: the next
    run continues with it. Raises ``FileNotFoundError`` if there is no journal.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(file)
    schema.check_mine(file)
    engine = schema.reader(file)
    try:
        with translated(), engine.connect() as connection:
            if not connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar():
                return {}
            known = {row.name: row.value for row in connection.execute(select(schema.meta))}
    finally:
        engine.dispose()
    wanted = ("version", "source", "destination", "created", "source_desk", "destination_desk")
    return {name: value for name, value in known.items() if name in wanted}
