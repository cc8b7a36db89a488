"""Options that choose tickets of a desk, for the commands that read many of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import click

from helpdesk_bridge.archive.scope import Scope
from helpdesk_bridge.cli.options import meant, moment
from helpdesk_bridge.model.queries import TicketQuery
from helpdesk_bridge.model.values import Status

F = TypeVar("F", bound=Callable[..., Any])
_LAST: Final = "last"


def _since(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | str | None:
    return value if value == _LAST else moment(ctx, parameter, value)


FILTERS: Final = (
    click.option("--until", callback=moment, metavar="TIME", help="Tickets that were last changed before TIME."),
    click.option("--created-since", callback=moment, metavar="TIME", help="Tickets that were created since TIME."),
    click.option("--created-until", callback=moment, metavar="TIME", help="Tickets that were created before TIME."),
    click.option("--status", multiple=True, help="A status, in our word or the vendor's."),
    click.option("--group", multiple=True),
    click.option("--tag", multiple=True),
)  # fmt: skip
"""What chooses tickets by their fields, for each command that reads many of them."""
_OPTIONS: Final = (
    click.option(
        "--since", callback=_since, metavar="last|TIME",
        help="last: look for what changed since the run before, not for what is gone. TIME: tickets changed since then.",
    ),
    *FILTERS,
    click.option("--limit", type=click.IntRange(1), help="At most so many tickets, the newest."),
)  # fmt: skip


def scope_options(command: F) -> F:
    """Add the options; the command takes them as ``**chosen``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def since_of(chosen: Mapping[str, Any]) -> Literal["last"] | None:
    """Return whether only what changed since the run before is to be read."""
    return "last" if chosen["since"] == _LAST else None


def scope_of(chosen: Mapping[str, Any]) -> Scope:
    """Return the tickets that were chosen. Raises ``Invalid``."""
    began, until = chosen["since"] if isinstance(chosen["since"], datetime) else None, chosen["until"]
    created = (chosen["created_since"], chosen["created_until"])
    return Scope(
        TicketQuery(
            statuses={meant(one, Status) for one in chosen["status"]} or None,
            groups=set(chosen["group"]) or None,
            tags=set(chosen["tag"]) or None,
            updated=(began, until) if began or until else None,
            created=created if any(created) else None,
            limit=chosen["limit"],
        )
    )
