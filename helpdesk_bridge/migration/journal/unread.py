"""Rows of the source that cannot be read, as records that failed: nothing of the source is without an end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import evolve

from helpdesk_bridge.adapter.odd_values import UnreadRow
from helpdesk_bridge.migration.journal.states import Key, Kind, Record, State

_PREFIX: Final = "row"
READABLE: Final = "it can be read now, or is gone"


def is_row(record: Record) -> bool:
    """Whether a record is a row that could not be read."""
    return record.key.id.startswith(f"{_PREFIX}~")


def unread_records(kind: Kind, rows: Iterable[UnreadRow], known: Iterable[Record]) -> list[Record]:
    """Return the records of these rows, and of those ``known`` that are no longer among them."""
    failed = [
        Record(key=Key(kind, f"{_PREFIX}{row.id}", row.parent), state=State.FAILED, reason=f"BadResponse, {row.reason}")
        for row in rows
    ]
    keys = {record.key for record in failed}
    return failed + [
        evolve(record, state=State.SKIPPED, reason=READABLE)
        for record in known
        if is_row(record) and record.key not in keys and record.state is not State.SKIPPED
    ]
