"""Counts of shadow reads: how often two desks answered alike, kept over restarts and shared by processes.

One small SQLite file for each pair of accounts in the user's state folder. It holds names of operations and fields,
counts, times, and ids of records: never a value of a customer.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from attrs import frozen

from helpdesk_bridge.model.shadow import ShadowOutcome, ShadowStatus
from helpdesk_bridge.private_files import OWNER_FILE, make_private_folder, tighten, why_not_mine
from helpdesk_bridge.ratelimit.place import state_folder
from helpdesk_bridge.text.plain import digest

logger = logging.getLogger("helpdesk_bridge.shadow")

EXAMPLES: Final = 20
"""So many of the latest differences are kept with the records' ids."""
_PATIENCE: Final = 5.0
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS outcome (
    operation TEXT, outcome TEXT, count INTEGER NOT NULL, last TEXT NOT NULL, PRIMARY KEY (operation, outcome));
CREATE TABLE IF NOT EXISTS field (
    operation TEXT, field TEXT, count INTEGER NOT NULL, last TEXT NOT NULL, PRIMARY KEY (operation, field));
CREATE TABLE IF NOT EXISTS reason (
    outcome TEXT, reason TEXT, count INTEGER NOT NULL, last TEXT NOT NULL, PRIMARY KEY (outcome, reason));
CREATE TABLE IF NOT EXISTS example (
    number INTEGER PRIMARY KEY, operation TEXT NOT NULL, record TEXT NOT NULL, fields TEXT NOT NULL, at TEXT NOT NULL);
"""


@frozen
class Compared:
    """One read that was compared: ``fields`` are the names of what differs, ``reason`` says why it was not compared."""

    operation: str
    outcome: ShadowOutcome
    fields: tuple[str, ...] = ()
    reason: str = ""
    record: str = ""


class ShadowCounts:
    """The counts of one pair of accounts; without a state folder they are kept in memory."""

    def __init__(self, pair: tuple[str, str, str, str]) -> None:
        folder = state_folder()
        self._path = None if folder is None else folder / "shadow" / f"{digest(*pair)}.db"
        self._memory: sqlite3.Connection | None = None

    def add(self, compared: Compared, at: datetime) -> None:
        """Count one read. A disk that refuses is logged once, and counting goes on in memory."""
        try:
            self._add(compared, at.isoformat(timespec="seconds"))
        except (OSError, sqlite3.Error) as error:
            if self._path is None:
                raise
            logger.warning(
                "counts of shadow reads are kept in memory: %s is not usable (%s)",
                self._path,
                error,
                extra={"event": "shadow.counts_in_memory", "place": str(self._path), "error": type(error).__name__},
            )
            self._path = None
            self._add(compared, at.isoformat(timespec="seconds"))

    def _add(self, compared: Compared, at: str) -> None:
        with self._open(make=True) as connection, connection:
            _count(connection, "outcome", (compared.operation, compared.outcome.value), at)
            for name in compared.fields:
                _count(connection, "field", (compared.operation, name), at)
            if compared.reason:
                _count(connection, "reason", (compared.outcome.value, compared.reason), at)
            if compared.fields:
                connection.execute(
                    "INSERT INTO example (operation, record, fields, at) VALUES (?, ?, ?, ?)",
                    (compared.operation, compared.record, ", ".join(compared.fields), at),
                )
                connection.execute(
                    "DELETE FROM example WHERE number <= (SELECT max(number) FROM example) - ?", (EXAMPLES,)
                )

    def status(self) -> ShadowStatus:
        """Return what was counted so far. Raises ``OSError`` for a file that cannot be read."""
        if self._path is not None and not self._path.exists():
            return ShadowStatus()
        with self._open(make=False) as connection:
            rows = [
                tuple(connection.execute(query))
                for query in (
                    "SELECT operation, outcome, count FROM outcome ORDER BY operation, outcome",
                    "SELECT operation, field, count FROM field ORDER BY count DESC, operation, field",
                    "SELECT outcome, reason, count FROM reason ORDER BY count DESC, reason",
                    "SELECT operation, record, fields, at FROM example ORDER BY number DESC",
                )
            ]
        return ShadowStatus(*rows)

    def reset(self) -> None:
        """Forget everything that was counted."""
        if self._path is not None and not self._path.exists():
            return
        with self._open(make=False) as connection, connection:
            for table in ("outcome", "field", "reason", "example"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    @contextmanager
    def _open(self, *, make: bool) -> Iterator[sqlite3.Connection]:
        if self._path is None:
            if self._memory is None:
                self._memory = _connected(":memory:")
            yield self._memory
            return
        if make:
            _make(self._path)
        with closing(_connected(self._path)) as connection:
            yield connection


def _make(path: Path) -> None:
    make_private_folder(path.parent)
    reason = why_not_mine(path)
    if reason is not None:
        raise OSError(reason)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, OWNER_FILE))
    tighten(path, OWNER_FILE, "the counts of shadow reads")


def _connected(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
    connection.executescript(_TABLES)
    return connection


def _count(connection: sqlite3.Connection, table: str, key: tuple[str, str], at: str) -> None:
    names = {"outcome": "operation, outcome", "field": "operation, field", "reason": "outcome, reason"}[table]
    connection.execute(
        f"INSERT INTO {table} ({names}, count, last) VALUES (?, ?, 1, ?) "  # noqa: S608 - our own names
        f"ON CONFLICT ({names}) DO UPDATE SET count = count + 1, last = excluded.last",
        (*key, at),
    )
