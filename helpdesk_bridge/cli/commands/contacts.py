"""``helpdesk-bridge contacts``."""

from __future__ import annotations

from typing import Any

import click

from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.options import csv_option, desk_argument, json_option, jsonl_option, open_named
from helpdesk_bridge.cli.output import say, write_json, write_jsonl, write_table
from helpdesk_bridge.model.queries import ContactQuery
from helpdesk_bridge.model.records import Contact

_COLUMNS = ("id", "name", "e-mail", "phone", "company")


@click.group()
def contacts() -> None:
    """List, find and show contacts."""


def _row(contact: Contact) -> tuple[Any, ...]:
    phone = contact.phones[0].raw if contact.phones else None
    return contact.id, contact.name, contact.email, phone, contact.company.name if contact.company else None


@contacts.command("list")
@desk_argument
@click.option("--name", help="A part of the name.")
@click.option("--company")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@csv_option
@jsonl_option
@click.pass_context
def list_contacts(
    ctx: click.Context,
    desk: str,
    name: str | None,
    company: str | None,
    limit: int,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """List the contacts of DESK."""
    found = open_named(ctx, desk).contacts.list(ContactQuery(name=name, company=company, limit=limit))
    if as_jsonl:
        write_jsonl(found)
    elif as_json:
        write_json(list(found))
    else:
        write_table(_COLUMNS, map(_row, found))


@contacts.command("find")
@desk_argument
@click.option("--email")
@click.option("--phone")
@json_option
@csv_option
@click.pass_context
def find_contact(ctx: click.Context, desk: str, email: str | None, phone: str | None, as_json: bool) -> int:
    """Find the contact with exactly this e-mail or phone; ends with 1 if there is none."""
    if (email is None) == (phone is None):
        raise click.UsageError("give either --email or --phone")
    found = open_named(ctx, desk).contacts.find(email=email, phone=phone)
    if found is None:
        say("no such contact")
        return ExitCode.FAILED
    if as_json:
        write_json(found)
    else:
        write_table(_COLUMNS, [_row(found)])
    return 0


@contacts.command("show")
@desk_argument
@click.argument("contact")
@json_option
@csv_option
@click.pass_context
def show_contact(ctx: click.Context, desk: str, contact: str, as_json: bool) -> None:
    """Show one CONTACT (an id or a ref) with everything that the desk knows of it."""
    found = open_named(ctx, desk).contacts.get(contact)
    if as_json:
        write_json(found)
        return
    write_table(("field", "value"), _lines(found))


def _lines(contact: Contact) -> list[tuple[str, Any]]:
    flags = [name for name in ("blocked", "deleted") if getattr(contact, name)]
    lines: list[tuple[str, Any]] = [
        ("ref", contact.ref), ("name", contact.name), *(("e-mail", one) for one in contact.emails),
        *(("phone", one.raw) for one in contact.phones), *((one.kind, one.value) for one in contact.identities), ("title", contact.title), ("company", contact.company and contact.company.name),
        ("external id", contact.external_id), *(("flag", one) for one in flags),
        *contact.custom_fields.items(), ("created", contact.created_at), ("updated", contact.updated_at),
    ]  # fmt: skip
    return [line for line in lines if line[1] is not None]
