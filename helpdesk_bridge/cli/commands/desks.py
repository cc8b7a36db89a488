"""``helpdesk-bridge desks``, ``check`` and ``capabilities``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from helpdesk_bridge.adapter import Capabilities, Finding, Severity
from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.options import complete_either, csv_option, desk_argument, json_option, open_named
from helpdesk_bridge.cli.output import write_json, write_table
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.consent import USERS_WORDS
from helpdesk_bridge.config.settings import desk_of, load_file
from helpdesk_bridge.model.capabilities import OPERATIONS

if TYPE_CHECKING:
    from helpdesk_bridge.desk.desk import Desk


@click.command()
@json_option
@csv_option
@click.pass_context
def desks(ctx: click.Context, as_json: bool) -> None:
    """List the desks of the configuration, without opening any."""
    file = load_file((ctx.obj or {}).get("config"))
    rows = []
    for name, table in file.tables.items():
        if table.keys() <= USERS_WORDS:
            continue  # a consent for a desk of another file
        config = desk_of(file, name)
        rows.append({"name": name, "vendor": config.vendor.name, "account": config.vendor.account(config.settings)})
    if as_json:
        write_json(rows)
    else:
        write_table(("name", "vendor", "account"), [tuple(row.values()) for row in rows])


@click.command()
@desk_argument
@json_option
@csv_option
@click.pass_context
def check(ctx: click.Context, desk: str, as_json: bool) -> int:
    """Try the credentials of DESK with a few reads; ends with 4 if they are refused, with 1 for any other problem."""
    opened = open_named(ctx, desk)
    findings = [*opened.check(), *_budget(opened)]
    if as_json:
        write_json(findings)
    else:
        write_table(("severity", "what", "detail"), [(one.severity, one.subject, one.detail) for one in findings])
    problems = [one.subject for one in findings if one.severity is Severity.PROBLEM]
    return ExitCode.CREDENTIALS if "credentials" in problems else ExitCode.FAILED if problems else ExitCode.OK


def _budget(desk: Desk) -> list[Finding]:
    """Show where the rate-limit budget lives, under which key, and who else spends it."""
    budget = desk.budget
    if budget is None:
        return []
    others = ", ".join(budget.holders) or "nobody else"
    detail = f"kept in {budget.place} as {budget.key}; {budget.remaining} of {budget.limit} left; shared with {others}"
    return [Finding(Severity.WARNING if budget.lost else Severity.OK, "budget", detail)]


@click.command()
@click.argument("desk", required=False, shell_complete=complete_either)
@json_option
@csv_option
@click.pass_context
def capabilities(ctx: click.Context, desk: str | None, as_json: bool) -> None:
    """Tell what DESK (a desk of the configuration, or a vendor's name) can do; without it, all vendors."""
    from helpdesk_bridge.cli.reference.capabilities import vendor_capabilities

    if desk is None:
        found = {name: vendor_capabilities(name) for name in registry.names()}
    elif desk in registry.names():
        found = {desk: vendor_capabilities(desk)}
    else:
        found = {desk: open_named(ctx, desk).capabilities}
    if as_json:
        write_json(found)
        return
    write_table(("operation", *found), [(name, *(_mark(one, name) for one in found.values())) for name in OPERATIONS])


def _mark(capabilities: Capabilities, operation: str) -> str:
    return "yes" if operation in capabilities.operations else "-"
