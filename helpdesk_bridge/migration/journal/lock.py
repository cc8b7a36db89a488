"""Owner lock: one process at a time works with a journal."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import suppress
from pathlib import Path

from helpdesk_bridge.migration.outcome import JournalInUse, WrongJournal
from helpdesk_bridge.private_files import OWNER_FILE, tighten, why_not_mine


class OwnerLock:
    """A lock of the operating system on ``<journal>.lock``: it goes with its process, however that ends.

    The file tells who holds it. With ``takeover`` it may stay held until ``take_over``, which puts a new file in its
    place: a stuck owner keeps its lock on the old one and is held off by the generation in the journal.
    """

    def __init__(self, journal: Path, *, takeover: bool = False) -> None:
        self._path = journal.with_name(f"{journal.name}.lock")
        self._file = -1
        try:
            self._file = self._acquire()
        except JournalInUse:
            if not takeover:
                raise

    def take_over(self) -> None:
        """Hold the lock if a stuck owner does; the journal has a new generation, so that nobody else is let in before."""
        if self._file < 0:
            with suppress(FileNotFoundError):
                self._path.unlink()
            self._file = self._acquire()

    def _acquire(self) -> int:
        while True:
            reason = why_not_mine(self._path)
            if reason is not None:
                raise WrongJournal(f"{self._path} {reason}; it was not touched")
            file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, OWNER_FILE)
            tighten(self._path, OWNER_FILE, "the lock of the journal")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid, host = _holder(file)
                os.close(file)
                who = f"process {pid} on {host}" if pid else "another process"
                raise JournalInUse(
                    f"the journal is in use by {who}; wait until it ends, or stop it, and run again", pid=pid, host=host
                ) from None
            if self._still_there(file):
                break
            os.close(file)  # replaced by a takeover between opening and locking
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode(), 0)
        return file

    def _still_there(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Release the lock; the file stays, since removing it would race with the next owner."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _holder(file: int) -> tuple[int | None, str | None]:
    try:
        values = json.loads(os.pread(file, 4096, 0))
        return int(values["pid"]), str(values["host"])
    except (ValueError, KeyError, TypeError):
        return None, None  # the holder has not written its name yet
