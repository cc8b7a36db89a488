"""Inbox: a local desk's file with the messages that webhooks delivered and this library sent.

One conversation per integration and phone, with the phone's digits as ticket and contact id; each integration has a
space of its own in the file. Status, notes and subjects exist only here: the vendor's panel does not show them, and
messages that agents write in the panel never reach this library.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import frozen

from helpdesk_bridge.adapter import (
    Actor,
    ActorKind,
    Attachment,
    Body,
    Clock,
    Contact,
    Delivery,
    IdKind,
    LocalStore,
    Message,
    MessageKind,
    NotFound,
    Phone,
    Status,
    Ticket,
    Upload,
    Visibility,
    digest,
    evolve,
)
from helpdesk_bridge_desk360.wire.events import DeliveryChanged, MessageReceived
from helpdesk_bridge_desk360.wire.phones import phone_of, spellings, with_plus
from helpdesk_bridge_desk360.wire.reading import (
    STATUSES,
    actor_of,
    attachments_of,
    is_known,
    message_of,
    subject_of,
    text_of,
    word_of,
)
from helpdesk_bridge_desk360.wire.writing import Outgoing

WINDOW: Final = timedelta(hours=24)
"""assumed (WhatsApp's rule; the panel's documents speak of it): free-form messages within 24 hours of the customer's."""

SENT: Final = "sent"
UNREAD: Final = "unread"
_RANKS: Final = {SENT: 0, "delivered": 1, "read": 2}
_LAST_INBOUND: Final = "last_inbound_at"
_NAMED: Final = "named"
_AGENT: Final = Actor(ActorKind.AGENT)


@frozen
class ReplyWindow:
    """Whether a free-form message may be sent, and until when; ``closes_at`` is None if the customer never wrote."""

    open: bool
    closes_at: datetime | None = None


