"""A file that keeps budgets for the processes of one host: locked, checked, and whole whenever a process is killed.

The file starts with a line of text and holds a segment a budget. A segment has two slots that are written in turn, so
that the last state but one is there while the last is being written. Reads and writes instead of a mapping, because a
mapped file that somebody truncates would end the process.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import tempfile
import weakref
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from helpdesk_bridge.clock import pause, real_seconds
from helpdesk_bridge.private_files import is_mine, make_private_folder
from helpdesk_bridge.ratelimit.store import StoreLost

logger = logging.getLogger("helpdesk_bridge.ratelimit")

MAGIC: Final = b"helpdesk-bridge rate-limit budgets\n"
FIRST_SEGMENT: Final = 4096
_FIRST_PAGE: Final = MAGIC.ljust(FIRST_SEGMENT, b"\0")
SLOT: Final = 256 * 1024
"""Room for some thousand callers in line; what is never written takes no space on the disk."""

SEGMENT: Final = 2 * SLOT
MOST_SEGMENTS: Final = 256
LOCK_PATIENCE: Final = 2.0
"""Real seconds to wait for the lock. It is held for microseconds, unless its holder was stopped while it had it."""

_FIRST_NAP, _LONGEST_NAP = 5e-5, 5e-3
_SLOT_MAGIC: Final = b"hbsl"
_HEADER: Final = Struct("=4sIIQd16s16s")
_pack_head: Final = _HEADER.pack
_CRC_SEED: Final = 0xFFFFFFFF
"""The checksum starts from the sequence number, so that a payload counts with its own header only."""

_EXCLUSIVE_NOW: Final = LOCK_EX | LOCK_NB


class Foreign(StoreLost):
    """The file is not ours, and is left alone."""


class Slot(NamedTuple):
    """One written state. ``until``: real monotonic seconds after which nothing in it counts."""

    number: int
    sequence: int
    until: float
    key: bytes
    boot: bytes
    payload: bytes = b""


class BudgetFile:
    """The open file. Every method but ``close`` may raise ``OSError`` or ``StoreLost``."""

    def __init__(self, path: Path, mode: int, *, makes_folder: bool = False) -> None:
        self.path = path
        self._makes_folder = makes_folder
        self.cut = False
        """Whether the file was found shorter than it is ever created: something of it is gone."""
        self._mode = mode
        self._fd = -1
        self._identity = (0, 0)
        self._closer: weakref.finalize[..., BudgetFile] | None = None
        _files.add(self)

    @property
    def is_open(self) -> bool:
        """Whether there is a descriptor."""
        return self._fd >= 0

    def open(self) -> None:
        """Open the file, or create it; a file that is somebody else's is refused."""
        try:
            fd = self._opened()
        except FileNotFoundError:
            self._create()
            fd = self._opened()
        self._closer = weakref.finalize(self, _close, fd)
        self._fd = fd
        status = os.fstat(fd)
        self._identity = (status.st_dev, status.st_ino)
        if not stat.S_ISREG(status.st_mode):
            raise Foreign("it is not a regular file")
        self._check_owner(status)
        self.cut = self.mend()
        self._keep_private(status)

    def mend(self) -> bool:
        """Write the first page if it was cut off, and return whether it was. Raises ``Foreign`` for another file."""
        start = os.pread(self._fd, FIRST_SEGMENT, 0)
        if start == _FIRST_PAGE:
            return False
        if not _FIRST_PAGE.startswith(start):
            raise Foreign("the file holds something else and is left alone")
        os.pwrite(self._fd, _FIRST_PAGE, 0)
        return True

    def _check_owner(self, status: os.stat_result) -> None:
        """Refuse a file that another user owns, unless it is shared in a group and nobody else may write it."""
        if is_mine(status.st_uid):
            return
        if not self._mode & stat.S_IRWXG or status.st_mode & stat.S_IWOTH:
            raise Foreign("it belongs to another user of this machine")

    def _keep_private(self, status: os.stat_result) -> None:
        found = stat.S_IMODE(status.st_mode)
        if is_mine(status.st_uid) and found & ~self._mode:
            os.fchmod(self._fd, found & self._mode)
            logger.warning(
                "the budget %s could be read by others (mode %04o); its mode is now %04o",
                self.path,
                found,
                found & self._mode,
                extra={"event": "budget.mode_tightened", "place": str(self.path)},
            )

    def _opened(self) -> int:
        # A fifo would block, and a link could lead a shared folder's file to somebody's own.
        try:
            return os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        raise Foreign("it is a link; name the file that it points to")

    def _create(self) -> None:
        """Create the file with its first line in it at once: nobody ever sees it empty."""
        if self._makes_folder:
            make_private_folder(self.path.parent)
        fd, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            os.fchmod(fd, self._mode)
            os.write(fd, _FIRST_PAGE)
            with suppress(FileExistsError):  # somebody else was faster
                os.link(name, self.path)
        finally:
            os.close(fd)
            os.unlink(name)  # noqa: PTH108 - the name came from os

    def close(self) -> None:
        """Give the descriptor back."""
        if self._closer is not None:
            self._closer()
        self._closer, self._fd = None, -1

    def forget(self) -> None:
        """Drop the descriptor of the parent process: a lock taken through it would be the parent's own."""
        self.close()

    def is_there(self) -> bool:
        """Whether the path still leads to the file that is open."""
        try:
            status = self.path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def lock(self) -> None:
        """Keep every other process out. Raises ``StoreLost`` if one of them does not come out again."""
        try:
            flock(self._fd, _EXCLUSIVE_NOW)
        except BlockingIOError:
            self._lock_patiently(self._fd)

    def _lock_patiently(self, fd: int) -> None:
        deadline = real_seconds() + LOCK_PATIENCE
        nap = _FIRST_NAP
        while real_seconds() < deadline:
            pause(nap)
            nap = min(nap * 1.5, _LONGEST_NAP)
            with suppress(BlockingIOError):
                flock(fd, _EXCLUSIVE_NOW)
                return
        raise StoreLost("another process does not release its lock")

    def unlock(self) -> None:
        """Let others in."""
        flock(self._fd, LOCK_UN)

    def head(self, segment: int, number: int) -> bytes:
        """Return the first bytes of a slot, which are others whenever somebody has written it."""
        return os.pread(self._fd, _HEADER.size, FIRST_SEGMENT + segment * SEGMENT + number * SLOT)

    def newest(self, segment: int) -> Slot | None:
        """Return the newest whole slot of a segment, None where there is none."""
        found: Slot | None = None
        for number in (0, 1):
            head = self.head(segment, number)
            if len(head) < _HEADER.size or not head.startswith(_SLOT_MAGIC):
                continue
            _, crc, length, sequence, until, key, boot = _HEADER.unpack(head)
            if length > SLOT - _HEADER.size or (found is not None and found.sequence > sequence):
                continue
            payload = os.pread(self._fd, length, _offset(segment, number) + _HEADER.size)
            if len(payload) == length and crc32(payload, sequence & _CRC_SEED) == crc:
                found = Slot(number, sequence, until, key, boot, payload)
        return found

    def is_blank(self, segment: int) -> bool:
        """Whether nothing was ever written there."""
        return not any(any(self.head(segment, number)) for number in (0, 1))

    def write(
        self, segment: int, number: int, sequence: int, until: float, key: bytes, boot: bytes, payload: bytes
    ) -> bytes:
        """Write what a ``Slot`` holds into a segment and return its first bytes."""
        length = len(payload)
        crc = crc32(payload, sequence & _CRC_SEED)
        head = _pack_head(_SLOT_MAGIC, crc, length, sequence, until, key, boot)
        length += _HEADER.size
        if length > SLOT:
            raise StoreLost("too many wait for it at once")
        if os.pwrite(self._fd, head + payload, FIRST_SEGMENT + segment * SEGMENT + number * SLOT) != length:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return head


def _offset(segment: int, number: int) -> int:
    return FIRST_SEGMENT + segment * SEGMENT + number * SLOT


def _close(fd: int) -> None:
    with suppress(OSError):
        os.close(fd)


_files: weakref.WeakSet[BudgetFile] = weakref.WeakSet()


def _after_fork() -> None:
    for file in list(_files):
        file.forget()


os.register_at_fork(after_in_child=_after_fork)
