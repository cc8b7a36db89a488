"""Odd values: what the documents of one desk held that cannot be read, counted, and announced once a kind.

One odd value must not take its record along, nor an unreadable row its neighbours; neither may pass unnoticed.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.errors import BadResponse
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.text.json_text import dumps
from helpdesk_bridge.text.plain import digest

logger = logging.getLogger("helpdesk_bridge.adapter.wire")

UNREADABLE: Final = "its value cannot be read"
_MOST_ROWS: Final = 10_000
_NUMBERS: Final = re.compile(r"\[\d+\]|\.\d+(?=\.|$)")


@frozen(kw_only=True)
class ValueUnread:
    """A desk sent a value that cannot be read, and its record goes without; published once a ``kind`` and desk."""

    vendor: str
    desk: str
    kind: str


@frozen(kw_only=True)
class RowUnread:
    """A desk sent a row without a readable id, and its listing goes without; published once a ``kind`` and desk."""

    vendor: str
    desk: str
    kind: str
    path: str | None


@frozen
class UnreadRow(Portable):
    """A row of a list that cannot be read. ``id`` is a digest of it, the same whenever it is read again.

    ``kind`` is ticket, contact, message or another record's word, ``parent`` the id of the ticket that a message belongs
    to. ``reason`` says where it cannot be read and quotes nothing.
    """

    kind: str
    parent: str
    id: str
    reason: str


class OddValues:
    """Counts what one desk sent and nobody can read. Safe between threads."""

    def __init__(self, vendor: str, desk: str, publish: Callable[[object], None]) -> None:
        self._vendor = vendor
        self._desk = desk
        self._publish = publish
        self._lock = new_lock()
        self._counts: Counter[str] = Counter()
        self._rows: dict[tuple[str, str, str], UnreadRow] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        """How many values were set aside so far, by their place in the vendor's documents."""
        with self._lock:
            return dict(self._counts)

    def rows(self, kind: str, parent: str = "") -> tuple[UnreadRow, ...]:
        """Return the rows of a kind that were left out of listings so far, each once."""
        with self._lock:
            return tuple(row for row in self._rows.values() if (row.kind, row.parent) == (kind, parent))

    def value(self, path: str) -> None:
        """Note a value that was set aside."""
        kind = _NUMBERS.sub("", path).removeprefix("$.")
        with self._lock:
            new = kind not in self._counts
            self._counts[kind] += 1
        if new:
            logger.warning("%s (%s) sends values of %s that cannot be read; the records go without them, and the others of this kind are counted", self._desk, self._vendor, kind, extra={"event": "wire.value_unread", "vendor": self._vendor, "desk": self._desk, "kind": kind})  # fmt: skip
            self._publish(ValueUnread(vendor=self._vendor, desk=self._desk, kind=kind))

    def row(self, kind: str, parent: str, row: Any, error: BadResponse) -> None:
        """Note a row that was left out. Raises ``error`` where they are too many to be remembered."""
        known = UnreadRow(kind, parent, f"~{digest(dumps(row))}", error.message)
        with self._lock:
            if len(self._rows) >= _MOST_ROWS:
                raise error
            new = all(other.kind != kind for other in self._rows.values())
            self._rows[kind, parent, known.id] = known
        if new:
            logger.warning("%s (%s) sends rows of kind %s that cannot be read (%s); listings go without them, and each is kept in unread_rows", self._desk, self._vendor, kind, error.path, extra={"event": "wire.row_unread", "vendor": self._vendor, "desk": self._desk, "kind": kind})  # fmt: skip
            self._publish(RowUnread(vendor=self._vendor, desk=self._desk, kind=kind, path=error.path))


__all__ = ["UNREADABLE", "OddValues", "RowUnread", "UnreadRow", "ValueUnread"]
