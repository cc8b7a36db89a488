"""``helpdesk-bridge migrate sample``: the ugliest tickets first, read back and shown side by side; a canary before them."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from attrs import asdict

from helpdesk_bridge.cli.journal_option import need
from helpdesk_bridge.cli.opened_migration import of_a_migration, opened, tell_decisions
from helpdesk_bridge.cli.output import clean_line, say, write_json, write_table
from helpdesk_bridge.cli.signals import confirmed
from helpdesk_bridge.config.settings import read_secret
from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.journal.states import Key, Kind
from helpdesk_bridge.migration.later.rollback import Fate
from helpdesk_bridge.migration.load.context import LoadContext
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.outcome import DecisionNeeded, ExitCode
from helpdesk_bridge.migration.report.files import write_page
from helpdesk_bridge.migration.report.report import keep_for_reports
from helpdesk_bridge.migration.report.side_by_side import FILE_NAME, SideBySide, render
from helpdesk_bridge.migration.sample.canary import WAIT, Asked, Canary, CanaryState, check_arrived
from helpdesk_bridge.migration.sample.choice import Choice
from helpdesk_bridge.migration.sample.mailbox import Mailbox

FOLDER: Final = "migration-sample"


@click.command()
@of_a_migration
@click.option("--n", "size", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many tickets.")
@click.option(
    "--report", "folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, show_default=True,
    help="The folder for the page that shows both sides. It holds what customers wrote.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Acknowledge all hazards and accept all announced losses; it is recorded.")
@click.option("--workers", type=click.IntRange(1, 64), default=6, show_default=True, help="Tickets in flight.")
@click.option("--patience", type=click.FloatRange(0), default=900.0, show_default=True, help="Seconds of one outage.")
@click.option(
    "--canary", metavar="ADDRESS",
    help="First write one ticket for an address of your own, and ask which mail arrived there. No customer may have it.",
)  # fmt: skip
@click.option(
    "--canary-imap", metavar="env:NAME", help="Read the canary's mailbox: imaps://USER:PASSWORD@HOST/MAILBOX."
)
@click.option(
    "--canary-wait", type=click.FloatRange(0), default=WAIT, show_default=True, help="Seconds to watch that mailbox."
)
@click.option(
    "--arrived", multiple=True, metavar="nothing|HAZARD", help="What arrived for the canary, where nobody can be asked."
)
@click.option(
    "--take-away",
    is_flag=True,
    help="Remove the sample again, where nobody touched it; where the vendor removes nothing, close it.",
)
@click.pass_context
def sample(
    ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool, size: int,
    folder: Path, yes: bool, workers: int, patience: float, canary: str | None, canary_imap: str | None,
    canary_wait: float, arrived: tuple[str, ...], take_away: bool,
) -> int:  # fmt: skip
    """Move the tickets that are most likely to go wrong, read them back and show both sides on one page.

    They are part of the migration: a later run does the rest and writes none of them twice. --take-away removes them again.
    """
    if take_away:
        if canary is not None:
            raise click.UsageError("--take-away takes a sample away, and --canary begins one")
        need(journal)
        with opened(ctx, source, destination, journal, patience=patience) as migration:
            return int(_take_away(migration, as_json=as_json))
    if canary is None and (canary_imap or arrived):
        raise click.UsageError("--canary-imap and --arrived are about a canary: give --canary ADDRESS")
    mailbox = None if canary_imap is None else Mailbox.of(read_secret(canary_imap, "--canary-imap"), "--canary-imap")
    with opened(ctx, source, destination, journal, yes=yes, workers=workers, patience=patience) as migration:
        _check_arrived(migration, arrived)
        ask = partial(_ask, arrived=arrived)
        before: Callable[[LoadContext], None] | None = None
        if canary is not None:
            before = partial(_send, address=canary, ask=ask, mailbox=mailbox, wait=canary_wait)
        try:
            choice = migration.choose_sample(size)
            _tell_choice(choice, migration)
            differences = migration.run_sample(choice, before)
        except DecisionNeeded as needed:
            tell_decisions(needed, migration.address)
            raise
        state = CanaryState.kept(migration.journal.facts)
        pairs = list(
            SideBySide(migration.source, migration.destination, migration.journal, migration.outages).pairs(
                choice, differences
            )
        )
        labels = {"source": migration.source.label, "destination": migration.destination.label}
        page = render(
            pairs,
            labels,
            kept=_kept(migration),
            canary=_canary_lines(state),
            written=migration.destination.clock.wall(),
        )
        path = write_page(page, folder, FILE_NAME)
        summary = migration.summary()
        keep_for_reports(migration, summary)
        there = _destinations(migration, choice)
    code = _code(choice, there, differences)
    if as_json:
        rows = [{**asdict(one), "destination": there.get(one.ticket)} for one in choice.tickets]
        found = [one.as_json() for one in differences]
        write_json({"tickets": rows, "differences": found, "canary": _answers(state), "page": str(path)})
    else:
        table = [(one.ticket, there.get(one.ticket), "; ".join(one.reasons)) for one in choice.tickets]
        write_table(("ticket", "destination", "why"), table)
        say(f"{len(there)} of {len(choice.tickets)} tickets are there; read back: {len(differences)} differences")
        say(f"both sides: {clean_line(str(path))}")
        say(f"next: helpdesk-bridge migrate run --journal {shlex.quote(str(migration.address))} does the rest")
    return int(code)


def _take_away(migration: Migration, *, as_json: bool) -> ExitCode:
    label, removal = migration.destination.label, migration.destination.desk.removal
    if not removal:
        note = migration.destination.desk.capabilities.notes.get("removal", "it removes nothing")
        say(
            f"{label} cannot take the sample away ({note}): its tickets are closed instead, and stay part of the migration"
        )
    try:
        rows = list(migration.take_sample_away())
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        write_json([{**asdict(row), "fate": row.fate.value} for row in rows])
    else:
        columns = ("record", "id", "destination", "fate", "why")
        write_table(columns, [(row.record, row.id, row.destination, row.fate.value, row.why) for row in rows])
    tickets = Counter(row.fate.value for row in rows if row.record == Kind.TICKET.value)
    say(f"tickets of the sample: {', '.join(f'{count} {fate}' for fate, count in tickets.items()) or 'none'}")
    kept = any(row.fate is Fate.KEPT for row in rows if row.record == Kind.TICKET.value)
    return ExitCode.INCOMPLETE if kept else ExitCode.OK


def _code(choice: Choice, there: dict[str, str], differences: Sequence[Any]) -> ExitCode:
    return ExitCode.INCOMPLETE if differences or len(there) < len(choice.tickets) else ExitCode.OK


def _tell_choice(choice: Choice, migration: Migration) -> None:
    refused = f", of which {choice.refused} were refused" if choice.refused else ""
    read = f" after reading {choice.read} threads{refused}" if choice.read else ""
    say(f"{migration.source.label}: {len(choice.tickets)} tickets chosen{read}")
    say(_kept(migration))


def _kept(migration: Migration) -> str:
    """Say, before anything is written, what becomes of the sample."""
    label = migration.destination.label
    stays = "They are part of the migration, and a later run writes none of them twice."
    if migration.destination.desk.removal:
        return stays
    note = migration.destination.desk.capabilities.notes.get("removal", "")
    return f"{stays} Nothing can be taken away from {label}{f' ({note})' if note else ''}: what is written there stays."


def _send(
    context: LoadContext, address: str, ask: Callable[[Asked], Any], mailbox: Mailbox | None, wait: float
) -> None:
    state = Canary(context, address, ask, say, mailbox, wait).run()
    for line in _canary_lines(state):
        say(line)


def _check_arrived(migration: Migration, arrived: tuple[str, ...]) -> None:
    importer = migration.destination.desk.importer
    if not importer:
        return
    try:
        check_arrived(arrived, importer.hazards)
    except Invalid as error:
        raise click.UsageError(str(error)) from None


def _ask(asked: Asked, arrived: tuple[str, ...]) -> Sequence[str] | None:
    """Return which hazards mailed: as the option says, else as the person at the terminal does."""
    if asked.mails:
        for mail in asked.mails:
            say(f"arrived: {mail.subject!r} from {mail.sender}")
    if arrived:
        return check_arrived(arrived, asked.hazards)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    say(f"Look into the mailbox of {asked.address}, spam included.")
    return [one.id for one in asked.hazards if confirmed(f"{one.id}: {one.what}. Did such a mail arrive?")]


def _answers(state: CanaryState | None) -> dict[str, Any] | None:
    return (
        None
        if state is None
        else {"answers": {name: dict(one) for name, one in state.answers.items()}, "ended": state.ended}
    )


def _canary_lines(state: CanaryState | None) -> list[str]:
    if state is None or not state.answers:
        return []
    heard = ", ".join(state.arrived)
    lines = [
        f"Canary: mail arrived of {heard}." if heard else f"Canary: no mail arrived, of {len(state.answers)} hazards."
    ]
    if state.ended is not None:
        lines.append(f"Its ticket was {state.ended}.")
    return lines


def _destinations(migration: Migration, choice: Choice) -> dict[str, str]:
    records = ((one.ticket, migration.journal.get(Key(Kind.TICKET, one.ticket))) for one in choice.tickets)
    return {ticket: record.destination[0] for ticket, record in records if record is not None and record.destination}
