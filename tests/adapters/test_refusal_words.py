"""The words of vendors' errors are data with a source, and the adapters read others than the simulators'."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge.adapter import (
    Conflict,
    Effect,
    HelpdeskError,
    Invalid,
    NotFound,
    PermissionDenied,
    Provenance,
    RateLimited,
    Request,
    Response,
)
from helpdesk_bridge_desk360.wire.errors import FIELD_PHRASES
from helpdesk_bridge_desk365.wire.refusals import MISSING, TAKEN
from helpdesk_bridge_deskie.wire.refusals import PHRASES, Meaning

POSTS = {
    "deskie": ("/cases.json", "/users.json"),
    "desk365": ("/tickets/create", "/contacts/create"),
    "desk360": ("/integrations/11/conversations/messages", "/integrations/11/conversations/messages"),
}


def answer(vendor: str, body: Any, *, status: int = 400, contact: bool = False, headers: Mapping[str, str] | None = None,
           sent: Mapping[str, Any] | None = None) -> HelpdeskError | None:  # fmt: skip
    """Return the error that an adapter makes of a refusal of a create."""
    classify = import_module(f"helpdesk_bridge_{vendor}.errors").classify
    request = Request("POST", POSTS[vendor][contact], effect=Effect.CREATE, json=dict(sent or {}))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    found: HelpdeskError | None = classify(request, Response(status, headers or {}, content, request))
    return found


def deskie(word: str) -> Any:
    return {"error": word}


def desk365(message: str, code: str = "refused", **more: Any) -> Any:
    return {"description": "Validation failed", "errors": [{"code": code, "message": message, **more}]}


def desk365_status(message: str) -> Any:
    return {"status": 400, "error": "Bad Request", "message": message}


def desk360(message: str) -> Any:
    return {"error": {"code": "failed_validation", "message": message}}


# What no simulator says: (vendor, body, kind, field).
OTHERS = [
    ("deskie", deskie("user_already_exists"), Conflict, "requester"),
    ("deskie", deskie("E-mail already exists."), Conflict, None),
    ("deskie", deskie("duplicate_user"), Conflict, None),
    ("deskie", deskie("subject_not_unique"), Conflict, "subject"),
    ("deskie", deskie("Group does not exist"), NotFound, None),
    ("deskie", deskie("no_such_group"), NotFound, None),
    ("deskie", deskie("invalid_status"), Invalid, "status"),
    ("deskie", deskie("priority_is_invalid"), Invalid, "priority"),
    ("deskie", deskie("Missing subject"), Invalid, "subject"),
    ("deskie", deskie("labels_required"), Invalid, "tags"),
    ("deskie", deskie("unknown_group_id"), Invalid, "group"),
    ("deskie", deskie("зашифровано"), Invalid, None),
    ("desk365", desk365("This company name already exists"), Conflict, "company"),
    ("desk365", desk365("Duplicate entry for email"), Conflict, "requester"),
    ("desk365", desk365_status("Subject is not unique"), Conflict, "subject"),
    ("desk365", desk365("Status is required"), Invalid, "status"),
    ("desk365", desk365_status("Sub Category must not be empty"), Invalid, "subcategory"),
    ("desk365", desk365("Assigned To cannot be blank"), Invalid, "assignee"),
    ("desk365", {"error": "Bad Request", "message": "nonsense"}, Invalid, None),
    ("desk360", desk360("The selected to is invalid."), Invalid, "to"),
    ("desk360", desk360("The template id must be an integer."), Invalid, "template_id"),
    ("desk360", desk360("The text may not be greater than 4096 characters."), Invalid, "text"),
    ("desk360", desk360("The destinations.0.phone format is invalid."), Invalid, "destinations.0.phone"),
    ("desk360", desk360("Alan \u00e7ok uzun."), Invalid, None),
]


@pytest.mark.parametrize(("vendor", "body", "kind", "field"), OTHERS, ids=lambda value: None)
def test_other_words_than_the_simulators_mean_the_same(vendor, body, kind, field):
    error = answer(vendor, body)
    assert type(error) is kind
    assert getattr(error, "field", None) == field


@pytest.mark.parametrize("vendor", ["deskie", "desk365", "desk360"])
def test_none_of_those_words_is_a_simulators(vendor):
    folder = Path(import_module(f"helpdesk_bridge_{vendor}.simulator").__file__ or "").parent
    source = "\n".join(path.read_text("utf-8") for path in folder.rglob("*.py"))
    for name, body, *_ in OTHERS:
        if name == vendor:
            said = [word for word in _strings(body) if " " in word or "_" in word]
            assert not [
                word
                for word in said
                if word in source and word not in {"failed_validation", "Validation failed", "Bad Request"}
            ]


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in _strings(each)]


@pytest.mark.parametrize("vendor", ["deskie", "desk365", "desk360"])
@given(text=st.text(min_size=1, max_size=60), status=st.sampled_from([400, 404, 409, 413, 422]))
def test_whatever_a_vendor_says_is_a_typed_error_that_does_not_repeat_it(vendor, text, status):
    body = {"deskie": deskie, "desk365": desk365, "desk360": desk360}[vendor](f"{text} of ann.lee@private.example")
    error = answer(vendor, body, status=status)
    assert isinstance(error, HelpdeskError)
    assert "private.example" not in f"{error} {error!r} {getattr(error, 'field', None)} {error.code}"


def test_a_customers_name_is_no_field():
    for sentence in ("The Ann Lee field is required.", "The selected Ann Lee is invalid.", "The Ann must be 18."):
        assert answer("desk360", desk360(sentence)).field is None
    assert answer("deskie", deskie("wrong_ann_lee")).field is None


@pytest.mark.parametrize("code", ["wrong_auth", "invalid_credentials", "unknown_agent", "key_is_invalid"])
def test_deskies_status_says_more_than_a_guessed_word(code):
    assert type(answer("deskie", deskie(code), status=403)) is PermissionDenied
    assert type(answer("deskie", deskie(code), status=429)) is RateLimited


@pytest.mark.parametrize(
    "body", [{"message": "Too Many Attempts."}, {"message": "Slow down, please", "exception": "T"}]
)
@pytest.mark.parametrize("status", [200, 400, 429])
def test_a_limit_of_desk360_needs_no_error_object(body, status):
    assert type(answer("desk360", body, status=status, headers={"Retry-After": "26"})) is RateLimited
    accepted = {**body, "message_id": "gBEG1"}
    assert answer("desk360", accepted, status=200, headers={"Retry-After": "26"}) is None


def test_every_phrase_has_a_source_and_what_was_not_seen_is_assumed():
    for phrase in (*PHRASES, *TAKEN, *MISSING, *FIELD_PHRASES):
        assert phrase.source
        assert isinstance(phrase.provenance, Provenance)
    assert {phrase.meaning for phrase in PHRASES if phrase.provenance is Provenance.OBSERVED} == set(Meaning)
    assert Provenance.ASSUMED in {phrase.provenance for phrase in PHRASES}
