from __future__ import annotations

import itertools
import json

import pytest

from helpdesk_bridge.adapter import (
    AuthenticationFailed,
    BadResponse,
    Conflict,
    HelpdeskError,
    Invalid,
    NotFound,
    Part,
    RateLimited,
    Request,
    Response,
    Unavailable,
)
from helpdesk_bridge_desk365.errors import classify

CANARY = "canary@customer.example"


def judged(status, body, *, url=None, path="/tickets/create", document=None):
    request = Request("GET", url=url) if url else Request("POST", path, json=document)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify(request, Response(status, {}, raw, request))


def shapes(message, **entry):
    return [
        {"description": "Validation failed", "errors": [{"message": message, **entry}]},
        {"status": 400, "error": "Bad Request", "message": message},
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationFailed),
        (403, AuthenticationFailed),
        (404, NotFound),
        (409, Conflict),
        (429, RateLimited),
        (400, Invalid),
        (413, Invalid),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>canary@customer.example</html>",
        b"{",
        b"[1]",
        *shapes(f"no, {CANARY}"),
        {"errors": "x"},
        {"errors": [1, None]},
    ],
)
def test_every_status_in_every_shape_is_a_typed_error_that_quotes_nothing(status, kind, body):
    error = judged(status, body)
    assert type(error) is kind
    assert error.status == status
    assert "canary" not in str(error)


def test_the_key_hint_says_where_a_key_comes_from():
    assert "own subdomain" in str(judged(403, {}))
    assert "administrator" in str(judged(401, {}))


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (f"Invalid status '{CANARY}'", "status"),
        ("category does not exist", "category"),
        ("sub_category is unknown", "subcategory"),
        ("assign_to: no such agent", "assignee"),
        (f"cf_Order No is not defined for {CANARY}", "custom_fields"),
        ("company_name Client Ltd does not exist", "company"),
        ("Validation failed", None),
    ],
)
def test_the_refused_field_is_named_in_both_shapes(message, field):
    for body in shapes(message):
        error = judged(400, body)
        assert type(error) is Invalid
        assert error.field == field
        assert "canary" not in str(error)


def test_a_field_key_goes_before_the_words_of_the_message():
    error = judged(400, shapes("the subject is fine, the rest is not", field="group")[0])
    assert error.field == "group"
    assert judged(400, shapes("no", field="cf_Order No")[0]).field == "custom_fields.Order No"


def test_a_refused_custom_field_is_named_as_it_was_sent():
    document = {"custom_fields": {"cf_Order": "a", "cf_Order No": f"b {CANARY}"}}
    sent = (
        Request("POST", "/tickets/create", json=document),
        Request("POST", "/tickets/create", parts=(Part(name="ticket_object", value=json.dumps(document)),)),
    )
    for request, body in itertools.product(sent, shapes("cf_Order No is not defined")):
        error = classify(request, Response(400, {}, json.dumps(body).encode(), request))
        assert error.field == "custom_fields.Order No"


TAKEN_IN_PRODUCTION = "Company Name is not unique. Please choose a different name."
"""Recorded in June 2026, with the code ``invalid_value`` and the field ``name``."""


@pytest.mark.parametrize(
    "message",
    [
        "Contact already exists",
        "duplicate e-mail",
        "primary_email is already in use",
        TAKEN_IN_PRODUCTION,
        "PRIMARY EMAIL IS NOT UNIQUE",
    ],
)
def test_what_exists_already_is_a_conflict(message):
    for body in shapes(message):
        assert type(judged(400, body)) is Conflict


@pytest.mark.parametrize(
    ("path", "message", "entry", "field"),
    [
        ("/companies/create", TAKEN_IN_PRODUCTION, {"field": "name", "code": "invalid_value"}, "name"),
        ("/companies/update", TAKEN_IN_PRODUCTION, {}, "name"),
        ("/contacts/create", TAKEN_IN_PRODUCTION, {"field": "name", "code": "invalid_value"}, "company"),
        ("/contacts/create", TAKEN_IN_PRODUCTION, {}, "company"),
        ("/contacts/create", "Primary Email is not unique. Please choose a different email.", {}, "emails"),
        ("/contacts/create", "Email is not unique.", {"field": "email"}, "emails"),
        ("/kb/category/create", "no", {"field": "name", "code": "duplicate_value"}, "name"),
    ],
)
def test_a_conflict_names_what_is_taken_and_keeps_the_code(path, message, entry, field):
    error = judged(400, shapes(message, **entry)[0], path=path)
    assert (type(error), error.field, error.code) == (Conflict, field, entry.get("code"))
    assert error.status == 400


