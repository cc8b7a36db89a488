"""A budget's state as bytes, packed, in format 4."""

from __future__ import annotations

from array import array
from functools import cache
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception class
from typing import Any, Final

from helpdesk_bridge.ratelimit.holders import Holder
from helpdesk_bridge.ratelimit.identity import COUNT_BITS
from helpdesk_bridge.ratelimit.ledger import Ledger
from helpdesk_bridge.ratelimit.policy import RateLimitPolicy
from helpdesk_bridge.ratelimit.state import BudgetState, Flight, Waiter

FORMAT: Final = 4
"""Of those before it, no release wrote any."""

MAGIC: Final = b"hbrl"

_HEAD = Struct("=4sH")
_STATE = Struct("=Qddddqq3I")
_LEDGER = Struct("=5q?6d")
_HOLDER = Struct("=Qddqq64p")
_WIDTH: Final = 8
"""Bytes of every entry of a column."""

_COUNTED: Final = (1 << COUNT_BITS) - 1


class Unreadable(Exception):
    """These bytes are no state of that budget; the message says why."""


class Foreign(Unreadable):
    """They are not ours, or a later version of this program wrote them."""


def encode(state: BudgetState) -> bytes:
    """Return the state in the present format."""
    parts = [
        _HEAD.pack(MAGIC, FORMAT),
        _STATE.pack(
            state.birth,
            state.skew,
            state.blocked_until,
            state.blocked_at,
            state.seen,
            state.strikes,
            state.share,
            len(state.flights),
            len(state.waiting),
            len(state.holders),
        ),
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
    flown, waits = _shapes(len(state.ledgers))
    for ident, flight in state.flights.items():
        process, count = ident >> COUNT_BITS, ident & _COUNTED
        parts.append(flown.pack(process, count, flight.lapses, flight.sent, flight.alone, *flight.amounts))
    for ident, waiter in state.waiting.items():
        process, count = ident >> COUNT_BITS, ident & _COUNTED
        parts.append(waits.pack(process, count, waiter.order, waiter.lapses, *waiter.amounts))
    for process, one in state.holders.items():
        parts.append(_HOLDER.pack(process, one.seen, one.due, one.taken, one.priority, one.host.encode()))
    return b"".join(parts)


@cache
def _shapes(windows: int) -> tuple[Struct, Struct]:
    """Return the shapes of a flight and of a waiter, with their amounts."""
    return Struct(f"=QIdd?{windows}q"), Struct(f"=QIdd{windows}q")


def decode(data: bytes, policy: RateLimitPolicy) -> BudgetState:
    """Return the state that was written. Raises ``Unreadable``."""
    if data[: len(MAGIC)] != MAGIC:
        raise Foreign("it holds something else, and is left alone")
    try:
        reader = _Reader(data)
        _, version = reader.take(_HEAD)
        if version > FORMAT:
            raise Foreign(f"a later version wrote it (format {version}, and this one reads {FORMAT})")
        if version < FORMAT:
            raise Unreadable(f"its format is {version}, and this version reads {FORMAT}")
        state = _state(reader, policy)
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


def _state(reader: _Reader, policy: RateLimitPolicy) -> BudgetState:
    birth, skew, blocked_until, blocked_at, seen, strikes, share, flights, waiting, holders = reader.take(_STATE)
    windows = len(policy.windows)
    ledgers = [_ledger(reader) for _ in range(windows)]
    state = BudgetState(ledgers, policy.headers, birth, skew, blocked_until, blocked_at, strikes, seen, share)
    flown, waits = _shapes(windows)
    for _ in range(flights):
        process, count, lapses, sent, alone, *amounts = reader.take(flown)
        state.flights[(process << COUNT_BITS) | count] = Flight(tuple(amounts), lapses, sent, alone)
    for _ in range(waiting):
        process, count, order, lapses, *amounts = reader.take(waits)
        state.waiting[(process << COUNT_BITS) | count] = Waiter(order, tuple(amounts), lapses)
    for _ in range(holders):
        process, seen, due, taken, priority, host = reader.take(_HOLDER)
        state.holders[process] = Holder(seen, due, taken, priority, host.decode(errors="replace"))
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
