"""The importer of a local desk: writes old tickets, contacts and messages as they were, and mails nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import (
    Fidelity,
    FidelityTable,
    FieldFidelity,
    Hazard,
    ImportCost,
    Imported,
    Marked,
    MessageClass,
    Page,
    Step,
)
from helpdesk_bridge.errors import NotFound
from helpdesk_bridge.local.definitions import Definitions
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.fields import Field, Kind
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import IdKind, Upload
from helpdesk_bridge.store.blobs import Spooled
from helpdesk_bridge.store.pages import PAGE_SIZE

_NATIVE: Final = FieldFidelity(Fidelity.NATIVE)


_GIVEN_HERE: Final = frozenset({"id", "ref", "id_kind"})


def _all(table: Mapping[str, Field]) -> Mapping[str, FieldFidelity]:
    kept = (name for name, field in table.items() if field.kind is not Kind.ANSWER and name not in _GIVEN_HERE)
    return dict.fromkeys(kept, _NATIVE)


FIDELITY: Final = FidelityTable(
    ticket=_all(fields.TICKET),
    contact=_all(fields.CONTACT),
    messages=dict.fromkeys(MessageClass, dict.fromkeys(fields.travelling(fields.MESSAGE), _NATIVE)),
)

COST: Final = ImportCost(contact=0, ticket=0, message=0, finish=0)


@frozen(eq=False)
class LocalImporter:
    """The importer. It costs no requests, needs no time to settle, and has no automation that could mail anybody."""

    _desk: LocalDesk = field(repr=False)
    hazards: tuple[Hazard, ...] = ()
    settle: float = 0.0
    fidelity: FidelityTable = FIDELITY
    cost: ImportCost = COST

    def contact(self, old: Contact, marker: str) -> tuple[str, ...]:
        """Write a contact. Raises ``Conflict`` if another contact has its e-mail."""
        desk, store = self._desk, self._desk.store
        with desk.operation():
            contact_id = store.contacts.new_id()
            new = evolve(
                old,
                id=contact_id,
                ref=store.space.ref("contact", contact_id),
                id_kind=IdKind.NATIVE,
                company=desk.people.imported_ref(old.company, store.lists.companies),
                custom_fields=desk.definitions.fields(old.custom_fields, "contact", exact=True),
            )
            store.contacts.put(new, marker=marker)
        desk.calls.add("importer.contact", contact_id, old=old, marker=marker)
        return (contact_id,)

    def contact_steps(self, *_: object, **__: object) -> tuple[Step, ...]:
        """Return nothing: one transaction writes all of a contact."""
        return ()

    def ticket(self, old: Ticket, opening: Message, files: Sequence[Upload], marker: str) -> Imported:
        """Write a ticket in its final state with its opening message."""
        desk, store = self._desk, self._desk.store
        with desk.operation(files) as kept:
            ticket_id = store.tickets.new_id()
            ref = store.space.ref("ticket", ticket_id)
            number = old.number if old.number is not None else ticket_id
            store.tickets.put(evolve(self._here(old), id=ticket_id, ref=ref, number=number), marker=marker)
            message_id = self._message(ticket_id, evolve(opening, opening=True), kept)
        desk.calls.add("importer.ticket", ticket_id, old=old, opening=opening, files=files, marker=marker)
        return Imported(ticket_id, (message_id,))

    def _here(self, old: Ticket) -> Ticket:
        people, lists = self._desk.people, self._desk.store.lists
        definitions: Definitions = self._desk.definitions
        definitions.tags(old.tags)
        labels: Mapping[Any, str] = {**self._desk.capabilities.statuses, **self._desk.capabilities.priorities}
        return evolve(
            old,
            status_label=labels.get(old.status) if old.status_label is None else old.status_label,
            priority_label=labels.get(old.priority) if old.priority_label is None else old.priority_label,
            requester=None if old.requester is None else people.imported(old.requester),
            assignee=None if old.assignee is None else people.imported(old.assignee),
            group=people.imported_ref(old.group, lists.groups),
            company=people.imported_ref(old.company, lists.companies),
            custom_fields=definitions.fields(old.custom_fields, "ticket", exact=True),
        )

    def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        """Write a later message. Raises ``NotFound`` if the ticket does not exist."""
        with self._desk.operation(files) as kept:
            message_id = self._message(ticket_id, evolve(old, opening=False), kept)
        self._desk.calls.add("importer.message", message_id, ticket_id=ticket_id, old=old, files=files)
        return (message_id,)

    def message_steps(self, *_: object, **__: object) -> tuple[Step, ...]:
        """Return nothing: one transaction writes all of a message."""
        return ()

    def rewrite(self, ticket_id: str, message_id: str | None, old: Message, files: Sequence[Upload]) -> None:  # noqa: ARG002 - they stay
        """Give a message the text and the author of ``old``; its time and files stay."""
        store = self._desk.store
        with self._desk.operation(), store.database.write() as connection:
            there = (
                store.messages.openings(connection, [ticket_id])[ticket_id]
                if message_id is None
                else store.messages.get(message_id)
            )
            if there is None:
                raise NotFound("there is no such message")
            store.messages.rewrite(
                evolve(
                    there,
                    body=old.body,
                    author=self._desk.people.imported(old.author),
                    visibility=old.visibility,
                    to=old.to,
                    cc=old.cc,
                )
            )
        self._desk.calls.add("importer.rewrite", there.id, ticket_id=ticket_id, old=old)

    def _message(self, ticket_id: str, old: Message, kept: Sequence[Spooled]) -> str:
        store = self._desk.store
        with store.database.write() as connection:
            message_id = store.messages.new_id()
            new = evolve(
                old,
                id=message_id,
                ticket_id=ticket_id,
                id_kind=IdKind.NATIVE,
                author=self._desk.people.imported(old.author),
                attachments=store.files.keep(connection, kept),
            )
            store.messages.add(new)
        return message_id

    def finish(self, ticket_id: str, old: Ticket) -> None:
        """Write the ticket's final state once more: later messages never changed it, but others may have."""
        store = self._desk.store
        with self._desk.operation():
            there = store.tickets.get(ticket_id)
            number = old.number if old.number is not None else there.number
            store.tickets.put(evolve(self._here(old), id=ticket_id, ref=there.ref, number=number))
        self._desk.calls.add("importer.finish", ticket_id, old=old)

    def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        """Return the ids of the ``ticket`` or ``contact`` that carry ``marker``."""
        self._desk.calls.add("importer.find", kind=kind, marker=marker, since=since, old=old)
        store = self._desk.store
        return store.tickets.marked(marker) if kind == "ticket" else store.contacts.marked(marker)

    def marked(self, cursor: str | None = None) -> Page[Marked]:
        """Return a page of the tickets that carry a marker; nobody but this importer can write one."""
        self._desk.calls.add("importer.marked", cursor=cursor)
        store = self._desk.store
        rows = store.tickets.markers(cursor, PAGE_SIZE)
        items = tuple(Marked(ticket_id=one, marker=marker, by_api=True) for one, marker in rows)
        return Page(items, rows[-1][0] if len(rows) == PAGE_SIZE else None)

    def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        """Return the last ``n`` messages of a thread, oldest first."""
        self._desk.calls.add("importer.tail", ticket_id, n=n)
        return self._desk.store.messages.tail(ticket_id, n)
