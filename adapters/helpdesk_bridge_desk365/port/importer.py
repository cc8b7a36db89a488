"""Importer (``desk.importer``): writes old tickets without mail, every later message as a private note."""

from __future__ import annotations

import html
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from attrs import define, field

from helpdesk_bridge.adapter import (
    ActorKind,
    Body,
    Conflict,
    Contact,
    FidelityTable,
    Hazard,
    HeaderLine,
    HelpdeskError,
    ImportCost,
    Imported,
    InDoubt,
    Invalid,
    Marked,
    Message,
    NotFound,
    Page,
    Step,
    Ticket,
    Upload,
    digest,
    email_key,
    new_lock,
    one_line,
    opening_id,
    split_header,
    squash,
    with_header,
)
from helpdesk_bridge_desk365.client.client import Desk365Client, numbered
from helpdesk_bridge_desk365.port.fidelity import FIDELITY, HAZARDS
from helpdesk_bridge_desk365.port.markers import Markers
from helpdesk_bridge_desk365.port.messages import Desk365Messages
from helpdesk_bridge_desk365.port.observed import ObservedValues
from helpdesk_bridge_desk365.port.tickets import Desk365Tickets
from helpdesk_bridge_desk365.wire import reading, writing
from helpdesk_bridge_desk365.wire.documents import TicketDocument
from helpdesk_bridge_desk365.wire.words import STATUSES, UNASSIGNED, priority_number
from helpdesk_bridge_desk365.wire.writing import SUBJECT_LIMIT

NO_SUBJECT: Final = "(no subject)"
SETTLE_SECONDS: Final = 60.0
"""Assumed: how long a write whose answer was lost may stay invisible."""

CLOCKS_APART: Final = timedelta(minutes=15)
"""How far the vendor's clock may be off ours when a ticket is looked for."""

_logger = logging.getLogger("helpdesk_bridge.desk365")
_FINISHED_KEPT: Final = 100_000
_COMPANY_TRIES: Final = 2


@define
class _Memory:
    """What an importer has learned: rejected agents, companies that exist, and states as written."""

    refused_agents: set[str] = field(factory=set)
    companies: set[str] = field(factory=set)
    states: dict[str, str] = field(factory=dict)
    lock: threading.Lock = field(factory=new_lock)


