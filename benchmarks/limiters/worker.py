"""The processes that spend the budget: the client under test, and a stranger."""

from __future__ import annotations

import http.client
import os
import random
import signal
import threading
import time
import traceback
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import define, field

from limiters.clients import Client, Place, Unavailable
from limiters.peers import CLIENTS
from limiters.scenarios import WRITE_SHARE, Scenario
from limiters.server import RESET_HEADER

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

READY = "ready"
LEAVING = "leaving"
WARM_SECONDS = 15.0
GRACE = 0.2
"""Real seconds that a process which ends in order gives to requests in flight; the server answers within 10 ms."""


def work(scenario: Scenario, client: str, place: Place, longest: float, pipe: Connection) -> None:
    """Send ``READY`` or what prevents it; start when anything is received; run until killed, or until ``LEAVING``."""
    signal.alarm(round(longest) + 1)  # nobody outlives the benchmark, whatever becomes of the parent
    try:
        made = CLIENTS[client](place)
    except Unavailable as reason:
        pipe.send(str(reason))
        return
    except Exception as error:  # noqa: BLE001 - goes into the cell
        pipe.send(f"{type(error).__name__}: {error}")
        return
    crew = Crew(made, pipe, threading.Barrier(scenario.threads + 1, timeout=WARM_SECONDS))
    for _ in range(scenario.threads):
        threading.Thread(target=crew.spend, daemon=True).start()
    try:
        crew.warmed.wait()
    except threading.BrokenBarrierError:
        return  # the thread that broke it has said why
    pipe.send(READY)
    pipe.recv()
    crew.started.set()
    if scenario.life is None:
        threading.Event().wait()
    else:
        crew.stopping.wait(scenario.life)
    if scenario.crash:
        os.kill(os.getpid(), signal.SIGKILL)
    crew.stopping.set()
    pipe.send(LEAVING)
    time.sleep(GRACE)
    os._exit(0)  # threads that wait for the budget cannot be asked to leave


@define
class Crew:
    """The threads of one process."""

    client: Client
    pipe: Connection
    warmed: threading.Barrier
    started: threading.Event = field(factory=threading.Event)
    stopping: threading.Event = field(factory=threading.Event)

    def spend(self) -> None:
        chance = random.Random()  # noqa: S311 - no secret
        try:
            self.client.warm()
            self.warmed.wait()
            self.started.wait()
            while not self.stopping.is_set():
                self.client.call(write=chance.random() < WRITE_SHARE)
        except Exception:  # noqa: BLE001 - goes into the cell
            self.pipe.send(traceback.format_exc(limit=-3))
            self.warmed.abort()


def intrude(place: Place, units_a_second: float, longest: float, pipe: Connection) -> None:
    """Send reads at random moments, about so many a second, and obey Retry-After."""
    signal.alarm(round(longest) + 1)
    address = urlsplit(place.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    chance = random.Random()  # noqa: S311 - no secret
    pipe.send(READY)
    pipe.recv()
    due = time.monotonic()
    while True:
        due += chance.expovariate(units_a_second)
        time.sleep(max(due - time.monotonic(), 0.0))
        connection.request("GET", f"/{place.worker}")
        response = connection.getresponse()
        response.read()
        if response.status == 429:
            time.sleep(float(response.headers[RESET_HEADER]) / place.scale)
            due = time.monotonic()
