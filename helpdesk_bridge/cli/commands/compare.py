"""``helpdesk-bridge compare``: what an application would miss after swapping one desk for another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click
from attrs import fields

from helpdesk_bridge.adapter import Capabilities
from helpdesk_bridge.cli.options import complete_either, csv_option, json_option, open_named
from helpdesk_bridge.cli.output import write_json, write_table
from helpdesk_bridge.cli.reference.capabilities import vendor_capabilities
from helpdesk_bridge.config import registry

# Whatever a vendor declares of these: every record has them, and every draft must.
_EVERYWHERE: Final = frozenset({"id", "ref", "subject", "description", "requester"})


@click.command()
@click.argument("desk", shell_complete=complete_either)
@click.argument("other", shell_complete=complete_either)
@json_option
@csv_option
@click.pass_context
def compare(ctx: click.Context, desk: str, other: str, as_json: bool) -> None:
    """Tell what DESK can do and OTHER cannot, and the other way round; sends nothing.

    Each is a desk of the configuration or a vendor's name. Rows that are the same are left out.
    """
    first, second = _of(ctx, desk), _of(ctx, other)
    rows = differences(first, second)
    if as_json:
        write_json([{"what": what, desk: left, other: right} for what, left, right in rows])
    else:
        write_table(("what", desk, other), [(what, _cell(left), _cell(right)) for what, left, right in rows])


def _of(ctx: click.Context, name: str) -> Capabilities:
    return vendor_capabilities(name) if name in registry.names() else open_named(ctx, name).capabilities


def differences(first: Capabilities, second: Capabilities) -> list[tuple[str, Any, Any]]:
    """Return (what, first, second) for each difference of two desks: True and False for abilities, else limits and words."""
    rows: list[tuple[str, Any, Any]] = []
    for one in fields(Capabilities):
        left, right = getattr(first, one.name), getattr(second, one.name)
        if one.name in ("vendor", "notes") or left == right:
            continue
        label = one.name.replace("_", " ")
        if isinstance(left, frozenset):
            rows += [(f"{label}: {name}", name in left, name in right) for name in sorted((left ^ right) - _EVERYWHERE)]
        elif isinstance(left, Mapping):
            # Which of our words there are; the vendors' own labels differ anyway, and nobody needs to care.
            keys = sorted(left.keys() ^ right.keys(), key=lambda key: str(key.value))
            rows += [(f"{label}: {key.value}", key in left, key in right) for key in keys]
        elif one.name == "files":
            rows += [
                (f"files: {part.name}".replace("_", " "), getattr(left, part.name), getattr(right, part.name))
                for part in fields(type(left))
                if getattr(left, part.name) != getattr(right, part.name)
            ]
        else:
            rows.append((label, left, right))
    return rows


def _cell(value: Any) -> Any:
    return {True: "yes", False: "-"}[value] if isinstance(value, bool) else value
