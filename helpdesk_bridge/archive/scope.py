"""Scope: which tickets of a desk are read."""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve, field, frozen

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.queries import Order, Period, TicketQuery
from helpdesk_bridge.portable.value import short_document
from helpdesk_bridge.text.plain import digest

EVERYTHING: Final = frozenset({"spam", "deleted", "merged", "custom_fields", "rating"})
"""Nothing is left out because of a flag: the flags are read with the records."""


def _query(given: TicketQuery) -> TicketQuery:
    if not isinstance(given, TicketQuery):
        raise Invalid(f"a scope takes a TicketQuery, not a value of type {type(given).__name__}", field="query")
    order = Order.CREATED_ASC if given.limit is None else Order.CREATED_DESC
    return evolve(given, include=given.include | EVERYTHING, order=order)


@frozen
class Scope:
    """Which tickets. ``query`` says it as a list of tickets is asked for; its limit takes the newest.

    Spam, tickets in the trash and merged ones are always read, with their flags. The contacts of a scope are those that
    its tickets name.
    """

    query: TicketQuery = field(factory=TicketQuery, converter=_query)

    @property
    def everything(self) -> bool:
        """Whether all tickets of the desk are meant."""
        return self.query == Scope().query

    def document(self) -> dict[str, Any]:
        """Return the scope as plain JSON; nothing for everything."""
        document = short_document(self.query)
        return {name: value for name, value in document.items() if name not in ("object", "include", "order")}

    def digest(self) -> str:
        """Return what tells this scope from others."""
        import json

        return digest(json.dumps(_sorted(self.document()), sort_keys=True))

    def changed(self, updated: Period | None) -> TicketQuery:
        """Return the query of the tickets that changed in a period; None is all of them."""
        if updated is None:
            return self.query
        own = self.query.updated
        start = updated.start if own is None or own.start is None else max(own.start, updated.start or own.start)
        return evolve(self.query, updated=Period(start, None if own is None else own.end))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(one) for name, one in value.items()}
    return sorted(map(str, value)) if isinstance(value, list) else value
