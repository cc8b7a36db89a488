"""Users, companies, agents, groups and labels of the simulated account."""

from __future__ import annotations

import pytest
from adapters.deskie.simulated import Desk, rows


@pytest.fixture
def desk():
    return Desk()


def users(desk: Desk, query=None) -> list[int]:
    return [user["user_id"] for user in desk.list("users.json", "user", query)]


def keys(desk: Desk, query=None) -> set[str]:
    names = {number: key for key, number in desk.app.seeded.users.items()}
    return {names[number] for number in users(desk, query)}


def test_substring_by_default_and_marks_for_the_rest(desk):
    assert keys(desk, {"user_email": "ann@x.io"}) == {"ann", "joann", "turk", "loud"}
    assert keys(desk, {"user_email": "^ann@x.io^"}) == {"ann", "loud"}
    assert keys(desk, {"user_email": "^ann@x.io"}) == {"ann", "turk", "loud"}
    assert keys(desk, {"user_email": "ann@x.io^"}) == {"ann", "joann", "loud"}
    assert keys(desk, {"user_email[]": ["^joann@x.io^", "^ann@x.io.tr^"]}) == {"joann", "turk"}
    assert keys(desk, {"user_email": "^nobody@x.io^"}) == set()


def test_marks_come_percent_encoded_too(desk):
    response = desk.send("GET", "/api/users.json?user_email=%5Ejoann%40x.io%5E")
    assert [user["user_id"] for user in rows(response.json, "user")] == [desk.user("joann")]


def test_case_may_count():
    desk = Desk(case_sensitive_search=True)
    assert keys(desk, {"user_email": "^ann@x.io^"}) == {"ann"}
    assert keys(desk, {"user_email": "ANN@"}) == {"loud"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"user_phone": "1234567"}, {"caller"}),
        ({"user_phone": "+49 170"}, {"caller"}),
        ({"user_phone": "^+49 170 1234567^"}, {"caller"}),
        ({"user_custom_id": "nobody"}, {"nobody"}),
        ({"user_custom_channel": "cch1"}, {"nobody"}),
        ({"company_id": "1"}, {"ann"}),
        ({"company_id[]": ["1", "2"]}, {"ann"}),
        ({"custom_fields[cf_5]": "gol"}, {"ann"}),
        ({"language_id": "3"}, set()),
        ({"from_time": "2026-02-01"}, set()),
    ],
)
def test_user_filters(desk, query, found):
    assert keys(desk, query) == found


def test_user_filters_by_updates_and_contacts(desk):
    now = desk.app.now()
    desk.clock.advance(10)
    desk.write("PUT", f"users/{desk.user('turk')}.json", {"user": {"user_note": "n"}})
    assert keys(desk, {"from_updated_time": now}) == {"turk"}
    assert keys(desk, {"from_last_contact_time": "1"}) == {"ann", "joann", "turk", "caller", "nobody"}


def test_short_searches_pages_and_amounts(desk):
    assert desk.refused("GET", "users.json", query={"user_email": "^an^"}) == (400, "user_email_too_short")
    page = desk.get("users.json", {"limit": 3, "page": 3})
    assert (page["total_count"], len(page)) == (8, 3)
    [ann] = desk.list("users.json", "user", {"company_id": 1, "amount_of_cases": "true"})
    assert ann["amount_of_cases"] == 3


def test_a_user_has_the_identity_of_its_type(desk):
    drawn = {user["user_id"]: user for user in desk.list("users.json", "user")}
    ann, caller, nobody = (drawn[desk.user(key)] for key in ("ann", "caller", "nobody"))
    assert (ann["type"], ann["user_email"], ann["custom_fields"]) == ("email", "ann@x.io", {"cf_5": "gold"})
    assert (ann["company_name"], ann["thumbnail"], ann["linked_users"]) == ("Acme", "", [])
    assert (caller["type"], caller["user_phone"], caller["last_contact_at"]) == (
        "phone",
        "+49 170 1234567",
        "Sat, 10 Jan 2026 13:00:00 +0200",
    )
    assert "user_email" not in caller
    assert (nobody["type"], nobody["user_custom_id"]) == ("custom", "nobody")
    assert drawn[desk.user("joann")]["updated_at"] == "Sat, 10 Jan 2026 12:00:00 +0200"


