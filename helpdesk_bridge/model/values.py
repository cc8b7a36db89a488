"""Values that records and drafts are made of: words, people, texts and files. No I/O, no vendor.

Times are aware and in UTC, ids are text.
"""

from __future__ import annotations

import enum
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn, TypeAlias, TypeVar

from attrs import field, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.portable.value import Portable
from helpdesk_bridge.text.plain import LONGEST_WORDS, SeenText, seen_text, text_to_html

K = TypeVar("K")
V = TypeVar("V")

CustomValue: TypeAlias = str | int | Decimal | bool | date | datetime | tuple[str, ...] | None


class FrozenDict(dict[K, V]):
    """A mapping that nobody can change, and that pickles, copies and is JSON as a dict is."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this mapping belongs to a value that never changes; make a dict of it to change that")

    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)

    def __copy__(self) -> FrozenDict[K, V]:
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> FrozenDict[K, V]:
        return self


def frozen_dict(value: Mapping[K, V]) -> Mapping[K, V]:
    """Return ``value`` as a mapping of its own; what is no mapping is left as it is."""
    # By exact type first: each record that is read has several of these, and asking an abstract class takes longer.
    kind = type(value)
    if kind is FrozenDict:
        return value
    if kind is dict:
        return FrozenDict(value)
    return FrozenDict(value) if isinstance(value, Mapping) and not isinstance(value, FrozenDict) else value


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
class Actor(Portable):
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
class Ref(Portable):
    """A group, company, tag or SLA as a record names it: id, name or both."""

    id: str | None = None
    name: str | None = None


@frozen
class Body(Portable):
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
        long = self._text is None and self.html is not None and len(self.html) > LONGEST_WORDS
        return long and self._seen.shortened

    @cached_property
    def _seen(self) -> SeenText:
        return seen_text(self.html or "")

    def as_html(self) -> str:
        """Return the HTML, or the plain text escaped, with its line breaks kept."""
        if self.html is not None:
            return self.html
        return text_to_html(self.text)

    @property
    def empty(self) -> bool:
        """Whether there is neither markup nor text."""
        return not self.html and not self._text

    def __to_document__(self, document: dict[str, Any]) -> dict[str, Any]:
        if self._text is not None or self.html is None:
            return document
        derived = {**document, "text": self.text, "derived": True}
        return {**derived, "shortened": True} if self.shortened else derived

    @classmethod
    def __from_document__(cls, document: dict[str, Any]) -> dict[str, Any]:
        return {"html": document.get("html")} if document.get("derived") is True else document


def body_of(value: str | Body) -> Body:
    """Return ``value`` as a body; a ``str`` is plain text."""
    return Body(text=value) if isinstance(value, str) else value


@frozen
class Attachment(Portable):
    """A file of a message as a pure value; ``desk.attachments.open(attachment)`` streams its bytes.

    ``size`` is in bytes. ``locator`` is the adapter's own way back to the file: opaque, and never shown. ``ref`` is what an
    application stores, or puts into the address of a link: text that opens the file later, and holds no address of the
    vendor's and no secret.
    """

    filename: str
    content_type: str | None = None
    size: int | None = None
    inline: bool = False
    content_id: str | None = None
    locator: str = field(default="", repr=False, eq=False)
    ref: str = field(default="", repr=False, eq=False)


@frozen
class _Content:
    """Opens bytes in memory."""

    content: bytes

    def __call__(self) -> BinaryIO:
        return BytesIO(self.content)


@frozen
class _File:
    """Opens a file of this machine."""

    path: Path

    def __call__(self) -> BinaryIO:
        return self.path.open("rb")


def _content_text(opened: Callable[[], BinaryIO]) -> str:
    if not isinstance(opened, (_Content, _File)):
        raise Invalid(
            "this upload cannot travel, because a function of its own opens it; make it with Upload.from_bytes or "
            "Upload.from_path",
            field="open",
        )
    with opened() as file:
        return b64encode(file.read()).decode("ascii")


def _content_of(text: object) -> _Content:
    try:
        return _Content(b64decode(str(text), validate=True))
    except ValueError:
        raise Invalid("the content of an upload is no Base64", field="content") from None


@frozen
class Upload(Portable):
    """A file to be written. ``open`` is called for every attempt, so that a retry sends the whole file again.

    ``inline`` files are shown in the body where it says ``cid:<content_id>``. What ``from_bytes`` and ``from_path``
    return travels with its bytes; any other upload does not travel.
    """

    filename: str
    content_type: str
    open: Callable[[], BinaryIO] = field(
        repr=False, eq=False, metadata={"json": ("content", _content_text, _content_of)}
    )
    size: int | None = None
    inline: bool = False
    content_id: str | None = None

    @classmethod
    def from_bytes(cls, filename: str, content: bytes, content_type: str = "application/octet-stream") -> Upload:
        """Return an upload of bytes in memory."""
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise Invalid(
                f"the content of an upload is bytes, not a value of type {type(content).__name__}", field="content"
            )
        return cls(filename, content_type, _Content(bytes(content)), size=len(content))

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], content_type: str | None = None) -> Upload:
        """Return an upload of a file; the content type is guessed from its name if it is not given."""
        import mimetypes

        if not isinstance(path, (str, os.PathLike)):
            raise Invalid(
                f"the path of an upload is text or a Path, not a value of type {type(path).__name__}", field="path"
            )
        file = Path(path)
        guessed = content_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return cls(file.name, guessed, _File(file), size=file.stat().st_size)


@frozen
class Rating(Portable):
    """What a customer thought: ``score`` in the vendor's own scale, ``label`` its word."""

    score: int | None = None
    label: str | None = None
    comment: str | None = field(default=None, repr=False)
    at: datetime | None = None


@frozen
class Identity(Portable):
    """Who a contact is in a network: ``kind`` is its word, such as telegram, ``value`` the id or name there."""

    kind: str
    value: str = field(repr=False)


@frozen
class Phone(Portable):
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


def _words(document: dict[str, Any]) -> list[str]:
    if document.keys() != {"values"} or not isinstance(document["values"], list):
        raise Invalid("what is added or removed is a list of texts", field="values")
    return document["values"]


@frozen(init=False)
class Add(Portable):
    """Add these to what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        _texts_alone(values, "Add")
        object.__setattr__(self, "values", values)

    @classmethod
    def __from_document__(cls, document: dict[str, Any]) -> Add:
        return cls(*_words(document))


@frozen(init=False)
class Remove(Portable):
    """Remove these from what is there; everything else stays."""

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        _texts_alone(values, "Remove")
        object.__setattr__(self, "values", values)

    @classmethod
    def __from_document__(cls, document: dict[str, Any]) -> Remove:
        return cls(*_words(document))
