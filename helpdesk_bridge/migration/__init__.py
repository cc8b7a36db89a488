"""Migrations between desks: resumable, verified, and without a call that is known to mail a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpdesk_bridge.lazy import lazy_names

if TYPE_CHECKING:
    from helpdesk_bridge.migration.journal.facts import Difference
    from helpdesk_bridge.migration.journal.reader import whose
    from helpdesk_bridge.migration.migration import Migration
    from helpdesk_bridge.migration.options import Level, Options, Threads
    from helpdesk_bridge.migration.outcome import (
        CredentialsLost,
        DecisionNeeded,
        ExitCode,
        Interrupted,
        JournalDamaged,
        JournalInUse,
        MigrationError,
        NeverPossible,
        WrongJournal,
    )
    from helpdesk_bridge.migration.plan.plan import Plan
    from helpdesk_bridge.migration.progress import Progress
    from helpdesk_bridge.migration.slices import Waiting
    from helpdesk_bridge.migration.summary import Summary

__all__ = [
    "CredentialsLost", "DecisionNeeded", "Difference", "ExitCode", "Interrupted", "JournalDamaged", "JournalInUse",
    "Level", "Migration", "MigrationError", "NeverPossible", "Options", "Plan", "Progress", "Summary", "Threads",
    "Waiting", "WrongJournal", "whose",
]  # fmt: skip

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "helpdesk_bridge.migration.journal.facts": "Difference",
        "helpdesk_bridge.migration.journal.reader": "whose",
        "helpdesk_bridge.migration.migration": "Migration",
        "helpdesk_bridge.migration.options": "Level Options Threads",
        "helpdesk_bridge.migration.outcome": """
            CredentialsLost DecisionNeeded ExitCode Interrupted JournalDamaged JournalInUse MigrationError
            NeverPossible WrongJournal
        """,
        "helpdesk_bridge.migration.plan.plan": "Plan",
        "helpdesk_bridge.migration.progress": "Progress",
        "helpdesk_bridge.migration.slices": "Waiting",
        "helpdesk_bridge.migration.summary": "Summary",
    },
)
