"""Budgets in PostgreSQL, for the processes of several hosts: two round trips a step, under the lock of the budget's row."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.postgresql import connect, refusal
from helpdesk_bridge.ratelimit.store import SharedCell, StoreLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection, Cursor

    from helpdesk_bridge.clock import Clock
    from helpdesk_bridge.ratelimit.policy import RateLimitPolicy

TABLE: Final = "helpdesk_bridge_budget"
CONNECT_SECONDS: Final = 2
"""The least that libpq knows."""
ANSWER_SECONDS: Final = 3.0
MOST_CONNECTIONS: Final = 4
"""Of one process, however many budgets it spends: each is in use for one step at a time."""

# What the server loses of its latest half second when it crashes is charged anew by those who spent it. A process that is
# stopped in mid-step loses the lock before those who wait for it give up.
_BEGIN: Final = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '2s'; "
    "SET LOCAL statement_timeout = '2500ms'; SET LOCAL idle_in_transaction_session_timeout = '1s'; "
)
_CREATE: Final = (
    "CREATE TABLE IF NOT EXISTS helpdesk_bridge_budget (key text PRIMARY KEY, value bytea NOT NULL, written timestamptz NOT NULL) "
    "WITH (fillfactor = 50)"
)
# The time is told once the lock is there: a row's own columns are read before it is waited for.
_LOCK: Final = (
    "WITH budget AS MATERIALIZED (SELECT value FROM helpdesk_bridge_budget WHERE key = %s FOR UPDATE) "
    "SELECT value, extract(epoch FROM clock_timestamp())::float8 FROM budget"
)
_ADD: Final = "INSERT INTO helpdesk_bridge_budget (key, value, written) VALUES (%s, '', now()) ON CONFLICT DO NOTHING; "
_WRITE: Final = "UPDATE helpdesk_bridge_budget SET value = %s, written = now() WHERE key = %s; COMMIT"
_FORGET: Final = "DELETE FROM helpdesk_bridge_budget WHERE written < now() - interval '7 days'"


class PostgresStore:
    """Budgets in one table of a PostgreSQL database, made if need be. ``time`` replaces its clock, for tests."""

    def __init__(self, url: str, *, time: Callable[[], float] | None = None) -> None:
        try:
            import psycopg
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise ConfigError("budget: postgresql:// needs its client; install this package's extra postgres") from None
        try:
            parts = conninfo_to_dict(url)
        except psycopg.Error:
            raise ConfigError(
                'budget: this is no URL of a PostgreSQL database; use "postgresql://USER@HOST:PORT/DB"'
            ) from None
        where = f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}"
        self.place = f"postgresql {where}/{parts.get('dbname') or parts.get('user') or ''}"
        self.error: type[Exception] = psycopg.Error
        self.time = time
        self._url = url
        self._cells: weakref.WeakValueDictionary[tuple[str, Clock], SharedCell] = weakref.WeakValueDictionary()
        self._renew()
        _stores.add(self)

    def _renew(self) -> None:
        self._idle: deque[Connection[Any]] = deque()
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        weakref.finalize(self, _close_all, self._idle)

    def cell(self, key: str, policy: RateLimitPolicy, clock: Clock) -> SharedCell:
        """Return the cell of that key. A connection is made with its first use."""
        found = self._cells.get((key, clock))
        if found is None:
            found = self._cells[key, clock] = SharedCell(PostgresPlace(self, key, clock), policy, clock)
        return found

    def take(self, *, anew: bool = False) -> tuple[Connection[Any], bool]:
        """Return a connection for one step, and whether it was made before. Raises what the client raises."""
        if not self._free.acquire(timeout=2 * ANSWER_SECONDS):
            raise StoreLost("PostgreSQL does not answer")
        try:
            if anew:
                _close_all(self._idle)
            with suppress(IndexError):
                return self._idle.pop(), True
            return self._connect(), False
        except BaseException:
            self._free.release()
            raise

    def give_back(self, connection: Connection[Any], *, whole: bool) -> None:
        """Take a connection back after a step; one that is not ``whole`` is closed."""
        if whole:
            self._idle.append(connection)
        else:
            connection.close()
        self._free.release()

    def _connect(self) -> Connection[Any]:
        connection = connect(
            self._url,
            answer_seconds=ANSWER_SECONDS,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            fallback_application_name="helpdesk-bridge budget",
            cursor_factory=_cursor_class(),
        )
        try:
            found = connection.execute("SELECT to_regclass(%s)", [TABLE]).fetchone()
            if found is None or found[0] is None:
                _create(connection)
            connection.execute(_FORGET)
        except BaseException:
            connection.close()
            raise
        return connection

    def after_fork(self) -> None:
        """Let go of the parent's connections without a word to the server, which would end them for the parent too."""
        for connection in self._idle:
            _abandon(connection)
        self._renew()


