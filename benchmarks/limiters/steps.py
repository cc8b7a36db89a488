"""What one step of a limiter costs by itself, without any HTTP."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from helpdesk_bridge.clock import SystemClock
from helpdesk_bridge.ratelimit.policy import RateHeaders, RateLimitPolicy, Window
from helpdesk_bridge.ratelimit.shared import shared_governor
from limiters.clients import Servers, Unavailable
from limiters.peers import library

ENOUGH = 10**9
REPETITIONS, QUICK_REPETITIONS = 7, 3
HEADERS = {"rate_limit_per_minute": str(ENOUGH), "retry_after": "60"}


@frozen
class Step:
    """Wall and CPU time of one step: the medians of some rounds, or None and a note."""

    name: str
    microseconds: float | None = None
    cpu_microseconds: float | None = None
    note: str | None = None


def _governor(budget: str, *, settles: bool) -> Callable[[], object]:
    policy = RateLimitPolicy(
        windows=(Window(ENOUGH, 60, "units"),),
        headers=RateHeaders(limit="rate_limit_per_minute", reset="retry_after", retry_after="retry_after"),
    )
    governor = shared_governor(("scaled", "step", f"{budget}{settles}"), policy, budget, SystemClock())

    def whole() -> None:
        governor.settle(governor.reserve(1), 200, HEADERS)

    def reserve_only() -> object:
        return governor.reserve(1)

    return whole if settles else reserve_only


def _pyrate(folder: Path | None) -> Callable[[], object]:
    pyrate = library("pyrate_limiter", "pyrate-limiter")
    rates = [pyrate.Rate(ENOUGH, 2000)]
    if folder is None:
        limiter = pyrate.Limiter(pyrate.InMemoryBucket(rates))
    else:
        library("filelock", "filelock")
        path = str(folder / "pyrate.sqlite")
        limiter = pyrate.Limiter(pyrate.SQLiteBucket.init_from_file(rates, db_path=path, use_file_lock=True))
    return lambda: limiter.try_acquire("budget")


def _limits(url: str) -> Callable[[], object]:
    limits = library("limits", "limits")
    limiter = limits.strategies.FixedWindowRateLimiter(limits.storage.storage_from_string(url))
    item = limits.RateLimitItemPerMinute(ENOUGH)
    return lambda: limiter.hit(item, "budget")


def _ping(url: str) -> Callable[[], object]:
    client: Any = library("redis", "redis").Redis.from_url(url)
    return lambda: client.ping()  # noqa: PLW0108 - a function of known type


def _select(url: str) -> Callable[[], object]:
    connection: Any = library("psycopg", "psycopg").connect(url, autocommit=True)
    return lambda: connection.execute("SELECT 1").fetchone()


def measure(servers: Servers, *, quick: bool = False) -> list[Step]:
    """Return every step, those that cannot be had here with the reason."""
    repetitions = QUICK_REPETITIONS if quick else REPETITIONS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = f"file:{folder / 'budget'}"
        cases: list[tuple[str, int, Callable[[], Callable[[], object]]]] = [
            ("helpdesk_bridge, memory, reserve + settle (two steps)", 2000, lambda: _governor("memory", settles=True)),
            ("helpdesk_bridge, file, reserve + settle (two steps)", 2000, lambda: _governor(file, settles=True)),
            (
                "helpdesk_bridge, Redis, reserve + settle (two steps)",
                500,
                lambda: _governor(servers.redis_url, settles=True),
            ),
            (
                "helpdesk_bridge, PostgreSQL, reserve + settle (two steps)",
                300,
                lambda: _governor(servers.url("postgresql"), settles=True),
            ),
            ("PostgreSQL, SELECT 1 (one round trip)", 300, lambda: _select(servers.url("postgresql"))),
            ("Redis, PING (one round trip)", 500, lambda: _ping(servers.redis_url)),
            ("pyrate-limiter, memory, acquire", 2000, lambda: _pyrate(None)),
            ("pyrate-limiter, SQLite + file lock, acquire", 300, lambda: _pyrate(folder)),
            ("limits, memory, hit", 2000, lambda: _limits("memory://")),
            ("limits, Redis, hit", 500, lambda: _limits(servers.redis_url)),
        ]
        return [_timed(*case, repetitions) for case in cases]


def _timed(name: str, count: int, make: Callable[[], Callable[[], object]], repetitions: int) -> Step:
    try:
        step = make()
        for _ in range(count // 10):
            step()
        taken, worked = [], []
        for _ in range(repetitions):
            began, began_work = time.perf_counter(), time.process_time()
            for _ in range(count):
                step()
            taken.append((time.perf_counter() - began) / count * 1e6)
            worked.append((time.process_time() - began_work) / count * 1e6)
    except Exception as error:  # noqa: BLE001 - the table says what is missing or broken
        kind = "" if isinstance(error, Unavailable) else f"{type(error).__name__}: "
        return Step(name, note=f"{kind}{error}")
    return Step(name, round(statistics.median(taken), 2), round(statistics.median(worked), 2))
