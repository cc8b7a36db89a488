"""Leaks of a test: sockets and threads that it left open, by name."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import pytest

_DESCRIPTORS: Final = "/dev/fd"
_PATIENCE: Final = 60


def open_sockets() -> Mapping[int, str]:
    """Return the sockets that this process has open, each with the addresses of both ends."""
    found = {}
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - names alone are wanted
        # The descriptor of this very listing is gone, and others may go meanwhile.
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found[int(name)] = _ends(int(name))
    return found


def _ends(descriptor: int) -> str:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        told = []
        for ask in (copy.getsockname, copy.getpeername):
            with suppress(OSError):
                end = ask()
                told.append(":".join(map(str, end[:2])) if isinstance(end, tuple) else "a local socket")
    return " to ".join(told)


def settled(reads: Callable[[], list[str]]) -> list[str]:
    """Return the leaks once there are none, or after a while; the other end of a socket needs a moment to notice."""
    pause = threading.Event()
    for _ in range(_PATIENCE):
        if not reads():
            break
        pause.wait(0.05)
    return reads()


@contextmanager
def left_open() -> Iterator[Callable[[], list[str]]]:
    """Yield a function that lists the sockets and threads opened within the block that are still open."""
    sockets, threads = open_sockets(), set(threading.enumerate())

    def left() -> list[str]:
        # A descriptor's number is used again: how many there are counts, and then which are new.
        now = open_sockets()
        new = [f"a socket ({ends})" for number, ends in now.items() if sockets.get(number) != ends]
        more = new[-(len(now) - len(sockets)) :] if len(now) > len(sockets) else []
        return more + [f"the thread {one.name!r}" for one in threading.enumerate() if one not in threads]

    yield lambda: settled(left)


@contextmanager
def nothing_left_open(who: str) -> Iterator[None]:
    """Fail if the block leaves sockets or threads open."""
    with left_open() as left:
        yield
    if open_still := left():
        pytest.fail(
            f"{who} leaves open: {', '.join(open_still)}; what the adapter opens, Adapter.close() has to close "
            "(Stack.close does for transports), and the fixture `helpdesk` has to close the desk",
            pytrace=False,
        )
