"""Owned journal: the migration of a journal, its owner's lease, and its transactions, wherever its rows are kept."""

from __future__ import annotations

import os
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, Table, delete, exc, select

from helpdesk_bridge.clock import Clock, boot_id
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.journal.integrity import sealed
from helpdesk_bridge.migration.journal.ownership import LEASE, MARGIN, LeaseClock
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.migration.outcome import JournalInUse, MigrationError

MARKER_KEY: Final = "marker_key"
SEARCH: Final = "search"
CLAIMED: Final = "claimed"
"""True in a copy that the user claimed: with its original, what is unfinished here may have been written since."""

_OWNER: Final = select(schema.owner)


@frozen
class Binding:
    """The migration of a journal: the pair of accounts, the desks' ``names``, and the key of its markers."""

    source: str
    destination: str
    names: Mapping[str, str]
    key: MarkerKey


class OwnedJournal(ABC):
    """One journal, owned by this process until ``close``. Safe to share between threads.

    ``before_commit`` is called with each transaction's connection just before it ends. ``sent_until`` is the moment of
    ``lease_clock`` after which what an earlier run began was not sent any more.
    """

    migration: str
    generation: int
    _writer: Engine
    _reader: Engine

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lease_clock = LeaseClock(clock)
        self._lease_until = self.sent_until = self.lease_clock.now()
        self.thread_lock = threading.RLock()
        self.before_commit: Callable[[Connection], None] | None = None
        self._owned = False

    # -- where the rows are ----------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def address(self) -> Address:
        """Where the journal is, for who reads it without owning it."""

    @property
    @abstractmethod
    def beside(self) -> Path:
        """The path on this host beside which a run keeps what it needs of the source."""

    @abstractmethod
    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of the database into errors that say what to do."""

    @abstractmethod
    def _held(self, connection: Connection) -> tuple[RowMapping, float]:
        """Return the owner's row, which no other process writes before this transaction ends, and the lease's time."""

    # -- ownership -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run one transaction, and extend the lease. Raises ``JournalInUse`` if another process took the journal over."""
        with self.thread_lock, self.translated():
            began = self.lease_clock.now()
            with self._writer.begin() as connection:
                held, moment = self._held(connection)
                if held["generation"] != self.generation:
                    raise JournalInUse(
                        f"process {held['pid']} on {held['host']} took the journal over; this process stops",
                        pid=held["pid"],
                        host=held["host"],
                    )
                yield connection
                if self.before_commit is not None:
                    self.before_commit(connection)
                now = self.lease_clock.now()
                self.put(connection, schema.owner, [{**held, "lease": moment + (now - began) + LEASE}])
            self._lease_until = now + LEASE

    def check_owner(self) -> None:
        """Raise ``JournalInUse`` if another process has taken the journal over."""
        with self.transaction():
            return

    def check_lease(self) -> None:
        """Return if this process may send now, looking into the journal if that is long ago: it may have been stopped.

        Raises ``JournalInUse`` if another process has taken the journal over.
        """
        while self.lease_clock.now() >= self._lease_until - MARGIN:
            self.check_owner()

    def close(self) -> None:
        """Let go of the journal: the next owner need not wait for the lease."""
        with self.thread_lock:
            if self._owned:
                self._owned = False
                with suppress(MigrationError, exc.SQLAlchemyError):
                    self._end_lease()

    def _end_lease(self) -> None:
        with self.translated(), self._writer.begin() as connection:
            held, moment = self._held(connection)
            if held["generation"] == self.generation:
                self.put(connection, schema.owner, [{**held, "lease": moment}])

    def _put_owner(self, connection: Connection, place: str, *, lease: float) -> None:
        values = {
            "generation": self.generation,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": self._clock.wall().isoformat(),
            "boot": boot(),
            "lease": lease,
            "place": place,
        }
        self.put(connection, schema.owner, [values])

    # -- rows ------------------------------------------------------------------------------------------------------

    def put(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, anew: bool = True) -> int:
        """Write rows of this migration, each with its digest, as ``schema.put`` does."""
        return schema.put(connection, table, [sealed(table, self.migration, row) for row in rows], anew=anew)

    def clear(self, connection: Connection, table: Table, *where: ColumnElement[bool]) -> None:
        """Remove the rows of this migration from a table, all or those to which everything of ``where`` applies."""
        connection.execute(delete(table).where(table.c.migration == self.migration, *where))

    def _of(self, connection: Connection, query: Select[*tuple[Any, ...]]) -> Sequence[RowMapping]:
        return connection.execute(schema.of_migration(query, self.migration)).mappings().all()

    def _owner(self, connection: Connection) -> RowMapping:
        (held,) = self._of(connection, _OWNER)
        return held

    def rows(self, query: Select[*tuple[Any, ...]], values: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        """Return the rows of a query that are of this migration; reading never waits for a transaction."""
        with self.translated(), self._reader.connect() as connection:
            return connection.execute(schema.of_migration(query, self.migration), values).mappings().all()

    def each_row(self, query: Select[*tuple[Any, ...]]) -> Iterator[RowMapping]:
        """Yield the rows of a query, however many there are."""
        with self.translated(), self._reader.connect() as connection:
            yield from connection.execute(schema.of_migration(query, self.migration)).mappings()


def boot() -> str:
    """Return what tells this machine since it was started from any other."""
    return boot_id().hex()
