"""The table of contacts of one space."""

from __future__ import annotations

import sqlite3
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.errors import Conflict, NotFound
from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.model.records import Contact
from helpdesk_bridge.store import documents
from helpdesk_bridge.store.columns import contact_columns, contact_keys
from helpdesk_bridge.store.conditions import Native
from helpdesk_bridge.store.database import changed, run
from helpdesk_bridge.store.pages import Pages
from helpdesk_bridge.store.space import Space

_COLUMNS: Final = "id, document"


@frozen(eq=False)
class ContactTable:
    """Contacts, written whole. An e-mail belongs to one contact that is not deleted, phones may be shared."""

    _space: Space

    def new_id(self) -> str:
        """Return an id that was never used in this space; call it within the write that uses it."""
        with self._space.database.write() as connection:
            return str(self._space.number(connection, "contact"))

    def put(self, contact: Contact, *, marker: str | None = None) -> None:
        """Write a contact, new or in place of the one with its id. Raises ``Conflict`` if an e-mail is taken."""
        columns = contact_columns(contact)
        space = self._space
        with space.database.write() as connection:
            if not contact.deleted:
                self._refuse_taken(connection, contact)
            space.put(connection, "contacts", columns, marker=marker)
            key = (space.name, contact.id)
            run(connection, "DELETE FROM contact_keys WHERE space = ? AND contact_id = ?", key)
            for kind, value in contact_keys(contact):
                run(connection, "INSERT INTO contact_keys VALUES (?, ?, ?, ?)", (space.name, kind, value, contact.id))

    def _refuse_taken(self, connection: sqlite3.Connection, contact: Contact) -> None:
        for kind, value in contact_keys(contact):
            holders = self._holders(connection, kind, value) if kind == "email" else ()
            if any(holder.id != contact.id and not holder.deleted for holder in holders):
                raise Conflict("another contact has this e-mail")

    def _holders(self, connection: sqlite3.Connection, kind: str, key: str) -> tuple[Contact, ...]:
        sql = (
            f"SELECT {_COLUMNS} FROM contacts WHERE space = ? AND id IN "  # noqa: S608 - constant
            "(SELECT contact_id FROM contact_keys WHERE space = ? AND kind = ? AND key = ?) ORDER BY id_rank, id"
        )
        rows = run(connection, sql, (self._space.name, self._space.name, kind, key))
        return tuple(self._contact(row) for row in rows)

    def get(self, contact_id: str) -> Contact:
        """Return a contact. Raises ``NotFound``."""
        found = self.lookup(contact_id)
        if found is None:
            raise NotFound("there is no such contact")
        return found

    def lookup(self, contact_id: str) -> Contact | None:
        """Return a contact, or None."""
        sql = f"SELECT {_COLUMNS} FROM contacts WHERE space = ? AND id = ?"  # noqa: S608 - constant
        with self._space.database.read() as connection:
            rows = run(connection, sql, (self._space.name, contact_id))
        return self._contact(rows[0]) if rows else None

    def find(self, *, email: str | None = None, phone: str | None = None) -> tuple[Contact, ...]:
        """Return the contacts with an e-mail, or with the digits of a phone, those that are not deleted first.

        Country and extension also decide whose number it is: the caller compares them.
        """
        kind, key = ("email", email_key(email)) if email is not None else ("phone", phone_digits(phone or ""))
        with self._space.database.read() as connection:
            found = self._holders(connection, kind, key)
        return tuple(sorted(found, key=lambda contact: contact.deleted))

    def page(self, native: Native, cursor: str | None = None, size: int | None = None) -> Page[Contact]:
        """Return a page; a contact that exists throughout the listing comes at least once over all pages."""
        pages = Pages("contacts", _COLUMNS, self._space.name)
        with self._space.database.read() as connection:
            found = pages.read(connection, native, cursor, size)
        return found.page(tuple(self._contact(row) for row in found.rows))

    def marked(self, marker: str) -> tuple[str, ...]:
        """Return the ids of the contacts that carry a marker."""
        return self._space.marked("contacts", marker)

    def remove(self, contact_id: str) -> None:
        """Remove a contact. Raises ``NotFound``."""
        key = (self._space.name, contact_id)
        with self._space.database.write() as connection:
            run(connection, "DELETE FROM contact_keys WHERE space = ? AND contact_id = ?", key)
            if not changed(connection, "DELETE FROM contacts WHERE space = ? AND id = ?", key):
                raise NotFound("there is no such contact")

    def _contact(self, row: tuple[Any, ...]) -> Contact:
        record_id, text = row
        document = documents.stored(text, self._space.database.mending)
        return Contact(
            id=record_id,
            ref=self._space.ref("contact", record_id),
            raw=MappingProxyType(document) if self._space.keep_raw else None,
            **documents.load(document, Contact),
        )
