from __future__ import annotations

import json

import pytest
from adapters.desk360.simulated import BASE, TO, Desk, problem

from helpdesk_bridge.testing.simulator import SettingError
from helpdesk_bridge_desk360.simulator import LOGIN_EMAIL, LOGIN_PASSWORD, Desk360Simulator

GOOD = {"email": LOGIN_EMAIL, "password": LOGIN_PASSWORD}
WRONG = {**GOOD, "password": "guess"}
LIMITED = {"X-RateLimit-Limit", "X-RateLimit-Remaining"}


def login(desk, body=GOOD, **more):
    return desk.send("POST", "/v1/login", token=None, json=body, **more)


def calls():
    """Each documented call but login, with a path that could be real."""
    for route in Desk360Simulator.routes():
        if route.rule.startswith("/v1/integrations") and "chats" not in route.rule:
            yield route.method, route.rule.replace("<integration_id>", "11").replace("<media_id>", "x")


def test_the_thirteen_calls_are_there():
    rules = {
        (r.method, r.rule)
        for r in Desk360Simulator.routes()
        if r.provenance == "documented" and r.rule.startswith("/v1")
    }
    assert len(rules) == 13
    assert len(list(calls())) == 12


def test_login_gives_a_bearer_token_that_works_and_needs_none_itself():
    desk = Desk()
    answer = login(desk)
    assert answer.status_code == 200
    document = answer.get_json()
    assert set(document) == {"access_token", "token_type"}
    assert document["token_type"] == "Bearer"
    number, _, random = document["access_token"].partition("|")
    assert number.isdigit()
    assert len(random) == 48
    assert random.isalnum()
    assert desk.get("/v1/integrations", token=document["access_token"]).status_code == 200
    assert login(desk).get_json() == document
    assert login(desk, desk.app.login).status_code == 200


def test_a_revoked_login_token_is_refused_until_the_next_login_and_the_panel_key_stays():
    desk = Desk()
    old = login(desk).get_json()["access_token"]
    assert desk.client.delete("/_sim/tokens").status_code == 204
    assert problem(desk.get("/v1/integrations", token=old)) == (401, "authentication_exception")
    assert desk.get("/v1/integrations").status_code == 200
    new = login(desk).get_json()["access_token"]
    assert new != old
    assert desk.get("/v1/integrations", token=new).status_code == 200


@pytest.mark.parametrize("name", ["email", "password"])
def test_login_asks_for_both_fields(name):
    answer = login(Desk(), {key: value for key, value in GOOD.items() if key != name})
    assert problem(answer) == (400, "failed_validation")
    assert answer.get_json()["error"]["message"] == f"The {name} field is required."


def test_the_sixth_wrong_login_within_a_minute_is_refused_and_right_ones_do_not_count():
    desk = Desk()
    for _ in range(20):
        assert login(desk).status_code == 200
    for _ in range(5):
        assert problem(login(desk, WRONG)) == (401, "invalid_credentials")
        assert login(desk).status_code == 200
    refused = login(desk, WRONG)
    assert problem(refused) == (429, "too_many_attempts")
    assert refused.headers["Retry-After"] == "60"
    assert problem(login(desk)) == (429, "too_many_attempts")
    assert problem(login(desk, WRONG, address="10.0.0.9")) == (401, "invalid_credentials")
    assert problem(login(desk, {**WRONG, "email": "other@x.io"})) == (401, "invalid_credentials")
    desk.clock.advance(59)
    assert login(desk).headers["Retry-After"] == "1"
    desk.clock.advance(1)
    assert login(desk).status_code == 200
    assert problem(login(desk, WRONG)) == (401, "invalid_credentials")


@pytest.mark.parametrize(("method", "path"), list(calls()))
def test_each_call_needs_the_token_with_bearer_in_front(method, path):
    desk = Desk()
    for header in (None, desk.token, f"bearer {desk.token}", "Bearer wrong", "Bearer ", "Bearer é"):
        headers = {} if header is None else {"Authorization": header}
        answer = desk.send(method, path, token=None, headers=headers)
        assert problem(answer) == (401, "authentication_exception")


def test_plain_http_is_refused_only_where_https_is_asked_for():
    assert Desk().get("/v1/integrations").status_code == 200
    desk = Desk(require_https=True)
    assert problem(desk.get("/v1/integrations")) == (400, "insecure_request_exception")
    assert desk.get("/v1/integrations", base_url=BASE).status_code == 200


