"""``helpdesk-bridge messages``."""

from __future__ import annotations

from typing import Any

import click

from helpdesk_bridge.cli.options import csv_option, desk_argument, json_option, jsonl_option, open_named
from helpdesk_bridge.cli.output import write_json, write_jsonl, write_table
from helpdesk_bridge.model.records import Message


@click.group()
def messages() -> None:
    """List the messages of a ticket."""


@messages.command("list")
@desk_argument
@click.argument("ticket")
@json_option
@csv_option
@jsonl_option
@click.pass_context
def list_messages(ctx: click.Context, desk: str, ticket: str, as_json: bool, as_jsonl: bool) -> None:
    """List the thread of TICKET (an id or a ref), oldest first."""
    found = open_named(ctx, desk).messages.list(ticket)
    if as_jsonl:
        write_jsonl(found)
    elif as_json:
        write_json(list(found))
    else:
        write_table(
            ("id", "created", "author", "visibility", "kind", "files", "text"),
            map(_row, found),
        )


def _row(message: Message) -> tuple[Any, ...]:
    return (
        message.id, message.created_at, message.author.email or message.author.name or message.author.kind,
        message.visibility, message.kind, len(message.attachments), message.body.text.replace("\n", " ")[:80],
    )  # fmt: skip
