"""Journals without desks, for tests of the journal itself."""

from __future__ import annotations

from typing import Any

from helpdesk_bridge.migration.journal.database.owned import Binding
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.testing.clock import ManualClock

KEY = MarkerKey(bytes(range(32)))
NAMES = {"source_desk": "old", "destination_desk": "new"}
PAIR = Binding("deskie:one", "desk365:two", NAMES, KEY)


def open_journal(path: Any, binding: Binding = PAIR, **options: Any) -> Journal:
    return Journal(path, binding, **{"clock": ManualClock(), **options})
