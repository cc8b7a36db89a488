"""Between the journal's rows and ``Record``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State


def to_row(record: Record) -> dict[str, Any]:
    """Return the row of a record."""
    return {
        "kind": record.key.kind.value,
        "parent": record.key.parent,
        "id": record.key.id,
        "state": record.state.value,
        "position": record.position,
        "reason": record.reason,
        "marker": record.marker,
        "destination": json.dumps(record.destination),
        "candidates": json.dumps(record.candidates),
        "fold": record.fold,
        "kind_of_message": record.kind_of_message,
        "version": record.version,
        "expected": None if record.expected is None else json.dumps(record.expected, sort_keys=True),
        "finished": record.finished,
        "intent_at": None if record.intent_at is None else record.intent_at.isoformat(),
        "attempts": record.attempts,
    }


def from_row(row: Mapping[str, Any]) -> Record:
    """Return the record of a row."""
    return Record(
        key=Key(Kind(row["kind"]), row["id"], row["parent"]),
        state=State(row["state"]),
        position=row["position"],
        reason=row["reason"],
        marker=row["marker"],
        destination=tuple(json.loads(row["destination"])),
        candidates=tuple(json.loads(row["candidates"])),
        fold=row["fold"],
        kind_of_message=row["kind_of_message"],
        version=row["version"],
        expected=None if row["expected"] is None else json.loads(row["expected"]),
        finished=bool(row["finished"]),
        intent_at=None if row["intent_at"] is None else datetime.fromisoformat(row["intent_at"]),
        attempts=row["attempts"],
    )
