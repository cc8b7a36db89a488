"""What the page of a migration shows: its journal, and what the process at work says."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from helpdesk_bridge.clock import real_seconds
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.journal.states import State
from helpdesk_bridge.migration.outcome import ExitCode, MigrationError
from helpdesk_bridge.migration.report.facts import Facts, read_facts
from helpdesk_bridge.migration.summary import PLURAL
from helpdesk_bridge.migration.watch.at_work import as_json, at_work
from helpdesk_bridge.migration.watch.live import read_live
from helpdesk_bridge.private_files import companions

JOURNAL_EVERY: Final = 3.0
"""A journal is read again at most so often, in seconds: each reading checks every row."""
SHOWN: Final = 50
_ENDS: Final = {
    ExitCode.OK: "everything so far is in order",
    ExitCode.STOPPED: "not everything is done yet",
    ExitCode.INCOMPLETE: "some records are not as they should be",
    ExitCode.DECISION: "a decision is needed",
}


@define
class WatchedJournal:
    """One journal that a page shows."""

    path: Address
    _read: dict[str, Any] = field(factory=dict, init=False)
    _stamp: tuple[tuple[int, int] | None, ...] = field(default=(), init=False)
    _read_at: float = field(default=-JOURNAL_EVERY, init=False)

    def state(self) -> dict[str, Any]:
        """Return everything that the page shows of this migration, as JSON values; an ``error`` in place of what cannot be read."""
        worker, live = at_work(self.path), read_live(self.path)
        working = live if worker is not None and live is not None and live["pid"] == worker.pid else None
        last = live if live is not None and live["result"] is not None else None
        return {
            "journal": str(self.path),
            "at_work": as_json(worker),
            **self._journal(),
            "live": working or last,
        }

    def _journal(self) -> dict[str, Any]:
        # Of a database nothing tells that it changed.
        files = (self.path, *companions(self.path)) if isinstance(self.path, Path) else ()
        stamp = tuple(_stamp(file) for file in files)
        if (stamp != self._stamp or not files) and real_seconds() - self._read_at >= JOURNAL_EVERY:
            try:
                self._read = _told(read_facts(self.path), self.path)
            except FileNotFoundError:
                self._read = {"error": "the journal does not exist yet"}
            except (MigrationError, ConfigError) as error:
                self._read = {"error": str(error)}
            self._stamp, self._read_at = stamp, real_seconds()
        return self._read


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _told(facts: Facts, journal: Address) -> dict[str, Any]:
    return {
        "title": f"{facts.labels['source']} to {facts.labels['destination']}",
        "created": facts.created.isoformat(timespec="seconds"),
        "counts": {PLURAL[kind]: counts.as_json() for kind, counts in facts.counts.items()},
        "spent": {side: dict(zip(("calls", "units", "refused"), of, strict=True)) for side, of in facts.spent.items()},
        "verified": facts.level,
        "differences": len(facts.differences),
        "standing": _ENDS.get(facts.exit_code, f"it would end with {int(facts.exit_code)}"),
        "exit_code": int(facts.exit_code),
        "alarming": facts.exit_code not in (ExitCode.OK, ExitCode.STOPPED),
        "wanted": [*_doubts(facts, journal), *_differences(facts, journal), *_failures(facts, journal)][:SHOWN],
    }


def _command(journal: Address, verb: str, *arguments: str) -> str:
    return shlex.join(["helpdesk-bridge", "migrate", verb, "--journal", str(journal), *arguments])


def _doubts(facts: Facts, journal: Address) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "what": f"{doubt.kind.value} {doubt.id} is in doubt",
            "why": doubt.evidence,
            "commands": [
                _command(journal, "decide", "--in-doubt", f"{doubt.named}={word}")
                for word in ("found:REF", "again", "skip")
            ],
        }
        for doubt in facts.doubts
    ]


def _differences(facts: Facts, journal: Address) -> Sequence[Mapping[str, Any]]:
    if not facts.differences:
        return []
    return [
        {
            "what": f"{len(facts.differences)} differences were found by the latest verification",
            "why": "repair mends those that nobody changed at the destination, and lists the others",
            "commands": [_command(journal, "repair")],
        }
    ]


def _failures(facts: Facts, journal: Address) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "what": f"{reason.count} {PLURAL[reason.kind]} failed, such as {', '.join(reason.ids[:3])}",
            "why": reason.reason,
            "commands": [_command(journal, "run")],
        }
        for reason in facts.reasons
        if reason.state is State.FAILED
    ]


def summed(states: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """Return what the page asks for: the migrations, side by side."""
    return {"now": now.isoformat(timespec="milliseconds"), "migrations": list(states)}
