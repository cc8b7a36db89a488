"""Arguments, options and checks that several commands share."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from helpdesk_bridge.cli.output import CSV
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.consent import USERS_WORDS
from helpdesk_bridge.config.settings import load_file
from helpdesk_bridge.desk.connection import connect
from helpdesk_bridge.desk.desk import Desk
from helpdesk_bridge.errors import ConfigError
from helpdesk_bridge.text.plain import fold

F = TypeVar("F", bound=Callable[..., Any])

# A migration waits for the budget as long as it takes, and reads the lists of agents, groups and fields once.
PATIENT: Final = {"max_wait": None, "directory_ttl": 1e9}

_FORMS: Final = f"{__name__}.forms"


def _form(ctx: click.Context, parameter: click.Parameter, chosen: bool) -> bool:
    """Note one way of printing; two exclude each other."""
    if chosen:
        forms = ctx.meta.setdefault(_FORMS, [])
        forms.append(parameter.opts[0])
        if len(forms) > 1:
            raise click.UsageError(f"{forms[0]} and {forms[1]} exclude each other")
        if parameter.name == "as_csv":
            ctx.meta[CSV] = True
    return chosen


json_option = click.option("--json", "as_json", is_flag=True, callback=_form, help="Print JSON.")
jsonl_option = click.option("--jsonl", "as_jsonl", is_flag=True, callback=_form, help="Print one JSON document a line.")
csv_option = click.option(
    "--csv", "as_csv", is_flag=True, callback=_form, expose_value=False, help="Print CSV, with times in ISO 8601."
)
"""For commands that print a table; ``write_table`` asks the context."""


def _desk_names(ctx: click.Context) -> list[str]:
    try:
        file = load_file((ctx.find_root().obj or ctx.find_root().params).get("config"))
    except ConfigError:
        return []  # what is typed gets its answer when it is run
    return [name for name, table in file.tables.items() if not table.keys() <= USERS_WORDS]


def _completed(names: Iterable[str], typed: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(names) if name.startswith(typed)]


def complete_desk(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the name of a desk of the configuration."""
    return _completed(_desk_names(ctx), typed)


def complete_vendor(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the name of an installed vendor."""
    return _completed(registry.names(), typed)


def complete_either(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the name of a desk or a vendor."""
    return _completed({*_desk_names(ctx), *registry.names()}, typed)


desk_argument = click.argument("desk", shell_complete=complete_desk)


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


def moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    """Return the time of an option, in UTC where it has no offset: a callback of click's."""
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date; write 2026-03-02 or 2026-03-02T09:15:00+01:00") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def pairs(texts: Iterable[str], option: str = "--set") -> dict[str, str]:
    """Return what ``KEY=VALUE`` options say."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{option} {text}: write KEY=VALUE")
        found[key] = value
    return found


_NEAR: Final = 0.75


def check_words(desk: Desk, option: str, values: Iterable[Any]) -> None:
    """Raise a usage error for a status or priority that is neither our word, nor the vendor's, nor an alias.

    A desk whose statuses are its own takes any other word; one that is nearly a known word is a slip of the keys.
    """
    capabilities, statuses = desk.capabilities, option == "status"
    labels = (capabilities.statuses if statuses else capabilities.priorities).items()
    aliases = desk.aliases.statuses.entries if statuses else {}
    words = {fold(word): word for word in (*aliases, *aliases.values(), *(label for _, label in labels))}
    words |= {member.value: member.value for member, _ in labels}
    for value in values:
        if not isinstance(value, str) or fold(value) in words:
            continue
        near = difflib.get_close_matches(fold(value), words, n=1, cutoff=_NEAR)
        if statuses and capabilities.open_statuses and not near:
            continue
        hint = f"; did you mean {words[near[0]]!r}?" if near else ""
        allowed = ", ".join(dict.fromkeys(words.values()))
        raise click.UsageError(f"--{option}: {desk} has no {option} {value!r}; it has {allowed}{hint}")
