"""What live accounts answered, as recordings and clients show it: read by the adapter, answered by the simulator."""

from __future__ import annotations

import json

import pytest
from adapters.deskie.simulated import SEEDED, Desk, dataset, person, ticket
from attrs import evolve

from helpdesk_bridge import RateLimited
from helpdesk_bridge.adapter import OddValues
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge_deskie.client.calls import Calls
from helpdesk_bridge_deskie.port.events import RuleFired, events_in
from helpdesk_bridge_deskie.simulator.records.vocabulary import NETWORKS
from helpdesk_bridge_deskie.vendor_api import arguments
from helpdesk_bridge_deskie.vendor_api.statistics import StatisticsCalls
from helpdesk_bridge_deskie.wire.documents import MessageDocument, UserDocument


class Recorded:
    """A connection that answers one recorded body."""

    def __init__(self, document):
        self.body, self.document = json.dumps(document).encode(), document

    def send(self, request):
        return self

    def json(self):
        return self.document


def calls(connection):
    return Calls(connection, odd=OddValues("deskie", "desk", lambda _: None))


def test_the_recorded_leaderboard_is_read_and_the_simulator_answers_its_shape(in_process_account):
    recorded = [{"staff": {"staff_id": 42047, "staff_name": "Ann", "new_cases_in_total": 21, "responses_avg": "1.5"}}]
    (row,) = StatisticsCalls(calls(Recorded(recorded))).leaderboard(period="today")
    assert (row.staff_id, row.staff_name, row.new_cases_in_total) == (42047, "Ann", 21)
    made = Desk().get("stats_leaderboard.json", {"period": "this_year"})
    assert isinstance(made, list)
    assert all(row.keys() == {"staff"} for row in made)
    assert {key: type(value) for key, value in made[0]["staff"].items()} == {
        "staff_id": int, "staff_name": str, "new_cases_in_total": int,
    }  # fmt: skip
    with in_process_account() as (desk, _):
        board = desk.vendor_api.statistics.leaderboard(period="last_year")
        assert len(board) == sum(agent.active for agent in desk.agents.list())


def test_a_figure_that_nobody_knows_is_kept_by_its_name():
    answer = [{"staff": {"staff_id": "7", "staff_name": "Ann", "new_cases_in_total": 3, "first_reply": "12"}}]
    (row,) = StatisticsCalls(calls(Recorded(answer))).leaderboard(period="today")
    assert (row.staff_id, row.new_cases_in_total) == (7, 3)
    assert row.figures == {"new_cases_in_total": 3, "first_reply": "12"}
    for empty in ([], {"staff": []}, {"total_count": 0}, {}):
        assert StatisticsCalls(calls(Recorded(empty))).leaderboard(period="today") == ()


@pytest.mark.parametrize(("seconds", "status"), [(3_599, 400), (3_600, 200), (89 * 86_400, 200), (93 * 86_400, 400)])
def test_statistics_of_two_times_take_an_hour_to_three_months(seconds, status):
    start = int(SEEDED.timestamp())
    for path in ("stats_leaderboard.json", "stats_satisfaction.json"):
        for period in ({"period": "custom"}, {}):
            query = {**period, "from_time": start, "to_time": start + seconds}
            assert Desk().send("GET", f"/api/{path}", query).status_code == status


def test_ratings_are_filtered_by_several_words():
    query = [("period", "this_year"), ("rating[]", "high"), ("rating[]", "middle")]
    assert Desk().get("stats_satisfaction.json", query)["total_count"] == 1
    assert Desk().refused("GET", "stats_satisfaction.json", query=[*query, ("rating[]", "good")]) == (
        400,
        "wrong_rating",
    )


# ---- users of messengers and social networks


@pytest.mark.parametrize("network", NETWORKS)
def test_a_user_of_a_network_is_created_and_read(in_process_account, network):
    with in_process_account(dataset()) as (desk, app):
        made = desk.vendor_api.users.create(network=(network, "123456789"), user_full_name="Nia")
        assert (made.type, getattr(made, f"{network}_id"), made.user_email) == (network, "123456789", None)
        assert json.loads(app.requests.snapshot()[-1].body)["user"] == {
            f"user_{network}": "123456789", "user_full_name": "Nia",
        }  # fmt: skip
        contact = desk.contacts.get(str(made.user_id))
        assert (contact.name, contact.emails, contact.phones, contact.external_id) == ("Nia", (), (), None)


def test_both_sides_know_the_same_networks():
    assert tuple(NETWORKS) == arguments.NETWORKS
    assert {f"{network}_id" for network in NETWORKS} < {field.name for field in UserDocument.__attrs_attrs__}


def test_a_case_is_not_created_for_a_user_of_a_network():
    body = {"case": {"user_telegram": "123", "subject": "s", "content": "c"}}
    assert Desk().refused("POST", "cases.json", body) == (400, "incorrect_user_email")


def test_a_generated_account_has_a_user_of_a_messenger_and_lists_everyone(in_process_account):
    with in_process_account(generate(40, 1)) as (desk, app):
        users = [desk.vendor_api.users.get(user) for user in app.account.users]
        (telegram,) = [user for user in users if user.type == "telegram"]
        assert telegram.user_screen_name == telegram.user_full_name == "Мария К."
        raw = app.account.users[telegram.user_id]
        assert app.service.renderer.user(raw)["telegram_id"] == 418850012
        listed = {contact.id for contact in desk.contacts.list(include={"blocked", "deleted"})}
        assert listed == {str(user) for user in app.account.users}


