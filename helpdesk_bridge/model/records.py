"""Records as a desk returns them: tickets, messages, contacts and the entries of its lists.

Two records are equal if everything that was loaded is equal; the vendor's own document (``raw``) never takes part.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from helpdesk_bridge.model.values import (
    Actor,
    ActorKind,
    Attachment,
    Body,
    CustomValue,
    FrozenDict,
    Identity,
    IdKind,
    MessageKind,
    Phone,
    Priority,
    Rating,
    Ref,
    Status,
    Visibility,
    frozen_dict,
)
from helpdesk_bridge.portable.value import Portable


def _fields() -> Any:
    return field(factory=FrozenDict, converter=frozen_dict, hash=False)


def _answer_fields() -> Any:
    return field(factory=FrozenDict, converter=frozen_dict, eq=False, repr=False, hash=False)


def _raw() -> Any:
    return field(default=None, eq=False, repr=False, hash=False)


@frozen(kw_only=True)
class Ticket(Portable):
    """A ticket. ``not_loaded`` names the fields that this vendor has but did not send in this answer.

    ``left_behind`` says what the vendor's document holds and no field carries: why, by the vendor's key.
    ``cc`` are the addresses of customers and others who get mail together with the requester, ``watchers`` the e-mails of agents
    who follow it.
    """

    id: str
    ref: str
    subject: str = field(default="", repr=False)
    number: str | None = None
    url: str | None = None
    status: Status = Status.UNKNOWN
    status_label: str | None = None
    priority: Priority = Priority.UNKNOWN
    priority_label: str | None = None
    requester: Actor | None = field(default=None, repr=False)
    assignee: Actor | None = field(default=None, repr=False)
    group: Ref | None = None
    company: Ref | None = None
    sla: Ref | None = None
    type: str | None = None
    category: str | None = None
    subcategory: str | None = None
    channel: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, CustomValue] = _fields()
    cc: tuple[str, ...] = field(default=(), repr=False)
    watchers: tuple[str, ...] = field(default=(), repr=False)
    description: Body | None = field(default=None, repr=False)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    first_response_at: datetime | None = None
    solved_at: datetime | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None
    rating: Rating | None = None
    spam: bool = False
    deleted: bool = False
    merged_into: str | None = None
    message_count: int | None = None
    attachments: tuple[Attachment, ...] = ()
    not_loaded: frozenset[str] = frozenset()
    left_behind: Mapping[str, str] = _answer_fields()
    raw: Mapping[str, Any] | None = _raw()


@frozen(kw_only=True)
class Message(Portable):
    """One message of a thread. ``sequence`` is its place in the thread, the opening being 0."""

    id: str
    ticket_id: str
    author: Actor = field(repr=False)
    visibility: Visibility
    kind: MessageKind
    body: Body = field(repr=False)
    id_kind: IdKind = IdKind.NATIVE
    opening: bool = False
    to: tuple[str, ...] = field(default=(), repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    created_at: datetime | None = None
    sequence: int = 0
    attachments: tuple[Attachment, ...] = ()
    not_loaded: frozenset[str] = frozenset()
    left_behind: Mapping[str, str] = _answer_fields()
    raw: Mapping[str, Any] | None = _raw()


@frozen(kw_only=True)
class Contact(Portable):
    """A customer. ``emails`` has the primary first; ``title`` is what the person does, such as Head of Purchasing.

    ``identities`` are those of messengers and networks by which the customer is known without an e-mail or a phone.
    """

    id: str
    ref: str
    id_kind: IdKind = IdKind.NATIVE
    name: str | None = field(default=None, repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    phones: tuple[Phone, ...] = field(default=(), repr=False)
    identities: tuple[Identity, ...] = field(default=(), repr=False)
    title: str | None = field(default=None, repr=False)
    company: Ref | None = None
    external_id: str | None = None
    blocked: bool = False
    deleted: bool = False
    custom_fields: Mapping[str, CustomValue] = _fields()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    not_loaded: frozenset[str] = frozenset()
    left_behind: Mapping[str, str] = _answer_fields()
    raw: Mapping[str, Any] | None = _raw()

    @property
    def email(self) -> str | None:
        """The primary e-mail, if there is one."""
        return self.emails[0] if self.emails else None

    def actor(self) -> Actor:
        """Return this contact as the author or requester of a record."""
        return Actor(
            ActorKind.CONTACT,
            id=self.id,
            name=self.name,
            email=self.email,
            phone=(self.phones[0].e164 or self.phones[0].raw) if self.phones else None,
        )


@frozen(kw_only=True)
class Agent(Portable):
    """An agent, who answers tickets."""

    id: str
    name: str | None = None
    email: str | None = None
    active: bool = True


@frozen(kw_only=True)
class Group(Portable):
    """A team of agents."""

    id: str
    name: str
    active: bool = True


@frozen(kw_only=True)
class Company(Portable):
    """An organisation that contacts belong to."""

    id: str
    name: str
    domains: tuple[str, ...] = ()


@frozen(kw_only=True)
class Tag(Portable):
    """A word that tickets can carry."""

    id: str
    name: str


class FieldType(enum.Enum):
    """What a custom field holds."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    SELECT = "select"
    MULTISELECT = "multiselect"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class FieldDefinition(Portable):
    """A custom field: ``key`` is the vendor's, ``name`` what people see; ``options`` are a select's words.

    ``option_keys`` runs parallel to ``options`` if the vendor stores keys instead of words.
    """

    key: str
    name: str
    type: FieldType = FieldType.TEXT
    options: tuple[str, ...] = ()
    option_keys: tuple[str, ...] = ()
    applies_to: str = "ticket"
    active: bool = True
