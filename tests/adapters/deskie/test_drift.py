"""Full scans over the simulator while it is written to between the pages."""

from __future__ import annotations

import pytest

from helpdesk_bridge import ContactQuery, Order, TicketChange, TicketDraft, TicketQuery

ALL = {"spam", "deleted", "merged"}


@pytest.mark.parametrize("bounds", ["inclusive", "exclusive"])
@pytest.mark.parametrize("order", Order)
def test_no_ticket_that_stays_is_lost_while_others_come_go_and_change(in_process_account, order, bounds):
    with in_process_account(tickets=520, settings={"time_bounds": bounds}) as (desk, _app):
        before = {ticket.id for ticket in desk.tickets.list(TicketQuery(include=ALL), resolve=False)}
        going = sorted(before, key=int)[::9]
        staying = sorted(before - set(going), key=int)
        seen, turn = set(), 0
        for number, ticket in enumerate(desk.tickets.list(TicketQuery(include=ALL, order=order), resolve=False)):
            seen.add(ticket.id)
            if number % 90 != 89:
                continue
            for _ in range(4):
                if going:
                    desk.removal.ticket(going.pop())
            desk.tickets.create(TicketDraft(subject=f"new {turn}", description="d", requester="new@x.io"))
            # The turns end, as they do in an account where fewer tickets change than are read.
            if turn < 40:
                desk.tickets.update(staying[(turn * 37) % len(staying)], TicketChange(subject=f"changed {turn}"))
            turn += 1
        assert set(staying) <= seen


@pytest.mark.parametrize("order", Order)
def test_no_contact_that_stays_is_lost_while_others_come_and_go(in_process_account, order):
    with in_process_account(tickets=700) as (desk, _app):
        everybody = ContactQuery(include={"blocked", "deleted"}, order=order)
        before = {contact.id for contact in desk.contacts.list(everybody)}
        assert len(before) > 300
        going = sorted(before, key=int)[::9]
        staying = before - set(going)
        seen, cursor = set(), None
        listing = desk.contacts.list(everybody)
        while True:
            page = listing.page(cursor)
            seen |= {row.id for row in page.items}
            if page.next is None:
                break
            cursor = page.next
            for _ in range(3):
                if going:
                    desk.removal.contact(going.pop())
        assert staying <= seen
