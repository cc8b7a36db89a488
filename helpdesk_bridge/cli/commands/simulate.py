"""``helpdesk-bridge simulate``: a vendor's simulator on loopback."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from attrs import evolve

from helpdesk_bridge.cli.options import complete_vendor, pairs
from helpdesk_bridge.cli.output import write_table
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.settings import read_secret
from helpdesk_bridge.config.toml_text import desk_table
from helpdesk_bridge.http.origin import is_loopback

if TYPE_CHECKING:
    from helpdesk_bridge.datasets.account import Account
    from helpdesk_bridge.datasets.dataset import Dataset
    from helpdesk_bridge.testing.simulator.app import SimulatorApp

DEFAULT_TICKETS = 320
_AWAKE_SECONDS = 0.5
_LOOPBACK = "127.0.0.1"


@click.command()
@click.argument("vendor", shell_complete=complete_vendor)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option(
    "--host", default=_LOOPBACK, show_default=True, help="Listen there, 0.0.0.0 in a container; /_sim asks for a token."
)
@click.option(
    "--admin-token", metavar="REFERENCE", help="That token: env:NAME or file:PATH; a made-up one is printed without."
)
@click.option("--account", type=click.Path(dir_okay=False, path_type=Path), help="Be the account of a TOML file.")
@click.option("--corpus", type=click.Path(dir_okay=False, path_type=Path), help="Load tickets of a JSONL file.")
@click.option("--tickets", type=click.IntRange(0), help="Generate so many (320); 0 leaves agents, groups and fields.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--state", type=click.Path(dir_okay=False, path_type=Path), help="Keep the account in a file over restarts."
)
@click.option("--time-scale", default="1", help='Vendor seconds a second, or "auto".')
@click.option("--set", "switches", multiple=True, metavar="KEY=VALUE", help="Set a quirk; --routes lists them.")
@click.option("--toml", "as_toml", is_flag=True, help="Print a table for helpdesk.toml, in place of JSON.")
@click.option(
    "--against",
    type=click.Path(file_okay=False, path_type=Path),
    help="Hold it against a cassette: print where it would have answered otherwise, and end.",
)
@click.option("--routes", is_flag=True, help="List routes and quirks with their provenance, and end.")
def simulate(
    vendor: str,
    port: int,
    host: str,
    admin_token: str | None,
    account: Path | None,
    corpus: Path | None,
    tickets: int | None,
    seed: int,
    state: Path | None,
    time_scale: str,
    switches: tuple[str, ...],
    as_toml: bool,
    against: Path | None,
    routes: bool,
) -> int:
    """Serve a wire-faithful simulator of VENDOR on this machine.

    Prints one JSON line when it listens, with the settings that reach it, and stops on SIGTERM or Ctrl-C. With --state it
    goes on where it was stopped or killed, at the same port if that is free. With --host other machines reach it too; a
    desk there sets simulator = true.
    """
    from helpdesk_bridge.cli.commands.cassettes import held_against
    from helpdesk_bridge.testing.simulator.server import SimulatorServer
    from helpdesk_bridge.testing.simulator.switches import SettingError

    try:
        given = None if account is None else _account(vendor, account)
        data = dataset(corpus, 0 if routes else tickets, seed, given)
        app = create(vendor, data, time_scale, {**_switches_of(given), **pairs(switches)})
        if routes:
            _print_routes(app)
            return 0
        if against is not None:
            return held_against(app, against)
        if state is not None:
            made_with = _made_with(account, corpus, tickets, seed)
            earlier = app.keep_state(state, made_with=made_with, seed=seed if corpus is None else None)
            port = port or _port_of(earlier)
        token = _token(host, admin_token)
        server = SimulatorServer(app, port, host=host, token=token)
    except SettingError as error:
        raise click.UsageError(str(error)) from None
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        server.start()
    except OSError as error:
        where = "" if host == _LOOPBACK else f" of {host}"
        raise click.UsageError(f"cannot listen on port {port}{where}: {error.strerror}") from None
    try:
        settings = {**app.connection, "base_url": server.url, "time_scale": app.clock.time_scale}
        if app.follows_host:
            settings["simulator"] = True
        if as_toml:
            click.echo(desk_table(vendor, {"vendor": vendor, **settings}))
        else:
            shown = {"admin_token": token} if token is not None and admin_token is None else {}
            click.echo(json.dumps({"vendor": vendor, "base_url": server.url, "settings": settings, **shown}))
        # The kernel may give the signal to a thread that serves; its handler runs when this one is awake.
        while not stopped.wait(_AWAKE_SECONDS):
            pass
    finally:
        server.stop()
        app.release_state()
    return 0


def _token(host: str, reference: str | None) -> str | None:
    """Return what the admin routes ask for: the user's own, or a made-up token where other machines can reach them."""
    if reference is not None:
        return read_secret(reference, "--admin-token")
    return None if is_loopback(host) else secrets.token_urlsafe(24)


