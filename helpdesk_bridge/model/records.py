"""The words of a helpdesk as frozen values: no I/O, no vendor.

Times are aware and in UTC, ids are text. Two values are equal when everything that was loaded is equal; the vendor's
own document (``raw``) never takes part.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any, BinaryIO, Final, TypeAlias

from attrs import evolve, field, frozen

from helpdesk_bridge.text.decoding import judge

CustomValue: TypeAlias = str | int | Decimal | bool | date | datetime | tuple[str, ...] | None


class Unset(enum.Enum):
    """The type of ``UNSET``: a value that is not sent at all, where ``None`` clears."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


class Status(enum.Enum):
    """Where a ticket stands, in words that every helpdesk has; the vendor's own word is ``Ticket.status_label``."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"
    UNKNOWN = "unknown"

    def nearest(self, available: frozenset[Status]) -> Status:
        """Return this status, or the nearest of ``available`` where a desk lacks it (UNKNOWN where there is none)."""
        if self in available:
            return self
        for candidate in _NEAREST.get(self, ()):
            if candidate in available:
                return candidate
        return Status.UNKNOWN


_NEAREST: Final[Mapping[Status, tuple[Status, ...]]] = {
    Status.NEW: (Status.OPEN,),
    Status.OPEN: (Status.NEW,),
    Status.ON_HOLD: (Status.PENDING, Status.OPEN),
    Status.PENDING: (Status.ON_HOLD, Status.OPEN),
    Status.SOLVED: (Status.CLOSED,),
    Status.CLOSED: (Status.SOLVED,),
}


class Priority(enum.Enum):
    """How urgent a ticket is; the vendor's own word is ``Ticket.priority_label``."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    UNKNOWN = "unknown"


class Visibility(enum.Enum):
    """Who can read a message. There is no default: a note that becomes public cannot be taken back."""

    PUBLIC = "public"
    INTERNAL = "internal"


class MessageKind(enum.Enum):
    """What a message is; an opening is a REPLY."""

    REPLY = "reply"
    NOTE = "note"
    FORWARD = "forward"
    AUTOMATIC = "automatic"


class ActorKind(enum.Enum):
    """Who acted."""

    CONTACT = "contact"
    AGENT = "agent"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class IdKind(enum.Enum):
    """Where an id comes from: the vendor's own, a natural key that may change (an e-mail), or a digest made here."""

    NATIVE = "native"
    NATURAL = "natural"
    SYNTHETIC = "synthetic"


@frozen
class Actor:
    """A person or system as a record names it. Vendors send different halves; the desk fills in the other."""

    kind: ActorKind
    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None

    @classmethod
    def contact(cls, **values: str | None) -> Actor:
        """Return an actor of kind CONTACT."""
        return cls(ActorKind.CONTACT, **values)

    @classmethod
    def agent(cls, **values: str | None) -> Actor:
        """Return an actor of kind AGENT."""
        return cls(ActorKind.AGENT, **values)


SYSTEM: Final = Actor(ActorKind.SYSTEM)


@frozen
class Ref:
    """A group, company, tag or SLA as a record names it: id, name or both."""

    id: str | None = None
    name: str | None = None


@frozen
class Body:
    """The text of a message: ``html`` as written (or None for plain text), ``text`` always.

    The text of an HTML body is derived from it by a library on first use; a vendor's own text field loses line breaks
    and is never taken.
    """

    html: str | None = field(default=None, repr=False)
    _text: str | None = field(default=None, alias="text", repr=False)

    @cached_property
    def text(self) -> str:
        """The plain text: as given, or derived from the HTML."""
        if self._text is not None:
            return self._text
        if self.html is None:
            return ""
        from helpdesk_bridge.text.plain import html_to_text

        return html_to_text(self.html)

    def as_html(self) -> str:
        """Return the HTML, or the plain text escaped, with its line breaks kept."""
        if self.html is not None:
            return self.html
        from helpdesk_bridge.text.plain import text_to_html

        return text_to_html(self.text)

    @property
    def empty(self) -> bool:
        """Whether there is neither markup nor text."""
        return not self.html and not self._text


def body_of(value: str | Body) -> Body:
    """Return ``value`` as a body; a ``str`` is plain text."""
    return Body(text=value) if isinstance(value, str) else value