@define
class Desk365Importer:
    """Writes contacts, tickets with their final state, and notes. Nothing here replies or notifies.

    A ticket takes one call and each later message one, with up to ``files_per_message`` files of
    ``bytes_per_message`` in the same call; further files go into further private notes, each a step.
    """

    _client: Desk365Client
    _tickets: Desk365Tickets
    _markers: Markers
    _messages: Desk365Messages
    _observed: ObservedValues
    _files_per_message: int
    _bytes_per_message: int
    hazards: tuple[Hazard, ...] = field(default=HAZARDS, init=False)
    fidelity: FidelityTable = field(default=FIDELITY, init=False)
    settle: float = field(default=SETTLE_SECONDS, init=False)
    cost: ImportCost = field(default=ImportCost(contact=1, ticket=1, message=1, finish=0), init=False)
    _memory: _Memory = field(factory=_Memory, init=False)

    # --- contacts ---

    def contact(self, old: Contact, marker: str) -> tuple[str, ...]:  # noqa: ARG002 - the e-mail is the key here
        """Write a contact, and its company if the account lacks it; return its id, the primary e-mail.

        If Desk365 still rejects the company, the contact is written without it and a warning is logged; the
        verification then reports the difference. Raises ``Conflict`` if the e-mail is taken.
        """
        document = _contact_document(old)
        try:
            return (self._created(document),)
        except (Invalid, Conflict) as error:
            refused = error
        if not self._is_about_company(refused, document):
            raise self._judged(refused, document)
        if isinstance(refused, Invalid):
            # Observed: an unknown company is refused, and the message names it.
            company = document["company_name"]
            for _ in range(_COMPANY_TRIES):
                self._make_company(company)
                try:
                    return (self._created(document),)
                except (Invalid, Conflict) as error:
                    if not self._is_about_company(error, document):
                        raise
                # It was called taken, and is not there.
                self._memory.companies.discard(company)
        # Observed: production calls a company's name "not unique" in a contact, and a client then leaves it out.
        written = self._created({key: value for key, value in document.items() if key != "company_name"})
        self._tell_no_company(refused)
        return (written,)

    def contact_steps(self, contact_id: str, old: Contact, *, look: bool) -> tuple[Step, ...]:
        """Return the call that gives a contact its company, if one that is looked up lacks it.

        A contact is written whole, its company before it; but one that Desk365 made of a ticket's address has none.
        """
        company = _contact_document(old).get("company_name")
        if not look or not company or self._client.contact(primary=contact_id).company_name:
            return ()

        def give() -> tuple[str, ...]:
            try:
                self._make_company(company)
                self._client.update_contact(contact_id, {"company_name": company})
            except (Invalid, Conflict) as refused:
                self._tell_no_company(refused)
            return ()

        return (Step("company", give, sets=True),)

    def _tell_no_company(self, refused: HelpdeskError) -> None:
        _logger.warning(
            "a contact was written without its company, which Desk365 refused; give it one there (%s)",
            refused.status,
            extra={"event": "desk365.company_refused", "status": refused.status},
        )

    def _is_about_company(self, refused: Invalid | Conflict, document: dict[str, Any]) -> bool:
        if "company_name" not in document:
            return False
        if refused.field == "company":
            return True
        # An answer that does not say which value is taken: the contact's address is, or else the company's name.
        unclear = isinstance(refused, Conflict) and refused.field in (None, "name")
        return unclear and not self._existing(document)

    def _judged(self, refused: Invalid | Conflict, document: dict[str, Any]) -> HelpdeskError:
        if isinstance(refused, Invalid) and self._existing(document):
            taken = "Desk365 already has a contact with this e-mail"
            return Conflict(taken, field="emails", status=refused.status, code=refused.code)
        return refused

    def _created(self, document: dict[str, Any]) -> str:
        return self._client.create_contact(document).primary_email or str(document["primary_email"])

    def _make_company(self, name: str) -> None:
        with self._memory.lock:
            if name in self._memory.companies:
                return
            with suppress(Conflict):  # it was created meanwhile
                self._client.create_company(name)
            self._memory.companies.add(name)

    def _existing(self, document: dict[str, Any]) -> tuple[str, ...]:
        try:
            contact = self._client.contact(primary=document["primary_email"])
        except NotFound:
            return ()
        # A vendor may match loosely: another person's contact does not count.
        same = email_key(contact.primary_email or "") == email_key(document["primary_email"])
        return (str(contact.primary_email),) if same else ()

    # --- tickets ---

    def ticket(self, old: Ticket, opening: Message, files: Sequence[Upload], marker: str) -> Imported:
        """Write a ticket in its final state, its opening as the description with a header line.

        Files that do not fit its call are steps.
        """
        first = next(self._batches(files), ())
        state = self._state(old)
        document = {
            "email": writing.email_of(_person(old), "requester"),
            "subject": _subject(old.subject),
            "description": _opening_html(old, opening, tuple(files)),
            **state,
        }
        document |= {key: list(people) for key, people in (("share_to", old.cc), ("watchers", old.watchers)) if people}
        self._markers.put(document, marker)
        try:
            made = str(self._client.create_ticket(document, first).ticket_number)
        except InDoubt as doubt:
            doubt.marker = marker
            raise
        self._remember(made, state)
        return Imported(made, (opening_id(made),))

    def finish(self, ticket_id: str, old: Ticket) -> None:
        """Set the final state again, unless this importer wrote the same state: private notes do not change it (observed)."""
        state = self._state(old)
        with self._memory.lock:
            written = self._memory.states.pop(ticket_id, None)
        if written == _digest(state):
            return
        cleared = {
            key: UNASSIGNED
            for key, value in (
                ("assign_to", old.assignee),
                ("group", old.group),
                ("category", old.category),
                ("sub_category", old.subcategory),
            )
            if value is None
        }
        document = {**cleared, **state}
        known = (
            name for name, value in old.custom_fields.items() if value is None and self._observed.field_named(name)
        )
        empty = [name for name in known if not self._markers.is_field(name)]
        if empty:
            nothing = writing.custom_fields(dict.fromkeys(empty), self._observed.field_named)
            document["custom_fields"] = {**nothing, **state.get("custom_fields", {})}
        changed = self._client.update_ticket(numbered(ticket_id), document)
        self._add_missing_people(numbered(ticket_id), changed, old)

    def _add_missing_people(self, number: str, there: TicketDocument, old: Ticket) -> None:
        """Add the cc and watchers that the source has and this ticket lacks; people added here meanwhile stay."""
        missing: dict[str, Any] = {}
        for key, present, wanted in (
            ("share_to", there.share_to, old.cc),
            ("watchers", there.watchers, old.watchers),
        ):
            known = {email_key(address) for address in present or ()}
            added = [address for address in wanted if email_key(address) not in known]
            if added and present is not None:
                missing[key] = {"add": added, "remove": []}
        if missing:
            self._client.update_ticket(number, missing)

    def _state(self, old: Ticket) -> dict[str, Any]:
        status = old.status_label or STATUSES.get(old.status.nearest(frozenset(STATUSES)))
        number = priority_number(old.priority_label) if old.priority_label else None
        state = {
            "status": status,
            "priority": number if number is not None else priority_number(old.priority),
            "type": old.type,
            "group": writing.name_of(old.group) if old.group is not None else None,
            "category": old.category,
            "sub_category": old.subcategory,
            "assign_to": writing.email_of(old.assignee, "assignee") if old.assignee is not None else None,
            "custom_fields": writing.custom_fields(_filled(old), self._observed.field_named) or None,
        }
        return {key: value for key, value in state.items() if value is not None}

    def _remember(self, ticket_id: str, state: dict[str, Any]) -> None:
        with self._memory.lock:
            if len(self._memory.states) >= _FINISHED_KEPT:
                self._memory.states.pop(next(iter(self._memory.states)))
            self._memory.states[ticket_id] = _digest(state)

    # --- messages ---

    def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        """Write a later message as a private note with a header line; return its ids.

        If the vendor's answer has no id, as in 2025, the id is a digest of the text.
        """
        number = numbered(ticket_id)
        first = next(self._batches(files), ())
        body = with_header(Body(html=writing.html_of(old.body, tuple(files))), HeaderLine.of(old))
        return (self._note(number, body.as_html(), old, first),)

    def message_steps(
        self,
        ticket_id: str,
        ids: Sequence[str],  # noqa: ARG002 - a further note is known by what it says
        old: Message,
        files: Sequence[Upload],
        *,
        look: bool,
    ) -> tuple[Step, ...]:
        """Return the private notes that carry the files beyond a message's first call; with ``look`` those that are missing."""
        batches = list(self._batches(files))
        if len(batches) < 2:  # noqa: PLR2004 - all fit the first call
            return ()
        there = self._further_notes(ticket_id, old) if look else Counter[tuple[str, tuple[str, ...]]]()
        steps, sent = [], len(batches[0])
        for place, batch in enumerate(batches[1:], start=2):
            said = f"Further files of this message ({place} of {len(batches)})."
            one = (squash(said), tuple(sorted(file.filename for file in batch)))
            if there[one]:
                there[one] -= 1
            else:
                send = partial(self._further_files, numbered(ticket_id), old, said, batch)
                steps.append(Step(f"files, part {place}", send, files=tuple(range(sent, sent + len(batch)))))
            sent += len(batch)
        return tuple(steps)

    def _further_notes(self, ticket_id: str, old: Message) -> Counter[tuple[str, tuple[str, ...]]]:
        """Return what the notes with further files of a message say, and the names of their files."""
        header = split_header(with_header(Body(text="-"), HeaderLine.of(old)))[0]
        notes = Counter[tuple[str, tuple[str, ...]]]()
        for message in self._messages.later(ticket_id):
            told, body = split_header(message.body)
            if told == header:
                notes[squash(body.text), tuple(sorted(file.filename for file in message.attachments))] += 1
        return notes

    def _further_files(self, number: str, old: Message, said: str, files: tuple[Upload, ...]) -> tuple[str, ...]:
        body = with_header(Body(html=f"<p>{said}</p>"), HeaderLine.of(old))
        return (self._note(number, body.as_html(), old, files),)

    def _note(self, number: str, markup: str, old: Message, files: tuple[Upload, ...]) -> str:
        agent = self._agent(old)
        try:
            written = self._client.add_note(number, writing.note_document(markup, agent_email=agent), files)
        except Invalid as refused:
            if agent is None or refused.field not in ("author", "assignee", None):
                raise
            # A definite refusal: nothing was written. The header line tells the author all the same.
            written = self._client.add_note(number, writing.note_document(markup), files)
            with self._memory.lock:
                self._memory.refused_agents.add(email_key(agent))
        return str(written.id) if written.id is not None else f"~{digest(number, markup)}"

    def _agent(self, old: Message) -> str | None:
        email = old.author.email or old.author.id
        if old.author.kind is not ActorKind.AGENT or not email or "@" not in email:
            return None
        with self._memory.lock:
            if email_key(email) in self._memory.refused_agents:
                return None
        return email if self._observed.knows_agent(email) else None

    def _batches(self, files: Sequence[Upload]) -> Iterator[tuple[Upload, ...]]:
        batch: list[Upload] = []
        size = 0
        for file in files:
            length = file.size or 0
            if batch and (len(batch) == self._files_per_message or size + length > self._bytes_per_message):
                yield tuple(batch)
                batch, size = [], 0
            batch.append(file)
            size += length
        if batch:
            yield tuple(batch)

    # --- looking again ---

    def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        """Return the ids of the records with the marker: the requester's tickets, newest first, back to ``since``.

        A contact has no place for a marker; its e-mail is its key, and without it there is none.
        """
        if kind == "contact" and isinstance(old, Contact):
            return self._existing(_contact_document(old)) if old.emails else ()
        if isinstance(old, Ticket):
            return self._markers.written_since(
                marker, writing.email_of(_person(old), "requester"), since - CLOCKS_APART
            )
        raise Invalid("records of this kind cannot be searched for", field="kind")

    def marked(self, cursor: str | None = None) -> Page[Marked]:
        """Return one page of all tickets with their markers."""
        return self._markers.page(cursor)

    def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        """Return the last ``n`` messages; the opening costs a second call and is read only if it is among them."""
        later = self._messages.later(ticket_id)
        if n <= len(later):
            return later[len(later) - n :] if n > 0 else ()
        return (reading.opening(self._tickets.get(ticket_id)), *later)


