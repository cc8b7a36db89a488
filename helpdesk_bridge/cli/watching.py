"""What watches a migration command: the bar on the terminal, the live state for the page, notices, the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from attrs import define, field

from helpdesk_bridge.cli.exit_codes import ExitCode, exit_code_of
from helpdesk_bridge.cli.output import say
from helpdesk_bridge.cli.progress import Progress
from helpdesk_bridge.config.consent import is_reference
from helpdesk_bridge.config.settings import read_secret
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.outage import Wait
from helpdesk_bridge.migration.progress import Progress as Done
from helpdesk_bridge.migration.watch.live import LiveState
from helpdesk_bridge.migration.watch.notify import Notifier, deliverer

_MEANING = {
    ExitCode.OK: "it ended and everything is in order",
    ExitCode.INCOMPLETE: "it ended, and some records are not as they should be",
    ExitCode.STOPPED: "it was stopped, and the next run goes on",
}


@define
class Watching:
    """What is told of a migration while it works."""

    _bar: Progress
    _live: LiveState
    _notifier: Notifier
    code: ExitCode = field(default=ExitCode.OK, init=False)
    """What the command ends with, unless it fails."""

    def progress(self, done: Done) -> None:
        """Show how far a phase is."""
        self._live.progress(done)
        self._bar.update(done.phase, done.done, done.total)

    def waits(self, wait: Wait) -> None:
        """Show what is waited for."""
        self._live.waits(wait)
        self._notifier.waits(wait)

    def begin(self, migration: Migration) -> None:
        """Watch the migration from now on."""
        self._bar.ends = self._live.ends
        self._live.begin(migration)


@contextmanager
def watching(
    journal: Address, command: str, *, page: bool = False, notify: tuple[str, ...] = (), quiet: bool = False
) -> Iterator[Watching]:
    """Watch one command of a migration until it ends, and tell how it did; ``quiet`` shows no bar. Raises ``ConfigError`` for a bad target."""
    targets = tuple(deliverer(read_secret(target, "--notify") if is_reference(target) else target) for target in notify)
    live, notifier = LiveState(journal, command), Notifier(targets, f"Migration {journal.name}")
    with ExitStack() as stack:
        if page:
            from helpdesk_bridge.migration.watch.server import WatchServer

            say(f"watch it at {stack.enter_context(WatchServer([journal])).url}")
        bar = stack.enter_context(Progress(quiet=quiet))
        watched = Watching(bar, live, notifier)
        try:
            yield watched
        except BaseException as error:
            code = exit_code_of(error) if isinstance(error, Exception) else ExitCode.SECOND_SIGNAL
            why = str(error) if hasattr(error, "exit_code") else type(error).__name__
            live.close(exit_code=int(code), why=why)
            notifier.tell("decision" if code == ExitCode.DECISION else "ended", f"migrate {command}: {why}", int(code))
            raise
        code = watched.code
        live.close(exit_code=int(code), why=_MEANING.get(code, ""))
        notifier.tell("ended", f"migrate {command}: {_MEANING.get(code, f'it ended with {int(code)}')}", int(code))
