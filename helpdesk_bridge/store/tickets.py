"""The table of tickets of one space."""

from __future__ import annotations

import sqlite3
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.model.records import Agent, Contact, Message, Ticket
from helpdesk_bridge.model.values import Actor
from helpdesk_bridge.store import documents
from helpdesk_bridge.store.columns import ticket_columns
from helpdesk_bridge.store.conditions import Native
from helpdesk_bridge.store.database import changed, run
from helpdesk_bridge.store.messages import MessageTable
from helpdesk_bridge.store.pages import Pages
from helpdesk_bridge.store.space import Space

_COLUMNS: Final = "id, message_count, document"
_NOT_LISTED: Final = frozenset({"attachments"})


@frozen(eq=False)
class TicketTable:
    """Tickets, written whole; ``MessageTable`` holds their threads."""

    _space: Space
    _messages: MessageTable

    def new_id(self) -> str:
        """Return an id that was never used in this space; call it within the write that uses it."""
        with self._space.database.write() as connection:
            return str(self._space.number(connection, "ticket"))

    def put(self, ticket: Ticket, *, marker: str | None = None) -> None:
        """Write a ticket, new or in place of the one with its id. Description, files and count come from its thread."""
        columns = ticket_columns(ticket)
        with self._space.database.write() as connection:
            self._space.put(connection, "tickets", columns, marker=marker)

    def get(self, ticket_id: str) -> Ticket:
        """Return a ticket with everything loaded. Raises ``NotFound``."""
        sql = f"SELECT {_COLUMNS} FROM tickets WHERE space = ? AND id = ?"  # noqa: S608 - constant
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, ticket_id))
            if not rows:
                raise NotFound("there is no such ticket")
            opening = self._messages.openings(connection, [ticket_id]).get(ticket_id)
        return self._with_opening(self._ticket(rows[0], frozenset()), opening)

    def page(self, native: Native, cursor: str | None = None, size: int | None = None) -> Page[Ticket]:
        """Return a page; a ticket that exists throughout the listing comes at least once over all pages."""
        pages = Pages("tickets", _COLUMNS, self._space.name)
        described = "description" in native.include
        not_loaded = _NOT_LISTED if described else _NOT_LISTED | {"description"}
        with self._space.database.read() as connection:
            found = pages.read(connection, native, cursor, size)
            tickets = tuple(self._ticket(row, not_loaded) for row in found.rows)
            if described and tickets:
                openings = self._messages.openings(connection, [ticket.id for ticket in tickets])
                tickets = tuple(
                    evolve(ticket, description=openings[ticket.id].body) if ticket.id in openings else ticket
                    for ticket in tickets
                )
        return found.page(tickets)

    def marked(self, marker: str) -> tuple[str, ...]:
        """Return the ids of the tickets that carry a marker."""
        return self._space.marked("tickets", marker)

    def markers(self, after: str | None, size: int) -> tuple[tuple[str, str], ...]:
        """Return ids and markers of tickets that carry a marker and are not deleted, in the order of their ids as text."""
        sql = (
            "SELECT id, marker FROM tickets WHERE space = ? AND marker IS NOT NULL AND NOT deleted AND id > ? "
            "ORDER BY id LIMIT ?"
        )
        with self._space.database.read() as connection:
            return tuple((one, marker) for one, marker in run(connection, sql, (self._space.name, after or "", size)))

    def remove(self, ticket_id: str) -> None:
        """Remove a ticket with its thread and files. Raises ``NotFound``."""
        with self._space.database.write() as connection:
            self._messages.remove_thread(connection, ticket_id)
            if not changed(connection, "DELETE FROM tickets WHERE space = ? AND id = ?", (self._space.name, ticket_id)):
                raise NotFound("there is no such ticket")

    def rename_person(self, person: Contact | Agent) -> None:
        """Write the present name and addresses of a contact or agent into their tickets."""
        roles = ("requester",) if isinstance(person, Contact) else ("assignee", "requester")
        with self._space.database.write() as connection:
            for role in roles:
                sql = f"SELECT {_COLUMNS} FROM tickets WHERE space = ? AND {role}_id = ?"  # noqa: S608 - our own names
                for row in run(connection, sql, (self._space.name, person.id)):
                    ticket = self._ticket(row, frozenset())
                    named = _named(getattr(ticket, role), person)
                    if named is not None:
                        changes: dict[str, Any] = {role: named}
                        self._rewrite(connection, evolve(ticket, **changes))

    def _rewrite(self, connection: sqlite3.Connection, ticket: Ticket) -> None:
        # A changed name is no change of the ticket: neither its revision nor its update time moves.
        columns = ticket_columns(ticket)
        sets = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE tickets SET {sets} WHERE space = ? AND id = ?"  # noqa: S608 - our own names
        run(connection, sql, (*columns.values(), self._space.name, ticket.id))

    def named_by(self, contact_id: str) -> int:
        """Return the number of tickets of a requester."""
        sql = "SELECT count(*) FROM tickets WHERE space = ? AND requester_id = ? AND requester_kind = 'contact'"
        with self._space.database.read() as connection:
            return int(run(connection, sql, (self._space.name, contact_id))[0][0])

    def _ticket(self, row: tuple[Any, ...], not_loaded: frozenset[str]) -> Ticket:
        record_id, count, text = row
        document = documents.stored(text, self._space.database.mending)
        return Ticket(
            id=record_id,
            ref=self._space.ref("ticket", record_id),
            message_count=count,
            not_loaded=not_loaded,
            raw=MappingProxyType(document) if self._space.keep_raw else None,
            **documents.load(document, Ticket),
        )

    @staticmethod
    def _with_opening(ticket: Ticket, opening: Message | None) -> Ticket:
        if opening is None:
            return ticket
        return evolve(ticket, description=opening.body, attachments=opening.attachments)


def _named(actor: Actor, person: Contact | Agent) -> Actor | None:
    if isinstance(person, Contact):
        now = person.actor()
    else:
        now = Actor.agent(id=person.id, name=person.name, email=person.email)
    return now if actor.kind is now.kind and actor != now else None
