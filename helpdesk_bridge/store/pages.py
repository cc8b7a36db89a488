"""Pages read by key: a page starts after the key of the last record before it, wherever that record is by now.

In the order of updates records move while they are read. After the last page come those that changed since the first
was read, so that a record that moved from before the reader to behind it is not lost; the desk drops the repeats.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final, TypeVar

from attrs import frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.store.conditions import SPACE, Native
from helpdesk_bridge.store.database import run

R = TypeVar("R")
PAGE_SIZE: Final = 100
LARGEST_PAGE: Final = 1000


@frozen
class Slice:
    """The rows of one page, as ``columns`` asked for them, and the cursors of the next and the previous.

    ``again`` says that what follows are records that moved since the first page was read.
    """

    rows: tuple[tuple[Any, ...], ...]
    next: str | None
    total: int | None
    previous: str | None = None
    again: bool = False

    def page(self, records: tuple[R, ...]) -> Page[R]:
        """Return the page of the records that the rows hold."""
        return Page(records, self.next, self.total, self.previous, self.again)


def read_cursor(cursor: str | None, **shapes: type) -> dict[str, Any]:
    """Return the parts of a cursor; ``shapes`` names them with their types. Raises ``Invalid`` for a foreign cursor."""
    if cursor is None:
        return {}
    try:
        found = json.loads(cursor)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), kind) for name, kind in shapes.items()):
        raise Invalid("this cursor does not belong to this listing", field="cursor")
    return found


def write_cursor(**parts: Any) -> str:
    """Return a cursor as text."""
    return json.dumps(parts, separators=(",", ":"))


def page_size(size: int | None) -> int:
    """Return the rows of a page: 100, or ``size`` between 1 and 1000."""
    return PAGE_SIZE if size is None else max(1, min(size, LARGEST_PAGE))


@frozen
class Pages:
    """The pages of one table (``tickets`` or ``contacts``) in one space."""

    table: str
    columns: str
    space: str

    def read(self, connection: sqlite3.Connection, native: Native, cursor: str | None, size: int | None) -> Slice:
        """Return one page. ``total`` is counted for a first page with a ``size``."""
        state = read_cursor(cursor, mark=int)
        rows_wanted = page_size(size)
        total = self._count(connection, native) if cursor is None and size is not None else None
        mark = self._mark(connection, native, state)
        if "swept" in state:
            return self._sweep(connection, native, mark, state["swept"], rows_wanted)
        if "back" in state:
            return self._before(connection, native, mark, state["back"], rows_wanted)
        found = self._after(connection, native, state.get("key"), rows_wanted + 1)
        rows = tuple(row[3:] for row in found[:rows_wanted])
        back = write_cursor(back=found[0][:3], mark=mark) if "key" in state and found else None
        if len(found) > rows_wanted:
            return Slice(rows, write_cursor(key=found[rows_wanted - 1][:3], mark=mark), total, back)
        moved = bool(native.order.by_update and self._changed(connection, native, mark, 1))
        return Slice(rows, write_cursor(swept=mark, mark=mark) if moved else None, total, back, again=moved)

    def _before(
        self, connection: sqlite3.Connection, native: Native, mark: int, key: list[Any], rows_wanted: int
    ) -> Slice:
        found = self._after(connection, native, key, rows_wanted + 1, backwards=True)
        more, rows = len(found) > rows_wanted, found[:rows_wanted][::-1]
        following = write_cursor(key=rows[-1][:3], mark=mark) if rows else None
        back = write_cursor(back=rows[0][:3], mark=mark) if more else None
        return Slice(tuple(row[3:] for row in rows), following, None, back)

    def _mark(self, connection: sqlite3.Connection, native: Native, state: dict[str, Any]) -> int:
        if state:
            mark = state.get("mark")
            key = state.get("key", state.get("back", [0, 0, ""]))
            shaped = isinstance(key, list) and [type(part) for part in key] == [int, int, str]
            if not isinstance(mark, int) or not shaped or not isinstance(state.get("swept", 0), int):
                raise Invalid("this cursor does not belong to this listing", field="cursor")
            return mark
        if not native.order.by_update:
            return 0
        sql = f"SELECT ifnull(max(revision), 0) FROM {self.table} WHERE space = ?"  # noqa: S608 - our own names
        return int(run(connection, sql, (self.space,))[0][0])

    def _where(self, native: Native, sign: str = "+") -> tuple[str, list[Any]]:
        # The plus keeps SQLite from taking the index of the flags, which nearly all records share, over the one of
        # the order; for counting that index is the right one, because it needs no record.
        params = [self.space if param is SPACE else param for param in native.params]
        flags = [f"{sign}{flag} = 0" for flag in native.flags]
        return f"FROM {self.table} WHERE " + " AND ".join(("space = ?", *flags, native.where)), [self.space, *params]

    def _count(self, connection: sqlite3.Connection, native: Native) -> int:
        where, params = self._where(native, sign="")
        return int(run(connection, f"SELECT count(*) {where}", params)[0][0])

    def _after(
        self,
        connection: sqlite3.Connection,
        native: Native,
        key: list[Any] | None,
        limit: int,
        *,
        backwards: bool = False,
    ) -> list[tuple[Any, ...]]:
        where, params = self._where(native)
        order = "updated_key" if native.order.by_update else "created_key"
        way, beyond = ("DESC", "<") if native.order.descending is not backwards else ("ASC", ">")
        beyond += "=" if backwards else ""
        if key is not None:
            where += f" AND ({order}, id_rank, id) {beyond} (?, ?, ?)"
            params += key
        sql = (
            f"SELECT {order}, id_rank, id, {self.columns} {where} "
            f"ORDER BY {order} {way}, id_rank {way}, id {way} LIMIT {limit}"
        )
        return run(connection, sql, params)

    def _changed(self, connection: sqlite3.Connection, native: Native, since: int, limit: int) -> list[tuple[Any, ...]]:
        where, params = self._where(native)
        sql = f"SELECT revision, {self.columns} {where} AND revision > ? ORDER BY revision LIMIT {limit}"
        return run(connection, sql, [*params, since])

    def _sweep(self, connection: sqlite3.Connection, native: Native, mark: int, swept: int, rows_wanted: int) -> Slice:
        found = self._changed(connection, native, swept, rows_wanted + 1)
        rows = tuple(row[1:] for row in found[:rows_wanted])
        more = len(found) > rows_wanted
        return Slice(rows, write_cursor(swept=found[rows_wanted - 1][0], mark=mark) if more else None, None)
