"""Which record became which, read from a journal without owning it: also while a migration runs."""

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
