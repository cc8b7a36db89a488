"""What listings and threads cost: the formulas of docs/vendors/desk365.md, counted."""

from __future__ import annotations

from collections import Counter
from math import ceil

import pytest
from adapters.desk365.opened import opened
from desk365_http import message, ticket, with_tickets

from helpdesk_bridge import Order, TicketQuery

SHAPES = pytest.mark.parametrize("docs_shape", [False, True], ids=["recorded", "docs"])
EVERYTHING = frozenset({"description", "custom_fields", "rating"})


def listing_calls(tickets):
    """One call for the first hundred, and one for every 95 beyond: pages overlap by five rows."""
    return 1 + max(0, ceil((tickets - 100) / 95))


@pytest.fixture(scope="module")
def thousand():
    return with_tickets(
        *(
            ticket(
                number,
                requester=("mira", "tom")[number % 2],
                assignee=(None, "ada", "bob")[number % 3],
                group=("Network", None)[number % 2],
                custom_fields={"Order No": f"A-{number}"},
            )
            for number in range(1, 1001)
        )
    )


def counted(account):
    return Counter(one.operation for one in account.asked())


@SHAPES
def test_a_thousand_tickets_with_their_people_ask_for_each_list_once_and_for_no_contact(thousand, docs_shape):
    with opened(thousand, docs_shape=docs_shape, agents_endpoint=True, rate_limit=100_000) as account:
        desk = account.desk
        agents, groups, fields = desk.agents.list(), desk.groups.list(), desk.custom_fields.list()
        found = list(desk.tickets.list(TicketQuery(include=EVERYTHING)))
        assert len({one.id for one in found}) == 1000
        assert {one.requester.email for one in found} == {"Mira@client.example", "tom@mail.example"}
        assert {one.assignee.email for one in found if one.assignee} == {one.email for one in agents}
        assert {one.group.name for one in found if one.group} == {one.name for one in groups}
        assert {"Order No"} <= {one.name for one in fields}
        assert not desk.tags
        # One look at the newest tickets serves groups and custom fields.
        assert counted(account) == {"list_agents": 1, "list_tickets": 1 + listing_calls(1000)}


@SHAPES
@pytest.mark.parametrize("number", [0, 1, 100, 101, 195, 196, 290, 291])
def test_the_formula_of_a_listing_at_its_edges(thousand, docs_shape, number):
    few = with_tickets(*thousand.tickets[:number])
    with opened(few, docs_shape=docs_shape) as account:
        assert len(list(account.desk.tickets.list(TicketQuery(include=EVERYTHING)))) == number
        assert counted(account) == {"list_tickets": listing_calls(number)}
        assert account.desk.tickets.explain(TicketQuery()).calls is not None


def test_the_overlap_is_at_most_six_per_cent():
    for tickets in range(2_000, 1_000_000, 997):
        assert listing_calls(tickets) <= ceil(tickets / 100) * 1.06 + 1


@SHAPES
def test_tickets_with_bodies_fields_and_threads_take_the_least_calls_there_are(docs_shape):
    number, every = 120, 3
    tickets = tuple(
        ticket(one, messages=[message("ada", "Hi", one + 1)] if one % every == 0 else ())
        for one in range(1, number + 1)
    )
    with opened(with_tickets(*tickets), docs_shape=docs_shape, rate_limit=100_000) as account:
        desk = account.desk
        found = list(desk.tickets.list(TicketQuery(include=EVERYTHING)))
        threads = [list(desk.messages.list(one.id)) for one in found]
        assert [len(thread) for thread in threads] == [2 if one % every == 0 else 1 for one in range(1, number + 1)]
        # The documented shape does not tell how many messages follow.
        following = number if docs_shape else number // every
        assert counted(account) == {
            "list_tickets": listing_calls(number),
            "ticket_details": number,
            "ticket_conversations": following,
        }
        least = ceil(number / 100) + number + following
        assert len(account.asked()) <= least * 1.06


@pytest.mark.parametrize("order", list(Order))
def test_every_order_costs_the_same_but_for_a_last_look_at_what_was_changed(thousand, order):
    with opened(with_tickets(*thousand.tickets[:300])) as account:
        assert len(list(account.desk.tickets.list(TicketQuery(order=order)))) == 300
        again = 1 if order is Order.UPDATED_DESC else 0
        assert len(account.asked()) == listing_calls(300) + again


@SHAPES
def test_the_words_of_ratings_are_asked_for_once_a_survey(docs_shape):
    rated = tuple(ticket(one, status="closed", rating=(1, "Fine")) for one in range(1, 231))
    with opened(with_tickets(*rated), docs_shape=docs_shape, rate_limit=100_000) as account:
        found = list(account.desk.tickets.list(TicketQuery(include={"rating"})))
        assert {one.rating.label for one in found} == {"Extremely satisfied"}
        assert counted(account) == {"list_tickets": listing_calls(230), "survey_details": 1}
