"""Eight threads against a real fixed-window server whose time runs 200 or 7,200 times faster: not one refusal."""

from __future__ import annotations

import json
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpdesk_bridge.http import Effect, EventBus, HttpOptions, Request, Waiting, open_transport
from helpdesk_bridge.ratelimit import RateHeaders, RateLimitPolicy, Window

LEFT, LIMIT, RESET = "X-Rate-Limit-Remaining", "rate_limit_per_minute", "retry_after"


class FixedWindow:
    """Starts at the first request after it expired; the headers hold whole vendor seconds."""

    def __init__(self, limit, seconds, scale):
        self.limit, self.seconds, self.scale = limit, seconds, scale
        self.lock = threading.Lock()
        self.ends = self.used = self.refused = self.allowed = 0

    def take(self, cost):
        with self.lock:
            now = time.monotonic() * self.scale
            if now >= self.ends:
                self.ends, self.used = now + self.seconds, 0
            allowed = self.used + cost <= self.limit
            self.used += cost * allowed
            self.allowed += allowed
            self.refused += not allowed
            told = {LEFT: self.limit - self.used, LIMIT: self.limit, RESET: max(1, math.ceil(self.ends - now))}
            return allowed, {name: str(value) for name, value in told.items()}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        allowed, told = self.server.window.take(2 if self.command == "POST" else 1)
        body = json.dumps({"ok": allowed}).encode()
        self.send_response(200 if allowed else 429)
        for name in self.server.tells:
            self.send_header(name, told[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request, client_address):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(window, tells):
        server = Server(("127.0.0.1", 0), Handler)
        server.window, server.tells = window, tells
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("limit", "seconds", "scale", "tells", "writes"),
    [
        pytest.param(60, 60, 200, (), False, id="60 a minute, no header at all", marks=pytest.mark.slow),
        pytest.param(60, 60, 200, (LEFT, LIMIT), False, id="60 a minute, remaining and limit", marks=pytest.mark.slow),
        pytest.param(100, 3600, 7200, (LEFT,), False, id="100 an hour, only remaining", marks=pytest.mark.slow),
        pytest.param(50, 60, 200, (LEFT, LIMIT, RESET), True, id="50 a minute, all headers, writes cost 2"),
        pytest.param(
            50, 60, 200, (LEFT,), True, id="50 a minute, only remaining, writes cost 2", marks=pytest.mark.slow
        ),
    ],
)
def test_no_refusal_for_the_sole_consumer(serve, limit, seconds, scale, tells, writes):
    window = FixedWindow(limit, seconds, scale)
    url = serve(window, tells)
    policy = RateLimitPolicy(
        windows=(Window(limit, seconds, "units"),),
        cost=lambda method, path: 2 if method == "POST" else 1,
        headers=RateHeaders(
            limit=LIMIT, remaining=LEFT, reset=RESET, retry_after=RESET, remaining_is_hint=tells == (LEFT,)
        ),
    )
    waits = []
    events = EventBus()
    events.subscribe(lambda event: waits.append(event) if isinstance(event, Waiting) else None)
    stack = open_transport(
        base_url=url,
        auth=None,
        policy=policy,
        scope_key="account",
        classify=lambda request, response: None,
        vendor="scaled",
        desk="support",
        options=HttpOptions(time_scale=scale, max_wait=None),
        events=events,
    )
    read = Request("GET", "/tickets")
    write = Request("POST", "/tickets", effect=Effect.CREATE, json={})

    def call(number):
        return stack.send(write if writes and number % 3 == 0 else read).json()["ok"]

    total = 4 * limit
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(total)))
    stack.close()
    assert window.refused == 0
    assert window.allowed == total
    assert stack.stats.refused == 0
    assert stack.stats.calls == total
    assert waits


def test_a_lower_limit_of_the_server_is_obeyed_after_one_answer(serve):
    window = FixedWindow(20, 60, 200)
    url = serve(window, (LEFT, LIMIT, RESET))
    stack = open_transport(
        base_url=url,
        auth=None,
        policy=RateLimitPolicy(
            windows=(Window(500, 60, "units"),),
            headers=RateHeaders(limit=LIMIT, remaining=LEFT, reset=RESET, retry_after=RESET),
        ),
        scope_key="account",
        classify=lambda request, response: None,
        vendor="scaled",
        desk="support",
        options=HttpOptions(time_scale=200, max_wait=None),
    )
    for _ in range(50):
        assert stack.send(Request("GET", "/tickets")).ok
    stack.close()
    assert window.refused == 0
    assert stack.budget.limit == 20
