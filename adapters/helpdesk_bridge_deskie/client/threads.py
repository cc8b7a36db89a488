"""Threads: read whole where they are small, else a few messages at a time, so that large ones are never held together."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from helpdesk_bridge.adapter import AnswerTooLarge, HelpdeskError, Invalid
from helpdesk_bridge_deskie.client.client import LAST_PAGE, PAGE, DeskieClient, DocumentPage
from helpdesk_bridge_deskie.client.cursors import read_cursor, write_cursor
from helpdesk_bridge_deskie.client.pages import read_on
from helpdesk_bridge_deskie.wire.documents import MessageDocument

WHOLE: Final = 8_000_000
"""Bytes of answers up to which messages are read together; a message of 5 MB never comes with another."""
_LIMITS: Final = (PAGE, 10, 1)
_NAMES: Final = ("at", "total", "last")


@frozen
class ThreadPage:
    """Messages of a thread, the place of the first of them, and the cursor of those that follow."""

    documents: tuple[MessageDocument, ...]
    first: int = 0
    next: str | None = None
    total: int | None = None


@frozen
class ThreadReading:
    """Reads the threads of cases, oldest message first."""

    client: DeskieClient = field(repr=False)

    def page(self, ticket_id: str, cursor: str | None) -> ThreadPage:
        """Return the whole thread if it is small, else the messages at ``cursor``.

        A long thread is read by page numbers from its end, so that no message is lost if others are deleted meanwhile.
        """
        if cursor is not None:
            place = read_cursor(cursor, _NAMES)
            return self._few(ticket_id, max(0, place["at"] or 0), place["total"], place["last"])
        room = WHOLE

        told: int | None = None

        def ask(page: int) -> DocumentPage[MessageDocument]:
            nonlocal room, told
            documents = self.client.messages(ticket_id, page, max_bytes=max(1, room))
            room, told = room - documents.size, documents.total
            return documents

        try:
            documents = read_on(ask(1), ask, lambda message: message.message_id)
        except AnswerTooLarge:
            most = PAGE if room < WHOLE else _LIMITS[1]
        else:
            return ThreadPage(tuple(documents), total=len(documents) if told is None else told)
        return self._few(ticket_id, 0, None, None, most)

    def _few(self, ticket_id: str, at: int, total: int | None, last: int | None, most: int = PAGE) -> ThreadPage:
        """Return the messages at a place; ``total`` and ``last`` are the number of all and the id of the one before, as known.

        Where fewer are there than before, what follows may have moved up: as many places before this one are read again,
        and the desk drops what it has. Where the one before comes again, another was put before it.
        """
        page, limit = self._read(ticket_id, at, most)
        gone = 0 if total is None or page.total is None else max(0, total - page.total)
        first = max(0, at - gone)
        moved = [row for place in range(first, at) for row in self.client.messages(ticket_id, place + 1, limit=1).items]
        rows = tuple(row for row in (*moved, *page.items) if row.message_id != last)
        following = None
        if page.more_after(at // limit + 1, limit):
            known = rows[-1].message_id if rows else last
            following = write_cursor(at=at + limit, total=page.total, last=known)
        return ThreadPage(rows, first, following, page.total)

    def _read(self, ticket_id: str, at: int, most: int) -> tuple[DocumentPage[MessageDocument], int]:
        """Return the messages at a place, as many as are small enough together, and how many were asked for."""
        limits = [limit for limit in _LIMITS if limit <= most and at % limit == 0 and at // limit < LAST_PAGE]
        if not limits and at >= PAGE * LAST_PAGE:
            raise HelpdeskError("Deskie lists at most 50,000 messages of one ticket")
        if not limits:
            raise Invalid("this cursor does not belong to this listing", field="cursor")
        for limit in limits[:-1]:
            try:
                return self.client.messages(ticket_id, at // limit + 1, limit=limit, max_bytes=WHOLE), limit
            except AnswerTooLarge:
                continue
        limit = limits[-1]
        return self.client.messages(ticket_id, at // limit + 1, limit=limit), limit
