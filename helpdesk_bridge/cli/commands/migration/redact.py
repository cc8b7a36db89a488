"""``helpdesk-bridge migrate redact``: make an archive that can be handed on."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from helpdesk_bridge.cli.options import json_option
from helpdesk_bridge.cli.output import clean_line, say, write_json
from helpdesk_bridge.cli.signals import stopping


@click.command()
@click.argument("archive", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="A new folder.")
@json_option
def redact(archive: Path, to: Path, as_json: bool) -> None:
    """Copy ARCHIVE without anybody's data: for a bug report, or to rehearse where customers' words must not go.

    Names, addresses, phones and ids are replaced, texts become as long rows of letters, files as many zero bytes. Groups,
    tags, statuses, and the names and options of fields stay as they are: look through those before you hand it on.
    """
    from helpdesk_bridge.export.redaction import Redaction

    stop = threading.Event()
    with stopping(stop.set):
        counts = Redaction(archive, to, stop).run()
    if as_json:
        write_json({"archive": str(to), "counts": counts})
        return
    told = ", ".join(f"{counts[name]} {name}" for name in ("tickets", "messages", "contacts"))
    click.echo(clean_line(f"{told} in {to}, without anybody's data"))
    say("groups, tags, and the names and options of fields are as they were: look through them before you hand it on")
