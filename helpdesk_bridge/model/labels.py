"""Statuses and priorities in the vendor's own words: the one way in which adapters get them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import evolve

from helpdesk_bridge.errors import Invalid, Unsupported
from helpdesk_bridge.model.capabilities import Capabilities
from helpdesk_bridge.model.drafts import TicketChange, TicketDraft
from helpdesk_bridge.model.values import UNSET, Priority, Status
from helpdesk_bridge.text.plain import fold

W = TypeVar("W", TicketDraft, TicketChange)
M = TypeVar("M", Status, Priority)


def in_vendor_words(value: W, capabilities: Capabilities) -> W:
    """Return ``value`` with its status and priority as the vendor's own labels, or raise ``Unsupported`` or ``Invalid``."""
    changes: dict[str, Any] = {}
    if value.status is not UNSET:
        changes["status"] = _label(value.status, "status", capabilities.statuses, capabilities)
    if value.priority is not UNSET:
        changes["priority"] = _label(value.priority, "priority", capabilities.priorities, capabilities)
    return evolve(value, **changes) if changes else value


def _label(value: object, field: str, labels: Mapping[M, str], capabilities: Capabilities) -> str:
    vendor = capabilities.vendor
    if isinstance(value, (Status, Priority)):
        label = next((label for member, label in labels.items() if member is value), None)
        if label is not None:
            return label
        nearest = value.nearest(frozenset(capabilities.statuses)) if isinstance(value, Status) else Status.UNKNOWN
        hint = "" if nearest is Status.UNKNOWN else f"; the nearest is {nearest.value}"
        raise Unsupported(f"{vendor} has no {field} {value.value}{hint}", capability=f"{field}:{value.value}")
    if not isinstance(value, str) or not value.strip():
        what = "an empty text" if isinstance(value, str) else type(value).__name__
        raise Invalid(f"{field}: expected a member of the enum or the vendor's label, not {what}", field=field)
    for member, label in labels.items():
        if fold(value) in (fold(label), member.value):
            return label
    if field == "status" and capabilities.open_statuses:
        return value
    raise Unsupported(f"{vendor} has no such {field}; it has {', '.join(labels.values())}", capability=field)
