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
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.last_check import last_check
from helpdesk_bridge.store.file import MEMORY, connect, rollback, translated
from helpdesk_bridge.text.decoding import Mending, mended


def run(connection: sqlite3.Connection, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Execute one statement and return all its rows: no cursor outlives the call."""
    values = [mended(param) if isinstance(param, str) else param for param in params]
    return connection.execute(sql, values).fetchall()


def changed(connection: sqlite3.Connection, sql: str, params: Sequence[Any] = ()) -> int:
    """Execute one statement and return how many rows it changed."""
    values = [mended(param) if isinstance(param, str) else param for param in params]
    return connection.execute(sql, values).rowcount


class _Session:
    """One connection and the transaction that is open on it."""

    def __init__(self, path: str, mending: Mending) -> None:
        self.connection = connect(path, mending)
        self.depth = 0
        self.writing = False

    def close(self) -> None:
        self.connection.close()

    def __del__(self) -> None:
        # A thread has ended: its connection goes with it.
        connection = getattr(self, "connection", None)
        if connection is not None:
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
        self._lock = threading.RLock()
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
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        session = self._session()
        with self._lock if self.in_memory else nullcontext():
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
        with self._lock:
            self._closed = True
            if self._process == os.getpid():
                for session in tuple(self._sessions):
                    session.close()
            self._reset()