@frozen(eq=False)
class Inbox:
    """The conversations of one integration. Every call is one transaction."""

    store: LocalStore
    clock: Clock
    vendor_wall: Callable[[], datetime]
    """The vendor's time of day, which messages are dated by."""

    # ---- what webhooks bring

    def received(self, event: MessageReceived) -> bool:
        """Store a message, its conversation and its author; return whether it is new."""
        store = self.store
        with store.transaction():
            if store.messages.get(event.id) is not None:
                return False
            now = self.clock.wall()
            at = event.at or now
            before = self._conversation(event.ticket_id)
            self._contact(event.ticket_id, event.name, at, event.phone)
            files = (*attachments_of(event.files), *self._rest(event))
            message = message_of(event, at, files, opening=before is None)
            subject = subject_of(text_of(event), word_of(event))
            ticket = before or self._new(message, subject)
            last = ticket.custom_fields.get(_LAST_INBOUND)
            newest = max(at, last) if isinstance(last, datetime) else at
            changes: dict[str, Any] = {"custom_fields": {**ticket.custom_fields, _LAST_INBOUND: newest}}
            if event.name:
                changes["requester"] = actor_of(event.ticket_id, event.name)
            # Webhooks may come in any order: the oldest message opens the conversation, and gives it its subject unless it has one.
            if before is not None and store.messages.reopen(message) is not None:
                message = evolve(message, opening=True)
                if not ticket.custom_fields.get(_NAMED):
                    changes["subject"] = subject
            self._put(evolve(ticket, **changes), Status.OPEN, at)
            return store.messages.add(message)

    def status(self, event: DeliveryChanged) -> bool:
        """Store a delivery state and return whether it is news; states never go back, unknown ids are kept."""
        with self.store.transaction():
            known = [delivery.state for delivery in self.store.deliveries.of(event.id)]
            rank = _RANKS.get(event.status)
            if rank is not None and any(_RANKS.get(state, -1) >= rank for state in known):
                return False
            return self.store.deliveries.add(Delivery(event.id, event.status, self.clock.wall()))

    def unread(self, document: Any) -> bool:
        """Store a webhook of unknown shape as it came; return whether it is new.

        It belongs to no conversation, so it is stored among the delivery states, under its own digest.
        """
        text = json.dumps(document, ensure_ascii=True, sort_keys=True)
        return self.store.deliveries.add(Delivery(f"~{digest(text)}", UNREAD, self.clock.wall(), text))

    def all_unread(self) -> tuple[Any, ...]:
        """Return the webhooks of unknown shape, oldest first."""
        return tuple(json.loads(delivery.detail or "null") for delivery in self.store.deliveries.in_state(UNREAD))

    def _rest(self, event: MessageReceived) -> tuple[Attachment, ...]:
        # Cards have more than their text shows, and an unknown type may have anything: the document is kept as a file.
        if is_known(event):
            return ()
        document = json.dumps(dict(event.raw), ensure_ascii=True, indent=1).encode("ascii")
        return (self.store.files.store(Upload.from_bytes(f"{word_of(event)}.json", document, "application/json")),)

    # ---- what this library sends

    def sent(self, conversation: str, messages: Sequence[Outgoing], number: str) -> datetime:
        """Store messages that the vendor accepted for a number, in a new conversation if needed; return the time."""
        with self.store.transaction():
            now = self.clock.wall()
            ticket = self._conversation(conversation)
            if ticket is None:
                self._contact(conversation, None, now, number)
            for outgoing in messages:
                message = Message(
                    id=outgoing.id,
                    ticket_id=conversation,
                    author=_AGENT,
                    visibility=Visibility.PUBLIC,
                    kind=MessageKind.REPLY,
                    body=Body(text=outgoing.text),
                    opening=ticket is None,
                    created_at=now,
                    attachments=outgoing.attachments,
                )
                ticket = ticket or self._new(message, subject_of(outgoing.text, "file"))
                self._put(ticket, Status.PENDING, now)
                self.store.messages.add(message)
                self.store.deliveries.add(Delivery(outgoing.id, SENT, now))
            return now

    def note(self, conversation: str, body: Body, files: Sequence[Upload]) -> Message:
        """Store an internal note. Nothing is sent. Raises ``NotFound`` for an unknown conversation."""
        with self.store.transaction():
            now = self.clock.wall()
            ticket = self.store.tickets.get(conversation)
            message = Message(
                id=f"note-{self.store.tickets.new_id()}",
                id_kind=IdKind.SYNTHETIC,
                ticket_id=conversation,
                author=_AGENT,
                visibility=Visibility.INTERNAL,
                kind=MessageKind.NOTE,
                body=body,
                created_at=now,
                attachments=tuple(self.store.files.store(file) for file in files),
            )
            self._put(ticket, ticket.status, now)
            self.store.messages.add(message)
            return message

    # ---- what is there

    def ticket(self, conversation: str) -> Ticket:
        """Return a conversation. Raises ``NotFound``."""
        return without_own_fields(self.store.tickets.get(conversation))

    def change(self, conversation: str, **changes: Any) -> Ticket:
        """Set status or subject of a conversation, only in the inbox."""
        with self.store.transaction():
            ticket = self.store.tickets.get(conversation)
            status = changes.pop("status", ticket.status)
            if "subject" in changes:
                changes["custom_fields"] = {**ticket.custom_fields, _NAMED: True}
            self._put(evolve(ticket, **changes), status, self.clock.wall())
            return self.ticket(conversation)

    def window(self, conversation: str) -> ReplyWindow:
        """Return whether the customer wrote in the last 24 hours, as far as this inbox knows."""
        ticket = self._conversation(conversation)
        last = ticket.custom_fields.get(_LAST_INBOUND) if ticket is not None else None
        if not isinstance(last, datetime):
            return ReplyWindow(open=False)
        return ReplyWindow(self.vendor_wall() < last + WINDOW, last + WINDOW)

    def number(self, conversation: str) -> str:
        """Return the number of a conversation as WhatsApp wrote it last, with a plus."""
        contact = self.store.contacts.lookup(conversation)
        return contact.phones[0].raw if contact is not None and contact.phones else with_plus(conversation)

    def delivery(self, message_id: str) -> str | None:
        """Return the furthest state of a message: sent, delivered or read; another word if it has no such state."""
        states = [delivery.state for delivery in self.store.deliveries.of(message_id)]
        return max(states, key=lambda state: _RANKS.get(state, -1), default=None)

    def _conversation(self, conversation: str) -> Ticket | None:
        try:
            return self.store.tickets.get(conversation)
        except NotFound:
            return None

    def _new(self, opening: Message, subject: str) -> Ticket:
        contact = self.store.contacts.get(opening.ticket_id)
        return Ticket(
            id=opening.ticket_id,
            ref=self.store.space.ref("ticket", opening.ticket_id),
            subject=subject,
            requester=actor_of(opening.ticket_id, contact.name),
            channel="whatsapp",
            created_at=opening.created_at,
        )

    def _put(self, ticket: Ticket, status: Status, at: datetime) -> None:
        # Webhooks may come in any order, so neither bound moves the wrong way.
        changed = evolve(
            ticket,
            status=status,
            status_label=STATUSES[status],
            created_at=min(ticket.created_at or at, at),
            updated_at=max(ticket.updated_at or at, at),
            closed_at=(ticket.closed_at or at) if status is Status.CLOSED else None,
        )
        self.store.tickets.put(changed)

    def _contact(self, conversation: str, name: str | None, at: datetime, number: str) -> None:
        contacts = self.store.contacts
        known = contacts.lookup(conversation)
        if known is None:
            contacts.put(new_contact(self.store, conversation, name, at, number))
            return
        changed = evolve(known, name=name or known.name, phones=_phones(number))
        if changed != known:
            contacts.put(evolve(changed, updated_at=max(at, known.updated_at or at)))


def _phones(number: str) -> tuple[Phone, ...]:
    return tuple(phone_of(digits) for digits in spellings(number))


def new_contact(store: LocalStore, conversation: str, name: str | None, at: datetime, number: str) -> Contact:
    """Return the contact of a phone: ``number`` as it is written first, and the other form if WhatsApp has two."""
    return Contact(
        id=conversation,
        ref=store.space.ref("contact", conversation),
        id_kind=IdKind.NATURAL,
        name=name,
        phones=_phones(number),
        created_at=at,
        updated_at=at,
    )


def without_own_fields(ticket: Ticket) -> Ticket:
    """Return a conversation without the inbox's own custom fields."""
    return evolve(ticket, custom_fields={}) if ticket.custom_fields else ticket
