"""Factories of empty desks for the state machine, and its settings here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from conformance.accounts import local, simulated, told_by_tickets
from hypothesis import HealthCheck, Phase, settings

from helpdesk_bridge import open_desk
from helpdesk_bridge.testing.machine import DeskUnderTest
from helpdesk_bridge.testing.machine.run import EXAMPLES

Factory = Callable[[], AbstractContextManager[DeskUnderTest]]
STEPS = 15


def programs(few: int, steps: int = STEPS, **more: Any) -> settings:
    """Return settings that try the same few programs every time; HELPDESK_BRIDGE_EXAMPLES asks for that many new ones."""
    asked = os.environ.get(EXAMPLES)
    return _settings(int(asked or few), steps, derandomize=asked is None, **more)


def first_failure(most: int, steps: int = STEPS) -> settings:
    """Return settings that end with the first program that fails, as it is: the tests of mutants need no short one."""
    return _settings(most, steps, derandomize=True, phases=[Phase.generate])


def _settings(most: int, steps: int, **more: Any) -> settings:
    return settings(
        max_examples=most,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        **more,
    )


def in_files(folder: Path, opening: Callable[..., Any] = open_desk) -> Factory:
    """Return a factory of local desks, each in a file of its own."""
    numbers = count()

    @contextmanager
    def opened() -> Iterator[DeskUnderTest]:
        with local(str(folder / f"{next(numbers)}.db"), opening) as account:
            yield DeskUnderTest(desk=account.desk, clock=account.clock, reopen=account.reopen)

    return opened


def over_simulators(vendor: str, front: str, folder: Path, opening: Callable[..., Any] = open_desk) -> Factory:
    """Return a factory of desks over simulators, with faults on the wire."""
    numbers = count()

    @contextmanager
    def opened() -> Iterator[DeskUnderTest]:
        own = {"inbox": str(folder / f"{next(numbers)}.db"), "check_window": False} if vendor == "desk360" else {}
        with simulated(vendor, front, settings={"rate_limit": 100_000}, opening=opening, **own) as account:
            yield DeskUnderTest(
                desk=account.desk,
                faults=account.simulator.faults,
                clock=account.clock,
                vocabulary=told_by_tickets() if vendor == "desk365" else None,
                reopen=account.reopen,
            )

    return opened
