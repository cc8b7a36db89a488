"""Tally: fields in use and values that need a counterpart, counted while the source is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from helpdesk_bridge.adapter import is_marker_field
from helpdesk_bridge.migration.desk import MigrationDesk
from helpdesk_bridge.migration.plan.estimate import Estimate, Sample
from helpdesk_bridge.migration.plan.field_maps import NATIVE_TARGETS, End, EndKind
from helpdesk_bridge.migration.plan.message_use import left_in, used_in, uses, with_author
from helpdesk_bridge.migration.plan.rest import CONTACT_FIELDS, TICKET_FIELDS, used
from helpdesk_bridge.migration.plan.thread_layout import is_internal
from helpdesk_bridge.migration.plan.values import PASSING, Answer, Values, agent_email
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.model.values import Priority, Status
from helpdesk_bridge.text.plain import fold

NOTED: Final = "noted"
INTERNAL: Final = "internal"
BEGINS_INTERNAL: Final = "begins internal"
MESSAGE: Final = "message"


@frozen
class Sampled:
    """What is counted of a message of the sample; its text, which may be large, is not kept."""

    internal: bool
    word: str

    @classmethod
    def of(cls, message: Message, *, known: bool = True) -> Sampled:
        """Return it of a message as it was read; ``known`` says whether the destination has its author."""
        return cls(is_internal(message), with_author(uses(message), known=known))


@define(slots=False)
class Tally:
    """Counts of one pass over the source's lists. ``values`` counts records by field and old value."""

    source: MigrationDesk
    tickets: int = 0
    left_out: int = 0
    contacts: int = 0
    contacts_left_out: int = 0
    messages_known: int = 0
    tickets_with_known_messages: int = 0
    fields: Counter[str] = field(factory=Counter)
    left: Counter[tuple[str, str, str]] = field(factory=Counter)
    values: Counter[tuple[str, str]] = field(factory=Counter)
    statuses: dict[str, tuple[Status, str | None]] = field(factory=dict)
    priorities: dict[str, tuple[Priority, str | None]] = field(factory=dict)
    sample: Sample = field(factory=Sample)
    noted_ids: set[str] = field(factory=set)
    internal_ids: set[str] = field(factory=set)
    refused: int = 0

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
        for name in TICKET_FIELDS:
            if used(named, name):
                self.fields[f"ticket.{name}"] += 1
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

    def contact(self, contact: Contact, *, left_out: bool = False) -> None:
        """Count a contact; what is ``left_out`` cannot be at the destination."""
        self.contacts += 1
        if contact.deleted or left_out:
            self.contacts_left_out += 1
            return
        for name in CONTACT_FIELDS:
            if used(contact, name):
                self.fields[f"contact.{name}"] += 1
        self._leave("contact", contact)
        for name, value in contact.custom_fields.items():
            if value is not None and value != "" and not is_marker_field(name):
                self.values["contact_field", name] += 1

    def _leave(self, area: str, record: Ticket | Contact) -> None:
        for key, why in record.left_behind.items():
            self.left[area, key, why] += 1

    def thread(self, ticket_id: str, messages: Sequence[Sampled]) -> None:
        """Count a thread of the sample."""
        seen: list[object] = [MESSAGE] * len(messages)
        for message in messages:
            seen += (("used", *key) for key in used_in(message.word))
            seen += (("left", *key) for key in left_in(message.word))
        begins_internal = bool(messages) and messages[0].internal
        if begins_internal or len(messages) > 1:
            seen.append(NOTED)
            self.noted_ids.add(ticket_id)
        if any(message.internal for message in messages):
            seen.append(INTERNAL)
            self.internal_ids.add(ticket_id)
        if begins_internal:
            seen.append(BEGINS_INTERNAL)
        self.sample.add(seen)

    @property
    def sampled(self) -> int:
        """How many threads were read."""
        return self.sample.tickets

    @property
    def whole(self) -> bool:
        """Whether every thread that a run reads was read, so that what is said of them is counted and no estimate."""
        return self.sampled + self.refused >= self.tickets - self.left_out

    def estimate(self, key: str | tuple[str, ...]) -> Estimate:
        """Return what the sample says of all tickets that are to be written."""
        return self.sample.estimate(key, self.tickets - self.left_out, whole=self.whole)

    def used(self) -> dict[tuple[str, str], Estimate]:
        """Return how many messages use each field, by class name and field."""
        return {(key[1], key[2]): self.estimate(key) for key in self._seen("used")}

    def left_by_messages(self) -> dict[tuple[str, str], Estimate]:
        """Return how many messages leave something behind, by key and reason."""
        return {(key[1], key[2]): self.estimate(key) for key in self._seen("left")}

    def _seen(self, what: str) -> Iterator[tuple[str, str, str]]:
        for key in self.sample.seen():
            if isinstance(key, tuple) and key[0] == what:
                yield key

    @property
    def noted(self) -> int | None:
        """How many tickets get more than their opening, as the sample suggests; None without one."""
        return self._estimated(NOTED)

    @property
    def internal(self) -> int | None:
        """How many tickets have an internal message, as the sample suggests; None without one."""
        return self._estimated(INTERNAL)

    @property
    def internal_openings(self) -> Estimate:
        """How many tickets begin with an internal message."""
        seen = self.sample.count(BEGINS_INTERNAL)
        return self.estimate(BEGINS_INTERNAL) if seen else Estimate(0)

    def _estimated(self, name: str) -> int | None:
        if not self.sampled:
            return None
        return self.estimate(name).records if self.sample.count(name) else 0

    @property
    def messages(self) -> int | None:
        """How many messages there are: known, or as the sample suggests, or None."""
        if self.tickets and self.tickets_with_known_messages == self.tickets:
            return self.messages_known
        if self.sampled:
            return round(self.tickets * self.sample.count(MESSAGE) / self.sampled)
        return 0 if not self.tickets else None

    def sources(self, values: Values) -> dict[tuple[str, str], str]:
        """Return which fields of the destination records fill by themselves, by area and folded name, and from where."""
        filled = {
            ("ticket", fold(f"ticket.{name}")): f"ticket.{name}" for name in PASSING if self.fields[f"ticket.{name}"]
        }
        filled |= {
            ("contact", fold(f"contact.{name}")): f"contact.{name}"
            for name in NATIVE_TARGETS["contact"]
            if self.fields[f"contact.{name}"]
        }
        for name, old in self.values:
            if name in ("custom_field", "contact_field"):
                area = "ticket" if name == "custom_field" else "contact"
                answer = values.custom_field(old) if area == "ticket" else values.contact_field(old)
                if answer.value is not None:
                    target = str(End(EndKind.CUSTOM, area, str(answer.value)))
                    filled[area, fold(target)] = str(End(EndKind.CUSTOM, area, old))
        return filled

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
