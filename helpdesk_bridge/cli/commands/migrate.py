"""``helpdesk-bridge migrate``: plan, run, decide, verify, and look into the journal."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from attrs import asdict

from helpdesk_bridge.cli.commands.export import extract
from helpdesk_bridge.cli.commands.migrate_ids import ids, redirect
from helpdesk_bridge.cli.commands.migration.cutover import cutover
from helpdesk_bridge.cli.commands.migration.knowledge_base import kb
from helpdesk_bridge.cli.commands.migration.links import links
from helpdesk_bridge.cli.commands.migration.redact import redact
from helpdesk_bridge.cli.commands.migration.rehearse import rehearse
from helpdesk_bridge.cli.commands.migration.rollback import rollback
from helpdesk_bridge.cli.commands.migration.sample import sample
from helpdesk_bridge.cli.commands.migration.wizard import ask_decisions, is_interactive
from helpdesk_bridge.cli.journal_option import HELP, JOURNAL, journal_option, need
from helpdesk_bridge.cli.migration_scope import chosen_options, decisions_option, pace_options, scope_options
from helpdesk_bridge.cli.migration_text import (
    tell_counts,
    tell_later,
    tell_left_alone,
    tell_plan,
    tell_repaired,
    tell_summary,
    tell_work,
)
from helpdesk_bridge.cli.opened_migration import MOVED, map_argument, of_a_migration, opened, tell_decisions
from helpdesk_bridge.cli.options import csv_option, json_option
from helpdesk_bridge.cli.output import clean_line, say, write_json, write_table
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.config.settings import read_secret
from helpdesk_bridge.migration.completeness import ACCEPT
from helpdesk_bridge.migration.decisions.plan_file import write_plan
from helpdesk_bridge.migration.journal.database.address import Address
from helpdesk_bridge.migration.later.gone import CHOICES, REMOVE
from helpdesk_bridge.migration.later.reassign import LEFT
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.options import Level, Rest, Threads
from helpdesk_bridge.migration.outcome import DecisionNeeded, ExitCode
from helpdesk_bridge.migration.recovery import IGNORE
from helpdesk_bridge.migration.report.facts import read_facts
from helpdesk_bridge.migration.summary import counts_json
from helpdesk_bridge.migration.watch.at_work import as_json as worker_json
from helpdesk_bridge.migration.watch.at_work import at_work
from helpdesk_bridge.migration.watch.live import read_live
from helpdesk_bridge.model.secret import Secret

F = TypeVar("F", bound=Callable[..., Any])
_THREADS = [one.value for one in Threads]
_RESTS = [one.value for one in Rest]


@click.group()
def migrate() -> None:
    """Move a helpdesk into another, so that nothing is lost, written twice or mailed.

    The journal holds what is done: a run that was stopped or killed continues from it. Once the journal exists,
    --from and --to can be left out.
    """


migrate.add_command(extract)


def _watched(command: F) -> F:
    for decorate in (
        click.option(
            "--notify", multiple=True, metavar="URL|mailto:ADDRESS",
            help="Tell somebody at the end, of a decision that is needed, and of an outage; or env:NAME, which holds it.",
        ),
        click.option("--watch", "page", is_flag=True, help="Serve a page on this machine that shows what is going on."),
    ):  # fmt: skip
        command = decorate(command)
    return command


_recover_option = click.option(
    "--recover-key", "recover", multiple=True, metavar="from|to=SECRET",
    help="The API key (env:NAME, file:PATH) with which an earlier migration signed its markers.",
)  # fmt: skip
_none_before_option = click.option(
    "--none-before", is_flag=True, help="No earlier migration wrote here: its markers are not read. It is recorded."
)


def _recovered(texts: tuple[str, ...]) -> dict[str, Secret]:
    """Return the credentials of ``--recover-key`` by the side that they are of."""
    sides = {"from": "source", "to": "destination"}
    found = {}
    for text in texts:
        name, equals, reference = text.partition("=")
        if name not in sides or not equals or not reference:
            raise click.UsageError("--recover-key: write from=env:NAME or to=env:NAME")
        found[sides[name]] = Secret(read_secret(reference, f"--recover-key {name}"))
    return found


@migrate.command()
@of_a_migration
@click.option("--full", is_flag=True, help="Read every thread, not a sample: exact counts, at the price of the calls.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write every decision into a plan file such as plan.toml, with sheets beside it, to be edited.",
)
@decisions_option
@scope_options
@_none_before_option
@_recover_option
@click.pass_context
def plan(
    ctx: click.Context, /, source: str | None, destination: str | None, journal: Address, as_json: bool, full: bool,
    none_before: bool, recover: tuple[str, ...], out: Path | None, **chosen: Any,
) -> int:  # fmt: skip
    """Show what a run would keep, change and lose, what you must decide, and what it costs. Writes nothing."""
    options: dict[str, Any] = {"none_before": none_before, "recovered": _recovered(recover), **chosen_options(chosen)}
    with opened(ctx, source, destination, journal, **options) as migration:
        made = migration.plan(full=full, findings=migration.preflight())
        files = () if out is None else write_plan(out, made, migration)
        summary = migration.summary()
    if as_json:
        write_json(made.as_json())
    else:
        tell_plan(made)
    for file in files:
        say(f"written: {file}")
    return int(ExitCode.DECISION if made.blocked else summary.standing_code)


@migrate.command()
@of_a_migration
@click.option("--yes", is_flag=True, help="Acknowledge all hazards and accept all announced losses; it is recorded.")
@click.option("--workers", type=click.IntRange(1, 64), default=6, show_default=True, help="Tickets in flight.")
@click.option("--takeover", is_flag=True, help="Take the journal from a stuck owner.")
@click.option("--patience", type=click.FloatRange(0), default=900.0, show_default=True, help="Seconds of one outage.")
@decisions_option
@scope_options
@_none_before_option
@_recover_option
@_watched
@click.pass_context
def run(
    ctx: click.Context, /, source: str | None, destination: str | None, journal: Address, as_json: bool, yes: bool,
    workers: int, takeover: bool, patience: float, none_before: bool, recover: tuple[str, ...],
    page: bool, notify: tuple[str, ...], **chosen: Any,
) -> int:  # fmt: skip
    """Load everything that is not at the destination yet."""
    options: dict[str, Any] = {"yes": yes, "workers": workers, "takeover": takeover, "patience": patience}
    options |= {"none_before": none_before, "recovered": _recovered(recover), **chosen_options(chosen)}
    with opened(ctx, source, destination, journal, page=page, notify=notify, **options) as migration:
        try:
            migration.run()
        except DecisionNeeded as needed:
            tell_decisions(needed, migration.address)
            raise
        summary = migration.summary()
    if as_json:
        write_json(summary.as_json())
    else:
        tell_summary(summary, read_facts(migration.address).reasons, verified=False)
        say(f"next: helpdesk-bridge migrate verify --journal {shlex.quote(str(migration.address))}")
    return int(summary.exit_code)


@migrate.command()
@of_a_migration
@click.option("--patience", type=click.FloatRange(0), default=900.0, show_default=True, help="Seconds of one outage.")
@_recover_option
@click.pass_context
def rebuild(
    ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool, patience: float,
    recover: tuple[str, ...],
) -> int:  # fmt: skip
    """Rebuild a lost journal from the markers at the destination. Writes nothing there."""
    with opened(ctx, source, destination, journal, patience=patience, recovered=_recovered(recover)) as migration:
        try:
            searched = migration.rebuild()
        except DecisionNeeded as needed:
            tell_decisions(needed, migration.address)
            raise
        summary = migration.summary()
    if as_json:
        write_json({**summary.as_json(), "search": asdict(searched)})
    else:
        tell_counts(summary.counts, read_facts(migration.address).reasons)
        say(f"next: helpdesk-bridge migrate run --journal {shlex.quote(str(migration.address))} writes what is missing")
    return int(summary.exit_code)


@migrate.command()
@of_a_migration
@click.option("--level", type=click.Choice([one.value for one in Level]), default=Level.FULL.value, show_default=True)
@click.option("--sample", type=click.IntRange(0), help="Read only so many threads in full.")
@click.option(
    "--threads-again", is_flag=True, help="Read every thread of the source again, not only those that moved since."
)
@pace_options
@_watched
@click.pass_context
def verify(
    ctx: click.Context, /, source: str | None, destination: str | None, journal: Address, as_json: bool, level: str,
    sample: int | None, threads_again: bool, page: bool, notify: tuple[str, ...], **chosen: Any,
) -> int:  # fmt: skip
    """Read the destination back, compare every record with what was read at the source, and look at the source again."""
    options: dict[str, Any] = {"level": Level(level), "sample": sample, "threads_again": threads_again}
    options |= chosen_options(chosen)
    with opened(ctx, source, destination, journal, page=page, notify=notify, **options) as migration:
        migration.verify()
        summary = migration.summary()
    if as_json:
        write_json(summary.as_json())
    else:
        tell_summary(summary, read_facts(migration.address).reasons, verified=True)
    return int(summary.exit_code)


@migrate.command()
@of_a_migration
@click.option("--yes", is_flag=True, help="Acknowledge all hazards and accept all announced losses. It is recorded.")
@click.option("--patience", type=click.FloatRange(0), default=900.0, show_default=True, help="Seconds of one outage.")
@_watched
@click.pass_context
def repair(
    ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool, yes: bool,
    patience: float,
    page: bool, notify: tuple[str, ...],
) -> int:  # fmt: skip
    """Mend what the latest verification found, where nobody changed it at the destination; list the rest with its reason."""
    with opened(ctx, source, destination, journal, page=page, notify=notify, yes=yes, patience=patience) as migration:
        if migration.journal.facts.recall("verified") is None:
            raise click.UsageError("nothing was verified since the last run: run migrate verify first")
        try:
            repaired = migration.repair()
        except DecisionNeeded as needed:
            tell_decisions(needed, migration.address)
            raise
        summary = migration.summary()
    if as_json:
        write_json({**summary.as_json(), "repaired": [asdict(one) for one in repaired]})
    else:
        tell_repaired(repaired, migration.address)
    return int(summary.exit_code)


@migrate.command()
@of_a_migration
@click.option("--hazard", "hazards", multiple=True, metavar="ID", help="Acknowledge a hazard.")
@click.option("--map", "maps", multiple=True, metavar="FIELD:OLD=NEW", help="Map a value; nothing after = drops it.")
@click.option(
    "--map-field", "field_maps", multiple=True, metavar="SOURCE=TARGET",
    help='Write a field into another, such as "ticket.tags=custom:Old tags", or "custom:Source=const:Old desk"; nothing '
    "after = drops the maps of a field.",
)  # fmt: skip
@click.option(
    "--later", "rules", multiple=True, metavar="FIELD=drop|nearest|placeholder|ask",
    help="What becomes of values of a field that a run meets later, so that it does not stop for them.",
)  # fmt: skip
@click.option("--threads", type=click.Choice(_THREADS), help="How threads are written.")
@click.option(
    "--rest", type=click.Choice(_RESTS), help="What has no place is lost, or goes into one last private note."
)
@click.option("--in-doubt", "doubts", multiple=True, metavar="ID=found:REF|again|skip", help="Settle a write in doubt.")
@click.option("--incomplete", "incomplete", multiple=True, metavar="SCAN=accept", help="Take a list as it came.")
@click.option(
    "--difference", "sides", multiple=True, metavar="ID=source|destination",
    help="Say which side holds where a record differs; migrate repair then does it.",
)  # fmt: skip
@click.option(
    "--gone", metavar="|".join((*CHOICES, f"{REMOVE}=N")),
    help="What becomes of records that the source deletes later: they stay, an internal note says so, or up to N of them, "
    "which nobody touched, are removed, into the trash if there is one.",
)  # fmt: skip
@click.option(
    "--foreign-markers", type=click.Choice([IGNORE]), help="Leave tickets with markers of another key as they are."
)
@click.pass_context
def decide(
    ctx: click.Context, source: str | None, destination: str | None, journal: Address, as_json: bool,
    hazards: tuple[str, ...], maps: tuple[str, ...], field_maps: tuple[str, ...], threads: str | None, rest: str | None,
    doubts: tuple[str, ...], sides: tuple[str, ...], incomplete: tuple[str, ...], gone: str | None,
    foreign_markers: str | None, rules: tuple[str, ...],
) -> int:  # fmt: skip
    """Record decisions that a plan or run asks for; without options, on a terminal, it asks for them one by one."""
    about_values = hazards or maps or field_maps or threads or rest or rules
    if not (about_values or doubts or sides or incomplete or gone or foreign_markers):
        if is_interactive() and not as_json:
            return _asked(ctx, source, destination, journal)
        raise click.UsageError(
            "nothing to decide: give --hazard, --map, --map-field, --later, --threads, --rest, --in-doubt, --difference, --incomplete, "
            "--gone or --foreign-markers"
        )
    values = [map_argument(text) for text in maps]
    scans = [_accepted(text) for text in incomplete]
    with opened(ctx, source, destination, journal) as migration:
        try:
            migration.acknowledge(*hazards)
            for field, old, new in values:
                migration.map_value(field, old, new)
            for text in field_maps:
                migration.map_field(text)
            _choose(migration, threads, rest, rules)
            for scan in scans:
                migration.accept_incomplete(scan)
            if gone:
                migration.choose_gone(gone)
            if foreign_markers:
                migration.ignore_foreign_markers()
            settled = {record: migration.decide_in_doubt(record, word) for record, word in _pairs(doubts)}
            differing = {record: migration.decide_difference(record, side) for record, side in _pairs(sides)}
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        summary = migration.summary()
    _refuse_unknown(settled, "no write in doubt has the id")
    _refuse_unknown(differing, "the latest verification found no difference of")
    if as_json:
        write_json({"hazards": hazards, "maps": len(values), "field_maps": field_maps, "threads": threads, "rest": rest,
                    "in_doubt": settled, "differences": differing, "incomplete": scans, "gone": gone,
                    "foreign_markers": foreign_markers, "later": dict(_pairs(rules))})  # fmt: skip
    return int(summary.standing_code)


def _asked(ctx: click.Context, source: str | None, destination: str | None, journal: Address) -> int:
    with opened(ctx, source, destination, journal, quiet=True) as migration:
        ask_decisions(migration)
        return int(migration.summary().standing_code)


def _choose(migration: Migration, threads: str | None, rest: str | None, rules: tuple[str, ...]) -> None:
    for field, rule in _pairs(rules):
        migration.choose_rule(field, rule)
    if threads:
        migration.choose_threads(Threads(threads))
    if rest:
        migration.choose_rest(Rest(rest))


def _pairs(texts: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(record, word) for record, _, word in (text.partition("=") for text in texts)]


def _refuse_unknown(meant: dict[str, int], what: str) -> None:
    if unknown := [record for record, count in meant.items() if not count]:
        raise click.UsageError(f"{what} {', '.join(unknown)}")


def _accepted(text: str) -> str:
    scan, equals, word = text.rpartition("=")
    if not equals or word != ACCEPT:
        raise click.UsageError(f"--incomplete {text}: write SCAN={ACCEPT}")
    return scan


@migrate.command()
@journal_option
@json_option
def status(journal: Address, as_json: bool) -> int:
    """Show how far a migration is; also while it runs, and without its desks."""
    need(journal)
    facts = read_facts(journal)
    counts = counts_json(facts.counts)
    worker, live = at_work(journal), read_live(journal)
    if worker is None or live is None or live["pid"] != worker.pid:
        live = None
    if as_json:
        write_json(
            {
                **facts.refs,
                "created": facts.created,
                "scope": {**facts.scope.as_json(), "words": facts.scope.words},
                "seconds": facts.seconds,
                **counts,
                "in_doubt": facts.doubts,
                "left_alone": facts.left_alone,
                "at_work": worker_json(worker),
                "phases": [] if live is None else live["phases"],
                "waiting": [] if live is None else live["waiting"],
                "end": None if live is None else live["end"],
                "uncarried": facts.uncarried,
                "gone": facts.gone,
            }
        )
        return int(facts.exit_code)
    say(f"{facts.labels['source']} -> {facts.labels['destination']}, since {facts.created:%Y-%m-%d %H:%M} UTC")
    if not facts.scope.everything:
        say(f"scope: {facts.scope.words}")
    tell_work(worker, live)
    tell_counts(facts.counts, facts.reasons)
    tell_later(facts.uncarried, facts.gone)
    tell_left_alone(facts.left_alone)
    for doubt in facts.doubts:
        say(
            f"{doubt.kind.value} {doubt.id} needs your decision ({doubt.evidence}): helpdesk-bridge migrate decide "
            f"--journal {shlex.quote(str(journal))} --in-doubt {doubt.named}=found:ID|again|skip"
        )
    return int(facts.exit_code)


@migrate.command()
@journal_option
@click.option("--report", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder for it.")
@click.option("--private", is_flag=True, help="Show digests in place of statuses, groups, tags and other values.")
@click.option(
    "--from-url", "old", metavar="PATTERN", help="The old tickets' addresses: https://HOST/PATH with {id} in it."
)
@click.option("--to-url", "new", metavar="PATTERN", help="The new tickets' addresses, where the vendor tells none.")
@json_option
def report(journal: Address, report: Path, private: bool, old: str | None, new: str | None, as_json: bool) -> int:
    """Write one HTML page for those who have to sign for the migration; also while it runs, without its desks.

    Beside it are tickets, mapping and differences as CSV.
    """
    from helpdesk_bridge.migration.redirects import Address as Pattern
    from helpdesk_bridge.migration.report.report import report_of_journal

    need(journal)
    patterns = {side: None if one is None else Pattern(one) for side, one in (("source", old), ("destination", new))}
    if any(one is not None and one.needs_number for one in patterns.values()):
        raise click.UsageError("a report asks no desk for its tickets' numbers: give patterns with {id}")
    summary = report_of_journal(journal, report, private=private, patterns=patterns)
    if as_json:
        write_json(summary.as_json())
    else:
        click.echo(clean_line(str(summary.report)))
    return int(summary.exit_code)


@migrate.command()
@click.option(
    "--journal", "journals", multiple=True, **{**JOURNAL, "help": f"{HELP} Several are shown side by side."},
)  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port on this machine (default: any).")
def watch(journals: tuple[Address, ...], port: int) -> None:
    """Serve a page on this machine that shows migrations while they run, until Ctrl-C. It changes nothing."""
    from helpdesk_bridge.migration.watch.server import WatchServer

    for journal in journals:
        need(journal)
    ended = threading.Event()
    try:
        with WatchServer(journals, port) as server, stopping(ended.set):
            click.echo(server.url)
            ended.wait()
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used ({error.strerror})") from None


@migrate.command()
@journal_option
@json_option
@csv_option
@click.option(
    "--agent", "old", required=True, metavar="OLD@…", help="The source's agent who was not at the destination."
)
@click.option(
    "--to", "new", required=True, metavar="NEW@…", help="The destination's agent who gets what is the other's."
)
@click.pass_context
def reassign(ctx: click.Context, journal: Path, as_json: bool, old: str, new: str) -> int:
    """Give tickets and messages of an agent who was not at the destination to one who is there now.

    It prints each with what became of it: what the destination does not let be changed, or somebody changed there since, is
    left, and the command then ends with 3. The journal names the desks.
    """
    ctx.meta.setdefault(MOVED, False)
    need(journal)
    with opened(ctx, None, None, journal) as migration:
        try:
            rows = list(migration.reassign(old, new))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        summary = migration.summary()
    if as_json:
        write_json([asdict(row) for row in rows])
    else:
        columns = ("ticket", "record", "id", "destination", "outcome", "why")
        write_table(columns, [tuple(getattr(row, name) for name in columns) for row in rows])
    return int(ExitCode.INCOMPLETE if any(row.outcome == LEFT for row in rows) else summary.standing_code)


migrate.add_command(sample)
migrate.add_command(links)
migrate.add_command(cutover)
migrate.add_command(redact)
migrate.add_command(rehearse)
migrate.add_command(ids)
migrate.add_command(kb)
migrate.add_command(redirect)
migrate.add_command(rollback)
