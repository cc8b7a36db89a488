"""Every wire fault, over real sockets: what is repeated, what is in doubt, and how long it can take."""

from __future__ import annotations

import gc
import gzip
import json
import socket
import threading
import time

import pytest

from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    RateLimited,
    Unavailable,
)
from helpdesk_bridge.http import Answer, Effect, EventBus, Request, Waiting
from helpdesk_bridge.ratelimit import RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.conformance.leaks import left_open

CREATE = Request("POST", "/tickets", effect=Effect.CREATE, json={"subject": "x"}, operation="tickets.create")
SET = Request("PUT", "/tickets/{id}", args={"id": "1"}, effect=Effect.SET, json={"subject": "x"})
READ = Request("GET", "/tickets")


def in_turn(*answers):
    """Play one answer after the other, the last one for ever."""
    left = list(answers)

    def play(conn, received):
        now = left.pop(0) if len(left) > 1 else left[0]
        return now(conn) if callable(now) else now

    return play


def test_connection_refused_is_repeated_even_for_a_create(wire, connect, say):
    """The server starts to listen while the client waits before its second attempt."""
    server = wire(lambda conn, received: say({"id": 7}, "201 Created"))
    url, port = server.url, server.port

    class Reviving(ManualClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            server.start(port)

    stack = connect(url, clock=Reviving())
    assert stack.send(READ).ok  # it has been there before
    server.stop()
    assert stack.send(CREATE).json() == {"id": 7}
    assert len(server.received) == 2
    assert stack.stats.calls == 2


class Never(ManualClock):
    """A clock on which nobody waits."""

    def sleep(self, seconds):
        raise AssertionError(seconds)


@pytest.mark.parametrize("request_", [CREATE, READ], ids=["create", "read"])
def test_a_first_connection_that_is_refused_fails_at_once_and_costs_nothing(wire, connect, request_):
    server = wire()
    server.stop()
    stack = connect(server.url, clock=Never())
    for _ in range(2):
        with pytest.raises(Unavailable, match=rf"nothing was sent: the connection to 127\.0\.0\.1:{server.port} was refused") as caught:  # fmt: skip
            stack.send(request_)
        assert caught.value.temporary
    assert stack.stats.calls == 0
    assert stack.budget.remaining == stack.budget.limit


def test_a_connection_that_is_refused_later_is_tried_again_until_the_attempts_end(wire, connect):
    server = wire()
    clock = ManualClock()
    stack = connect(server.url, attempts=3, clock=clock)
    assert stack.send(READ).ok
    server.stop()
    began = clock.now()
    with pytest.raises(Unavailable, match="was refused"):
        stack.send(CREATE)
    assert clock.now() > began


def test_unknown_host_is_not_sent(connect, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    stack = connect("https://robotsrule.vendor.example", clock=Never())
    with pytest.raises(
        Unavailable, match=r"nothing was sent: the host name in robotsrule\.vendor\.example:443 is not known"
    ):
        stack.send(CREATE)


def test_an_address_that_nobody_has_is_named(connect, monkeypatch):
    def unreachable(*args, **kwargs):
        raise OSError(113, "No route to host")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    with pytest.raises(Unavailable, match=r"nothing was sent: 127\.0\.0\.1:9 could not be reached"):
        connect("http://127.0.0.1:9", clock=Never()).send(CREATE)


def then_close(data=b""):
    def play(conn):
        conn.sendall(data)
        conn.shutdown(socket.SHUT_RDWR)

    return play


AMBIGUOUS = {
    "reset after send": "reset",
    "closed without an answer": then_close(),
    "500": b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
    "502 html": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
    "503 with Retry-After": b"HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}",
    "408": b"HTTP/1.1 408 Slow\r\nContent-Length: 2\r\n\r\n{}",
    "short body with Content-Length": then_close(b'HTTP/1.1 201 Created\r\nContent-Length: 80\r\n\r\n{"id": '),
    "short body without Content-Length": then_close(b'HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n{"id": '),
    "short chunk": then_close(b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"id": '),
    "html on 200": b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>sorry</h>",
    "empty on 200": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "broken gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    "no HTTP": then_close(b"garbage\r\n\r\n"),
}


@pytest.fixture
def faulty(rst):
    """Return what plays the fault of that name."""
    return lambda name: rst if AMBIGUOUS[name] == "reset" else AMBIGUOUS[name]


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_ambiguous_outcome_of_a_create_is_in_doubt_after_exactly_one_request(wire, connect, faulty, fault):
    server = wire(in_turn(faulty(fault)))
    stack = connect(server.url)
    with pytest.raises(InDoubt) as caught:
        stack.send(CREATE)
    assert len(server.received) == 1
    assert stack.stats.calls == 1
    assert caught.value.settle_seconds == 60
    assert stack.budget.remaining == stack.budget.limit - 1


@pytest.mark.parametrize("fault", AMBIGUOUS)
@pytest.mark.parametrize("request_", [READ, SET], ids=["read", "set"])
def test_reads_and_sets_are_repeated(wire, connect, faulty, say, fault, request_):
    clock = ManualClock()
    server = wire(in_turn(faulty(fault), faulty(fault), say({"done": True})))
    assert connect(server.url, clock=clock).send(request_).json() == {"done": True}
    assert len(server.received) == 3
    assert 0.25 <= clock.slept[0] <= 0.5 or fault == "503 with Retry-After"
    assert len(clock.slept) == 2


@pytest.mark.parametrize("fault", AMBIGUOUS)
def test_a_fault_that_stays_becomes_one_typed_error(wire, connect, faulty, fault):
    server = wire(in_turn(faulty(fault)))
    with pytest.raises((Unavailable, BadResponse)) as caught:
        connect(server.url).send(READ)
    assert len(server.received) == 5
    assert caught.value.temporary


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "403 No", "404 None", "409 Twice", "422 Bad", "418 Teapot"])
def test_a_definite_refusal_of_a_create_is_that_error_at_once(wire, connect, say, status):
    server = wire(in_turn(say({"error": "x"}, status)))
    with pytest.raises(HelpdeskError) as caught:
        connect(server.url).send(CREATE)
    assert not isinstance(caught.value, InDoubt)
    assert caught.value.status == int(status[:3])
    assert len(server.received) == 1


def test_429_on_a_create_is_repeated_after_waiting(wire, connect, say):
    clock = ManualClock()
    server = wire(in_turn(say({}, "429 Slow down", Retry__After="7"), say({"id": 1}, "201 Created")))
    stack = connect(server.url, clock=clock)
    assert stack.send(CREATE).json() == {"id": 1}
    assert len(server.received) == 2
    assert 7.0 <= sum(clock.slept) <= 7.1
    assert (stack.stats.calls, stack.stats.refused, stack.stats.units) == (2, 1, 1)


def test_429_longer_than_max_wait_raises_without_another_request(wire, connect, say):
    server = wire(in_turn(say({}, "429 Slow down", Retry__After="3600")))
    stack = connect(server.url, max_wait=10)
    with pytest.raises(RateLimited) as caught:
        stack.send(CREATE)
    assert len(server.received) == 1
    assert 3600 <= caught.value.retry_after <= 3601
    with pytest.raises(RateLimited):
        stack.send(READ)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "value", ["garbage", "-5", "nan", "inf", "1e999", "99999999999", "", "0", "Wed, 21 Oct 2015 07:28:00 GMT"]
)
def test_nonsense_in_retry_after_is_survived_without_hammering(wire, connect, say, value):
    clock = ManualClock()
    refusal = say({}, "429 Slow down", Retry__After=value)
    server = wire(in_turn(refusal, refusal, refusal, say({"id": 1}, "201 Created")))
    stack = connect(server.url, clock=clock, max_wait=None)
    assert stack.send(CREATE).json() == {"id": 1}
    assert len(server.received) == 4
    assert all(0.9 <= pause <= 61 for pause in clock.slept)