def test_a_browser_may_ask_first_and_sees_the_link():
    desk = Desk(integrations=21, rate_limit=60)
    asked = {"Origin": "https://app.example", "Access-Control-Request-Headers": "authorization"}
    preflight = desk.send("OPTIONS", "/v1/integrations", token=None, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert method in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["X-RateLimit-Remaining"] == "60"
    listed = desk.get("/v1/integrations", headers={"Origin": "https://app.example"})
    assert listed.headers["Access-Control-Allow-Origin"] == "*"
    for name in ("Link", "X-RateLimit-Remaining", "Retry-After"):
        assert name in listed.headers["Access-Control-Expose-Headers"]
    refused = desk.send("OPTIONS", "/v1/nothing", headers=asked)
    assert problem(refused) == (404, "not_found_exception")
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert problem(desk.send("OPTIONS", "/v1/integrations")) == (405, "method_not_allowed_exception")


def test_sixty_a_minute_per_address_and_invalid_calls_count():
    desk = Desk(rate_limit=60)
    token = login(desk, address="10.0.0.5").get_json()["access_token"]
    for number in range(59):
        answer = desk.get("/v1/nothing") if number % 2 else desk.post("messages", json={})
        assert answer.status_code in (400, 404)
    assert desk.get("/v1/integrations").status_code == 200
    assert problem(desk.get("/v1/integrations")) == (429, "too_many_requests_exception")
    assert problem(desk.get("/v1/integrations", token=token)) == (429, "too_many_requests_exception")
    assert desk.get("/v1/integrations", address="10.0.0.5").status_code == 200
    desk.clock.advance(59.5)
    assert desk.get("/v1/integrations").status_code == 429
    desk.clock.advance(0.5)
    assert desk.get("/v1/integrations").status_code == 200


def test_every_answer_tells_the_limit_and_what_is_left():
    desk = Desk(rate_limit=6)
    answers = [
        desk.get("/v1/integrations"),
        desk.post("messages", json={}),
        desk.get("/v1/integrations", token="no"),
        desk.get("/v1/nothing"),
        desk.send("DELETE", "/v1/integrations"),
        desk.get("/v1/integrations", headers={"Accept": "text/html"}),
        desk.get("/v1/integrations"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 401, 404, 405, 406, 429]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"6"}
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["5", "4", "3", "2", "1", "0", "0"]
    assert ["Retry-After" in answer.headers for answer in answers] == [False] * 6 + [True]


def test_retry_after_is_whole_seconds_and_enough():
    desk = Desk(rate_limit=1)
    assert "X-RateLimit-Reset" not in desk.get("/v1/integrations").headers
    desk.clock.advance(33.4)
    refused = desk.get("/v1/integrations")
    assert refused.headers["Retry-After"] == "27"
    assert int(refused.headers["X-RateLimit-Reset"]) == int(desk.clock.now().timestamp()) + 27
    desk.clock.advance(27)
    assert desk.get("/v1/integrations").status_code == 200


def test_the_limited_answer_may_come_under_200_and_without_counts():
    desk = Desk(rate_limit=1, rate_limit_status=200, limited_counts=False, rate_limit_reset="never")
    assert set(desk.get("/v1/integrations").headers.keys()) >= LIMITED
    refused = desk.get("/v1/integrations")
    assert problem(refused) == (200, "too_many_requests_exception")
    assert refused.headers["Retry-After"] == "60"
    assert not {name for name in refused.headers.keys() if name.startswith("X-RateLimit")}  # noqa: SIM118 - a list of pairs


def test_a_missing_recipient_is_a_validation_error_with_text_and_link():
    answer = Desk().post("messages", json={"text": "Hello"})
    assert answer.status_code == 400
    assert answer.get_json() == {
        "error": {
            "code": "failed_validation",
            "message": "The to field is required.",
            "doc_url": "https://docs.desk360.com/api",
        }
    }


@pytest.mark.parametrize("integration", ["12", "0", "abc", "99999999999999999999999", "-11"])
def test_an_unknown_integration_is_not_found(integration):
    desk = Desk()
    path = f"/v1/integrations/{integration}/conversations/templates"
    assert problem(desk.get(path)) == (404, "model_not_found_exception")
    assert problem(Desk(missing_code="not_found").get(path)) == (404, "not_found")
    assert problem(desk.send("POST", f"/v1/integrations/{integration}/conversations/messages", json={})) == (
        404,
        "model_not_found_exception",
    )


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST", "PATCH"])
def test_integrations_can_only_be_read(method):
    answer = Desk().send(method, "/v1/integrations", json={})
    assert problem(answer) == (405, "method_not_allowed_exception")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "image/*", "application/json;q=0", "multipart/form-data"]
)
def test_another_accept_is_refused(accept):
    answer = Desk().get("/v1/integrations", headers={"Accept": accept})
    assert problem(answer) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/json, text/plain, */*", "text/html, APPLICATION/JSON;q=0.1", "", None],
)
def test_json_anything_or_no_accept_passes(accept):
    headers = {} if accept is None else {"Accept": accept}
    assert Desk().get("/v1/integrations", headers=headers).status_code == 200


def test_an_upload_may_accept_form_data():
    desk = Desk()
    form = {"to": TO, "text": "Hello"}
    headers = {"Accept": "multipart/form-data"}
    assert desk.post("messages", data=form, content_type="multipart/form-data", headers=headers).status_code == 200
    assert desk.post("messages", json=form, headers=headers).status_code == 406


@pytest.mark.parametrize("content_type", ["text/xml", "text/plain", "", "application/octet-stream"])
def test_a_body_of_another_type_is_refused(content_type):
    answer = Desk().post("messages", data=b"<to/>", content_type=content_type)
    assert problem(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_json_and_both_kinds_of_forms_pass(content_type):
    body = {"to": TO, "text": "Grüße"}
    data = json.dumps(body) if "json" in content_type else body
    desk = Desk()
    desk.accepted("messages", data=data, content_type=content_type)
    assert desk.outbox()[0]["body"] == {"text": "Grüße"}


@pytest.mark.parametrize(
    "content_type", ["text/xml", "multipart/form-data; boundary=x", "application/json; charset=utf-8"]
)
def test_the_type_and_body_of_a_get_are_ignored(content_type):
    assert Desk().get("/v1/integrations", data=b"{}", content_type=content_type).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff", b'{"to": NaN}'])
def test_a_body_that_is_no_object_is_refused(body):
    answer = Desk().post("messages", data=body, content_type="application/json")
    assert problem(answer) == (400, "failed_validation")


def test_an_empty_body_lacks_its_fields():
    assert Desk().refused("messages") == "The to field is required."


def test_checks_follow_one_another_in_one_order():
    desk = Desk(require_https=True, rate_limit=100)
    bad = {"headers": {"Accept": "text/html"}, "data": b"x", "content_type": "text/xml", "token": "wrong"}
    path = "/v1/integrations/1/conversations/messages"
    assert desk.send("PUT", "/v1/nothing", **bad).status_code == 400
    secure = {**bad, "base_url": BASE}
    assert desk.send("PUT", "/v1/nothing", **secure).status_code == 404
    assert desk.send("PUT", path, **secure).status_code == 405
    assert desk.send("POST", path, **secure).status_code == 406
    del secure["headers"]
    assert desk.send("POST", path, **secure).status_code == 401
    del secure["token"]
    assert desk.send("POST", path, **secure).status_code == 415
    secure["content_type"] = "application/json"
    assert desk.send("POST", path, **secure).status_code == 404
    assert desk.send("POST", path.replace("/1/", "/11/"), **secure).status_code == 400
    used = 100 - int(desk.get("/v1/integrations", base_url=BASE).headers["X-RateLimit-Remaining"])
    assert used == 8
    desk.sim("settings", {"rate_limit": 8}, 200)
    assert desk.send("PUT", "/v1/nothing", **bad).status_code == 400
    assert desk.send("PUT", "/v1/nothing", **secure).status_code == 429


def test_a_trailing_slash_and_unknown_parameters_are_fine():
    desk = Desk()
    assert desk.get("/v1/integrations/?page=1&colour=red").status_code == 200
    assert desk.get("/v1/integrations/11/conversations/templates/?page=1").status_code == 200


def test_login_can_be_switched_off_as_in_the_newer_papers():
    assert problem(login(Desk(login_enabled=False))) == (404, "not_found_exception")
    assert problem(Desk(login_enabled=False).get("/v1/login")) == (404, "not_found_exception")


def test_an_integration_can_be_made_read_only():
    desk = Desk(read_only_integration=11)
    assert problem(desk.post("messages", json={"to": TO, "text": "Hello"})) == (403, "not_authorized")
    assert desk.get("/v1/integrations/11/conversations/templates").status_code == 200


def test_the_control_door_costs_nothing_and_an_unknown_one_is_not_found():
    desk = Desk(rate_limit=1)
    for _ in range(3):
        assert desk.client.get("/_sim/state").get_json()["records"]["customers"] == 2
    assert desk.client.get("/_sim/nothing").status_code == 404
    assert desk.get("/v1/integrations").status_code == 200


def test_the_printed_prefix_is_served_like_the_other():
    desk = Desk(integrations=21)
    printed, usual = (desk.get(f"{prefix}/integrations?page=1") for prefix in ("/api/v1", "/v1"))
    assert (printed.status_code, printed.json) == (200, usual.json)
    assert printed.headers["Link"] == usual.headers["Link"] == f"<{BASE}/v1/integrations?page=2>; rel=next"
    assert login(desk).json == desk.send("POST", "/api/v1/login", token=None, json=GOOD).json
    assert desk.get("/api/v2/integrations").status_code == 404
    assert desk.get("/api/_sim/state").status_code == 404


def test_connection_and_switches():
    desk = Desk()
    assert desk.app.connection == {
        "api_key": desk.token, "email": LOGIN_EMAIL, "password": LOGIN_PASSWORD, "integration": 11,
    }  # fmt: skip
    assert len(desk.token.partition("|")[2]) == 48
    with pytest.raises(SettingError, match="rate_limit_status"):
        Desk(rate_limit_status=503)
    desk.sim("settings", {"rate_limit_status": 503}, 400)
    desk.sim("settings", {"nothing": 1}, 400)


def test_a_reset_starts_over():
    desk = Desk(rate_limit=2)
    desk.accepted("messages", json={"to": TO, "text": "Hello"})
    desk.get("/v1/integrations")
    assert desk.get("/v1/integrations").status_code == 429
    desk.client.post("/_sim/reset")
    assert desk.outbox() == []
    assert desk.get("/v1/integrations").status_code == 200
