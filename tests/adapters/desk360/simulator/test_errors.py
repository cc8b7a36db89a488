from __future__ import annotations

import json

import pytest
from adapters.desk360.simulated import TO, Desk, problem

from helpdesk_bridge_desk360.simulator.refusals import CODES

DOCUMENTED = {
    "authentication_exception": 401,
    "method_not_allowed_exception": 405,
    "not_found_exception": 404,
    "model_not_found_exception": 404,
    "internal_server_error": 500,
    "insecure_request_exception": 400,
    "too_many_requests_exception": 429,
    "invalid_credentials": 401,
    "too_many_attempts": 429,
    "not_authorized": 403,
    "not_found": 404,
    "failed_validation": 400,
}
TEXT = {"to": TO, "text": "Hello"}


def test_the_twelve_codes_are_all_known():
    assert {code: known.status for code, known in CODES.items()} == DOCUMENTED


@pytest.mark.parametrize("code", DOCUMENTED)
@pytest.mark.parametrize("in_200", [False, True])
def test_each_code_can_be_injected_under_its_status_and_under_200(code, in_200):
    desk = Desk(error_in_200=in_200)
    desk.sim("faults", {"kind": code, "on": "send_text"})
    answer = desk.post("messages", json=TEXT)
    assert problem(answer) == (200 if in_200 else DOCUMENTED[code], code)
    assert ("Retry-After" in answer.headers) == (DOCUMENTED[code] == 429)
    assert answer.headers["X-RateLimit-Limit"]
    assert desk.outbox() == []
    desk.accepted("messages", json=TEXT)


def test_a_failure_of_the_vendor_has_no_link():
    desk = Desk()
    desk.app.faults.inject("server_error", status=500)
    answer = desk.get("/v1/integrations")
    assert answer.status_code == 500
    assert answer.get_json() == {"error": {"code": "internal_server_error", "message": "Server Error"}}


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({"error_body": "empty"}, ""),
        ({"error_body": "message"}, '{"message":"The to field'),
        ({"error_body": "text"}, '{"error":"The to field'),
        ({"error_body": "printed"}, '    "error": {'),
        ({"error_html": True}, "<!DOCTYPE html>"),
    ],
)
def test_errors_take_the_other_forms_that_are_known(settings, start):
    desk = Desk(**settings)
    answer = desk.post("messages", json={})
    assert answer.status_code == 400
    assert answer.text.startswith(start)
    assert (answer.text == "") == (start == "")
    if settings.get("error_body") == "printed":
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer.text)
    desk.sim("settings", {"error_in_200": True}, 200)
    assert desk.post("messages", json={}).status_code == 200


def test_the_printed_error_is_the_paper_s():
    answer = Desk(error_body="printed").post("messages", json={})
    assert [line.strip() for line in answer.text.splitlines()] == [
        '"error": {',
        '"code": "failed_validation",',
        '"message": "The to field is required."',
        '"doc_url": "https://docs.desk360.com/api"',
        "}",
        "}",
    ]


def test_faults_of_the_core_speak_the_vendor_s_language():
    desk = Desk(rate_limit_status=200)
    desk.app.faults.inject("rate_limited", retry_after=26)
    limited = desk.get("/v1/integrations")
    assert problem(limited) == (200, "too_many_requests_exception")
    assert limited.headers["Retry-After"] == "26"
    desk.app.faults.inject("token_expired")
    assert problem(desk.get("/v1/integrations")) == (401, "authentication_exception")


def test_a_lost_answer_has_sent_the_message_all_the_same():
    desk = Desk(delivery="delivered")
    desk.app.faults.inject("response_lost")
    with pytest.raises(ConnectionError):
        desk.post("messages", json=TEXT)
    assert [message["state"] for message in desk.outbox()] == ["delivered"]
    assert len(desk.webhooks()) == 1


def test_a_body_above_all_limits_is_too_large(monkeypatch):
    desk = Desk()
    monkeypatch.setattr(type(desk.app), "MAX_BODY", 10)
    assert problem(desk.post("messages", json=TEXT)) == (413, "payload_too_large")