def test_retry_after_as_a_date_counts_from_the_servers_own_clock(wire, connect, say):
    clock = ManualClock()
    refusal = say({}, "429 Slow", Date="Wed, 21 Oct 2015 07:28:00 GMT", Retry__After="Wed, 21 Oct 2015 07:28:09 GMT")
    server = wire(in_turn(refusal, say({"id": 1})))
    connect(server.url, clock=clock).send(CREATE)
    assert 9.0 <= sum(clock.slept) <= 9.1


def test_refusals_that_never_end_are_given_up_after_max_wait(wire, connect, say):
    clock = ManualClock()
    server = wire(in_turn(say({}, "429 Slow down", Retry__After="3")))
    with pytest.raises(RateLimited):
        connect(server.url, clock=clock, max_wait=10).send(READ)
    assert 9 <= sum(clock.slept) <= 14
    assert len(server.received) == 4, "what is said again and again is waited for longer than it says"


def test_a_refusal_in_the_vendors_own_form_is_a_refusal(wire, connect, say):
    """An answer of 200 with an error body, as one vendor's example shows it."""
    policy = RateLimitPolicy(
        windows=(Window(60, 60),),
        headers=RateHeaders(retry_after="Retry-After"),
        refused=lambda status, headers, body: b"too_many_requests_exception" in body,
    )
    clock = ManualClock()
    body = {"error": {"code": "too_many_requests_exception"}}
    server = wire(in_turn(say(body, "200 OK", Retry__After="26"), say({"id": 1})))
    stack = connect(server.url, clock=clock, policy=policy, max_wait=60)
    assert stack.send(CREATE).json() == {"id": 1}
    assert 26.0 <= sum(clock.slept) <= 26.1
    assert stack.stats.refused == 1


