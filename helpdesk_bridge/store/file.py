"""The file of a local desk: checked, created, opened and brought to the newest schema."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from helpdesk_bridge.clock import pause, real_seconds
from helpdesk_bridge.errors import ConfigError, HelpdeskError, Unavailable
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.private_files import OWNER_FILE, companions, tighten, why_not_mine
from helpdesk_bridge.store.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION
from helpdesk_bridge.text.decoding import Mending, Odd, decoded, mended

MEMORY: Final = ":memory:"
BUSY_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 0.005
_PASSING: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
"""What SQLite says while others use the file; it passes."""
_MAGIC: Final = b"SQLite format 3\x00"

_creating = new_lock()


def connect(path: str, mending: Mending) -> sqlite3.Connection:
    """Return a connection to the desk at ``path``, its schema up to date; a missing file is created with mode 0600.

    Raises ``ConfigError`` for a folder, for a file that is not a local desk or has a newer schema, and for a path that
    cannot be written. Such a file is never changed. ``mending`` counts characters in the file that no text can hold.
    """
    if path != MEMORY:
        _prepare(Path(path))
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
    except sqlite3.Error as error:
        raise ConfigError(f"the local desk {path} cannot be opened: {error}") from None
    connection.text_factory = _door(mending)
    try:
        _initialise(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _door(mending: Mending) -> Callable[[bytes], str]:
    def text(data: bytes) -> str:
        odd: Counter[Odd] = Counter()
        found = mended(decoded(data, odd), odd)
        if odd:
            mending.note(odd)
        return found

    return text


def _prepare(path: Path) -> None:
    """Make the file where there is none, readable by its owner alone; SQLite gives its companions the same mode.

    No other thread gets past this before the new file's descriptor is closed: closing it forgets the process's locks.
    """
    try:
        with _creating:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        _check_existing(path)
    except FileNotFoundError:
        raise ConfigError(f"path: the folder {path.parent} does not exist; create it, or name another") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a file name"
        raise ConfigError(f"path: the local desk {path} cannot be created: {reason}") from None


def _check_existing(path: Path) -> None:
    """Look at a file without opening it: the system forgets a process's locks when any descriptor of a file is closed.

    Another process would then take itself for the last user of the desk and remove the journal that threads here write.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise ConfigError(f"path: the local desk {path} cannot be written: {error.strerror}") from None
    if stat.S_ISDIR(state.st_mode):
        raise ConfigError(f"path: {path} is a folder; name a file in it, such as {path / 'desk.db'}") from None
    if not stat.S_ISREG(state.st_mode) or 0 < state.st_size < len(_MAGIC):
        raise _no_desk(path)
    if not _may(path, os.R_OK | os.W_OK):
        raise ConfigError(f"path: the local desk {path} cannot be written: {os.strerror(errno.EACCES)}")
    # Journal files stand beside the desk: without a folder that can be written there are no transactions.
    if not _may(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"path: the folder {path.parent} cannot be written, which a local desk needs for its journal")
    for one in (path, *companions(path)):
        reason = why_not_mine(one)
        if reason is not None:
            raise ConfigError(f"path: {one} {reason}; it was left as it is")


def _may(path: Path, rights: int) -> bool:
    return os.access(path, rights, effective_ids=os.access in os.supports_effective_ids)


def _no_desk(path: str | Path) -> ConfigError:
    return ConfigError(f"path: {path} is not a local desk; it was left as it is")


def _initialise(connection: sqlite3.Connection, path: str) -> None:
    deadline = real_seconds() + BUSY_SECONDS
    while True:
        try:
            _make_usable(connection, path)
        except sqlite3.Error as error:
            code = primary_code(error)
            # SQLite answers at once, without its busy timeout, while another connection changes the journal mode.
            if code in _PASSING and real_seconds() < deadline:
                pause(_RETRY_SECONDS)
                continue
            if code in (*_PASSING, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CORRUPT):
                raise translated(error) from None
            if code == sqlite3.SQLITE_NOTADB:
                raise _no_desk(path) from None
            raise ConfigError(f"the local desk {path} cannot be opened: {error}") from None
        return


def _make_usable(connection: sqlite3.Connection, path: str) -> None:
    """Bring a file that may be new, half made by a process that was killed, or in the making elsewhere, to the schema.

    Each step reads the file's state and acts on it in one transaction, and can be repeated.
    """
    with _transaction(connection, "BEGIN"):
        _refuse_foreign(connection, path)
        version = _number(connection, "user_version")
    if path != MEMORY:
        for one in (Path(path), *companions(Path(path))):
            tighten(one, OWNER_FILE, "the local desk")
    connection.execute("PRAGMA synchronous = FULL")
    if version < SCHEMA_VERSION:
        _migrate(connection, path)
    if path != MEMORY:
        # Last, because it is written to the file outside of a transaction: by now the file is ours for certain.
        connection.execute("PRAGMA journal_mode = WAL").fetchall()


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        rollback(connection)
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _refuse_foreign(connection: sqlite3.Connection, path: str) -> None:
    """Raise ``ConfigError`` for a file that is not ours to write. Called within a transaction.

    Read in several, the marks of a desk that another process just makes contradict each other.
    """
    version = _number(connection, "user_version")
    application = _number(connection, "application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and (application or version or tables):
        raise ConfigError(f"path: {path} is another program's SQLite file, not a local desk; it was left as it is")
    if version > SCHEMA_VERSION:
        raise ConfigError(
            f"path: {path} was written by a newer helpdesk-bridge (schema {version}, this one knows {SCHEMA_VERSION}); "
            "update helpdesk-bridge"
        )


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    _bring_functions(connection)
    with _transaction(connection, "BEGIN IMMEDIATE"):
        _refuse_foreign(connection, path)  # another process may have been quicker
        for version in range(_number(connection, "user_version"), SCHEMA_VERSION):
            for statement in MIGRATIONS[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('account', ?)", (secrets.token_hex(8),))
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('key', ?)", (secrets.token_hex(32),))


def _bring_functions(connection: sqlite3.Connection) -> None:
    """Register the functions with which schema steps compute the keys of people."""

    def email(text: str | None) -> str | None:
        return None if text is None else email_key(text)

    def phone(text: str | None) -> str | None:
        return None if text is None else phone_digits(text) or None

    connection.create_function("email_key", 1, email, deterministic=True)
    connection.create_function("phone_digits", 1, phone, deterministic=True)


def rollback(connection: sqlite3.Connection) -> None:
    """End a transaction that failed, if SQLite has not ended it by itself (as it does when the disk is full)."""
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary error code of a failure, 0 if it has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def translated(error: sqlite3.Error) -> Exception:
    """Return the library's error for a failure of SQLite; a fault of this program is returned as it is."""
    code = primary_code(error)
    if code in _PASSING:
        return Unavailable(f"the local desk's file was in use for more than {BUSY_SECONDS:g} seconds")
    if code == sqlite3.SQLITE_FULL:
        return Unavailable("the disk of the local desk is full; nothing of this call was kept")
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return Unavailable("the local desk's file cannot be read or written; nothing of this call was kept")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return HelpdeskError("the local desk's file is damaged; restore it from a copy")
    if code == sqlite3.SQLITE_READONLY:
        return HelpdeskError("the local desk's file can no longer be written")
    return error