def _made_with(account: Path | None, corpus: Path | None, tickets: int | None, seed: int) -> str:
    """Return the options that choose an account's records."""
    options = [] if account is None else [f"--account {account}"]
    if corpus is not None:
        options.append(f"--corpus {corpus}")
    if corpus is None or tickets is not None:
        options.append(f"--tickets {DEFAULT_TICKETS if tickets is None else tickets}")
    return f"with {' '.join([*options, *([f'--seed {seed}'] if corpus is None else [])])}"


def _port_of(address: str | None) -> int:
    """Return the port of an earlier run if it is free, so that the desks that knew it find it again; else 0."""
    port = urlsplit(address or "").port
    if port is None:
        return 0
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return 0
    return port


def dataset(corpus: Path | None, tickets: int | None, seed: int, account: Account | None = None) -> Dataset:
    """Return the seed data of a simulator; of a corpus with 0 tickets only the agents stay.

    A bad corpus is a usage error that names the line, and so are tickets that name what ``account`` lacks.
    """
    from helpdesk_bridge.datasets.account import AccountError

    if corpus is None:
        from helpdesk_bridge.datasets.generator import generate

        made = generate(DEFAULT_TICKETS if tickets is None else tickets, seed)
        return made if account is None else account.fitted(made)
    loaded = _corpus(corpus, account)
    if account is not None:
        try:
            loaded = account.with_tickets(loaded)
        except AccountError as error:
            raise click.UsageError(f"{corpus.name}: {error}") from None
    return loaded if tickets != 0 else evolve(loaded, tickets=(), people=loaded.agents)


def _account(vendor: str, path: Path) -> Account:
    """Read an account file. A bad one is a usage error of one line."""
    from helpdesk_bridge.datasets.account import AccountError, load_account
    from helpdesk_bridge.datasets.generator import generate

    found = registry.vendor(vendor)
    if found.simulator is None:
        raise click.UsageError(f"{found.title} has no simulator: it is not reached over HTTP")
    app: SimulatorApp = registry.load(found.simulator)(generate(0))
    try:
        account = load_account(path, app.ACCOUNT_KEYS, found.title)
    except AccountError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from None
    unknown = sorted(account.limits.keys() - app.ACCOUNT_LIMITS)
    if unknown:
        raise click.UsageError(
            f"{path.name}: limits has no {unknown[0]!r}; {found.title} has {', '.join(sorted(app.ACCOUNT_LIMITS))}"
        )
    plans = app.SWITCHES["subscription"].choices if account.plan is not None else ()
    if account.plan is not None and account.plan not in plans:
        raise click.UsageError(f"{path.name}: plan takes one of {', '.join(map(str, plans))}")
    return account


def _switches_of(account: Account | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {**account.limits, **({} if account.plan is None else {"subscription": account.plan})}


def _corpus(corpus: Path, account: Account | None) -> Dataset:
    from helpdesk_bridge.datasets.corpus import CorpusError, load_corpus

    try:
        return load_corpus(corpus, None if account is None else account.dataset.statuses)
    except CorpusError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.UsageError(f"{corpus} cannot be read: {error.strerror}") from None


def create(vendor: str, data: Dataset, time_scale: str, switches: Mapping[str, Any]) -> SimulatorApp:
    """Return a vendor's simulator; a time scale of "auto" lets at most 200 requests a second through."""
    found = registry.vendor(vendor)
    if found.simulator is None:
        raise click.UsageError(f"{found.title} has no simulator: it is not reached over HTTP")
    make = registry.load(found.simulator)
    if time_scale == "auto":
        from helpdesk_bridge.testing.running import automatic_scale

        scale = automatic_scale(vendor, settings_table(vendor, make(data, settings=switches)))
    else:
        try:
            scale = float(time_scale)
        except ValueError:
            scale = 0.0
        if not 0 < scale < float("inf"):
            raise click.UsageError("--time-scale takes a number above 0, or auto")
    app: SimulatorApp = make(data, settings=switches, time_scale=scale)
    return app


def settings_table(vendor: str, app: SimulatorApp) -> dict[str, Any]:
    """Return the ``[desks.x]`` table that reaches a simulator, but for its address."""
    return {"vendor": vendor, **app.connection}


def _print_routes(app: SimulatorApp) -> None:
    write_table(
        ("method", "path", "provenance", "source"),
        [(one.method, one.rule, one.provenance, one.source) for one in app.routes()],
    )
    click.echo()
    write_table(
        ("quirk", "default", "provenance", "what it does"),
        [(name, one.default, one.provenance, one.help) for name, one in sorted(app.SWITCHES.items())],
    )
