"""Signals: the first SIGINT or SIGTERM drains and keeps what was done, the second ends at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.output import clean_line, say, undrawn


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` on the first SIGINT or SIGTERM, end the process with 130 on the second."""
    seen: list[int] = []

    def handle(number: int, _: object) -> None:
        if seen:
            os._exit(ExitCode.SECOND_SIGNAL)
        seen.append(number)
        say("stopping after the calls in flight; send the signal again to stop at once")
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def confirmed(question: str) -> bool:
    """Ask a yes-or-no question on stderr; Ctrl-C meanwhile ends the command, since no call is in flight.

    Raises ``click.Abort``.
    """
    with undrawn():  # outside of the other: a bar that Ctrl-C catches while it is drawn cannot be taken away again
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return click.confirm(clean_line(question), err=True)
        finally:
            signal.signal(signal.SIGINT, before)