def test_flags_of_blocked_and_deleted_users(desk):
    flags = {user["user_id"]: (user["active"], user["deleted"]) for user in desk.list("users.json", "user")}
    assert flags[desk.user("blocked")] == (False, False)
    assert flags[desk.user("gone")] == (True, True)
    assert flags[desk.user("ann")] == (True, False)


def test_blocking_disabling_and_restoring_users(desk):
    path = f"users/{desk.user('joann')}"
    for action, flags in (("block", (False, False)), ("disable", (True, True)), ("restore", (True, False))):
        changed = desk.write("PUT", f"{path}/{action}.json")["user"]
        assert (changed["active"], changed["deleted"]) == flags
        assert desk.get(f"{path}.json")["user"] == changed


def test_only_the_answer_to_a_create_holds_the_password(desk):
    body = {
        "user": {"user_email": "new@y.io", "user_full_name": "N", "custom_fields": {"cf_5": "x", "cf_1": "of cases"}}
    }
    created = desk.write("POST", "users.json", body)["user"]
    assert created.pop("password")
    assert created["custom_fields"] == {"cf_5": "x"}
    assert desk.get(f"users/{created['user_id']}.json")["user"] == created
    assert all("password" not in user for user in desk.list("users.json", "user"))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "wrong_email"),
        ({"user_email": "x"}, "wrong_email"),
        ({"user_fax": "@x"}, "wrong_email"),
        ({"user_email": "Ann@X.IO"}, "email_already_exist"),
        ({"user_phone": "491701234567"}, "phone_already_exist"),
        ({"user_phone": "call me"}, "wrong_phone"),
        ({"user_custom_id": "nobody", "user_custom_channel": "cch1"}, "user_already_exist"),
        ({"user_custom_id": "x"}, "wrong_user_custom_channel"),
        ({"user_email": "n@y.io", "language_id": "x"}, "wrong_language_id"),
    ],
)
def test_a_refused_user_is_not_created(desk, fields, code):
    assert desk.refused("POST", "users.json", {"user": fields}) == (400, code)
    assert len(users(desk)) == 8


def test_update_keeps_confirmed_emails_and_changes_others(desk):
    joann = f"users/{desk.user('joann')}.json"
    assert desk.refused("PUT", joann, {"user": {"user_email": "jo@x.io"}}) == (400, "email_is_confirmed")
    same = {"user_email": "joann@x.io", "user_full_name": "Jo", "company_name": "Globex", "company_position": "CEO"}
    assert desk.write("PUT", joann, {"user": same})["user"]["user_full_name"] == "Jo"
    new = desk.write("POST", "users.json", {"user": {"user_email": "new@y.io"}})["user"]["user_id"]
    taken = {"user": {"user_email": "ANN@x.io"}}
    assert desk.refused("PUT", f"users/{new}.json", taken) == (400, "email_already_exist")
    desk.write("PUT", f"users/{new}.json", {"user": {"user_email": "newer@y.io"}})
    assert users(desk, {"user_email": "^newer@y.io^"}) == [new]
    assert users(desk, {"user_email": "^new@y.io^"}) == []
    caller = f"users/{desk.user('caller')}.json"
    assert desk.write("PUT", caller, {"user": {"user_phone": "+1 22"}})["user"]["user_phone"] == "+1 22"
    assert "user_email" not in desk.write("PUT", caller, {"user": {"user_email": "c@y.io"}})["user"]


def test_a_deleted_user_is_gone_and_its_cases_stay(desk):
    assert desk.write("DELETE", f"users/{desk.user('joann')}.json") is None
    assert desk.refused("GET", f"users/{desk.user('joann')}.json") == (404, "user_not_found")
    assert desk.get(f"cases/{desk.case('sales')}.json")["case"]["user_id"] == desk.user("joann")
    assert desk.refused("PUT", "users/999/block.json") == (404, "user_not_found")


def test_links_are_mutual_and_named_at_the_top_of_the_body(desk):
    ann, caller = desk.user("ann"), desk.user("caller")
    assert desk.write("PUT", f"users/{ann}/link.json", {"user_phone": "+49 170 1234567"})["user"]["linked_users"] == [
        caller
    ]
    assert desk.get(f"users/{caller}.json")["user"]["linked_users"] == [ann]
    desk.write("PUT", f"users/{ann}/link.json", {"user_id": desk.user("turk")})
    assert desk.write("PUT", f"users/{ann}/unlink.json", {"user_id": caller})["user"]["linked_users"] == [
        desk.user("turk")
    ]
    assert desk.get(f"users/{caller}.json")["user"]["linked_users"] == []
    assert desk.refused("PUT", f"users/{ann}/link.json", {"user_id": ann}) == (400, "wrong_user_id")


