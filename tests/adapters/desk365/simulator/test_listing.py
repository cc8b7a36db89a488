from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from desk365_http import START, Desk365Http, message, ticket, with_tickets
from hypothesis import given
from hypothesis import strategies as st

SAMPLE_KEYS = [
    *("ticket_number", "contact_email", "subject", "description", "description_text", "status", "priority", "type"),
    *("source", "assigned_to", "group", "category", "sub_category", "created_on", "updated_on", "resolved_on"),
    *("closed_on", "due_date", "first_response_time", "first_assigned_time", "first_assigned_duration"),
    *("resolved_duration", "first_replied_duration", "closed_duration", "custom_fields", "survey_rating"),
]
RECORDED_LIST_KEYS = [
    *("ticket_number", "contact_email", "contact_name", "subject", "status", "priority", "type", "source"),
    *("form_name", "form_is_deleted", "assigned_to", "company_name", "sla", "group", "category", "subcategory"),
    *("created_on", "updated_on", "resolved_on", "closed_on", "due_date", "first_response_time"),
    *("first_assigned_time", "first_assigned_duration", "resolved_duration", "first_replied_duration"),
    *("closed_duration", "watchers", "share_to", "conversation_count"),
]


def many(count: int) -> Desk365Http:
    return Desk365Http(with_tickets(*(ticket(number) for number in range(1, count + 1))))


@pytest.fixture(scope="module")
def full() -> Desk365Http:
    return many(205)


@pytest.fixture
def varied() -> Desk365Http:
    return Desk365Http(
        with_tickets(
            ticket(
                1,
                type="Customer's Request",
                group='"Sales" Department',
                assignee="ada",
                status="closed",
                priority="urgent",
                category="Müşteri 🚚",
                subcategory="İade",
                channel="portal",
            ),
            ticket(2, requester="tom", group="a\\b", priority="low", category="Billing", channel="phone"),
            ticket(3, group="Network", assignee="bob", status="pending"),
        )
    )


def found(desk: Desk365Http, **filters: list[str]) -> set[int]:
    return set(desk.numbers(filters=json.dumps(filters)))


@pytest.mark.parametrize(("asked", "given_"), [("30", 30), ("50", 50), ("100", 100), ("1", 30), ("", 30), ("205", 30)])
def test_ticket_count_takes_three_sizes_and_falls_back_to_30(full, asked, given_):
    page = full.get("/tickets", ticket_count=asked)
    assert len(page["tickets"]) == given_
    assert page["count"] == 205


def test_newest_first_unless_asked_otherwise_in_both_spellings(full):
    newest = full.numbers()
    assert newest == sorted(newest, reverse=True)
    assert newest[0] == max(newest)
    for word in ("asc", "ascending", "ASC"):
        assert full.numbers(order_type=word)[0] == 1
    for word in ("desc", "descending", "sideways"):
        assert full.numbers(order_type=word) == newest


def test_order_by_updated_time_breaks_ties_by_number():
    same = START + timedelta(days=2)
    desk = Desk365Http(with_tickets(ticket(1, updated_at=same), ticket(2), ticket(3, updated_at=same)))
    assert desk.numbers(order_by="updated_time", order_type="asc") == [2, 1, 3]
    assert desk.numbers(order_by="updated_time") == [3, 1, 2]
    assert desk.numbers(order_by="nonsense") == [3, 2, 1]


def test_offset_counts_rows_and_shows_each_once(full):
    seen = [number for offset in (0, 100, 200) for number in full.numbers(offset=offset, ticket_count=100)]
    assert len(seen) == len(set(seen)) == 205
    assert full.get("/tickets", offset=300) == {"count": 205, "tickets": [], "next_page": None}
    assert full.numbers(offset="x") == full.numbers()


def test_updated_since_excludes_the_very_second_unless_switched():
    data = with_tickets(*(ticket(number) for number in (1, 2, 3)))
    second = "2025-01-01 08:02:00"
    assert Desk365Http(data).numbers(updated_since=second) == [3]
    assert Desk365Http(data, updated_since="since").numbers(updated_since=second) == [3, 2]
    assert Desk365Http(data).send("GET", "/tickets", updated_since="2025-01-01T08:02:00Z").status_code == 400
    assert Desk365Http(data).send("GET", "/tickets", updated_since="2025-02-30 00:00:00").status_code == 400


