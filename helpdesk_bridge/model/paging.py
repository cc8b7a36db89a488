"""Pages of records, what happened to them, and how a query divides into the part that a vendor answers and the part that the desk compares."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.records import Contact, Message, Ticket
from helpdesk_bridge.portable.kinds import kind_of
from helpdesk_bridge.portable.value import Portable

T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")

_RECORDS: Final[Mapping[str, type[Portable]]] = {kind_of(cls): cls for cls in (Ticket, Contact, Message)}


def _written(records: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [record.to_dict() for record in records]


def _read(documents: object) -> tuple[Any, ...]:
    if not isinstance(documents, list) or not all(isinstance(document, Mapping) for document in documents):
        raise Invalid("the items of a page are a list of records", field="items")
    kinds = [_RECORDS.get(document.get("object", "")) for document in documents]
    if None in kinds:
        raise Invalid(f"an item of a page is one of {', '.join(_RECORDS)}", field="items")
    return tuple(kind.from_dict(document) for kind, document in zip(kinds, documents, strict=True) if kind is not None)


@frozen
class Page(Portable, Generic[T_co]):
    """One page of a listing. ``next`` and ``previous`` are opaque cursors (text, may be stored), None at either end.

    ``total`` is the number of all matches, if the vendor gives it. An adapter's page is of the native part. Its
    ``previous`` leads to a page that holds what is right before this one and its first record, and may begin earlier;
    ``again`` says that what follows was listed before: it is read again for what moved meanwhile.
    """

    items: tuple[T_co, ...] = field(metadata={"json": ("items", _written, _read)})
    next: str | None = None
    total: int | None = None
    previous: str | None = None
    again: bool = False

    def holding(self, items: tuple[R, ...]) -> Page[R]:
        """Return the same page with other items, such as the records that its documents are read as."""
        return Page(items, self.next, self.total, self.previous, self.again)

    def __reduce__(self) -> tuple[Any, ...]:
        return Page, (self.items, self.next, self.total, self.previous, self.again)


@frozen
class RecordEvent(Portable):
    """A record was written: ``kind`` is ticket.created, ticket.updated, contact.… or message.created.

    ``at`` is when the desk says that it was written, ``ticket_id`` the ticket that a message belongs to. ``state`` stands
    for the record as it was then: no two events of a desk have the same ``key``.
    """

    kind: str
    id: str
    at: datetime
    ticket_id: str | None = None
    state: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, id and state: what tells this event from all others of its desk."""
        return (self.kind, self.id, self.state)


@frozen
class Events(Portable):
    """What happened after a cursor, oldest first, and the ``cursor`` to go on from: opaque text, to be stored.

    ``more`` says that a ``limit`` was reached: ask again at once.
    """

    items: tuple[RecordEvent, ...]
    cursor: str
    more: bool = False


@frozen
class QuerySplit:
    """How a query divides: ``native`` is the adapter's own value for the part that the vendor answers.

    ``fields`` names the query fields that the native part narrows; everything is compared again by the desk, so a
    native filter must only be documented or observed to return a superset. ``described`` is what is sent, for
    ``explain``. ``ordered`` says that pages come in the query's order; ``empty`` that nothing can match.
    """

    native: Any
    fields: frozenset[str] = frozenset()
    described: Mapping[str, str] = field(factory=dict)
    ordered: bool = True
    exact: bool = False
    empty: bool = False
    page_size: int = 100
