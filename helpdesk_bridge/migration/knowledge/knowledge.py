"""The migration of a knowledge base, under the journal of its migration."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from attrs import asdict, field, frozen

from helpdesk_bridge.adapter import KnowledgeBase
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.knowledge.check import KnowledgeCheck, KnowledgeDifference
from helpdesk_bridge.migration.knowledge.entries import Entries, Entry, State
from helpdesk_bridge.migration.knowledge.links import Addresses
from helpdesk_bridge.migration.knowledge.load import KnowledgeLoad
from helpdesk_bridge.migration.knowledge.losses import Contents, KnowledgePlan, planned
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.outcome import DecisionNeeded, ExitCode, NeverPossible

_OLD, _NEW, _ACCEPTED = "knowledge addresses: source", "knowledge addresses: destination", "knowledge accepted"


@frozen
class KnowledgeSummary:
    """What became of a knowledge base. ``counts`` are by kind and state; ``left`` are the entries that need a person."""

    counts: dict[str, dict[str, int]]
    left: tuple[Entry, ...]
    differences: tuple[KnowledgeDifference, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """What a command ends with."""
        return ExitCode.INCOMPLETE if self.left or self.differences else ExitCode.OK

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        left = [
            {"record": one.kind.value, "id": one.id, "state": one.state.value, "why": one.reason} for one in self.left
        ]
        return {"counts": self.counts, "left": left, "differences": [asdict(one) for one in self.differences]}


@frozen(slots=False, eq=False)
class KnowledgeMigration:
    """The steps. Raises ``NeverPossible`` on first use if a desk has no knowledge base."""

    context: LoadContext
    journal: Journal
    accept: bool = field(default=False)
    """Whether the user accepts what the plan announces."""

    @cached_property
    def _bases(self) -> tuple[KnowledgeBase, KnowledgeBase]:
        sides = (self.context.source, self.context.destination)
        lacking = [side.label for side in sides if not side.desk.knowledge_base]
        if lacking:
            raise NeverPossible(f"{' and '.join(lacking)}: no knowledge base can be read or written there")
        old, new = (side.desk.knowledge_base for side in sides)
        assert old and new  # noqa: S101, PT018 - both were looked at
        return old, new

    @cached_property
    def _contents(self) -> Contents:
        return self.context.source_outage.of_record(lambda: Contents.of(self._bases[0]))

    def addresses(self, old: str | None, new: str | None) -> None:
        """Remember how articles are addressed on each side, ``{id}`` for the id. Raises ``ValueError``."""
        given = {_OLD: Addresses.checked(old), _NEW: Addresses.checked(new)}
        if given := {name: pattern for name, pattern in given.items() if pattern is not None}:
            self.journal.facts.remember(**given)

    def plan(self) -> KnowledgePlan:
        """Read the source and return what a run would do. Writes nothing."""
        old, new = self._bases
        return planned(self._contents, old.traits, new.traits)

    def run(self) -> KnowledgeSummary:
        """Write what is missing. Raises ``DecisionNeeded`` while what changes on the way is not accepted."""
        plan = self.plan()
        facts = self.journal.facts
        if self.accept:
            facts.remember(**{_ACCEPTED: True})
        elif plan.changes and not facts.recall(_ACCEPTED):
            raise DecisionNeeded(
                "not everything of the knowledge base stays as it is: look at migrate kb plan, then run with --yes"
            )
        old, new = (Addresses(facts.recall(name)) for name in (_OLD, _NEW))
        entries = Entries(self.journal)
        KnowledgeLoad(self.context, self._bases[1], entries, self._contents, old, new).run()
        return _summary(entries)

    def verify(self) -> KnowledgeSummary:
        """Read every article back, and list the source again."""
        entries = Entries(self.journal)
        read = self.context.destination_outage.of_record
        found = KnowledgeCheck(self._bases[1], entries, self._contents, read).run()
        return _summary(entries, tuple(found))


def _summary(entries: Entries, differences: tuple[KnowledgeDifference, ...] = ()) -> KnowledgeSummary:
    counts: dict[str, Counter[str]] = {}
    for entry in entries.all():
        counts.setdefault(entry.kind.value, Counter())[entry.state.value] += 1
    left = tuple(one for one in entries.all() if one.reason or one.state is State.INTENT)
    return KnowledgeSummary({kind: dict(counted) for kind, counted in counts.items()}, left, differences)
