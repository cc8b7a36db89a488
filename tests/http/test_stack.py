"""The layers together: events, logs, counts, sharing, forks, and the in-process front."""

from __future__ import annotations

import logging
import os

import pytest
import requests
import responses
from requests.auth import HTTPBasicAuth

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.errors import BadResponse, ConfigError, HelpdeskError, InDoubt, RateLimited, Unavailable
from helpdesk_bridge.http import Attempt, Effect, EventBus, HttpOptions, Refused, Request, Waiting, open_transport
from helpdesk_bridge.ratelimit import MemoryStore, RateLimitPolicy, Window
from helpdesk_bridge.testing.clock import ManualClock


def test_every_attempt_is_an_event_and_one_debug_line(wire, connect, say, caplog):
    answers = [say({}, "503 No"), say({}, "429 No", Retry__After="4"), say({"id": 1})]
    server = wire(lambda conn, received: answers.pop(0))
    seen = []
    events = EventBus()
    events.subscribe(seen.append)
    stack = connect(server.url, events=events)
    with caplog.at_level(logging.DEBUG, logger="helpdesk_bridge.http"):
        stack.send(Request("GET", "/tickets/{id}", args={"id": "7"}, operation="tickets.get"))
    attempts = [event for event in seen if isinstance(event, Attempt)]
    assert [(attempt.status, attempt.units, attempt.refused) for attempt in attempts] == [
        (503, 1, False),
        (429, 1, True),
        (200, 1, False),
    ]
    assert {(a.vendor, a.desk, a.operation, a.method, a.path) for a in attempts} == {
        ("testvendor", "support", "tickets.get", "GET", "/tickets/{id}")
    }
    assert 4 <= attempts[2].waited <= 4.1
    assert [event.retry_after for event in seen if isinstance(event, Refused)] == [4]
    assert [event.reason for event in seen if isinstance(event, Waiting)] == ["temporary failure", "rate limit"]
    lines = [record.getMessage() for record in caplog.records if record.name == "helpdesk_bridge.http"]
    assert len(lines) == 3
    assert lines[0].startswith("GET /tickets/{id} 503 ")
    assert lines[2].endswith("wait 4.0 s")


def test_a_failing_subscriber_breaks_nothing_and_leaving_works(wire, connect, caplog):
    server = wire()
    events = EventBus()
    seen = []

    def broken(event):
        message = "customer text"
        raise ValueError(message)

    leave_broken, leave = events.subscribe(broken), events.subscribe(seen.append)
    stack = connect(server.url, events=events)
    stack.send(Request("GET", "/x"))
    assert len(seen) == 1
    assert "ValueError" in caplog.text
    assert "customer text" not in caplog.text
    leave()
    leave_broken()
    leave()
    stack.send(Request("GET", "/x"))
    assert len(seen) == 1
    assert not events


def test_two_desks_of_one_account_share_a_budget_and_two_accounts_do_not(wire, connect):
    server, other = wire(), wire()
    clock = ManualClock()
    policy = RateLimitPolicy(windows=(Window(3, 60),))
    one = connect(server.url, clock=clock, policy=policy)
    two = connect(f"{server.url}/api", clock=clock, policy=policy)
    elsewhere = connect(other.url, clock=clock, policy=policy)
    one.send(Request("GET", "/x"))
    two.send(Request("GET", "/x"))
    assert one.budget is two.budget
    assert (one.budget.remaining, elsewhere.budget.remaining) == (1, 3)
    one.close()
    assert connect(server.url, clock=clock, policy=policy).budget.remaining == 1
    two.send(Request("GET", "/x"))
    with pytest.raises(RateLimited) as caught:
        two.send(Request("GET", "/x", operation="tickets.list"))
    assert caught.value.operation == "tickets.list"
    assert (caught.value.vendor, caught.value.desk) == ("testvendor", "support")
    assert len(server.received) == 3


def test_files_on_foreign_storage_and_free_calls_cost_nothing(wire, connect):
    server, storage = wire(), wire()
    policy = RateLimitPolicy(windows=(Window(5, 60),), cost=lambda method, path: 0 if path == "/ping" else 1)
    stack = connect(server.url, policy=policy)
    stack.send(Request("GET", "/ping"))
    stack.send(Request("GET", url=f"{storage.url}/file"))
    stack.send(Request("GET", "/search", cost=3))
    assert stack.budget.remaining == 4
    assert (stack.stats.calls, stack.stats.units) == (3, 3)


def test_rows_received_replace_rows_reserved(wire, say):
    server = wire(lambda conn, received: say([1, 2, 3]))
    stack = open_transport(
        base_url=server.url,
        auth=None,
        policy=RateLimitPolicy(windows=(Window(100, 60), Window(150, 3600, "rows"))),
        scope_key="k",
        classify=lambda request, response: None,
        count_rows=lambda request, response: len(response.json()),
        vendor="v",
        desk="d",
        options=HttpOptions(max_wait=0),
        clock=ManualClock(),
    )
    for _ in range(10):
        stack.send(Request("GET", "/tickets", rows=100))
    stack.close()
    assert len(server.received) == 10


