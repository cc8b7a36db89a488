"""Listings over several pages: nothing lost, nothing twice, in order, also while records come, change and go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from helpdesk_bridge.errors import Invalid
from helpdesk_bridge.model.drafts import TicketChange
from helpdesk_bridge.model.matching import sort_key
from helpdesk_bridge.model.queries import ContactQuery, Order, TicketQuery
from helpdesk_bridge.model.values import Status
from helpdesk_bridge.ports import Helpdesk
from helpdesk_bridge.testing.conformance.drafts import contact_draft, make
from helpdesk_bridge.testing.conformance.selection import needs

_USUAL_PAGE = 100
_EVERY = 15


def over_a_page(desk: Helpdesk) -> int:
    """Return a number of records that fills more than one page of this desk."""
    return (desk.capabilities.page_size or _USUAL_PAGE) + 7


@needs("tickets.create", "tickets.list")
def test_no_ticket_is_lost_between_pages(helpdesk: Helpdesk) -> None:
    """A list of several pages holds every ticket once, in the order of every query."""
    created = {make(helpdesk, f"c{number}").id for number in range(over_a_page(helpdesk))}
    for order in Order:
        listed = list(helpdesk.tickets.list(TicketQuery(order=order), resolve=False))
        ids = [ticket.id for ticket in listed]
        assert len(set(ids)) == len(ids), "a ticket came twice"
        assert set(ids) == created, f"{len(created - set(ids))} tickets of {len(created)} are missing"
        ordered = sorted(listed, key=sort_key(order), reverse=order.descending)
        assert ids == [one.id for one in ordered], f"not in the order {order.value}"


@needs("contacts.create", "contacts.list")
def test_no_contact_is_lost_between_pages(helpdesk: Helpdesk) -> None:
    """The same for contacts."""
    total = over_a_page(helpdesk)
    created = {helpdesk.contacts.create(contact_draft(helpdesk, f"c{number}")).id for number in range(total)}
    for order in (Order.CREATED_ASC, Order.UPDATED_DESC):
        listed = list(helpdesk.contacts.list(ContactQuery(order=order)))
        assert len({contact.id for contact in listed}) == len(listed), "a contact came twice"
        assert {contact.id for contact in listed} == created


@needs("tickets.create", "tickets.list")
@pytest.mark.parametrize("order", list(Order), ids=lambda one: one.value)
def test_page_by_page_holds_every_ticket_once(helpdesk: Helpdesk, order: Order) -> None:
    """``page(cursor, size)`` walks the whole list in pages as large as asked, and back; cursors are text."""
    created = [make(helpdesk, f"c{number}").id for number in range(23)]
    size, pages, cursor = 5, [], None
    for _ in range(len(created) + 1):
        # A web page asks with a listing of its own.
        pages.append(helpdesk.tickets.list(order=order, resolve=False).page(cursor, size))
        cursor = pages[-1].next
        assert cursor is None or isinstance(cursor, str)
        if cursor is None:
            break
    assert cursor is None, "the pages never end"
    found = [one.id for page in pages for one in page.items]
    assert sorted(found) == sorted(created), "a ticket is missing, or came twice"
    assert [len(page.items) for page in pages[:-1]] == [size] * (len(pages) - 1), "a page is not as large as asked"
    assert {page.total for page in pages} <= {None, len(created)}
    back = pages[-1]
    for page in reversed(pages[:-1]):
        back = helpdesk.tickets.list(order=order, resolve=False).page(back.previous, size)
        assert back.items == page.items, "the previous page is another one"
    assert back.previous is None


@needs("tickets.create", "tickets.list", "contacts.list", "messages.list")
def test_a_foreign_cursor_is_refused(helpdesk: Helpdesk) -> None:
    """A foreign cursor raises ``Invalid``; it is neither a crash nor the first page."""
    ticket = make(helpdesk)
    for cursor in ("nonsense", "", "{}", '["a"]', "-1", "99999999999999999999"):
        with pytest.raises(Invalid):
            helpdesk.tickets.list().page(cursor, 5)
        with pytest.raises(Invalid):
            helpdesk.contacts.list().page(cursor, 5)
        # A thread that always is one page has no cursors that could be wrong.
        with suppress(Invalid):
            helpdesk.messages.list(ticket.id).page(cursor, 5)


@needs("tickets.create", "tickets.list")
def test_a_limit_is_kept(helpdesk: Helpdesk) -> None:
    """``limit`` yields the first records of either order."""
    for number in range(5):
        make(helpdesk, f"c{number}")
    for order in (Order.CREATED_ASC, Order.CREATED_DESC):
        whole = [ticket.id for ticket in helpdesk.tickets.list(TicketQuery(order=order))]
        for limit in (0, 1, 3, 5, 9):
            query = TicketQuery(order=order, limit=limit)
            assert [ticket.id for ticket in helpdesk.tickets.list(query)] == whole[:limit], f"limit {limit}"


@needs("tickets.create", "tickets.list")
def test_a_small_limit_costs_one_page(helpdesk: Helpdesk, calls: Callable[[], int]) -> None:
    """Reading two tickets costs one page."""
    for number in range(4):
        make(helpdesk, f"c{number}")
    before = calls()
    list(helpdesk.tickets.list(TicketQuery(limit=2), resolve=False))
    assert calls() - before <= 2, "more requests than for one page and its reference lists"  # noqa: PLR2004 - a list once


@needs("tickets.create", "tickets.list", "contacts.list")
def test_count_is_exact_or_none(helpdesk: Helpdesk) -> None:
    """``count`` is the length of the list, or None if only reading the whole list could tell."""
    for number in range(6):
        make(helpdesk, f"c{number}")
    assert helpdesk.tickets.list().count() in (None, 6)
    assert helpdesk.tickets.list(TicketQuery(limit=4)).count() in (None, 4)
    assert helpdesk.tickets.list(TicketQuery(subject="About c1")).count() in (None, 1)
    assert helpdesk.contacts.list().count() in (None, len(list(helpdesk.contacts.list())))


@needs("tickets.create", "tickets.list")
def test_a_listing_can_be_read_again(helpdesk: Helpdesk) -> None:
    """Iterating again reads the list again, with new records."""
    make(helpdesk, "ann")
    listing = helpdesk.tickets.list()
    assert len(list(listing)) == 1
    make(helpdesk, "bob")
    assert len(list(listing)) == 2  # noqa: PLR2004 - both


@needs("tickets.create", "tickets.list")
@pytest.mark.parametrize("order", list(Order), ids=lambda one: one.value)
def test_no_ticket_is_lost_while_others_come_and_go(helpdesk: Helpdesk, order: Order) -> None:
    """Between pages tickets are created, changed and, if this desk can, removed."""
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
    assert not lost, f"{len(lost)} tickets that existed all the time were not listed"


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