class PostgresPlace:
    """One row, by the server's own clock, which one process at a time reads and writes."""

    far: bool = True
    doubtful: bool = False
    restarted: bool = False
    remains: bytes | None = None

    def __init__(self, store: PostgresStore, key: str, clock: Clock) -> None:
        self.name = store.place
        self._store = store
        self._key = key
        self._clock = clock
        self._connection: Connection[Any] | None = None
        self._pid = 0
        self._whole = False
        """Whether no transaction is open."""
        self._found: tuple[bytes | None, float] = None, 0.0

    def lock(self) -> None:
        """Lock the row, which is made if need be, and read it."""
        try:
            self._begin()
        except self._store.error as error:
            raise StoreLost(_reason(error)) from None

    def _begin(self) -> None:
        connection, used = self._take(anew=False)
        try:
            self._found = self._locked(connection)
        except self._store.error as error:
            # A connection that has been idle may be closed by now, and nothing was done: once again is worth it.
            if not used or not connection.closed or _is_slow(error):
                raise
            self.close()
            connection, _ = self._take(anew=True)
            self._found = self._locked(connection)

    def _take(self, *, anew: bool) -> tuple[Connection[Any], bool]:
        connection, used = self._store.take(anew=anew)
        self._connection, self._pid, self._whole = connection, os.getpid(), False
        return connection, used

    def _locked(self, connection: Connection[Any]) -> tuple[bytes | None, float]:
        found = _last_row(connection.execute(_BEGIN + _LOCK, [self._key]))
        if found is None:
            found = _last_row(connection.execute(_ADD + _LOCK, [self._key, self._key]))
        if found is None:
            raise StoreLost("PostgreSQL refuses the step")
        value, seconds = found
        time = self._store.time
        return bytes(value) or None, seconds * self._clock.time_scale if time is None else time()

    def read(self) -> tuple[bytes | None, float]:
        """Return the row's value and the server's time, both as of when the row was locked."""
        return self._found

    def write(self, data: bytes) -> bool:
        """Replace the value and end the transaction; False if the server ended it before, which undid nothing."""
        connection = self._connection
        if connection is None:
            raise StoreLost("PostgreSQL refuses the step")
        try:
            connection.execute(_WRITE, [data, self._key])
        except self._store.error as error:
            if not _was_idle_too_long(error):
                raise StoreLost(_reason(error)) from None
            self.close()
            self.lock()
            return False
        self._whole = True
        return True

    def unlock(self) -> None:
        """Give the connection back; if nothing was written, the lock ends with it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._store.give_back(connection, whole=self._whole)

    def close(self) -> None:
        """Let go of a connection that failed, or that a forked child has from its parent."""
        if self._connection is not None and self._pid == os.getpid():
            self._whole = False
            self.unlock()
        elif self._connection is not None:
            _abandon(self._connection)
            self._connection = None


_stores: weakref.WeakSet[PostgresStore] = weakref.WeakSet()
_abandoned: list[Connection[Any]] = []
"""In a forked child, its parent's connections: the client warns of one that is forgotten while it is open."""


def _abandon(connection: Connection[Any]) -> None:
    with suppress(OSError):
        os.close(connection.fileno())
    _abandoned.append(connection)


def _after_fork() -> None:
    for store in list(_stores):
        store.after_fork()


os.register_at_fork(after_in_child=_after_fork)


def _close_all(connections: deque[Connection[Any]]) -> None:
    with suppress(IndexError):
        while True:
            connections.pop().close()


@cache
def _cursor_class() -> type[Cursor[Any]]:
    # This one puts the values into the text, and so can send several statements at once.
    from psycopg import ClientCursor

    return ClientCursor


def _last_row(cursor: Cursor[Any]) -> Any:
    """Return the row of the last of several statements."""
    while cursor.nextset():
        pass
    return cursor.fetchone()


def _create(connection: Connection[Any]) -> None:
    from psycopg import errors

    # Who makes the table at the same moment makes the same one.
    with suppress(errors.UniqueViolation, errors.DuplicateTable):
        connection.execute(_CREATE)


def _is_slow(error: Exception) -> bool:
    from psycopg import errors

    return isinstance(error, errors.ConnectionTimeout)


def _was_idle_too_long(error: Exception) -> bool:
    from psycopg import errors

    return isinstance(error, errors.IdleInTransactionSessionTimeout)


def _reason(error: Exception) -> str:
    """Return what is wrong, without anything that the client or the server said word for word."""
    from psycopg import errors

    for kinds, reason in (
        ((errors.ConnectionTimeout, errors.QueryCanceled), "PostgreSQL does not answer"),
        (errors.LockNotAvailable, "another process does not release its lock"),
        (errors.ReadOnlySqlTransaction, "this PostgreSQL server only reads; name the one that writes"),
        (errors.InsufficientPrivilege, f"PostgreSQL refuses its table {TABLE} to this user"),
        ((errors.UndefinedColumn, errors.DatatypeMismatch, errors.WrongObjectType, errors.UndefinedFunction),
         "it holds something else, and is left alone"),
        (errors.OperationalError, None),
    ):  # fmt: skip
        if isinstance(error, kinds):
            return reason or _unreachable(error)
    return f"PostgreSQL refuses the step ({getattr(error, 'sqlstate', None) or type(error).__name__})"


def _unreachable(error: Exception) -> str:
    refused = {
        "credentials": "PostgreSQL refuses the credentials",
        "unknown": "PostgreSQL has no such database or user",
        "full": "PostgreSQL takes no more connections",
    }
    return refused.get(refusal(error) or "", "PostgreSQL cannot be reached")
