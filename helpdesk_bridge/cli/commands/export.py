"""``helpdesk-bridge export`` and ``helpdesk-bridge migrate extract``: a desk read into files of this machine."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

import click

from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.options import PATIENT, check_words, desk_argument, json_option, open_named
from helpdesk_bridge.cli.output import clean_line, say, write_json
from helpdesk_bridge.cli.progress import Progress
from helpdesk_bridge.cli.scope import scope_of, scope_options, since_of
from helpdesk_bridge.cli.signals import stopping

_FORMATS: Final = ("parquet", "jsonl", "sqlite", "csv")


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
@scope_options
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
    ctx: click.Context, /, desk: str, to: str, format_: str, form: str, notes: bool, files: bool, pseudonymise: bool,
    pseudonym_key: str | None, archive: str | None, again: bool, workers: int, as_json: bool, **chosen: Any,
) -> int:  # fmt: skip
    """Write the tickets of DESK into files, or bring those files up to date.

    A run that was stopped or killed goes on with the same command. Exit code 3: something could not be read; the
    manifest says what.
    """
    from helpdesk_bridge.errors import Invalid
    from helpdesk_bridge.export.export import Export, ExportOptions

    try:
        options = ExportOptions(
            format=format_, form=form, notes=notes, files=files, pseudonymise=pseudonymise,
            pseudonym_key=pseudonym_key, archive=None if archive is None else Path(archive), scope=scope_of(chosen),
            since=since_of(chosen), again=again, workers=workers,
        )  # fmt: skip
    except Invalid as error:
        raise click.UsageError(error.message) from None
    opened = open_named(ctx, desk, **PATIENT)
    check_words(opened, "status", options.scope.query.statuses or ())
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


@click.command()
@desk_argument
@click.option(
    "--archive", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="The archive's folder."
)
@click.option("--files", is_flag=True, help="Fetch the files of messages too: a migration from the archive needs them.")
@scope_options
@click.option("--again", is_flag=True, help="Read every thread anew, not only those of tickets that changed.")
@click.option("--workers", type=click.IntRange(1, 64), default=4, show_default=True, help="Threads read at once.")
@json_option
@click.pass_context
def extract(
    ctx: click.Context,
    /,
    desk: str,
    archive: Path,
    files: bool,
    again: bool,
    workers: int,
    as_json: bool,
    **chosen: Any,
) -> int:
    """Read DESK into an archive on this machine, or bring that archive up to date.

    An archive is a desk of vendor "archive": a migration can be planned and tried from it without a call. A run that was
    stopped or killed goes on with the same command.
    """
    from helpdesk_bridge.archive.archive import Archive
    from helpdesk_bridge.archive.reading import Reading, origin_of
    from helpdesk_bridge.errors import Invalid

    try:
        scope = scope_of(chosen)
    except Invalid as error:
        raise click.UsageError(error.message) from None
    opened = open_named(ctx, desk, keep_raw=True, **PATIENT)
    check_words(opened, "status", scope.query.statuses or ())
    stop = threading.Event()
    kept = Archive.make(archive, origin_of(opened), scope.digest())
    try:
        with stopping(stop.set), Progress(quiet=as_json) as progress:
            run = Reading(
                desk=opened, archive=kept, scope=scope, since=since_of(chosen), files=files, again=again,
                workers=workers, stop=stop, progress=progress.update,
            ).run()  # fmt: skip
        counts = kept.counts()
    finally:
        kept.close()
    if as_json:
        write_json({"archive": str(archive), "run": run, "counts": counts, "complete": run.complete})
    else:
        told = ", ".join(f"{counts[name]} {name}" for name in ("tickets", "messages", "contacts"))
        click.echo(clean_line(f"{opened}: {told} in {archive}; {run.calls} calls this time"))
    for problem in () if as_json else run.problems:
        say(f"not complete: {problem}")
    return ExitCode.OK if run.complete else ExitCode.INCOMPLETE


__all__ = ["export", "extract"]
