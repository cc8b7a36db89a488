"""A call that another thread cancels: where it stops, what it sent by then, and what it pays."""

from __future__ import annotations

import io

import pytest

from helpdesk_bridge.cancellation import CallCancelled, Cancellation, cancellable, cancellation
from helpdesk_bridge.http import Effect, Part, Request
from helpdesk_bridge.last_check import checked_last
from helpdesk_bridge.ratelimit import RateLimitPolicy, Window
from helpdesk_bridge.testing.clock import ManualClock

CREATE = Request("POST", "/tickets", effect=Effect.CREATE, json={"subject": "x"}, operation="tickets.create")
SET = Request("PUT", "/tickets/1", effect=Effect.SET, json={"subject": "x"}, operation="tickets.update")
READ = Request("GET", "/tickets")
KINDS = pytest.mark.parametrize("request_", [CREATE, SET, READ], ids=["create", "set", "read"])


class CancelsInAWait(ManualClock):
    """Cancels the call when it begins to wait, and then waits for nothing but that."""

    def __init__(self, call):
        super().__init__()
        self.call = call

    def sleep(self, seconds):
        raise AssertionError(f"{seconds} s that nobody can cut short")

    def wait(self, event, seconds):
        assert not event.is_set()
        self.call.cancel()
        assert event.wait(30)
        return True


def failed(say):
    return say(status="503 Service Unavailable")


@KINDS
def test_a_call_cancelled_before_it_begins_sends_nothing_and_pays_nothing(wire, connect, say, request_):
    server, call = wire(lambda *_: say({"id": 7})), Cancellation()
    stack = connect(server.url)
    assert call.cancel()
    with cancellable(call), pytest.raises(CallCancelled):
        stack.send(request_)
    assert not server.received
    assert stack.budget.remaining == stack.budget.limit
    assert cancellation() is None


@pytest.mark.parametrize("request_", [SET, READ], ids=["set", "read"])
def test_a_pause_before_the_next_try_is_cut_short_unless_some_of_a_write_has_gone(wire, connect, say, request_):
    server, call = wire(lambda *_: failed(say)), Cancellation()
    clock = CancelsInAWait(call) if request_ is READ else ManualClock()
    stack = connect(server.url, clock=clock, attempts=3)
    if request_ is READ:
        with cancellable(call), pytest.raises(CallCancelled):
            stack.send(request_)
    else:
        with cancellable(call), pytest.raises(Exception, match="server failed"):
            stack.send(request_)
        assert not call.cancel()
    assert len(server.received) == (1 if request_ is READ else 3)


@KINDS
def test_a_wait_for_the_budget_is_cut_short_and_the_turn_is_given_back(wire, connect, say, request_):
    server, call = wire(lambda *_: say({"id": 7})), Cancellation()
    policy = RateLimitPolicy(windows=(Window(1, 60, "units"),))
    stack = connect(server.url, policy=policy, clock=CancelsInAWait(call), max_wait=None)
    stack.send(READ)
    with cancellable(call), pytest.raises(CallCancelled):
        stack.send(request_)
    assert len(server.received) == 1
    assert not stack._top.inner.governor._queue


def test_a_create_in_the_middle_cannot_be_cancelled_and_goes_whole(wire, connect, say):
    server, call = wire(lambda *_: say({"id": 7})), Cancellation()
    answers = []

    class File(io.BytesIO):
        def read(self, size=-1):
            answers.append(call.cancel())
            return super().read(size)

    file = Part(name="file", filename="a", content_type="text/plain", open=lambda: File(b"x" * 500_000))
    request = Request("POST", "/files", effect=Effect.CREATE, parts=(file,), operation="files.create")
    with cancellable(call):
        assert connect(server.url).send(request).json() == {"id": 7}
    assert [len(one.body) > 500_000 for one in server.received] == [True]
    assert False in answers
    assert call.wrote


def test_a_read_before_the_first_write_leaves_the_call_cancellable(wire, connect, say):
    server, call = wire(lambda *_: say({"id": 7})), Cancellation()
    stack = connect(server.url)
    with cancellable(call):
        stack.send(READ)
        assert call.cancel()
        with pytest.raises(CallCancelled):
            stack.send(CREATE)
    assert [one.method for one in server.received] == ["GET"]


def test_the_check_of_whoever_called_is_asked_too(wire, connect, say):
    server = wire(lambda *_: say({"id": 7}))

    class NotMine(Exception):
        pass

    def refuse():
        raise NotMine

    call = Cancellation()
    with checked_last(refuse), cancellable(call), pytest.raises(NotMine):
        connect(server.url).send(CREATE)
    assert not server.received
    assert call.cancel()
