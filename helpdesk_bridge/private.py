"""Folders and files for their owner alone, whatever the umask says."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

OWNER_FOLDER: Final = 0o700
OWNER_FILE: Final = 0o600


def make_private_folder(folder: Path) -> None:
    """Make a folder and the parents that it lacks, each 0700; a folder that is there keeps its mode.

    Raises ``OSError``. ``Path.mkdir(parents=True)`` gives the parents what the umask leaves of 0777.
    """
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        with suppress(FileExistsError):  # another process was quicker
            one.mkdir(mode=OWNER_FOLDER)


def write_private(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there: 0600, whole or not at all, a link in its place replaced.

    Raises ``OSError``.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def read_regular(path: Path, largest: int) -> tuple[bytes | None, os.stat_result]:
    """Return the bytes of a file with its owner and mode, all through one descriptor: nobody can exchange it between.

    None in place of the bytes for what is no regular file or larger than ``largest``. A link is not followed, a named
    pipe not waited for. Raises ``OSError``.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None, status
        content = b""
        while len(content) <= largest and (more := os.read(descriptor, largest + 1 - len(content))):
            content += more
    finally:
        os.close(descriptor)
    return (None if len(content) > largest else content), status


def is_mine(uid: int) -> bool:
    """Whether what belongs to ``uid`` belongs to the user who runs this process."""
    return uid == os.geteuid()
