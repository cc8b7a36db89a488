"""Reference lists of one space: agents, groups, companies, tags, custom-field definitions."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from attrs import frozen

from helpdesk_bridge.errors import Conflict
from helpdesk_bridge.model.addresses import email_key
from helpdesk_bridge.model.matching import natural_key
from helpdesk_bridge.model.records import Agent, Company, FieldDefinition, Group, Tag
from helpdesk_bridge.store import documents
from helpdesk_bridge.store.database import run
from helpdesk_bridge.store.space import Space
from helpdesk_bridge.store.values import folded
from helpdesk_bridge.text.plain import fold

V = TypeVar("V", Agent, Group, Company, Tag, FieldDefinition)


@frozen(eq=False)
class ReferenceList(Generic[V]):
    """One reference list: entries that were added by hand, and those that writes have named."""

    _space: Space
    _name: str
    _kind: type[V]

    def list(self) -> tuple[V, ...]:
        """Return all entries in the order in which they were added."""
        sql = "SELECT document FROM entries WHERE space = ? AND kind = ? ORDER BY id_rank, id"
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, self._name))
        return tuple(documents.load_value(self._kind, text, self._space.database.mending) for (text,) in rows)

    def new_id(self, connection: sqlite3.Connection) -> str:
        """Return an id that was never used in this list."""
        return str(self._space.number(connection, self._name))

    def put(self, value: V) -> V:
        """Write an entry, new or in place of the one with its id."""
        record_id = _id_of(value)
        email = value.email if isinstance(value, Agent) else None
        row = (
            self._space.name,
            self._name,
            record_id,
            natural_key(record_id)[0],
            value.name,
            folded(value.name),
            email_key(email) if email else None,
            documents.dump_value(value),
        )
        with self._space.database.write() as connection:
            run(connection, "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return value

    def add(self, values: Mapping[str, Any]) -> V:
        """Add an entry under a new id. Raises ``Conflict`` if its name or e-mail is taken."""
        with self._space.database.write() as connection:
            email, name = values.get("email"), values.get("name")
            if (email and self.by_email(email)) or (not email and name and self.by_name(name)):
                raise Conflict(f"an entry of {self._name} has this name or e-mail already")
            make: Any = self._kind
            entry: V = make(id=self.new_id(connection), **values)
            return self.put(entry)

    def by_id(self, record_id: str) -> V | None:
        """Return the entry of an id, or None."""
        return self._first("id = ?", record_id)

    def by_name(self, name: str) -> V | None:
        """Return the entry of a name; an exact match comes before one that differs in case or form."""
        return self._first("name_fold = ? ORDER BY name <> ?, id_rank, id", fold(name), name)

    def by_email(self, email: str) -> V | None:
        """Return the entry of an e-mail, or None."""
        return self._first("email_fold = ? ORDER BY id_rank, id", email_key(email))

    def _first(self, condition: str, *params: str) -> V | None:
        sql = f"SELECT document FROM entries WHERE space = ? AND kind = ? AND {condition} LIMIT 1"  # noqa: S608 - constants
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, self._name, *params))
        return documents.load_value(self._kind, rows[0][0], self._space.database.mending) if rows else None


def _id_of(value: Agent | Group | Company | Tag | FieldDefinition) -> str:
    return value.key if isinstance(value, FieldDefinition) else value.id


@frozen(eq=False)
class Lists:
    """All reference lists of one space."""

    agents: ReferenceList[Agent]
    groups: ReferenceList[Group]
    companies: ReferenceList[Company]
    tags: ReferenceList[Tag]
    custom_fields: ReferenceList[FieldDefinition]

    @classmethod
    def of(cls, space: Space) -> Lists:
        """Return the lists of ``space``."""
        return cls(
            ReferenceList(space, "agents", Agent),
            ReferenceList(space, "groups", Group),
            ReferenceList(space, "companies", Company),
            ReferenceList(space, "tags", Tag),
            ReferenceList(space, "custom_fields", FieldDefinition),
        )
