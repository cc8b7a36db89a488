"""The saved filters of an agent."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from helpdesk_bridge_deskie.simulator.refusals import missing


@frozen
class SavedFilter:
    """A filter and what it asks for, in the words of the case list. `filter_id` is 0 for the system's own."""

    filter_id: int
    name: str
    conditions: dict[str, Any]


FILTERS = (
    SavedFilter(0, "All cases", {}),
    SavedFilter(1, "Open and unassigned", {"status": "open", "staff_id": 0}),
    SavedFilter(2, "Waiting", {"status": "waiting"}),
    SavedFilter(3, "Critical", {"priority": "critical", "status": ["open", "waiting"]}),
)
"""assumed: which there are; recorded: that ids are whole numbers and the system's is 0."""


def saved_filter(filter_id: str) -> dict[str, Any]:
    """Return the conditions of a saved filter; 404 `filter_not_found` for an unknown id (assumed)."""
    for each in FILTERS:
        if str(each.filter_id) == filter_id:
            return each.conditions
    raise missing("filter")
