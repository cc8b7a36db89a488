"""The option that names a migration's journal: a file, or a migration in a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from helpdesk_bridge.migration.journal.database.address import SCHEMES, Address, address_of, holds_password
from helpdesk_bridge.migration.journal.reader import whose

HELP: Final = "Its file, or postgresql://USER@HOST/DB#NAME; env:NAME or file:PATH refer to such a URL."


def journal(text: str) -> Address:
    """Return the file or the database that a text names.

    A URL with a password is refused: everybody on the machine sees a command's arguments.
    """
    if text.startswith(SCHEMES) and holds_password(text):
        raise click.BadParameter(
            "a URL with a password can be seen by everybody on this machine; put it into an environment variable or a file "
            "of your own, and write env:NAME or file:PATH"
        )
    address = address_of(text)
    if isinstance(address, Path) and address.is_dir():
        raise click.BadParameter(f"{text} is a folder")
    return address


def _complete(_ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    return [CompletionItem(typed, type="file")]


JOURNAL: Final[dict[str, Any]] = {"required": True, "type": journal, "help": HELP, "shell_complete": _complete}
"""What ``click.option`` takes for it."""

journal_option = click.option("--journal", **JOURNAL)


def need(journal: Address) -> None:
    """Raise a usage error if there is no journal."""
    try:
        there = journal.is_file() if isinstance(journal, Path) else bool(whose(journal))
    except FileNotFoundError:
        there = False
    if not there:
        raise click.UsageError(f"the journal {journal} does not exist")
