"""Who holds something of a budget: the process, told apart from all others of one machine, and the request."""

from __future__ import annotations

import itertools
import os
import secrets
from pathlib import Path
from typing import Final

RUN_BITS: Final = 12
COUNT_BITS: Final = 28
_COUNTED: Final = (1 << COUNT_BITS) - 1


class _Process:
    """This process: 24 bits of its id, and 12 that tell it from an earlier one of the same id."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.number = (os.getpid() << RUN_BITS) | secrets.randbits(RUN_BITS)
        self.prefix = self.number << COUNT_BITS
        self.counter = itertools.count()


_process = _Process()
os.register_at_fork(after_in_child=_process.renew)


def next_ident() -> int:
    """Return the ident of a new request: unique among all that are in flight on this machine, below 2**64."""
    return _process.prefix | (next(_process.counter) & _COUNTED)


def this_process() -> int:
    """Return the part of this process's idents that tells it from others."""
    return _process.number


def process_of(ident: int) -> int:
    """Return whose ident that is."""
    return ident >> COUNT_BITS


def pid_of(process: int) -> int:
    """Return the process id in a process's number."""
    return process >> RUN_BITS


def is_alive(pid: int) -> bool:
    """Whether there is such a process in this process's own pid namespace."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def pid_space() -> int:
    """Return a number that two processes share if each understands the other's process ids; 0 where all do."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0
