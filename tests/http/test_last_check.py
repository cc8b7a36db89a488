"""What a write asks last: after every wait, before its first byte and before each further piece."""

from __future__ import annotations

import io

import pytest

from helpdesk_bridge.http import Effect, Part, Request, sockets
from helpdesk_bridge.last_check import checked_last, last_check
from helpdesk_bridge.testing.clock import ManualClock

CREATE = Request("POST", "/tickets", effect=Effect.CREATE, json={"subject": "x"}, operation="tickets.create")
SET = Request("PUT", "/tickets/1", effect=Effect.SET, json={"subject": "x"}, operation="tickets.update")
READ = Request("GET", "/tickets")


class NotMine(Exception):
    pass


def refuse():
    raise NotMine


@pytest.mark.parametrize("request_", [CREATE, SET], ids=["create", "set"])
def test_a_write_whose_last_check_fails_sends_nothing_and_reads_are_not_checked(wire, connect, say, request_):
    server = wire(lambda *_: say({"id": 7}))
    stack = connect(server.url)
    with checked_last(refuse):
        with pytest.raises(NotMine):
            stack.send(request_)
        stack.send(READ)
    assert [one.method for one in server.received] == ["GET"]
    stack.send(request_)
    assert len(server.received) == 2
    assert last_check() is None


def test_it_is_asked_after_the_wait_for_the_budget_and_again_for_each_attempt(wire, connect, say):
    clock = ManualClock()
    answers = [say(status="429 Too Many Requests", Retry__After="8")]
    server = wire(lambda *_: answers.pop() if answers else say({"id": 7}))
    slept = []
    with checked_last(lambda: slept.append(sum(clock.slept))):
        connect(server.url, clock=clock).send(CREATE)
    assert len(server.received) == 2
    assert slept[0] == 0
    assert slept[-1] >= 8


def test_a_body_of_several_pieces_is_cut_off_where_the_check_fails(wire, connect, say):
    server = wire(lambda *_: say({"id": 7}))
    asked = []

    def once():
        asked.append(1)
        if len(asked) > 2:
            raise NotMine

    file = Part(name="file", filename="a", content_type="text/plain", open=lambda: io.BytesIO(b"x" * 500_000))
    request = Request("POST", "/files", effect=Effect.CREATE, parts=(file,), operation="files.create")
    with checked_last(once), pytest.raises(NotMine):
        connect(server.url).send(request)
    connect(server.url).send(READ)
    whole = [one for one in server.received if len(one.body) == int(one.headers.get("Content-Length", 0))]
    assert [one.method for one in whole] == ["GET"]


def test_a_create_that_was_stopped_until_its_deadline_before_its_first_byte_is_sent_anew(
    wire, connect, say, monkeypatch
):
    server = wire(lambda *_: say({"id": 7}))
    real, late = sockets.real_seconds, []
    monkeypatch.setattr(sockets, "real_seconds", lambda: real() + sum(late))

    def stopped_once():
        if not late:
            late.append(10_000.0)

    with checked_last(stopped_once):
        assert connect(server.url).send(CREATE).json() == {"id": 7}
    assert [one.method for one in server.received] == ["POST"]
