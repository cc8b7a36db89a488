"""A simulated Deskie account, for tests, demonstrations and rehearsals of migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge_deskie.simulator.app import DeskieSimulator
from helpdesk_bridge_deskie.simulator.switches import SWITCHES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.clock import SimulatorClock
    from helpdesk_bridge.testing.simulator.switches import Setting

__all__ = ["SWITCHES", "DeskieSimulator", "create"]


def create(
    dataset: Dataset,
    *,
    clock: SimulatorClock | None = None,
    settings: Mapping[str, Setting] | None = None,
    time_scale: float = 1.0,
) -> DeskieSimulator:
    """Return a simulated account seeded with a dataset; its `connection` holds made-up credentials.

    `settings` are `SWITCHES` by name; an unknown one or an impossible value is a `SettingError`.
    """
    return DeskieSimulator(dataset, clock=clock, settings=settings, time_scale=time_scale)
