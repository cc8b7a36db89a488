"""A budget's state as bytes: format 3, packed; formats 2 and 1 (JSON) are read only."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping
from functools import cache
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception class
from typing import Any, Final

from helpdesk_bridge.ratelimit.holders import Holder
from helpdesk_bridge.ratelimit.identity import COUNT_BITS, RUN_BITS
from helpdesk_bridge.ratelimit.ledger import UNKNOWN, Ledger
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
from helpdesk_bridge.ratelimit.state import BudgetState, Waiter

FORMAT: Final = 3
_JSON: Final = 1

_STATE = Struct("=dddqqIII")
_LEDGER = Struct("=qqqqq?dddddd")
_FLIGHT, _WAITER, _HOLDER = Struct("=Qd"), Struct("=Qdd"), Struct("=Qddqq")
_OLD_HOLDER: Final = Struct("=Qd")
_WIDTH: Final = 8
"""Bytes of every entry of a column."""

_LARGEST: Final = (1 << 64) - 1


class Unreadable(Exception):
    """These bytes are no state of that budget; the message says why."""


class TooNew(Unreadable):
    """A later version of this program wrote them."""


def encode(state: BudgetState) -> bytes:
    """Return the state in the present format."""
    parts = [
        _STATE.pack(
            state.blocked_until,
            state.blocked_at,
            state.seen,
            state.strikes,
            state.share,
            len(state.flights),
            len(state.waiting),
            len(state.holders),
        )
    ]
    for ledger in state.ledgers:
        rows = ledger.releases
        parts += (
            _LEDGER.pack(
                len(rows),
                ledger.limit,
                ledger.used,
                ledger.in_flight,
                ledger.restored,
                ledger.told,
                ledger.seconds,
                ledger.swept,
                ledger.settled,
                ledger.outside_until,
                ledger.ends_from,
                ledger.ends_until,
            ),
            rows.tobytes(),
            ledger.units.tobytes(),
            ledger.earliest.tobytes(),
        )
    width = len(state.ledgers)
    if state.flights:
        flight = _with_amounts("=Qd", width)
        for ident, (amounts, lapses) in state.flights.items():
            parts.append(flight.pack(ident, lapses, *amounts))
    if state.waiting:
        waiting = _with_amounts("=Qdd", width)
        for ident, waiter in state.waiting.items():
            parts.append(waiting.pack(ident, waiter.order, waiter.lapses, *waiter.amounts))
    for process, one in state.holders.items():
        parts.append(_HOLDER.pack(process, one.seen, one.due, one.taken, one.priority))
    return b"".join(parts)


@cache
def _with_amounts(shape: str, windows: int) -> Struct:
    return Struct(f"{shape}{windows}q")


def decode(data: bytes, version: int, policy: RateLimitPolicy) -> BudgetState:
    """Return the state that was written. Raises ``Unreadable``."""
    if version > FORMAT:
        raise TooNew(f"a later version wrote it (format {version}, and this one reads up to {FORMAT})")
    try:
        state = _from_json(json.loads(data), policy) if version == _JSON else _packed(data, version, policy)
    except (StructError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise Unreadable(f"its content is damaged ({type(error).__name__})") from None
    if [ledger.seconds for ledger in state.ledgers] != [window.seconds for window in policy.windows]:
        raise Unreadable("it keeps other windows")
    return state


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, shape: Struct) -> tuple[Any, ...]:
        self._at += shape.size
        return shape.unpack_from(self._data, self._at - shape.size)

    def column(self, kind: str, length: int) -> array[Any]:
        start, self._at = self._at, self._at + length * _WIDTH
        if self._at > len(self._data):
            raise ValueError(length)
        return array(kind, self._data[start : self._at])


def _packed(data: bytes, version: int, policy: RateLimitPolicy) -> BudgetState:
    reader = _Reader(data)
    blocked_until, blocked_at, seen, strikes, share, flights, waiting, holders = reader.take(_STATE)
    windows = len(policy.windows)
    state = BudgetState(
        [_ledger(reader) for _ in range(windows)], policy.headers, blocked_until, blocked_at, strikes, seen, share
    )
    for _ in range(flights):
        ident, lapses = reader.take(_FLIGHT)
        state.flights[ident] = (tuple(reader.column("q", windows)), lapses)
    for _ in range(waiting):
        ident, order, lapses = reader.take(_WAITER)
        state.waiting[ident] = Waiter(order, tuple(reader.column("q", windows)), lapses)
    for _ in range(holders):
        process, *told = reader.take(_HOLDER if version == FORMAT else _OLD_HOLDER)
        state.holders[process] = Holder(*told)
    return state


def _ledger(reader: _Reader) -> Ledger:
    rows, limit, used, in_flight, restored, told, seconds, *times = reader.take(_LEDGER)
    swept, settled, outside_until, ends_from, ends_until = times
    return Ledger(
        limit,
        seconds,
        used,
        in_flight,
        told,
        swept,
        settled,
        outside_until,
        ends_from,
        ends_until,
        restored,
        releases=reader.column("d", rows),
        units=reader.column("q", rows),
        earliest=reader.column("d", rows),
    )


def _from_json(data: Mapping[str, Any], policy: RateLimitPolicy) -> BudgetState:
    state = BudgetState.fresh(policy)
    state.blocked_until, state.blocked_at = data["blocked"] or (UNKNOWN, UNKNOWN)
    state.strikes = int(data["strikes"])
    amounts: dict[str, list[int]] = {}
    lapses: dict[str, float] = {}
    for number, (ledger, old) in enumerate(zip(state.ledgers, data["ledgers"], strict=True)):
        ledger.limit, ledger.told, ledger.seconds = int(old["limit"]), bool(old["told"]), _finite(old["seconds"])
        for name in ("settled", "swept", "outside_until"):
            setattr(ledger, name, UNKNOWN if old[name] is None else _finite(old[name]))
        for release, units, earliest in sorted(old["charges"], key=lambda charge: float(charge[0])):
            ledger.releases.append(_finite(release))
            ledger.units.append(int(units))
            ledger.earliest.append(UNKNOWN if earliest is None else _finite(earliest))
            ledger.used += int(units)
        for ident, (units, lapse) in old["held"].items():
            amounts.setdefault(ident, [0] * len(state.ledgers))[number] = int(units)
            lapses[ident] = _finite(lapse)
            ledger.used += int(units)
            ledger.in_flight += int(units)
    for ident, held in amounts.items():
        pid, _, count = ident.partition(".")
        number = (int(pid, 16) << RUN_BITS + COUNT_BITS) | int(count, 16)
        state.flights[number & _LARGEST] = (tuple(held), lapses[ident])
    return state


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(value)
    return float(value)