def test_each_filter_alone_and_all_together(varied):
    assert found(varied, status=["open", "PENDING"]) == {2, 3}
    assert found(varied, priority=["1", "20"]) == {1, 2}
    assert found(varied, source=["6"]) == {1}
    assert found(varied, assigned_to=["ADA@desk.example"]) == {1}
    assert found(varied, contact=["mira@CLIENT.example"]) == {1, 3}
    assert found(varied, subcategory=["İade"]) == {1}
    everything = {
        "status": ["Closed"],
        "priority": ["20"],
        "type": ["Customer's Request"],
        "group": ['"Sales" Department'],
        "assigned_to": ["ada@desk.example"],
        "category": ["Müşteri 🚚"],
        "subcategory": ["İade"],
        "source": ["6"],
        "contact": ["mira@client.example"],
    }
    assert found(varied, **everything) == {1}
    assert found(varied, **{**everything, "priority": ["10"]}) == set()


@pytest.mark.parametrize("values", [[10], "Open", {"a": 1}, [None]])
def test_a_filter_that_is_no_array_of_strings_is_refused(varied, values):
    response = varied.send("GET", "/tickets", filters=json.dumps({"priority": values}))
    assert response.status_code == 400


def test_unknown_attributes_and_empty_arrays_do_not_filter(varied):
    assert found(varied, colour=["red"], status=[]) == {1, 2, 3}
    assert varied.send("GET", "/tickets", filters="{status").status_code == 400
    assert varied.send("GET", "/tickets", filters='["Open"]').status_code == 400


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('{"type": ["Customer\'s Request"]}', [1]),
        ('{"type": ["Customer\\\'s Request"]}', [1]),
        ('{"type": ["Customer\\u0027s Request"]}', [1]),
        ('{"group": ["\\"Sales\\" Department"]}', [1]),
        ('{"group": ["a\\\\b"]}', [2]),
    ],
)
def test_quotes_and_backslashes_escaped_or_bare(varied, text, numbers):
    assert varied.numbers(filters=text) == numbers


def test_switches_refuse_or_require_the_escaped_single_quote():
    data = with_tickets(ticket(1, type="Customer's Request"))
    bare, escaped, unicode = (f'{{"type": ["Customer{quote}s Request"]}}' for quote in ("'", "\\'", "\\u0027"))
    for setting, accepted, refused in (("refuse", bare, escaped), ("require", escaped, bare)):
        desk = Desk365Http(data, escaped_quote=setting)
        assert desk.numbers(filters=accepted) == desk.numbers(filters=unicode) == [1]
        assert desk.send("GET", "/tickets", filters=refused).status_code == 400


@pytest.mark.parametrize("mark", ["--", "- -"])
def test_both_marks_find_what_has_no_value(varied, mark):
    assert found(varied, assigned_to=[mark]) == {2}
    assert found(varied, type=[mark], category=[mark, "Billing"]) == {2, 3}


def test_filters_are_read_as_percent_encoded_utf8(varied):
    assert found(varied, category=["Müşteri 🚚"]) == {1}
    plain = varied.client.get(
        "/apis/v3/tickets?filters=%7B%22category%22%3A%5B%22M%C3%BC%C5%9Fteri%20%F0%9F%9A%9A%22%5D%7D",
        headers={"Authorization": varied.simulator.connection["api_key"]},
    )
    assert [row["ticket_number"] for row in plain.json["tickets"]] == [1]


def test_a_list_item_has_exactly_the_recorded_keys(varied):
    assert list(varied.get("/tickets")["tickets"][0]) == RECORDED_LIST_KEYS


