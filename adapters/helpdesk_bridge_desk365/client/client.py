"""Client of Desk365's API v3: one method per operation, returning the vendor's documents as frozen classes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from attrs import Factory, field, frozen

from helpdesk_bridge.adapter import (
    Agent,
    Answer,
    BadResponse,
    Effect,
    NotFound,
    OddValues,
    Part,
    Request,
    Response,
    Upload,
    readable,
)
from helpdesk_bridge_desk365.wire import parsing
from helpdesk_bridge_desk365.wire.documents import (
    CompanyDocument,
    ContactDocument,
    MessageDocument,
    TicketDocument,
    WrittenDocument,
)
from helpdesk_bridge_desk365.wire.words import NEW_PRIORITY, NEW_STATUS

if TYPE_CHECKING:
    from helpdesk_bridge.adapter import Stack

R = TypeVar("R")

TICKET_COUNTS: Final = (30, 50, 100)
"""Documented: Desk365 API, "Retrieve details": 30, 50 or 100 tickets per call."""

PAGE_OF_OTHERS: Final = 30
"""Documented: OpenAPI, "Get next 30 contacts from offset value"; companies and ratings alike."""

_TICKET_LISTS: Final = frozenset({"/tickets", "/tickets/search"})

Pairs = tuple[tuple[str, str], ...]
_LONGEST_NUMBER: Final = 18


def numbered(ticket_id: str) -> str:
    """Return a ticket's number as it is sent. Raises ``NotFound`` for any other text, before anything is sent."""
    if not (ticket_id.isascii() and ticket_id.isdigit() and len(ticket_id) <= _LONGEST_NUMBER):
        raise NotFound("Desk365 has no such ticket: ticket ids are numbers")
    return ticket_id


@frozen
class Rows(Generic[R]):
    """One page of a list; ``total`` is the vendor's count of all matches, None if the answer has none.

    ``places`` are the numbers of the items in the answer, where some of its ``size`` rows cannot be read. ``more`` says that the answer names a next page (observed). That URL is never followed: it could lead to another
    host.
    """

    items: tuple[R, ...]
    total: int | None
    more: bool = False
    places: tuple[int, ...] = Factory(lambda self: tuple(range(len(self.items))), takes_self=True)
    size: int = Factory(lambda self: len(self.items), takes_self=True)


def count_rows(request: Request, response: Response) -> int:
    """Return how many tickets an answer held, for the hourly window that counts them."""
    if request.path not in _TICKET_LISTS:
        return request.rows
    document = response.json()
    rows = document.get("tickets") if isinstance(document, dict) else None
    return len(rows) if isinstance(rows, list) else request.rows


