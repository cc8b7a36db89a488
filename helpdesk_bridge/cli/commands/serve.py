"""The servers of a desk: ``serve`` takes its webhooks and stores them in its inbox, ``mcp`` gives a language model its tools."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from helpdesk_bridge.cli.options import desk_argument, open_named
from helpdesk_bridge.cli.output import plain, say, write_json
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.errors import ConfigError, Unsupported

if TYPE_CHECKING:
    from helpdesk_bridge.desk.desk import Desk
    from helpdesk_bridge.desk.webhook_receiver import Tally, WebhookReceiver

DEFAULT_PORT: Final = 8360


@click.command()
@desk_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 takes a free one."
)
@click.option(
    "--path-secret",
    "references",
    multiple=True,
    metavar="SECRET",
    help="What the path must be: env:NAME, file:PATH or keyring:SERVICE/USER. Without it, the desk's own token counts.",
)
@click.pass_context
def serve(ctx: click.Context, desk: str, host: str, port: int, references: tuple[str, ...]) -> int:
    """Take the webhooks of DESK and store them in its inbox; for a vendor that needs no inbox, print its events as JSON lines.

    It is for trusted networks: behind a proxy that ends TLS. Prints one JSON line when it listens. The first SIGTERM or Ctrl-C answers what is in flight and ends with 0.
    """
    from helpdesk_bridge.cli.webhook_server import WebhookServer
    from helpdesk_bridge.http.origin import is_loopback

    opened = open_named(ctx, desk)
    receiver = _receiver(opened, references)
    server = WebhookServer(receiver, host, port)
    stopped = threading.Event()
    with stopping(stopped.set):
        try:
            url = server.start()
        except OSError as error:
            raise click.UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
        try:
            # The secret stands in no output: what is printed ends up in logs.
            write_json(
                {"desk": opened.name, "vendor": opened.vendor, "account": opened.account, "url": url}, indent=None
            )
            if not is_loopback(host):
                say(
                    "other machines can reach this address, without TLS, and this server is for trusted networks: put an "
                    "https proxy in front of it, or run the WSGI application in a server of your own"
                )
            stopped.wait()
        finally:
            server.stop()
    say(told(receiver.tally))
    return 0


def _receiver(desk: Desk, references: Sequence[str]) -> WebhookReceiver:
    from helpdesk_bridge.adapter.facets import StoringWebhooks
    from helpdesk_bridge.config.settings import read_secret
    from helpdesk_bridge.desk.webhook_receiver import WebhookReceiver

    webhooks = desk.webhooks
    if not webhooks:
        note = desk.capabilities.notes.get("webhooks", "events are asked for")
        raise click.UsageError(f"{desk.title} sends no webhooks: {note}")
    try:
        secrets = [read_secret(one, "--path-secret") for one in references]
        on_events = None if isinstance(webhooks, StoringWebhooks) else Printed()
        receiver = WebhookReceiver(desk, secrets, on_events=on_events)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if isinstance(webhooks, StoringWebhooks):
        try:
            webhooks.prepare()
        except Unsupported as error:
            raise click.UsageError(error.message) from None
    return receiver


class Printed:
    """Prints events as they come, a JSON line each: the kind and what it tells; the vendor's document of an unknown one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, events: tuple[Any, ...]) -> None:
        """Print some events, whole lines at a time."""
        lines = [{"event": type(event).__name__, **self._fields(event)} for event in events]
        with self._lock:
            for line in lines:
                write_json(line, indent=None)
            sys.stdout.flush()

    @staticmethod
    def _fields(event: Any) -> dict[str, Any]:
        fields = {name: value for name, value in plain(event).items() if name not in ("object", "version")}
        return fields or {"raw": event.to_dict()["raw"]}


def told(tally: Tally) -> str:
    """Return what was seen, as a line."""
    answers = ", ".join(f"{count} with {status}" for status, count in sorted(tally.answers.items())) or "none"
    return f"requests answered: {answers}; new events: {tally.events}"


PATIENCE: Final = 5.0
"""Vendor seconds that a tool waits for its budget; a model is told sooner than it would be by a time-out of its client."""


@click.command()
@desk_argument
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(["note", "reply"]),
    help="Let the model write internal notes, or answers to customers; each write asks the person at the client first.",
)
@click.option(
    "--reserve",
    type=click.IntRange(0),
    metavar="N",
    help="Units of the rate limit that the model leaves to other programs (default: the desk's own, else half of the limit).",
)
@click.option("--pseudonymise", is_flag=True, help="Replace names, addresses, phones and ids; for reading only.")
@click.option(
    "--http",
    "port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve HTTP on loopback instead; 0 takes a free port.",
)
@click.pass_context
def mcp(
    ctx: click.Context, desk: str, allow: tuple[str, ...], reserve: int | None, pseudonymise: bool, port: int | None
) -> int:
    """Serve DESK to an MCP client, such as a language model's: on stdin and stdout, or on loopback with --http.

    Its tools read only, unless --allow names what else. With --http it prints one JSON line with the address and the token
    of this start, which the client sends in the header Authorization, as Bearer TOKEN.
    """
    import mcp as _  # noqa: F401 - what is not installed is told before anything is opened

    if pseudonymise and allow:
        raise click.UsageError(
            "--pseudonymise is for reading: what a model writes would carry pseudonyms; leave out --allow"
        )
    kept = _reserve(ctx, desk, reserve)
    opened = open_named(ctx, desk, max_wait=PATIENCE, reserve=kept)
    try:
        asyncio.run(_serve(opened, allow, kept, pseudonymise, port))
    except KeyboardInterrupt:
        say("stopped")
    return 0


def _reserve(ctx: click.Context, name: str, given: int | None) -> int:
    from helpdesk_bridge.config.settings import from_file
    from helpdesk_bridge.desk.connection import open_config
    from helpdesk_bridge.mcp_server.spending import RESERVED_PART

    config = from_file(name, (ctx.obj or {}).get("config"))
    with open_config(config) as desk:
        policy = desk.rate_limit
    if policy is None:
        return 0
    limit = policy.windows[policy.headers.window].limit
    reserve = given if given is not None else config.common.reserve or limit // RESERVED_PART
    reserve = int(reserve) if reserve >= 1 else math.ceil(limit * reserve)
    if reserve >= limit:
        raise click.UsageError(
            f"--reserve {reserve}: {name} allows {limit} units, and the model needs at least one of them"
        )
    return reserve


async def _serve(desk: Desk[Any], allow: tuple[str, ...], reserve: int, pseudonymise: bool, port: int | None) -> None:
    from helpdesk_bridge.aio import AsyncDesk
    from helpdesk_bridge.mcp_server.server import DeskServer, Write

    async with AsyncDesk(desk) as opened:
        server = DeskServer(opened, allow=[Write(one) for one in allow], reserve=reserve, pseudonymise=pseudonymise)
        try:
            if port is None:
                await server.mcp.run_stdio_async()
            else:
                await _loopback(desk, server, port)
        finally:
            server.close()


async def _loopback(desk: Desk[Any], server: Any, port: int) -> None:
    from helpdesk_bridge.mcp_server.loopback import LoopbackServer

    try:
        served = LoopbackServer(server.mcp, port)
    except OSError as error:
        raise click.UsageError(f"cannot listen on port {port}: {error.strerror or error}") from None
    write_json({"desk": desk.name, "url": served.url, "token": served.token}, indent=None)
    await served.serve()
