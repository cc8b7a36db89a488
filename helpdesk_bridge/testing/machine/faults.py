"""Faults in a program: where a fault is put in force, and how a call may end that meets it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

from attrs import frozen

from helpdesk_bridge.errors import HelpdeskError
from helpdesk_bridge.http.request import Effect
from helpdesk_bridge.testing.faults import EFFECTS, OUTCOMES, Fault, FaultError

FAULTS: Final = (
    "RATE_LIMITED", "SERVER_ERROR", "CONNECT_TIMEOUT", "RESPONSE_LOST", "LATE_COMMIT", "CONNECTION_RESET",
    "EMPTY_RESPONSE", "TRUNCATED_BODY", "MALFORMED_JSON", "HTML_ERROR_PAGE", "TOKEN_EXPIRED", "FOREIGN_REDIRECT",
)  # fmt: skip
"""The default faults: those that take no real time over sockets."""

LATE: Final = "late_commit"
_AT_PORT_ONLY: Final = frozenset({"connect_timeout"})
"""On sockets it would meet every connection instead of a single call."""
_MORE_THAN_ANY_RETRY: Final = 12
"""More often than a desk repeats any read."""
_BELIEVED_WHEN_REPEATED: Final = frozenset({"empty"})
"""A vendor whose empty lists have no body is believed when it says so twice."""
_NOT_JUDGED: Final = {
    "duplicate_page": "an earlier answer may belong to another call",
    "skipped_page": "answers then lack records",
    "stale_search": "answers then lack records",
    "page_drift": "another user then writes to the desk",
    "foreign_next_link": "files then come from another host",
}


class ActiveFault(Protocol):
    """A fault in force."""

    def remove(self) -> None:
        """End the fault; harmless if it has ended."""


@frozen
class PlacedFault:
    """A fault at the port or on the wire, as programs name it: ``port response_lost``, ``wire empty x12``."""

    where: str
    fault: Fault
    times: int = 1

    @property
    def name(self) -> str:
        """How programs name it."""
        return f"{self.where} {self.fault.kind}{f' x{self.times}' if self.times > 1 else ''}"

    def error(self, operation: str) -> type[HelpdeskError] | None:
        """Return the error that ends a call that meets the fault every time, None for success."""
        return OUTCOMES[self.fault.kind].of(EFFECTS[operation])

    def lands_late(self, operation: str) -> bool:
        """Whether the vendor may carry the call out after it has ended, with no error that asks the caller to wait."""
        return self.fault.kind == LATE and EFFECTS[operation] is not Effect.CREATE


def placed_faults(names: Iterable[str], *, wire: bool) -> dict[str, PlacedFault]:
    """Return placed faults by their names. Raises ``FaultError`` for a fault that is unknown or that the machine cannot judge."""
    found: dict[str, PlacedFault] = {}
    for fault in faults_named(names):
        made = [PlacedFault("port", fault)]
        if wire and fault.kind not in _AT_PORT_ONLY:
            made.append(PlacedFault("wire", fault))
            if fault.kind not in _BELIEVED_WHEN_REPEATED:
                made.append(PlacedFault("wire", fault, _MORE_THAN_ANY_RETRY))
        found |= {placed.name: placed for placed in made}
    return found


def faults_named(names: Iterable[str]) -> tuple[Fault, ...]:
    """Return faults by their names. Raises ``FaultError`` as ``placed_faults`` does."""
    if isinstance(names, str):
        raise FaultError(f"faults are names in a list, such as [{names!r}]")
    faults = tuple(Fault.named(name) for name in names)
    for fault in faults:
        if fault.kind in _NOT_JUDGED:
            usable = ", ".join(FAULTS)
            raise FaultError(
                f"fault {fault.kind!r}: the machine cannot judge it ({_NOT_JUDGED[fault.kind]}); it takes {usable}, and "
                "those that take real time"
            )
    return faults


def inject(switch: Any, placed: PlacedFault, operation: str) -> ActiveFault | None:
    """Put a fault in force for one call; return None if the switch has no such operation, which then sends nothing."""
    try:
        injected: ActiveFault = switch.inject(placed.fault.kind, on=operation, times=placed.times)
    except ValueError:
        return None
    return injected
