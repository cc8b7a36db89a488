"""``helpdesk-bridge trust``: the user's consent to a configuration file in the working folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from helpdesk_bridge.cli.options import json_option
from helpdesk_bridge.cli.output import clean_line, say, write_json
from helpdesk_bridge.config.consent import forget, remember
from helpdesk_bridge.config.file import FILE_NAME, load_file
from helpdesk_bridge.config.settings import needs_consent


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--revoke", is_flag=True, help="Take the consent back.")
@json_option
@click.pass_context
def trust(ctx: click.Context, file: Path | None, revoke: bool, as_json: bool) -> None:
    """Consent to FILE (helpdesk.toml of the working folder, or --config) as it is now.

    Prints the hosts to which each of its desks may send a secret. The consent is remembered by the file's path and the digest of its
    bytes in your own configuration folder; after any change of the file it is asked for again.
    """
    chosen = file or Path((ctx.obj or {}).get("config") or FILE_NAME)
    if revoke:
        taken = forget(chosen)
        if as_json:
            write_json({"file": str(chosen), "trusted": False})
        else:
            say(f"{chosen}: {'no longer trusted' if taken else 'was not trusted'}")
        return
    # The bytes that are shown are the bytes that are consented to: one reading.
    loaded = load_file(chosen)
    rows: list[dict[str, Any]] = [
        {"desk": name, "secrets": list(secrets), "places": [str(one) for one in places]}
        for name, secrets, places in needs_consent(loaded)
    ]
    record = remember(loaded)
    if as_json:
        write_json({"file": str(loaded.real), "sha256": loaded.digest, "trusted": True, "desks": rows})
        return
    for row in rows:
        click.echo(clean_line(f"{row['desk']}: {', '.join(row['secrets'])} -> {', '.join(row['places'])}"))
    if not rows:
        click.echo("no desk of it takes a secret of yours to a place that is not its vendor's")
    say(f"{loaded.real} is trusted as it is now; remembered in {record}")