def test_an_error_the_vendor_calls_a_rate_limit_waits_although_the_policy_missed_it(wire, connect, say):
    def classify(request, response):
        return RateLimited("limit", retry_after=4) if response.status == 403 else None

    clock = ManualClock()
    server = wire(in_turn(say({}, "403 Forbidden"), say({"id": 1})))
    assert connect(server.url, classify=classify, clock=clock).send(CREATE).json() == {"id": 1}
    assert clock.slept == [4]


def test_the_vendors_code_decides_over_the_status(wire, connect, say):
    def classify(request, response):
        return Invalid("bad", field="subject") if response.json().get("error") else None

    server = wire(in_turn(say({"error": "x"}, "500 Oops")))
    with pytest.raises(Invalid):
        connect(server.url, classify=classify).send(CREATE)
    server = wire(in_turn(say({"error": "x"}, "200 OK")))
    with pytest.raises(Invalid):
        connect(server.url, classify=classify).send(READ)


def test_a_page_that_classify_cannot_read_is_judged_by_its_status(wire, connect):
    def classify(request, response):
        return NotFound("x") if response.json()["code"] else None

    server = wire(in_turn(b"HTTP/1.1 401 No\r\nContent-Length: 6\r\n\r\n<html>"))
    with pytest.raises(AuthenticationFailed):
        connect(server.url, classify=classify).send(READ)


def test_503_is_repeated_no_earlier_than_retry_after(wire, connect, say):
    clock = ManualClock()
    server = wire(in_turn(say({}, "503 Later", Retry__After="8"), say({"a": 1})))
    seen = []
    events = EventBus()
    events.subscribe(seen.append)
    connect(server.url, clock=clock, events=events).send(READ)
    assert clock.slept == [8]
    assert [event.seconds for event in seen if isinstance(event, Waiting)] == [8]


def drip(conn, data, pause, stop):
    for byte in data:
        if stop.is_set():
            return
        conn.sendall(bytes([byte]))
        time.sleep(pause)


