"""Journal file: its owner, the migration that it belongs to, and its transactions."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, exc, insert, select, update

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.migration.journal import schema
from helpdesk_bridge.migration.journal.lock import OwnerLock
from helpdesk_bridge.migration.marker import MarkerKey
from helpdesk_bridge.migration.outcome import Interrupted, JournalDamaged, JournalInUse, WrongJournal
from helpdesk_bridge.private_files import make_private_folder

MARKER_KEY: Final = "marker_key"
REBUILD: Final = "move it away and build a new one: helpdesk-bridge migrate rebuild --from OLD --to NEW --journal FILE"
_OWNER: Final = select(schema.owner)


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of SQLite into errors that say what to do."""
    try:
        yield
    except exc.DatabaseError as error:
        text = str(error.orig).lower()
        if "full" in text or "i/o error" in text or "readonly" in text or "unable to open" in text:
            raise Interrupted(f"the journal cannot be written ({text}); free some disk space and run again") from None
        if "locked" in text or "busy" in text:
            raise Interrupted("the journal is locked by another program; close it and run again") from None
        if "malformed" in text or "not a database" in text or "no such table" in text:
            raise JournalDamaged(f"the journal cannot be read; {REBUILD}") from None
        raise


class JournalFile:
    """One journal file, owned by this process until ``close``. Safe to share between threads.

    ``before_commit`` is called with each transaction's connection just before it ends.
    """

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock, takeover: bool = False) -> None:
        self.path = Path(path)
        self._clock = clock
        self.thread_lock = threading.RLock()
        self.before_commit: Callable[[Connection], None] | None = None
        try:
            make_private_folder(self.path.parent)
            schema.check_mine(self.path)
            self._lock = OwnerLock(self.path, takeover=takeover)
        except OSError as error:
            raise Interrupted(f"the journal cannot be opened: {error.strerror}") from None
        try:
            with translated():
                self._open()
        except OSError as error:
            self._lock.release()
            raise Interrupted(f"the journal cannot be opened: {error.strerror}") from None
        except BaseException:
            self._lock.release()
            raise

    def _open(self) -> None:
        schema.create_private(self.path)
        self._writer = schema.writer(self.path)
        self._reader = schema.reader(self.path)
        self.generation = 0
        with self._writer.begin() as connection:
            if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                raise JournalDamaged(f"the journal is damaged; {REBUILD}")
            schema.keep_private(self.path)
            schema.metadata.create_all(connection)
            known = connection.scalar(select(schema.owner.c.generation))
            self.generation = (known or 0) + 1
            values = {
                "generation": self.generation,
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": self._clock.wall().isoformat(),
            }
            statement = update(schema.owner) if known else insert(schema.owner)
            connection.execute(statement.values(values))

    # -- ownership -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run one transaction. Raises ``JournalInUse`` if another process has taken the journal over."""
        with self.thread_lock, translated(), self._writer.begin() as connection:
            held = connection.execute(_OWNER).one()
            if held.generation != self.generation:
                raise JournalInUse(
                    f"process {held.pid} on {held.host} took the journal over; this process stops",
                    pid=held.pid,
                    host=held.host,
                )
            yield connection
            if self.before_commit is not None:
                self.before_commit(connection)

    def check_owner(self) -> None:
        """Raise ``JournalInUse`` if another process has taken the journal over."""
        with self.transaction():
            return

    def bind(self, source: str, destination: str, names: Mapping[str, str], key: MarkerKey) -> bool:
        """Record the pair of desks and the key of the markers, or check the pair; return whether the journal is new.

        Raises ``WrongJournal`` for a journal of another pair of desks.
        """
        with self.transaction() as connection:
            known = {row.name: row.value for row in connection.execute(select(schema.meta))}
            if "version" not in known:
                now = self._clock.wall().isoformat()
                values = {
                    "version": schema.VERSION,
                    "source": source,
                    "destination": destination,
                    "created": now,
                    MARKER_KEY: json.dumps(key.text()),
                    **names,
                }
                connection.execute(insert(schema.meta), [{"name": k, "value": v} for k, v in values.items()])
                return True
        if known["version"] != schema.VERSION:
            raise WrongJournal(
                f"the journal has version {known['version']} and this program reads {schema.VERSION}; continue with the "
                "version of helpdesk-bridge that created it"
            )
        if (known["source"], known["destination"]) != (source, destination):
            raise WrongJournal(
                f"the journal belongs to the migration from {known['source']} to {known['destination']}, not from "
                f"{source} to {destination}; name another file"
            )
        return False

    def close(self) -> None:
        """Close the file and release the lock."""
        with self.thread_lock:
            self._writer.dispose()
            self._reader.dispose()
            self._lock.release()

    def rows(self, query: Any, values: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        """Return the rows of a query; reading never waits for a transaction."""
        with translated(), self._reader.connect() as connection:
            return connection.execute(query, values).mappings().all()

    def each_row(self, query: Any) -> Iterator[RowMapping]:
        """Yield the rows of a query, however many there are."""
        with translated(), self._reader.connect() as connection:
            yield from connection.execute(query).mappings()
