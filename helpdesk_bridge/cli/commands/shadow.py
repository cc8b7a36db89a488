"""``helpdesk-bridge shadow``: how often two desks answered alike, before one takes the other's place."""

from __future__ import annotations

from typing import Any

import click

from helpdesk_bridge.cli.exit_codes import ExitCode
from helpdesk_bridge.cli.options import complete_desk, csv_option, json_option
from helpdesk_bridge.cli.output import say, write_json, write_table
from helpdesk_bridge.config.settings import DeskConfig, desk_of, load_file
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.model.shadow import ShadowOutcome, ShadowStatus
from helpdesk_bridge.shadow.counts import ShadowCounts

_UNEQUAL = (ShadowOutcome.DIFFERENT, ShadowOutcome.MISSING)


@click.group()
def shadow() -> None:
    """Tell how the reads of a desk compared with those of the desk that its key `shadow` names."""


@shadow.command()
@click.argument("desk", required=False, shell_complete=complete_desk)
@json_option
@csv_option
@click.pass_context
def status(ctx: click.Context, desk: str | None, as_json: bool) -> int:
    """Print what was compared so far; ends with 3 if anything differed or was missing. Sends nothing.

    Without DESK it is that of every desk with a shadow.
    """
    pairs = {config.name: (config, _counts(config).status()) for config in _shadowed(ctx, desk)}
    if as_json:
        write_json([_document(config, status) for config, status in pairs.values()])
    else:
        rows = [
            (name, operation, outcome, count)
            for name, (_, status) in pairs.items()
            for operation, outcome, count in status.outcomes
        ]
        write_table(("desk", "operation", "outcome", "reads"), rows)
        for config, status in pairs.values():
            _tell(config, status)
    differ = any(status.number(*_UNEQUAL) for _, status in pairs.values())
    return ExitCode.INCOMPLETE if differ else ExitCode.OK


@shadow.command()
@click.argument("desk", shell_complete=complete_desk)
@click.pass_context
def reset(ctx: click.Context, desk: str) -> None:
    """Forget what was compared so far, to begin anew after a change of the mapping or another migration."""
    for config in _shadowed(ctx, desk):
        _counts(config).reset()
        say(f"{config.name}: counting begins anew")


def _shadowed(ctx: click.Context, name: str | None) -> list[DeskConfig]:
    file = load_file((ctx.obj or {}).get("config"))
    names = [name] if name is not None else [known for known, table in file.tables.items() if "shadow" in table]
    configs = [desk_of(file, known) for known in names]
    without = next((config.name for config in configs if config.shadow is None), None)
    if without is not None or not configs:
        where = f"[desks.{without}]" if without else "a desk"
        raise ConfigError(f'{file.path}: no reads are compared; write shadow = "OTHER DESK" under {where}')
    return configs


def _counts(config: DeskConfig) -> ShadowCounts:
    other = config.shadow
    if other is None:
        raise AssertionError
    return ShadowCounts(
        (
            config.vendor.name,
            config.vendor.account(config.settings),
            other.vendor.name,
            other.vendor.account(other.settings),
        )
    )


def _document(config: DeskConfig, status: ShadowStatus) -> dict[str, Any]:
    return {
        "desk": config.name,
        "other": None if config.shadow is None else config.shadow.name,
        "outcomes": [_row(("operation", "outcome", "reads"), row) for row in status.outcomes],
        "fields": [_row(("operation", "field", "reads"), row) for row in status.fields],
        "reasons": [_row(("outcome", "reason", "reads"), row) for row in status.reasons],
        "examples": [_row(("operation", "record", "fields", "at"), row) for row in status.examples],
    }


def _row(names: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))


def _tell(config: DeskConfig, status: ShadowStatus) -> None:
    other = "" if config.shadow is None else config.shadow.name
    if not status.outcomes:
        say(f"{config.name}: no read was compared with {other} yet")
    for operation, field, count in status.fields:
        say(f"{config.name}, {operation}: {field} differed {count} times")
    for outcome, reason, count in status.reasons:
        say(f"{config.name}: {outcome} {count} times: {reason}")
    for operation, record, fields, at in status.examples:
        say(f"{at} {operation} {record or '-'}: {fields}")
