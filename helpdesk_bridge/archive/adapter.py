"""An archive as an adapter: records as they were read, in pages, and the bytes of files that were kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, BinaryIO, Final, NoReturn

from attrs import evolve, field, frozen

from helpdesk_bridge.adapter import Adapter, DeskContext, Finding, Page, QuerySplit, Severity
from helpdesk_bridge.archive.archive import ENTRIES, Archive
from helpdesk_bridge.archive.outcome import ArchiveError
from helpdesk_bridge.archive.settings import ArchiveSettings
from helpdesk_bridge.archive.vendor import CAPABILITIES, PAGE, VENDOR
from helpdesk_bridge.errors import HelpdeskError, Invalid, NotFound, Unsupported
from helpdesk_bridge.forks import new_lock
from helpdesk_bridge.model.addresses import email_key, phone_digits
from helpdesk_bridge.model.queries import ContactQuery, Order, TicketQuery
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.refs import format_ref
from helpdesk_bridge.model.secret import Secret
from helpdesk_bridge.model.values import Attachment

_SHA: Final = "sha256:"
_NO_TIME: Final = -(2**62)
_ALL: Final = frozenset({"spam", "deleted", "merged"})


def _refuse(*_: object, **__: object) -> NoReturn:
    raise Unsupported("an archive is only read", vendor=VENDOR.name)


class _Opened:
    """The archive of a desk, opened by the first call. Safe to share between threads."""

    def __init__(self, settings: ArchiveSettings, *, keep_raw: bool) -> None:
        self.path = settings.path
        self.keep_raw = keep_raw
        self._lock = new_lock()
        self._archive: Archive | None = None
        self._closed = False

    def get(self) -> Archive:
        """Return the archive. Raises ``HelpdeskError`` if there is none, or if no reading of it came to its end."""
        with self._lock:
            if self._closed:
                raise HelpdeskError("this desk was closed; open it again")
            if self._archive is None:
                self._archive = self._open()
            return self._archive

    def _open(self) -> Archive:
        try:
            archive = Archive.read(self.path)
        except ArchiveError as error:
            raise HelpdeskError(str(error)) from None
        if not any(run.finished_at is not None for run in archive.runs()):
            archive.close()
            raise HelpdeskError(
                f"the archive {self.path} is half done: run migrate extract, or the export that began it, to its end"
            )
        return archive

    @property
    def account(self) -> str:
        """The account in refs: the vendor and account that the records are of."""
        origin = self.get().origin
        return f"{origin.vendor}-{origin.account}"

    def raw(self, table: str, where: str, values: Sequence[Any]) -> Mapping[str, Any] | None:
        """Return the vendor's own document of a record, if it was kept and is wanted."""
        if not self.keep_raw:
            return None
        row = self.get().file.one(f"SELECT raw FROM {table} WHERE {where}", values)  # noqa: S608 - our own names
        return None if row is None or row[0] is None else MappingProxyType(json.loads(row[0]))

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._closed = True
            if self._archive is not None:
                self._archive.close()
                self._archive = None


def _page(
    opened: _Opened, table: str, order: Order, cursor: str | None, size: int | None
) -> tuple[list[str], str | None]:
    """Return the ids of a page in an order, and the cursor of the next."""
    column = "updated" if order.by_update else "created"
    key = f"ifnull({column}, {_NO_TIME}), length(id), id"
    way, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
    wanted = PAGE if size is None else size
    where, values = "", list[Any]()
    if cursor is not None:
        where, values = f"WHERE ({key}) {beyond} (?, ?, ?)", _place(cursor)
    sql = (
        f"SELECT {key} FROM {table} {where} "  # noqa: S608 - our own names
        f"ORDER BY ifnull({column}, {_NO_TIME}) {way}, length(id) {way}, id {way} LIMIT {wanted + 1}"
    )
    rows = opened.get().file.rows(sql, values)
    more = len(rows) > wanted
    return [row[2] for row in rows[:wanted]], json.dumps(rows[wanted - 1]) if more else None


