"""Importer: writes old tickets, contacts and messages into Deskie, each with mail to customers switched off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import define, field, frozen

from helpdesk_bridge.adapter import (
    MARKER_FIELD,
    Actor,
    ActorKind,
    Body,
    Contact,
    Directory,
    FidelityTable,
    Hazard,
    HeaderLine,
    ImportCost,
    Imported,
    Invalid,
    Marked,
    Message,
    MessageKind,
    NotFound,
    Page,
    Step,
    Ticket,
    Upload,
    Visibility,
    email_key,
    fold,
    split_header,
    split_marker,
    with_header,
    with_marker,
)
from helpdesk_bridge_deskie.client.client import PAGE, DeskieClient
from helpdesk_bridge_deskie.port.fidelity import COST, FIDELITY, HAZARDS
from helpdesk_bridge_deskie.port.inline_images import InlineImageWriter
from helpdesk_bridge_deskie.port.markers import Markers
from helpdesk_bridge_deskie.port.messages import NO_MAIL
from helpdesk_bridge_deskie.port.names import Names
from helpdesk_bridge_deskie.port.people import People
from helpdesk_bridge_deskie.wire.custom_fields import CONTACT
from helpdesk_bridge_deskie.wire.documents import MessageDocument
from helpdesk_bridge_deskie.wire.reading import PRIORITIES, STATUSES, Reader
from helpdesk_bridge_deskie.wire.writing import NO_SUBJECT, body_fields, moment_seconds

_RATINGS: Final = frozenset({"low", "middle", "high"})
_DEFAULT_STATUS: Final = "open"
_SENT_KEPT: Final = 1_000


@frozen
class _Sent:
    """The body of a message with inline images as it was sent, and Deskie's answer if it has the files."""

    markup: str
    document: MessageDocument | None = None


