"""Closing: sockets and threads are given back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import make
from helpdesk_bridge.testing.conformance.fixtures import nothing_sent
from helpdesk_bridge.testing.conformance.leaks import left_open
from helpdesk_bridge.testing.conformance.selection import needs


def test_opening_a_desk_sends_nothing(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """No I/O happens before the first call."""
    assert calls() == 0
    with nothing_sent(calls):
        assert helpdesk.capabilities.vendor


@needs("tickets.create", "tickets.list")
def test_closing_leaves_no_socket_and_no_thread(helpdesk: Helpdesk) -> None:
    """After ``close`` everything that the desk opened is given back."""
    with left_open() as left:
        make(helpdesk)
        list(helpdesk.tickets.list())
        helpdesk.close()
    open_still = left()
    assert not open_still, (
        f"open after close(): {', '.join(open_still)}; Adapter.close() has to close its transport (Stack.close "
        "does) and end its threads"
    )


def test_closing_twice_is_harmless(helpdesk: Helpdesk) -> None:
    """``close`` may be called again, before any use and after."""
    helpdesk.close()
    helpdesk.close()


@needs("tickets.create", "tickets.get")
def test_a_closed_desk_says_so(helpdesk: Helpdesk) -> None:
    """A call after ``close`` raises ``HelpdeskError``."""
    ticket = make(helpdesk)
    helpdesk.close()
    with pytest.raises(HelpdeskError):
        helpdesk.tickets.get(ticket.id)
