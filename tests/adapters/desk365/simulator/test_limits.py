from __future__ import annotations

import pytest
from desk365_http import ACCOUNT, REQUIRED, Desk365Http, ticket, with_tickets
from werkzeug.test import Client

from helpdesk_bridge.testing.simulator import SettingError, SimulatorClock
from helpdesk_bridge_desk365.simulator import API_KEY, FOREIGN_API_KEY, SECOND_API_KEY, create

REMAINING = "X-Rate-Limit-Remaining"


def limited(**settings) -> Desk365Http:
    return Desk365Http(with_tickets(*(ticket(number) for number in range(1, 4))), rate_limit=0, **settings)


def statuses(desk: Desk365Http, times: int, **query) -> list[int]:
    return [desk.send("GET", "/tickets", **query).status_code for _ in range(times)]


def test_no_key_and_an_unknown_one_are_401_another_tenants_is_403():
    desk = limited()
    for key, status in ((None, 401), ("nonsense", 401), (API_KEY.upper(), 401), (FOREIGN_API_KEY, 403)):
        response = desk.send("GET", "/tickets", key=key)
        assert response.status_code == response.json["status"] == status
        assert set(response.json) == {"status", "error", "message"}
        assert API_KEY not in response.text
    assert desk.send("GET", "/tickets", key=SECOND_API_KEY).status_code == 200


def test_a_key_is_taken_with_the_word_bearer_as_in_production_unless_the_account_is_strict():
    key = f"Bearer {API_KEY}"
    as_in_production = Desk365Http()
    as_in_production.simulator = create(ACCOUNT, clock=as_in_production.clock)
    as_in_production.client = Client(as_in_production.simulator)
    for given in (key, API_KEY):
        assert as_in_production.send("GET", "/tickets", key=given).status_code == 200
    for wrong in ("Bearer", "Bearer ", f"Bearer Bearer {API_KEY}", f"Basic {API_KEY}", "Bearer nobody"):
        assert as_in_production.send("GET", "/tickets", key=wrong).status_code == 401
    assert limited(bearer=False).send("GET", "/tickets", key=key).status_code == 401
    assert limited(bearer=False).send("GET", "/tickets").status_code == 200


def test_the_101st_call_of_an_hour_is_refused_and_keys_do_not_share():
    desk = limited()
    first = desk.send("GET", "/tickets")
    assert first.headers[REMAINING] == "99"
    assert statuses(desk, 99) == [200] * 99
    refused = desk.send("GET", "/tickets")
    assert refused.status_code == 429
    assert refused.headers[REMAINING] == "0"
    assert refused.json == {
        "status": 429,
        "error": "Too Many Requests",
        "message": "API rate limit exceeded. Please try again later.",
    }
    assert not {"retry-after", "x-rate-limit-retry-after-seconds"} & {name.lower() for name, _ in refused.headers}
    other = desk.send("GET", "/tickets", key=SECOND_API_KEY)
    assert (other.status_code, other.headers[REMAINING]) == (200, "99")
    desk.clock.advance(3599)
    assert statuses(desk, 1) == [429]
    desk.clock.advance(1)
    assert statuses(desk, 1) == [200]


@pytest.mark.parametrize("plan", ["plus", "premium"])
def test_higher_plans_have_50_a_minute(plan):
    desk = limited(subscription=plan)
    assert desk.simulator.connection["subscription"] == plan
    assert statuses(desk, 51) == [200] * 50 + [429]
    desk.clock.advance(60)
    assert desk.send("GET", "/tickets").headers[REMAINING] == "49"


def test_rows_beyond_ten_thousand_an_hour_are_refused():
    desk = Desk365Http(with_tickets(*(ticket(number) for number in range(1, 101))))
    assert statuses(desk, 100, ticket_count=100) == [200] * 100
    refused = desk.send("GET", "/tickets", ticket_count=30)
    assert refused.status_code == 429
    assert refused.headers[REMAINING] != "0"
    assert desk.send("GET", "/tickets/details", ticket_number=1).status_code == 200
    assert desk.numbers(ticket_count=30, offset=100) == []
    desk.clock.advance(3600)
    assert len(desk.numbers(ticket_count=100)) == 100


def test_the_row_window_settles_with_what_was_received():
    desk = limited(rows_per_hour=7)
    assert statuses(desk, 3, ticket_count=100) == [200, 200, 429]
    assert len(desk.numbers(offset=2)) == 1


@pytest.mark.parametrize(
    ("setting", "header"), [("retry-after", "Retry-After"), ("x-rate-limit", "X-Rate-Limit-Retry-After-Seconds")]
)
def test_a_429_tells_the_wait_when_switched_on(setting, header):
    desk = limited(retry_after=setting)
    statuses(desk, 100)
    desk.clock.advance(100.5)
    assert desk.send("GET", "/tickets").headers[header] == "3500"


def test_the_window_runs_in_scaled_vendor_time():
    real = [0.0]
    desk = limited()
    desk.clock = SimulatorClock(7200, monotonic=lambda: real[0])
    desk.simulator.clock = desk.clock
    desk.simulator.reset()
    assert statuses(desk, 101)[-1] == 429
    real[0] = 0.5
    assert statuses(desk, 1) == [200]


def test_ping_is_text_under_a_json_type_without_key_limit_or_rate_header():
    desk = limited()
    for _ in range(101):
        response = desk.send("GET", "/ping", key=None)
        assert response.status_code == 200
    assert response.text == "All good! Desk365 APIs are running fine"
    assert response.content_type == "application/json"
    assert REMAINING not in response.headers
    assert desk.send("GET", "/tickets").headers[REMAINING] == "99"


