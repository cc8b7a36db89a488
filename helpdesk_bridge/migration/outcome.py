"""Exit codes and errors of a migration: how it can end, and what each end means to a shell.

.. code-block:: text

    MigrationError              a migration could not continue; ``exit_code`` is the command's exit code
    ├── NeverPossible     2     this pair of desks cannot be migrated; nothing was sent
    ├── WrongJournal      2     the journal belongs to another pair of desks
    ├── WrongMap          2     a field map does not fit the two desks; nothing was written
    ├── WrongScope        2     a scope that matches nothing, or leaves out what was begun; nothing was written
    ├── JournalDamaged    1     the journal cannot be read
    ├── CredentialsLost   4     a desk no longer accepts the credentials; resumable
    ├── Interrupted       5     stopped and resumable: a signal, an outage past the deadline, a full disk
    ├── JournalInUse      6     another process owns the journal
    └── DecisionNeeded    7     a hazard is unacknowledged, a value has no counterpart, markers are of another key

No message holds a customer's text, an e-mail of a customer or a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of the command; ``helpdesk_bridge.cli.exit_codes`` chooses one for any error."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    CREDENTIALS = 4
    STOPPED = 5
    IN_USE = 6
    DECISION = 7
    SECOND_SIGNAL = 130


class MigrationError(Exception):
    """A migration could not continue. The journal stays, and a later run continues from it."""

    exit_code: ExitCode = ExitCode.FAILED


class NeverPossible(MigrationError):
    """This pair of desks can never be migrated; no call was made."""

    exit_code = ExitCode.USAGE


class WrongJournal(MigrationError):
    """The journal belongs to another pair of desks, or was written by a newer version."""

    exit_code = ExitCode.USAGE


class WrongMap(MigrationError):
    """A field map names a field that does not exist or is taken, or one of another type. Nothing was written."""

    exit_code = ExitCode.USAGE


class WrongScope(MigrationError):
    """A scope is not one, matches no ticket, or leaves out what this migration has begun. Nothing was written."""

    exit_code = ExitCode.USAGE


class JournalDamaged(MigrationError):
    """The journal cannot be read. ``migrate rebuild`` makes a new one from the markers at the destination."""

    exit_code = ExitCode.FAILED


class CredentialsLost(MigrationError):
    """A desk no longer accepts the credentials. No record was marked as failed; correct them and run again."""

    exit_code = ExitCode.CREDENTIALS


class Interrupted(MigrationError):
    """The run stopped before its end and can be resumed."""

    exit_code = ExitCode.STOPPED


class JournalInUse(MigrationError):
    """Another process owns the journal; ``pid`` and ``host`` say which."""

    exit_code = ExitCode.IN_USE

    def __init__(self, message: str, *, pid: int | None = None, host: str | None = None) -> None:
        super().__init__(message)
        self.pid = pid
        self.host = host


class DecisionNeeded(MigrationError):
    """The user must decide first.

    ``hazards``, ``values`` and ``others`` say what is open, as arguments of ``migrate decide``; ``others`` is what
    ``yes`` does not decide.
    """

    exit_code = ExitCode.DECISION

    def __init__(
        self, message: str, *, hazards: Sequence[str] = (), values: Sequence[str] = (), others: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.hazards = tuple(hazards)
        self.values = tuple(values)
        self.others = tuple(others)


__all__ = [
    "CredentialsLost", "DecisionNeeded", "ExitCode", "Interrupted", "JournalDamaged", "JournalInUse",
    "MigrationError", "NeverPossible", "WrongJournal", "WrongMap", "WrongScope",
]  # fmt: skip
