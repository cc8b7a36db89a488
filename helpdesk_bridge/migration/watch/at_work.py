"""Who works with a journal, without a word to whoever does: nothing is locked to find out."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration.journal.database.address import Address, DatabaseAddress
from helpdesk_bridge.migration.outcome import MigrationError
from helpdesk_bridge.private_files import read_regular


@frozen
class Worker:
    """A process that owns a journal."""

    pid: int
    host: str


def at_work(journal: Address) -> Worker | None:
    """Return the process that works with a journal; None if there is none.

    Of another host's process only its lock file tells, and nobody can say whether it still runs: it is returned.
    """
    if isinstance(journal, DatabaseAddress):
        from helpdesk_bridge.migration.journal.database.migrations import owner_of

        held = None
        with suppress(FileNotFoundError, MigrationError, ConfigError):  # whoever reads the journal is told
            held = owner_of(journal)
        return None if held is None else Worker(*held)
    lock = journal.with_name(f"{journal.name}.lock")
    try:
        content, status = read_regular(lock, 4096)
        said = json.loads(content or b"null")
        worker = Worker(int(said["pid"]), str(said["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if worker.host != socket.gethostname():
        return worker
    locked = _is_held(status)
    return worker if (_is_alive(worker.pid) if locked is None else locked) else None


def _is_held(status: os.stat_result) -> bool | None:
    """Return whether somebody holds a lock on the file; None if the system does not say."""
    if sys.platform != "linux":
        return None
    # documented: proc_locks(5); the device numbers are hexadecimal
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = Path("/proc/locks").read_text("ascii").splitlines()
    except OSError:
        return None
    inode = str(status.st_ino)
    held = [line.split() for line in lines if " FLOCK " in f" {line} "]
    # Some file systems (overlay) show another device there than stat does; an inode alone is then all there is.
    return any(place in fields or fields[-3].rpartition(":")[2] == inode for fields in held if len(fields) > 3)  # noqa: PLR2004


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def as_json(worker: Worker | None) -> dict[str, Any] | None:
    """Return a worker as JSON values."""
    return None if worker is None else {"pid": worker.pid, "host": worker.host}
