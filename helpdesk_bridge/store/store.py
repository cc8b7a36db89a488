"""``LocalStore``: the records of a helpdesk in one SQLite file or in memory.

The local desk is an adapter over it. An adapter whose vendor keeps no records can use it too: Desk360 writes what its
webhooks bring into a space for each integration, and lists it from there.
"""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.store.blobs import Files
from helpdesk_bridge.store.contacts import ContactTable
from helpdesk_bridge.store.database import Database, run
from helpdesk_bridge.store.lists import Lists
from helpdesk_bridge.store.messages import MessageTable
from helpdesk_bridge.store.outbox import Deliveries, Outbox
from helpdesk_bridge.store.schema import TABLES
from helpdesk_bridge.store.space import Space
from helpdesk_bridge.store.tickets import TicketTable
from helpdesk_bridge.text.decoding import Mending


class LocalStore:
    """The records of one account. Opening does no I/O; sharing it between threads is safe, after a fork it reopens.

    ``space`` separates the records of several accounts in one file; ``vendor`` and ``account`` are the names in refs (the
    account of a local desk is a random id kept in the file). Every call is one transaction; ``transaction()`` makes
    several calls one. ``mending`` counts and announces characters in the file that no text can hold.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        *,
        space: str = "",
        vendor: str = "local",
        account: str | None = None,
        keep_raw: bool = False,
        mending: Mending | None = None,
    ) -> None:
        self.database = Database(path, mending)
        self._account = account
        self.space = Space(self.database, clock, vendor, space, lambda: self.account, keep_raw)
        self.files = Files(self.space)
        self.messages = MessageTable(self.space, self.files)
        self.tickets = TicketTable(self.space, self.messages)
        self.contacts = ContactTable(self.space)
        self.lists = Lists.of(self.space)
        self.deliveries = Deliveries(self.space)
        self.outbox = Outbox(self.space, self.messages)

    @property
    def path(self) -> str:
        """Where the file is, or ``:memory:``."""
        return self.database.path

    @property
    def account(self) -> str:
        """The account's name in refs; for a local desk the first use opens the file."""
        if self._account is None:
            self._account = self._kept("account")
        return self._account

    @property
    def key(self) -> str:
        """The random key that this file keeps, by which markers and idempotency keys are signed; 64 hex digits."""
        return self._kept("key")

    def _kept(self, name: str) -> str:
        with self.database.read() as connection:
            return str(run(connection, "SELECT value FROM meta WHERE name = ?", (name,))[0][0])

    def transaction(self) -> AbstractContextManager[object]:
        """Return a context whose writes are kept all together or not at all."""
        return self.database.write()

    def counts(self) -> dict[str, int]:
        """Return how many tickets, contacts and messages there are."""
        names = ("tickets", "contacts", "messages")
        with self.database.read() as connection:
            return {
                name: int(run(connection, f"SELECT count(*) FROM {name} WHERE space = ?", (self.space.name,))[0][0])  # noqa: S608 - our own names
                for name in names
            }

    def problems(self, *, quick: bool = False) -> tuple[str, ...]:
        """Return the problems that SQLite's own check reports; nothing for a sound file.

        ``quick`` does not compare indexes with their tables, which takes most of the time.
        """
        with self.database.read() as connection:
            found = [str(one) for (one,) in run(connection, f"PRAGMA {'quick' if quick else 'integrity'}_check")]
        return () if found == ["ok"] else tuple(found)

    def clear(self) -> None:
        """Remove all records of all spaces; the account's id stays."""
        with self.database.write() as connection:
            for table in TABLES:
                run(connection, f"DELETE FROM {table}")  # noqa: S608 - our own names

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables, to be compared or restored."""
        with self.database.read() as connection:
            return {table: run(connection, f"SELECT {_columns(connection, table)} FROM {table}") for table in TABLES}  # noqa: S608 - our own names

    def restore(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        """Put back what ``dump`` returned."""
        with self.database.write() as connection:
            self.clear()
            for table, values in rows.items():
                columns = _columns(connection, table)
                marks = ", ".join("?" * (columns.count(",") + 1))
                for row in values:
                    run(connection, f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608 - our own names

    def close(self) -> None:
        """Close the file; the content of a desk in memory is gone."""
        self.database.close()


def _columns(connection: sqlite3.Connection, table: str) -> str:
    # Generated columns are hidden from table_info, which is what writing them back needs.
    return ", ".join(str(row[1]) for row in run(connection, f"PRAGMA table_info({table})"))
