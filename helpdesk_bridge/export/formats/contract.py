"""What a format is: how it lays tables out in files, and how it writes one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from helpdesk_bridge.export.tables import Table


class Sheet(Protocol):
    """A file that is being written."""

    def add(self, table: str, record: Any, /) -> None:
        """Write one record of a table."""

    def close(self) -> None:
        """End the file."""

    def abandon(self) -> None:
        """Give back what the file holds open; it is not used."""


@frozen
class Format:
    """A format. ``by_month``: tickets are split by the month of their creation; ``one_file``: all tables share a file.

    ``exact``: it takes any record as JSON, conversations too. ``check`` raises ``ModuleNotFoundError`` if a library is
    missing.
    """

    name: str
    suffix: str
    open: Callable[[Path, Sequence[Table]], Sheet]
    by_month: bool = False
    one_file: bool = False
    exact: bool = False
    check: Callable[[], None] = lambda: None
