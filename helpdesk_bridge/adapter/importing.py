"""Importers: write old records in silence; what becomes of each field, what it costs, what may be mailed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, Protocol, runtime_checkable

from attrs import fields, frozen

from helpdesk_bridge.errors import (
    Invalid,
)
from helpdesk_bridge.model.paging import Page
from helpdesk_bridge.model.records import (
    Contact,
    Message,
    Ticket,
)
from helpdesk_bridge.model.values import (
    ActorKind,
    MessageKind,
    Upload,
    Visibility,
)
from helpdesk_bridge.text.plain import fold

MARKER_FIELD: Final = "Migration marker"
"""The text field for markers, as an administrator makes it at the vendor."""
MARKER_ALIAS: Final = "migration_marker"
"""The name in ``[desks.x.custom_fields]`` under which a configuration calls that field something else."""


def is_marker_field(name: str, configured: str | None = None) -> bool:
    """Whether a custom field is the one for markers, by its name at the vendor or by its alias.

    ``configured`` is what the configuration calls the field (``DeskContext.marker_field``).
    """
    return fold(name) in (fold(configured or MARKER_FIELD), MARKER_ALIAS)


class Provenance(Enum):
    """Where a vendor fact comes from."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


@frozen
class Hazard:
    """What a vendor's own automation may send during an import, and which setting stops it."""

    id: str
    what: str
    when: str
    stop: str
    provenance: Provenance


class Fidelity(Enum):
    """What becomes of a field: kept natively, written in the header line, changed into something similar, or lost."""

    NATIVE = "kept"
    HEADER_LINE = "header line"
    CHANGED = "changed"
    LOST = "lost"


@frozen
class FieldFidelity:
    """What becomes of a field, and why; ``to`` says what a changed one becomes.

    ``most`` is how many of several values are kept, the first ones (None: all); ``only`` the words that are kept, folded
    (None: any). Verification expects no more than that. ``otherwise`` is what becomes of a message's author whom the
    destination does not have or shows as disabled, and of that of an opening who is not the ticket's customer.
    """

    how: Fidelity
    why: str = ""
    to: str | None = None
    most: int | None = None
    only: frozenset[str] | None = None
    otherwise: FieldFidelity | None = None


class MessageClass(Enum):
    """The kinds of messages that importers treat differently."""

    OPENING_BY_CONTACT = "opening by the customer"
    OPENING_BY_AGENT = "opening by an agent"
    REPLY_BY_CONTACT = "reply by the customer"
    REPLY_BY_AGENT = "reply by an agent"
    NOTE = "internal note"
    AUTOMATIC = "automatic message"
    FORWARD = "forward"

    @classmethod
    def of(cls, message: Message) -> MessageClass:
        """Return the class of ``message``."""
        if message.visibility is Visibility.INTERNAL:
            return cls.NOTE  # one that opens a thread too: no ticket is opened with it
        by_contact = message.author.kind is ActorKind.CONTACT
        if message.opening:
            return cls.OPENING_BY_CONTACT if by_contact else cls.OPENING_BY_AGENT
        if message.kind is MessageKind.FORWARD:
            return cls.FORWARD
        if message.kind is MessageKind.AUTOMATIC or message.author.kind is ActorKind.SYSTEM:
            return cls.AUTOMATIC
        return cls.REPLY_BY_CONTACT if by_contact else cls.REPLY_BY_AGENT


@frozen(kw_only=True)
class Opening(Message):
    """What a ticket is opened with. Customers read it at every vendor, so it holds no internal text.

    Raises ``Invalid`` however an internal one is made, by ``evolve`` of a public one too.
    """

    opening: bool = True

    def __attrs_post_init__(self) -> None:
        if self.visibility is not Visibility.PUBLIC:
            raise Invalid(
                "an internal message cannot open a ticket, because customers read openings: open it with another text "
                "and write this one as a note",
                field="opening",
            )

    @classmethod
    def of(cls, message: Message) -> Opening:
        """Return ``message`` as an opening."""
        if isinstance(message, cls):
            return message
        values = {field.name: getattr(message, field.name) for field in fields(Message)}
        return cls(**{**values, "opening": True})


@frozen(kw_only=True)
class FidelityTable:
    """What an importer keeps. A field that is not named is lost; a note's visibility has to be kept natively.

    ``ticket`` and ``contact`` name fields of ``Ticket`` and ``Contact``; ``messages`` per class the fields author,
    created_at, visibility, kind, body, attachments, inline, cc, to. ``finished`` names what ``finish`` sets of a ticket beside
    status and priority and ``tickets.update`` does not: a later change of it reaches the destination.
    """

    ticket: Mapping[str, FieldFidelity]
    contact: Mapping[str, FieldFidelity]
    messages: Mapping[MessageClass, Mapping[str, FieldFidelity]]
    finished: frozenset[str] = frozenset()


@frozen
class Imported:
    """What ``importer.ticket`` created: the ticket's id, and the ids of the messages that its opening became.

    ``unfinished``: the ticket is not as it was to be, so that ``finish`` is called even if no message follows.
    """

    ticket_id: str
    message_ids: tuple[str, ...]
    unfinished: bool = False


@frozen
class Step:
    """A further call that a write takes: ``name`` says what it does, ``send`` makes the call and returns the ids of what it made.

    ``files`` are the places of the files that it carries. ``sets`` says that it sets values: one of unknown outcome is
    simply sent again. Any other is a create of its own, and is looked for before it is sent a second time.
    """

    name: str
    send: Callable[[], tuple[str, ...]]
    files: tuple[int, ...] = ()
    sets: bool = False


