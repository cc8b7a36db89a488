"""Creating, changing, rating, trashing and deleting cases, and what a case looks like."""

from __future__ import annotations

import json

import pytest
from adapters.deskie.simulated import Desk


@pytest.fixture
def desk():
    return Desk()


def create(desk: Desk, **fields):
    case = {"user_email": "new@y.io", "subject": "Lamp", "content_html": "<p>Hi</p>", **fields}
    return desk.write("POST", "cases.json", {"case": {k: v for k, v in case.items() if v is not ...}})["case"]


def messages(desk: Desk, case_id: int):
    return desk.list(f"cases/{case_id}/messages.json", "message")


def test_a_case_has_the_fields_of_the_papers(desk):
    assert desk.get(f"cases/{desk.case('main')}.json")["case"] == {
        "case_id": desk.case("main"),
        "case_number": desk.app.account.cases[desk.case("main")].case_number,
        "subject": "Subject main",
        "user_id": desk.user("ann"),
        "staff_id": desk.staff("meg"),
        "group_id": 1,
        "status": "waiting",
        "priority": "critical",
        "channel": "email",
        "recipient": "support@robotsrule.example",
        "recipient_cc": "joann@x.io,ann@x.io.tr",
        "recipient_bcc": "",
        "deleted": False,
        "spam": False,
        "created_at": "Sat, 10 Jan 2026 12:00:00 +0200",
        "closed_at": "-",
        "updated_at": "Sat, 10 Jan 2026 13:00:00 +0200",
        "last_response_at": "Sat, 10 Jan 2026 12:05:00 +0200",
        "closing_speed": "-",
        "language_id": 2,
        "custom_fields": {"cf_1": "PO-7", "cf_2": True, "cf_3": "2", "cf_4": "2026-03-01"},
        "labels": [1, 2],
        "locked_labels": [1],
        "parent_case_id": 0,
        "rating": "high",
        "rating_comment": "Great",
        "rated_staff_id": 0,
    }


def test_offsets_follow_the_zone_and_closed_cases_have_a_speed(desk):
    done = desk.get(f"cases/{desk.case('done')}.json")["case"]
    assert (done["status"], done["closing_speed"]) == ("closed", 60)
    assert done["closed_at"].endswith(" +0200")
    assert create(desk)["created_at"] == "Tue, 05 May 2026 00:15:17 +0300"


def test_a_merged_case_names_its_parent_and_is_shown_by_id(desk):
    twin = desk.get(f"cases/{desk.case('twin')}.json")["case"]
    assert twin["parent_case_id"] == desk.case("main")
    for form, parent in (("zero", 0), ("null", None), ("absent", "absent")):
        desk.app.settings["no_parent"] = form
        assert desk.get(f"cases/{desk.case('main')}.json")["case"].get("parent_case_id", "absent") == parent


def test_a_path_takes_the_case_number_too(desk):
    case = desk.get(f"cases/{desk.case('sales')}.json")["case"]
    assert len(case["case_number"]) == 10
    assert desk.get(f"cases/{case['case_number']}.json")["case"] == case
    assert messages(desk, case["case_number"]) == messages(desk, case["case_id"])


@pytest.mark.parametrize("ident", ["999", "000-000001", "abc", "0"])
def test_an_unknown_case_is_not_found(desk, ident):
    assert desk.refused("GET", f"cases/{ident}.json") == (404, "case_not_found")


def test_own_request_form_creates_a_case_and_its_customer(desk):
    case = create(
        desk,
        user_full_name="Nina New",
        staff_id=desk.staff("rob"),
        group_id=2,
        status="waiting",
        priority="critical",
        language_id=3,
        labels=[2, 2],
        custom_fields={"cf_1": "A", "cf_2": "true", "cf_3": "1", "cf_5": "of users", "cf_77": "unknown"},
    )
    assert case["channel"] == "web"
    assert (case["staff_id"], case["group_id"], case["language_id"]) == (desk.staff("rob"), 2, 3)
    assert (case["status"], case["priority"], case["labels"]) == ("waiting", "critical", [2])
    assert case["custom_fields"] == {"cf_1": "A", "cf_2": True, "cf_3": "1"}
    assert "attachments" not in case
    user = desk.get(f"users/{case['user_id']}.json")["user"]
    assert (user["user_email"], user["user_full_name"], user["confirmed"]) == ("new@y.io", "Nina New", False)
    assert "password" not in user
    [opening] = messages(desk, case["case_id"])
    assert (opening["user_id"], opening["content_html"], opening["note"]) == (case["user_id"], "<p>Hi</p>", False)
    assert opening["created_at"] == case["created_at"]