def test_identification_code(desk):
    known = desk.write("POST", "users/identification.json", {"user": {"user_email": "ann@x.io"}}, status=200)
    assert known["code"] == f"sim-code-{desk.user('ann')}"
    desk.write("POST", "users/identification.json", {"user": {"user_email": "fresh@y.io"}}, status=200)
    assert len(users(desk, {"user_email": "^fresh@y.io^"})) == 1


def test_companies(desk):
    body = {
        "company_name": "Initech",
        "company_domains": "i.io, j.io",
        "company_default_group": 2,
        "company_users": "1,2",
    }
    company = desk.write("POST", "companies.json", {"company": body})["company"]
    path = f"companies/{company['company_id']}"
    assert (company["company_domains"], company["company_default_group"]) == ("i.io,j.io", 2)
    assert desk.get("users/2.json")["user"]["company_name"] == "Initech"
    change = {
        "company_name": "Initrode",
        "add_company_domains": "k.io",
        "remove_company_domains": "i.io",
        "add_company_users": "3",
        "remove_company_users": "1",
        "company_note": "n",
        "company_address": "a street",
    }
    changed = desk.write("PUT", f"{path}.json", {"company": change})["company"]
    assert (changed["company_domains"], changed["company_note"]) == ("j.io,k.io", "n")
    assert users(desk, {"company_id": company["company_id"]}) == [2, 3]
    query = {"company_name": "init", "amount_of_users": "1", "amount_of_cases": "1"}
    [listed] = desk.list("companies.json", "company", query)
    assert (listed["amount_of_users"], listed["amount_of_cases"]) == (2, 3)
    assert desk.list("companies.json", "company", {"company_domains": "^j.io", "company_address": "street^"}) == [
        changed
    ]
    for action, flags in (("block", (False, False)), ("disable", (True, True)), ("restore", (True, False))):
        drawn = desk.write("PUT", f"{path}/{action}.json")["company"]
        assert (drawn["active"], drawn["deleted"]) == flags
    desk.write("DELETE", f"{path}.json")
    assert desk.get(f"{path}.json")["company"]["deleted"] is True


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "empty_company_name"),
        ({"company_name": "ACME"}, "company_already_exist"),
        ({"company_name": "N", "company_users": "999"}, "user_not_found"),
        ({"company_name": "N", "company_default_group": 99}, "group_not_found"),
    ],
)
def test_refused_companies(desk, fields, code):
    assert desk.refused("POST", "companies.json", {"company": fields}) == (400, code)
    assert len(desk.list("companies.json", "company")) == 2


def test_agents_are_created_deactivated_and_deleted(desk):
    body = {"staff": {"staff_email": "new@robotsrule.example", "staff_full_name": "New", "staff_signature": "--"}}
    created = desk.write("POST", "staff.json", body)["staff"]
    path = f"staff/{created['staff_id']}"
    assert "status_id" not in created
    shown = desk.get(f"{path}.json")["staff"]
    assert shown == {**created, "status": "online", "status_id": 1}
    assert desk.write("PUT", f"{path}.json", {"staff": {"staff_email": "n@r.io"}})["staff"]["staff_email"] == "n@r.io"
    assert desk.write("PUT", f"{path}/disable.json")["staff"]["active"] is False
    assert desk.write("PUT", f"{path}/enable.json")["staff"]["active"] is True
    assert desk.write("DELETE", f"{path}.json") is None
    assert desk.refused("GET", f"{path}.json") == (404, "staff_not_found")


def test_an_agents_cases_are_handed_over(desk):
    rob, meg = desk.staff("rob"), desk.staff("meg")
    desk.write("PUT", f"cases/{desk.case('sales')}.json", {"case": {"staff_id": rob}})
    desk.write("PUT", f"staff/{rob}/disable.json", {"staff": {"replace_staff_id": meg}})
    assert desk.found({"staff_id": meg}) == desk.ids("main", "sales")
    assert desk.found({"staff_id": rob}) == desk.ids("done")
    desk.write("DELETE", f"staff/{rob}.json", {"staff": {"replace_staff_id": meg}})
    assert desk.found({"staff_id": meg}) == desk.ids("main", "sales", "done")
    desk.write("DELETE", f"staff/{meg}.json")
    assert desk.found({"staff_id": 0}) == sorted(desk.ids("main", "sales", "done", "junk", "bin", "call", "chat"))


