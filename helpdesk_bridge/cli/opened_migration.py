"""What commands of a migration share: its two desks and its journal, opened, and the decisions that it asks for."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import click

from helpdesk_bridge.cli.journal_option import JOURNAL
from helpdesk_bridge.cli.migration_scope import check_scope, reserve_of
from helpdesk_bridge.cli.migration_text import as_typed
from helpdesk_bridge.cli.options import PATIENT, complete_desk, json_option, open_named
from helpdesk_bridge.cli.output import say
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.cli.watching import watching
from helpdesk_bridge.migration.journal.database.address import Address, DatabaseAddress
from helpdesk_bridge.migration.journal.database.migrations import default_name
from helpdesk_bridge.migration.journal.reader import whose
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.options import Options
from helpdesk_bridge.migration.outcome import DecisionNeeded

F = TypeVar("F", bound=Callable[..., Any])

MOVED: Final = f"{__name__}.moved"
"""Where the context of a command holds the user's word that a journal was moved."""


def _claim(ctx: click.Context, _parameter: click.Parameter, moved: bool) -> None:
    ctx.meta[MOVED] = moved


def of_a_migration(command: F) -> F:
    """Add the options that name a migration."""
    for decorate in (
        json_option,
        click.option(
            "--moved",
            is_flag=True,
            expose_value=False,
            callback=_claim,
            help="This journal was moved here, and the one that it looks like a copy of is gone.",
        ),
        click.option("--journal", **JOURNAL),
        click.option("--to", "destination", shell_complete=complete_desk, help="The desk to move into."),
        click.option("--from", "source", shell_complete=complete_desk, help="The desk to move."),
    ):
        command = decorate(command)
    return command


@contextmanager
def opened(
    ctx: click.Context,
    source: str | None,
    destination: str | None,
    journal: Address,
    *,
    page: bool = False,
    notify: tuple[str, ...] = (),
    quiet: bool = False,
    **options: Any,
) -> Iterator[Migration]:
    """Open the two desks and the journal; the first Ctrl-C or SIGTERM drains, the second ends at once."""
    if isinstance(journal, DatabaseAddress) and source and destination:
        journal, known = journal.named(default_name({"source_desk": source, "destination_desk": destination})), {}
    else:
        known = _known(journal)
    names = (source or known.get("source_desk"), destination or known.get("destination_desk"))
    if None in names:
        raise click.UsageError("--from and --to are needed: this journal does not exist yet")
    old, new = (open_named(ctx, str(name), **PATIENT, **reserve_of(ctx)) for name in names)
    with (
        watching(journal, str(ctx.info_name), page=page, notify=notify, quiet=quiet) as watched,
        Migration(
            old,
            new,
            journal,
            options=Options(moved=ctx.meta[MOVED], **options),
            progress=watched.progress,
            tell=say,
            waits=watched.waits,
        ) as migration,
        stopping(migration.stop),
    ):
        check_scope(migration)
        watched.begin(migration)
        yield migration
        watched.code = migration.summary().exit_code


def _known(journal: Address) -> dict[str, str]:
    try:
        return whose(journal)
    except FileNotFoundError:
        return {}


def tell_decisions(needed: DecisionNeeded, journal: Address) -> None:
    """Print the commands that decide."""
    for argument in (*needed.others, *needed.hazards, *needed.values):
        say(f"  helpdesk-bridge migrate decide --journal {shlex.quote(str(journal))} {as_typed(argument)}")
    if needed.hazards or needed.values:
        say("or accept everything as announced by migrate plan: migrate run --yes")


def map_argument(text: str) -> tuple[str, str, str | None]:
    """Return field, old and new value of ``--map``; None drops the value. Raises a usage error for another form."""
    field, colon, rest = text.partition(":")
    # An option's old value is itself written FIELD=WORD.
    old, equals, new = rest.rpartition("=") if field == "option" else rest.partition("=")
    if not (field and colon and equals):
        raise click.UsageError(f"--map {text}: write FIELD:OLD=NEW")
    return field, old, new or None