def test_an_existing_customer_is_reused_by_email_in_any_case(desk):
    before = len(desk.app.account.users)
    assert create(desk, user_email="JoAnn@x.io")["user_id"] == desk.user("joann")
    assert create(desk, user_email="ANN@X.io")["user_id"] == desk.user("loud")
    assert create(desk, user_email="ann@x.io")["user_id"] == desk.user("ann")
    assert create(desk, user_email=..., user_phone="49 (170) 1234567")["user_id"] == desk.user("caller")
    assert len(desk.app.account.users) == before


def test_phone_whatsapp_and_custom_channels(desk):
    assert create(desk, user_email=..., user_phone="+1 5")["channel"] == "call"
    assert create(desk, user_email=..., user_whatsapp_phone="+1 5")["channel"] == "wa_chat"
    custom = create(desk, user_email=..., user_custom_id="u-9", channel="cch1")
    assert custom["channel"] == "cch1"
    user = desk.get(f"users/{custom['user_id']}.json")["user"]
    assert (user["type"], user["user_custom_id"], user["user_custom_channel"]) == ("custom", "u-9", "cch1")
    assert create(Desk(api_channel="email"))["channel"] == "email"


def test_created_at_is_kept_while_updated_at_is_now(desk):
    for created in (1700000000, "1700000000", "2023-11-15 00:13:20", "15.11.2023 00:13:20"):
        case = create(desk, created_at=created)
        assert case["created_at"] == "Wed, 15 Nov 2023 00:13:20 +0200"
        assert case["updated_at"] == "Tue, 05 May 2026 00:15:17 +0300"
        assert messages(desk, case["case_id"])[0]["created_at"] == case["created_at"]


def test_default_status_is_switchable_and_a_blocked_users_case_is_spam(desk):
    assert create(desk)["status"] == "open"
    assert create(Desk(new_case_status="waiting"))["status"] == "waiting"
    assert create(desk, user_email="blocked@x.io")["spam"] is True
    assert create(desk, user_email="gone@x.io")["spam"] is False
    assert create(desk, status="closed")["closing_speed"] == 0


def test_four_blanks_are_a_subject(desk):
    assert create(desk, subject="    ")["subject"] == "    "


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"user_email": ...}, "incorrect_user_email"),
        ({"user_email": "no mail"}, "incorrect_user_email"),
        ({"user_email": ..., "user_phone": "none"}, "wrong_phone"),
        ({"user_email": ..., "user_custom_id": "u"}, "wrong_channel"),
        ({"user_email": ..., "user_custom_id": "u", "channel": "cch9"}, "wrong_channel"),
        ({"channel": "facebook"}, "wrong_channel"),
        ({"subject": ...}, "empty_subject"),
        ({"subject": ""}, "empty_subject"),
        ({"subject": ["a"]}, "wrong_subject"),
        ({"content_html": ""}, "empty_content"),
        ({"status": "pending"}, "wrong_status"),
        ({"priority": "urgent"}, "wrong_priority"),
        ({"staff_id": 99}, "staff_not_found"),
        ({"staff_id": "x"}, "wrong_staff_id"),
        ({"group_id": 99}, "group_not_found"),
        ({"labels": [1, 99]}, "label_not_found"),
        ({"labels": ["vip"]}, "wrong_labels"),
        ({"custom_fields": {"cf_3": "Chair"}}, "wrong_custom_fields"),
        ({"custom_fields": {"cf_2": "perhaps"}}, "wrong_custom_fields"),
        ({"custom_fields": {"cf_1": ["a"]}}, "wrong_custom_fields"),
        ({"created_at": "yesterday-ish"}, "wrong_created_at"),
        ({"attachment_urls": ["https://elsewhere.example/a.png"]}, "wrong_attachment_urls"),
    ],
)
def test_a_refused_create_leaves_nothing_behind(desk, change, code):
    case = {"user_email": "new@y.io", "subject": "Lamp", "content_html": "<p>Hi</p>", **change}
    before = desk.client.get("/_sim/state").json["records"]
    body = {"case": {name: value for name, value in case.items() if value is not ...}}
    assert desk.refused("POST", "cases.json", body) == (400, code)
    after = desk.client.get("/_sim/state").json["records"]
    assert {**after, "api_calls_left": 0} == {**before, "api_calls_left": 0}


