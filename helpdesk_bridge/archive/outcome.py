"""Errors of archives and exports: how reading a desk into files can end, and what each end means to a shell.

.. code-block:: text

    ArchiveError              the files could not be made; ``exit_code`` is the command's exit code
    ├── WrongFolder      2    the folder holds something else, of another desk or of another kind
    ├── ArchiveDamaged   1    the archive cannot be read
    ├── Interrupted      5    stopped and resumable: a signal, a full disk
    └── FolderInUse      6    another process works in the folder

What a desk answers is raised as the desk's own errors. No message holds a customer's text or a secret.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ArchiveError(Exception):
    """The files could not be made. What was read stays, and the next run continues from it."""

    exit_code: int = 1


class WrongFolder(ArchiveError):
    """The folder holds something else: another desk's records, another kind of export, files of another program."""

    exit_code = 2


class ArchiveDamaged(ArchiveError):
    """The archive cannot be read."""


class Interrupted(ArchiveError):
    """The run stopped before its end; the same command continues."""

    exit_code = 5


class FolderInUse(ArchiveError):
    """Another process works in the folder."""

    exit_code = 6


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Turn failures of the disk and of SQLite into errors that say what to do; ``what`` is being written."""
    try:
        yield
    except sqlite3.Error as error:
        raise _of_sqlite(error, what) from None
    except OSError as error:
        if error.errno is None:
            raise
        raise _of_system(error, what) from None


def _of_system(error: OSError, what: str) -> ArchiveError:
    if error.errno in _FULL:
        return Interrupted(
            f"{what} cannot be written: the disk is full; free some space and run the same command again"
        )
    return Interrupted(f"{what} cannot be written ({error.strerror}); correct that and run the same command again")


def _of_sqlite(error: sqlite3.Error, what: str) -> Exception:
    code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return Interrupted(
            f"{what} cannot be written: the disk is full; free some space and run the same command again"
        )
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        return Interrupted(
            f"{what} cannot be written or read ({error}); if the disk is full, free some space; then run the same "
            "command again"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return FolderInUse(f"{what} is locked by another program; close it and run again")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return ArchiveDamaged(f"{what} is damaged; remove it, and the next run reads the desk anew")
    return error
