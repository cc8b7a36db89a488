"""A question at a terminal is not drawn over, and Ctrl-C ends it although a migration is open around it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

import click
import pytest

from helpdesk_bridge.cli.output import saying_above
from helpdesk_bridge.cli.signals import confirmed, stopping


def test_a_bar_is_away_while_something_is_asked(monkeypatch):
    seen, handlers = [], []
    before = signal.getsignal(signal.SIGINT)

    @contextmanager
    def away():
        seen.append("away")
        try:
            yield
        finally:
            handlers.append(signal.getsignal(signal.SIGINT))
        seen.append("back")

    monkeypatch.setattr(click, "confirm", lambda question, **_: seen.append(question) or True)
    with saying_above(seen.append, away):
        assert confirmed("a\x1b[2Jb?")
    assert seen == ["away", "a\N{REPLACEMENT CHARACTER}[2Jb?", "back"]
    assert handlers == [before]  # Ctrl-C does not catch a bar half drawn


def test_ctrl_c_ends_the_question_and_stops_later_as_before(monkeypatch):
    stopped = []

    def interrupted(*_, **__):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(click, "confirm", interrupted)
    with stopping(lambda: stopped.append(True)):
        with pytest.raises(KeyboardInterrupt):
            confirmed("Did it?")
        assert not stopped
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped
