"""Output of the command: data to stdout, everything else to stderr."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from itertools import chain, islice
from typing import Any, Final

import attrs
import click

from helpdesk_bridge.cli.streams import drop
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.text import display


def clean(text: str) -> str:
    """Return text of several lines without what a terminal would obey: control and direction characters."""
    return display.block(text)


def clean_line(text: str) -> str:
    """Return ``text`` as one line without what a terminal would obey."""
    return display.line(text)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: that of ``to_dict``, without the vendor's document and the places of files."""
    if isinstance(value, Portable):
        document = value.to_dict()
        for record in (document, document.get("message") or {}):
            record.pop("raw", None)
            for file in record.get("attachments", ()):
                file.pop("locator", None)
        return document
    if attrs.has(type(value)):
        return {
            one.name: plain(getattr(value, one.name))
            for one in attrs.fields(type(value))
            if not one.name.startswith("_")
        }
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(one) for one in value), key=str)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    unfit = isinstance(value, Decimal) or (isinstance(value, float) and not math.isfinite(value))
    return str(value) if unfit else value


def write_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON document on stdout."""
    click.echo(_json(value, indent))


def write_jsonl(values: Iterable[Any]) -> None:
    """Print one JSON document a line on stdout, as they come."""
    for value in values:
        click.echo(_json(value, None))


def _json(value: Any, indent: int | None) -> str:
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        # A pipe of another code page, or a file name that is no text: escapes lose nothing, and stay JSON.
        text = json.dumps(plain(value), indent=indent)
    return display.json_text(text)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table: drawn on a terminal, tab-separated elsewhere, as CSV where ``--csv`` was given; a line of names first."""
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(CSV):
        _write_csv(columns, rows)
        return
    if not sys.stdout.isatty():
        for row in _headed(columns, rows):
            click.echo("\t".join(clean_line(_cell(value)) for value in row))
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(*(Column(Text(clean_line(one))) for one in columns), header_style="bold", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(clean_line(_cell(value))) for value in row))
    Console().print(table)


CSV: Final = f"{__name__}.csv"
"""Where a command's context says that tables are to be CSV."""
_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?[\d ().,/-]*")


def _headed(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the names before the rows, once the first row was read: a list that cannot be read prints nothing."""
    reading = iter(rows)
    first = list(islice(reading, 1))
    yield columns
    yield from chain(first, reading)


def _write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for row in _headed(columns, rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([_csv_cell(value) for value in row])
        click.echo(line.getvalue())


def _csv_cell(value: Any) -> str:
    """Return a value as a spreadsheet takes it: what a customer wrote must not be a formula there."""
    if value is None:
        return ""
    text = clean_line(value.isoformat() if isinstance(value, datetime) else _cell(value))
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def write_said(text: str) -> None:
    """Print what somebody wrote, each line of it indented, those too that a terminal breaks: our own lines never are."""
    shown = clean(text)
    if not sys.stdout.isatty():
        click.echo(textwrap.indent(shown, _INDENT))
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    Console(highlight=False).print(Padding(Text(shown), (0, 0, 0, len(_INDENT))))


_INDENT: Final = " " * 4


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value.value) if isinstance(value, Enum) else str(value)


_above: list[Callable[[str], None]] = []
_drawn: list[Callable[[], AbstractContextManager[None]]] = []


@contextmanager
def saying_above(show: Callable[[str], None], away: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Let ``show`` print what is said meanwhile: a bar at the foot of a terminal has to move out of the way.

    Inside ``away`` nothing is drawn: a question is not to be drawn over.
    """
    _above.append(show)
    _drawn.append(away)
    try:
        yield
    finally:
        _above.remove(show)
        _drawn.remove(away)


@contextmanager
def undrawn() -> Iterator[None]:
    """Keep the foot of the terminal free, for a question."""
    with ExitStack() as stack:
        for away in _drawn:
            stack.enter_context(away())
        yield


def say(text: str, *, lines: bool = False) -> None:
    """Print a line for a person on stderr, or several; where nobody can read it any more, the work goes on."""
    said = clean(text) if lines else clean_line(text)
    try:
        if _above:
            _above[-1](said)
        else:
            click.echo(said, err=True)
    except OSError:
        drop(sys.stderr)