@pytest.mark.parametrize("code", ["invalid_value", "missing_field", "E-1.2"])
def test_the_vendors_code_is_kept_and_nothing_else_of_its_answer(code):
    body = shapes(f"no, {CANARY}", code=code)[0]
    assert judged(400, body).code == code
    assert code in str(judged(400, body))
    for odd in (CANARY, "two words", 7, None, "", "x" * 65):
        assert judged(400, shapes("no", code=odd)[0]).code is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("Assign To", "assignee"),
        ("assigned to", "assignee"),
        ("Assigned-To", "assignee"),
        ("assignTo", "assignee"),
        ("Sub Category", "subcategory"),
        ("sub-category", "subcategory"),
        ("Company Name", "company"),
        ("Contact Email", "requester"),
        ("Agent Email", "author"),
        ("Custom Fields", "custom_fields"),
        ("Share To", "cc"),
        ("CC Emails", "cc"),
        ("Watcher", "watchers"),
        ("Status", "status"),
    ],
)
@pytest.mark.parametrize("words", ["{} is an invalid field", "Invalid value for {}.", "missing field {}", "'{}': no"])
def test_a_field_is_named_in_the_ports_words_however_agents_see_it(said, field, words):
    for body in shapes(words.format(said)):
        assert judged(400, body).field == field


@pytest.mark.parametrize("word", ["substatus", "statusquo", "renaming", "typewriter", "grouping"])
def test_a_field_is_a_whole_word(word):
    assert judged(400, shapes(f"{word} is wrong")[0]).field is None


@pytest.mark.parametrize("words", ["missing field Status", "Status is wrong", "status"])
def test_a_refusal_says_whether_a_value_was_wrong_or_not_there(words):
    for body in shapes(words):
        for document in ({}, {"subject": "S"}, {"status": ""}, {"status": None}):
            assert judged(400, body, document=document).message == "Desk365 requires a value for status"
        refused = judged(400, body, document={"status": "Nowhere"})
        assert refused.message == "Desk365 rejected the value of status"


def test_a_custom_field_that_was_not_sent_needs_a_value():
    body = shapes("no", field="cf_Order No")[0]
    assert judged(400, body).message == "Desk365 requires a value for custom_fields.Order No"
    sent = {"custom_fields": {"cf_Order No": "A"}}
    assert judged(400, body, document=sent).message == "Desk365 rejected the value of custom_fields.Order No"


def test_a_value_that_nobody_names_is_told_as_missing():
    assert "requires" in judged(400, shapes("a required value is missing")[0]).message


def test_405_is_told_as_what_it_means_here():
    error = judged(405, {})
    assert type(error) is HelpdeskError
    assert "query parameter" in str(error)


def test_an_error_inside_of_a_success_is_an_error():
    assert type(judged(200, {"status": 404, "error": "Not Found", "message": "x"})) is NotFound
    assert type(judged(200, {"status": 400, "error": "Bad Request", "message": "subject"})) is Invalid
    assert isinstance(judged(200, {"status": 200, "error": "OK", "message": "x"}), BadResponse)
    assert isinstance(judged(201, {"description": "Validation failed", "errors": [{"message": "x"}]}), BadResponse)
    assert judged(200, {"ticket_number": 1, "status": "Open", "error": None}) is None
    assert judged(200, {"ticket_number": 1, "status": "Open", "subject": '"error"'}) is None
    assert judged(201, b"not JSON") is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_files_address_that_is_refused_has_expired(status):
    assert type(judged(status, b"<Error/>", url="https://s3.amazonaws.com/x?X-Amz-Signature=canary")) is NotFound


def test_a_storage_that_fails_is_left_to_the_status():
    assert judged(503, b"", url="https://s3.amazonaws.com/x") is None
    assert judged(200, b"{}", url="https://s3.amazonaws.com/x") is None


def test_the_catch_all_of_a_success_with_an_odd_status():
    assert isinstance(judged(200, {"status": 418, "error": "I'm a teapot"}), BadResponse)