def test_a_disabled_agent_cannot_be_responsible(desk):
    body = {"case": {"staff_id": desk.staff("old")}}
    assert desk.refused("PUT", f"cases/{desk.case('sales')}.json", body) == (400, "staff_not_active")


@pytest.mark.parametrize("body", [{}, [], {"subject": "unwrapped"}, {"case": "text"}, {"case": []}])
def test_a_create_without_its_wrapper_is_refused(desk, body):
    assert desk.refused("POST", "cases.json", body) == (400, "incorrect_user_email")


def test_parameters_of_a_case_change(desk):
    path = f"cases/{desk.case('sales')}.json"
    change = {"subject": "New", "group_id": 1, "staff_id": str(desk.staff("rob")), "priority": "high", "language_id": 3}
    changed = desk.write("PUT", path, {"case": change})["case"]
    assert changed == desk.get(path)["case"]
    assert (changed["subject"], changed["group_id"], changed["staff_id"]) == ("New", 1, desk.staff("rob"))
    assert changed["updated_at"] == "Tue, 05 May 2026 00:15:17 +0300"
    unassigned = desk.write("PUT", path, {"case": {"staff_id": 0, "group_id": 0}})["case"]
    assert (unassigned["staff_id"], unassigned["group_id"]) == (0, 0)


def test_update_changes_only_what_it_names(desk):
    path = f"cases/{desk.case('main')}.json"
    before = desk.get(path)["case"]
    changed = desk.write("PUT", path, {"case": {"custom_fields": {"cf_1": "new", "cf_3": ""}, "created_at": 1}})["case"]
    assert changed["custom_fields"] == {**before["custom_fields"], "cf_1": "new", "cf_3": ""}
    same = ("subject", "status", "priority", "labels", "created_at", "staff_id", "closed_at")
    assert {name: changed[name] for name in same} == {name: before[name] for name in same}


def test_labels_are_added_and_deleted_and_never_replaced(desk):
    path = f"cases/{desk.case('sales')}.json"
    assert desk.write("PUT", path, {"case": {"labels": [1]}})["case"]["labels"] == [2]
    assert desk.write("PUT", path, {"case": {"add_labels": [1, 2]}})["case"]["labels"] == [2, 1]
    assert desk.write("PUT", path, {"case": {"delete_labels": "2"}})["case"]["labels"] == [1]
    assert desk.refused("PUT", path, {"case": {"add_labels": [99]}}) == (400, "label_not_found")


def test_closing_stamps_and_reopening_clears(desk):
    path = f"cases/{desk.case('sales')}.json"
    closed = desk.write("PUT", path, {"case": {"status": "closed"}})["case"]
    assert closed["closed_at"] == "Tue, 05 May 2026 00:15:17 +0300"
    assert closed["closing_speed"] > 0
    desk.clock.advance(60)
    assert desk.write("PUT", path, {"case": {"status": "closed"}})["case"]["closed_at"] == closed["closed_at"]
    reopened = desk.write("PUT", path, {"case": {"status": "open"}})["case"]
    assert (reopened["closed_at"], reopened["closing_speed"]) == ("-", "-")


def test_changelog_tells_what_changed_and_by_whom(desk):
    case_id = desk.case("sales")
    desk.write("PUT", f"cases/{case_id}.json", {"case": {"status": "closed", "staff_id": desk.staff("rob")}})
    desk.write(
        "PUT", f"cases/{case_id}.json", {"case": {"status": "open", "add_labels": [1], "custom_fields": {"cf_1": "X"}}}
    )
    changes = desk.get(f"cases/{case_id}/changelog.json")["changelog"]
    assert {(each["event"], each["old_value"], each["value"]) for each in changes} == {
        ("status", "open", "closed"),
        ("staff", "0", str(desk.staff("rob"))),
        ("status", "closed", "open"),
        ("labels", "2", "2,1"),
        ("custom_field_1", "", "X"),
    }
    assert {each["done_by"] for each in changes} == {"staff_1"}
    path = f"cases/{case_id}/changelog.json"
    assert [each["value"] for each in desk.get(path, {"status": "any,closed"})["changelog"]] == ["closed"]
    assert [each["event"] for each in desk.get(path, {"staff": "empty,any"})["changelog"]] == ["staff"]
    assert [each["event"] for each in desk.get(path, {"custom_fields[cf_1]": "any,X"})["changelog"]] == [
        "custom_field_1"
    ]
    assert [each["value"] for each in desk.get(path, {"status": "closed"})["changelog"]] == ["closed"]
    assert desk.refused("GET", path, query={"status": "any,open,closed"}) == (400, "wrong_status")


