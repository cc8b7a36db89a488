"""What is measured: each scenario is a server, the processes that spend its budget, and where they keep its state."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

StoreKind = Literal["memory", "file", "redis", "postgresql"]

LIMIT = 600
SECONDS = 2.0
MINUTE_SCALE = 30.0
HOUR_SCALE = 1800.0
WRITE_SHARE = 0.3
WRITE_UNITS = 2


@frozen(kw_only=True)
class ServerSettings:
    """The vendor. ``latency`` is real seconds for there and back; ``scale`` is vendor seconds a real second."""

    scale: float = MINUTE_SCALE
    latency: float = 0.0
    reset_header: bool = True
    penalised: bool = False
    sliding: bool = False


@frozen(kw_only=True)
class Scenario:
    """One row of the table.

    ``life``: real seconds after which each process is replaced by a fresh one, in order (what is in flight is
    answered first) unless ``crash``, which is SIGKILL. ``outsider``: the units a second that a stranger tries to spend.
    """

    name: str
    processes: int = 1
    threads: int = 8
    store: StoreKind = "memory"
    server: ServerSettings = ServerSettings()
    life: float | None = None
    crash: bool = False
    outsider: float = 0.0
    reserve: int = 0
    quick: bool = False
    only: frozenset[str] | None = None
    """The clients that can take part; None for all."""


OUTSIDER_UNITS_A_SECOND = 60.0
"""A fifth of the budget: 120 of 600 units a window, at random moments."""

OURS = "helpdesk_bridge"
RESTART = 0.75

SCENARIOS = (
    Scenario(name="sole consumer, 1 thread", threads=1),
    Scenario(name="sole consumer, 8 threads", quick=True),
    Scenario(name="4 processes over a file", processes=4, threads=1, store="file", quick=True),
    Scenario(name="4 processes over Redis", processes=4, threads=1, store="redis"),
    Scenario(
        name="4 processes over PostgreSQL", processes=4, threads=1, store="postgresql", only=frozenset({OURS, "naive"})
    ),
    Scenario(name="outsider on the same budget", outsider=OUTSIDER_UNITS_A_SECOND, quick=True),
    Scenario(
        name="outsider, 2 % reserve",
        outsider=OUTSIDER_UNITS_A_SECOND,
        reserve=LIMIT * 2 // 100,
        only=frozenset({OURS}),
    ),
    Scenario(name="restarts every 0.75 s, shared file", store="file", life=RESTART, quick=True),
    Scenario(name="restarts every 0.75 s, Redis", store="redis", life=RESTART),
    Scenario(
        name="restarts every 0.75 s, PostgreSQL", store="postgresql", life=RESTART, only=frozenset({OURS, "naive"})
    ),
    Scenario(name="kill -9 every 0.75 s, shared file", store="file", life=RESTART, crash=True),
    Scenario(name="refusals charged to the next window", server=ServerSettings(penalised=True)),
    Scenario(name="latency of 200 ms by scale", server=ServerSettings(latency=0.2 / MINUTE_SCALE)),
    Scenario(name="no reset header", server=ServerSettings(reset_header=False), quick=True),
    Scenario(name="an hour by scale", server=ServerSettings(scale=HOUR_SCALE)),
    Scenario(name="sliding server window", server=ServerSettings(sliding=True, reset_header=False)),
)
