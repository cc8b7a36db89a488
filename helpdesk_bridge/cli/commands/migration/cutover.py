"""``helpdesk-bridge migrate cutover``: freeze, last delta, verify, switch-over, and what comes afterwards."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click
from attrs import asdict

from helpdesk_bridge.cli.opened_migration import of_a_migration, opened, tell_decisions
from helpdesk_bridge.cli.output import clean_line, say, write_json
from helpdesk_bridge.cli.signals import confirmed
from helpdesk_bridge.migration.cutover.checklist import DELTA, VERIFY, Item, Phase, checklist
from helpdesk_bridge.migration.cutover.inventory import SideInventory
from helpdesk_bridge.migration.cutover.walk import Walk
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.outcome import DecisionNeeded, ExitCode
from helpdesk_bridge.migration.summary import is_verified


@click.command()
@of_a_migration
@click.option("--done", "done", multiple=True, metavar="ITEM", help="Say that an item of the list is done.")
@click.option("--not-done", "undone", multiple=True, metavar="ITEM", help="Say that it is to be done after all.")
@click.option("--list", "only_list", is_flag=True, help="Show the list, and do nothing.")
@click.option("--yes", is_flag=True, help="In the last delta, accept all announced losses. It is recorded.")
@click.option("--patience", type=click.FloatRange(0), default=900.0, show_default=True, help="Seconds of one outage.")
@click.pass_context
def cutover(
    ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool,
    done: tuple[str, ...], undone: tuple[str, ...], only_list: bool, yes: bool, patience: float,
) -> int:  # fmt: skip
    """Walk through the last day: freeze, last delta, verify, switch-over, and what is to be switched on or built again.

    The list is made for this migration and its state is in the journal: leave it at any point and come back. What people
    do is asked about at a terminal, or said with --done; delta and verification are done here, once the freeze is.
    """
    with opened(ctx, source, destination, journal, yes=yes, patience=patience) as migration:
        walk, sides = _walk(migration)
        try:
            walk.untick(*undone) if undone else None
            for item_id in done:
                walk.tick(item_id)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if not only_list:
            _go_on(walk, migration)
        summary = migration.summary()
        rows = _rows(walk)
        phase = walk.phase
    if as_json:
        write_json({"phase": None if phase is None else phase.value, "items": rows,
                    "inventory": {"source": asdict(sides[0]), "destination": asdict(sides[1])}})  # fmt: skip
    else:
        _tell(rows, sides)
    if phase is None:
        return int(summary.exit_code)
    return int(ExitCode.INCOMPLETE if phase in (Phase.DELTA, Phase.VERIFY) else ExitCode.DECISION)


def _walk(migration: Migration) -> tuple[Walk, tuple[SideInventory, SideInventory]]:
    sides = migration.inventories()
    importer = migration.destination.desk.importer
    labels = migration.source.label, migration.destination.label
    lacking = migration.agents_lacking()
    hazards = importer.hazards if importer else ()
    items = checklist(*labels, shlex.quote(str(migration.address)), hazards, sides, lacking)
    return Walk(items, migration.journal.facts, migration.destination.clock.wall), sides


def _go_on(walk: Walk, migration: Migration) -> None:
    """Ask about what people do, and do what the program does, phase by phase."""
    while (phase := walk.phase) is not None:
        if phase is Phase.DELTA:
            _delta(walk, migration)
        elif phase is Phase.VERIFY:
            migration.verify()
            summary = migration.summary()
            verified = is_verified(summary.extent, summary.differences)
            walk.settle(verified=verified, current=summary.extent is not None and summary.extent.current)
            if walk.phase in (Phase.DELTA, Phase.VERIFY):
                moved = walk.phase is Phase.DELTA
                say(f"{migration.source.label} changed since it was frozen: run this again, and it is carried over" if moved
                    else "the verification found differences: migrate repair, or migrate report, then run this again")  # fmt: skip
                return
        elif not all(_asked(walk, item) for item in walk.open_of(phase)):
            return


def _delta(walk: Walk, migration: Migration) -> None:
    try:
        migration.run()
    except DecisionNeeded as needed:
        tell_decisions(needed, migration.address)
        raise
    walk.tick(DELTA, by="program")


def _asked(walk: Walk, item: Item) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    for line in item.how:
        say(f"    {line}")
    if not confirmed(f"{item.what}: done?"):
        return False
    walk.tick(item.id)
    return True


def _rows(walk: Walk) -> list[dict[str, Any]]:
    done = walk.done
    return [
        {"id": one.id, "phase": one.phase.value, "what": one.what, "how": list(one.how), "done": done.get(one.id)}
        for one in walk.items
    ]


def _tell(rows: list[dict[str, Any]], sides: tuple[SideInventory, SideInventory]) -> None:
    phase = None
    for row in rows:
        if row["phase"] != phase:
            phase = row["phase"]
            click.echo(f"{phase}:")
        mark = "x" if row["done"] else " "
        when = f" ({row['done']['at']})" if row["done"] else ""
        click.echo(clean_line(f"  [{mark}] {row['id']}: {row['what']}{when}"))
        for line in () if row["done"] else row["how"]:
            click.echo(clean_line(f"        {line}"))
    for problem in (*sides[0].problems, *sides[1].problems):
        say(problem)
    left = [row["id"] for row in rows if not row["done"]]
    if left and left[0] not in (DELTA, VERIFY):
        say(f"next: say what is done, such as --done {left[0]}")
