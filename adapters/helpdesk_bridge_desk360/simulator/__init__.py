"""Simulator of a Desk360 account, for tests, demonstrations and rehearsals of migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge_desk360.simulator.app import Desk360Simulator
from helpdesk_bridge_desk360.simulator.switches import API_KEY, LOGIN_EMAIL, LOGIN_PASSWORD, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.clock import SimulatorClock
    from helpdesk_bridge.testing.simulator.switches import Setting

__all__ = ["API_KEY", "LOGIN_EMAIL", "LOGIN_PASSWORD", "SWITCHES", "Desk360Simulator", "create"]


def create(
    dataset: Dataset,
    *,
    clock: SimulatorClock | None = None,
    settings: Mapping[str, Setting] | None = None,
    time_scale: float = 1.0,
) -> Desk360Simulator:
    """Return a simulated account whose customers are the dataset's contacts with a phone number.

    Its `connection` holds the panel's API key and the first integration, its `login` the pair for `POST /v1/login`.
    `settings` are `SWITCHES` by name; an unknown one or an impossible value is a `SettingError`.
    """
    return Desk360Simulator(dataset, clock=clock, settings=settings, time_scale=time_scale)
