"""Connections and transactions of a local desk.

A desk in memory is one connection behind one lock. A file has a connection a thread: writers take the write lock at
their start (``BEGIN IMMEDIATE``), because a read transaction that wants to write after another has committed fails at
once, whatever the busy timeout.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.forks import new_rlock
from helpdesk_bridge.last_check import last_check
from helpdesk_bridge.store.file import MEMORY, connect, rollback, translated
from helpdesk_bridge.text.decoding import Mending, mended


def run(connection: sqlite3.Connection, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Execute one statement and return all its rows: no cursor outlives the call."""
    values = [mended(param) if isinstance(param, str) else param for param in params]
    return connection.execute(sql, values).fetchall()


def run_until(connection: sqlite3.Connection, sql: str, params: Sequence[Any], *, large: int) -> list[tuple[Any, ...]]:
    """Execute one statement and return its rows, up to the one with whose last column they are larger than ``large``."""
    values = [mended(param) if isinstance(param, str) else param for param in params]
    rows: list[tuple[Any, ...]] = []
    size = 0
    with closing(connection.execute(sql, values)) as cursor:
        while size <= large and (row := cursor.fetchone()) is not None:
            rows.append(row)
            size += len(row[-1])
    return rows


def changed(connection: sqlite3.Connection, sql: str, params: Sequence[Any] = ()) -> int:
    """Execute one statement and return how many rows it changed."""
    values = [mended(param) if isinstance(param, str) else param for param in params]
    return connection.execute(sql, values).rowcount


_LONGEST_WAIT: Final = 5.0
"""Real seconds that a fork waits for the transactions of other threads."""


class _Gate:
    """Lets no process be forked in the middle of another thread's transaction.

    SQLite works without Python's lock and holds locks of its own meanwhile, some of them for all connections of the
    process: in the child, its copies of them would stay closed for ever.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._inside: Counter[int] = Counter()
        self._forking = 0

    def __enter__(self) -> None:
        thread = threading.get_ident()
        with self._turn:
            if thread not in self._inside and self._forking != thread:
                self._turn.wait_for(lambda: not self._forking)
            self._inside[thread] += 1

    def __exit__(self, *_: object) -> None:
        thread = threading.get_ident()
        with self._turn:
            self._inside[thread] -= 1
            if not self._inside[thread]:
                del self._inside[thread]
                if self._forking:
                    self._turn.notify_all()

    def before_fork(self) -> None:
        """Wait until no other thread is inside, and let none in."""
        thread = threading.get_ident()
        self._turn.acquire()
        self._turn.wait_for(lambda: not self._forking)
        self._forking = thread
        self._turn.wait_for(lambda: not self._inside.keys() - {thread}, _LONGEST_WAIT)

    def after_fork_in_parent(self) -> None:
        """Let all in again."""
        self._forking = 0
        self._turn.notify_all()
        self._turn.release()

    def after_fork_in_child(self) -> None:
        """Start anew; only the thread that forked is here."""
        thread = threading.get_ident()
        inside = self._inside[thread]
        self.__init__()  # type: ignore[misc]  # the locks are the parent's
        if inside:
            self._inside[thread] = inside


_gate: Final = _Gate()
os.register_at_fork(
    before=_gate.before_fork, after_in_parent=_gate.after_fork_in_parent, after_in_child=_gate.after_fork_in_child
)


class _Session:
    """One connection and the transaction that is open on it."""

    def __init__(self, path: str, mending: Mending) -> None:
        self.connection = connect(path, mending)
        self.depth = 0
        self.writing = False

    def close(self) -> None:
        self.connection.close()

    def __del__(self, gate: _Gate = _gate) -> None:
        # A thread has ended: its connection goes with it. At the end of the program this module's names are gone before.
        connection = getattr(self, "connection", None)
        if connection is not None:
            with gate:
                connection.close()


_abandoned: list[_Session] = []


class _PerThread(threading.local):
    session: _Session | None = None


class Database:
    """The SQLite database of a local desk. Nothing is opened before the first transaction; safe between threads."""

    def __init__(self, path: str | Path, mending: Mending | None = None) -> None:
        self.mending = mending or Mending("local", str(path), lambda _: None)
        self.path = str(path) if str(path) == MEMORY else str(Path(path).expanduser())
        self.in_memory = self.path == MEMORY
        self._closed = False
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._lock = new_rlock()
        self._shared: _Session | None = None
        self._own = _PerThread()
        self._sessions: weakref.WeakSet[_Session] = weakref.WeakSet()

    def _after_fork(self) -> None:
        # SQLite forbids to use, and even to close, a connection of the parent process. A desk in memory is the
        # exception: the child has a copy of all of it.
        shared = self._shared
        if not self.in_memory:
            _abandoned.extend(self._sessions)
        self._reset()
        if shared is not None:
            self._shared = shared
            self._sessions.add(shared)

    def _session(self) -> _Session:
        if self._process != os.getpid():
            self._after_fork()
        if self._closed:
            raise HelpdeskError("this desk was closed; open it again")
        session = self._shared if self.in_memory else self._own.session
        if session is None:
            with self._lock:
                session = self._shared if self.in_memory else None
                if session is None:
                    session = _Session(self.path, self.mending)
                    self._sessions.add(session)
                if self.in_memory:
                    self._shared = session
        if not self.in_memory:
            self._own.session = session
        return session

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a transaction that sees one state of the desk; within another transaction it joins that one."""
        return self._transaction("BEGIN")

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a transaction that is kept whole or not at all; within another write it joins that one."""
        return self._transaction("BEGIN IMMEDIATE")

    @contextmanager
    def _opened(self) -> Iterator[_Session]:
        session = self._session()
        with self._lock if self.in_memory else nullcontext():
            yield session

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with _gate, self._opened() as session:
            inner = session.depth > 0
            writes = begin != "BEGIN"
            if inner and writes and not session.writing:
                raise RuntimeError("a write was started within a read")
            opened, kept, undone = (begin, "COMMIT", "ROLLBACK")
            if inner:
                point = f"level_{session.depth}"
                opened, kept, undone = (f"SAVEPOINT {point}", f"RELEASE {point}", f"ROLLBACK TO {point}")
            try:
                session.connection.execute(opened)
                session.depth += 1
                session.writing = session.writing or writes
                try:
                    yield session.connection
                    if writes and not inner and (check := last_check()) is not None:
                        check()
                    session.connection.execute(kept)
                except BaseException:
                    self._undo(session, undone)
                    raise
                finally:
                    session.depth -= 1
                    session.writing = session.writing and session.depth > 0
            except sqlite3.Error as error:
                raise (HelpdeskError("this desk was closed") if self._closed else translated(error)) from None

    @staticmethod
    def _undo(session: _Session, undone: str) -> None:
        if undone == "ROLLBACK":
            rollback(session.connection)
        elif session.connection.in_transaction:
            session.connection.execute(undone)

    def close(self) -> None:
        """Close every connection; the content of a desk in memory is gone."""
        with _gate, self._lock:
            self._closed = True
            if self._process == os.getpid():
                for session in tuple(self._sessions):
                    session.close()
            self._reset()
