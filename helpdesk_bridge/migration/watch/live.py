"""Live state of a migration: what the process at work is doing, in a small file beside the journal.

``<journal>.live`` is written about once a second and replaced whole, so that any process can read it at any time. It holds
counts, times, and templates of paths: no id, no address and no text.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define, field, frozen

from helpdesk_bridge.http.events import Attempt
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.journal.database.address import Address, beside
from helpdesk_bridge.migration.marker import SIDES
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.outage import Wait
from helpdesk_bridge.migration.progress import Progress
from helpdesk_bridge.migration.watch.estimate import Estimate, PhaseCourse, Rest, Sample, Side, estimate
from helpdesk_bridge.private_files import read_regular, write_private

VERSION: Final = 1
EVERY: Final = 1.0
CALLS: Final = 40
HISTORY: Final = 240
RECENT: Final = 60.0
"""Real seconds over which a rate is counted."""
_LARGEST: Final = 1 << 20
_SUFFIX: Final = ".live"


def live_file(journal: Address) -> Path:
    """Return where the live state of a journal is; that of a database's migration is on the host that works with it."""
    place = beside(journal)
    return place.with_name(place.name + _SUFFIX)


def read_live(journal: Address) -> Mapping[str, Any] | None:
    """Return the live state that was last written; None if there is none that can be read."""
    try:
        content, _ = read_regular(live_file(journal), _LARGEST)
        document = json.loads(content or b"null")
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("version") == VERSION else None


@frozen
class PhaseState:
    """How far a phase is; ``per_minute`` is the recent rate."""

    name: str
    done: int
    total: int | None
    per_minute: float | None


@define
class _Phase:
    began: int
    done: int
    total: int | None
    course: PhaseCourse = field(factory=PhaseCourse)
    recent: deque[tuple[float, int]] = field(factory=deque)

    def rate(self, now: float) -> float | None:
        while len(self.recent) > 2 and now - self.recent[0][0] > RECENT:  # noqa: PLR2004 - a first and a last
            self.recent.popleft()
        if not self.recent or now - self.recent[0][0] < EVERY:
            return None
        at, done = self.recent[0]
        return 60.0 * (self.done - done) / (now - at) if self.done > done else None


@define
class _Watched:
    side: MigrationDesk
    before: tuple[int, int, int]
    history: deque[tuple[float, int]] = field(factory=lambda: deque(maxlen=HISTORY))

    @property
    def spent(self) -> tuple[int, int, int]:
        now = self.side.spent()
        return now.calls - self.before[0], now.units - self.before[1], now.refused - self.before[2]