def _place(cursor: str) -> list[Any]:
    try:
        place = json.loads(cursor)
    except ValueError:
        place = None
    if not isinstance(place, list) or [type(one) for one in place] != [int, int, str]:
        raise Invalid("this cursor does not belong to this listing", field="cursor")
    return place


@frozen(eq=False)
class _Tickets:
    _opened: _Opened

    create = update = _refuse

    def split(self, query: TicketQuery) -> QuerySplit:
        """Leave the comparison to the desk: everything is here."""
        unfiltered = evolve(query, include=frozenset(), order=Order.CREATED_ASC, limit=None) == TicketQuery()
        return QuerySplit(query, page_size=PAGE, exact=unfiltered and query.include >= _ALL)

    def page(self, native: TicketQuery, cursor: str | None, size: int | None = None) -> Page[Ticket]:
        """Return a page of all tickets."""
        ids, following = _page(self._opened, "tickets", native.order, cursor, size)
        archive = self._opened.get()
        tickets = tuple(self._ticket(archive, one) for one in ids)
        if "description" in native.include:
            tickets = tuple(self._opening(archive, ticket) for ticket in tickets)
        total = archive.file.rows("SELECT count(*) FROM tickets")[0][0]
        return Page(tickets, following, int(total))

    def _ticket(self, archive: Archive, ticket_id: str) -> Ticket:
        ticket = archive.ticket(ticket_id)
        if ticket is None:
            raise NotFound("there is no such ticket")
        count = archive.file.rows("SELECT count(*) FROM messages WHERE ticket_id = ?", (ticket_id,))[0][0]
        return evolve(
            ticket,
            ref=format_ref(VENDOR.name, self._opened.account, "ticket", ticket_id),
            message_count=int(count),
            not_loaded=ticket.not_loaded - {"message_count"},
            raw=self._opened.raw("tickets", "id = ?", (ticket_id,)),
        )

    @staticmethod
    def _opening(archive: Archive, ticket: Ticket) -> Ticket:
        opening = next((one for one in archive.thread(ticket.id) if one.opening), None)
        if opening is None:
            return ticket
        return evolve(
            ticket,
            description=opening.body,
            attachments=_located(archive, opening),
            not_loaded=ticket.not_loaded - {"description", "attachments"},
        )

    def get(self, ticket_id: str) -> Ticket:
        """Return one ticket with its opening."""
        archive = self._opened.get()
        return self._opening(archive, self._ticket(archive, ticket_id))


def _located(archive: Archive, message: Message) -> tuple[Attachment, ...]:
    if not message.attachments:
        return ()
    kept = {
        file.position: file.sha
        for file in archive.files(message.ticket_id)
        if file.message_id == message.id and file.sha
    }
    return tuple(
        evolve(file, locator=f"{_SHA}{kept[position]}" if position in kept else "", ref="")
        for position, file in enumerate(message.attachments)
    )


@frozen(eq=False)
class _Messages:
    _opened: _Opened

    reply = note = add_from_contact = _refuse

    def page(self, ticket_id: str, cursor: str | None) -> Page[Message]:  # noqa: ARG002 - a thread is one page
        """Return the whole thread."""
        archive = self._opened.get()
        if archive.ticket(ticket_id) is None:
            raise NotFound("there is no such ticket")
        thread = tuple(
            evolve(
                message,
                attachments=_located(archive, message),
                raw=self._opened.raw("messages", "ticket_id = ? AND position = ?", (ticket_id, position)),
            )
            for position, message in enumerate(archive.thread(ticket_id))
        )
        return Page(thread, total=len(thread))


@frozen(eq=False)
class _Contacts:
    _opened: _Opened

    create = update = _refuse

    def split(self, query: ContactQuery) -> QuerySplit:
        """Leave the comparison to the desk; contacts have no column of their last change, so the desk sorts by it."""
        return QuerySplit(query, page_size=PAGE, ordered=not query.order.by_update)

    def page(self, native: ContactQuery, cursor: str | None, size: int | None = None) -> Page[Contact]:
        """Return a page of all contacts."""
        order = Order.CREATED_ASC if native.order.by_update else native.order
        ids, following = _page(self._opened, "contacts", order, cursor, size)
        return Page(tuple(map(self.get, ids)), following)

    def get(self, contact_id: str) -> Contact:
        """Return one contact."""
        contact = self._opened.get().contact(contact_id)
        if contact is None:
            raise NotFound("there is no such contact")
        return evolve(
            contact,
            ref=format_ref(VENDOR.name, self._opened.account, "contact", contact_id),
            raw=self._opened.raw("contacts", "id = ?", (contact_id,)),
        )

    def find(self, *, email: str | None, phone: str | None) -> Sequence[Contact]:
        """Return those with an e-mail or the digits of a phone: every contact is looked at."""
        return [self.get(one.id) for one in self._opened.get().contacts() if _has(one, email, phone)]


