"""A compared desk: its ids for the machine's names, the values it chose itself, and the write in doubt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import define, field, frozen

from helpdesk_bridge.clock import Clock
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.chaos import ChaosHelpdesk
from helpdesk_bridge.testing.machine.errors import Disagreement
from helpdesk_bridge.testing.machine.faults import PlacedFault, inject
from helpdesk_bridge.testing.machine.model import Row
from helpdesk_bridge.testing.machine.snapshots import CUSTOM

GRANULARITY: Final = timedelta(seconds=1)
"""Vendors keep whole seconds."""
LAG: Final = timedelta(seconds=3)
"""Vendors are observed that date a change a second or two late."""
SKEW: Final = timedelta(minutes=10)
"""How far a vendor's clock may be from ours, where it is not the same."""
_MOVING_TIMES: Final = ("updated_at", "closed_at", "solved_at", "first_response_at")
_EARLIER: Final = "earlier "


@frozen
class WriteInDoubt:
    """A ticket that may have been created: its name, what sends it once more, and how long to wait first."""

    name: str
    again: Callable[[ComparedDesk], Ticket]
    settle_seconds: float
    keyed: bool


@define(eq=False)
class ComparedDesk:
    """A desk, with faults at its port and perhaps on its wire.

    ``ids`` and ``refs`` are the desk's for the machine's names; ``own`` holds values that the desk gave and no program wrote:
    they must stay the same until the next write.
    """

    name: str
    desk: Helpdesk
    chaos: ChaosHelpdesk
    clock: Clock
    wire: Any = None
    shares_clock: bool = True
    ids: dict[str, str] = field(factory=dict)
    refs: dict[str, str] = field(factory=dict)
    own: defaultdict[str, dict[str, Any]] = field(factory=lambda: defaultdict(dict))
    message_ids: dict[str, list[str]] = field(factory=dict)
    doubt: WriteInDoubt | None = None

    def called(self, kind: str, record_id: str) -> str | None:
        """Return the machine's name for a ticket or contact of this desk."""
        return next((name for name, one in self.ids.items() if one == record_id and name.startswith(kind)), None)

    def names(self, kind: str, record_ids: Iterable[str]) -> list[str]:
        """Return the machine's names for tickets or contacts of this desk; a record without a name keeps its id."""
        return [self.called(kind, record_id) or record_id for record_id in record_ids]

    def bind(self, name: str, record_id: str, ref: str | None = None) -> None:
        """Record the id of a record. A record keeps its id, and no other record has it."""
        kind = name.partition(" ")[0]
        known, holder = self.ids.setdefault(name, record_id), self.called(kind, record_id)
        if known != record_id or holder != name:
            raise Disagreement(
                f"{self.name}: {name} has the id {record_id!r}, which is {holder}'s; its own is {known!r}"
            )
        if ref is not None:
            self.refs[name] = ref

    @contextmanager
    def under_fault(self, operation: str, placed: PlacedFault | None) -> Iterator[None]:
        """Put a fault in force for one call of an operation within the block."""
        switch = None if placed is None else self.chaos.faults if placed.where == "port" else self.wire
        injected = inject(switch, placed, operation) if placed is not None and switch is not None else None
        try:
            yield
        finally:
            if injected is not None:
                injected.remove()

    # ---- comparing

    def compare(self, name: str, row: Row, seen: Mapping[str, Any], *, among: Mapping[str, Any] | None = None) -> None:
        """Compare a record of the desk with the model, and keep the values that are the desk's own.

        ``among`` are values that fields may have instead, if an update may have happened or not.
        """
        fields, own = row["fields"], self.own[name]
        for field_name, value in seen.items():
            if field_name in ("created_at", *_MOVING_TIMES):
                self._compare_time(name, row, field_name, value)
            elif field_name == "custom_fields":
                self._compare_custom(name, fields, value, among or {})
            elif field_name not in fields:
                self._same(name, field_name, value, own.setdefault(field_name, value))
            elif among is None or value != among.get(field_name, fields[field_name]):
                self._same(name, field_name, value, fields[field_name])

    def _compare_custom(
        self, name: str, fields: Mapping[str, Any], seen: Mapping[str, Any], among: Mapping[str, Any]
    ) -> None:
        for field_name, value in fields.items():
            there = seen.get(field_name)
            if field_name.startswith(CUSTOM) and there not in (value, among.get(field_name, value)):
                self._same(name, field_name, there, value)
        written_fields = {*fields, *among}
        unwritten = {one: value for one, value in seen.items() if one not in written_fields}
        before = self.own[name].setdefault("custom_fields", unwritten)
        expected = {one: value for one, value in before.items() if one not in written_fields}
        self._same(name, "custom fields that no program wrote", unwritten, expected)

    def _same(self, name: str, field_name: str, value: Any, expected: Any) -> None:
        if value != expected:
            raise Disagreement(f"{self.name}: {field_name} of {name} is {value!r}, and should be {expected!r}")

    def _compare_time(self, name: str, row: Row, field_name: str, value: datetime | None) -> None:
        own = self.own[name]
        if field_name in own:
            self._same(name, field_name, value, own[field_name])
            return
        own[field_name] = value
        before = own.get(_EARLIER + field_name)
        if value is None or value == before:
            return
        self.timely(f"{field_name} of {name}", value, row["since"])
        if field_name == "updated_at" and before is not None and value < before:
            raise Disagreement(f"{self.name}: updated_at of {name} went back from {before} to {value}")

    def timely(self, what: str, value: datetime, since: datetime) -> None:
        """Raise ``Disagreement`` for a time that is not between ``since`` and now, by the desk's own clock."""
        early, late = (GRANULARITY, LAG) if self.shares_clock else (SKEW, SKEW)
        now = self.clock.wall()
        if value.utcoffset() != timedelta(0):
            raise Disagreement(f"{self.name}: {what} is {value!r}, which is not in UTC")
        if not since - early <= value <= now + late:
            raise Disagreement(f"{self.name}: {what} is {value}; it happened between {since} and {now}")

    def release(self, name: str, fields: frozenset[str]) -> None:
        """Forget the desk's own values of these fields, which a write may have changed."""
        own = self.own[name]
        for field_name in fields & own.keys():
            own[_EARLIER + field_name] = own.pop(field_name)
