"""People at a glance: a listing asks for the people it names in the cheapest way that Deskie has."""

from collections import Counter
from math import ceil

import pytest
from conformance.accounts import IN_PROCESS, simulated

from helpdesk_bridge import TicketDraft

PAGE = 100
LISTS = 4
"""Agents, groups, labels and custom fields, each once."""


def filled(account, tickets, customers, others=0):
    desk = account.desk
    for number in range(others):
        desk.contacts.create(name=f"Other {number}", emails=(f"o{number}@example.com",))
    for number in range(tickets):
        desk.tickets.create(TicketDraft(subject="x", description="x", requester=f"c{number % customers}@example.com"))
        account.clock.advance(2)
    return account.reopen()  # knows nobody yet


def cost(account, call):
    """Return what a call returns, and the requests it made by what they ask for."""
    before = len(account.simulator.requests.snapshot())
    result = call()
    asked = [request.path for request in account.simulator.requests.snapshot()[before:]]
    return result, Counter("user" if "/users/" in path else path.split("/")[2].split(".")[0] for path in asked)


@pytest.fixture
def account():
    with simulated("deskie", IN_PROCESS, settings={"rate_limit": 100_000}) as account:
        yield account


@pytest.mark.parametrize(
    ("tickets", "customers", "others"),
    [(201, 200, 0), (120, 3, 0), (5, 5, 40), (30, 20, 350), (150, 2, 400), (1, 1, 200)],
)
def test_a_complete_listing_costs_pages_and_the_cheaper_way_to_its_people(account, tickets, customers, others):
    desk = filled(account, tickets, customers, others)
    found, asked = cost(account, lambda: desk.tickets.list().all())
    assert {ticket.requester.email for ticket in found} == {f"c{number}@example.com" for number in range(customers)}
    people = asked["user"] + asked["users"]
    users = customers + others
    # Where few are named among many users, one call has told how many there are.
    assert people <= min(customers, ceil(users / PAGE)) + (customers < ceil(users / PAGE) and customers > 1)
    # Every page but the last holds its last second back, which comes again with the next one.
    assert asked["cases"] <= ceil(tickets / PAGE) + 1
    assert sum(asked.values()) - people - asked["cases"] <= LISTS


def test_a_second_listing_asks_for_nobody(account):
    desk = filled(account, 20, 20)
    desk.tickets.list().all()
    assert cost(account, lambda: desk.tickets.list().all())[1].keys() <= {"cases"}


def test_the_first_of_many_costs_one_person(account):
    desk = filled(account, 130, 130)
    _, asked = cost(account, lambda: desk.tickets.list().first())
    assert asked["user"] + asked["users"] == 1
    assert asked["cases"] == 1


def test_streaming_asks_for_people_as_they_come(account):
    desk = filled(account, 60, 60, 300)
    stream = iter(desk.tickets.list())
    _, asked = cost(account, lambda: next(stream))
    assert asked["cases"] == 1
    assert asked["user"] + asked["users"] <= ceil(360 / PAGE)


@pytest.mark.parametrize("size", [1, 5, 20])
def test_a_page_asks_for_no_more_people_than_it_shows(account, size):
    desk = filled(account, 30, 30, 10)
    page, asked = cost(account, lambda: desk.tickets.list().page(size=size))
    assert len(page.items) == size
    assert all(ticket.requester.email for ticket in page.items)
    assert asked["user"] + asked["users"] <= size


def test_nobody_is_asked_for_where_names_are_not_wanted(account):
    desk = filled(account, 10, 10)
    assert cost(account, lambda: desk.tickets.list(resolve=False).all())[1].keys() <= {"cases", "labels"}


def test_who_came_after_the_list_was_read_is_asked_for(account):
    desk = filled(account, 10, 10)
    desk.tickets.list().all()
    with account.reopen() as other:
        other.tickets.create(TicketDraft(subject="x", description="x", requester="new@example.com"))
    assert "new@example.com" in {ticket.requester.email for ticket in desk.tickets.list()}
