"""Facets of a desk that need more than the adapter's own: lists, attachments and the importer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Generic, TypeVar, cast

from attrs import field, frozen

from helpdesk_bridge.adapter import (
    AttachmentsAdapter,
    FidelityTable,
    Hazard,
    ImportCost,
    Imported,
    Importer,
    Lister,
    Marked,
    Opening,
    Page,
    Rewriter,
    Step,
)
from helpdesk_bridge.desk.link import DeskLink
from helpdesk_bridge.errors import Invalid, NotFound
from helpdesk_bridge.model.door import check_given
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Attachment, Upload
from helpdesk_bridge.ports import TicketId

T = TypeVar("T")


@frozen(repr=False)
class ListPort(Generic[T]):
    """``desk.agents`` and the other reference lists."""

    _link: DeskLink
    _name: str
    _lister: Lister[T]

    def __repr__(self) -> str:
        return f"<{self._name} of desk {self._link.name}>"

    def list(self) -> Sequence[T]:
        """Return all entries as they are now."""
        with self._link.operation(f"{self._name}.list"):
            return tuple(self._lister.list())


@frozen(repr=False)
class AttachmentsPort:
    """``desk.attachments``."""

    _link: DeskLink
    _adapter: AttachmentsAdapter

    def __repr__(self) -> str:
        return f"<attachments of desk {self._link.name}>"

    def open(self, attachment: Attachment | str, *, ticket: TicketId | None = None) -> AbstractContextManager[BinaryIO]:
        """Stream the bytes of a file, given as read or by its reference."""
        link = self._link
        with link.operation("attachments.open"):
            owner = None if ticket is None else link.id(ticket, "ticket")
            check_given("attachment", attachment, (Attachment, str), "an Attachment of a message or its ref")
            ref = attachment if isinstance(attachment, str) else attachment.ref
            if isinstance(attachment, str) or (owner is not None and ref):
                ticket_id, way = link.files.read(ref)
                if owner not in (None, ticket_id):
                    raise NotFound("this file is of another ticket")
                if isinstance(attachment, str):
                    attachment = link.files.found(ticket_id, way, self._thread(ticket_id))
            elif owner is not None:
                raise Invalid("this attachment does not say of which ticket it is: read it anew", field="attachment")
            return self._adapter.open(attachment)

    def _thread(self, ticket_id: str) -> Iterator[Message]:
        cursor: str | None = None
        while True:
            page = self._link.adapter.messages.page(ticket_id, cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next


@frozen
class ImporterPort:
    """The adapter's importer. No adapter gets to see an internal message as what a ticket is to be opened with."""

    _importer: Importer = field(repr=False)
    _link: DeskLink = field(repr=False)

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """What the account's own automation may send while an import runs."""
        return self._importer.hazards

    @property
    def settle(self) -> float:
        """Seconds (the vendor's) until the vendor's own reads show a write."""
        return self._importer.settle

    @property
    def fidelity(self) -> FidelityTable:
        """What becomes of each field."""
        return self._importer.fidelity

    @property
    def cost(self) -> ImportCost:
        """What an import costs in budget units."""
        return self._importer.cost

    def contact(self, old: Contact, marker: str) -> tuple[str, ...]:
        """Write a contact in one create; return its ids."""
        with self._link.told("importer.contact"):
            return self._importer.contact(old, marker)

    def contact_steps(self, contact_id: str, old: Contact, *, look: bool) -> tuple[Step, ...]:
        """Return the further calls that a contact takes whose create is done."""
        with self._link.told("importer.contact_steps", passing=True):
            return self._importer.contact_steps(contact_id, old, look=look)

    def ticket(self, old: Ticket, opening: Opening, files: Sequence[Upload], marker: str) -> Imported:
        """Write a ticket with its opening message in one create."""
        with self._link.told("importer.ticket"):
            return self._importer.ticket(old, Opening.of(opening), files, marker)

    def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        """Write a later message in one create; return its ids."""
        with self._link.told("importer.message"):
            return self._importer.message(ticket_id, old, files)

    def message_steps(
        self, ticket_id: str, ids: Sequence[str], old: Message, files: Sequence[Upload], *, look: bool
    ) -> tuple[Step, ...]:
        """Return the further calls that a message takes whose create is done."""
        with self._link.told("importer.message_steps", passing=True):
            return self._importer.message_steps(ticket_id, ids, old, files, look=look)

    def finish(self, ticket_id: str, old: Ticket) -> None:
        """Put the ticket into its final state."""
        with self._link.told("importer.finish"):
            self._importer.finish(ticket_id, old)

    def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        """Return the ids of the records that carry a marker."""
        with self._link.told("importer.find"):
            return self._importer.find(kind, marker, since, old)

    def marked(self, cursor: str | None = None) -> Page[Marked]:
        """Return one page of all tickets with their markers."""
        with self._link.told("importer.marked"):
            return self._importer.marked(cursor)

    def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        """Return the last ``n`` messages of a thread."""
        with self._link.told("importer.tail"):
            return self._importer.tail(ticket_id, n)


@frozen
class RewritingImporterPort(ImporterPort):
    """The same, of a vendor that lets messages be changed."""

    def rewrite(self, ticket_id: str, message_id: str | None, old: Message, files: Sequence[Upload]) -> None:
        """Give a message that this importer wrote another text; ``message_id`` is None for the opening."""
        with self._link.told("importer.rewrite"):
            cast("Rewriter", self._importer).rewrite(ticket_id, message_id, old, files)
