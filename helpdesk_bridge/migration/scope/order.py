"""Order in which a migration takes its tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from helpdesk_bridge.migration.journal.spool import Spool
from helpdesk_bridge.migration.journal.states import Kind
from helpdesk_bridge.model.matching import natural_key
from helpdesk_bridge.model.records import Ticket
from helpdesk_bridge.model.values import Status

ORDER: Final = "order"
"""The name under which the journal keeps it."""
_OVER: Final = frozenset({Status.SOLVED, Status.CLOSED})
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)


class TicketOrder(Enum):
    """As the source lists them, all contacts before; or open and recent tickets first, each behind its contacts."""

    LISTED = "listed"
    OPEN_FIRST = "open-first"


def in_order(spool: Spool, order: TicketOrder) -> Iterator[Ticket]:
    """Yield the tickets that were read, one at a time."""
    if order is TicketOrder.LISTED:
        yield from spool.each(Kind.TICKET.value, Ticket)
        return
    for ticket_id in _open_first(spool):
        ticket = spool.get(Kind.TICKET.value, ticket_id, Ticket)
        if ticket is not None:
            yield ticket


def _open_first(spool: Spool) -> list[str]:
    """Return the ids: what is worked on before what is over, and of both what changed last."""
    known = [
        (
            ticket.status not in _OVER,
            ticket.updated_at or ticket.created_at or _NEVER,
            natural_key(ticket.id),
            ticket.id,
        )
        for ticket in spool.each(Kind.TICKET.value, Ticket)
    ]
    return [ticket_id for *_, ticket_id in sorted(known, reverse=True)]
