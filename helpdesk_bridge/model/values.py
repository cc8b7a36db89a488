"""Values that records and drafts are made of: words, people, texts and files. No I/O, no vendor.

Times are aware and in UTC, ids are text.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

from attrs import field, frozen

from helpdesk_bridge.errors import Invalid

if TYPE_CHECKING:
    from helpdesk_bridge.text.plain import SeenText

CustomValue: TypeAlias = str | int | Decimal | bool | date | datetime | tuple[str, ...] | None


class Unset(enum.Enum):
    """The type of ``UNSET``: a value that is not sent at all; ``None`` clears."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


class Status(enum.Enum):
    """The state of a ticket, in words that every helpdesk has; the vendor's own word is ``Ticket.status_label``."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"
    UNKNOWN = "unknown"

    def nearest(self, available: frozenset[Status]) -> Status:
        """Return this status, or the nearest of ``available`` if a desk lacks it (UNKNOWN if none is near)."""
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
        return "" if self.html is None else self._seen.text

    @property
    def shortened(self) -> bool:
        """Whether ``text`` was derived from HTML that is too long for it: it ends with a line that says so.

        The HTML is whole, and it is what travels wherever HTML is taken.
        """
        return self._text is None and self.html is not None and self._seen.shortened

    @cached_property
    def _seen(self) -> SeenText:
        from helpdesk_bridge.text.plain import seen_text

        return seen_text(self.html or "")

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
        """Return an upload of a file; the content type is guessed from its name if it is not given."""
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


@frozen
class Phone:
    """A phone number: ``raw`` as the vendor has it, ``e164`` if that is certain (or the desk has a region)."""

    raw: str
    e164: str | None = None


Person: TypeAlias = str | Actor
Named: TypeAlias = str | Ref


def _texts_alone(values: tuple[object, ...], what: str) -> None:
    for value in values:
        if not isinstance(value, str):
            raise Invalid(
                f"{what} takes texts, each an argument of its own, not a value of type {type(value).__name__}"
            )


@frozen(init=False)
class Add:
    """Add these to what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        _texts_alone(values, "Add")
        object.__setattr__(self, "values", values)


@frozen(init=False)
class Remove:
    """Remove these from what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        _texts_alone(values, "Remove")
        object.__setattr__(self, "values", values)
