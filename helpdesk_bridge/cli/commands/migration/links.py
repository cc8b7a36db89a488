"""``helpdesk-bridge migrate links``: addresses of old tickets in moved messages lead to the new ones."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import click
from attrs import asdict

from helpdesk_bridge.cli.journal_option import journal_option, need
from helpdesk_bridge.cli.opened_migration import MOVED, opened
from helpdesk_bridge.cli.options import csv_option, json_option
from helpdesk_bridge.cli.output import say, write_json, write_table
from helpdesk_bridge.migration.journal.database.address import Address as JournalAddress
from helpdesk_bridge.migration.journal.reader import ids_of
from helpdesk_bridge.migration.journal.states import Kind
from helpdesk_bridge.migration.later.links import LEFT, REWRITTEN, LinkMap
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.outcome import ExitCode
from helpdesk_bridge.migration.redirects import Address, Side, known_of

_KEEP: Final = "Keep the journal from then on: what was changed is known by it alone, and a new journal would write those messages again."


@click.command("links")
@journal_option
@click.option(
    "--from-url",
    "old",
    required=True,
    metavar="PATTERN",
    help="The old addresses: https://HOST/PATH with {id} or {number} in it.",
)
@click.option("--to-url", "new", metavar="PATTERN", help="The new addresses. Without it, those that the vendor tells.")
@click.option("--run", "write", is_flag=True, help="Change the messages; without it they are only listed.")
@json_option
@csv_option
@click.pass_context
def links(ctx: click.Context, journal: JournalAddress, old: str, new: str | None, write: bool, as_json: bool) -> int:
    """Point links between tickets to where the tickets are now, in the messages that were moved.

    It lists each message with such links and what becomes of it, and with --run changes it and reads it back. Messages that the
    destination does not let be changed, or somebody changed there, are left: migrate redirects serves their addresses. Keep the
    journal from then on: a new one would look for the texts as the source has them, and write those messages again.
    """
    need(journal)
    ctx.meta.setdefault(MOVED, False)
    patterns = Address(old), None if new is None else Address(new)
    with opened(ctx, None, None, journal) as migration:
        found = LinkMap(patterns[0], _targets(migration, *patterns))
        rows = migration.rewrite_links(found, write=write)
        changed = {one.ticket for one in rows if one.outcome == REWRITTEN}
        differing = [one for one in migration.journal.facts.differences() if one.ticket in changed]
    if as_json:
        write_json({"messages": [asdict(one) for one in rows], "differences": [one.as_json() for one in differing]})
    else:
        columns = ("ticket", "message", "destination", "links", "outcome", "why")
        write_table(columns, [tuple(getattr(one, name) for name in columns) for one in rows])
    for outcome, count in Counter(one.outcome for one in rows).items():
        say(f"{outcome}: {count} messages")
    if changed:
        say(_KEEP)
        say(f"{len(changed)} tickets read back: {len(differing)} differences")
    elif not write and any(one.outcome != LEFT for one in rows):
        say(f"nothing was changed: give --run. {_KEEP}")
    return int(ExitCode.INCOMPLETE if differing else ExitCode.OK)


def _targets(migration: Migration, old: Address, new: Address | None) -> dict[str, str]:
    """Return the new addresses by what stands in the old ones."""
    before = Side(pattern=old, known=known_of(migration.source.desk) if old.needs_number else {})
    asks = new is None or new.needs_number
    after = Side(pattern=new, known=known_of(migration.destination.desk) if asks else {})
    targets: dict[str, str] = {}
    rows: Any = ids_of(migration.address, Kind.TICKET)
    for row in rows:
        number = before.known[row["source"]].number if row["source"] in before.known else None
        place = number if old.needs_number else row["source"]
        target = after.address(row["destination"][0]) if row["destination"] else None
        if place and target:
            targets[old.place(place)] = target
    if not targets:
        raise click.UsageError("no new address is known of any ticket: give --to-url, a pattern")
    return targets
