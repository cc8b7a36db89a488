"""Journal ownership: where a journal lies, and until when its owner may send."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Final, Self

from attrs import asdict, frozen

from helpdesk_bridge.clock import Clock, SystemClock, boot_seconds, pause

LEASE: Final = 5.0
"""Real seconds for which an owner may send after it last saw that the journal is its own."""
MARGIN: Final = 0.5
"""So many of them are kept for what was sent to leave."""

_STATX_BTIME: Final = 0x800
_AT_FDCWD: Final = -100


def _born(file: Path, status: os.stat_result) -> int | None:
    """Return when a file was created, in nanoseconds; None if the system or the file system does not say."""
    if sys.platform != "linux":
        return int(status.st_birthtime * 1_000_000_000)
    import ctypes

    # documented: statx(2); Python's os has had no statx so far
    buffer = ctypes.create_string_buffer(256)
    statx = getattr(ctypes.CDLL(None), "statx", None)
    if statx is None or statx(_AT_FDCWD, os.fsencode(file), 0, _STATX_BTIME, buffer) != 0:
        return None
    mask, seconds, nanoseconds = struct.unpack_from("=I76xqI", buffer)
    return seconds * 1_000_000_000 + nanoseconds if mask & _STATX_BTIME else None


@frozen
class Place:
    """Where a journal file lies. A copy is another file, with a number and a birth of its own."""

    path: str
    device: int
    inode: int
    born: int | None

    @classmethod
    def of(cls, file: Path, path: Path) -> Self:
        """Return the place of a file that lies, or is about to lie, under a path."""
        status = file.stat()
        return cls(os.path.realpath(path), status.st_dev, status.st_ino, _born(file, status))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the place that ``text`` gave."""
        return cls(**json.loads(text))

    def text(self) -> str:
        """Return the place as the journal keeps it."""
        return json.dumps(asdict(self))

    def is_of(self, other: Place) -> bool:
        """Whether this is the file of another moment: renamed perhaps, but not copied.

        File systems use the number of a removed file again. One that knows no birth may change its device number with
        each boot, and the path changes with a rename; with both at once the file is taken for a copy.
        """
        if None not in (self.born, other.born):
            return (self.inode, self.born) == (other.inode, other.born)
        return self.inode == other.inode and (self.path == other.path or self.device == other.device)


@frozen
class LeaseClock:
    """Real seconds that go on while the machine sleeps and that all its processes share; an injected clock's in tests."""

    clock: Clock

    def now(self) -> float:
        """Return real seconds since the machine booted."""
        own = isinstance(self.clock, SystemClock)
        return boot_seconds() if own else self.clock.now() / self.clock.time_scale

    def wait_until(self, moment: float) -> None:
        """Return when that moment has come, at most a lease from now."""
        seconds = min(moment - self.now(), LEASE)
        if seconds <= 0:
            return
        if isinstance(self.clock, SystemClock):
            pause(seconds)
        else:
            self.clock.sleep(seconds * self.clock.time_scale)