class LiveState:
    """Gathers what a migration is doing and writes it beside its journal until ``close``.

    ``progress`` and ``waits`` are for the migration's parameters of the same names. A disk that refuses is no reason to stop
    a migration: the page then has nothing new to show.
    """

    def __init__(self, journal: Address, command: str) -> None:
        self._journal = journal
        self._command = command
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._phases: dict[str, _Phase] = {}
        self._waits: dict[str, tuple[Wait, float]] = {}
        self._calls: deque[dict[str, Any]] = deque(maxlen=CALLS)
        self._sides: dict[str, _Watched] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._busy = 0.0
        self._last: tuple[Any, ...] = ()
        self._ends: Estimate | None = None
        self.result: dict[str, Any] | None = None

    def begin(self, migration: Migration) -> None:
        """Watch a migration and both of its desks from now on."""
        self._migration = migration
        self._clock = migration.destination.clock
        self._started = self._clock.wall()
        for name, side in zip(SIDES, (migration.source, migration.destination), strict=True):
            spent = side.spent()
            self._sides[name] = _Watched(side, (spent.calls, spent.units, spent.refused))
            self._unsubscribe.append(side.desk.subscribe(self._saw(name)))
        self._thread = threading.Thread(target=self._write_on, name="live state", daemon=True)
        self._thread.start()

    # -- what happens ----------------------------------------------------------------------------------------------

    def progress(self, progress: Progress) -> None:
        """Take note of what is done of a phase."""
        with self._lock:
            phase = self._phases.get(progress.phase)
            if phase is None:
                phase = self._phases[progress.phase] = _Phase(progress.done, progress.done, progress.total)
                phase.course.add(Sample(phase.began, self._units(), self._busy))
                phase.recent.append((self._now(), phase.began))
            phase.done, phase.total = max(phase.done, progress.done), progress.total

    def waits(self, wait: Wait) -> None:
        """Take note of what a side is waited for."""
        with self._lock:
            self._waits[wait.side] = (wait, self._now() + wait.seconds)

    def _saw(self, name: str) -> Callable[[object], None]:
        def saw(event: object) -> None:
            if isinstance(event, Attempt):
                call = {
                    "at": self._clock.wall().isoformat(timespec="seconds"),
                    "side": name,
                    "method": event.method,
                    "path": event.path,
                    "operation": event.operation,
                    "status": event.status,
                    "failure": event.failure,
                    "units": event.units,
                    "ms": round(event.elapsed_ms),
                }
                with self._lock:
                    self._calls.append(call)

        return saw

    def ends(self) -> Estimate | None:
        """Return when the migration ends, as it was last estimated."""
        return self._ends

    # -- what is written -------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._clock.now() / self._clock.time_scale

    def _units(self) -> tuple[int, int]:
        return self._sides["source"].spent[1], self._sides["destination"].spent[1]

    def _write_on(self) -> None:
        while not self._ended.wait(EVERY):
            self.write()

    def write(self) -> None:
        """Write the state as it is now."""
        with self._lock:
            document = self._document()
        try:
            write_private(live_file(self._journal), json.dumps(document).encode(), sync=False)
        except OSError:
            return

    def _document(self) -> dict[str, Any]:
        now, wall = self._now(), self._clock.wall()
        self._sample(now)
        ends = self._ends = self._estimate()
        waiting = [(wait, until - now) for wait, until in self._waits.values() if until > now]
        return {
            "version": VERSION,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": self._command,
            "started": self._started.isoformat(timespec="seconds"),
            "written": wall.isoformat(timespec="milliseconds"),
            "phases": [
                asdict(PhaseState(name, phase.done, phase.total, phase.rate(now)))
                for name, phase in self._phases.items()
            ],
            "waiting": [{"side": wait.side, "seconds": left, "reason": wait.reason} for wait, left in waiting],
            "sides": {name: self._side(watched) for name, watched in self._sides.items()},
            "calls": list(self._calls),
            "end": None if ends is None else _moments(ends, wall),
            "result": self.result,
        }

    def _sample(self, now: float) -> None:
        units = self._units()
        seen = (*units, *(phase.done for phase in self._phases.values()))
        at, before = self._last or (now, seen)
        if seen != before:
            self._busy += now - at
        self._last = (now, seen)
        for phase in self._phases.values():
            phase.recent.append((now, phase.done))
            phase.course.add(Sample(phase.done, units, self._busy))
        for watched in self._sides.values():
            budget = watched.side.desk.budget
            if budget is not None:
                watched.history.append((now, budget.remaining))

    def _estimate(self) -> Estimate | None:
        planned = self._migration.record_units
        tickets = self._phases.get("tickets")
        # Contacts that are left once tickets are written come with their tickets.
        over = {"contacts"} if tickets is not None and tickets.done > tickets.began else set()
        rests = [
            Rest(records=max(0, phase.total - phase.done), course=phase.course, planned=planned.get(name))
            for name, phase in self._phases.items()
            if phase.total is not None and name not in over
        ]
        return estimate(rests, [self._budget(watched.side) for watched in self._sides.values()]) if rests else None

    @staticmethod
    def _budget(side: MigrationDesk) -> Side:
        budget, scale = side.desk.budget, side.clock.time_scale
        if budget is None:
            return Side(label=side.label)
        return Side(label=side.label, forecast=lambda units: side.forecast(units) / scale, limit=budget.limit)

    def _side(self, watched: _Watched) -> dict[str, Any]:
        budget, scale = watched.side.desk.budget, watched.side.clock.time_scale
        calls, units, refused = watched.spent
        resets = None if budget is None else budget.resets_in
        newest = watched.history[-1][0] if watched.history else 0.0
        return {
            "label": watched.side.label,
            "calls": calls,
            "units": units,
            "refused": refused,
            "limit": None if budget is None else budget.limit,
            "left": None if budget is None else budget.remaining,
            "resets_in": None if resets is None else resets / scale,
            "history": [[round(at - newest, 1), left] for at, left in watched.history],
        }

    def close(self, **result: Any) -> None:
        """Write how it ended, and watch no more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self.result = result
            self.write()


def _moments(ends: Estimate, wall: datetime) -> dict[str, Any]:
    names = ("earliest", "likely", "latest")
    moments = {name: wall + timedelta(seconds=min(getattr(ends, name), _LONGEST)) for name in names}
    return {name: moment.isoformat(timespec="seconds") for name, moment in moments.items()} | {"why": ends.why}


_LONGEST: Final = 100 * 366 * 86_400.0
