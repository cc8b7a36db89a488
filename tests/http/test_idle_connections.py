"""Connections that something between here and the vendor forgets while nobody uses them."""

from __future__ import annotations

import pytest

from helpdesk_bridge.errors import InDoubt
from helpdesk_bridge.http import Effect, Request
from helpdesk_bridge.testing.clock import ManualClock

CREATE = Request("POST", "/tickets", effect=Effect.CREATE, json={"subject": "x"}, operation="tickets.create")
READ = Request("GET", "/tickets")
FORGETS_AFTER = 3.0


class Middlebox:
    """Resets a connection by its next request once it was idle for longer than ``forgets_after``, as firewalls do."""

    def __init__(self, clock, rst, say, forgets_after=FORGETS_AFTER):
        self._clock, self._rst, self._say, self._forgets_after = clock, rst, say, forgets_after
        self._used = {}

    def __call__(self, conn, received):
        now = self._clock.now()
        if now - self._used.get(conn, now) > self._forgets_after:
            self._rst(conn)
        self._used[conn] = now
        return self._say({"id": 7}, "201 Created" if received.method == "POST" else "200 OK")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.mark.parametrize("first", [READ, CREATE], ids=["read", "create"])
def test_a_create_does_not_ride_on_a_connection_that_was_idle_for_seconds(wire, connect, clock, rst, say, first):
    server = wire(Middlebox(clock, rst, say))
    stack = connect(server.url, clock=clock)
    for _ in range(6):
        stack.send(first)
        clock.advance(FORGETS_AFTER + 1)
        assert stack.send(CREATE).json() == {"id": 7}
        clock.advance(FORGETS_AFTER + 1)
    assert len(server.received) == 12
    assert len(server._open) == 12


def test_the_wait_for_the_budget_counts_as_idle(wire, connect, clock, rst, say):
    waits = [say(status="429 Too Many Requests", Retry__After="8")]
    box = Middlebox(clock, rst, say)
    server = wire(lambda conn, received: (box(conn, received), waits.pop() if waits else say({"id": 7}))[1])
    assert connect(server.url, clock=clock).send(CREATE).json() == {"id": 7}
    assert len(server._open) == 2


def test_a_connection_in_use_is_kept(wire, connect, clock, rst, say):
    server = wire(Middlebox(clock, rst, say))
    stack = connect(server.url, clock=clock)
    for _ in range(20):
        stack.send(CREATE)
        clock.advance(0.5)
    assert len(server.received) == 20
    assert len(server._open) == 1


def test_idle_time_is_real_time_whatever_the_scale(wire, connect, rst, say):
    clock = ManualClock(time_scale=60.0)
    server = wire()
    stack = connect(server.url, clock=clock, time_scale=60.0)
    for _ in range(3):
        stack.send(CREATE)
        clock.advance(30)
    assert len(server._open) == 1
    clock.advance(600)
    stack.send(CREATE)
    assert len(server._open) == 2


def test_a_connection_that_waited_beside_a_download_is_judged_by_its_own_age(wire, connect, clock, rst, say):
    server = wire(Middlebox(clock, rst, say))
    stack = connect(server.url, clock=clock)
    with stack.open(READ), stack.open(READ) as second:
        second.read()  # its connection goes back, the other one stays in use
        for _ in range(4):
            clock.advance(FORGETS_AFTER)
    assert stack.send(CREATE).json() == {"id": 7}


def test_what_was_lost_while_it_was_in_use_stays_in_doubt(wire, connect, clock, rst, say):
    server = wire(Middlebox(clock, rst, say, forgets_after=0.2))
    stack = connect(server.url, clock=clock)
    stack.send(READ)
    clock.advance(0.5)
    with pytest.raises(InDoubt):
        stack.send(CREATE)
    assert len(server.received) == 2


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "through a proxy"])
def test_over_tls_a_new_connection_is_made_too(wire, connect, clock, rst, say, tmp_path, proxied):
    pytest.importorskip("cryptography", reason="certificates are made with the cryptography package")
    from company_network import Authority, ConnectProxy

    authority, server = Authority(tmp_path), wire(Middlebox(clock, rst, say))
    authority.secure(server, "127.0.0.1")
    proxy = ConnectProxy(server.port)
    options = {"proxies": {"https": f"http://127.0.0.1:{proxy.port}"}} if proxied else {}
    url = server.url.replace("http:", "https:")
    stack = connect(url, clock=clock, ca_bundle=str(authority.bundle), **options)
    for _ in range(3):
        stack.send(CREATE)
        stack.send(CREATE)
        clock.advance(FORGETS_AFTER + 1)
    stack.close()
    proxy.close()
    assert len(server.received) == 6
    assert len(server._open) == 3
    assert len(proxy.asked) == (3 if proxied else 0)