def test_includes_are_off_by_default_and_flattened_on_request(varied):
    with_all = {"include_description": 1, "include_custom_fields": 1, "include_survey_details": 1}
    nested = varied.get("/tickets", **with_all)["tickets"][0]
    flat = varied.get("/tickets", **with_all, nested_fields=1)["tickets"][0]
    assert nested["description"] == "<div>Opening 3</div>"
    assert nested["custom_fields"]["cf_Escalated"] is False
    assert nested["survey_rating"] is None
    assert "custom_fields" not in flat
    assert "survey_rating" not in flat
    assert {key: flat[key] for key in nested["custom_fields"]} == nested["custom_fields"]
    assert flat["sv_rating"] is None
    assert {"attachments", "completed_within_sla"}.isdisjoint(nested)


def test_docs_shape_is_the_specifications_sample():
    desk = Desk365Http(with_tickets(ticket(1, custom_fields={"Order No": "A-7"}), ticket(2)), docs_shape=True)
    page = desk.get(
        "/tickets", include_description=1, include_custom_fields=1, include_survey_details=1, order_type="asc"
    )
    assert list(page) == ["count", "tickets"]
    row = page["tickets"][0]
    assert list(row) == SAMPLE_KEYS
    assert row["source"] == "1"
    assert row["status"] == "open"
    assert row["custom_fields"]["Order No"] == "A-7"
    details = desk.get("/tickets/details", ticket_number=1)
    assert {"sla", "attachments", "watchers", "share_to", "sub_category"} <= set(details)
    assert {"subcategory", "conversation_count", "contact_name"}.isdisjoint(details)


def test_next_page_is_absolute_and_repeats_every_effective_parameter(full):
    full.simulator.base_url = "http://127.0.0.1:4711"
    url = urlsplit(full.get("/tickets", ticket_count=100, offset=100, filters='{"status":["Open"]}')["next_page"])
    assert (url.scheme, url.netloc, url.path) == ("http", "127.0.0.1:4711", "/apis/v3/tickets")
    assert parse_qsl(url.query) == [
        ("filters", '{"status":["Open"]}'),
        ("offset", "200"),
        ("include_custom_fields", "0"),
        ("include_description", "0"),
        ("include_survey_details", "0"),
        ("nested_fields", "0"),
        ("order_by", "created_time"),
        ("order_type", "desc"),
        ("ticket_count", "100"),
    ]
    absent = Desk365Http(with_tickets(ticket(1)), last_next_page="absent")
    assert "next_page" not in absent.get("/tickets")


def test_unknown_parameters_are_ignored(full):
    assert full.get("/tickets", page=2, per_page=1, status='["Closed"]') == full.get("/tickets")


def test_spam_and_deleted_tickets_leave_gaps_and_merged_ones_stay():
    desk = Desk365Http(
        with_tickets(ticket(1), ticket(2, spam=True), ticket(3, deleted=True), ticket(4, merged_into="t1"))
    )
    assert desk.numbers() == [4, 1]
    assert desk.get("/tickets")["count"] == 2
    for gap in (2, 3, 99, 10**12):
        assert desk.send("GET", "/tickets/details", ticket_number=gap).status_code == 404
    assert desk.send("GET", "/tickets/details", ticket_number="one").status_code == 400


def test_numbers_ascend_with_time_and_skip_some(full):
    rows = full.get("/tickets", ticket_count=100, order_type="asc")["tickets"]
    assert [row["subject"] for row in rows] == [f"Subject {number}" for number in range(1, 101)]
    assert 25 not in [row["ticket_number"] for row in rows]


def test_additions_of_2026_filter_by_company_dropdown_and_merged():
    data = with_tickets(
        ticket(1, custom_fields={"Region": "EU"}), ticket(2, requester="tom"), ticket(3, merged_into="t1")
    )
    for on, company, region, merged in ((True, [3, 1], [1], [2, 1]), (False, [3, 2, 1], [3, 2, 1], [3, 2, 1])):
        desk = Desk365Http(data, additions_2026=on)
        assert desk.numbers(filters='{"company_name": ["Client Ltd"]}') == company
        assert desk.numbers(filters='{"custom_fields": {"cf_Region": ["EU"]}}') == region
        assert desk.numbers(filters='{"include_merged": 0}') == merged
    new = Desk365Http(data, additions_2026=True)
    assert new.send("GET", "/tickets", filters='{"custom_fields": ["EU"]}').status_code == 400
    assert new.send("GET", "/tickets", filters='{"custom_fields": {"cf_Order No": ["x"]}}').status_code == 400


