"""Files and folders for their owner alone, whatever the umask and the earlier mode say."""

from __future__ import annotations

import logging
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

logger = logging.getLogger("helpdesk_bridge.files")

OWNER_FOLDER: Final = 0o700
OWNER_FILE: Final = 0o600


def make_private_folder(folder: Path) -> None:
    """Make a folder and the parents that it lacks, each 0700; a folder that is there keeps its mode.

    Raises ``OSError``. ``Path.mkdir(parents=True)`` gives the parents what the umask leaves of 0777.
    """
    missing = []
    while not folder.exists() and folder != folder.parent:  # a working folder can be gone
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        with suppress(FileExistsError):  # another process was quicker
            one.mkdir(mode=OWNER_FOLDER)


def write_private(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a file beside its place and move it there: 0600, whole or not at all, a link in its place replaced.

    Without ``sync`` a loss of power may leave an older file, or an empty one. Raises ``OSError``.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def read_regular(path: Path, largest: int) -> tuple[bytes | None, os.stat_result]:
    """Return the bytes of a file with its owner and mode, all through one descriptor: nobody can replace it in between.

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


def why_not_mine(path: Path) -> str | None:
    """Return why a file or folder is not simply the user's own, as a clause; None if it is, or is not there.

    Nothing is opened. Raises ``OSError``.
    """
    try:
        status = path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(status.st_mode):
        return "is a link; name the file that it points to"
    return None if is_mine(status.st_uid) else "belongs to another user of this machine"


def companions(database: Path) -> tuple[Path, ...]:
    """Return what SQLite keeps beside a database; it gives a new one the database's mode."""
    return tuple(database.with_name(f"{database.name}{suffix}") for suffix in ("-wal", "-shm", "-journal"))


def tighten(path: Path, mode: int, what: str) -> None:
    """Take from others what ``mode`` does not give them, and say so; what is not there or is not ours stays as it is.

    Raises ``OSError``. The file is not opened: closing it would drop the locks that SQLite holds on it in this process.
    """
    try:
        if sys.platform == "linux":
            handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                # documented: open(2), what O_PATH returns cannot be given to fchmod, and holds no lock
                found = _tightened(os.fstat(handle), Path(f"/proc/self/fd/{handle}"), mode, follow=True)
            finally:
                os.close(handle)
        else:
            found = _tightened(path.stat(follow_symlinks=False), path, mode, follow=False)
    except FileNotFoundError:
        return
    if found is not None:
        logger.warning(
            "%s %s could be read by others (mode %04o); its mode is now %04o",
            what,
            path,
            found,
            found & mode,
            extra={"event": "files.mode_tightened", "place": str(path)},
        )


def _tightened(status: os.stat_result, path: Path, mode: int, *, follow: bool) -> int | None:
    found = stat.S_IMODE(status.st_mode)
    if not is_mine(status.st_uid) or stat.S_ISLNK(status.st_mode) or not found & ~mode:
        return None
    path.chmod(found & mode, follow_symlinks=follow)
    return found
