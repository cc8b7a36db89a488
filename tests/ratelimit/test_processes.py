"""Real processes over one file against a real server whose time runs faster: nobody is refused, nobody starves."""

from __future__ import annotations

import json
import math
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from attrs import define, field

LIMIT, SECONDS, SCALE = 120, 60, 60  # 120 units a real second

WORKER = """
import json, sys, threading
from helpdesk_bridge.http import Effect, HttpOptions, Request, open_transport
from helpdesk_bridge.ratelimit import RateHeaders, RateLimitPolicy, Window

url, budget, name, threads = sys.argv[1:]
limit, seconds, scale = LIMIT, SECONDS, SCALE
policy = RateLimitPolicy(
    windows=(Window(limit, seconds, "units"),),
    cost=lambda method, path: 2 if method == "POST" else 1,
    headers=RateHeaders(limit="Limit", remaining="Left", reset="Reset", retry_after="Reset"),
)
stack = open_transport(
    base_url=url, auth=None, policy=policy, scope_key="account", classify=lambda request, response: None,
    vendor="scaled", desk="support", options=HttpOptions(time_scale=scale, max_wait=None, budget=budget),
)
read, write = Request("GET", "/" + name), Request("POST", "/" + name, effect=Effect.CREATE, json={})

def spend():
    number = 0
    while True:
        number += 1
        stack.send(write if number % 3 == 0 else read)

print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(threads)):
    threading.Thread(target=spend, daemon=True).start()
sys.stdin.readline()
print(json.dumps({"holders": len(stack.budget.holders), "refused": stack.stats.refused}), flush=True)
""".replace("LIMIT, SECONDS, SCALE", f"{LIMIT}, {SECONDS}, {SCALE}")


@define(eq=False)
class Vendor:
    """A fixed window that starts at the first request after it expired; every thread serves one connection."""

    listener: socket.socket
    lock: threading.Lock = field(factory=threading.Lock)
    ends: float = 0.0
    used: int = 0
    refused: int = 0
    windows: list = field(factory=list)
    connections: list = field(factory=list)
    threads: list = field(factory=list)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.start(self.serve, connection)

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while line := self.line(stream):
                length = 0
                while (header := stream.readline()).strip():
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                stream.read(length)
                method, path, _ = line.decode().split(" ")
                try:
                    connection.sendall(self.answer(method, path[1:]))
                except OSError:
                    return

    def line(self, stream):
        try:
            return stream.readline()
        except OSError:
            return b""

    def answer(self, method, name):
        units = 2 if method == "POST" else 1
        with self.lock:
            now = time.monotonic() * SCALE
            if now >= self.ends:
                self.ends, self.used = now + SECONDS, 0
                self.windows.append({})
            allowed = self.used + units <= LIMIT
            if allowed:
                self.used += units
                self.windows[-1][name] = self.windows[-1].get(name, 0) + units
            else:
                self.refused += 1
            left, reset = LIMIT - self.used, max(1, math.ceil(self.ends - now))
        status = "200 OK" if allowed else "429 Too Many Requests"
        head = f"Content-Length: 2\r\nLimit: {LIMIT}\r\nLeft: {left}\r\nReset: {reset}\r\n"
        return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{head}\r\n{{}}".encode()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side was faster
        for thread in self.threads:
            thread.join(10)


@pytest.fixture
def vendor():
    found = Vendor(socket.create_server(("127.0.0.1", 0), backlog=64))
    found.start(found.accept)
    yield found
    found.stop()


@pytest.fixture
def workers(vendor):
    """Starts processes that wait for a line before they spend, and end after another."""
    running = []

    def start(budget, count, threads=2):
        for number in range(count):
            command = [sys.executable, "-c", WORKER, vendor.url, budget, f"w{len(running)}-{number}", str(threads)]
            running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for worker in running[-count:]:
            assert worker.stdout.readline() == "ready\n"
        for worker in running[-count:]:
            say(worker)
        return running[-count:]

    yield start
    for worker in running:
        worker.kill()
        worker.wait()
        worker.stdin.close()
        worker.stdout.close()


def say(worker):
    worker.stdin.write("go\n")
    worker.stdin.flush()


def whole_windows(vendor, count):
    """Wait until so many whole windows have passed after the first, and return them."""
    deadline = time.monotonic() + 60
    while len(vendor.windows) < count + 2:
        assert time.monotonic() < deadline, vendor.windows
        time.sleep(0.01)
    return vendor.windows[1 : count + 1]


def shares(windows):
    total = {}
    for window in windows:
        for name, units in window.items():
            total[name] = total.get(name, 0) + units
    return total


def four_processes(vendor, workers, budget):
    running = workers(budget, 4)
    windows = whole_windows(vendor, 6)
    for worker in running:
        say(worker)
    told = [json.loads(worker.stdout.readline()) for worker in running]
    assert vendor.refused == 0
    assert [one["refused"] for one in told] == [0] * 4
    assert [one["holders"] for one in told] == [3] * 4
    spent = shares(windows)
    assert len(spent) == 4
    # Who is late because the machine is busy finds its part untouched.
    assert min(spent.values()) / max(spent.values()) >= 0.8, spent
    assert sum(spent.values()) >= 0.95 * 6 * LIMIT, windows


@pytest.mark.slow
def test_four_processes_over_a_file_are_never_refused_and_share_alike(vendor, workers, tmp_path):
    four_processes(vendor, workers, f"file:{tmp_path / 'budget'}")


@pytest.mark.slow
def test_a_process_killed_in_mid_run_costs_the_others_nothing(vendor, workers, tmp_path):
    running = workers(f"file:{tmp_path / 'budget'}", 3)
    whole_windows(vendor, 1)
    running[0].send_signal(signal.SIGKILL)
    seen = len(vendor.windows)
    after = whole_windows(vendor, seen + 2)[seen:]
    assert vendor.refused == 0
    assert all(sum(window.values()) >= 0.9 * LIMIT for window in after), after
    assert len(shares(after)) == 2
