"""``helpdesk-bridge migrate ids`` and ``redirects``: which record became which, and where its address leads now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import click

from helpdesk_bridge.cli.journal_option import journal_option, need
from helpdesk_bridge.cli.options import PATIENT, csv_option, jsonl_option, open_named
from helpdesk_bridge.cli.output import CSV, say, write_jsonl, write_table
from helpdesk_bridge.cli.signals import stopping
from helpdesk_bridge.migration.journal.database.address import Address as JournalAddress
from helpdesk_bridge.migration.journal.reader import ids_of, whose
from helpdesk_bridge.migration.journal.states import Kind, is_opaque
from helpdesk_bridge.migration.redirects import Address, Known, RedirectApp, Side, known_of, nginx_map, redirects
from helpdesk_bridge.migration.report.facts import read_facts
from helpdesk_bridge.model.refs import format_ref
from helpdesk_bridge.web_page import LoopbackServer


@click.command()
@journal_option
@click.option("--kind", type=click.Choice([one.value for one in Kind]), default=Kind.TICKET.value, show_default=True)
@click.option(
    "--full", is_flag=True, help="Tickets with refs, numbers and addresses of both desks, whose lists are read."
)
@jsonl_option
@csv_option
@click.pass_context
def ids(ctx: click.Context, journal: JournalAddress, kind: str, full: bool, as_jsonl: bool) -> int:
    """Print which record became which: the source's ids and the destination's."""
    need(journal)
    if full and kind != Kind.TICKET.value:
        raise click.UsageError("--full is for tickets: other records have neither numbers nor addresses")
    rows = ids_of(journal, Kind(kind))
    if full:
        columns = [f"{side}_{what}" for side in ("source", "destination") for what in ("ref", "number", "url")]
        known = whose(journal)
        sides = {
            side: known_of(open_named(ctx, known[f"{side}_desk"], **PATIENT)) for side in ("source", "destination")
        }
        rows = (_full(row, known, sides) for row in rows)
        names: list[str] = [*columns[:3], "state", *columns[3:]]
    else:
        names = ["ticket", "source", "state", "destination"]
    if as_jsonl:
        write_jsonl(rows)
    else:
        write_table(names, ([_cell(row[name]) for name in names] for row in rows))
    return int(read_facts(journal).exit_code)


def _cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


def _full(row: Mapping[str, Any], known: Mapping[str, str], sides: Mapping[str, Mapping[str, Known]]) -> dict[str, Any]:
    told: dict[str, Any] = {"state": row["state"]}
    for side, record_id in (("source", row["source"]), ("destination", next(iter(row["destination"]), None))):
        vendor, _, account = known[side].partition(":")
        of = Known() if record_id is None else sides[side].get(record_id, Known())
        nameless = record_id is None or is_opaque(record_id)
        told[f"{side}_ref"] = None if nameless else format_ref(vendor, account, "ticket", str(record_id))
        told[f"{side}_number"], told[f"{side}_url"] = of.number, of.url
    return told


@click.command("redirects")
@journal_option
@click.option(
    "--from-url", "old", metavar="PATTERN", help="The old addresses: https://HOST/PATH with {id} or {number} in it."
)
@click.option(
    "--to-url",
    "new",
    metavar="PATTERN",
    help="The new addresses. Without a pattern, a side's are those that its vendor tells.",
)
@click.option("--format", "form", type=click.Choice(["nginx", "csv"]), default="nginx", show_default=True)
@click.option("--serve", type=click.IntRange(0, 65535), metavar="PORT", help="Answer on this machine's port instead.")
@click.pass_context
def redirect(
    ctx: click.Context, journal: JournalAddress, old: str | None, new: str | None, form: str, serve: int | None
) -> int:
    """Print where the addresses of the old helpdesk lead now, for a web server; or answer them.

    A side whose pattern has {number}, or that has no pattern, is asked for its list of tickets.
    """
    need(journal)
    known = whose(journal)
    sides = []
    for name, pattern in (("source", old), ("destination", new)):
        address = None if pattern is None else Address(pattern)
        asks = address is None or address.needs_number
        told = known_of(open_named(ctx, known[f"{name}_desk"], **PATIENT)) if asks else {}
        sides.append(Side(pattern=address, known=told))
    pairs = list(redirects(ids_of(journal, Kind.TICKET), *sides))
    if not pairs:
        which = "--from-url" if old is None else "--to-url"
        raise click.UsageError(f"no address is known of both sides: give {which}, a pattern")
    if serve is not None:
        _serve(RedirectApp(pairs), serve)
    elif form == "csv":
        ctx.meta[CSV] = True
        write_table(("from", "to"), pairs)
    else:
        for line in nginx_map(pairs):
            click.echo(line)
    return int(read_facts(journal).exit_code)


def _serve(app: RedirectApp, port: int) -> None:
    ended = threading.Event()
    try:
        server = LoopbackServer(app, port)
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used ({error.strerror})") from None
    with server, stopping(ended.set):
        click.echo(server.url)
        say(f"{len(app)} addresses of tickets; put a proxy for the old host name before it")
        ended.wait()
