"""Scope in the journal: read, chosen anew while nothing is written, and only widened afterwards."""

from __future__ import annotations

from attrs import frozen

from helpdesk_bridge.migration.journal.database.owned import SEARCH
from helpdesk_bridge.migration.journal.journal import Journal
from helpdesk_bridge.migration.outcome import WrongScope
from helpdesk_bridge.migration.scope.scope import SCOPE, MigrationScope, ScopeChoice


def kept_scope(journal: Journal) -> MigrationScope:
    """Return the scope of a journal: everything, unless another was chosen."""
    return MigrationScope.of_json(journal.facts.recall(SCOPE))


@frozen
class ScopeChange:
    """The scope of a run, and what the journal had before it."""

    before: MigrationScope
    scope: MigrationScope
    begun: bool

    @classmethod
    def of(cls, journal: Journal, choice: ScopeChoice | None) -> ScopeChange:
        """Return what a choice means for a journal. Raises ``WrongScope`` if it leaves out what the journal has begun."""
        before = kept_scope(journal)
        scope, begun = before if choice is None else choice.over(before), journal.begun()
        option = before.narrowed_by(scope) if begun else None
        if option is not None:
            raise WrongScope(
                f"{option} leaves out what this migration takes already ({before.words}), and it has begun to write: "
                f"a scope is only widened. Leave {option} out, or migrate the smaller part with a journal of its own; "
                "nothing was written"
            )
        return cls(before, scope, begun)

    @property
    def changed(self) -> bool:
        """Whether it is another scope than before."""
        return self.scope != self.before

    @property
    def anew(self) -> bool:
        """Whether what was planned before counts for nothing."""
        return self.changed and not self.begun

    def settle(self, journal: Journal) -> None:
        """Write the scope down. What was planned for another one, and nothing else, is forgotten."""
        if not self.changed:
            return
        if self.anew:
            journal.forget_planned()
        if not journal.facts.recall(SEARCH, {}).get("spared"):
            # What an earlier migration wrote of the tickets that are new in the scope is not known yet.
            journal.facts.remember(**{SEARCH: {}})
        journal.facts.remember(**{SCOPE: self.scope.as_json() or None})
