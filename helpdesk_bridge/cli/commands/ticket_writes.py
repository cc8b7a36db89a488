"""``helpdesk-bridge tickets create|update|reply|note``: each is one write and is sent once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from helpdesk_bridge.cli.options import check_words, desk_argument, json_option, meant, open_named
from helpdesk_bridge.cli.output import clean_line, write_json
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.model.drafts import MessageDraft, Sent, TicketChange, TicketDraft
from helpdesk_bridge.model.fields import SINGLE, TICKET, Write, writable
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Add, Body, Remove, Upload

F = TypeVar("F", bound=Callable[..., Any])
_FIELDS: Final = tuple(name for name in writable(TICKET, Write.KEEP) if TICKET[name].kind in SINGLE)
_CLEARABLE: Final = tuple(name for name in _FIELDS if Write.CLEAR in TICKET[name].write)

attach_option = click.option(
    "--attach", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file."
)
cc_option = click.option("--cc", multiple=True, metavar="EMAIL")
html_option = click.option("--html", is_flag=True, help="The body is HTML.")
key_option = click.option(
    "--key", metavar="KEY", help="The same key again adopts what is there instead of a second one."
)
body_option = click.option("--body", required=True, help="The text; - reads it from stdin.")
field_option = click.option(
    "--field",
    "custom_fields",
    multiple=True,
    metavar="NAME=VALUE",
    help="A custom field; without a value it is cleared.",
)


def ticket_fields(command: F) -> F:
    """Add the options for the fields that both a draft and a change have."""
    for name in reversed(_FIELDS):
        command = click.option(f"--{name.replace('_', '-')}", name)(command)
    return field_option(command)


def _body(text: str, *, html: bool) -> str | Body:
    found = _read_stdin() if text == "-" else text
    return Body(html=found) if html else found


def _read_stdin() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        encoding = error.encoding
    raise click.UsageError(f"stdin is not text in {encoding}; convert it, or set PYTHONIOENCODING")


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value is not None}
    return {name: meant(value, kind) if (kind := TICKET[name].choices) else value for name, value in given.items()}


def _custom(pairs: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError("--field: write NAME=VALUE, or NAME= to clear it")
        found[name] = value or None
    return {"custom_fields": found} if found else {}


def _uploads(files: tuple[Path, ...]) -> tuple[Upload, ...]:
    return tuple(Upload.from_path(file) for file in files)


def _opened(ctx: click.Context, name: str, values: Mapping[str, Any]) -> Desk:
    opened = open_named(ctx, name)
    for option in ("status", "priority"):
        check_words(opened, option, [values[option]] if option in values else [])
    return opened


def _told(ticket: Ticket, *, as_json: bool) -> None:
    if as_json:
        write_json(ticket)
    else:
        click.echo(clean_line(ticket.ref))


@click.command("create")
@desk_argument
@click.option("--subject", required=True)
@body_option
@html_option
@click.option("--requester", required=True, metavar="EMAIL|ID", help="The customer.")
@ticket_fields
@click.option("--tag", "tags", multiple=True)
@cc_option
@attach_option
@key_option
@json_option
@click.pass_context
def create_ticket(
    ctx: click.Context, /, desk: str, subject: str, body: str, requester: str, tags: tuple[str, ...], cc: tuple[str, ...],
    files: tuple[Path, ...], custom_fields: tuple[str, ...], key: str | None, *, html: bool, as_json: bool, **fields: Any,
) -> None:  # fmt: skip
    """Create a ticket at DESK and print its ref."""
    values: dict[str, Any] = {**_custom(custom_fields), **_given(fields)}
    values |= {name: value for name, value in (("tags", tags), ("cc", cc)) if value}
    draft = TicketDraft(
        subject=subject,
        description=_body(body, html=html),
        requester=requester,
        attachments=_uploads(files),
        **values,
    )
    opened = _opened(ctx, desk, values)
    _told(opened.tickets.create(draft, idempotency_key=key), as_json=as_json)


@click.command("update")
@desk_argument
@click.argument("ticket")
@click.option("--subject")
@ticket_fields
@click.option("--clear", "cleared", multiple=True, type=click.Choice(_CLEARABLE), help="Leave a field empty.")
@click.option("--add-tag", "added", multiple=True)
@click.option("--remove-tag", "removed", multiple=True)
@json_option
@click.pass_context
def update_ticket(
    ctx: click.Context, /, desk: str, ticket: str, cleared: tuple[str, ...], added: tuple[str, ...],
    removed: tuple[str, ...], custom_fields: tuple[str, ...], *, as_json: bool, **fields: Any,
) -> None:  # fmt: skip
    """Change fields of TICKET (an id or a ref); what is not named stays."""
    if added and removed:
        raise click.UsageError("--add-tag and --remove-tag are two changes; make one after the other")
    both = sorted(set(cleared) & _given(fields).keys())
    if both:
        raise click.UsageError(f"--clear {both[0]} and --{both[0]} exclude each other")
    values: dict[str, Any] = {**_custom(custom_fields), **_given(fields), **dict.fromkeys(cleared)}
    if added or removed:
        values["tags"] = Add(*added) if added else Remove(*removed)
    change = TicketChange(**values)
    _told(_opened(ctx, desk, values).tickets.update(ticket, change), as_json=as_json)


@click.command("reply")
@desk_argument
@click.argument("ticket")
@body_option
@html_option
@cc_option
@attach_option
@json_option
@click.pass_context
def reply(
    ctx: click.Context, /, desk: str, ticket: str, body: str, cc: tuple[str, ...], files: tuple[Path, ...], *,
    html: bool, as_json: bool,
) -> None:  # fmt: skip
    """Answer the customer of TICKET: this reaches the customer."""
    draft = MessageDraft(body=_body(body, html=html), cc=cc, attachments=_uploads(files))
    _sent(open_named(ctx, desk).messages.reply(ticket, draft), as_json=as_json)


@click.command("note")
@desk_argument
@click.argument("ticket")
@body_option
@html_option
@attach_option
@key_option
@json_option
@click.pass_context
def note(
    ctx: click.Context, /, desk: str, ticket: str, body: str, files: tuple[Path, ...], key: str | None, *,
    html: bool, as_json: bool,
) -> None:  # fmt: skip
    """Add an internal note to TICKET, which the customer never sees."""
    draft = MessageDraft(body=_body(body, html=html), attachments=_uploads(files))
    _sent(open_named(ctx, desk).messages.note(ticket, draft, idempotency_key=key), as_json=as_json)


def _sent(sent: Sent, *, as_json: bool) -> None:
    if as_json:
        write_json(sent)
    else:
        # Desk365 answers without an id.
        click.echo(clean_line(" ".join(sent.ids) or "written"))