def _has(contact: Contact, email: str | None, phone: str | None) -> bool:
    if email is not None:
        return email_key(email) in map(email_key, contact.emails)
    digits = phone_digits(phone or "")
    return any(phone_digits(one) == digits or phone_digits(one.raw) == digits for one in contact.phones)


@frozen(eq=False)
class _List:
    _opened: _Opened
    _kind: str

    def list(self) -> Iterable[Any]:
        """Return the entries."""
        return self._opened.get().entries(self._kind)


@frozen(eq=False)
class _Files:
    _opened: _Opened

    def open(self, attachment: Attachment) -> AbstractContextManager[BinaryIO]:
        """Open the bytes of a file."""
        path = self._opened.get().blobs.path(attachment.locator.removeprefix(_SHA))
        if not attachment.locator.startswith(_SHA) or not path.is_file():
            raise NotFound("the bytes of this file are not in the archive; read it with --files")
        return path.open("rb")

    def reference(self, attachment: Attachment) -> str | None:
        """Return the digest of a file's bytes."""
        return attachment.locator or None

    def referred(self, reference: str, ticket_id: str) -> Attachment:  # noqa: ARG002 - bytes are found by their digest
        """Return the file of these bytes."""
        return Attachment("file", locator=reference)


@frozen(kw_only=True, eq=False)
class ArchiveAdapter(Adapter):
    """An archive. There is nothing to wait for, and nothing can be written."""

    _opened: _Opened = field(repr=False, alias="opened")

    def check(self) -> Sequence[Finding]:
        """Open the archive and say how complete it is."""
        try:
            archive = self._opened.get()
        except HelpdeskError as error:
            return (Finding(Severity.PROBLEM, "archive", error.message),)
        last, counts = archive.runs()[-1], archive.counts()
        told = ", ".join(f"{counts[name]} {name}" for name in ("tickets", "messages", "contacts"))
        found = f"{archive.origin.title} {archive.origin.account}: {told}, read {last.started_at:%Y-%m-%d %H:%M} UTC"
        if last.complete:
            return (Finding(Severity.OK, "archive", found),)
        why = "; ".join(last.problems) or "the last reading did not come to its end"
        return (Finding(Severity.WARNING, "archive", f"{found}; not complete: {why}"),)

    def close(self) -> None:
        """Close the archive."""
        self._opened.close()


def open_archive(settings: ArchiveSettings, context: DeskContext) -> ArchiveAdapter:
    """Return the adapter of an archive. The folder is looked at by the first call."""
    opened = _Opened(settings, keep_raw=context.keep_raw)
    lists = {kind: _List(opened, kind) for kind in ENTRIES}
    contacts = _Contacts(opened)
    bound: dict[str, Callable[[], Iterable[Any]]] = {
        kind: lists[kind].list for kind in ("agents", "groups", "tags", "custom_fields")
    }
    context.directory.bind(**bound, contact=contacts.get)  # type: ignore[arg-type]  # the names are those of the lists
    return ArchiveAdapter(
        opened=opened,
        account=lambda: opened.account,
        own_key=lambda: Secret(opened.get().key),
        capabilities=CAPABILITIES,
        tickets=_Tickets(opened),
        contacts=contacts,
        messages=_Messages(opened),
        attachments=_Files(opened),
        agents=lists["agents"],
        groups=lists["groups"],
        companies=lists["companies"],
        tags=lists["tags"],
        custom_fields=lists["custom_fields"],
    )


__all__ = ["ArchiveAdapter", "open_archive"]
