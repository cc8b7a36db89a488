"""Options that choose what a migration moves, in which order, at which hours and with how much of the budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from helpdesk_bridge.cli.options import check_words, moment
from helpdesk_bridge.cli.scope import FILTERS
from helpdesk_bridge.migration.migration import Migration
from helpdesk_bridge.migration.outcome import WrongScope
from helpdesk_bridge.migration.scope.hours import Hours
from helpdesk_bridge.migration.scope.order import TicketOrder
from helpdesk_bridge.migration.scope.scope import ScopeChoice

F = TypeVar("F", bound=Callable[..., Any])
_META: Final = f"{__name__}.reserve"
_SETS: Final = {"status": "statuses", "group": "groups", "tag": "tags", "company": "companies"}
_IDS: Final = ("only", "exclude")
_MOST: Final = 0.95
"""A migration that is left less than a twentieth of the budget would not end."""


def _share(ctx: click.Context, _: click.Parameter, text: str | None) -> None:
    """Keep the share of the budget that is left to others for the opening of the desks."""
    if text is None:
        return
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", text.strip())
    share = float(match[1]) / 100 if match else -1.0
    if not 0 <= share <= _MOST:
        raise click.BadParameter(f"{text!r} is no share of a budget; write 0% to {_MOST:.0%}, such as 30%")
    ctx.meta[_META] = share


def reserve_of(ctx: click.Context) -> dict[str, float]:
    """Return the keys with which a desk is opened that leaves its share of the budget to others."""
    return {"reserve": ctx.meta[_META]} if ctx.meta.get(_META) else {}


def _hours(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Hours | None:
    zone = ctx.params.get("zone")
    if text is None:
        if zone is not None:
            raise click.BadParameter("--tz is the time zone of --hours; give both", param=parameter)
        return None
    try:
        return Hours.of(text, zone)
    except WrongScope as error:
        raise click.UsageError(str(error)) from None


def _order(_: click.Context, __: click.Parameter, text: str | None) -> TicketOrder | None:
    return None if text is None else TicketOrder(text)


_SCOPE: Final = (
    click.option("--since", callback=moment, metavar="TIME", help="Tickets that were last changed since TIME."),
    *FILTERS,
    click.option("--company", multiple=True, help="Tickets of a company, or of customers of it."),
    click.option("--only", multiple=True, metavar="ID,…", help="These tickets of the source, by their ids or refs."),
    click.option("--exclude", multiple=True, metavar="ID,…", help="All but these tickets."),
    click.option("--limit", type=click.IntRange(1), help="At most so many tickets, the newest."),
    click.option("--all-contacts", is_flag=True, help="Also the contacts whom no ticket of the scope names."),
    click.option(
        "--everything", is_flag=True, help="All tickets and contacts, or those of the options beside it; not those before."
    ),
)  # fmt: skip
_PACE: Final = (
    click.option(
        "--order", type=click.Choice([one.value for one in TicketOrder]), callback=_order,
        help="open-first: open and recent tickets first, each behind its contacts; the history follows.",
    ),
)  # fmt: skip
_CALLS: Final = (
    click.option(
        "--reserve", callback=_share, expose_value=False, metavar="N%", help="Leave this share of both budgets to others."
    ),
    click.option("--tz", "zone", is_eager=True, metavar="ZONE", help="The time zone of --hours; default: this machine's."),
    click.option("--hours", callback=_hours, metavar="20-06", help="Call the desks at these hours of the day only."),
)  # fmt: skip


def scope_options(command: F) -> F:
    """Add what chooses tickets, their order and the pace; the command takes them as ``**chosen``."""
    return _added(command, (*_SCOPE, *_PACE, *_CALLS))


def pace_options(command: F) -> F:
    """Add what chooses the pace alone; the command takes it as ``**chosen``."""
    return _added(command, _CALLS)


def _plan_file(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


decisions_option = click.option(
    "--decisions", type=click.Path(dir_okay=False, path_type=Path), callback=_plan_file, metavar="FILE",
    help="Take the decisions of a plan file, which migrate plan --out wrote.",
)  # fmt: skip


def _added(command: F, options: Iterable[Callable[[F], F]]) -> F:
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def chosen_options(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a migration that were chosen. Raises a usage error."""
    made: dict[str, Any] = {"hours": chosen["hours"]}
    if "decisions" in chosen:
        made["decisions"] = chosen["decisions"]
    if "order" in chosen:
        made |= {"order": chosen["order"], "scope": _scope_of(chosen)}
    return made


def _scope_of(chosen: Mapping[str, Any]) -> ScopeChoice | None:
    times = ("since", "until", "created_since", "created_until", "limit")
    given: dict[str, Any] = {name: chosen[name] for name in times if chosen[name] is not None}
    given |= {field: frozenset(chosen[name]) for name, field in _SETS.items() if chosen[name]}
    given |= {name: frozenset(_ids(chosen[name])) for name in _IDS if chosen[name]}
    if chosen["all_contacts"]:
        given["all_contacts"] = True
    if not given and not chosen["everything"]:
        return None
    return ScopeChoice(everything=chosen["everything"], given=given)


def _ids(texts: Iterable[str]) -> list[str]:
    """Return the ids of an option: separated by commas or blanks, each also as a ref."""
    return [one.rpartition("/")[2] for text in texts for one in re.split(r"[,\s]+", text) if one]


def check_scope(migration: Migration) -> None:
    """Raise a usage error for a status that the source cannot have."""
    choice = migration.options.scope
    statuses = () if choice is None else choice.given.get("statuses", ())
    check_words(migration.source.desk, "status", sorted(statuses))  # type: ignore[arg-type]