@frozen
class Desk365Client:
    """Typed calls on one account. Errors are those of ``helpdesk_bridge.errors``.

    ``new_status`` is the status of a new ticket whose draft has none.
    """

    stack: Stack
    odd: OddValues = field(repr=False)
    new_status: str = NEW_STATUS

    def ping(self) -> None:
        """Ask whether the service runs. It does not check the key (observed) and costs nothing."""
        # Observed: the answer is plain text under an application/json header.
        self._send(Request("GET", "/ping", operation="ping", answer=Answer.ANY))

    def agents(self) -> tuple[Agent, ...]:
        """Return the agents. Observed: a client of 2026 reads ``content[].email`` and ``.name``; most accounts lack it."""
        return self.rows(self.read("agents.list", "/agents", ()).json(), parsing.read_agent, "agent", "content").items

    # --- tickets ---

    def tickets(self, params: Pairs, *, count: int) -> Rows[TicketDocument]:
        """Return a page of tickets; ``count`` is the number asked for, one of ``TICKET_COUNTS``."""
        asked = (("ticket_count", str(count)), *params)
        answer = self.read("tickets.list", "/tickets", asked, rows=count).json()
        return self.rows(answer, parsing.read_ticket, "ticket", "tickets")

    def ticket(self, ticket_id: str) -> TicketDocument:
        """Return one ticket with description, custom fields and files. Raises ``NotFound``."""
        params = (("ticket_number", ticket_id),)
        return parsing.read_ticket(self.read("tickets.get", "/tickets/details", params, rows=1).json(), odd=self.odd)

    def conversations(self, ticket_id: str) -> Rows[MessageDocument]:
        """Return the thread without the description, oldest first, all in one answer."""
        params = (("ticket_number", ticket_id), ("sort_by", "earliest_on_top"))
        answer = self.read("messages.list", "/tickets/conversations", params).json()
        return self.rows(answer, parsing.read_message, "message", "conversations", parent=ticket_id)

    def create_ticket(self, ticket: Mapping[str, Any], files: Sequence[Upload] = ()) -> TicketDocument:
        """Create a ticket, with its files in the same call."""
        # Observed: production refuses a ticket without a status ("missing field Status"). Whether it needs a priority
        # is not known: every client that works there sends both.
        chosen = {key: value for key, value in ticket.items() if value is not None}
        document = {"status": self.new_status, "priority": NEW_PRIORITY, **chosen}
        request = _create("tickets.create", "/tickets/create", "ticket_object", document, files)
        return self.stack.read(request, lambda answer: parsing.read_ticket(answer.json(), odd=self.odd))

    def update_ticket(self, ticket_id: str, change: Mapping[str, Any]) -> TicketDocument:
        """Change a ticket; the answer leaves its files out (observed)."""
        request = Request(
            "PUT",
            "/tickets/update",
            operation="tickets.update",
            effect=Effect.SET,
            params=(("ticket_number", ticket_id),),
            json=dict(change),
        )
        return parsing.read_ticket(self._send(request).json(), odd=self.odd)

    def add_reply(self, ticket_id: str, reply: Mapping[str, Any], files: Sequence[Upload] = ()) -> WrittenDocument:
        """Send an answer to the customer."""
        answer = self._write("messages.reply", "/tickets/add_reply", "reply_object", reply, files, ticket_id)
        return _written(answer)

    def add_note(self, ticket_id: str, note: Mapping[str, Any], files: Sequence[Upload] = ()) -> WrittenDocument:
        """Add a note; ``private_note`` 0 would mail it to the customer."""
        answer = self._write("messages.note", "/tickets/add_note", "note_object", note, files, ticket_id)
        return _written(answer)

    # --- contacts and companies ---

    def contacts(self, params: Pairs) -> Rows[ContactDocument]:
        """Return a page of contacts."""
        answer = self.read("contacts.list", "/contacts", params).json()
        return self.rows(answer, parsing.read_contact, "contact", "content")

    def contact(self, *, primary: str | None = None, secondary: str | None = None) -> ContactDocument:
        """Return the contact of an e-mail. ``secondary`` is read by newer accounts only (a client of 2026)."""
        params = (("primary_email", primary),) if primary is not None else (("secondary_email", secondary or ""),)
        return parsing.read_contact(self.read("contacts.get", "/contacts/details", params).json(), odd=self.odd)

    def create_contact(self, contact: Mapping[str, Any]) -> ContactDocument:
        """Create a contact; the answer is an echo of what was sent."""
        answer = self._write("contacts.create", "/contacts/create", "", contact)
        try:
            return parsing.read_contact({**contact, **answer.json()}, odd=self.odd)
        except (BadResponse, TypeError):
            # It was accepted, so it is what was sent.
            return parsing.read_contact(dict(contact))

    def update_contact(self, email: str, change: Mapping[str, Any]) -> None:
        """Change a contact; the answer repeats only what was sent, so it is not read."""
        request = Request(
            "PUT",
            "/contacts/update",
            operation="contacts.update",
            effect=Effect.SET,
            params=(("primary_email", email),),
            json=dict(change),
        )
        self._send(request)

    def companies(self, offset: int) -> Rows[CompanyDocument]:
        """Return a page of companies."""
        answer = self.read("companies.list", "/companies", (("offset", str(offset)),)).json()
        return self.rows(answer, parsing.read_company, "company", "content")

    def create_company(self, name: str) -> None:
        """Create a company."""
        self._write("companies.create", "/companies/create", "", {"name": name})

    # --- the wire ---

    def rows(
        self, answer: Any, read: Callable[[Any, str, OddValues], R], kind: str, *keys: str, parent: str = ""
    ) -> Rows[R]:
        """Return the rows of an answer under the first of ``keys`` that it has."""
        total, rows, at = parsing.read_rows(answer, *keys)
        items = readable(
            rows, lambda number, row: read(row, f"{at}[{number}]", self.odd), self.odd, kind=kind, parent=parent
        )
        return Rows(
            tuple(item for _, item in items),
            total,
            parsing.has_next_page(answer),
            tuple(number for number, _ in items),
            len(rows),
        )

    def _send(self, request: Request) -> Response:
        return self.stack.send(request)

    def read(self, operation: str, path: str, params: Pairs, *, rows: int = 0) -> Response:
        """Read a document; ``rows`` is how many tickets it may hold."""
        return self._send(Request("GET", path, operation=operation, params=params, rows=rows))

    def _write(
        self,
        operation: str,
        path: str,
        part: str,
        document: Mapping[str, Any],
        files: Sequence[Upload] = (),
        ticket_id: str | None = None,
    ) -> Response:
        return self._send(_create(operation, path, part, document, files, ticket_id))


def _create(
    operation: str,
    path: str,
    part: str,
    document: Mapping[str, Any],
    files: Sequence[Upload] = (),
    ticket_id: str | None = None,
) -> Request:
    if not files:
        # Observed: a ticket number in the body instead of the query is answered 405.
        params = (("ticket_number", ticket_id),) if ticket_id is not None else ()
        return Request("POST", path, operation=operation, effect=Effect.CREATE, params=params, json=dict(document))
    return Request(
        "POST",
        f"{path}_with_attachment",
        operation=operation,
        effect=Effect.CREATE,
        parts=_parts(part, document, files, ticket_id),
    )


def _written(answer: Response) -> WrittenDocument:
    try:
        return parsing.read_written(answer.json())
    except BadResponse:
        # It was accepted; only its id is not known, as in all answers of 2025.
        return WrittenDocument()


def _parts(part: str, document: Mapping[str, Any], files: Sequence[Upload], ticket_id: str | None) -> tuple[Part, ...]:
    # Observed: as form parts. The OpenAPI document has them in the query, where long descriptions break the URL.
    number = (Part(name="ticket_number", value=ticket_id),) if ticket_id is not None else ()
    text = Part(name=part, value=json.dumps(dict(document), ensure_ascii=False))
    # Documented (OpenAPI): "file" for one, "files" for several.
    name = "file" if len(files) == 1 else "files"
    uploads = (
        Part(name=name, filename=file.filename, content_type=file.content_type, open=file.open) for file in files
    )
    return (*number, text, *uploads)
