"""Faults in a program: where one strikes, and how the calls that it strikes may end."""

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
"""The faults that strike where nothing else is asked for: those that take no real time over sockets."""

LATE: Final = "late_commit"
_AT_PORT_ONLY: Final = frozenset({"connect_timeout"})
"""On sockets it would strike every connection, and not one call."""
_AGAIN_AND_AGAIN: Final = 12
"""More often than any desk repeats a read."""
_BELIEVED: Final = frozenset({"empty"})
"""A vendor whose empty lists have no body is believed when it says so twice."""
_UNSUITED: Final = {
    "duplicate_page": "an answer that was sent before may be that to another question",
    "skipped_page": "an answer lacks records then",
    "stale_search": "an answer lacks records then",
    "page_drift": "somebody else writes to the desk then",
    "foreign_next_link": "files come from elsewhere then",
}


class Removable(Protocol):
    """A fault in force."""

    def remove(self) -> None:
        """End it; harmless where it has ended."""


@frozen
class Strike:
    """One fault at one place, as programs name it: ``port response_lost``, ``wire empty x12``."""

    where: str
    fault: Fault
    times: int = 1

    @property
    def name(self) -> str:
        """How programs name it."""
        return f"{self.where} {self.fault.kind}{f' x{self.times}' if self.times > 1 else ''}"

    def error(self, operation: str) -> type[HelpdeskError] | None:
        """Return the error that ends a call that is struck time and again, None for success."""
        return OUTCOMES[self.fault.kind].of(EFFECTS[operation])

    def lands_late(self, operation: str) -> bool:
        """Whether a call may still be carried out after it has ended, without its caller being told to wait."""
        return self.fault.kind == LATE and EFFECTS[operation] is not Effect.CREATE


def strikes(names: Iterable[str], *, wire: bool) -> dict[str, Strike]:
    """Return what may strike, by name. Raises ``FaultError`` for a fault that is unknown, or that the machine cannot judge."""
    found: dict[str, Strike] = {}
    for fault in faults_named(names):
        made = [Strike("port", fault)]
        if wire and fault.kind not in _AT_PORT_ONLY:
            made.append(Strike("wire", fault))
            if fault.kind not in _BELIEVED:
                made.append(Strike("wire", fault, _AGAIN_AND_AGAIN))
        found |= {strike.name: strike for strike in made}
    return found


def faults_named(names: Iterable[str]) -> tuple[Fault, ...]:
    """Return faults by their names. Raises ``FaultError`` as ``strikes`` does."""
    if isinstance(names, str):
        raise FaultError(f"faults are names in a list, such as [{names!r}]")
    faults = tuple(Fault.named(name) for name in names)
    for fault in faults:
        if fault.kind in _UNSUITED:
            usable = ", ".join(FAULTS)
            raise FaultError(
                f"fault {fault.kind!r}: the machine cannot judge it ({_UNSUITED[fault.kind]}); it takes {usable}, and "
                "those that take real time"
            )
    return faults


def inject(switch: Any, strike: Strike, operation: str) -> Removable | None:
    """Put a fault in force for one call; None where this switch has no such operation: nothing goes out then."""
    try:
        injected: Removable = switch.inject(strike.fault.kind, on=operation, times=strike.times)
    except ValueError:
        return None
    return injected
