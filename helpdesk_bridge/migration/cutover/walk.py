"""Walk: how far a cut-over is. Its state is in the journal, so that it can be left and taken up at any point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.migration.cutover.checklist import BY_PROGRAM, DELTA, VERIFY, Item, Phase
from helpdesk_bridge.migration.journal.facts import JournalFacts

CUTOVER: Final = "cutover"
"""Under which name the journal keeps it."""
_LAST: Final = list(Phase)


@frozen(eq=False)
class Walk:
    """The checklist of one migration, with what is done of it."""

    items: Sequence[Item]
    facts: JournalFacts
    now: Callable[[], datetime]

    @property
    def done(self) -> dict[str, dict[str, str]]:
        """Who did each item, and when; items that are no longer on the list are left out."""
        known: Mapping[str, Any] = self.facts.recall(CUTOVER, {})
        return {one.id: known[one.id] for one in self.items if one.id in known}

    def open_of(self, *phases: Phase) -> list[Item]:
        """Return what is still to be done in these phases."""
        done = self.done
        return [one for one in self.items if one.id not in done and one.phase in phases]

    @property
    def phase(self) -> Phase | None:
        """The phase that the cut-over is in; None when everything is done."""
        return next((phase for phase in _LAST if self.open_of(phase)), None)

    def check(self, item_id: str) -> None:
        """Raise ``ValueError`` for an item that a person cannot say is done now."""
        item = next((one for one in self.items if one.id == item_id), None)
        if item is None:
            raise ValueError(f"there is no item {item_id!r}; the list has {', '.join(one.id for one in self.items)}")
        if item_id in BY_PROGRAM:
            raise ValueError(f"{item_id} is done by the program, once the freeze is")
        before = self.open_of(*_LAST[: _LAST.index(item.phase)])
        if before:
            raise ValueError(f"{item_id} comes after {', '.join(one.id for one in before)}")

    def tick(self, item_id: str, *, by: str = "user") -> None:
        """Record that an item is done. Raises as ``check``, unless the program did it."""
        if by == "user":
            self.check(item_id)
        known = dict(self.facts.recall(CUTOVER, {}))
        known[item_id] = {"by": by, "at": self.now().replace(microsecond=0).isoformat()}
        self.facts.remember(**{CUTOVER: known})

    def untick(self, *item_ids: str) -> None:
        """Record that items are to be done after all; what the program did after the freeze goes with it."""
        known = dict(self.facts.recall(CUTOVER, {}))
        for item_id in item_ids:
            if item_id not in {one.id for one in self.items}:
                raise ValueError(f"there is no item {item_id!r}")
            known.pop(item_id, None)
        if "freeze" in item_ids:
            for item_id in BY_PROGRAM:
                known.pop(item_id, None)
        self.facts.remember(**{CUTOVER: known})

    def settle(self, *, verified: bool, current: bool) -> None:
        """Record what a verification showed: a source that moved since needs another delta, a difference a repair."""
        if verified and current:
            self.tick(VERIFY, by="program")
        elif not current:
            self.untick(DELTA, VERIFY)
        else:
            self.untick(VERIFY)
