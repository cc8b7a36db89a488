"""Cursors as text: the position of a listing, written for its next page and validated when read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from helpdesk_bridge.adapter import Invalid

_FAR: Final = 10**12
"""Beyond any time in Unix seconds and any page."""


def read_cursor(cursor: str, names: Collection[str]) -> Mapping[str, Any]:
    """Return a cursor's values by name. Raises ``Invalid`` for a text that no listing of ours wrote."""
    try:
        position = json.loads(cursor)
    except ValueError:
        position = None
    if not isinstance(position, dict) or set(position) != set(names) or not all(map(_plausible, position.values())):
        raise Invalid("this cursor does not belong to this listing", field="cursor")
    return position


def _plausible(value: Any) -> bool:
    return value is None or (isinstance(value, int) and abs(value) < _FAR)


def write_cursor(**position: int | None) -> str:
    """Return a position as text."""
    return json.dumps(position, separators=(",", ":"))
