"""``desk.agents`` at Desk365: the account's own list where it has one, and whoever tickets have shown."""

from __future__ import annotations

import threading
from typing import Final

from attrs import define, field

from helpdesk_bridge.adapter import Agent, HelpdeskError
from helpdesk_bridge_desk365.client.client import Client
from helpdesk_bridge_desk365.port.observed import Shown

# Observed: an account that lacks a call answers 404, or 403 for want of access; a path of another method, 405.
_LACKING: Final = frozenset({403, 404, 405})


@define
class Desk365Agents:
    """Lists agents. No paper has the call that one client of 2026 makes, so that it is tried once for a desk."""

    _client: Client
    _shown: Shown
    _lacking: bool = field(default=False, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def list(self) -> tuple[Agent, ...]:
        """Return the agents by e-mail; those that tickets alone have shown stand beside those that are listed."""
        listed = self._listed()
        if listed is None:
            return self._shown.agents()
        self._shown.learn_agents(listed)
        return self._shown.known_agents()

    def _listed(self) -> tuple[Agent, ...] | None:
        with self._lock:
            if self._lacking:
                return None
            try:
                return self._client.agents()
            except HelpdeskError as error:
                if error.status not in _LACKING:
                    raise
                self._lacking = True
                return None
