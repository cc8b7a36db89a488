"""``helpdesk-bridge migrate rollback``: take back what a migration created and nobody has touched since."""

from __future__ import annotations

from collections import Counter

import click
from attrs import asdict

from helpdesk_bridge.cli.journal_option import journal_option, need
from helpdesk_bridge.cli.opened_migration import MOVED, opened
from helpdesk_bridge.cli.options import csv_option, json_option
from helpdesk_bridge.cli.output import say, write_json, write_table
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.later.rollback import Fate, Park, RolledBack
from helpdesk_bridge.migration.outcome import ExitCode

_COLUMNS = ("record", "id", "destination", "fate", "why", "url")


def _park(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> Park | None:
    try:
        return None if text is None else Park.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@journal_option
@json_option
@csv_option
@click.option("--preview", "previews", is_flag=True, help="Show what would be removed and what stays; removes nothing.")
@click.option("--run", "runs", is_flag=True, help="Remove it, after a preview. What was stopped goes on where it was.")
@click.option(
    "--park", callback=_park, metavar="tag:NAME|status:NAME",
    help="Mark the tickets that stay: all with a tag, or those with a status that nobody touched and nothing can remove.",
)  # fmt: skip
@click.pass_context
def rollback(
    ctx: click.Context, journal: Address, as_json: bool, previews: bool, runs: bool, park: Park | None
) -> int:  # fmt: skip
    """Remove what this migration created at the destination and nobody has touched since, the newest first.

    It prints what stays, with its address and why: what somebody changed since, what was there before, and what the vendor
    does not remove. No message is sent. A later run writes again what was removed.
    """
    if previews == runs:
        raise click.UsageError("give either --preview or, after it, --run")
    if park is not None and not runs:
        raise click.UsageError("--park goes with --run")
    ctx.meta.setdefault(MOVED, False)
    need(journal)
    with opened(ctx, None, None, journal) as migration:
        rows = migration.preview_rollback() if previews else list(migration.rollback(park=park))
    _print(rows, as_json=as_json)
    return int(ExitCode.OK if all(row.fate is not Fate.KEPT for row in rows) else ExitCode.INCOMPLETE)


def _print(rows: list[RolledBack], *, as_json: bool) -> None:
    counts = Counter((row.record, row.fate.value) for row in rows)
    if as_json:
        write_json([{**asdict(row), "fate": row.fate.value} for row in rows])
    else:
        stay = [row for row in rows if row.fate not in (Fate.REMOVED, Fate.REMOVABLE)]
        table = [[row.fate.value if name == "fate" else getattr(row, name) for name in _COLUMNS] for row in stay]
        write_table(_COLUMNS, table)
    for record in ("ticket", "contact"):
        told = [f"{count} {fate}" for (what, fate), count in counts.items() if what == record]
        say(f"{record}s: {', '.join(told) or 'none'}")
