"""A budget's state as bytes: packed, in format 4."""

from __future__ import annotations

from array import array
from functools import cache
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception class
from typing import Any, Final

from helpdesk_bridge.ratelimit.holders import Holder
from helpdesk_bridge.ratelimit.ledger import Ledger
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
from helpdesk_bridge.ratelimit.state import BudgetState, Flight, Waiter

FORMAT: Final = 4
"""Of those before it, no release wrote any."""

_STATE = Struct("=dddqqIII")
_LEDGER = Struct("=qqqqq?dddddd")
_FLIGHT, _WAITER, _HOLDER = Struct("=Qdd?"), Struct("=Qdd"), Struct("=Qddqq")
_WIDTH: Final = 8
"""Bytes of every entry of a column."""


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
                ledger.doubtful_until,
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
        shape = _with_amounts("=Qdd?", width)
        for ident, flight in state.flights.items():
            parts.append(shape.pack(ident, flight.lapses, flight.sent, flight.alone, *flight.amounts))
    if state.waiting:
        shape = _with_amounts("=Qdd", width)
        for ident, waiter in state.waiting.items():
            parts.append(shape.pack(ident, waiter.order, waiter.lapses, *waiter.amounts))
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
    if version < FORMAT:
        raise Unreadable(f"its format is {version}, and this version reads {FORMAT}")
    try:
        state = _packed(data, policy)
    except (StructError, ValueError) as error:
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


def _packed(data: bytes, policy: RateLimitPolicy) -> BudgetState:
    reader = _Reader(data)
    blocked_until, blocked_at, seen, strikes, share, flights, waiting, holders = reader.take(_STATE)
    windows = len(policy.windows)
    state = BudgetState(
        [_ledger(reader) for _ in range(windows)], policy.headers, blocked_until, blocked_at, strikes, seen, share
    )
    for _ in range(flights):
        ident, lapses, sent, alone = reader.take(_FLIGHT)
        state.flights[ident] = Flight(tuple(reader.column("q", windows)), lapses, sent, alone)
    for _ in range(waiting):
        ident, order, lapses = reader.take(_WAITER)
        state.waiting[ident] = Waiter(order, tuple(reader.column("q", windows)), lapses)
    for _ in range(holders):
        process, *told = reader.take(_HOLDER)
        state.holders[process] = Holder(*told)
    return state


def _ledger(reader: _Reader) -> Ledger:
    rows, limit, used, in_flight, restored, told, seconds, *times = reader.take(_LEDGER)
    swept, doubtful_until, outside_until, ends_from, ends_until = times
    return Ledger(
        limit,
        seconds,
        used,
        in_flight,
        told,
        swept,
        doubtful_until,
        outside_until,
        ends_from,
        ends_until,
        restored,
        releases=reader.column("d", rows),
        units=reader.column("q", rows),
        earliest=reader.column("d", rows),
    )
