"""Lists that are read while records come, change and go."""

from __future__ import annotations

import pytest

from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.model.queries import Order, TicketQuery
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.areas.paging import over_a_page
from helpdesk_bridge.testing.conformance.drafts import make
from helpdesk_bridge.testing.conformance.selection import needs

_EVERY = 15


@needs("tickets.create", "tickets.list")
@pytest.mark.parametrize("order", list(Order), ids=lambda one: one.value)
def test_no_ticket_is_lost_while_others_come_and_go(helpdesk: Helpdesk, order: Order) -> None:
    """Between pages tickets are created, changed and, where this desk can, removed."""
    first = [make(helpdesk, f"c{number}").id for number in range(over_a_page(helpdesk))]
    gone: set[str] = set()
    found: list[str] = []
    listing = helpdesk.tickets.list(TicketQuery(order=order), resolve=False)
    for number, ticket in enumerate(listing):
        found.append(ticket.id)
        if number % _EVERY == 0:
            gone |= _move(helpdesk, first, number)
        assert number < 4 * len(first), "the listing never ends"
    assert len(set(found)) == len(found), "a ticket came twice"
    lost = set(first) - gone - set(found)
    assert not lost, f"{len(lost)} tickets that were there all the time were not listed"


def _move(desk: Helpdesk, first: list[str], number: int) -> set[str]:
    """Create one, change one from either end, and remove one."""
    make(desk, f"new{number}")
    if "status" in desk.capabilities.ticket_update:
        statuses = list(desk.capabilities.statuses) or [Status.OPEN]
        step = number // _EVERY
        for ticket_id in (first[step], first[-1 - step]):
            desk.tickets.update(ticket_id, TicketChange(status=statuses[step % len(statuses)]))
    if not desk.removal:
        return set()
    victim = first[len(first) // 2 + number // _EVERY]
    desk.removal.ticket(victim)
    return {victim}
