"""``helpdesk-bridge migrate kb``: the knowledge base, under the journal of the migration."""

from __future__ import annotations

from typing import Any

import click

from helpdesk_bridge.cli.opened_migration import of_a_migration, opened
from helpdesk_bridge.cli.output import say, write_json, write_table
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.knowledge.knowledge import KnowledgeSummary


@click.group(name="kb")
def kb() -> None:
    """Move the knowledge base: categories, folders and articles, with links between articles led to where these are now."""


@kb.command()
@of_a_migration
@click.pass_context
def plan(ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool) -> int:
    """Show what a run would write, and what does not stay as it is. Writes nothing."""
    with opened(ctx, source, destination, journal) as migration, migration.knowledge_base() as knowledge:
        made = knowledge.plan()
    if as_json:
        write_json(made.as_json())
        return 0
    say(f"{made.categories} categories, {made.folders} folders, {made.articles} articles; at most {made.calls} calls")
    rows = [(one.what, "?" if one.records is None else one.records, one.becomes) for one in made.changes]
    write_table(("what", "records", "becomes"), rows)
    return 0


@kb.command()
@of_a_migration
@click.option("--yes", is_flag=True, help="Accept what migrate kb plan announces. It is recorded.")
@click.option("--from-url", metavar="URL", help="The address of an article at the source, {id} in place of its id.")
@click.option("--to-url", metavar="URL", help="The address of an article at the destination, {id} in place of its id.")
@click.option("--takeover", is_flag=True, help="Take the journal from a stuck owner.")
@click.pass_context
def run(
    ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool, yes: bool,
    from_url: str | None, to_url: str | None, takeover: bool,
) -> int:  # fmt: skip
    """Write every category, folder and article that is not at the destination yet, each once."""
    options: dict[str, Any] = {"yes": yes, "takeover": takeover}
    with opened(ctx, source, destination, journal, **options) as migration, migration.knowledge_base() as knowledge:
        try:
            knowledge.addresses(from_url, to_url)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        summary = knowledge.run()
    return _told(summary, as_json=as_json)


@kb.command()
@of_a_migration
@click.pass_context
def verify(ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool) -> int:
    """Read every article back, compare it with what was written, and list the source again."""
    with opened(ctx, source, destination, journal) as migration, migration.knowledge_base() as knowledge:
        summary = knowledge.verify()
    code = _told(summary, as_json=as_json)
    if not as_json:
        say("verified: every article was read back" if code == 0 else "not verified: see above")
    return code


def _told(summary: KnowledgeSummary, *, as_json: bool) -> int:
    if as_json:
        write_json(summary.as_json())
        return int(summary.exit_code)
    states = ("done", "present", "failed", "intent")
    write_table(
        ("record", "written", "there before", "failed", "begun"),
        [(kind, *(counted.get(one, 0) for one in states)) for kind, counted in summary.counts.items()],
    )
    if not summary.differences:
        for entry in summary.left:
            say(f"{entry.kind.value} {entry.id}: {entry.reason or 'begun and not confirmed: run again'}")
    for one in summary.differences:
        say(f"{one.record} {one.id}: {one.what}")
    return int(summary.exit_code)
