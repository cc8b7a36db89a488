"""Folder lock: one process at a time works in a folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from helpdesk_bridge.archive.outcome import FolderInUse
from helpdesk_bridge.private_files import OWNER_FILE


class FolderLock:
    """A lock of the operating system on a file; it goes with its process, however that ends. Raises ``FolderInUse``."""

    def __init__(self, path: Path, what: str) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_FILE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise FolderInUse(
                f"another process works in {what}; wait until it ends, or stop it, and run again"
            ) from None

    def release(self) -> None:
        """Release the lock; the file stays, since removing it would race with the next owner."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