@frozen
class Attachment:
    """A file of a message as a pure value; ``desk.attachments.open(attachment)`` streams its bytes.

    ``size`` is in bytes. ``locator`` is the adapter's own way back to the file: opaque, and never shown.
    """

    filename: str
    content_type: str | None = None
    size: int | None = None
    inline: bool = False
    content_id: str | None = None
    locator: str = field(default="", repr=False, eq=False)


@frozen
class Upload:
    """A file to be written. ``open`` is called for every attempt, so that a retry sends the whole file again.

    ``inline`` files are shown in the body where it says ``cid:<content_id>``.
    """

    filename: str
    content_type: str
    open: Callable[[], BinaryIO] = field(repr=False, eq=False)
    size: int | None = None
    inline: bool = False
    content_id: str | None = None

    @classmethod
    def from_bytes(cls, filename: str, content: bytes, content_type: str = "application/octet-stream") -> Upload:
        """Return an upload of bytes in memory."""
        from io import BytesIO

        return cls(filename, content_type, lambda: BytesIO(content), size=len(content))

    @classmethod
    def from_path(cls, path: Any, content_type: str | None = None) -> Upload:
        """Return an upload of a file; the content type is guessed from its name where it is not given."""
        import mimetypes
        from pathlib import Path

        file = Path(path)
        guessed = content_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return cls(file.name, guessed, lambda: file.open("rb"), size=file.stat().st_size)


@frozen
class Rating:
    """What a customer thought: ``score`` in the vendor's own scale, ``label`` its word."""

    score: int | None = None
    label: str | None = None
    comment: str | None = field(default=None, repr=False)
    at: datetime | None = None


def _frozen_mapping(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return value if isinstance(value, MappingProxyType) else MappingProxyType(dict(value))


def _fields() -> Any:
    return field(factory=dict, converter=_frozen_mapping, hash=False)


def _raw() -> Any:
    return field(default=None, eq=False, repr=False, hash=False)


@frozen(kw_only=True)
class Ticket:
    """A ticket. ``not_loaded`` names the fields that this vendor has but did not send in this answer.

    ``cc`` are the addresses of customers and others who are told with the requester, ``watchers`` the e-mails of agents
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
    raw: Mapping[str, Any] | None = _raw()


@frozen(kw_only=True)
class Message:
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
    raw: Mapping[str, Any] | None = _raw()


@frozen
class Phone:
    """A phone number: ``raw`` as it stands at the vendor, ``e164`` where that is certain (or the desk has a region)."""

    raw: str
    e164: str | None = None


@frozen(kw_only=True)
class Contact:
    """A customer. ``emails`` has the primary first; ``title`` is what the person does, such as Head of Purchasing."""

    id: str
    ref: str
    id_kind: IdKind = IdKind.NATIVE
    name: str | None = field(default=None, repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    phones: tuple[Phone, ...] = field(default=(), repr=False)
    title: str | None = field(default=None, repr=False)
    company: Ref | None = None
    external_id: str | None = None
    blocked: bool = False
    deleted: bool = False
    custom_fields: Mapping[str, CustomValue] = _fields()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    not_loaded: frozenset[str] = frozenset()
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
class Agent:
    """Somebody who answers tickets."""

    id: str
    name: str | None = None
    email: str | None = None
    active: bool = True


@frozen(kw_only=True)
class Group:
    """A team of agents."""

    id: str
    name: str
    active: bool = True


@frozen(kw_only=True)
class Company:
    """An organisation that contacts belong to."""

    id: str
    name: str
    domains: tuple[str, ...] = ()


@frozen(kw_only=True)
class Tag:
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
class FieldDefinition:
    """A custom field: ``key`` is the vendor's, ``name`` what people see; ``options`` are a select's words.

    ``option_keys`` runs parallel to ``options`` where the vendor stores keys instead of words.
    """

    key: str
    name: str
    type: FieldType = FieldType.TEXT
    options: tuple[str, ...] = ()
    option_keys: tuple[str, ...] = ()
    applies_to: str = "ticket"
    active: bool = True


@frozen(init=False)
class Add:
    """Add these to what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)