def test_time_runs_faster_only_against_this_machine(connect):
    with pytest.raises(ConfigError, match="time_scale"):
        connect("https://robotsrule.vendor.example", time_scale=200)


@pytest.mark.parametrize("bad", [{"timeout": 0}, {"max_wait": -1}, {"attempts": 0}, {"reserve": -1}])
def test_impossible_options_are_refused(bad):
    with pytest.raises((ConfigError, ValueError)):
        HttpOptions(**bad)


def test_an_error_of_the_auth_is_passed_on_and_costs_nothing(wire, connect):
    class Login(HTTPBasicAuth):
        def __call__(self, request):
            message = "no token"
            raise HelpdeskError(message)

    server = wire()
    stack = connect(server.url, auth=Login("a", "b"))
    with pytest.raises(HelpdeskError, match="no token"):
        stack.send(Request("GET", "/x"))
    assert server.received == []
    assert stack.budget.remaining == stack.budget.limit


@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_after_a_fork_the_child_opens_its_own_connection(wire, connect):
    server = wire()
    stack = connect(server.url, clock=SystemClock())
    stack.send(Request("GET", "/parent"))
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if stack.send(Request("GET", "/child")).ok else 2
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    stack.send(Request("GET", "/parent"))
    assert sorted(received.target for received in server.received) == ["/child", "/parent", "/parent"]
    assert len(server._open) == 2


def test_it_works_under_responses_in_process(connect):
    stack = connect("https://robotsrule.vendor.example/api")
    with responses.RequestsMock() as mock:
        mock.get(
            "https://robotsrule.vendor.example/api/x",
            json={"a": 1},
            headers={"api_calls_left": "4"},
            match=[responses.matchers.query_param_matcher({"q": "1"})],
        )
        mock.get("https://storage.example/file", body=b"content")
        mock.post("https://robotsrule.vendor.example/api/x", body=requests.ConnectionError("lost"))
        mock.get(
            "https://robotsrule.vendor.example/api/moved", status=302, headers={"Location": "https://evil.example"}
        )
        response = stack.send(Request("GET", "/x", params=(("q", "1"),)))
        assert response.json() == {"a": 1}
        assert response.headers["API_CALLS_LEFT"] == "4"
        with stack.open(Request("GET", url="https://storage.example/file")) as download:
            assert download.read(3) + download.read() == b"content"
        with pytest.raises(InDoubt):
            stack.send(Request("POST", "/x", effect=Effect.CREATE, json={}))
        with pytest.raises(BadResponse, match=r"evil\.example"):
            stack.send(Request("GET", "/moved"))
        assert [call.request.method for call in mock.calls] == ["GET", "GET", "POST", "GET"]
        assert "X-Api-Key" not in mock.calls[1].request.headers


def test_a_foreign_host_that_is_down_is_unavailable(wire, connect):
    server, storage = wire(), wire()
    storage.stop()
    with pytest.raises(Unavailable, match="refused"):
        connect(server.url, attempts=2).send(Request("GET", url=f"{storage.url}/file"))


def test_a_download_that_cannot_be_opened_is_told_apart_like_any_call(wire, connect, rst):
    server = wire(lambda conn, received: rst(conn))
    seen = []
    events = EventBus()
    events.subscribe(seen.append)
    stack = connect(server.url, attempts=2, events=events)
    with pytest.raises(Unavailable, match="the connection was lost"):
        stack.open(Request("GET", "/file"))
    assert (stack.stats.calls, stack.budget.limit - stack.budget.remaining) == (2, 2)
    server.stop()
    with pytest.raises(Unavailable, match="nothing was sent"):
        stack.open(Request("GET", "/file"))
    assert (stack.stats.calls, stack.budget.limit - stack.budget.remaining) == (2, 2)
    assert {event.failure for event in seen if isinstance(event, Attempt)} == {
        "the connection was lost",
        f"the connection to 127.0.0.1:{server.port} was refused",
    }


def test_a_configured_proxy_carries_the_desk_and_foreign_files(wire, connect, canary):
    proxy, desk, storage = wire(), wire(), wire()
    stack = connect(desk.url, proxies={"http": proxy.url})
    stack.send(Request("GET", "/x"))
    stack.send(Request("GET", url=f"{storage.url}/file"))
    assert [received.target for received in proxy.received] == [f"{desk.url}/x", f"{storage.url}/file"]
    assert ["X-Api-Key" in received.headers for received in proxy.received] == [True, False]
    assert desk.received == storage.received == []


def test_a_budget_can_live_in_a_store_of_ones_own(wire, connect):
    server = wire()
    store = MemoryStore()
    stack = connect(server.url, budget=store)
    stack.send(Request("GET", "/x"))
    assert stack.budget.remaining == stack.budget.limit - 1
    assert connect(server.url).budget.remaining == stack.budget.limit
