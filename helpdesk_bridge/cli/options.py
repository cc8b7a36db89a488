"""Options and checks that several commands share."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from helpdesk_bridge.desk.connection import connect
from helpdesk_bridge.desk.desk import Desk

F = TypeVar("F", bound=Callable[..., Any])

# A migration waits for the budget as long as it takes, and reads the lists of agents, groups and fields once.
PATIENT: Final = {"max_wait": None, "directory_ttl": 1e9}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
jsonl_option = click.option("--jsonl", "as_jsonl", is_flag=True, help="Print one JSON document a line.")


def open_named(ctx: click.Context, name: str, **overrides: Any) -> Desk:
    """Open a desk of the configuration and close it when the command ends.

    Waits of over a second are announced on stderr.
    """
    from helpdesk_bridge.cli.progress import tell_waits

    desk = connect(name, (ctx.obj or {}).get("config"), **overrides)
    ctx.call_on_close(desk.close)
    ctx.call_on_close(desk.subscribe(tell_waits(desk)))
    return desk


def meant(value: str, words: type[enum.Enum]) -> Any:
    """Return the member of ``words`` that ``value`` spells in any case, else the text: a vendor's own word."""
    return next((one for one in words if one.value == value.lower()), value)