@frozen(init=False)
class Remove:
    """Remove these from what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)


Person: TypeAlias = str | Actor
Named: TypeAlias = str | Ref
Words: TypeAlias = tuple[str, ...] | Add | Remove


def _words(value: Any) -> Any:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, set, frozenset)) else value


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _uploads(value: Sequence[Upload]) -> tuple[Upload, ...]:
    return tuple(value)


@frozen(kw_only=True)
class TicketDraft:
    """A ticket to be created. ``subject``, ``description`` and ``requester`` are needed everywhere.

    A draft, change or query raises ``Invalid`` for half a character, NUL, and a number that JSON would round or lacks.
    """

    subject: str = field(repr=False)
    description: str | Body = field(repr=False)
    requester: Person = field(repr=False)
    assignee: Person | Unset | None = UNSET
    group: Named | Unset | None = UNSET
    company: Named | Unset | None = UNSET
    status: Status | str | Unset = UNSET
    priority: Priority | str | Unset = UNSET
    type: str | Unset | None = UNSET
    category: str | Unset | None = UNSET
    subcategory: str | Unset | None = UNSET
    tags: tuple[str, ...] | Unset = field(default=UNSET, converter=_words)
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET
    cc: tuple[str, ...] | Unset = field(default=UNSET, converter=_words)
    watchers: tuple[str, ...] | Unset = field(default=UNSET, converter=_words, repr=False)
    attachments: tuple[Upload, ...] = field(default=(), converter=_uploads)

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class TicketChange:
    """What of a ticket to change. ``UNSET`` leaves a field alone, ``None`` clears it."""

    subject: str | Unset = field(default=UNSET, repr=False)
    assignee: Person | Unset | None = UNSET
    group: Named | Unset | None = UNSET
    company: Named | Unset | None = UNSET
    status: Status | str | Unset = UNSET
    priority: Priority | str | Unset = UNSET
    type: str | Unset | None = UNSET
    category: str | Unset | None = UNSET
    subcategory: str | Unset | None = UNSET
    tags: Words | Unset = field(default=UNSET, converter=_words)
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET
    cc: Words | Unset = field(default=UNSET, converter=_words)
    watchers: Words | Unset = field(default=UNSET, converter=_words, repr=False)

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class MessageDraft:
    """A message to be written."""

    body: str | Body = field(repr=False)
    cc: tuple[str, ...] = field(default=(), converter=_texts)
    attachments: tuple[Upload, ...] = field(default=(), converter=_uploads)

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class ContactDraft:
    """A contact to be created; it needs an e-mail or a phone, as the vendor demands."""

    name: str | Unset | None = field(default=UNSET, repr=False)
    emails: tuple[str, ...] = field(default=(), converter=_texts, repr=False)
    phones: tuple[str, ...] = field(default=(), converter=_texts, repr=False)
    title: str | Unset | None = field(default=UNSET, repr=False)
    company: Named | Unset | None = UNSET
    external_id: str | Unset | None = UNSET
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen(kw_only=True)
class ContactChange:
    """What of a contact to change."""

    name: str | Unset | None = field(default=UNSET, repr=False)
    emails: Words | Unset = field(default=UNSET, converter=_words, repr=False)
    phones: Words | Unset = field(default=UNSET, converter=_words, repr=False)
    title: str | Unset | None = field(default=UNSET, repr=False)
    company: Named | Unset | None = UNSET
    external_id: str | Unset | None = UNSET
    blocked: bool | Unset = UNSET
    custom_fields: Mapping[str, CustomValue] | Unset = UNSET

    def __attrs_post_init__(self) -> None:
        judge(self)


@frozen
class Sent:
    """What a vendor answered to a reply or a note: the ids it gave, and the message where it sent it back."""

    ids: tuple[str, ...]
    at: datetime | None = None
    message: Message | None = None


def set_fields(value: Any) -> dict[str, Any]:
    """Return the fields of a draft or change that are to be sent, by name; an empty default is not sent."""
    values = {attribute: getattr(value, attribute.name) for attribute in value.__attrs_attrs__}
    return {
        attribute.name: given
        for attribute, given in values.items()
        if given is not UNSET and not (given == () and attribute.default == ())
    }


__all__ = [
    "SYSTEM", "UNSET", "Actor", "ActorKind", "Add", "Agent", "Attachment", "Body", "Company", "Contact",
    "ContactChange", "ContactDraft", "CustomValue", "FieldDefinition", "FieldType", "Group", "IdKind", "Message",
    "MessageDraft", "MessageKind", "Named", "Person", "Phone", "Priority", "Rating", "Ref", "Remove", "Sent",
    "Status", "Tag", "Ticket", "TicketChange", "TicketDraft", "Unset", "Upload", "Visibility", "Words", "body_of",
    "evolve", "set_fields",
]  # fmt: skip
