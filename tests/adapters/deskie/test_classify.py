from __future__ import annotations

import json

import pytest

from helpdesk_bridge.adapter import (
    Answer,
    AuthenticationFailed,
    BadResponse,
    Conflict,
    Effect,
    HelpdeskError,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Request,
    Response,
    Unavailable,
)
from helpdesk_bridge_deskie.errors import classify

GET = Request("GET", "/cases.json", answer=Answer.ANY)
PUT = Request("PUT", "/cases/{id}.json", effect=Effect.SET, args={"id": "1"}, json={})


def answer(status, document=None, body=None, headers=None, request=GET):
    content = body if body is not None else b"" if document is None else json.dumps(document).encode()
    return classify(request, Response(status, headers or {}, content, request))


@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("case_not_found", NotFound),
        ("user_not_found", NotFound),
        ("incorrect_user_email", Invalid),
        ("wrong_email", Invalid),
        ("staff_not_active", Invalid),
        ("email_already_exist", Conflict),
        ("phone_already_exist", Conflict),
    ],
)
def test_the_code_decides_whatever_the_status(code, kind, status):
    error = answer(status, {"error": code}, request=PUT)
    assert type(error) is kind
    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (404, NotFound),
        (405, HelpdeskError),
        (409, Conflict),
        (413, Invalid),
        (422, Invalid),
        (429, RateLimited),
        (500, Unavailable),
        (502, Unavailable),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>gateway</html>", b'{"error": "something_new"}'])
def test_unknown_codes_and_no_codes_go_by_the_status(status, kind, body):
    assert type(answer(status, body=body)) is kind


def test_an_error_in_a_200_is_an_error_and_of_a_read_an_outage():
    assert type(answer(200, {"error": "something_new"}, request=PUT)) is Invalid
    assert type(answer(200, {"error": "something_new"})) is Unavailable


def test_a_good_answer_is_none_also_where_a_customer_writes_of_an_error():
    assert answer(200, {"0": {"case": {"case_id": 1, "subject": '"error"'}}, "total_count": 1}) is None
    assert answer(200, body=b"") is None


def test_half_a_list_is_unreadable_and_worth_repeating():
    with pytest.raises(BadResponse):
        answer(200, body=b'{"0": {"case": {')


def test_the_wait_comes_from_the_header_with_the_underscore():
    assert answer(429, headers={"retry_after": "17"}).retry_after == 17
    assert answer(429, headers={"retry_after": "soon"}).retry_after is None
    assert answer(429, headers={"Retry-After": "17"}).retry_after is None


def test_the_403_of_old_is_a_limit():
    assert type(answer(403, body=b'{"error": "Rate limit exceeded"}')) is RateLimited


def test_no_access_is_the_assignees_on_a_write_and_ours_on_a_read():
    assert answer(400, {"error": "staff_has_not_access"}, request=PUT).field == "assignee"
    assert type(answer(400, {"error": "staff_has_not_access"})) is PermissionDenied


def test_a_text_in_place_of_a_code_is_not_repeated():
    error = answer(400, {"error": "Ann Lee <ann@x.io> is unknown"})
    assert "ann@x.io" not in str(error)
    assert error.code == "unknown"


def test_the_hint_tells_whose_e_mail_and_where_the_key_is_made():
    text = str(answer(401))
    assert "active agent" in text
    assert "add API key" in text


@pytest.mark.parametrize(
    ("path", "field"), [("/users.json", "emails"), ("/users/{id}.json", "emails"), ("/staff.json", "email")]
)
def test_a_wrong_address_is_named_as_the_caller_names_it(path, field):
    post = Request("POST", path, effect=Effect.SET, args={"id": "1"} if "{" in path else {}, json={})
    assert answer(400, {"error": "wrong_email"}, request=post).field == field
