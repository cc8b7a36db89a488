"""The desk over the simulator: both fronts, both shapes of answers."""

from __future__ import annotations

import itertools
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from adapters.desk365.opened import FRONTS, IN_PROCESS, SERVER, opened
from attrs import evolve
from desk365_http import START, message, ticket, with_tickets
from werkzeug.test import Client

from helpdesk_bridge import NONE, ContactQuery, Match, Order, Priority, Status, TicketDraft, TicketQuery
from helpdesk_bridge.adapter import AuthenticationFailed, HelpdeskError, NotFound, RateLimited
from helpdesk_bridge.datasets.dataset import Dataset, SeedPerson
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.model.matching import ticket_matches
from helpdesk_bridge_desk365.simulator import FOREIGN_API_KEY

STATUSES = ("open", "pending", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
GROUPS = (None, "Network", '"Sales" Department', "a\\b")
TYPES = (None, "Question", "Customer's Request")
CATEGORIES = ((None, None), ("Billing", None), ("Billing", "Refund"), ("Müşteri 🚚", "İade"))
CHANNELS = ("email", "phone", "portal", "web_form")


def varied(number: int):
    category, subcategory = CATEGORIES[number % 4]
    return ticket(
        number,
        requester=("mira", "tom")[number % 2],
        assignee=(None, "ada", "bob")[number % 3],
        status=STATUSES[number % 4],
        priority=PRIORITIES[(number // 2) % 4],
        group=GROUPS[(number // 3) % 4],
        type=TYPES[number % 3],
        category=category,
        subcategory=subcategory,
        channel=CHANNELS[(number // 5) % 4],
        updated_at=START + timedelta(minutes=1000 - number),
        custom_fields={"Order No": f"A-{number % 7}", "Escalated": number % 2 == 0},
    )


def varied_account(number: int = 60) -> Dataset:
    return with_tickets(*(varied(one) for one in range(1, number + 1)))


def plain_account(number: int, **facts) -> Dataset:
    return with_tickets(*(ticket(one, **facts) for one in range(1, number + 1)))


@pytest.fixture(
    params=list(itertools.product(FRONTS, (False, True))),
    ids=lambda one: f"{one[0]}-{'docs' if one[1] else 'recorded'}",
)
def account(request):
    front, docs_shape = request.param
    with opened(varied_account(), front, docs_shape=docs_shape, rate_limit=100_000) as opened_desk:
        yield opened_desk


def ids(listing) -> list[str]:
    return [one.id for one in listing]


def numbers(listing) -> list[int]:
    """Which seeded tickets these are: the vendor's own numbers have gaps."""
    return [int(one.subject.removeprefix("Subject ")) for one in listing]


@pytest.mark.parametrize("front", FRONTS)
def test_a_full_listing_of_205_uses_three_calls(front):
    with opened(plain_account(205), front) as account:
        assert numbers(account.desk.tickets.list()) == list(range(1, 206))
        assert len(account.asked("list_tickets")) == len(account.asked()) == 3
        assert parse_qs(account.asked()[0].query)["ticket_count"] == ["100"]
        assert account.desk.tickets.list().count() == 205
        assert account.query()["ticket_count"] == "30"


@pytest.mark.parametrize("order", list(Order))
def test_every_order(account, order):
    found = list(account.desk.tickets.list(TicketQuery(order=order)))
    assert len(found) == 60
    moments = [one.updated_at if order.by_update else one.created_at for one in found]
    assert moments == sorted(moments, reverse=order.descending)
    assert account.query(0)["order_type"] == ("desc" if order.descending else "asc")


SINGLE_FILTERS = [
    {"statuses": {Status.OPEN, Status.CLOSED}},
    {"statuses": "pending"},
    {"priorities": {Priority.URGENT, Priority.LOW}},
    {"priorities": "high"},
    {"type": "Customer's Request"},
    {"type": "customer's REQUEST"},
    {"type": {NONE, "Question"}},
    {"groups": '"Sales" Department'},
    {"groups": {"a\\b", NONE}},
    {"groups": "network"},
    {"assignee": "ada@desk.example"},
    {"assignee": {"BOB@DESK.EXAMPLE", NONE}},
    {"assignee": NONE},
    {"category": "Müşteri 🚚"},
    {"category": NONE},
    {"subcategory": "İade"},
    {"subcategory": {"refund"}},
    {"channels": {"phone", "portal"}},
    {"requester": "MIRA@client.example"},
    {"custom_fields": {"Order No": {"A-1", "A-2"}, "Escalated": True}},
    {"subject": Match("subject 1", "prefix")},
    {"tags": NONE},
    {"statuses": {Status.UNKNOWN, Status.OPEN}},
]


@pytest.mark.parametrize("filters", SINGLE_FILTERS, ids="-".join)
def test_each_filter_equals_a_plain_one(account, filters):
    everything = list(account.desk.tickets.list(TicketQuery(include={"custom_fields"})))
    query = TicketQuery(**filters)
    expected = [one.id for one in everything if ticket_matches(query, one)]
    assert ids(account.desk.tickets.list(query)) == expected
    assert 0 < len(expected) <= 60


def test_all_filters_together_equal_a_plain_one(account):
    everything = list(account.desk.tickets.list(TicketQuery(include={"custom_fields"})))
    one = everything[7]
    query = TicketQuery(
        statuses=one.status,
        priorities=one.priority,
        type=one.type or NONE,
        groups=one.group.name if one.group else NONE,
        assignee=one.assignee.email if one.assignee else NONE,
        category=one.category or NONE,
        subcategory=one.subcategory or NONE,
        channels=one.channel,
        requester=one.requester.email,
    )
    expected = [other.id for other in everything if ticket_matches(query, other)]
    assert ids(account.desk.tickets.list(query)) == expected
    assert one.id in expected
    assert len(parse_qs(account.asked()[-1].query)["filters"][0].split(":[")) == 10


@pytest.mark.parametrize(("escaped", "calls"), [("accept", 1), ("refuse", 2), ("require", 1)])
def test_the_documented_escape_and_its_fallback(escaped, calls):
    with opened(varied_account(), escaped_quote=escaped) as account:
        query = TicketQuery(type="Customer's Request")
        assert len(ids(account.desk.tickets.list(query))) == 20
        assert len(account.asked()) == calls
        assert len(ids(account.desk.tickets.list(query))) == 20
        assert len(account.asked()) == calls + 1


@pytest.mark.parametrize("form", ["bare", "unicode"])
def test_the_other_forms_are_chosen_by_a_setting(form):
    with opened(varied_account(), escaped_quote="refuse", table={"single_quotes": form}) as account:
        assert len(ids(account.desk.tickets.list(TicketQuery(type="Customer's Request")))) == 20
        assert len(account.asked()) == 1


@pytest.mark.parametrize("since", ["after", "since"])
def test_two_tickets_of_one_second_are_both_found(since):
    moment = START + timedelta(hours=3)
    twins = [
        ticket(1, updated_at=moment),
        ticket(2, updated_at=moment),
        ticket(3, updated_at=moment - timedelta(seconds=2)),
    ]
    with opened(with_tickets(*twins), updated_since=since) as account:
        for query in (
            TicketQuery(updated=(moment, None)),
            TicketQuery(updated=(moment, moment + timedelta(seconds=1))),
        ):
            assert ids(account.desk.tickets.list(query)) == ["1", "2"]
        assert "updated_since" in account.query()
        late = TicketQuery(updated=(moment + timedelta(microseconds=1), None))
        assert ids(account.desk.tickets.list(late)) == []


def test_a_period_of_creation_is_narrowed_and_ends_early():
    with opened(plain_account(400)) as account:
        start, end = START + timedelta(minutes=10), START + timedelta(minutes=20)
        assert numbers(account.desk.tickets.list(TicketQuery(created=(start, end)))) == list(range(10, 20))
        assert len(account.asked()) == 1
        newest = TicketQuery(created=(start, None), limit=2, order=Order.CREATED_DESC)
        assert numbers(account.desk.tickets.list(newest)) == [400, 399]


def test_an_empty_text_comes_back_as_none_and_loaded(account):
    made = account.desk.tickets.create(
        TicketDraft(subject="S", description="d", requester="new@client.example", custom_fields={"Order No": ""})
    )
    found = account.desk.tickets.get(made.id)
    assert (found.custom_fields["Order No"], found.type, found.group) == (None, None, None)
    assert not {"custom_fields", "type", "group"} & found.not_loaded


def test_what_a_listing_loads_and_what_details_add(account):
    desk = account.desk
    bare = next(iter(desk.tickets.list(TicketQuery(limit=1))))
    assert {"description", "custom_fields", "rating", "attachments"} <= bare.not_loaded
    full = next(iter(desk.tickets.list(TicketQuery(limit=1, include={"description", "custom_fields", "rating"}))))
    assert not {"description", "custom_fields", "rating"} & full.not_loaded
    got = desk.tickets.get(bare.id)
    assert got.description.text == full.description.text == "Opening 1"
    assert got.custom_fields == full.custom_fields
    assert got.sla.name == "Standard sla"
    assert "sla" not in got.not_loaded


@pytest.mark.parametrize("docs_shape", [False, True])
def test_both_shapes_give_the_same_ticket_where_both_tell(docs_shape):
    with (
        opened(varied_account(5), docs_shape=docs_shape) as one,
        opened(varied_account(5), docs_shape=not docs_shape) as other,
    ):
        include = TicketQuery(include={"description", "custom_fields"})
        for left, right in zip(one.desk.tickets.list(include), other.desk.tickets.list(include), strict=True):
            missing = left.not_loaded | right.not_loaded | {"not_loaded"}
            blank = dict.fromkeys(missing - {"not_loaded", "rating", "cc", "attachments"})
            blank |= {"not_loaded": frozenset(), "cc": (), "attachments": ()}
            names = {"requester": evolve(left.requester, name=None)}
            assert evolve(left, **blank, **names) == evolve(right, **blank, **names)


def survey(account, number: int, **answer) -> None:
    assert Client(account.simulator).post("/_sim/surveys", json={"ticket_number": number, **answer}).status_code == 201


@pytest.mark.parametrize("docs_shape", [False, True])
def test_ratings_and_one_call_for_the_words_of_a_hundred(docs_shape):
    with opened(plain_account(100), docs_shape=docs_shape) as account:
        real = [int(one.id) for one in account.desk.tickets.list()]
        survey(account, real[1])
        for number in real[2:]:
            survey(account, number, rating=-3)
            survey(account, number, rating=3, comment="Fine")
        account.simulator.requests.clear()
        found = list(account.desk.tickets.list(TicketQuery(include={"rating"})))
        assert found[0].rating is None
        assert "rating" not in found[0].not_loaded
        assert (found[1].rating.score, found[1].rating.label, found[1].rating.at) == (None, None, None)
        words = account.desk.vendor_api.survey("Customer satisfaction").cs_scale_point_map
        assert {(one.rating.score, one.rating.label, one.rating.comment) for one in found[2:]} == {
            (3, words["3"], "Fine")
        }
        assert [one.operation for one in account.asked()] == ["list_tickets", "survey_details", "survey_details"]


def test_surveys_and_their_answers():
    with opened(plain_account(3)) as account:
        api = account.desk.vendor_api
        for number in (2, 1, 3):
            survey(account, number, rating=1)
            account.clock.advance(1)
        deleted, satisfaction, *_ = api.surveys()
        assert deleted.is_deleted
        assert api.survey(satisfaction.survey_name) == satisfaction
        assert (satisfaction.survey_type, satisfaction.cs_survey_scale) == (1, 7)
        assert [one.ticket_number for one in api.survey_ratings().items] == [2, 1, 3]
        assert api.survey_ratings().total == 3
        for name in (deleted.survey_name, "no such survey"):
            with pytest.raises(NotFound):
                api.survey(name)
        with pytest.raises(HelpdeskError) as caught:
            api.get("/surveys/details")
        assert caught.value.status == 405


def test_every_priority_and_source_is_read_and_asked_for(account):
    for priority in (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.URGENT):
        assert {one.priority for one in account.desk.tickets.list(TicketQuery(priorities=priority))} == {priority}
    for channel in CHANNELS:
        assert {one.channel for one in account.desk.tickets.list(TicketQuery(channels=channel))} == {channel}


def test_a_tenants_own_statuses_by_configuration():
    table = {"statuses": {"on_hold": "Waiting on parts", "solved": "Resolved"}}
    with opened(plain_account(3), custom_statuses="Waiting on parts", table=table) as account:
        desk = account.desk
        made = desk.tickets.create(
            TicketDraft(subject="S", description="d", requester="a@client.example", status="on_hold")
        )
        assert (made.status, made.status_label) == (Status.ON_HOLD, "on_hold")
        assert ids(desk.tickets.list(TicketQuery(statuses=Status.ON_HOLD))) == [made.id]
        assert len(ids(desk.tickets.list(TicketQuery(statuses=Status.OPEN)))) == 3


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("key", [FOREIGN_API_KEY, "0" * 64])
def test_a_wrong_key_and_another_subdomains(front, key):
    with opened(plain_account(1), front, table={"api_key": key}) as account:
        for call in (account.desk.check, lambda: list(account.desk.tickets.list())):
            with pytest.raises(AuthenticationFailed) as caught:
                call()
            assert key not in str(caught.value)


@pytest.mark.parametrize("retry_after", ["none", "retry-after", "x-rate-limit"])
def test_a_hundred_and_fifty_calls_take_an_hour_and_none_is_refused(retry_after):
    with opened(plain_account(1), retry_after=retry_after) as account:
        for _ in range(150):
            account.desk.tickets.get("1")
        assert account.desk.transport.stats.refused == 0
        assert 3600 <= sum(account.clock.slept) <= 7200
        assert account.desk.budget.limit == 100


def test_a_wait_that_is_too_long_is_told_before_anything_is_sent():
    with opened(plain_account(1), table={"max_wait": 10.0}) as account:
        for _ in range(100):
            account.desk.tickets.get("1")
        with pytest.raises(RateLimited) as caught:
            account.desk.tickets.get("1")
        assert caught.value.retry_after == pytest.approx(3600, abs=60)
        assert len(account.asked()) == 100


def test_a_refusal_that_nobody_could_foresee_is_waited_out():
    with opened(plain_account(1), rate_limit=20, retry_after="none") as account:
        for _ in range(50):
            assert account.desk.tickets.get("1").id == "1"
        assert account.desk.transport.stats.refused <= 3


@pytest.mark.parametrize("plan", ["plus", "premium"])
def test_ten_thousand_rows_an_hour_bound_the_higher_plans(plan):
    with opened(plain_account(90), subscription=plan) as account:
        for _ in range(125):
            assert len(ids(account.desk.tickets.list())) == 90
        assert account.desk.transport.stats.refused == 0
        # 111 listings of 90 rows fill the hour; the calls alone would take three minutes.
        assert sum(account.clock.slept) >= 3600 - 180


@pytest.mark.slow
def test_the_forecast_tells_when_further_tickets_can_be_listed():
    with opened(plain_account(100), subscription="plus") as account:
        budget = account.desk.budget
        assert budget.forecast(1, rows=10_000) == 0
        for _ in range(99):
            list(account.desk.tickets.list())
        assert budget.forecast(1, rows=100) < 60
        left = budget.forecast(1, rows=101)
        assert 3600 - 180 <= left <= 3600
        assert budget.forecast(1, rows=10_101) == pytest.approx(left + 3600, abs=1)
        # Calls that list nothing wait for the calls of the minute alone.
        assert budget.forecast(1) <= 60


def test_rows_of_a_listing_are_settled_by_what_came():
    with opened(plain_account(3), subscription="plus", rows_per_hour=10_000) as account:
        for _ in range(120):
            list(account.desk.tickets.list())
        assert account.desk.transport.stats.refused == 0
        assert sum(account.clock.slept) < 600


def test_the_remaining_header_going_up_again_is_only_a_hint():
    with opened(plain_account(1), rate_limit=200) as account:
        for _ in range(99):
            account.desk.tickets.get("1")
        assert account.clock.slept == []
        assert account.desk.budget.remaining <= 1


@pytest.mark.parametrize("docs_shape", [False, True])
def test_tickets_that_leave_a_filter_while_it_is_listed_hide_none(docs_shape):
    with opened(plain_account(350), docs_shape=docs_shape, rate_limit=100_000) as account:
        client = Client(account.simulator)
        headers = {"Authorization": account.simulator.connection["api_key"]}
        found = []
        for one in account.desk.tickets.list(TicketQuery(statuses=Status.OPEN)):
            found += numbers([one])
            if len(found) == 50:
                for number in range(1, 151):
                    client.put(
                        f"/apis/v3/tickets/update?ticket_number={number}", headers=headers, json={"status": "Closed"}
                    )
        assert len(found) == len(set(found))
        assert set(range(151, 351)) <= set(found)


@pytest.mark.parametrize("keys", ["primary_email", "email"])
@pytest.mark.parametrize("front", FRONTS)
def test_contacts_are_listed_once_each_and_found_by_either_address(front, keys):
    people = tuple(
        SeedPerson(
            f"p{number}", f"P {number}", f"P{number:03d}@client.example", phone=f"+49 30 {number:04d}", created_at=START
        )
        for number in range(95)
    )
    with opened(Dataset(people=people), front, contact_list_keys=keys, additions_2026=True) as account:
        desk = account.desk
        assert len({one.id for one in desk.contacts.list()}) == 95
        assert len(account.asked()) == 4
        assert desk.contacts.find(email="p007@CLIENT.example").id == "P007@client.example"
        assert desk.contacts.find(phone="+49300012").name == "P 12"
        assert desk.contacts.find(phone="+49300999") is None
        assert desk.contacts.find(email="nobody@client.example") is None
        assert [
            one.name for one in desk.contacts.list(ContactQuery(email={"p001@client.example", "p002@client.example"}))
        ] == ["P 1", "P 2"]
        assert desk.contacts.get("P003@client.example").phones[0].e164 == "+49300003"
        with pytest.raises(NotFound):
            desk.contacts.get("nobody@client.example")


def test_lists_are_what_tickets_have_shown_and_agents_are_asked_for_once(account):
    desk = account.desk
    agents, groups, fields = desk.agents.list(), desk.groups.list(), desk.custom_fields.list()
    assert {one.email.lower() for one in agents} == {"ada@desk.example", "bob@desk.example"}
    assert {one.name for one in groups} == {"Network", '"Sales" Department', "a\\b"}
    assert {"Order No", "Escalated"} <= {one.name for one in fields}
    assert all(one.key == f"cf_{one.name}" for one in fields)
    assert [one.operation for one in account.asked()] == ["list_agents", "list_tickets"]
    assert desk.capabilities.complete_lists == frozenset()
    desk.agents.list()
    assert [one.operation for one in account.asked()][2:] == ["list_tickets"]


def test_companies():
    names = tuple(f"Company {number:02d}" for number in range(65))
    with opened(Dataset(companies=names)) as account:
        assert sorted(one.name for one in account.desk.companies.list()) == list(names)
        assert len(account.asked()) == 3


def test_check_proves_the_key_with_one_call_and_says_where_the_marker_goes(account):
    findings = account.desk.check()
    assert [one.severity.value for one in findings] == ["ok", "warning"]
    assert "60 tickets" in findings[0].detail
    assert len(account.asked()) == 1
    assert account.query()["ticket_count"] == "30"


def test_a_generated_account_is_read_completely():
    with opened(generate(120, seed=5), SERVER, rate_limit=100_000) as account:
        found = list(account.desk.tickets.list(TicketQuery(include={"description", "custom_fields", "rating"})))
        assert [one.id for one in found] == sorted((one.id for one in found), key=int)
        assert account.desk.tickets.list().count() == len(found)
        for one in found[:20]:
            thread = list(account.desk.messages.list(one.id))
            assert len(thread) == one.message_count
            assert thread[0].body.text == (one.description.text if one.description else "")


def test_repeats_do_not_come_through_in_process():
    with opened(plain_account(230), IN_PROCESS) as account:
        found, cursor = [], None
        while True:
            page = account.desk.tickets.list().page(cursor, 40)
            found += numbers(page.items)
            if page.next is None:
                break
            cursor = page.next
        assert found == list(range(1, 231))
        assert page.total == 230


def test_a_thread_without_later_messages_takes_one_call():
    with opened(with_tickets(ticket(1), ticket(2, messages=[message("ada", "Hi", 5)]))) as account:
        assert len(list(account.desk.messages.list("1"))) == 1
        assert len(account.asked()) == 1
        assert len(list(account.desk.messages.list("2"))) == 2
        assert len(account.asked()) == 3


@pytest.mark.parametrize("order", list(Order))
def test_tickets_of_one_second_are_ordered_by_number(order):
    moment = START + timedelta(hours=5)
    same = [evolve(ticket(number, updated_at=moment), created_at=START) for number in range(1, 21)]
    with opened(with_tickets(*same)) as account:
        found = [int(one.id) for one in account.desk.tickets.list(TicketQuery(order=order))]
        assert found == sorted(found, reverse=order.descending)
