"""``helpdesk-bridge demo``: a migration between two simulated helpdesks, over real HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from helpdesk_bridge.cli.commands.simulate import dataset
from helpdesk_bridge.cli.migration_text import tell_summary
from helpdesk_bridge.cli.options import PATIENT, complete_vendor, json_option
from helpdesk_bridge.cli.output import clean_line, say, write_json
from helpdesk_bridge.cli.progress import Progress
from helpdesk_bridge.cli.reference.capabilities import vendor_capabilities
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.cli.simulator_process import SimulatedVendor
from helpdesk_bridge.config import registry
from helpdesk_bridge.desk.connection import open_desk
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.local.vendor_api import LocalInspection
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.options import Options, Rest
from helpdesk_bridge.migration.outcome import NeverPossible
from helpdesk_bridge.migration.report.facts import Reason, read_facts
from helpdesk_bridge.migration.report.report import write_report
from helpdesk_bridge.migration.summary import Summary
from helpdesk_bridge.private_files import make_private_folder

_LISTS = ("tickets.list", "contacts.list", "messages.list")


@click.command()
@click.option(
    "--from",
    "source",
    shell_complete=complete_vendor,
    default="deskie",
    show_default=True,
    help="The vendor to move from.",
)
@click.option(
    "--to",
    "destination",
    shell_complete=complete_vendor,
    default="desk365",
    show_default=True,
    help="The vendor to move into.",
)
@click.option("--tickets", type=click.IntRange(0), default=60, show_default=True, help="Generate so many.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--corpus", type=click.Path(dir_okay=False, path_type=Path), help="Move the tickets of a JSONL file.")
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Where the HTML report goes.")
@json_option
def demo(
    source: str, destination: str, tickets: int, seed: int, corpus: Path | None, report: Path | None, as_json: bool
) -> int:
    """Move a simulated helpdesk into another over real HTTP, and verify it by reading the other side back.

    Nothing leaves this machine. The vendors' clocks run faster than real ones; it says by how much.
    """
    refuse_pair(source, destination)
    dataset(corpus, 0, seed)  # a bad corpus is told before anything starts
    content = ["--corpus", str(corpus)] if corpus else ["--tickets", str(tickets), "--seed", str(seed)]
    folder = report or Path(tempfile.mkdtemp(prefix="helpdesk-bridge-demo-"))
    make_private_folder(folder)
    with tempfile.TemporaryDirectory(prefix="helpdesk-bridge-") as work, ExitStack() as stack:
        desks = stack.enter_context(_desks(Path(work), source, destination, content, corpus, tickets, seed))
        journal = Path(work) / "journal.db"
        summary = _migrate(journal, desks, folder)
        reasons = read_facts(journal).reasons
    if as_json:
        write_json(summary.as_json())
    else:
        _tell(summary, reasons)
    return int(summary.exit_code)


def refuse_pair(source: str, destination: str) -> None:
    """Raise ``NeverPossible`` for a pair that cannot work, before anything is started."""
    able = vendor_capabilities(destination)
    if not able.supports("importer"):
        note = able.notes.get("importer")
        title = registry.vendor(destination).title
        raise NeverPossible(f"{title} cannot be migrated into" + (f": {note}" if note else ""))
    if source == destination and registry.vendor(source).simulator is not None:
        raise NeverPossible(f"simulated {registry.vendor(source).title} is one account; name another vendor as --to")
    missing = vendor_capabilities(source).missing(*_LISTS)
    if missing:
        title = registry.vendor(source).title
        raise NeverPossible(f"{title} cannot list its records: it lacks {', '.join(missing)}")


@contextmanager
def _desks(
    work: Path, source: str, destination: str, content: list[str], corpus: Path | None, tickets: int, seed: int
) -> Iterator[tuple[Desk, Desk]]:
    with ExitStack() as stack:
        # The new account has the agents, groups and fields of the old one, as an administrator would prepare it.
        sides = (("old", source, content), ("new", destination, [*content, "--tickets", "0"]))
        started: dict[str, SimulatedVendor] = {}
        for name, vendor, arguments in sides:
            if registry.vendor(vendor).simulator is not None:
                started[name] = stack.enter_context(SimulatedVendor(vendor, [*arguments, "--time-scale", "auto"]))
        opened = []
        for name, vendor, _ in sides:
            table = (
                started[name].listening() if name in started else {"vendor": vendor, "path": str(work / f"{name}.db")}
            )
            desk = open_desk({**table, **(PATIENT if name in started else {})}, name=name)
            stack.callback(desk.close)
            if name in started:
                say(f"{desk}: simulated on {table['base_url']}, its clock {table['time_scale']:g} times faster")
            elif name == "old" and isinstance(desk.vendor_api, LocalInspection):
                desk.vendor_api.seed(dataset(corpus, tickets, seed))
            opened.append(desk)
        yield opened[0], opened[1]


def _migrate(journal: Path, desks: tuple[Desk, Desk], folder: Path) -> Summary:
    with (
        Progress() as bar,
        Migration(
            *desks,
            journal,
            options=Options(yes=True, rest=Rest.NOTE),
            progress=lambda one: bar.update(one.phase, one.done, one.total),
            tell=say,
        ) as migration,
        stopping(migration.stop),
    ):
        plan = migration.plan(sampled=0, findings=migration.preflight())
        migration.run()
        migration.verify()
        return write_report(migration, folder, plan=plan)


def _tell(summary: Summary, reasons: Iterable[Reason]) -> None:
    source, destination = (registry.vendor(one).title for one in (summary.source, summary.destination))
    click.echo(f"{source} -> {destination}")
    tell_summary(summary, reasons, verified=True)
    click.echo(clean_line(f"report: {summary.report}"))
