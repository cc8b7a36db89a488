"""Tally: fields in use and values that need a counterpart, counted while the source is read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from attrs import define, field, frozen

from helpdesk_bridge.adapter import MessageClass, is_marker_field
from helpdesk_bridge.adapter.header_line import looks_like_ours
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.plan.thread_layout import is_internal
from helpdesk_bridge.migration.plan.values import PASSING, Answer, Values, agent_email
from helpdesk_bridge.model import fields
from helpdesk_bridge.model.addresses import Mailbox, is_email
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Priority, Status
from helpdesk_bridge.text.plain import fold, one_line

TICKET_FIELDS: Final = fields.travelling(fields.TICKET)
CONTACT_FIELDS: Final = fields.travelling(fields.CONTACT)
MESSAGE_FIELDS: Final = fields.travelling(fields.MESSAGE)
LOOK_ALIKE: Final = "look-alike"
"""Stands among the fields of a message whose text looks like a line of an import."""


@frozen
class Sampled:
    """What is counted of a message of the sample; its text, which may be large, is not kept."""

    internal: bool
    message_class: str
    used: tuple[str, ...]
    left: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, message: Message) -> Sampled:
        """Return it of a message as it was read."""
        kind = MessageClass.of(message).name
        return cls(is_internal(message), kind, tuple(used_fields(message)), tuple(left_by(message).items()))


@define(slots=False)
class Tally:
    """Counts of one pass over the source's lists. ``values`` counts records by field and old value."""

    source: MigrationDesk
    tickets: int = 0
    left_out: int = 0
    contacts: int = 0
    named_emails: int = 0
    unusable_emails: int = 0
    unusable_copies: int = 0
    messages_known: int = 0
    tickets_with_known_messages: int = 0
    fields: Counter[str] = field(factory=Counter)
    left: Counter[tuple[str, str, str]] = field(factory=Counter)
    values: Counter[tuple[str, str]] = field(factory=Counter)
    statuses: dict[str, tuple[Status, str | None]] = field(factory=dict)
    priorities: dict[str, tuple[Priority, str | None]] = field(factory=dict)
    subject_lengths: Counter[int] = field(factory=Counter)
    ratings: Counter[str] = field(factory=Counter)
    """Tickets by the word of their rating, folded; "" for one without."""
    sampled: int = 0
    sample: Counter[tuple[str, str]] = field(factory=Counter)
    sample_left: Counter[tuple[str, str]] = field(factory=Counter)
    sample_messages: int = 0
    sample_noted: int = 0
    sample_internal: int = 0
    sample_internal_openings: int = 0

    def ticket(self, ticket: Ticket) -> None:
        """Count a ticket."""
        self.tickets += 1
        if ticket.message_count is not None:
            self.messages_known += ticket.message_count
            self.tickets_with_known_messages += 1
        if ticket.spam or ticket.deleted:
            self.left_out += 1
            return
        named = self.source.ticket(ticket)
        self.subject_lengths[len(one_line(ticket.subject))] += 1
        self.unusable_copies += any(not is_email(Mailbox.of(address).address) for address in ticket.cc)
        for name in TICKET_FIELDS:
            if getattr(named, name) not in (None, "", (), {}, Priority.UNKNOWN):
                self.fields[f"ticket.{name}"] += 1
        if ticket.rating is not None:
            self.ratings[fold(ticket.rating.label or "")] += 1
        self._leave("ticket", ticket)
        self._words(named)

    def _words(self, ticket: Ticket) -> None:
        status, priority = ticket.status_label or ticket.status.value, ticket.priority_label or ticket.priority.value
        self.statuses[status] = (ticket.status, ticket.status_label)
        self.values["status", status] += 1
        if ticket.priority is not Priority.UNKNOWN or ticket.priority_label:
            self.priorities[priority] = (ticket.priority, ticket.priority_label)
            self.values["priority", priority] += 1
        assignee = agent_email(self.source, ticket.assignee)
        if assignee:
            self.values["assignee", assignee] += 1
        for email in ticket.watchers:
            self.values["watcher", email] += 1
        if ticket.group and ticket.group.name:
            self.values["group", ticket.group.name] += 1
        for tag in ticket.tags:
            self.values["tag", tag] += 1
        for name in PASSING:
            if value := getattr(ticket, name):
                self.values[name, value] += 1
        for name, value in ticket.custom_fields.items():
            if value is not None and value != "" and not is_marker_field(name):
                self.values["custom_field", name] += 1

    def contact(self, contact: Contact) -> None:
        """Count a contact."""
        self.contacts += 1
        if contact.deleted:
            return
        boxes = [Mailbox.of(email) for email in contact.emails]
        self.named_emails += any(box.name is not None for box in boxes)
        self.unusable_emails += any(box.address and not is_email(box.address) for box in boxes)
        for name in CONTACT_FIELDS:
            if getattr(contact, name) not in (None, "", (), {}, False):
                self.fields[f"contact.{name}"] += 1
        self._leave("contact", contact)
        for name, value in contact.custom_fields.items():
            if value is not None and value != "" and not is_marker_field(name):
                self.values["contact_field", name] += 1

    def _leave(self, area: str, record: Ticket | Contact) -> None:
        for key, why in record.left_behind.items():
            self.left[area, key, why] += 1

    def thread(self, messages: Sequence[Sampled]) -> None:
        """Count a thread of the sample."""
        self.sampled += 1
        self.sample_messages += len(messages)
        begins_internal = bool(messages) and messages[0].internal
        self.sample_noted += begins_internal or len(messages) > 1
        self.sample_internal += any(message.internal for message in messages)
        self.sample_internal_openings += begins_internal
        for message in messages:
            for name in message.used:
                self.sample[message.message_class, name] += 1
            self.sample_left.update(message.left)

    @property
    def noted(self) -> int | None:
        """How many tickets get more than their opening, as the sample suggests; None without one."""
        return self._estimated(self.sample_noted)

    @property
    def internal(self) -> int | None:
        """How many tickets have an internal message, as the sample suggests; None without one."""
        return self._estimated(self.sample_internal)

    @property
    def internal_openings(self) -> int | None:
        """How many tickets begin with an internal message, as the sample suggests; None without one."""
        return self._estimated(self.sample_internal_openings)

    def _estimated(self, sampled: int) -> int | None:
        return math.ceil((self.tickets - self.left_out) * sampled / self.sampled) if self.sampled else None

    @property
    def messages(self) -> int | None:
        """How many messages there are: known, or as the sample suggests, or None."""
        if self.tickets and self.tickets_with_known_messages == self.tickets:
            return self.messages_known
        if self.sampled:
            return round(self.tickets * self.sample_messages / self.sampled)
        return 0 if not self.tickets else None

    def answers(self, values: Values) -> list[tuple[str, str, Answer, int]]:
        """Return what becomes of every value that was seen: field, old value, answer, records."""
        answers = []
        for (name, old), records in sorted(self.values.items()):
            answers.append((name, old, self._answer(values, name, old), records))
        return answers

    def _answer(self, values: Values, name: str, old: str) -> Answer:
        if name == "status":
            return values.status(*self.statuses[old])
        if name == "priority":
            return values.priority(*self.priorities[old])
        if name in PASSING:
            return values.word(name, old)
        ask: Any = {
            "assignee": values.agent, "watcher": values.watcher, "group": values.group, "tag": values.tag, "custom_field": values.custom_field,
            "contact_field": values.contact_field,
        }[name]  # fmt: skip
        answer: Answer = ask(old)
        return answer


SHORTENED: Final = "the HTML is too long for the text that is compared and searched; the HTML itself is whole"
"""Why a message's text is not all that it says."""


def left_by(message: Message) -> dict[str, str]:
    """Return what a message leaves behind, by key: what its document holds besides, and what its text does."""
    return {**message.left_behind, **({"text": SHORTENED} if message.body.shortened else {})}


def used_fields(message: Message) -> list[str]:
    """Return the fields of a message that hold something, and ``LOOK_ALIKE`` for a text that has to be quoted."""
    inline = any(attachment.inline for attachment in message.attachments)
    plain = any(not attachment.inline for attachment in message.attachments)
    present = {"attachments": plain, "inline": inline, "created_at": message.created_at is not None}
    present |= {"cc": bool(message.cc), "to": bool(message.to)}
    names = [name for name in MESSAGE_FIELDS if present.get(name, True)]
    return [*names, LOOK_ALIKE] if looks_like_ours(message.body) else names
