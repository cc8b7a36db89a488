"""The file of an archive: how it is made and opened, whose it is, and its transactions."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from attrs import asdict, frozen

from helpdesk_bridge.archive.lock import FolderLock
from helpdesk_bridge.archive.outcome import ArchiveDamaged, WrongFolder, storing
from helpdesk_bridge.archive.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION
from helpdesk_bridge.forks import new_rlock
from helpdesk_bridge.private_files import (
    OWNER_FILE,
    OWNER_FOLDER,
    companions,
    make_private_folder,
    tighten,
    why_not_mine,
)

NAME: Final = "archive.db"
_LOCK: Final = "archive.lock"
_ORIGIN: Final = "origin"
_SCOPE: Final = "scope"
KEY: Final = "key"
_BUSY_SECONDS: Final = 30.0


@frozen(kw_only=True)
class Origin:
    """Whose records these are."""

    vendor: str
    account: str
    title: str
    desk: str

    @property
    def ref(self) -> str:
        """What names the account, such as ``deskie:robotsrule``."""
        return f"{self.vendor}:{self.account}"


class ArchiveFile:
    """One archive's SQLite file in its folder. Safe to share between threads.

    ``make`` opens it to be written, alone, and creates what is missing; ``read`` opens one that is there.
    """

    def __init__(self, folder: Path, lock: FolderLock | None) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._lock = lock
        self._turn = new_rlock()
        self._depth = 0
        self.connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )

    @classmethod
    def make(cls, folder: Path, origin: Origin, scope: str) -> ArchiveFile:
        """Open the archive of a desk and a scope, or begin it.

        Raises ``WrongFolder`` for a folder of something else, ``FolderInUse`` if another process works there.
        """
        what = f"the archive {folder}"
        with storing(what):
            _check(folder)
            make_private_folder(folder)
            tighten(folder, OWNER_FOLDER, "the archive")
            lock = FolderLock(folder / _LOCK, what)
            try:
                with suppress(FileExistsError):  # SQLite would give a new file what the umask leaves
                    os.close(os.open(folder / NAME, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, OWNER_FILE))
                file = cls(folder, lock)
            except BaseException:
                lock.release()
                raise
        try:
            with storing(what):
                file.prepare()
                file.bind(origin, scope)
        except BaseException:
            file.close()
            raise
        return file

    @classmethod
    def read(cls, folder: Path) -> ArchiveFile:
        """Open an archive to read it. Raises ``WrongFolder`` if there is none."""
        with storing(f"the archive {folder}"):
            _check(folder)
            if not (folder / NAME).is_file():
                raise WrongFolder(f"{folder} is no archive: it has no {NAME}")
            file = cls(folder, None)
        try:
            with storing(f"the archive {folder}"):
                file.check_begun()
        except BaseException:
            file.close()
            raise
        return file

    def version(self) -> int:
        """Return the version of the schema. Raises ``WrongFolder`` for another program's file and for a newer version."""
        application = int(self.connection.execute("PRAGMA application_id").fetchone()[0])
        version = int(self.connection.execute("PRAGMA user_version").fetchone()[0])
        tables = self.connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application != APPLICATION_ID and (application or version or tables):
            raise WrongFolder(f"{self.path} is another program's SQLite file; it was left as it is")
        if version > SCHEMA_VERSION:
            raise WrongFolder(
                f"{self.path} was written by a newer helpdesk-bridge (schema {version}, this one knows "
                f"{SCHEMA_VERSION}); update helpdesk-bridge"
            )
        return version

    def check_begun(self) -> None:
        """Raise ``WrongFolder`` for a file that holds nothing yet."""
        if not self.version():
            raise WrongFolder(f"{self.folder} is no archive yet: nothing was read into it")

    def prepare(self) -> None:
        """Bring the schema up to date."""
        self.version()
        for one in (self.path, *companions(self.path)):
            tighten(one, OWNER_FILE, "the archive")
        self.connection.execute("PRAGMA journal_mode = WAL").fetchall()
        self.connection.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            for version in range(self.version(), SCHEMA_VERSION):
                for statement in MIGRATIONS[version]:
                    self.connection.execute(statement)
            self.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def bind(self, origin: Origin, scope: str) -> None:
        """Write down whose records these are, once. Raises ``WrongFolder`` for another desk or scope."""
        known = self.fact(_ORIGIN)
        if known is None:
            with self.transaction():
                self.keep(_ORIGIN, asdict(origin))
                self.keep(_SCOPE, scope)
                self.keep(KEY, secrets.token_hex(32))
            return
        before = Origin(**known)
        if before.ref != origin.ref:
            raise WrongFolder(
                f"the archive {self.folder} holds the records of {before.title} {before.account}, not of "
                f"{origin.title} {origin.account}; name another folder"
            )
        if self.fact(_SCOPE) != scope:
            raise WrongFolder(
                f"the archive {self.folder} was read with other tickets chosen (--status, --group, --tag, --until, --limit "
                "and the like); choose the same, or name another folder"
            )

    @property
    def origin(self) -> Origin:
        """Whose records these are."""
        known = self.fact(_ORIGIN)
        if known is None:
            raise ArchiveDamaged(
                f"the archive {self.folder} does not say whose it is; remove it and read the desk anew"
            )
        return Origin(**known)

    def fact(self, name: str) -> Any:
        """Return a fact, or None."""
        row = self.one("SELECT value FROM meta WHERE name = ?", (name,))
        return None if row is None else json.loads(row[0])

    def keep(self, name: str, value: object) -> None:
        """Write a fact down, in a transaction."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row."""
        with self._turn, storing(f"the archive {self.folder}"):
            row: tuple[Any, ...] | None = self.connection.execute(sql, values).fetchone()
        return row

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows."""
        with self._turn, storing(f"the archive {self.folder}"):
            return self.connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Keep what is written within whole or not at all; within another it joins that one."""
        with self._turn:
            if self._depth:
                yield self.connection
                return
            with storing(f"the archive {self.folder}"):
                self.connection.execute("BEGIN IMMEDIATE")
                self._depth += 1
                try:
                    yield self.connection
                    self.connection.execute("COMMIT")
                except BaseException:
                    if self.connection.in_transaction:
                        self.connection.execute("ROLLBACK")
                    raise
                finally:
                    self._depth -= 1

    def close(self) -> None:
        """Close the file and let others in."""
        self.connection.close()
        if self._lock is not None:
            self._lock.release()


def _check(folder: Path) -> None:
    reason = why_not_mine(folder) or why_not_mine(folder / NAME)
    if reason is not None:
        raise WrongFolder(f"the archive {folder} {reason}; it was left as it is")
    if folder.exists() and not folder.is_dir():
        raise WrongFolder(f"{folder} is a file; an archive is a folder")
    if folder.is_dir() and not (folder / NAME).exists() and {one.name for one in folder.iterdir()} - {_LOCK}:
        raise WrongFolder(f"{folder} holds other files and no archive; name an empty or a new folder")
