"""Credentials, rights and the rate limit of the simulated Deskie account."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from adapters.deskie.simulated import START, Desk, basic, dataset, person
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.datasets.dataset import Dataset
from helpdesk_bridge.testing.simulator import SettingError, SimulatorClock
from helpdesk_bridge_deskie.simulator.limits import PLANS

ADMIN = "admin@robotsrule.example"


def agents(count: int) -> Dataset:
    """An account with so many enabled agents, the API's own included."""
    return Dataset(people=tuple(person(f"a{n}", f"a{n}@robotsrule.example", role="agent") for n in range(count - 1)))


def status_for(desk: Desk, authorization: str | None) -> tuple[int, dict[str, str]]:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = desk.client.get("/api/cases.json", headers=headers)
    return response.status_code, json.loads(response.data)


def test_active_agent_with_the_key_is_let_in():
    desk = Desk()
    assert status_for(desk, basic(desk.email.upper(), desk.key))[0] == 200
    assert status_for(desk, basic("meg@robotsrule.example", desk.key))[0] == 200


def test_wrong_key_disabled_agent_admin_and_strangers_are_refused():
    desk = Desk()
    refused = [
        None,
        "Basic",
        "Basic ###",
        f"Basic {desk.email}:{desk.key}",
        f"Bearer {desk.key}",
        basic(desk.email, "wrong"),
        basic("stranger@robotsrule.example", desk.key),
        basic("old@robotsrule.example", desk.key),
        basic(ADMIN, desk.key),
    ]
    for authorization in refused:
        assert status_for(desk, authorization) == (401, {"error": "wrong_auth"}), authorization


def test_admin_and_status_are_switchable():
    desk = Desk(admin_email=True, auth_status=403)
    assert status_for(desk, basic(ADMIN, desk.key))[0] == 200
    assert status_for(desk, basic(desk.email, "wrong"))[0] == 403


def test_an_agent_disabled_later_is_refused_at_once():
    desk = Desk()
    meg = basic("meg@robotsrule.example", desk.key)
    assert status_for(desk, meg)[0] == 200
    desk.write("PUT", f"staff/{desk.staff('meg')}/disable.json", {"staff": {"replace_staff_id": desk.staff("rob")}})
    assert status_for(desk, meg)[0] == 401


def test_json_content_type_with_get_is_fine():
    response = Desk().send("GET", "/api/cases.json", headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("plan", "count", "limit"),
    [
        ("basic", 10, 50),
        ("standard", 100, 500),
        ("standard", 200, 750),
        ("pro", 100, 1000),
        ("basic", 1, 20),
        ("basic", 4, 20),
        ("basic", 5, 25),
        ("basic", 11, 50),
        ("standard", 1, 5),
        ("standard", 150, 750),
        ("pro", 150, 1500),
        ("pro", 151, 1500),
    ],
)
def test_limit_by_plan_and_enabled_agents(plan, count, limit):
    desk = Desk(agents(count), rate_limit=0, subscription=plan)
    assert desk.app.connection["enabled_agents"] == count
    assert desk.send("GET", "/api/cases.json").headers["rate_limit_per_minute"] == str(limit)


@given(plan=st.sampled_from(sorted(PLANS)), count=st.integers(1, 2000))
def test_more_agents_never_lower_the_limit(plan, count):
    rule = PLANS[plan]
    assert rule.floor <= rule.limit(count) <= rule.limit(count + 1) <= rule.cap


def test_disabling_an_agent_lowers_the_limit():
    desk = Desk(agents(10), rate_limit=0)
    assert desk.app.limit() == 100
    desk.write("PUT", "staff/2/disable.json")
    assert desk.send("GET", "/api/cases.json").headers["rate_limit_per_minute"] == "90"


def test_all_agents_share_one_budget():
    desk = Desk(rate_limit=10)
    left = [
        desk.client.get("/api/cases.json", headers={"Authorization": basic(email, desk.key)}).headers["api_calls_left"]
        for email in (desk.email, "meg@robotsrule.example", desk.email)
    ]
    assert left == ["9", "8", "7"]


def test_writes_cost_two_and_reads_one():
    desk = Desk(rate_limit=100)
    steps = [
        ("GET", "/api/cases.json"),
        ("POST", "/api/labels.json"),
        ("PUT", "/api/labels/1.json"),
        ("DELETE", "/api/labels/1.json"),
        ("GET", "/api/cases/999.json"),
        ("GET", "/api/nothing.json"),
    ]
    left = [100, *(int(desk.send(method, path).headers["api_calls_left"]) for method, path in steps)]
    assert [before - after for before, after in pairwise(left)] == [1, 2, 2, 2, 1, 1]


def test_wrong_credentials_and_downloads_cost_nothing():
    desk = Desk(rate_limit=10)
    assert desk.client.get("/api/cases.json").headers["api_calls_left"] == "10"
    assert desk.send("GET", "/attachments/1/pixel.png").headers["api_calls_left"] == "10"
    charged = Desk(rate_limit=10, charge_files=True)
    assert charged.send("GET", "/attachments/1/pixel.png").headers["api_calls_left"] == "9"


def test_over_the_limit_is_429_until_the_window_ends():
    desk = Desk(rate_limit=3)
    assert [desk.send("GET", "/api/cases.json").status_code for _ in range(4)] == [200, 200, 200, 429]
    desk.clock.advance(40)
    refusal = desk.send("GET", "/api/cases.json")
    assert (refusal.status_code, refusal.headers["retry_after"]) == (429, "20")
    desk.clock.advance(19.5)
    assert desk.send("GET", "/api/cases.json").headers["retry_after"] == "1"
    desk.clock.advance(0.5)
    assert desk.send("GET", "/api/cases.json").status_code == 200