@define(eq=False)
class DeskieImporter:
    """Imports records with the source's times and, for replies, their real authors.

    What is written takes a further call if the contact is blocked, or if a body shows inline images: Deskie gives these
    URLs only once it has them.
    """

    client: DeskieClient = field(repr=False)
    reader: Reader = field(repr=False)
    names: Names = field(repr=False)
    people: People = field(repr=False)
    markers: Markers = field(repr=False)
    images: InlineImageWriter = field(repr=False)
    directory: Directory = field(repr=False)
    settle: float = 60.0
    hazards: tuple[Hazard, ...] = HAZARDS
    fidelity: FidelityTable = FIDELITY
    cost: ImportCost = COST
    _sent: dict[tuple[str, str], _Sent] = field(factory=dict, init=False)

    def contact(self, old: Contact, marker: str) -> tuple[str, ...]:
        """Write a contact. Raises ``Conflict`` if its e-mail or phone is taken: Deskie knows each only once."""
        fields = self._identity(old)
        if old.name:
            fields["user_full_name"] = old.name
        if old.company is not None and old.company.name:
            fields["company_name"] = old.company.name
        if note := _note(old, fields):
            fields["user_note"] = note
        if old.title:
            fields["company_position"] = old.title
        values = self.names.written(old.custom_fields, CONTACT)
        if (place := self.names.field(MARKER_FIELD, CONTACT)) is not None:
            values[place.key] = marker
        if values:
            fields["custom_fields"] = values
        return (str(self.client.create_user(fields).user_id),)

    def contact_steps(self, contact_id: str, old: Contact, *, look: bool) -> tuple[Step, ...]:
        """Return the call that blocks a contact, unless it was not blocked or is so already."""
        if not old.blocked:
            return ()
        if look:
            user = self.client.user(contact_id)
            if user.active is False and not user.deleted:
                return ()

        def block() -> tuple[str, ...]:
            self.client.block_user(contact_id)
            return ()

        return (Step("block", block, sets=True),)

    @staticmethod
    def _identity(old: Contact) -> dict[str, Any]:
        if old.emails:
            return {"user_email": old.emails[0]}
        if old.phones:
            return {"user_phone": old.phones[0].e164 or old.phones[0].raw}
        raise Invalid("Deskie identifies a contact by e-mail or phone; this contact has neither", field="emails")

    def _known(self, old: Contact) -> tuple[str, ...]:
        actor = Actor.contact(email=old.email) if old.email else Actor.contact(phone=old.actor().phone)
        contact_id = self.people.known_contact_id(actor)
        return () if contact_id is None else (contact_id,)

    def ticket(self, old: Ticket, opening: Message, files: Sequence[Upload], marker: str) -> Imported:
        """Write a ticket with its opening message.

        Deskie's answer lacks the id of the opening message, and asking for it would cost a call a ticket: only the step
        that writes inline images returns it.
        """
        requester = old.requester if old.requester is not None else opening.author
        fields: dict[str, Any] = {
            **self.people.identity(requester),
            "subject": old.subject if old.subject.strip() else NO_SUBJECT,
            **self._state(old),
            **NO_MAIL,
        }
        moment = old.created_at or opening.created_at
        if moment is not None:
            fields["created_at"] = moment_seconds(moment)
        if old.tags:
            fields["labels"] = self.names.labels(old.tags)
        if old.custom_fields:
            fields["custom_fields"] = self.names.written(old.custom_fields)
        by_requester = opening.author.kind is ActorKind.CONTACT and _same(opening.author, requester)
        body = opening.body if by_requester else with_header(opening.body, HeaderLine.of(opening))
        body = self.markers.put(marker, fields, body)
        # observed (Deskie's migration guide): an import gives `content_html`.
        case = self.client.create_case({**fields, **body_fields(body, always_html=True)}, files)
        if self.images.needed(body, files):
            self._keep((str(case.case_id), ""), _Sent(body.html or ""))
        # observed: what a blocked user writes is spam; a ticket of one whom an earlier run blocked is written after that.
        return Imported(str(case.case_id), (), unfinished=bool(case.spam))

    def _state(self, old: Ticket) -> dict[str, Any]:
        fields: dict[str, Any] = {"status": _status(old), "staff_id": 0}
        if (priority := _priority(old)) is not None:
            fields["priority"] = priority
        agent = self.people.agent(old.assignee) if old.assignee is not None else None
        if agent is not None and agent.active:
            fields["staff_id"] = int(agent.id)
        if old.group is not None:
            group = self.directory.group(old.group).id
            if group is None or not group.isdecimal():
                raise Invalid("no such group at this desk", field="group")
            fields["group_id"] = int(group)
        return fields

    def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        """Write a later message: a note as the key's agent, a public message as its author if Deskie has them."""
        fields: dict[str, Any] = {} if old.created_at is None else {"created_at": moment_seconds(old.created_at)}
        if old.visibility is Visibility.INTERNAL:
            body = self._noted(old)
            made = self.client.add_note(ticket_id, {**fields, **body_fields(body)}, files, operation="importer.message")
        else:
            author = self._author(old)
            body = old.body if author and old.kind is MessageKind.REPLY else with_header(old.body, HeaderLine.of(old))
            fields |= {**author, **body_fields(body), **NO_MAIL}
            made = self.client.add_message(ticket_id, fields, files, operation="importer.message")
        message_id = str(made.message_id)
        if self.images.needed(body, files):
            self._keep((ticket_id, message_id), _Sent(body.html or "", made))
        return (message_id,)

    def _keep(self, key: tuple[str, str], sent: _Sent) -> None:
        if len(self._sent) >= _SENT_KEPT:
            self._sent.pop(next(iter(self._sent)), None)
        self._sent[key] = sent

    def message_steps(
        self, ticket_id: str, ids: Sequence[str], old: Message, files: Sequence[Upload], *, look: bool
    ) -> tuple[Step, ...]:
        """Return the call that writes the URLs of inline images into a body; none if the body does not wait for any."""
        if not self.images.needed(old.body, files):
            return ()
        sent = self._sent.pop((ticket_id, "" if old.opening else ids[0]), None)
        document = None if look or sent is None else sent.document
        if document is None:
            document = self._there(ticket_id, None if old.opening else ids[0])
        markup = document.content_html or "" if look or sent is None else sent.markup
        changed = self.images.with_urls(markup, files, document.attachments or ())
        if changed == markup:
            return ()
        message_id, note = str(document.message_id), old.visibility is Visibility.INTERNAL

        def write_urls() -> tuple[str, ...]:
            self.client.edit_message(ticket_id, message_id, {"content_html": changed}, note=note)
            return (message_id,)

        return (Step("inline images", write_urls, sets=True),)

    def rewrite(self, ticket_id: str, message_id: str | None, old: Message, files: Sequence[Upload]) -> None:
        """Give a message that this importer wrote the text of ``old``, with a header line if it has one; all else stays."""
        document = self._there(ticket_id, message_id)
        held = Body(html=document.content_html) if document.content_html else Body(text=document.content or "")
        marker, there = split_marker(held)
        body = old.body if split_header(there)[0] is None else with_header(old.body, HeaderLine.of(old))
        body = body if marker is None else with_marker(body, marker)
        markup = self.images.with_urls(body.as_html(), files, document.attachments or ())
        self.client.edit_message(
            ticket_id, str(document.message_id), {"content_html": markup}, note=bool(document.note)
        )

    def _there(self, ticket_id: str, message_id: str | None) -> MessageDocument:
        """Return a message as Deskie has it now, the opening without an id."""
        if message_id is None:
            for first in self.client.messages(ticket_id, 1, limit=1).items:
                return first
        for document in self._newest_first(ticket_id):
            if str(document.message_id) == message_id:
                return document
        raise NotFound("the message is not in its ticket any more")

    def _newest_first(self, ticket_id: str) -> Iterator[MessageDocument]:
        page = 1
        while True:
            documents = self.client.messages(ticket_id, page, order="desc")
            yield from documents.items
            if not documents.more_after(page, PAGE):
                return
            page += 1

    def _author(self, old: Message) -> dict[str, int]:
        """Return the author's field; empty for an author whom this account lacks: Deskie then takes the key's agent."""
        if old.author.kind is ActorKind.CONTACT:
            contact_id = self.people.known_contact_id(old.author)
            return {"user_id": int(contact_id)} if contact_id is not None and contact_id.isdecimal() else {}
        if old.author.kind is ActorKind.AGENT:
            agent = self.people.agent(old.author)
            # observed: `staff_not_active` is the answer for an agent who is disabled.
            return {"staff_id": int(agent.id)} if agent is not None and agent.active else {}
        return {}

    def _noted(self, old: Message) -> Body:
        own, author = self.people.own(), self.people.agent(old.author) if old.author.kind is ActorKind.AGENT else None
        if own is not None and author is not None and author.id == own.id and old.kind is MessageKind.NOTE:
            return old.body
        return with_header(old.body, HeaderLine.of(old))

    def finish(self, ticket_id: str, old: Ticket) -> None:
        """Set the fields that Deskie changes when messages are added, such as the status after a reply.

        What is spam because its customer is blocked is taken out; what an agent called spam stays.
        """
        case = self.client.update_case(ticket_id, self._state(old))
        if case.spam and case.user_id:
            user = self.client.user(str(case.user_id))
            if user.active is False and not user.deleted:
                self.client.restore_case(ticket_id)
        if old.rating is not None and old.rating.label in _RATINGS:
            self.client.rate_case(ticket_id, old.rating.label, old.rating.comment)

    def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        """Return the ids of what was written with ``marker``; a contact is known by its e-mail or phone."""
        if isinstance(old, Contact) or kind == "contact":
            return self._known(old) if isinstance(old, Contact) else ()
        return self.markers.written_since(marker, since, old)

    def marked(self, cursor: str | None = None) -> Page[Marked]:
        """Return one page of all tickets with the markers that lists show: those of the custom field."""
        return self.markers.page(cursor)

    def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        """Return the last messages of a thread, oldest first."""
        messages: list[Message] = []
        page = 1
        while len(messages) < n:
            documents = self.client.messages(ticket_id, page, order="desc")
            last = (documents.total or len(documents)) - 1 - (page - 1) * PAGE
            messages += [
                self.reader.message(document, ticket_id, last - index) for index, document in enumerate(documents.items)
            ]
            if not documents.more_after(page, PAGE):
                break
            page += 1
        return tuple(reversed(messages[:n]))


