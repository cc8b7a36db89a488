"""Simulator of the Desk365 API v3, faithful on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge_desk365.simulator.app import API_KEY, FOREIGN_API_KEY, SECOND_API_KEY, Desk365Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator import Setting, SimulatorClock

__all__ = ["API_KEY", "FOREIGN_API_KEY", "SECOND_API_KEY", "Desk365Simulator", "create"]

_NO_SETTINGS: Mapping[str, Setting] = {}


def create(
    dataset: Dataset,
    *,
    clock: SimulatorClock | None = None,
    settings: Mapping[str, Setting] = _NO_SETTINGS,
    time_scale: float = 1.0,
) -> Desk365Simulator:
    """Seed a Desk365 account from the dataset; `settings` are its switches, see `Desk365Simulator.SWITCHES`."""
    return Desk365Simulator(dataset, clock=clock, settings=settings, time_scale=time_scale)