def _person(old: Ticket) -> Any:
    if old.requester is None:
        raise Invalid("Desk365 requires a requester with an e-mail", field="requester")
    return old.requester


def _filled(old: Ticket) -> dict[str, Any]:
    return {name: value for name, value in old.custom_fields.items() if value is not None}


def _digest(state: dict[str, Any]) -> str:
    return digest(repr(sorted(state.items())))


def _subject(subject: str) -> str:
    plain = one_line(subject)
    if not plain:
        return NO_SUBJECT
    return plain if len(plain) <= SUBJECT_LIMIT else f"{plain[: SUBJECT_LIMIT - 1]}…"


def _opening_html(old: Ticket, opening: Message, files: tuple[Upload, ...]) -> str:
    markup = writing.html_of(opening.body, files)
    if len(one_line(old.subject)) > SUBJECT_LIMIT:
        markup = f"<p>[Subject] {html.escape(old.subject, quote=False)}</p>\n{markup}"
    return with_header(Body(html=markup), HeaderLine.of(opening)).as_html()


def _contact_document(old: Contact) -> dict[str, Any]:
    company = old.company if old.company is not None and (old.company.name or old.company.id) else None
    return writing.new_contact(
        old.emails,
        name=old.name or None,
        phones=tuple(phone.raw for phone in old.phones[: writing.MOST_PHONES]),
        title=old.title,
        company=company,
    )
