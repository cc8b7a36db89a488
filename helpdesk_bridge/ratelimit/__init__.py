"""How fast a vendor may be called: its policy as data, the budget that is left, and the governor that makes callers wait."""

from __future__ import annotations

from helpdesk_bridge.ratelimit.budget import Budget
from helpdesk_bridge.ratelimit.governor import Governor, Reservation
from helpdesk_bridge.ratelimit.policy import RateHeaders, RateLimitPolicy, Reading, Scope, Window
from helpdesk_bridge.ratelimit.store import Cell, MemoryStore, Store, StoreLost

__all__ = [
    "Budget",
    "Cell",
    "Governor",
    "MemoryStore",
    "RateHeaders",
    "RateLimitPolicy",
    "Reading",
    "Reservation",
    "Scope",
    "Store",
    "StoreLost",
    "Window",
]
