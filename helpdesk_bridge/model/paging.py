"""Pages of records, and how a query divides into the part that a vendor answers and the part that the desk compares."""

from __future__ import annotations

from collections.abc import Mapping
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
