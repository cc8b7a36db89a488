"""Spool: what was read from the source and is still needed: tickets, contacts, and files in transit.

Customer's text lies here and nowhere else, in a folder beside the journal. Each run has a place of its own in it that
only its owner can read: an owner that was taken over must neither write into its successor's nor remove it. A place is
removed when its run ends; what an earlier run left is removed when the next begins, and is known by its mark. Whatever
else is in that folder is not ours and stays.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from helpdesk_bridge.migration.journal.spool_codec import decode, encode
from helpdesk_bridge.migration.outcome import Interrupted, WrongJournal
from helpdesk_bridge.private_files import OWNER_FILE, make_private_folder, why_not_mine

MARK: Final = "made-by-helpdesk-bridge"
_PREFIX: Final = "run-"
_RECORDS: Final = "records.db"

T = TypeVar("T")


class Spool:
    """A folder with one SQLite file of documents, and one file an attachment. Safe to share between threads."""

    def __init__(self, journal: Path) -> None:
        self._home = journal.with_name(f"{journal.name}.spool")
        self._lock = threading.Lock()
        try:
            self._prepare()
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._home))
            self._create(MARK)
            self._create(_RECORDS)
            self._db = sqlite3.connect(self.folder / _RECORDS, isolation_level=None, check_same_thread=False)
            # Nothing here outlives the run: a crash empties it.
            for statement in (
                "PRAGMA journal_mode=OFF",
                "PRAGMA synchronous=OFF",
                "CREATE TABLE record (kind TEXT, id TEXT, document TEXT, PRIMARY KEY (kind, id))",
            ):
                self._db.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise Interrupted(f"the spool beside the journal cannot be written ({type(error).__name__})") from None

    def put(self, kind: str, record_id: str, value: object) -> None:
        """Keep a record; the latest reading wins."""
        try:
            with self._lock:
                self._db.execute(
                    "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document",
                    (kind, record_id, encode(value)),
                )
        except sqlite3.Error as error:
            raise Interrupted(
                f"the spool is full or cannot be written ({error}); free some disk space and run again"
            ) from None

    def get(self, kind: str, record_id: str, wanted: type[T]) -> T | None:
        """Return a record, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT document FROM record WHERE kind = ? AND id = ?", (kind, record_id)
            ).fetchone()
        return None if row is None else decode(row[0], wanted)

    def each(self, kind: str, wanted: type[T]) -> Iterator[T]:
        """Yield the records of a kind in the order in which they came, and hold one at a time: it may be large."""
        last = 0
        while True:
            with self._lock:
                row = self._db.execute(
                    "SELECT rowid, document FROM record WHERE kind = ? AND rowid > ? ORDER BY rowid LIMIT 1",
                    (kind, last),
                ).fetchone()
            if row is None:
                return
            last, document = row
            del row
            value = decode(document, wanted)
            del document
            yield value
            del value

    def remove(self, kind: str, record_id: str) -> None:
        """Remove a record, if it is there."""
        with self._lock:
            self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, record_id))

    def forget(self, kind: str) -> None:
        """Remove the records of a kind."""
        with self._lock:
            self._db.execute("DELETE FROM record WHERE kind = ?", (kind,))

    def count(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM record WHERE kind = ?", (kind,)).fetchone()[0])

    def file(self) -> tuple[Path, BinaryIO]:
        """Return a new, private file: its name owes nothing to what the customer called it."""
        try:
            handle, name = tempfile.mkstemp(dir=self.folder, prefix="file-")
        except OSError as error:
            raise Interrupted(
                f"the spool is full or cannot be written ({error.strerror}); free some disk space and run again"
            ) from None
        return Path(name), os.fdopen(handle, "w+b")

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            self._db.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self._home.rmdir()  # a successor's place in it keeps it there, and so does what is not ours

    def _create(self, name: str) -> None:
        os.close(os.open(self.folder / name, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, OWNER_FILE))

    def _prepare(self) -> None:
        """Make the folder, or remove from it what earlier runs left."""
        if self._home.is_symlink():
            self._home.unlink()
        make_private_folder(self._home)
        reason = why_not_mine(self._home)
        if reason is not None or not self._home.is_dir():
            raise WrongJournal(f"{self._home} {reason or 'is not a folder'}; move it away, or name another journal")
        for place in self._home.iterdir():
            if place.name.startswith(_PREFIX) and why_not_mine(place) is None and _is_left(place):
                shutil.rmtree(place)


def _is_left(place: Path) -> bool:
    """Whether a folder is the place of a run: it has the mark, or nothing, when the run was killed at its start."""
    return place.is_dir() and ((place / MARK).is_file() or not any(place.iterdir()))
