"""Progress and waits of the command, on stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from helpdesk_bridge.cli.output import say, saying_above
from helpdesk_bridge.clock import real_seconds
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.http.events import Waiting

if TYPE_CHECKING:
    from helpdesk_bridge.migration.watch.estimate import Estimate

SHOWN_FROM_SECONDS = 1.0


def tell_waits(desk: Desk) -> Callable[[Any], None]:
    """Return a subscriber that tells on stderr when a call waits for over a second of real time, and why."""

    def tell(event: Any) -> None:
        if isinstance(event, Waiting) and event.seconds / desk.clock.time_scale >= SHOWN_FROM_SECONDS:
            say(f"{desk}: waiting {event.seconds:.0f} s: {event.reason}")

    return tell


class Progress:
    """A bar for each phase on a terminal, a line a minute elsewhere; both with rate and end. Safe from several threads."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._lock = threading.Lock()
        self._quiet = quiet
        self._began: dict[str, tuple[float, int]] = {}
        self._told: dict[str, float] = {}
        self._ended: set[str] = set()
        self._tasks: dict[str, Any] = {}
        self._bar: Any = None
        self._above = ExitStack()
        self.ends: Callable[[], Estimate | None] = lambda: None

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as RichProgress

            self._bar = RichProgress(
                TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(),
                TextColumn("{task.fields[pace]}"), console=Console(stderr=True), transient=True, expand=True,
            )  # fmt: skip
            self._bar.start()
            self._above.enter_context(saying_above(self._print, self._away))
        return self

    def __exit__(self, *_: object) -> None:
        self._above.close()
        if self._bar is not None:
            self._bar.stop()

    def _print(self, text: str) -> None:
        from rich.text import Text

        self._bar.console.print(Text(text))

    @contextmanager
    def _away(self) -> Iterator[None]:
        self._bar.stop()
        try:
            yield
        finally:
            self._bar.start()

    def update(self, phase: str, done: int, total: int | None) -> None:
        """Tell that ``done`` of ``total`` of a phase are done."""
        if self._quiet:
            return
        with self._lock:
            now = real_seconds()
            at, before = self._began.setdefault(phase, (now, done))
            pace = _pace(now - at, done - before)
            if self._bar is not None:
                if phase not in self._tasks:
                    self._tasks[phase] = self._bar.add_task(phase, total=total, pace="")
                self._bar.update(self._tasks[phase], completed=done, total=total, pace=_joined(pace, self._end()))
                return
            ended = done == total
            if ended and phase in self._ended:
                return
            if ended:
                self._ended.add(phase)
            if phase in self._told and not ended and now - self._told[phase] < TOLD_EVERY:
                return
            first = phase not in self._told
            self._told[phase] = now
            if first and not ended and done == before:
                return
        of = "" if total is None else f" of {total}"
        say(_joined(f"{phase}: {done}{of}", pace, "" if ended else self._end()))

    def _end(self) -> str:
        ends = self.ends()
        if ends is None:
            return ""
        least, most = (rounded(seconds) for seconds in (ends.earliest, ends.latest))
        return f"ends in {least} to {most}" if least != most else f"ends in about {most}"


TOLD_EVERY: Final = 60.0
"""Real seconds between two lines about a phase where stderr is no terminal."""
_LEAST: Final = 1.0


def _pace(seconds: float, done: int) -> str:
    return f"{60 * done / seconds:.0f} a minute" if seconds >= _LEAST and done else ""


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def rounded(seconds: float) -> str:
    """Return a span of time as people say it."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