@pytest.mark.parametrize("form", ["wa", "whatsapp"])
def test_a_whatsapp_user_has_a_phone_in_both_forms(in_process_account, form):
    with in_process_account(dataset(), settings={"whatsapp_users": form}) as (desk, _):
        made = desk.vendor_api.users.create(user_whatsapp_phone="+49 170 7654321")
        assert made.type == form
        assert [phone.e164 for phone in desk.contacts.get(str(made.user_id)).phones] == ["+491707654321"]
        assert desk.contacts.find(phone="+491707654321").id == str(made.user_id)


def test_an_account_of_the_usual_size_has_users_of_every_network(in_process_account):
    with in_process_account(generate(100, 1)) as (desk, app):
        kinds = {user.kind for user in app.account.users.values()}
        assert kinds > set(NETWORKS)
        contacts = {contact.id for contact in desk.contacts.list(include={"blocked", "deleted"})}
        assert contacts == {str(user) for user in app.account.users}


# ---- fields of live objects


def test_live_fields_are_in_every_answer_and_none_of_them_stops_a_reading(in_process_account):
    with in_process_account(dataset()) as (desk, app):
        case = desk.vendor_api.cases.get(app.seeded.cases["main"])
        assert (case.parent_case_id, case.locked_labels) == (0, (1,))
        assert desk.tickets.get(str(case.case_id)).merged_into is None
        assert all(message.is_viewed for message in desk.vendor_api.messages.page(case.case_id))
        assert "user_screen_name" in app.service.renderer.user(app.account.users[1])


@pytest.mark.parametrize("form", ["zero", "null", "absent"])
def test_a_case_without_a_parent_is_not_merged(in_process_account, form):
    with in_process_account(dataset(), settings={"no_parent": form}) as (desk, app):
        tickets = {ticket.id: ticket.merged_into for ticket in desk.tickets.list(include={"merged"})}
        main, twin = (str(app.seeded.cases[key]) for key in ("main", "twin"))
        assert (tickets[main], tickets[twin]) == (None, main)


def test_a_file_in_a_wrapper_of_its_own_is_read():
    file = {"file_id": 5, "file_name": "a.txt", "file_size": "1", "mime_type": "text/plain", "url": "/a"}
    wrapped, plain = (
        calls(Recorded({})).document(MessageDocument, {"message_id": 1, "attachments": [form]}, "$")
        for form in ({"attachment": file}, file)
    )
    assert wrapped.attachments == plain.attachments
    assert plain.attachments[0].file_name == "a.txt"


# ---- headers and files


def test_the_third_header_may_be_there_only_when_the_limit_is_reached(in_process_account):
    always, refused = Desk(rate_limit=3), Desk(rate_limit=3, retry_after="refused")
    for account, others in ((always, True), (refused, False)):
        answers = [account.send("GET", "/api/languages.json") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert ["retry_after" in answer.headers for answer in answers] == [others, others, others, True]
    with in_process_account(settings={"rate_limit": 3, "retry_after": "refused"}, table={"max_wait": 0}) as (desk, app):
        app.faults.inject("rate_limited", times=1)
        with pytest.raises(RateLimited) as caught:
            desk.vendor_api.languages()
        assert 0 < caught.value.retry_after < 62


@pytest.mark.parametrize("wanted", [True, False])
def test_files_are_read_with_and_without_credentials(in_process_account, wanted):
    with in_process_account(dataset(), settings={"file_credentials": wanted}) as (desk, app):
        message = next(iter(desk.messages.list(str(app.seeded.cases["main"]))))
        file = next(file for file in message.attachments if not file.inline)
        with desk.attachments.open(file) as stream:
            assert stream.read() == b"%PDF report"
        account = Desk(file_credentials=wanted)
        path = file.locator.partition("/attachments/")[2]
        assert account.client.get(f"/attachments/{path}").status_code == (401 if wanted else 200)
        assert account.client.get("/api/cases.json").status_code == 401


# ---- the search mark, and webhooks that name a number alone


@pytest.mark.parametrize("email", ["^start@x.io", "mid^dle@x.io", "end@x.io^", "^both@x.io^", "^^^@x.io"])
def test_an_address_with_the_search_mark_is_the_one_that_is_looked_up(in_process_account, email):
    decoys = [person(f"d{place}", text) for place, text in enumerate((email.replace("^", ""), f"x{email}"))]
    seed = dataset(ticket("asked", requester="marked"))
    with in_process_account(evolve(seed, people=(*seed.people, *decoys, person("marked", email)))) as (desk, app):
        found = desk.contacts.find(email=email)
        assert (found.id, found.email) == (str(app.seeded.users["marked"]), email)
        assert [ticket.id for ticket in desk.tickets.list(requester={email})] == [str(app.seeded.cases["asked"])]
        assert [contact.email for contact in desk.contacts.list(email=email)] == [email]


def test_a_rule_that_names_the_number_alone_is_an_event_of_a_case_that_can_be_read(in_process_account):
    with in_process_account(dataset()) as (desk, app):
        number = app.account.cases[app.seeded.cases["main"]].case_number
        (event,) = events_in({"case_number": number, "case_status": "Open"}, "robotsrule")
        assert isinstance(event, RuleFired)
        assert (event.ticket_id, event.number, event.status) == (number, number, "Open")
        for named in (event.ticket_id, event.ticket):
            assert desk.tickets.get(named).id == str(app.seeded.cases["main"])
    for body in ({"case_number": "42"}, {"case_number": ""}, {"number": number}):
        assert not isinstance(events_in(body, "robotsrule")[0], RuleFired)
    (both,) = events_in({"rule": {"case_number": number}, "case": {"case_id": "7"}}, "robotsrule")
    assert both.ticket_id == "7"