def test_every_answer_has_the_recorded_headers():
    desk = limited()
    for path in ("/tickets", "/nothing", "/ping", "/tickets/create"):
        headers = desk.send("GET", path).headers
        assert headers["Content-Type"] == (
            "application/json" if path != "/tickets/create" else "text/html;charset=utf-8"
        )
        assert headers["Cache-Control"] == "no-cache, no-store, max-age=0, must-revalidate"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Vary"].startswith("Origin,")
        assert headers["Server"].startswith("Apache/2.4")
        assert (REMAINING in headers) == (path != "/ping")
        assert not {"X-Rate-Limit-Limit", "X-Rate-Limit-Reset", "ETag"} & {name for name, _ in headers}


def test_a_browser_may_ask_before_it_calls():
    desk = limited()
    asked = desk.client.options(
        "/apis/v3/tickets",
        headers={"Origin": "https://board.example", "Access-Control-Request-Headers": "authorization"},
    )
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == "https://board.example"
    assert asked.headers["Access-Control-Allow-Headers"] == "authorization"


def test_unknown_paths_are_404_and_wrong_methods_405_with_allow():
    desk = limited()
    for path in ("/tickets/history", "/tickets/activities", "/agents", "/tickets/search", "/webhooks"):
        response = desk.send("GET", path)
        assert (response.status_code, response.json["error"]) == (404, "Not Found")
    for method, path, allowed in (
        ("GET", "/tickets/create", "POST"),
        ("POST", "/tickets/update", "PUT"),
        ("DELETE", "/tickets", "GET"),
    ):
        response = desk.send(method, path, {})
        assert response.status_code == 405
        assert allowed in response.headers["Allow"].split(",")
    assert desk.client.get("/apis/v2/tickets").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/companies/update"),
        ("POST", "/companies/update"),
        ("PUT", "/companies/Contoso"),
        ("POST", "/nothing"),
        ("DELETE", "/nothing"),
        ("PUT", "/contacts/update"),
        ("POST", "/tickets/add_note"),
        ("POST", "/tickets/add_note_with_attachment"),
    ],
)
def test_a_call_that_does_not_fit_is_answered_by_the_servlet_containers_page(method, path):
    response = limited().send(method, path, None if path.endswith("attachment") else {})
    assert (response.status_code, response.content_type) == (405, "text/html;charset=utf-8")
    assert "HTTP Status 405" in response.text
    assert f"Request method &#39;{method}&#39; not supported" in response.text
    assert "Apache Tomcat/8.5.66" in response.text
    assert response.headers["Allow"]


def test_a_get_without_its_query_may_be_not_found_instead():
    for path in ("/tickets/details", "/contacts/details", "/surveys/details"):
        assert limited().send("GET", path).status_code == 405
        assert limited(missing_query="404").send("GET", path).status_code == 404
    assert limited(missing_query="404").send("PUT", "/tickets/update", {}).status_code == 405


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tickets/add_note"),
        ("POST", "/tickets/add_reply"),
        ("PUT", "/tickets/update"),
        ("GET", "/tickets/details"),
        ("GET", "/tickets/conversations"),
    ],
)
def test_a_ticket_number_missing_from_the_query_is_405(method, path):
    body = None if method == "GET" else {"ticket_number": 1, "body": "Hello"}
    response = limited().send(method, path, body, ticket_id=1)
    assert response.status_code == 405
    assert response.headers["Allow"] == method


def test_a_400_has_one_of_two_shapes():
    bad = {**REQUIRED, "group": "Nowhere"}
    errors = limited().send("POST", "/tickets/create", bad)
    assert errors.status_code == 400
    assert errors.json == {
        "description": "Validation failed",
        "errors": [{"code": "invalid_value", "field": "group", "message": "The group Nowhere does not exist."}],
    }
    status = limited(error_shape="status").send("POST", "/tickets/create", bad)
    assert status.json == {"status": 400, "error": "Bad Request", "message": "The group Nowhere does not exist."}


def test_a_client_that_names_a_type_of_content_where_it_sends_none_is_answered():
    desk = limited()
    for path in ("/tickets", "/contacts", "/companies", "/ping"):
        headers = {"Authorization": API_KEY, "Content-Type": "application/json"}
        assert desk.client.get(f"/apis/v3{path}", headers=headers).status_code == 200


def test_bodies_that_cannot_be_read():
    desk = limited()
    headers = {"Authorization": API_KEY}
    text = desk.client.post("/apis/v3/tickets/create", headers=headers, data="a=b", content_type="text/plain")
    assert text.status_code == 415
    broken = desk.client.post("/apis/v3/tickets/create", headers=headers, data="{", content_type="application/json")
    assert broken.status_code == 400
    assert desk.send("POST", "/tickets/create", [1]).status_code == 400


def test_an_injected_failure_has_the_documented_body():
    desk = limited()
    desk.simulator.faults.inject("server_error", on="list_tickets", status=500)
    response = desk.send("GET", "/tickets")
    assert response.status_code == 500
    assert response.json["error"] == "Internal Server Error"
    desk.simulator.faults.inject("rate_limited", on="GET /apis/v3/tickets", retry_after=3)
    assert desk.send("GET", "/tickets").headers["Retry-After"] == "3"
    desk.simulator.faults.inject("token_expired", on="list_tickets")
    assert desk.send("GET", "/tickets").status_code == 401


def test_an_unknown_switch_or_value_names_the_known_ones():
    with pytest.raises(SettingError, match="subscription"):
        limited(plan="plus")
    with pytest.raises(SettingError, match="premium"):
        limited(subscription="gold")


def test_every_operation_says_where_it_is_known_from():
    routes = limited().simulator.routes()
    assert len(routes) >= 45
    assert all(info.source for info in routes)
