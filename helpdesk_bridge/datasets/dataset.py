"""A dataset: people, groups, fields and tickets in a neutral format that no vendor uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import Factory, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Role = Literal["contact", "agent"]
FieldType = Literal["text", "integer", "decimal", "checkbox", "date", "select"]
FieldLevel = Literal["ticket", "contact"]
SeedStatus = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
SeedPriority = Literal["low", "normal", "high", "urgent"]
TemplateStatus = Literal["active", "in_review", "rejected"]
MessageKind = Literal["reply", "note", "forward", "automatic"]


@frozen
class SeedFile:
    """A file of a message. ``inline`` files are shown in the HTML as ``<img src="cid:CONTENT_ID">``."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)
    inline: bool = False
    content_id: str | None = None


@frozen
class SeedPerson:
    """A contact or an agent. ``email`` keeps its original case; two contacts may differ in nothing but that.

    ``identities`` are those of messengers and social networks, as ``("telegram", "123456789")``; ``rights`` is the role
    of an agent, one of the account's.
    """

    key: str
    name: str | None
    email: str | None
    phone: str | None = None
    role: Role = "contact"
    company: str | None = None
    created_at: datetime = field(kw_only=True)
    blocked: bool = False
    deleted: bool = False
    custom_fields: Mapping[str, Any] = Factory(dict)
    title: str | None = None
    identities: tuple[tuple[str, str], ...] = ()
    rights: str | None = None


@frozen
class SeedMessage:
    """One message of a thread. ``author`` is a person's key, or None for the helpdesk itself."""

    author: str | None
    created_at: datetime
    private: bool = False
    html: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    files: tuple[SeedFile, ...] = ()
    kind: MessageKind = "reply"


@frozen
class SeedField:
    """A custom field. Values are ``str``, ``int``, ``float``, ``bool`` and, for a date, ``YYYY-MM-DD``."""

    name: str
    type: FieldType
    options: tuple[str, ...] = ()
    level: FieldLevel = "ticket"


@frozen
class SeedTicket:
    """One ticket with its thread; the first message is the opening, and an agent may have written it.

    ``requester``, ``assignee``, ``cc`` and ``watchers`` (agents) are keys of people, ``merged_into`` is the key of a ticket. ``rating`` is
    a score of -1, 0 or 1 with the contact's comment. ``status_label`` is the account's own word for the status.
    """

    key: str
    subject: str
    requester: str
    assignee: str | None = None
    group: str | None = None
    status: SeedStatus = "open"
    priority: SeedPriority = "normal"
    created_at: datetime = field(kw_only=True)
    updated_at: datetime = field(kw_only=True)
    channel: str = "email"
    type: str | None = None
    category: str | None = None
    subcategory: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, Any] = Factory(dict)
    cc: tuple[str, ...] = ()
    spam: bool = False
    deleted: bool = False
    merged_into: str | None = None
    messages: tuple[SeedMessage, ...] = field(kw_only=True)
    rating: tuple[int, str | None] | None = None
    watchers: tuple[str, ...] = ()
    status_label: str | None = None


@frozen
class SeedIntegration:
    """A WhatsApp number of the account."""

    id: int
    name: str
    phone: str


@frozen(kw_only=True)
class SeedTemplate:
    """A WhatsApp template in one language; the body names its variables as ``{{1}}``."""

    id: int
    name: str
    body: str = field(repr=False)
    language: str = "English"
    header: str | None = field(default=None, repr=False)
    footer: str | None = field(default=None, repr=False)
    buttons: tuple[str, ...] = ()
    status: TemplateStatus = "active"
    integration: int | None = None


@frozen
class Dataset:
    """Everything one account holds. All times are aware and in whole seconds.

    ``statuses`` are the account's own words with what they mean; of what is empty, a vendor has its usual ones.
    """

    people: tuple[SeedPerson, ...] = ()
    groups: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fields: tuple[SeedField, ...] = ()
    tickets: tuple[SeedTicket, ...] = ()
    ticket_types: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = Factory(dict)
    statuses: Mapping[str, SeedStatus] = Factory(dict)
    slas: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    integrations: tuple[SeedIntegration, ...] = ()
    templates: tuple[SeedTemplate, ...] = ()
    _by_key: dict[str, SeedPerson] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {person.key: person for person in self.people})

    @property
    def contacts(self) -> tuple[SeedPerson, ...]:
        """The people with the role of a contact."""
        return tuple(person for person in self.people if person.role == "contact")

    @property
    def agents(self) -> tuple[SeedPerson, ...]:
        """The people with the role of an agent."""
        return tuple(person for person in self.people if person.role == "agent")

    def person(self, key: str) -> SeedPerson:
        """Return the person with this key; an unknown key is a ``KeyError``."""
        return self._by_key[key]
