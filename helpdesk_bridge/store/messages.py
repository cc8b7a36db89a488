"""The table of messages of one space: threads in order, the opening first, equal times in the order of writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.model.records import Message
from helpdesk_bridge.store import documents
from helpdesk_bridge.store.blobs import Files
from helpdesk_bridge.store.database import run, run_until
from helpdesk_bridge.store.pages import page_size, read_cursor, write_cursor
from helpdesk_bridge.store.schema import NO_TIME
from helpdesk_bridge.store.space import Change, Space
from helpdesk_bridge.store.values import micros

_COLUMNS: Final = "rank, time_key, place, id, ticket_id, document"
_LARGE: Final = 2_000_000
"""Characters of documents beyond which no other is read into the same page."""


@frozen(eq=False)
class MessageTable:
    """The messages of one space."""

    _space: Space
    _files: Files

    def new_id(self) -> str:
        """Return an id that was never used in this space; call it within the write that uses it."""
        with self._space.database.write() as connection:
            return str(self._space.number(connection, "message"))

    def add(self, message: Message) -> bool:
        """Write a message and return whether it is new; an existing message with this id stays as it is."""
        space = self._space
        with space.database.write() as connection:
            if run(connection, "SELECT 1 FROM messages WHERE space = ? AND id = ?", (space.name, message.id)):
                return False
            if not run(connection, "SELECT 1 FROM tickets WHERE space = ? AND id = ?", (space.name, message.ticket_id)):
                raise NotFound("there is no such ticket")
            row = (
                space.name,
                message.id,
                message.ticket_id,
                0 if message.opening else 1,
                self._time_key(connection, message),
                space.now(),
                space.number(connection, "revision"),
                documents.dump(message),
            )
            columns = "space, id, ticket_id, rank, time_key, changed_at, revision, document"
            run(connection, f"INSERT INTO messages ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608 - constant
            self._files.attach(connection, message.id, message.attachments)
            count = "UPDATE tickets SET message_count = message_count + 1 WHERE space = ? AND id = ?"
            run(connection, count, (space.name, message.ticket_id))
        return True

    def rewrite(self, message: Message) -> None:
        """Write a message over the one that has its id; its place in the thread and its files stay."""
        with self._space.database.write() as connection:
            sql = "UPDATE messages SET document = ? WHERE space = ? AND id = ?"
            run(connection, sql, (documents.dump(message), self._space.name, message.id))

    def reopen(self, message: Message) -> Message | None:
        """Make room for a message that will open its thread; return the message that opened it so far.

        For threads whose messages come in any order. None if the message is not older than the opening.
        """
        with self._space.database.write() as connection:
            opening = self.openings(connection, [message.ticket_id]).get(message.ticket_id)
            if opening is None or message.created_at is None or opening.created_at is None:
                return None
            if message.created_at >= opening.created_at:
                return None
            later = evolve(opening, opening=False)
            sql = "UPDATE messages SET rank = 1, document = ? WHERE space = ? AND id = ?"
            document = documents.dump(later)
            run(connection, sql, (document, self._space.name, later.id))
        return later

    def _time_key(self, connection: sqlite3.Connection, message: Message) -> int:
        # A message without a time stands where it was written: after all that are there.
        known = micros(message.created_at, "created_at")
        if known is not None:
            return known
        sql = "SELECT ifnull(max(time_key), ?) FROM messages WHERE space = ? AND ticket_id = ?"
        return int(run(connection, sql, (NO_TIME, self._space.name, message.ticket_id))[0][0])

    def page(self, ticket_id: str, cursor: str | None = None, size: int | None = None) -> Page[Message]:
        """Return a page of a thread: fewer messages than asked for where they are large. Raises ``NotFound`` for no ticket."""
        state = read_cursor(cursor, key=list, count=int) if cursor is not None else {}
        count = state.get("count", 0)
        wanted = page_size(size)
        with self._space.database.read() as connection:
            if not run(connection, "SELECT 1 FROM tickets WHERE space = ? AND id = ?", (self._space.name, ticket_id)):
                raise NotFound("there is no such ticket")
            rows = self._after(connection, ticket_id, state.get("key"), wanted + 1)
            more = len(rows) > wanted
            if more:
                rows.pop()
            elif sum(len(row[5]) for row in rows) > _LARGE:
                more = bool(self._after(connection, ticket_id, rows[-1][:3], 1, columns="id"))
            last, count = rows[-1][:3] if rows else None, count + len(rows)
            messages = self._read(connection, rows, count - len(rows))
        return Page(messages, write_cursor(key=last, count=count) if more else None)

    def _after(
        self,
        connection: sqlite3.Connection,
        ticket_id: str,
        key: Sequence[Any] | None,
        limit: int,
        *,
        columns: str = _COLUMNS,
    ) -> list[tuple[Any, ...]]:
        """Return up to ``limit`` rows of a thread behind a key, and no more once they are large."""
        where, params = "WHERE space = ? AND ticket_id = ?", [self._space.name, ticket_id]
        if key is not None:
            if [type(part) for part in key] != [int, int, int]:
                raise Invalid("this cursor does not belong to this listing", field="cursor")
            where += " AND (rank, time_key, place) > (?, ?, ?)"
            params += key
        sql = f"SELECT {columns} FROM messages {where} ORDER BY rank, time_key, place LIMIT {limit}"  # noqa: S608 - constants
        return run_until(connection, sql, params, large=_LARGE)

    def tail(self, ticket_id: str, count: int) -> tuple[Message, ...]:
        """Return the last messages of a thread, oldest first."""
        key = (self._space.name, ticket_id)
        sql = (
            f"SELECT {_COLUMNS} FROM messages WHERE space = ? AND ticket_id = ? "  # noqa: S608 - constant
            f"ORDER BY rank DESC, time_key DESC, place DESC LIMIT {max(0, int(count))}"
        )
        with self._space.database.read() as connection:
            found = run(connection, "SELECT message_count FROM tickets WHERE space = ? AND id = ?", key)
            if not found:
                raise NotFound("there is no such ticket")
            rows = run(connection, sql, key)[::-1]
            return self._read(connection, rows, int(found[0][0]) - len(rows))

    def get(self, message_id: str) -> Message | None:
        """Return a message by its id, or None."""
        space = self._space.name
        sql = f"SELECT {_COLUMNS} FROM messages WHERE space = ? AND id = ?"  # noqa: S608 - constant
        before = (
            "SELECT count(*) FROM messages WHERE space = ? AND ticket_id = ? AND (rank, time_key, place) < (?, ?, ?)"
        )
        with self._space.database.read() as connection:
            rows = run(connection, sql, (space, message_id))
            if not rows:
                return None
            ((count,),) = run(connection, before, (space, rows[0][4], *rows[0][:3]))
            return self._read(connection, rows, int(count))[0]

    def openings(self, connection: sqlite3.Connection, ticket_ids: list[str]) -> dict[str, Message]:
        """Return the opening messages of tickets, by ticket."""
        marks = ", ".join("?" * len(ticket_ids))
        where = f"WHERE space = ? AND rank = 0 AND ticket_id IN ({marks})"
        rows = run(
            connection,
            f"SELECT {_COLUMNS} FROM messages {where}",  # noqa: S608 - only question marks
            (self._space.name, *ticket_ids),
        )
        # Sorted here: SQLite would copy each document for it, however large.
        rows.sort(key=lambda row: int(row[2]), reverse=True)
        return {message.ticket_id: message for message in self._read(connection, rows, 0)}

    def added_after(self, connection: sqlite3.Connection, revision: int) -> Iterator[Change]:
        """Yield the messages that were written after a revision."""
        sql = "SELECT revision, revision, id, changed_at, ticket_id FROM messages WHERE space = ? AND revision > ?"
        for place, number, message_id, at, ticket_id in run(connection, sql, (self._space.name, revision)):
            yield Change(place, number, message_id, at, ticket_id=ticket_id)

    def remove_thread(self, connection: sqlite3.Connection, ticket_id: str) -> None:
        """Remove all messages of a ticket with their files, their outbox entries and delivery states."""
        key = (self._space.name, ticket_id)
        ids = [one for (one,) in run(connection, "SELECT id FROM messages WHERE space = ? AND ticket_id = ?", key)]
        self._files.forget(connection, ids)
        for table in ("outbox", "deliveries"):
            for message_id in ids:
                sql = f"DELETE FROM {table} WHERE space = ? AND message_id = ?"  # noqa: S608 - our own names
                run(connection, sql, (self._space.name, message_id))
        run(connection, "DELETE FROM messages WHERE space = ? AND ticket_id = ?", key)

    def _read(self, connection: sqlite3.Connection, rows: list[tuple[Any, ...]], first: int) -> tuple[Message, ...]:
        files = self._files.of(connection, [row[3] for row in rows]) if rows else {}
        messages: list[Message] = []
        rows.reverse()
        while rows:
            _, _, _, message_id, ticket_id, document = rows.pop()
            message = Message(
                id=message_id,
                ticket_id=ticket_id,
                sequence=first + len(messages),
                attachments=files.get(message_id, ()),
                **documents.load(documents.stored(document, self._space.database.mending), Message),
            )
            messages.append(message)
        return tuple(messages)
