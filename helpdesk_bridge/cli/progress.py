"""Progress and waits of the command, on stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, Self

from helpdesk_bridge.cli.output import say
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.http.events import Waiting

SHOWN_FROM_SECONDS = 1.0


def tell_waits(desk: Desk) -> Callable[[Any], None]:
    """Return a subscriber that tells on stderr when a call waits for over a second of real time, and why."""

    def tell(event: Any) -> None:
        if isinstance(event, Waiting) and event.seconds / desk.clock.time_scale >= SHOWN_FROM_SECONDS:
            say(f"{desk}: waiting {event.seconds:.0f} s: {event.reason}")

    return tell


class Progress:
    """A bar on a terminal, a line now and then elsewhere; safe from several threads."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._lock = threading.Lock()
        self._quiet = quiet
        self._shown: dict[str, int] = {}
        self._tasks: dict[str, Any] = {}
        self._bar: Any = None

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as RichProgress

            self._bar = RichProgress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, phase: str, done: int, total: int | None) -> None:
        """Tell that ``done`` of ``total`` of a phase are done."""
        if self._quiet:
            return
        with self._lock:
            if self._bar is not None:
                if phase not in self._tasks:
                    self._tasks[phase] = self._bar.add_task(phase, total=total)
                self._bar.update(self._tasks[phase], completed=done, total=total)
                return
            step = max(1, total // 10) if total else 100
            if done == total or done - self._shown.get(phase, 0) >= step:
                self._shown[phase] = done
                say(f"{phase}: {done}" + (f" of {total}" if total is not None else ""))
