"""``helpdesk-bridge tickets``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from helpdesk_bridge.cli.commands import ticket_writes
from helpdesk_bridge.cli.options import (
    check_words,
    csv_option,
    desk_argument,
    json_option,
    jsonl_option,
    meant,
    moment,
    open_named,
)
from helpdesk_bridge.cli.output import clean_line, write_json, write_jsonl, write_said, write_table
from helpdesk_bridge.model.fields import SINGLE, TICKET, Field, Kind, filters
from helpdesk_bridge.model.queries import INCLUDES, Order, TicketQuery
from helpdesk_bridge.model.records import Message, Ticket

F = TypeVar("F", bound=Callable[..., Any])
_FILTERS: Final = {name: field for name, field in filters(TICKET).items() if field.kind in SINGLE | {Kind.WORDS}}
_HELP: Final = {"status": "A status, in our word or the vendor's.", "requester": "An e-mail, id or phone."}


@click.group()
def tickets() -> None:
    """List, show and write tickets."""


for _command in (ticket_writes.create_ticket, ticket_writes.update_ticket, ticket_writes.reply, ticket_writes.note):
    tickets.add_command(_command)


def _filter_options(command: F) -> F:
    """Add an option for each field that a query asks for by its value, named as one value is."""
    for name, field in reversed(_FILTERS.items()):
        flag = f"--{(field.decision or field.name).replace('_', '-')}"
        command = click.option(flag, name, multiple=True, help=_HELP.get(field.name))(command)
    return command


def _meant(field: Field, values: tuple[str, ...]) -> set[Any]:
    return {meant(value, field.choices) if field.choices else value for value in values}


@tickets.command("list")
@desk_argument
@_filter_options
@click.option("--subject", help="A part of the subject.")
@click.option("--created-since", callback=moment, help="UTC where it has no offset.")
@click.option("--updated-since", callback=moment)
@click.option("--include", "includes", multiple=True, type=click.Choice(sorted(INCLUDES)))
@click.option("--order", type=click.Choice([one.value for one in Order]), default=TicketQuery().order.value)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@jsonl_option
@csv_option
@click.pass_context
def list_tickets(
    ctx: click.Context, /, desk: str, as_json: bool, as_jsonl: bool, limit: int, order: str,
    created_since: datetime | None, updated_since: datetime | None, subject: str | None, includes: tuple[str, ...],
    **wanted: tuple[str, ...],
) -> None:  # fmt: skip
    """List the tickets of DESK, newest first."""
    filtered: dict[str, Any] = {name: _meant(_FILTERS[name], values) for name, values in wanted.items() if values}
    query = TicketQuery(
        subject=subject,
        created=(created_since, None) if created_since else None,
        updated=(updated_since, None) if updated_since else None,
        include=includes,
        order=order,
        limit=limit,
        **filtered,
    )
    opened = open_named(ctx, desk)
    for option, name in (("status", "statuses"), ("priority", "priorities")):
        check_words(opened, option, filtered.get(name, ()))
    found = opened.tickets.list(query)
    if as_jsonl:
        write_jsonl(found)
    elif as_json:
        write_json(list(found))
    else:
        write_table(("id", "status", "priority", "created", "requester", "subject"), map(_row, found))


def _row(ticket: Ticket) -> tuple[Any, ...]:
    who = ticket.requester
    return (
        ticket.id, ticket.status_label or ticket.status, ticket.priority_label or ticket.priority, ticket.created_at,
        (who.email or who.name or who.id) if who else None, ticket.subject,
    )  # fmt: skip


@tickets.command("show")
@desk_argument
@click.argument("ticket")
@json_option
@click.pass_context
def show_ticket(ctx: click.Context, desk: str, ticket: str, as_json: bool) -> None:
    """Show one TICKET (an id or a ref) with its thread."""
    opened = open_named(ctx, desk)
    found = opened.tickets.get(ticket)
    thread = opened.messages.list(found.id)
    if as_json:
        write_json({"ticket": found, "messages": list(thread)})
        return
    # The first page is read before anything is printed; then each message is shown and let go, for it may be large.
    messages = iter(thread)
    message = next(messages, None)
    click.echo(clean_line(f"{found.ref}  {found.subject}"))
    click.echo(
        clean_line(f"{found.status_label or found.status.value} · {found.priority_label or found.priority.value}")
    )
    while message is not None:
        _show(message)
        del message
        message = next(messages, None)


def _show(message: Message) -> None:
    who = message.author.name or message.author.email or message.author.kind.value
    when = message.created_at.strftime("%Y-%m-%d %H:%M") if message.created_at else "-"
    click.echo("\n" + clean_line(f"{when}  {who}  ({message.visibility.value} {message.kind.value})"))
    write_said(message.body.text)
    for file in message.attachments:
        click.echo(clean_line(f"  [{file.filename}, {file.size if file.size is not None else '?'} bytes]"))
