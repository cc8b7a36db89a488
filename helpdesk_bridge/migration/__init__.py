"""Migrations between desks: resumable, verified, and without a call that is known to mail a customer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpdesk_bridge.migration.journal.journal import whose
    from helpdesk_bridge.migration.migration import Migration
    from helpdesk_bridge.migration.options import Level, Options, Progress, Threads
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
    from helpdesk_bridge.migration.summary import Summary
    from helpdesk_bridge.migration.verify.differences import Difference

_HOME = {
    "Migration": "migration", "Plan": "plan.plan", "Summary": "summary", "Difference": "verify.differences", "whose": "journal.journal",
    **dict.fromkeys(("Level", "Options", "Progress", "Threads"), "options"),
    **dict.fromkeys(
        (
            "CredentialsLost", "DecisionNeeded", "ExitCode", "Interrupted", "JournalDamaged", "JournalInUse",
            "MigrationError", "NeverPossible", "WrongJournal",
        ),
        "outcome",
    ),
}  # fmt: skip

__all__ = [
    "CredentialsLost", "DecisionNeeded", "Difference", "ExitCode", "Interrupted", "JournalDamaged", "JournalInUse",
    "Level", "Migration", "MigrationError", "NeverPossible", "Options", "Plan", "Progress", "Summary", "Threads",
    "WrongJournal", "whose",
]  # fmt: skip


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