def test_rate(desk):
    path = f"cases/{desk.case('sales')}/rate.json"
    rated = desk.write("PUT", path, {"rate": {"rating": "low", "rating_comment": "slow", "rated_staff_id": 2}})["case"]
    assert (rated["rating"], rated["rating_comment"], rated["rated_staff_id"]) == ("low", "slow", 2)
    assert desk.refused("PUT", path, {"rate": {"rating": "positive"}}) == (400, "wrong_rating")
    assert desk.refused("PUT", path, {}) == (400, "wrong_rating")
    assert desk.refused("POST", path, {}) == (405, "method_not_allowed")


@pytest.mark.parametrize("body", [None, [], {}])
def test_trash_spam_and_restore_take_any_empty_body(desk, body):
    path = f"cases/{desk.case('sales')}"
    assert desk.write("PUT", f"{path}/trash.json", body)["case"]["deleted"] is True
    assert desk.write("PUT", f"{path}/spam.json", body)["case"]["spam"] is True
    restored = desk.write("PUT", f"{path}/restore.json", body)["case"]
    assert (restored["deleted"], restored["spam"]) == (False, False)


def test_delete_is_for_good_and_answers_nothing(desk):
    path = f"/api/cases/{desk.case('sales')}.json"
    response = desk.send("DELETE", path)
    assert (response.status_code, response.data) == (200, b"")
    assert desk.send("GET", path).status_code == 404
    assert desk.case("sales") not in desk.found()


def test_delete_may_need_the_trash():
    desk = Desk(delete_needs_trash=True)
    path = f"cases/{desk.case('sales')}"
    assert desk.refused("DELETE", f"{path}.json") == (400, "case_not_in_trash")
    desk.write("PUT", f"{path}/trash.json")
    desk.write("DELETE", f"{path}.json")


def test_bulk_names_the_successful_ids_and_costs_one_write(desk):
    ids = desk.ids("sales", "done")
    before = int(desk.send("GET", "/api/cases.json").headers["api_calls_left"])
    response = desk.send("PUT", f"/api/cases/{ids[0]},999,{ids[1]}/trash.json")
    assert response.json == {"case_success_id": ids}
    assert int(response.headers["api_calls_left"]) == before - 2
    assert all(desk.get(f"cases/{each}.json")["case"]["deleted"] for each in ids)
    assert desk.write("DELETE", f"cases/{ids[0]},{ids[1]}.json") == {"case_success_id": ids}
    assert desk.write("PUT", "cases/998,999/spam.json") == {"case_success_id": []}
    eleven = ",".join(str(each) for each in range(1, 12))
    assert desk.refused("PUT", f"cases/{eleven}/restore.json") == (400, "too_many_cases")


def test_forms_are_read_like_json(desk):
    fields = {
        "case[user_email]": "form@y.io",
        "case[subject]": "Form",
        "case[content]": "plain",
        "case[custom_fields][cf_1]": "PO-9",
        "case[labels][]": ["1", "2"],
    }
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        response = desk.send("POST", "/api/cases.json", data=fields, headers={"Content-Type": content_type})
        assert response.status_code == 201, response.text
        case = json.loads(response.data)["case"]
        assert (case["custom_fields"], case["labels"]) == ({"cf_1": "PO-9"}, [1, 2])


def test_unreadable_bodies_are_refused(desk):
    def refusal(data: bytes, content_type: str):
        response = desk.send("POST", "/api/cases.json", data=data, headers={"Content-Type": content_type})
        return response.status_code, response.json

    assert refusal(b"{", "application/json") == (400, {"error": "wrong_request_body"})
    assert refusal(b'"text"', "application/json") == (400, {"error": "wrong_request_body"})
    assert refusal(b"<case/>", "text/xml") == (415, {"error": "wrong_request_body"})


def test_an_automatic_answer_is_a_hazard_that_can_be_switched_on(desk):
    create(desk)
    assert desk.outbox() == []
    noisy = Desk(autoreply=True)
    create(noisy)
    assert [(mail["kind"], mail["to"]) for mail in noisy.outbox()] == [("autoreply", "new@y.io")]
