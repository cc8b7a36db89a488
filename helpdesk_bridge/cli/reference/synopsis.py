"""The command's synopsis: every command with its arguments and options, for the docs.

``python -m helpdesk_bridge.cli.reference.synopsis docs/reference/command.md`` writes everything below the page's mark anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from helpdesk_bridge.cli.app import cli

MARK: Final = "<!-- computed from the command itself: python -m helpdesk_bridge.cli.reference.synopsis docs/reference/command.md -->"
_NAME: Final = "helpdesk-bridge"


def synopsis() -> str:
    """Return the commands in Markdown, groups before their members."""
    return "\n".join(_sections(cli, (_NAME,)))


def _sections(command: click.Command, names: tuple[str, ...]) -> Iterator[str]:
    members: dict[str, click.Command] = {}
    if isinstance(command, click.Group):
        context = click.Context(command)
        listed = ((name, command.get_command(context, name)) for name in command.list_commands(context))
        members = {name: member for name, member in listed if member is not None}
    if not members or command is cli:
        yield _section(command, names)
    for name, member in members.items():
        yield from _sections(member, (*names, name))


def _section(command: click.Command, names: tuple[str, ...]) -> str:
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    words = [_argument(one) for one in arguments] + (["[OPTIONS]"] if options else [])
    usage = " ".join([*names, *(["[OPTIONS]", "COMMAND"] if isinstance(command, click.Group) else words)])
    text = " ".join((command.help or "").replace("\b", "").split())
    found = f"## {' '.join(names)}\n\n```text\n{usage}\n```\n\n{text}\n"
    if options:
        found += "\n| option | takes | |\n| --- | --- | --- |\n" + "".join(map(_option, options))
    return found


def _argument(argument: click.Argument) -> str:
    name = (argument.metavar or argument.name or "").upper()
    return name if argument.required else f"[{name}]"


def _option(option: click.Option) -> str:
    said = " ".join((option.help or "").split())
    if option.required:
        said = f"{said} Required.".strip()
    if option.show_default and option.default is not None:
        said = f"{said} Default: {option.default}.".strip()
    spelt = ", ".join(f"`{one}`" for one in (*option.opts, *option.secondary_opts))
    return f"| {spelt} | {_takes(option)} | {_cell(said)} |\n"


def _takes(option: click.Option) -> str:
    if option.is_flag:
        return ""
    kind = option.type
    takes = (
        ", ".join(f"`{one}`" for one in kind.choices) if isinstance(kind, click.Choice) else option.metavar or kind.name
    )
    takes = "number" if takes.startswith(("integer", "float")) else _cell(takes)
    return f"{takes}, repeatable" if option.multiple else takes


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def renewed(page: str) -> str:
    """Return a page with everything below the mark written anew."""
    head, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError("the page has no mark")
    return f"{head}{MARK}\n\n{synopsis()}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text("utf-8")), "utf-8")
