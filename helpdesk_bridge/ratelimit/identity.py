"""Who holds something of a budget: the process, told apart from all others of all hosts, and the request."""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import socket
from functools import cache
from pathlib import Path
from typing import Final

from helpdesk_bridge.clock import boot_id

HOST_BITS, PID_BITS, RUN_BITS, COUNT_BITS = 28, 24, 12, 32
"""Of an ident, from the highest: the machine and pid namespace, the process, its run, and the request."""

_COUNTED: Final = (1 << COUNT_BITS) - 1


@cache
def host_name() -> str:
    """Return the name of this machine, for people."""
    return socket.gethostname()[:63] or "host"


@cache
def _host() -> int:
    """Return a number that two processes share if each understands the other's process ids."""
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        space = 0
    digest = hashlib.sha256(repr((host_name(), boot_id(), space)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - HOST_BITS)


class _Process:
    """This process: its machine, its id, and a number that tells it from an earlier one of the same id."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        _host.cache_clear()  # a fork may lead into another pid namespace
        process = (_host() << PID_BITS) | os.getpid()
        self.number = (process << RUN_BITS) | secrets.randbits(RUN_BITS)
        self.counter = itertools.count()


_process = _Process()
os.register_at_fork(after_in_child=_process.renew)


def next_ident() -> int:
    """Return the ident of a new request: unique among all that are in flight, below 2**96."""
    return (_process.number << COUNT_BITS) | (next(_process.counter) & _COUNTED)


def this_process() -> int:
    """Return the part of this process's idents that tells it from others, below 2**64."""
    return _process.number


def process_of(ident: int) -> int:
    """Return whose ident that is."""
    return ident >> COUNT_BITS


def pid_of(process: int) -> int:
    """Return the process id in a process's number."""
    return (process >> RUN_BITS) & ((1 << PID_BITS) - 1)


def is_gone(process: int) -> bool:
    """Whether a process has ended: one of this machine whose id no process has, or this one in an earlier run.

    Of processes elsewhere, nothing can be said.
    """
    own = _process.number
    if process == own or process >> (PID_BITS + RUN_BITS) != own >> (PID_BITS + RUN_BITS):
        return False
    return pid_of(process) == pid_of(own) or not is_alive(pid_of(process))


def is_alive(pid: int) -> bool:
    """Whether there is such a process in this process's own pid namespace."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
