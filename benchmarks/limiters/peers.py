"""The other limiters, each as its own documentation has it used, over ``requests.Session(trust_env=False)``.

What a refusal says (``Retry-After``) every one of them obeys.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import requests
from attrs import define, field

from limiters.clients import Client, HelpdeskBridge, Place, Unavailable, cost
from limiters.scenarios import LIMIT, OURS, SECONDS
from limiters.server import FREE_PATH, RESET_HEADER


def library(name: str, package: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise Unavailable(f"{package} is not installed: pip install -r benchmarks/requirements.txt") from error


def plain_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


@define
class RetryLoop:
    """Ask ``acquire(units)``, send, and after a 429 sleep what it says; without ``acquire`` the naive loop."""

    place: Place
    acquire: Callable[[int], object] | None = None
    open_session: Callable[[], requests.Session] = plain_session
    _local: threading.local = field(factory=threading.local)

    def warm(self) -> None:
        session = self._local.session = self.open_session()
        session.get(f"{self.place.url}{FREE_PATH}", timeout=30).raise_for_status()

    def call(self, *, write: bool) -> None:
        method = "POST" if write else "GET"
        units = cost(method, "")
        url = f"{self.place.url}/{self.place.worker}"
        session = self._local.session
        while True:
            if self.acquire is not None:
                self.acquire(units)
            response = session.request(method, url, json={} if write else None, timeout=30)
            if response.status_code != 429:
                response.raise_for_status()
                response.json()
                return
            time.sleep(float(response.headers[RESET_HEADER]) / self.place.scale)


def naive(place: Place) -> Client:
    return RetryLoop(place)


def _pyrate_limiter(place: Place) -> Any:
    pyrate = library("pyrate_limiter", "pyrate-limiter")
    rates = [pyrate.Rate(LIMIT, round(SECONDS * 1000))]
    if place.store == "memory":
        return pyrate.Limiter(pyrate.InMemoryBucket(rates))
    if place.store == "file":
        library("filelock", "filelock")
        bucket = pyrate.SQLiteBucket.init_from_file(
            rates, db_path=str(place.folder / "pyrate.sqlite"), use_file_lock=True
        )
        return pyrate.Limiter(bucket)
    redis = library("redis", "redis")
    return pyrate.Limiter(pyrate.RedisBucket.init(rates, redis.Redis.from_url(place.servers.redis_url), "budget"))


def pyrate_limiter(place: Place) -> Client:
    limiter = _pyrate_limiter(place)

    def acquire(units: int) -> None:
        assert limiter.try_acquire("budget", weight=units, blocking=True)

    return RetryLoop(place, acquire)


def limits_moving(place: Place) -> Client:
    limits = library("limits", "limits")
    if place.store == "file":
        raise Unavailable("limits keeps no state in a file")
    if place.store == "redis":
        library("redis", "redis")
    storage = limits.storage.storage_from_string("memory://" if place.store == "memory" else place.servers.redis_url)
    limiter = limits.strategies.MovingWindowRateLimiter(storage)
    item = limits.RateLimitItemPerSecond(LIMIT, round(SECONDS))

    def acquire(units: int) -> None:
        while not limiter.hit(item, "budget", cost=units):
            reset = limiter.get_window_stats(item, "budget").reset_time
            time.sleep(max(reset - time.time(), 0.001))

    return RetryLoop(place, acquire)


def requests_ratelimiter(place: Place) -> Client:
    module = library("requests_ratelimiter", "requests-ratelimiter")
    limiter = _pyrate_limiter(place)  # its own factory makes the same, but one for each session

    def session() -> requests.Session:
        made: requests.Session = module.LimiterSession(limiter=limiter, per_host=False, bucket_name="budget")
        made.trust_env = False
        return made

    return RetryLoop(place, open_session=session)


CLIENTS: dict[str, Callable[[Place], Client]] = {
    OURS: HelpdeskBridge.open,
    "naive": naive,
    "pyrate-limiter": pyrate_limiter,
    "limits": limits_moving,
    "requests-ratelimiter": requests_ratelimiter,
}
QUICK = (OURS, "naive", "pyrate-limiter")
MODULES = ("pyrate_limiter", "limits", "limits.storage", "limits.strategies", "requests_ratelimiter", "redis")
"""Imported before the first process is forked: how long an import takes is not what is measured."""


def preload() -> None:
    for name in MODULES:
        try:
            import_module(name)
        except ImportError:
            continue  # the client that needs it says so in its cell
