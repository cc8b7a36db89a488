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

from limiters.clients import Client, Place, Unavailable
from limiters.peers import CLIENTS
from limiters.scenarios import WRITE_SHARE, Scenario
from limiters.server import RESET_HEADER

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

READY = "ready"
LEAVING = "leaving"
GRACE = 0.05
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
    pipe.send(READY)
    pipe.recv()
    stopping = threading.Event()
    for _ in range(scenario.threads):
        threading.Thread(target=_spend, args=(made, stopping, pipe), daemon=True).start()
    if scenario.life is None:
        threading.Event().wait()
    else:
        stopping.wait(scenario.life)
    if scenario.crash:
        os.kill(os.getpid(), signal.SIGKILL)
    stopping.set()
    pipe.send(LEAVING)
    time.sleep(GRACE)
    os._exit(0)  # threads that wait for the budget cannot be asked to leave


def _spend(client: Client, stopping: threading.Event, pipe: Connection) -> None:
    chance = random.Random()  # noqa: S311 - no secret
    try:
        while not stopping.is_set():
            client.call(write=chance.random() < WRITE_SHARE)
    except Exception:  # noqa: BLE001 - goes into the cell
        pipe.send(traceback.format_exc(limit=-3))


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