def test_a_changed_ticket_is_rendered_anew():
    desk = Desk365Http(with_tickets(ticket(1)))
    assert desk.get("/tickets")["tickets"][0]["status"] == "Open"
    desk.put("/tickets/update", {"status": "closed"}, ticket_number=1)
    assert desk.get("/tickets")["tickets"][0]["status"] == "Closed"
    desk.put("/contacts/update", {"name": "Mirabelle"}, primary_email="mira@client.example")
    assert desk.get("/tickets")["tickets"][0]["contact_name"] == "Mirabelle"


def test_conversations_come_all_at_once_with_their_counts():
    thread = (
        message("mira", "one", 2),
        message("ada", "two", 3),
        message("ada", "three", 4, private=True),
        message("bob", "four", 5, kind="note"),
        message("bob", "five", 6, kind="forward"),
        message(None, "six", 7, kind="automatic"),
    )
    desk = Desk365Http(with_tickets(ticket(1, messages=thread)))
    answer = desk.get("/tickets/conversations", ticket_number=1)
    kinds = [(one["type"], one["public_note"], one["sender_type"]) for one in answer["conversations"]]
    assert kinds == [
        ("reply", None, "contact"),
        ("reply", None, "agent"),
        ("note", False, "agent"),
        ("note", True, "agent"),
        ("forward", None, "agent"),
        ("reply", None, "agent"),
    ]
    counts = {key: value for key, value in answer.items() if key != "conversations"}
    assert counts == {
        "count": 6,
        "contact_reply_count": 1,
        "agent_reply_count": 2,
        "private_note_count": 1,
        "public_note_count": 1,
        "forward_message_count": 1,
    }
    first = answer["conversations"][0]
    assert first["is_email_deliveribility_failiure"] is False
    assert first["created_by"] == "Mira@client.example"
    assert "id" not in first
    assert desk.get("/tickets")["tickets"][0]["conversation_count"] == 6
    latest = desk.get("/tickets/conversations", ticket_number=1, sort_by="latest_on_top", include_private_notes=0)
    assert [one["body_text"] for one in latest["conversations"]] == ["six", "five", "four", "two", "one"]


@given(
    wanted=st.fixed_dictionaries(
        {},
        optional={
            "status": st.lists(st.sampled_from(["Open", "open", "Pending", "Closed", "Nothing"])),
            "priority": st.lists(st.sampled_from(["1", "5", "20", "7"])),
            "assigned_to": st.lists(st.sampled_from(["--", "- -", "ada@desk.example", "bob@desk.example"])),
            "group": st.lists(st.sampled_from(["--", "Network", "a\\b", '"Sales" Department'])),
        },
    )
)
def test_filters_equal_a_plain_filter_of_the_rows(wanted):
    desk = FILTERED
    rows = desk.get("/tickets", ticket_count=100)["tickets"]

    def passes(row, attribute, values):
        if not values:
            return True
        value = row[attribute]
        if value is None:
            return not {"--", "- -"}.isdisjoint(values)
        return str(value).casefold() in {text.casefold() for text in values}

    expected = {
        row["ticket_number"] for row in rows if all(passes(row, name, values) for name, values in wanted.items())
    }
    assert set(desk.numbers(ticket_count=100, filters=json.dumps(wanted))) == expected


FILTERED = Desk365Http(
    with_tickets(
        *(
            ticket(
                number,
                status=("open", "pending", "closed")[number % 3],
                priority=("low", "normal", "urgent")[number % 2],
                assignee=(None, "ada", "bob")[number % 3],
                group=(None, "Network", "a\\b", '"Sales" Department')[number % 4],
            )
            for number in range(1, 40)
        )
    ),
    rows_per_hour=10**9,
    rate_limit=10**9,
)