@pytest.mark.parametrize(
    ("method", "path", "fields", "code"),
    [
        ("POST", "staff.json", {}, "wrong_email"),
        ("POST", "staff.json", {"staff_email": "x"}, "wrong_email"),
        ("POST", "staff.json", {"staff_email": "MEG@robotsrule.example"}, "email_already_exist"),
        ("PUT", "staff/2.json", {"staff_email": "rob@robotsrule.example"}, "email_already_exist"),
        ("PUT", "staff/2/disable.json", {"replace_staff_id": 2}, "wrong_replace_staff_id"),
        ("DELETE", "staff/2.json", {"replace_staff_id": 99}, "wrong_replace_staff_id"),
        ("DELETE", "staff/2.json", {"replace_staff_id": 4}, "staff_not_active"),
    ],
)
def test_refused_agents(desk, method, path, fields, code):
    before = desk.list("staff.json", "staff")
    assert desk.refused(method, path, {"staff": fields}) == (400, code)
    assert desk.list("staff.json", "staff") == before


def test_roles_and_statuses_break_the_pattern_of_lists(desk):
    roles, statuses = desk.get("staff_roles.json"), desk.get("staff_statuses.json")
    assert (roles["count"], roles["0"]["staff_roles"]) == (3, {"role_id": 1, "role": "Full access"})
    assert statuses["1"]["staff_statuses"] == {"status_id": 2, "status": "Offline", "active": True}
    assert "total_count" not in roles
    assert "total_count" not in statuses


def test_groups_are_created_and_edited(desk):
    created = desk.write("POST", "groups.json", {"group": {"group_title": "VIP", "group_from_name": "V"}})["group"]
    path = f"groups/{created['group_id']}"
    edited = desk.write("PUT", f"{path}.json", {"group": {"group_title": "VIPs", "group_signature": "s"}})["group"]
    assert (edited["group_title"], edited["group_from_name"], edited["group_signature"]) == ("VIPs", "V", "s")
    assert desk.get(f"{path}.json")["group"] == edited
    assert desk.write("PUT", f"{path}/disable.json")["group"]["active"] is False
    assert desk.write("PUT", f"{path}/enable.json")["group"]["active"] is True
    desk.write("DELETE", f"{path}.json")
    assert desk.refused("GET", f"{path}.json") == (404, "group_not_found")
    assert desk.refused("POST", "groups.json", {"group": {}}) == (400, "empty_group_title")
    assert desk.refused("PUT", "groups/1.json", {"group": {"group_title": " "}}) == (400, "empty_group_title")


def test_a_group_in_use_needs_a_replacement(desk):
    assert desk.refused("DELETE", "groups/1.json") == (400, "replace_group_id_required")
    assert desk.refused("PUT", "groups/1/disable.json", {"group": {"replace_group_id": 1}}) == (
        400,
        "wrong_replace_group_id",
    )
    desk.write("DELETE", "groups/1.json", {"group": {"replace_group_id": 2}})
    assert desk.found({"group_id": 2}) == desk.ids("main", "sales", "done")


@pytest.mark.parametrize("wrapper", ["label", "labels"])
def test_labels(desk, wrapper):
    created = desk.write("POST", "labels.json", {wrapper: {"label_title": "New"}})["label"]
    assert created == {"label_id": 3, "label_title": "New"}
    assert desk.refused("POST", "labels.json", {wrapper: {"label_title": "new"}}) == (400, "label_already_exist")
    assert desk.refused("POST", "labels.json", {wrapper: {"label_title": ""}}) == (400, "empty_label_title")
    assert desk.write("PUT", "labels/3.json", {wrapper: {"label_title": "Newer"}})["label"]["label_title"] == "Newer"
    desk.get(f"cases/{desk.case('main')}.json")
    desk.write("DELETE", "labels/2.json")
    assert [label["label_id"] for label in desk.list("labels.json", "label")] == [1, 3]
    assert desk.get(f"cases/{desk.case('main')}.json")["case"]["labels"] == [1]
    assert desk.refused("PUT", "labels/2.json", {wrapper: {"label_title": "x"}}) == (404, "label_not_found")
    assert desk.refused("GET", "labels/1.json") == (405, "method_not_allowed")


def test_a_second_label_of_one_title_may_be_allowed():
    desk = Desk(duplicate_label="create")
    assert desk.write("POST", "labels.json", {"label": {"label_title": "vip"}})["label"]["label_id"] == 3
