"""``helpdesk-bridge record`` and ``replay``: a real account's answers, kept without secrets and persons, and served."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.options import open_named
from helpdesk_bridge.cli.output import say, write_json
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.text.display import line

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from helpdesk_bridge.desk.desk import Desk
    from helpdesk_bridge.testing.cassette.cassette import CassetteWriter
    from helpdesk_bridge.testing.cassette.recorder import Recorder
    from helpdesk_bridge.testing.simulator.app import SimulatorApp

FOLDER = click.Path(file_okay=False, path_type=Path)
PORT = click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")


@click.command()
@click.argument("desk")
@click.option("--out", "folder", type=FOLDER, required=True, help="A new folder for the cassette.")
@click.option("--walk", is_flag=True, help="Read a little of everything, about 40 calls, and end.")
@click.option("--writes", is_flag=True, help="Let writes through to the real account.")
@PORT
@click.pass_context
def record(ctx: click.Context, desk: str, folder: Path, walk: bool, writes: bool, port: int) -> int:
    """Keep what DESK's vendor answers as a cassette, without secrets and persons.

    With --walk it asks by itself. Without, it is a proxy on this machine: prints one JSON line with the settings that
    reach it, and ends on SIGTERM or Ctrl-C. It only reads, unless --writes is given.
    """
    from helpdesk_bridge.testing.cassette.cassette import CassetteError, CassetteWriter

    opened = open_named(ctx, desk, max_wait=None)
    try:
        cassette = CassetteWriter(folder, opened.vendor)
    except CassetteError as error:
        raise click.UsageError(str(error)) from None
    recorder = _recorder(ctx, opened, cassette, writes=writes)
    stopped = threading.Event()
    with opened, stopping(stopped.set), _served(recorder, port) as url:
        settings = _through(ctx, desk, recorder.key, url)
        if walk:
            _walk(settings, stopped)
        else:
            shown = {key: value for key, value in settings.items() if key not in {"max_wait", "budget"}}
            write_json({"vendor": opened.vendor, "base_url": url, "settings": shown}, indent=None)
            stopped.wait()
    count = cassette.close()
    say(f"{count} exchanges in {folder}; read them before you pass them on")
    return 0


@click.command()
@click.argument("folder", metavar="CASSETTE", type=FOLDER)
@PORT
def replay(folder: Path, port: int) -> int:
    """Serve a CASSETTE's answers on this machine, until SIGTERM or Ctrl-C. Credentials are not checked."""
    from helpdesk_bridge.testing.cassette.cassette import CassetteError, load_cassette
    from helpdesk_bridge.testing.cassette.replay import Replay

    try:
        vendor, exchanges = load_cassette(folder)
    except CassetteError as error:
        raise click.UsageError(str(error)) from None
    stopped = threading.Event()
    with stopping(stopped.set), _served(Replay(exchanges), port) as url:
        write_json({"vendor": vendor, "base_url": url, "exchanges": len(exchanges)}, indent=None)
        stopped.wait()
    return 0


def _recorder(ctx: click.Context, opened: Desk, cassette: CassetteWriter, *, writes: bool) -> Recorder:
    from helpdesk_bridge.config.settings import from_file
    from helpdesk_bridge.testing.cassette.recorder import Recorder

    if (transport := opened.transport) is None:
        raise click.UsageError(f"{opened.title} is not reached over HTTP: there is nothing to record")
    settings = asdict(from_file(opened.name, ctx.obj["config"]).settings, recurse=False)
    hidden = [value.reveal() for value in settings.values() if isinstance(value, Secret)]
    return Recorder(transport, cassette, hidden=hidden, writes=writes)


def _through(ctx: click.Context, name: str, key: str, url: str) -> dict[str, Any]:
    """Return the table of a desk that goes by the recorder: the same account, with the recorder's key."""
    from helpdesk_bridge.config.settings import load_file

    table = dict(load_file(ctx.obj["config"]).tables[name])
    kept = {key: value for key, value in table.items() if not isinstance(value, dict) and key not in _REPLACED}
    return {**kept, "api_key": key, "base_url": url, "budget": "memory", "max_wait": None}


_QUICKLY = 3600.0
"""Vendor seconds a second while a cassette is compared, so that no window of the rate limit is waited for in earnest."""
_REPLACED = frozenset(
    {
        "api_key",
        "password",
        "email",
        "base_url",
        "budget",
        "proxy",
        "ca_bundle",
        "client_certificate",
        "trust_environment",
        "webhook_token",
        "previous_api_key",
        "inbox",
        "region",
        "max_wait",
        "time_scale",
        "simulator",
    }
)
"""Keys of a desk that say how the vendor is reached, or hold secrets: the recorder has its own."""


def _walk(settings: dict[str, Any], stopped: threading.Event) -> None:
    from helpdesk_bridge.desk.connection import open_desk
    from helpdesk_bridge.testing.cassette.walk import walk

    with open_desk(settings) as desk:
        for name, refused in walk(desk):
            say(f"{name}: {refused or 'read'}")
            if stopped.is_set():
                break


def held_against(app: SimulatorApp, folder: Path) -> int:
    """Print where a simulator would have answered otherwise than a cassette; 0 if nowhere, else 3."""
    from helpdesk_bridge.desk.connection import open_desk
    from helpdesk_bridge.testing.cassette.cassette import CassetteError, load_cassette
    from helpdesk_bridge.testing.cassette.comparison import compare
    from helpdesk_bridge.testing.simulator.server import SimulatorServer

    try:
        _, exchanges = load_cassette(folder, app.vendor)
    except CassetteError as error:
        raise click.UsageError(str(error)) from None
    app.clock.time_scale = _QUICKLY
    with SimulatorServer(app) as server:
        table = {"vendor": app.vendor, **app.connection, "base_url": server.url, "budget": "memory", "max_wait": None}
        with open_desk({**table, "time_scale": _QUICKLY}) as desk:
            deviations = compare(exchanges, app, desk.transport) if desk.transport is not None else []
    for deviation in deviations:
        click.echo(line(str(deviation)))
    say(f"{len(exchanges)} exchanges held against the simulator: {len(deviations) or 'no'} deviations")
    return ExitCode.INCOMPLETE if deviations else ExitCode.OK


@contextmanager
def _served(app: WSGIApplication, port: int) -> Iterator[str]:
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: Any) -> None:
            """Write nothing: a line would hold what a customer is called."""

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    except (OSError, SystemExit):
        raise click.UsageError(f"cannot listen on port {port}") from None
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
