"""How many calls reading costs, by the formula in docs/vendors/deskie.md ("What reading costs")."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest

from helpdesk_bridge import ContactQuery, TicketQuery
from helpdesk_bridge.datasets.generator import generate

ALL = TicketQuery(include={"spam", "deleted", "merged", "custom_fields"})
PAGE = 100
TICKETS = 300
LISTS = ("/api/staff.json", "/api/groups.json", "/api/labels.json", "/api/custom_fields.json")


@pytest.fixture(scope="module")
def thousand():
    return generate(1000, 1)


def counted(app):
    return Counter(request.path for request in app.requests.snapshot())


def test_a_thousand_tickets_ask_each_list_once_and_each_contact_at_most_once(in_process_account, thousand):
    with in_process_account(thousand) as (desk, app):
        tickets = list(desk.tickets.list(ALL))
        assert len(tickets) == 1000
        assert all(ticket.requester.name or ticket.requester.email or ticket.requester.phone for ticket in tickets)
        assert any(ticket.tags for ticket in tickets)
        assert all(ticket.assignee is None or ticket.assignee.email for ticket in tickets)
        assert all(ticket.group is None or ticket.group.name for ticket in tickets)
        asked = counted(app)
        assert [asked.pop(path) for path in LISTS if path in asked] == [1] * len(LISTS)
        # Every page but the last holds its last second back, which comes again with the next one.
        assert asked.pop("/api/cases.json") <= ceil(1000 / PAGE) + 1
        # All users together take fewer calls than each customer by itself.
        people = {ticket.requester.id for ticket in tickets}
        assert asked.keys() <= {"/api/users.json"} | {f"/api/users/{one}.json" for one in people}
        assert sum(asked.values()) <= min(len(people), ceil(len(app.account.users) / PAGE))
        before = len(app.requests.snapshot())
        again = list(desk.tickets.list(ALL, resolve=False))
        assert len(again) == 1000
        assert len(app.requests.snapshot()) - before <= ceil(1000 / PAGE) + 1


def test_bodies_fields_and_threads_cost_the_least_and_no_more_than_6_percent_over_it(in_process_account):
    with in_process_account(generate(TICKETS, 2)) as (desk, app):
        everybody = {contact.id for contact in desk.contacts.list(ContactQuery(include={"blocked", "deleted"}))}
        contacts = sum(counted(app).values())
        threads = {}
        for ticket in desk.tickets.list(ALL):
            threads[ticket.id] = list(desk.messages.list(ticket.id))
        assert all(thread[0].opening and (thread[0].body.text or thread[0].body.html) for thread in threads.values())
        messages = [len(app.account.messages[int(ticket_id)]) for ticket_id in threads]
        assert [len(thread) for thread in threads.values()] == messages
        least = ceil(TICKETS / PAGE) + sum(ceil(count / PAGE) for count in messages) + len(LISTS)
        spent = sum(counted(app).values()) - contacts
        assert least <= spent <= least * 1.06
        # Contacts that were listed are not asked for again; their list has no known sort, so it is read by windows.
        assert not any(path.startswith("/api/users/") for path in counted(app))
        assert contacts <= 2 * ceil(len(everybody) / PAGE) + 5


def test_loading_everything_of_a_ticket_costs_two_calls_and_a_description_in_a_list_one(in_process_account):
    with in_process_account(generate(30, 1)) as (desk, app):
        tickets = list(desk.tickets.list(TicketQuery(include={*ALL.include, "description"}), resolve=False))
        assert len(tickets) == 30
        asked = counted(app)
        assert asked["/api/cases.json"] == 1
        assert sum(count for path, count in asked.items() if path.endswith("/messages.json")) == 30
        desk.tickets.get(tickets[0].id)
        before = len(app.requests.snapshot())
        desk.tickets.get(tickets[0].id)
        assert len(app.requests.snapshot()) - before == 2