@frozen(kw_only=True)
class ImportCost:
    """What an import costs in budget units, for forecasts and for the lower bound in ``docs/explanation/calls.md``.

    ``message`` is one later message with up to ``files.count`` files; ``finish`` is charged for a ticket with at least
    one later message unless ``finish_always`` is set. ``inline`` is charged besides for a message with inline images.
    """

    contact: int
    ticket: int
    message: int
    finish: int
    finish_always: bool = False
    inline: int = 0


@frozen(kw_only=True)
class Marked:
    """A ticket as a list shows it, and the marker that it carries there.

    ``listed`` is False if lists do not show the place in which markers are written now, ``opening_listed`` if
    they do not show openings, in which a marker may stand that was written before there was another place.
    ``created_at`` is the time of creation that an import gave the ticket, natively or in its header line. ``by_api`` says
    whether it was made through the API, None if the vendor does not say.
    """

    ticket_id: str
    marker: str | None
    created_at: datetime | None = None
    by_api: bool | None = None
    listed: bool = True
    opening_listed: bool = True


class Importer(Protocol):
    """Writes old records in silence. Every call asks the vendor for silence and none is known to mail a customer."""

    @property
    @abstractmethod
    def hazards(self) -> tuple[Hazard, ...]:
        """What the account's own automation may send while an import runs."""

    @property
    @abstractmethod
    def settle(self) -> float:
        """Seconds (the vendor's) until the vendor's own reads show a write."""

    @property
    @abstractmethod
    def fidelity(self) -> FidelityTable:
        """What becomes of each field."""

    @property
    @abstractmethod
    def cost(self) -> ImportCost:
        """What an import costs in budget units."""

    @abstractmethod
    def contact(self, old: Contact, marker: str) -> tuple[str, ...]:
        """Write a contact in one create; return its ids. Raises ``Conflict`` if its address is taken.

        ``contact_steps`` tells what else there is to be sent.
        """

    @abstractmethod
    def contact_steps(self, contact_id: str, old: Contact, *, look: bool) -> tuple[Step, ...]:
        """Return the further calls that a contact takes whose create is done: none where one call writes all of it.

        Each sets values. They are sent when all tickets are written. ``look`` as in ``message_steps``.
        """

    @abstractmethod
    def ticket(self, old: Ticket, opening: Opening, files: Sequence[Upload], marker: str) -> Imported:
        """Write a ticket with its opening message in one create; people, groups, statuses and fields are the destination's.

        So is an id that a person or a group has. One that the desk does not know must not be kept: it may be given to
        another person later.
        """

    @abstractmethod
    def message(self, ticket_id: str, old: Message, files: Sequence[Upload]) -> tuple[str, ...]:
        """Write a later message; return its ids, several if it became several.

        An internal one is written where agents read it and customers do not: by itself, and never into the opening or
        another public message.
        """

    @abstractmethod
    def message_steps(
        self, ticket_id: str, ids: Sequence[str], old: Message, files: Sequence[Upload], *, look: bool
    ) -> tuple[Step, ...]:
        """Return the further calls that a message takes, an opening too, whose create is done; ``ids`` are those it has.

        None where one call writes all of it, without a call. With ``look`` nothing is known of the time since the create: the
        destination is looked at, and only what is missing there is returned. Without, the create was sent a moment ago by
        this importer and nothing since.
        """

    @abstractmethod
    def finish(self, ticket_id: str, old: Ticket) -> None:
        """Put the ticket into its final state: whatever the messages' writing may have changed."""

    @abstractmethod
    def find(self, kind: str, marker: str, since: datetime, old: Ticket | Contact) -> tuple[str, ...]:
        """Return the ids of the ``ticket`` or ``contact`` that carry ``marker``.

        Only what was written since ``since`` (the vendor's clock) is looked at. ``old`` is the record as it was passed for
        writing: it bounds the search. Whoever asks compares what is found: a marker can be copied.
        """

    @abstractmethod
    def marked(self, cursor: str | None = None) -> Page[Marked]:
        """Return one page of all tickets with the markers that they carry; no call is made for a single ticket.

        Merged tickets and spam are among them, deleted ones are not. ``total`` is their number, if known.
        """

    @abstractmethod
    def tail(self, ticket_id: str, n: int) -> tuple[Message, ...]:
        """Return the last ``n`` messages of a thread, oldest first, as the vendor has them."""


@runtime_checkable
class Rewriter(Protocol):
    """What an importer can do besides if its vendor lets messages be changed: one that was edited at the source follows."""

    @abstractmethod
    def rewrite(self, ticket_id: str, message_id: str | None, old: Message, files: Sequence[Upload]) -> None:
        """Give a message that this importer wrote the text of ``old``, with the same lines as ``message`` and ``ticket`` write.

        ``message_id`` is None for the opening, whose marker stays. ``files`` are those that the message has already: they
        are not written again. It sets values, so that one of unknown outcome is simply sent again.
        """


class Removal(Protocol):
    """Removes records that this library made."""

    @abstractmethod
    def ticket(self, ticket_id: str) -> None:
        """Remove a ticket for good."""

    @abstractmethod
    def contact(self, contact_id: str) -> None:
        """Remove a contact for good."""


@runtime_checkable
class Trash(Protocol):
    """What a removal can do besides if its vendor has a trash, from which people bring records back."""

    @abstractmethod
    def trash_ticket(self, ticket_id: str) -> None:
        """Move a ticket to the trash: from then on it is ``deleted``. One that is there stays there."""

    @abstractmethod
    def trash_contact(self, contact_id: str) -> None:
        """Move a contact to the deleted ones: from then on it is ``deleted``."""
