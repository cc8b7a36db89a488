"""Progress of a migration: how many records of a phase are done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import frozen


@frozen
class Progress:
    """How far a run is: ``done`` of ``total`` records of a phase (None while that is not known)."""

    phase: str
    done: int
    total: int | None = None


class CountsProgress(Protocol):
    """What the steps of a migration tell what they did."""

    def __call__(self, phase: str, records: int = 1, /) -> None:
        """Count records of a phase."""
        ...


class ProgressCount:
    """Counts the records of each phase for the caller's ``report``; ``total_of`` is asked once a phase."""

    def __init__(self, report: Callable[[Progress], None] | None, total_of: Callable[[str], int | None]) -> None:
        self._report = report
        self._total_of = total_of
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}

    def begin(self, done: Mapping[str, int]) -> None:
        """Report what earlier runs did of each phase, and count on from there."""
        if self._report is None:
            return
        with self._lock:
            self._done.update(done)
            self._totals.update({phase: self._total_of(phase) for phase in done})
        for phase, records in done.items():
            self._report(Progress(phase, records, self._totals[phase]))

    def count(self, phase: str, records: int = 1) -> None:
        """Count more records of a phase and report it. Safe to call from several threads."""
        if self._report is None:
            return
        with self._lock:
            done = self._done[phase] = self._done.get(phase, 0) + records
            if phase not in self._totals:
                self._totals[phase] = self._total_of(phase)
        self._report(Progress(phase, done, self._totals[phase]))
