"""The shapes of answers, usual and odd: Deskie's quirks, each by its switch."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from adapters.deskie.simulated import Desk, basic, rows
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_deskie.simulator import SWITCHES
from helpdesk_bridge_deskie.simulator.records.search import needle
from helpdesk_bridge_deskie.simulator.times import format_moment, parse_moment

EMPTY = {"user_id": 999}


def text(desk: Desk, path: str, query=None) -> str:
    return desk.send("GET", f"/api/{path}", query).text


def test_lists_are_objects_keyed_from_0_pretty_printed_by_4():
    desk = Desk()
    printed = text(desk, "labels.json")
    assert printed == json.dumps(json.loads(printed), indent=4, ensure_ascii=False)
    assert list(json.loads(printed)) == ["0", "1", "total_count"]
    cases = text(desk, "cases.json")
    assert cases == json.dumps(json.loads(cases), indent=4, ensure_ascii=False)
    assert text(desk, f"cases/{desk.case('main')}.json").startswith('{\n    "case": {\n        "case_id": 1,')


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("total_count", '{\n    "total_count": 0\n}'),
        ("case", '{\n    "case": []\n}'),
        ("array", "[]"),
        ("nothing", ""),
    ],
)
def test_forms_of_an_empty_list(form, body):
    assert text(Desk(legacy_empty=form), "cases.json", EMPTY) == body


def test_past_the_end_the_total_stays():
    assert text(Desk(), "cases.json", {"page": 9}) == '{\n    "total_count": 7\n}'


def test_lists_as_arrays_and_without_a_total():
    array = json.loads(text(Desk(list_form="array"), "labels.json"))
    assert array == [
        {"label": {"label_id": 1, "label_title": "vip"}},
        {"label": {"label_id": 2, "label_title": "bug"}},
    ]
    assert text(Desk(list_form="array"), "cases.json", EMPTY) == "[]"
    assert list(Desk(omit_total_count=True).get("labels.json")) == ["0", "1"]
    assert Desk(omit_total_count=True).get("cases.json", EMPTY) == []


def test_names_of_the_copies():
    for names, ours, theirs in (("deskie", "recipient_cc", "cc_emails"), ("omnidesk", "cc_emails", "recipient_cc")):
        desk = Desk(cc_names=names)
        case = desk.get(f"cases/{desk.case('main')}.json")["case"]
        assert case[ours] == "joann@x.io,ann@x.io.tr"
        assert theirs not in case


def test_numbers_as_text():
    desk = Desk(numeric_strings=True)
    case = desk.get(f"cases/{desk.case('done')}.json")["case"]
    assert (case["closing_speed"], case["staff_id"], case["labels"]) == ("60", str(desk.staff("rob")), [])
    message = desk.list(f"cases/{desk.case('main')}/messages.json", "message")[0]
    assert (message["user_id"], message["staff_id"]) == (str(desk.user("ann")), "0")
    body = {"case": {"staff_id": str(desk.staff("meg"))}}
    assert desk.write("PUT", f"cases/{desk.case('done')}.json", body)["case"]["staff_id"] == str(desk.staff("meg"))


def test_fields_may_be_absent():
    desk = Desk(minimal_objects=True)
    case = desk.get(f"cases/{desk.case('sales')}.json")["case"]
    assert not {"recipient", "recipient_cc", "labels", "custom_fields", "closed_at", "closing_speed"} & set(case)
    assert {"case_id", "subject", "user_id", "status", "created_at", "updated_at"} <= set(case)
    note = desk.list(f"cases/{desk.case('main')}/messages.json", "message")[2]
    assert not {"content", "attachments", "sent_at"} & set(note)
    assert note["content_html"]


@pytest.mark.parametrize(("form", "values"), [("bool", (True, False)), ("int", (1, 0)), ("text", ("true", "false"))])
def test_flags_come_in_three_forms(form, values):
    desk = Desk(flag_form=form)
    case = desk.get(f"cases/{desk.case('bin')}.json")["case"]
    assert (case["deleted"], case["spam"]) == values
    assert type(case["deleted"]) is type(values[0])


def test_an_empty_map_may_be_a_list_and_message_type_absent():
    desk = Desk(empty_map_as_list=True, message_type=False)
    assert desk.get(f"cases/{desk.case('sales')}.json")["case"]["custom_fields"] == []
    assert desk.get(f"cases/{desk.case('main')}.json")["case"]["custom_fields"]["cf_1"] == "PO-7"
    assert "message_type" not in desk.list(f"cases/{desk.case('main')}/messages.json", "message")[0]


def test_switches_take_effect_between_two_requests():
    desk = Desk()
    assert "recipient_cc" in desk.list("cases.json", "case")[0]
    desk.app.settings["cc_names"] = "omnidesk"
    assert "cc_emails" in desk.list("cases.json", "case")[0]


def test_read_only_lists():
    desk = Desk()
    fields = {field["title"]: field for field in desk.list("custom_fields.json", "custom_field")}
    assert fields["Product"]["field_data"] == {"1": "Lamp", "2": "Chair"}
    assert (fields["Product"]["field_type"], fields["Product"]["field_level"]) == ("select", "case")
    assert (fields["Order No"]["field_data"], fields["Tier"]["field_level"]) == ("", "user")
    assert fields["Urgent"]["field_type"] == "checkbox"
    assert {language["code"] for language in desk.list("languages.json", "language")} == {"РУС", "ENG", "DEU"}
    filters = desk.list("filters.json", "filter")
    assert filters[0] == {"filter_id": 0, "filter_name": "All cases", "isSelected": True, "isCustom": False}
    assert desk.list("custom_channels.json", "custom_channel")[0]["channel_api_key"] == "cch1"
    assert desk.list("client_emails.json", "client_emails")[0]["email"] == "support@robotsrule.example"
    macros = desk.get("macros.json")
    assert macros["personal"] == []
    assert macros["common"][0]["data"]["1"]["actions"][0]["action_destination"] == "closed"
    desk.app.settings["macros_form"] = "object"
    assert desk.get("macros.json")["common"] == {"0": macros["common"][0]}


def test_custom_fields_cannot_be_created():
    assert Desk().refused("POST", "custom_fields.json", {}) == (405, "method_not_allowed")


def test_a_marker_field_can_be_there():
    desk = Desk(marker_field=True)
    fields = [
        f["field_level"] for f in desk.list("custom_fields.json", "custom_field") if f["title"] == "Migration marker"
    ]
    assert fields == ["case", "user"]


def test_errors_are_a_code_in_an_object():
    response = Desk().send("GET", "/api/cases/999.json")
    assert (response.status_code, response.text) == (404, '{\n    "error": "case_not_found"\n}')


def test_faults_on_demand():
    desk = Desk()
    for kind, expected in (
        ("server_error", {500, 502, 503}),
        ("html_page", {500, 502, 503}),
        ("malformed_json", {200}),
    ):
        desk.client.post("/_sim/faults", json={"kind": kind, "on": "list_cases", "times": 1})
        assert desk.send("GET", "/api/cases.json").status_code in expected
        assert desk.send("GET", "/api/cases.json").status_code == 200


def test_the_outbox_and_the_state_are_the_simulators_own():
    desk = Desk()
    assert desk.client.get("/_sim/outbox").json == {"count": 0, "outbox": []}
    assert not any(route.rule.startswith("/_sim") for route in desk.app.routes())
    assert all(route.source for route in desk.app.routes())


def test_a_generated_account_is_read_whole():
    seed = generate(tickets=120, seed=3)
    desk = Desk(seed)
    merged = sum(ticket.merged_into is not None for ticket in seed.tickets)
    assert desk.get("cases.json")["total_count"] == 120 - merged
    assert desk.get("cases.json", {"show_merged_cases": "true"})["total_count"] == 120
    assert desk.get("users.json")["total_count"] == len(seed.contacts)
    total = sum(
        desk.get(f"cases/{case_id}/messages.json", {"limit": 1})["total_count"] for case_id in desk.app.account.cases
    )
    assert total == sum(len(ticket.messages) for ticket in seed.tickets)


def test_raw_header_names_over_a_socket():
    desk = Desk()
    with SimulatorServer(desk.app) as server:
        host, port = server.url.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request("GET", "/api/labels.json", headers={"Authorization": basic(desk.email, desk.key)})
            response = connection.getresponse()
            names = {name for name, _ in response.getheaders()}
            document = json.loads(response.read())
        finally:
            connection.close()
    assert {"rate_limit_per_minute", "api_calls_left", "retry_after"} <= names
    assert len(rows(document, "label")) == 2


@given(st.integers(0, 4_000_000_000))
def test_a_printed_time_reads_back(seconds):
    zone = ZoneInfo(str(SWITCHES["zone"].default))
    printed = format_moment(seconds, zone)
    assert parse_moment(printed, zone) == seconds
    assert printed[-5:] in {"+0200", "+0300"} or datetime.fromtimestamp(seconds, UTC).year < 1984


@given(st.text(max_size=6), st.text(max_size=3), st.text(max_size=3))
def test_marks_mean_what_the_paper_says(body, before, after):
    stem = body.strip("^") or "x"
    hay = before + stem + after
    assert needle(stem).found_in(hay)
    assert needle(f"^{stem}").found_in(stem + after)
    assert needle(f"{stem}^").found_in(before + stem)
    assert needle(f"^{stem}^").found_in(hay) == (hay.casefold() == stem.casefold())


@pytest.mark.parametrize("value", [True, "soon", "", "31.02.2026", "2026-13-01", "9" * 12, 10**11, "99999999999999"])
def test_unreadable_times(value):
    with pytest.raises((ValueError, OverflowError)):
        parse_moment(value, ZoneInfo("Europe/Helsinki"))
