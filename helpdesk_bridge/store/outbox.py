"""The outbox of a desk that sends nothing, and delivery states of messages that a vendor sent."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from attrs import frozen

from helpdesk_bridge.model.records import Message
from helpdesk_bridge.store.database import run
from helpdesk_bridge.store.messages import MessageTable
from helpdesk_bridge.store.space import Space
from helpdesk_bridge.store.values import micros, moment_of


@frozen
class Delivery:
    """One delivery state of a sent message, and when the message reached it."""

    message_id: str
    state: str
    at: datetime | None
    detail: str | None = None


@frozen(eq=False)
class Deliveries:
    """The delivery states of one space's messages; states of unknown message ids are kept as well."""

    _space: Space

    def add(self, delivery: Delivery) -> bool:
        """Record a state and return whether it is new."""
        space = self._space
        with space.database.write() as connection:
            key = (space.name, delivery.message_id, delivery.state)
            sql = "SELECT 1 FROM deliveries WHERE space = ? AND message_id = ? AND state = ?"
            if run(connection, sql, key):
                return False
            row = (*key, micros(delivery.at, "at"), delivery.detail, space.number(connection, "delivery"))
            run(connection, "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?)", row)
        return True

    def of(self, message_id: str) -> tuple[Delivery, ...]:
        """Return the states of a message in the order in which they were recorded."""
        sql = "SELECT state, at, detail FROM deliveries WHERE space = ? AND message_id = ? ORDER BY place"
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, message_id))
        return tuple(Delivery(message_id, state, moment_of(at), detail) for state, at, detail in rows)

    def in_state(self, state: str) -> tuple[Delivery, ...]:
        """Return all deliveries in one state, of all messages, in the order in which they were recorded."""
        sql = "SELECT message_id, at, detail FROM deliveries WHERE space = ? AND state = ? ORDER BY place"
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, state))
        return tuple(Delivery(message_id, state, moment_of(at), detail) for message_id, at, detail in rows)


@frozen(eq=False)
class Outbox:
    """The replies that a desk with a mail server would have sent. Nothing here is ever sent."""

    _space: Space
    _messages: MessageTable

    def add(self, connection: sqlite3.Connection, message_id: str) -> None:
        """Add a reply."""
        run(connection, "INSERT INTO outbox (space, message_id) VALUES (?, ?)", (self._space.name, message_id))

    def all(self) -> tuple[Message, ...]:
        """Return the replies, oldest first."""
        with self._space.database.read() as connection:
            sql = "SELECT message_id FROM outbox WHERE space = ? ORDER BY place"
            ids = [one for (one,) in run(connection, sql, (self._space.name,))]
            found = [self._messages.get(message_id) for message_id in ids]
        return tuple(message for message in found if message is not None)
