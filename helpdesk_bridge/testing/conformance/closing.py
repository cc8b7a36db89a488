"""Closing: sockets and threads are given back."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from typing import Final

import pytest

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.fixtures import SuiteFixtures, nothing_sent, skip_without
from helpdesk_bridge.testing.conformance.making import make

_DESCRIPTORS: Final = "/dev/fd"
_PATIENCE: Final = 60


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    found = 0
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - names alone are wanted
        try:
            found += stat.S_ISSOCK(os.fstat(int(name)).st_mode)
        except OSError:
            continue  # the descriptor of this very listing
    return found


def _settled(reads: Callable[[], int], most: int) -> int:
    """Return a figure once it is no more than ``most``; the other end of a socket needs a moment to notice."""
    for _ in range(_PATIENCE):
        if reads() <= most:
            break
        threading.Event().wait(0.05)
    return reads()


class ClosingTests(SuiteFixtures):
    """``desk.close``."""

    def test_opening_a_desk_sends_nothing(self, helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
        """No I/O happens before the first call."""
        assert calls() == 0
        with nothing_sent(calls):
            assert helpdesk.capabilities.vendor

    def test_closing_leaves_no_socket_and_no_thread(self, helpdesk: Helpdesk) -> None:
        """After ``close`` everything that the desk opened is given back."""
        skip_without(helpdesk, "tickets.create", "tickets.list")
        sockets, threads = open_sockets(), set(threading.enumerate())
        make(helpdesk)
        list(helpdesk.tickets.list())
        helpdesk.close()
        left = _settled(open_sockets, sockets) - sockets
        assert left <= 0, (
            f"{left} sockets are open after close(); Adapter.close() has to close its transport (Stack.close does)"
        )

        def others() -> list[threading.Thread]:
            return [one for one in threading.enumerate() if one not in threads]

        _settled(lambda: len(others()), 0)
        names = [thread.name for thread in others()]
        assert not names, f"threads run on after close(): {', '.join(names)}; Adapter.close() has to end them"

    def test_closing_twice_is_harmless(self, helpdesk: Helpdesk) -> None:
        """``close`` may be called again, before any use and after."""
        helpdesk.close()
        helpdesk.close()

    def test_a_closed_desk_says_so(self, helpdesk: Helpdesk) -> None:
        """A call after ``close`` raises ``HelpdeskError``."""
        skip_without(helpdesk, "tickets.create", "tickets.get")
        ticket = make(helpdesk)
        helpdesk.close()
        with pytest.raises(HelpdeskError):
            helpdesk.tickets.get(ticket.id)
