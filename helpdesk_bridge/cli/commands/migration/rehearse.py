"""``helpdesk-bridge migrate rehearse``: a whole migration from an archive into a simulator that has the destination's values."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from helpdesk_bridge.cli.commands.simulate import create
from helpdesk_bridge.cli.migration_text import as_typed, tell_summary
from helpdesk_bridge.cli.opened_migration import map_argument
from helpdesk_bridge.cli.options import PATIENT, complete_desk, json_option, open_named
from helpdesk_bridge.cli.output import clean_line, say, write_json
from helpdesk_bridge.cli.progress import Progress
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.cli.simulator_process import SimulatedVendor
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import ALIAS_TABLES
from helpdesk_bridge.desk.connection import open_desk
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.options import Options
from helpdesk_bridge.migration.outcome import DecisionNeeded
from helpdesk_bridge.migration.report.facts import Reason, read_facts
from helpdesk_bridge.migration.report.report import write_report
from helpdesk_bridge.migration.summary import Summary
from helpdesk_bridge.private_files import write_private

if TYPE_CHECKING:
    from helpdesk_bridge.testing.simulator.app import SimulatorApp

_ARCHIVE = "archive"


@click.command()
@click.option("--from", "source", required=True, shell_complete=complete_desk, help="The desk that is an archive.")
@click.option("--to", "destination", required=True, shell_complete=complete_desk, help="The desk to move into.")
@click.option(
    "--account", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="The file with its groups, agents, tags and fields. It is read from the desk if it is not there yet.",
)  # fmt: skip
@click.option("--map", "maps", multiple=True, metavar="FIELD:OLD=NEW", help="Try a mapping; nothing after = drops it.")
@click.option("--map-field", "field_maps", multiple=True, metavar="SOURCE=TARGET", help="Try a map of a field.")
@click.option("--yes", is_flag=True, help="Accept all announced losses and hazards: nothing is sent to anybody.")
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Where the HTML report goes.")
@json_option
@click.pass_context
def rehearse(
    ctx: click.Context, source: str, destination: str, account: Path, maps: tuple[str, ...],
    field_maps: tuple[str, ...], yes: bool, report: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Run a whole migration offline: from an archive, into a simulator with the destination's own values.

    The destination is asked for its lists once, if --account is not there yet; after that neither side is called. The
    simulator and the journal are gone at the end, so that a mapping can be tried as often as you like.
    """
    values = [map_argument(text) for text in maps]
    old = open_named(ctx, source)
    if old.vendor != _ARCHIVE:
        raise click.UsageError(
            f"{source} is no archive: read it with migrate extract {shlex.quote(source)} --archive FOLDER, and name the "
            f"folder in helpdesk.toml as a desk of vendor {_ARCHIVE}"
        )
    new = open_named(ctx, destination, **PATIENT)
    _read_once(new, account)
    arguments = ["--account", str(account), "--tickets", "0", "--time-scale", "auto"]
    with (
        tempfile.TemporaryDirectory(prefix="helpdesk-bridge-") as work,
        SimulatedVendor(new.vendor, arguments) as vendor,
    ):
        table = {**vendor.listening(), **PATIENT, **_aliases(new)}
        with open_desk(table, name=destination) as simulated:
            journal = Path(work) / "journal.db"
            summary, reasons = _rehearsed(old, simulated, journal, values, field_maps, report, yes=yes)
    if as_json:
        write_json(summary.as_json())
    else:
        click.echo(clean_line(f"rehearsal: {old} -> {registry.vendor(new.vendor).title}, simulated"))
        tell_summary(summary, reasons, verified=True)
    return int(summary.exit_code)


def _read_once(desk: Desk, path: Path) -> None:
    found = registry.vendor(desk.vendor)
    if found.simulator is None:
        raise click.UsageError(f"{found.title} has no simulator, because it is not reached over HTTP: migrate into one")
    if path.exists():
        say(f"values of {desk} as {path} has them; remove it to read them again")
        return
    from helpdesk_bridge.datasets.account_text import INCOMPLETE, account_text
    from helpdesk_bridge.datasets.generator import generate

    app: SimulatorApp = create(desk.vendor, generate(0), "1", {})
    text = account_text(desk, app.ACCOUNT_KEYS)
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None
    say(f"values of {desk} were read into {path}")
    if INCOMPLETE in text:
        say(f"{found.title} does not list everything: complete what is marked in {path}, and rehearse again")


def _aliases(desk: Desk) -> dict[str, Any]:
    tables = {name: dict(getattr(desk.aliases, name).entries) for name in ALIAS_TABLES}
    return {name: table for name, table in tables.items() if table}


def _rehearsed(
    old: Desk, new: Desk, journal: Path, values: list[tuple[str, str, str | None]], field_maps: tuple[str, ...],
    report: Path | None, *, yes: bool,
) -> tuple[Summary, tuple[Reason, ...]]:  # fmt: skip
    with (
        Progress() as bar,
        Migration(
            old, new, journal, options=Options(yes=yes), tell=say,
            progress=lambda one: bar.update(one.phase, one.done, one.total),
        ) as migration,
        stopping(migration.stop),
    ):  # fmt: skip
        try:
            for field, before, after in values:
                migration.map_value(field, before, after)
            for text in field_maps:
                migration.map_field(text)
            plan = migration.plan(sampled=0, findings=migration.preflight())
            migration.run()
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        except DecisionNeeded as needed:
            for argument in (*needed.others, *needed.hazards, *needed.values):
                say(f"  {as_typed(argument)}")
            say("give --map for what you want to try, and --yes to accept the rest as it is proposed")
            raise
        migration.verify()
        summary = migration.summary() if report is None else write_report(migration, report, plan=plan)
    return summary, tuple(read_facts(journal).reasons)


__all__ = ["rehearse"]
