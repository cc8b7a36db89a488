"""``helpdesk-bridge export``."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.options import PATIENT, check_words, desk_argument, json_option, meant, moment, open_named
from helpdesk_bridge.cli.output import clean_line, say, write_json
from helpdesk_bridge.cli.progress import Progress
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.values import Status

_LAST: Final = "last"
_FORMATS: Final = ("parquet", "jsonl", "sqlite", "csv")


def _since(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | str | None:
    return value if value == _LAST else moment(ctx, parameter, value)


@click.command()
@desk_argument
@click.option(
    "--to", required=True, metavar="FOLDER", help="Where the files go: a new folder, or that of the run before."
)
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="parquet", show_default=True)
@click.option(
    "--form",
    type=click.Choice(["records", "conversation"]),
    default="records",
    show_default=True,
    help="Tables of records, or one JSON line a ticket with its messages (--format jsonl).",
)
@click.option("--notes", is_flag=True, help="Keep internal notes in conversations.")
@click.option("--files", is_flag=True, help="Fetch the files of messages too.")
@click.option(
    "--since",
    callback=_since,
    metavar="last|TIME",
    help="last: look for what changed since the run before, not for what is gone. TIME: tickets changed since then.",
)
@click.option("--until", callback=moment, metavar="TIME", help="Tickets that were last changed before TIME.")
@click.option("--created-since", callback=moment, metavar="TIME", help="Tickets that were created since TIME.")
@click.option("--created-until", callback=moment, metavar="TIME", help="Tickets that were created before TIME.")
@click.option("--status", multiple=True, help="A status, in our word or the vendor's.")
@click.option("--group", multiple=True)
@click.option("--tag", multiple=True)
@click.option("--limit", type=click.IntRange(1), help="At most so many tickets, the newest.")
@click.option("--pseudonymise", is_flag=True, help="Replace names, addresses, phones and ids, in texts too.")
@click.option(
    "--pseudonym-key",
    metavar="REFERENCE",
    help="env:NAME, file:PATH or keyring:SERVICE/USER; else a random key in FOLDER.key.",
)
@click.option(
    "--archive", metavar="FOLDER", help="What was read, as it is; FOLDER.archive beside the export if not given."
)
@click.option("--again", is_flag=True, help="Read every thread anew, not only those of tickets that changed.")
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Threads read at once.")
@json_option
@click.pass_context
def export(
    ctx: click.Context, /, desk: str, to: str, format_: str, form: str, notes: bool, files: bool,
    since: datetime | str | None, until: datetime | None, created_since: datetime | None,
    created_until: datetime | None, status: tuple[str, ...], group: tuple[str, ...], tag: tuple[str, ...],
    limit: int | None, pseudonymise: bool, pseudonym_key: str | None, archive: str | None, again: bool, workers: int,
    as_json: bool,
) -> int:  # fmt: skip
    """Write the tickets of DESK into files, or bring those files up to date.

    A run that was stopped or killed goes on with the same command. Exit code 3: something could not be read; the
    manifest says what.
    """
    from helpdesk_bridge.archive.scope import Scope
    from helpdesk_bridge.errors import Invalid
    from helpdesk_bridge.export.export import Export, ExportOptions

    began = since if isinstance(since, datetime) else None
    statuses = {meant(one, Status) for one in status}
    try:
        query = TicketQuery(
            statuses=statuses or None,
            groups=set(group) or None,
            tags=set(tag) or None,
            updated=(began, until) if began or until else None,
            created=(created_since, created_until) if created_since or created_until else None,
            limit=limit,
        )
        options = ExportOptions(
            format=format_, form=form, notes=notes, files=files, pseudonymise=pseudonymise,
            pseudonym_key=pseudonym_key, archive=None if archive is None else Path(archive), scope=Scope(query),
            since=_LAST if since == _LAST else None, again=again, workers=workers,
        )  # fmt: skip
    except Invalid as error:
        raise click.UsageError(error.message) from None
    opened = open_named(ctx, desk, **PATIENT)
    check_words(opened, "status", statuses)
    stop = threading.Event()
    with stopping(stop.set), Progress(quiet=as_json) as progress:
        manifest = Export(opened, to, options, stop=stop, progress=progress.update).run()
    document = manifest.document()
    if as_json:
        write_json(document)
    else:
        _tell(str(opened), to, document)
    return ExitCode.OK if manifest.complete else ExitCode.INCOMPLETE


def _tell(desk: str, to: str, document: dict[str, Any]) -> None:
    counts, spent = document["counts"], document["spent"]["this_run"]
    told = ", ".join(f"{counts[name]} {name}" for name in ("tickets", "messages", "contacts"))
    click.echo(clean_line(f"{desk}: {told}"))
    click.echo(clean_line(f"{len(document['files'])} files in {to}; {spent['calls']} calls this time"))
    if counts["tombstones"]:
        click.echo(f"{counts['tombstones']} records are gone: tombstones")
    if document["attachments"]:
        click.echo("{here} of {named} files of messages are here".format(**document["attachments"]))
    if not counts["tickets"]:
        say("no ticket of this desk is among those chosen" if document["kind"]["scope"] else "this desk has no ticket")
    for problem in document["problems"]:
        say(f"not complete: {problem}")


__all__ = ["export"]
