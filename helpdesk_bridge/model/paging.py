"""Pages of records, what happened to them, and how a query divides into the part that a vendor answers and the part that the desk compares."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from attrs import field, frozen

T_co = TypeVar("T_co", covariant=True)


@frozen
class Page(Generic[T_co]):
    """One page of a listing. ``next`` is an opaque cursor (text, may be stored), None on the last page.

    ``total`` is the number of all matches of the native part if the vendor gives it.
    """

    items: tuple[T_co, ...]
    next: str | None = None
    total: int | None = None


@frozen
class RecordEvent:
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
class Events:
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
