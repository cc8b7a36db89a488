"""``helpdesk-bridge init``: a first ``helpdesk.toml``, or one more desk in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import attrs
import click

from helpdesk_bridge.cli.options import complete_vendor, pairs
from helpdesk_bridge.cli.output import say
from helpdesk_bridge.config import registry
from helpdesk_bridge.config.consent import is_reference
from helpdesk_bridge.config.file import FILE_NAME, read_file
from helpdesk_bridge.config.settings import CommonSettings
from helpdesk_bridge.config.toml_text import desk_table
from helpdesk_bridge.model.secret import Secret

FILL_IN: Final = "fill in"


@click.command()
@click.argument("vendor", default="local", shell_complete=complete_vendor)
@click.option("--name", default="support", show_default=True, help="Your own name for the desk.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set a key; a secret as env:NAME or file:PATH."
)
@click.pass_context
def init(ctx: click.Context, vendor: str, name: str, settings: tuple[str, ...]) -> None:
    """Write a desk of VENDOR into helpdesk.toml (or --config): a new file, or one more table of it.

    Without VENDOR it is a local desk, which needs nothing else. Keys that are yours to know are left empty.
    """
    values = _values(vendor, name, pairs(settings))
    path = Path((ctx.obj or {}).get("config") or FILE_NAME)
    empty = [key for key, value in values.items() if value == ""]
    _write(path, name, desk_table(name, values, dict.fromkeys(empty, FILL_IN)))
    say(f"{path} has a desk {name} now ({registry.vendor(vendor).title})")
    if empty:
        say(f"fill in there: {', '.join(empty)}")
    needed = [value.removeprefix("env:") for value in values.values() if str(value).startswith("env:")]
    if needed:
        say(f"put the secret into the environment: export {' '.join(f'{one}=…' for one in needed)}")
    say(f"then try it: helpdesk-bridge check {name}")


def _values(vendor: str, name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the keys of a desk: those that the vendor needs, and those that were given."""
    found = registry.vendor(vendor)
    hints = {**get_type_hints(CommonSettings), **get_type_hints(found.settings)}
    for key in given:
        if key not in hints:
            raise click.UsageError(f"--set {key}: {found.title} has no such key; it has {', '.join(sorted(hints))}")
        if _is_secret(hints[key]) and not is_reference(given[key]):
            raise click.UsageError(
                f"--set {key}: a secret stays out of the file; write {key}=env:NAME or {key}=file:PATH"
            )
    needed = {one.name for one in attrs.fields(found.settings) if one.default is attrs.NOTHING}
    values: dict[str, Any] = {"vendor": vendor}
    for key in found.example:
        if _is_secret(hints[key]):
            values[key] = f"env:{vendor.upper()}_{key.upper()}".replace("-", "_")
        elif key in needed:
            values[key] = f"{name}.db" if get_args(hints[key]) and Path in get_args(hints[key]) else ""
    return {**values, **{key: _typed(hints[key], value) for key, value in given.items()}}


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) or (hint,)


def _is_secret(hint: Any) -> bool:
    return Secret in _kinds(hint)


def _typed(hint: Any, text: str) -> Any:
    kinds = _kinds(hint)
    if bool in kinds and text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    return text


def _write(path: Path, name: str, table: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if name in read_file(path):
            raise click.UsageError(f"{path} has a desk {name!r} already; choose another --name") from None
        handle, table = os.open(path, os.O_WRONLY | os.O_APPEND), f"\n{table}"
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(table)
