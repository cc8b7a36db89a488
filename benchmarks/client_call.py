"""What one call through the whole transport costs, beside a bare ``requests.Session(trust_env=False)``, in one run.

The server is a process of its own on loopback and answers a ticket of about 2 kB. Both read the body and parse its JSON.
Rounds of both alternate, and the medians of the rounds are compared. Prints JSON.
"""

from __future__ import annotations

import http.server
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable
from typing import Any

import requests

from helpdesk_bridge.adapter import Request, open_transport
from helpdesk_bridge.ratelimit import RateLimitPolicy, Window

ROUNDS, CALLS = 15, 200
DOCUMENT = json.dumps(
    {"case": {"case_id": 2000, "subject": "Where is my order?", "text": "It was due. " * 160}}
).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every GET alike, on a connection that stays."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(DOCUMENT)))
        self.end_headers()
        self.wfile.write(DOCUMENT)

    def log_message(self, format: str, *args: Any) -> None: ...


def serve(ports: Any) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ports.put(server.server_port)
    server.serve_forever()


def measured(call: Callable[[], Any]) -> tuple[float, float]:
    """Return microseconds a call, by the clock on the wall and by that of the CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - wall) / CALLS * 1e6, (time.process_time() - cpu) / CALLS * 1e6


def main() -> None:
    context = multiprocessing.get_context("spawn")
    ports = context.Queue()
    server = context.Process(target=serve, args=(ports,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{ports.get()}"
    policy = RateLimitPolicy(windows=(Window(10**9, 60, "units"),))
    bare = requests.Session()
    bare.trust_env = False
    stack = open_transport(
        base_url=base,
        auth=None,
        policy=policy,
        scope_key="benchmark",
        classify=lambda _request, _response: None,
        vendor="benchmark",
        desk="benchmark",
    )
    calls: dict[str, Callable[[], Any]] = {
        "requests.Session": lambda: bare.get(f"{base}/cases/2000.json", timeout=30).json(),
        "helpdesk_bridge": lambda: stack.send(Request("GET", "/cases/{id}.json", args={"id": "2000"})).json(),
    }
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for call in calls.values():
        measured(call)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            rounds[name].append(measured(call))
    stack.close()
    bare.close()
    server.terminate()
    medians = {
        name: {"wall": statistics.median(one[0] for one in found), "cpu": statistics.median(one[1] for one in found)}
        for name, found in rounds.items()
    }
    ours, theirs = medians["helpdesk_bridge"], medians["requests.Session"]
    times = {clock: round(ours[clock] / theirs[clock], 2) for clock in ("wall", "cpu")}
    shown = {name: {clock: round(value, 1) for clock, value in found.items()} for name, found in medians.items()}
    print(json.dumps({"microseconds_a_call": shown, "times_bare_session": times, "target": 1.25}, indent=2))


if __name__ == "__main__":
    main()