@pytest.mark.parametrize("where", ["status line", "headers", "body", "chunks"])
def test_a_slow_drip_ends_at_the_deadline(wire, connect, where):
    """A timeout of the socket alone would start again with every byte: 300 bytes would take 6 seconds."""
    stop = threading.Event()
    whole = {
        "status line": (b"", b"HTTP/1.1 200 " + b"O" * 300),
        "headers": (b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 300),
        "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", b" " * 300),
        "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 50),
    }
    start, slow = whole[where]

    def play(conn, received):
        conn.sendall(start)
        drip(conn, slow, 0.02, stop)

    server = wire(play)
    stack = connect(server.url, timeout=0.3, attempts=1)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no complete answer within the timeout"):
        stack.send(READ)
    took = time.monotonic() - began
    stop.set()
    assert 0.25 < took < 3


def test_a_gzip_bomb_stops_at_the_cap(wire, connect):
    bomb = gzip.compress(b" " * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    server = wire(lambda conn, received: head + bomb)
    with pytest.raises(Unavailable, match="larger than allowed"):
        connect(server.url, max_body=1_000_000, attempts=1).send(READ)
    with connect(server.url, max_download=1_000_000).open(Request("GET", "/file")) as download:
        with pytest.raises(Unavailable, match="larger than allowed"):
            b"".join(iter(lambda: download.read(100_000), b""))
        assert 900_000 < 1_000_000 - download._left <= 1_200_000


def test_gzip_is_decoded(wire, connect):
    body = gzip.compress(json.dumps({"name": "Zoë"}).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    server = wire(lambda conn, received: head + body)
    assert connect(server.url).send(READ).json() == {"name": "Zoë"}


def test_answers_without_content_are_fine_where_no_document_is_expected(wire, connect):
    server = wire(lambda conn, received: b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
    assert connect(server.url).send(CREATE).status == 204
    server = wire(lambda conn, received: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    stack = connect(server.url)
    assert stack.send(Request("DELETE", "/tickets/1")).body == b""
    assert stack.send(Request("GET", "/ping", answer=Answer.ANY)).ok


def test_a_download_that_breaks_says_so(wire, connect):
    def play(conn, received):
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        conn.shutdown(2)

    server = wire(play)
    download = connect(server.url).open(Request("GET", "/file"))
    with pytest.raises(Unavailable, match="a download failed"), download:
        b"".join(iter(lambda: download.read(10), b""))


def test_opening_a_download_is_repeated_and_judged_like_any_read(wire, connect, say):
    server = wire(in_turn(say({}, "502 Bad"), say({}, "429 No", Retry__After="2"), say({"file": 1})))
    clock = ManualClock()
    stack = connect(server.url, clock=clock)
    with stack.open(Request("GET", "/file")) as download:
        assert download.status == 200
        assert download.headers["content-type"] == "application/json"
        assert download.read(4) + download.read() == b'{"file": 1}'
        assert download.read() == b""
        assert download.read(0) == b""
    assert len(server.received) == 3
    assert stack.stats.calls == 3
    server.play = in_turn(say({}, "404 None"))
    with pytest.raises(NotFound):
        stack.open(Request("GET", "/file"))


def test_a_closed_desk_says_so(wire, connect):
    server = wire()
    stack = connect(server.url)
    stack.send(READ)
    stack.close()
    with pytest.raises(HelpdeskError, match="closed"):
        stack.send(READ)
    assert len(server.received) == 1


def test_closing_after_a_lost_connection_leaves_no_socket_to_the_collector(wire, connect, rst, say):
    gc.disable()
    try:
        with left_open() as left:
            server = wire(in_turn(say({}), rst, say({})))
            stack = connect(server.url)
            for _ in range(2):
                stack.send(READ)
            stack.close()
            server.stop()
        found = left()
    finally:
        gc.enable()
    assert len(server.received) == 3
    assert found == []


def test_each_thread_has_its_own_connection(wire, connect):
    server = wire()
    stack = connect(server.url)
    threads = [threading.Thread(target=lambda: [stack.send(READ) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.received) == 160
    assert stack.stats.calls == 160
    assert len(server._open) == 8
