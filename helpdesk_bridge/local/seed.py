"""Seeding of a local desk from a dataset, the one that simulators are seeded with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from helpdesk_bridge.local.definitions import field_key
from helpdesk_bridge.local.desk import LocalDesk
from helpdesk_bridge.local.people import People, phone_of
from helpdesk_bridge.model.records import Contact, FieldDefinition, FieldType, Message, Ticket
from helpdesk_bridge.model.values import (
    SYSTEM,
    Actor,
    Body,
    MessageKind,
    Priority,
    Rating,
    Ref,
    Status,
    Upload,
    Visibility,
)
from helpdesk_bridge.store.blobs import spooled

if TYPE_CHECKING:
    from helpdesk_bridge.datasets.dataset import Dataset, SeedMessage, SeedPerson, SeedTicket

_TYPES: Final = {"checkbox": FieldType.BOOLEAN}


def seed(desk: LocalDesk, dataset: Dataset) -> Mapping[str, str]:
    """Write a dataset, all of it or nothing; return the desk's ids by the dataset's keys.

    A status that a narrowed desk lacks becomes the nearest.
    """
    with desk.operation():
        seeding = _Seeding(desk, dataset, {})
        seeding.lists()
        for person in dataset.people:
            seeding.person(person)
        for ticket in dataset.tickets:
            seeding.ids[f"ticket:{ticket.key}"] = desk.store.tickets.new_id()
        for ticket in dataset.tickets:
            seeding.ticket(ticket)
    return {key.partition(":")[2]: record_id for key, record_id in seeding.ids.items()}


@frozen(eq=False)
class _Seeding:
    desk: LocalDesk
    dataset: Dataset
    ids: dict[str, str]

    def lists(self) -> None:
        lists = self.desk.store.lists
        for name in self.dataset.groups:
            self._group(name)
        for name in self.dataset.companies:
            self._people.company(Ref(None, name))
        self.desk.definitions.tags(self.dataset.tags)
        for field in self.dataset.fields:
            kind = _TYPES.get(field.type) or FieldType(field.type)
            key = field_key(field.name, field.level)
            lists.custom_fields.put(
                FieldDefinition(key=key, name=field.name, type=kind, options=field.options, applies_to=field.level)
            )

    def person(self, person: SeedPerson) -> None:
        store = self.desk.store
        if person.role == "agent":
            agent = store.lists.agents.add({"name": person.name, "email": person.email})
            self.ids[f"person:{person.key}"] = agent.id
            return
        contact_id = store.contacts.new_id()
        contact = Contact(
            id=contact_id,
            ref=store.space.ref("contact", contact_id),
            name=person.name,
            emails=(person.email,) if person.email else (),
            phones=(phone_of(person.phone, self._people.region),) if person.phone else (),
            title=person.title,
            company=self._people.company(person.company) if person.company else None,
            blocked=person.blocked,
            deleted=person.deleted,
            custom_fields=self._fields(person.custom_fields, "contact"),
            created_at=person.created_at,
            updated_at=person.created_at,
        )
        # Two people of a dataset may differ in nothing but the case of their e-mail; here they are one.
        known = store.contacts.find(email=person.email) if person.email and not person.deleted else ()
        if known and not known[0].deleted:
            self.ids[f"person:{person.key}"] = known[0].id
            return
        store.contacts.put(contact)
        self.ids[f"person:{person.key}"] = contact_id

    @property
    def _people(self) -> People:
        return self.desk.people

    def _actor(self, key: str | None) -> Actor:
        if key is None:
            return SYSTEM
        person = self.dataset.person(key)
        record_id = self.ids[f"person:{key}"]
        if person.role == "agent":
            return Actor.agent(id=record_id, name=person.name, email=person.email)
        return self.desk.store.contacts.get(record_id).actor()

    def _fields(self, values: Mapping[str, Any], level: str) -> dict[str, Any]:
        types = {field.name: field.type for field in self.dataset.fields if field.level == level}
        typed = {name: _custom(value, types.get(name)) for name, value in values.items()}
        return self.desk.definitions.fields(typed, level, exact=True)

    def ticket(self, old: SeedTicket) -> None:
        capabilities = self.desk.capabilities
        status = Status(old.status).nearest(frozenset(capabilities.statuses))
        priority = Priority(old.priority)
        ticket_id = self.ids[f"ticket:{old.key}"]
        solved = old.updated_at if status in (Status.SOLVED, Status.CLOSED) else None
        ticket = Ticket(
            id=ticket_id,
            ref=self.desk.store.space.ref("ticket", ticket_id),
            number=ticket_id,
            subject=old.subject,
            status=status,
            status_label=capabilities.statuses.get(status),
            priority=priority,
            priority_label=capabilities.priorities.get(priority),
            requester=self._actor(old.requester),
            assignee=self._actor(old.assignee) if old.assignee else None,
            group=self._group(old.group),
            type=old.type,
            category=old.category,
            subcategory=old.subcategory,
            channel=old.channel,
            tags=old.tags,
            custom_fields=self._fields(old.custom_fields, "ticket"),
            cc=tuple(person.email for person in map(self.dataset.person, old.cc) if person.email),
            watchers=tuple(person.email for person in map(self.dataset.person, old.watchers) if person.email),
            created_at=old.created_at,
            updated_at=old.updated_at,
            first_response_at=self._first_response(old),
            solved_at=solved,
            closed_at=solved if status is Status.CLOSED else None,
            rating=Rating(old.rating[0], comment=old.rating[1]) if old.rating else None,
            spam=old.spam,
            deleted=old.deleted,
            merged_into=self.ids[f"ticket:{old.merged_into}"] if old.merged_into else None,
        )
        self.desk.definitions.tags(old.tags)
        self.desk.store.tickets.put(ticket)
        for number, message in enumerate(old.messages):
            self._message(ticket_id, message, opening=number == 0)

    def _group(self, name: str | None) -> Ref | None:
        if name is None:
            return None
        groups = self.desk.store.lists.groups
        group = groups.by_name(name) or groups.add({"name": name})
        return Ref(group.id, group.name)

    def _first_response(self, old: SeedTicket) -> datetime | None:
        for message in old.messages[1:]:
            if message.author and not message.private and self.dataset.person(message.author).role == "agent":
                return message.created_at
        return None

    def _message(self, ticket_id: str, old: SeedMessage, *, opening: bool) -> None:
        store = self.desk.store
        uploads = [
            evolve(
                Upload.from_bytes(file.filename, file.content, file.content_type),
                inline=file.inline,
                content_id=file.content_id,
            )
            for file in old.files
        ]
        kind = MessageKind(old.kind)
        with spooled(uploads) as files, store.database.write() as connection:
            store.messages.add(
                Message(
                    id=store.messages.new_id(),
                    ticket_id=ticket_id,
                    author=self._actor(old.author),
                    visibility=Visibility.INTERNAL if old.private else Visibility.PUBLIC,
                    kind=MessageKind.NOTE if old.private and kind is MessageKind.REPLY and not opening else kind,
                    opening=opening,
                    body=Body(old.html, old.text),
                    created_at=old.created_at,
                    attachments=store.files.keep(connection, files),
                )
            )


def _custom(value: Any, kind: str | None) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value