def _same(author: Actor, requester: Actor) -> bool:
    if author.id is not None and requester.id is not None:
        return author.id == requester.id
    if author.email and requester.email:
        return email_key(author.email) == email_key(requester.email)
    return author.phone is not None and author.phone == requester.phone


def _note(old: Contact, identity: dict[str, Any]) -> str:
    identities = set(identity.values())
    phones = [phone.e164 or phone.raw for phone in old.phones]
    lines = [f"E-mail: {email}" for email in old.emails if email not in identities]
    lines += [f"Phone: {phone}" for phone in phones if phone not in identities]
    if old.external_id:
        lines.append(f"External id: {old.external_id}")
    lines += [f"{known.kind.capitalize()}: {known.value}" for known in old.identities]
    return "\n".join(lines)


def _status(old: Ticket) -> str:
    if old.status_label is not None and fold(old.status_label) in STATUSES:
        return fold(old.status_label)
    nearest = old.status.nearest(frozenset(STATUSES.values()))
    return next((word for word, status in STATUSES.items() if status is nearest), _DEFAULT_STATUS)


def _priority(old: Ticket) -> str | None:
    if old.priority_label is not None and fold(old.priority_label) in PRIORITIES:
        return fold(old.priority_label)
    return next((word for word, priority in PRIORITIES.items() if priority is old.priority), None)