def test_a_write_with_one_call_left_is_refused_and_charges_nothing():
    desk = Desk(rate_limit=3)
    desk.write("POST", "labels.json", {"label": {"label_title": "one"}})
    refusal = desk.send("POST", "/api/labels.json", json={"label": {"label_title": "two"}})
    assert (refusal.status_code, refusal.headers["api_calls_left"]) == (429, "1")
    assert len(desk.app.account.labels) == 3
    assert desk.send("GET", "/api/labels.json").status_code == 200


def test_legacy_403_and_charging_refusals():
    desk = Desk(rate_limit=1, rate_limit_status=403, charge_refused=True)
    desk.send("GET", "/api/cases.json")
    refusal = desk.send("GET", "/api/cases.json")
    assert refusal.status_code == 403
    assert "rate limit exceeded" in refusal.text


def test_the_three_headers_are_on_every_answer_by_these_names():
    desk = Desk(rate_limit=6)
    answers = [
        desk.client.get("/api/cases.json"),
        desk.send("GET", "/api/cases.json"),
        desk.send("GET", "/api/cases/999.json"),
        desk.send("PATCH", "/api/cases.json"),
        desk.send("POST", "/api/cases.json", data="x", headers={"Content-Type": "text/plain"}),
        desk.send("POST", "/api/cases.json", json={}),
        desk.send("GET", "/attachments/1/pixel.png"),
    ]
    assert [answer.status_code for answer in answers] == [401, 200, 404, 405, 415, 429, 200]
    for answer in answers:
        names = {name for name, _ in answer.headers}
        assert {"rate_limit_per_minute", "api_calls_left", "retry_after"} <= names
        assert not any(name.lower() in {"retry-after", "x-ratelimit-limit"} for name in names)
        assert int(answer.headers["retry_after"]) >= 1
        assert answer.headers["rate_limit_per_minute"] == "6"


def test_an_injected_refusal_uses_the_same_header():
    desk = Desk()
    desk.client.post("/_sim/faults", json={"kind": "rate_limited", "retry_after": 7})
    refusal = desk.send("GET", "/api/cases.json")
    assert (refusal.status_code, refusal.headers["retry_after"]) == (429, "7")
    assert "Retry-After" not in refusal.headers


def test_a_limited_agent_gets_a_part_of_the_cases():
    full, limited = Desk(), Desk(limited_agent="meg@robotsrule.example", limited_groups="sales")
    limited.email = "meg@robotsrule.example"
    expected = limited.ids("main", "sales", "done")
    assert limited.found() == expected
    assert limited.get("cases.json")["total_count"] == 3 < full.get("cases.json")["total_count"]
    assert limited.refused("GET", f"cases/{limited.case('call')}.json") == (403, "staff_has_not_access")
    assert limited.refused("PUT", f"cases/{limited.case('call')}/trash.json") == (403, "staff_has_not_access")
    assert limited.refused("DELETE", f"users/{limited.user('ann')}.json") == (403, "staff_has_not_access")


def test_the_first_group_is_the_default_and_403_a_switch():
    limited = Desk(limited_agent="bot@robotsrule.example")
    assert limited.found() == limited.ids("main")
    refusing = Desk(limited_agent="bot@robotsrule.example", limited_access="403")
    assert refusing.refused("GET", "cases.json") == (403, "staff_has_not_access")


def test_the_connection_names_the_account_of_the_paper():
    connection = Desk().app.connection
    assert connection["account"] == "robotsrule"
    assert set(connection) == {"account", "staff_email", "api_key", "subscription", "enabled_agents"}
    assert connection["enabled_agents"] == 3


def test_trailing_slashes_are_accepted_and_unknown_paths_are_not():
    desk = Desk()
    assert desk.send("GET", "/api/cases.json/").status_code == 200
    assert desk.refused("GET", "cases") == (404, "method_not_found")


def test_time_scale_shortens_the_window():
    ticks = iter(range(100))
    clock = SimulatorClock(60.0, wall=lambda: START, monotonic=lambda: next(ticks))
    desk = Desk(rate_limit=1, clock=clock)
    assert desk.send("GET", "/api/cases.json").status_code == 200
    assert desk.send("GET", "/api/cases.json").status_code == 200


def test_reset_restores_the_seed_and_the_budget():
    desk = Desk(rate_limit=2)
    desk.write("POST", "labels.json", {"label": {"label_title": "new"}})
    assert desk.client.post("/_sim/reset").status_code == 204
    assert [label["label_title"] for label in desk.list("labels.json", "label")] == ["vip", "bug"]
    state = desk.client.get("/_sim/state").json
    assert state["records"]["api_calls_left"] == 1
    assert state["records"]["cases"] == 8


@pytest.mark.parametrize(
    "settings", [{"zone": "Mars/Olympus"}, {"subscription": "gold"}, {"no_such": 1}, {"rate_limit": "many"}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(SettingError):
        Desk(**settings)


def test_every_switch_says_what_it_is_and_where_it_comes_from():
    for name, switch in Desk().app.SWITCHES.items():
        assert len(switch.help) > 10, name
        assert not switch.choices or switch.default in switch.choices


def test_an_empty_account_has_its_reference_lists():
    seed = evolve(dataset(), tickets=(), people=tuple(each for each in dataset().people if each.role == "agent"))
    desk = Desk(seed)
    assert desk.get("cases.json") == {"total_count": 0}
    assert len(desk.list("groups.json", "group")) == 2
    assert len(desk.list("custom_fields.json", "custom_field")) == 5
