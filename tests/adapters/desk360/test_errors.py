"""The vendor's errors as typed ones."""

import pytest
import requests
from adapters.desk360 import samples
from adapters.desk360.wiretap import KEY, TO, said

from helpdesk_bridge.errors import (
    AuthenticationFailed,
    BadResponse,
    ConfigError,
    HelpdeskError,
    InDoubt,
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
)

TEXTS = "/v1/integrations/11/conversations/messages"
CODES = [
    ("authentication_exception", 401, AuthenticationFailed),
    ("invalid_credentials", 401, AuthenticationFailed),
    ("too_many_attempts", 429, RateLimited),
    ("failed_validation", 400, Invalid),
    ("not_found_exception", 404, NotFound),
    ("model_not_found_exception", 404, NotFound),
    ("not_found", 404, NotFound),
    ("method_not_allowed_exception", 405, HelpdeskError),
    ("not_authorized", 403, PermissionDenied),
    ("too_many_requests_exception", 429, RateLimited),
    ("insecure_request_exception", 400, ConfigError),
    ("internal_server_error", 500, Unavailable),
]


@pytest.mark.parametrize(("code", "status", "kind"), CODES)
@pytest.mark.parametrize("as_success", [False, True])
def test_each_code_is_the_same_error_under_its_status_and_under_200(wire, code, status, kind, as_success):
    wire.answer("/v1/integrations", (200 if as_success else status, {}, said(code)))
    with pytest.raises((HelpdeskError, ConfigError)) as caught:
        wire.open(max_wait=0).vendor_api.integrations()
    if kind is HelpdeskError:
        assert type(caught.value) is HelpdeskError
    assert isinstance(caught.value, kind)
    if kind is not ConfigError and code != "too_many_requests_exception":  # the governor speaks then
        assert caught.value.code == code
        assert caught.value.doc_url == "https://docs.desk360.com/api"


@pytest.mark.parametrize(("code", "status", "kind"), [one for one in CODES if "too_many" not in one[0]])
@pytest.mark.parametrize("as_success", [False, True])
def test_the_same_codes_of_a_send_and_only_a_server_fault_leaves_it_in_doubt(wire, code, status, kind, as_success):
    wire.answer(TEXTS, (200 if as_success else status, {}, said(code)))
    with pytest.raises((HelpdeskError, ConfigError)) as caught:
        wire.open().vendor_api.send_text(TO, "Hello")
    assert isinstance(caught.value, InDoubt if code == "internal_server_error" else kind)
    assert isinstance(caught.value, InDoubt) == (code == "internal_server_error")
    assert len(wire.sent) == 1


def test_a_validation_error_names_its_field_and_keeps_code_and_link(wire):
    wire.answer(TEXTS, (400, {}, said("failed_validation", "The to field is required.")))
    with pytest.raises(Invalid) as caught:
        wire.open().vendor_api.send_text(TO, "Hello")
    assert (caught.value.field, caught.value.code, caught.value.doc_url, caught.value.status) == (
        "to",
        "failed_validation",
        "https://docs.desk360.com/api",
        400,
    )


def test_the_vendors_words_are_never_repeated(wire):
    wire.answer(TEXTS, (400, {}, said("failed_validation", "Ann Lee lives in Main Street")))
    with pytest.raises(Invalid) as caught:
        wire.open().vendor_api.send_text(TO, "Hello")
    assert "Ann" not in repr(vars(caught.value)) + str(caught.value)
    assert KEY not in str(caught.value)


def test_an_unknown_integration_is_not_found(wire):
    wire.answer("/v1/integrations/11/conversations/templates", (404, {}, said("model_not_found_exception")))
    with pytest.raises(NotFound):
        wire.open().templates.list()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>Bad Gateway</body></html>",
        samples.ERROR,
        '{"message": "no"}',
        '{"error": "no"}',
        "[]",
        '{"error": {"code": 5}}',
    ],
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (422, Invalid),
        (404, NotFound),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (405, HelpdeskError),
        (406, HelpdeskError),
        (415, HelpdeskError),
    ],
)
def test_a_body_that_is_none_or_odd_still_gives_a_typed_error(wire, body, status, kind):
    wire.answer(TEXTS, (status, {"Content-Type": "text/html"}, body))
    with pytest.raises(HelpdeskError) as caught:
        wire.open().vendor_api.send_text(TO, "Hello")
    if body == samples.ERROR:
        assert isinstance(caught.value, Invalid)  # its code decides
        assert (caught.value.code, caught.value.field) == ("failed_validation", "to")
    else:
        assert isinstance(caught.value, kind)
        assert not isinstance(caught.value, InDoubt)


@pytest.mark.parametrize("body", ["", "<html></html>", '{"error": "no"}', '[{"id": '])
def test_an_odd_success_is_unreadable_for_a_list_and_in_doubt_for_a_send(wire, body):
    wire.answer("/v1/integrations", body)
    with pytest.raises(BadResponse):
        wire.open().vendor_api.integrations()
    wire.answer(TEXTS, body)
    before = len(wire.sent)
    with pytest.raises(InDoubt):
        wire.open().vendor_api.send_text(TO, "Hello")
    assert len(wire.sent) == before + 1


@pytest.mark.parametrize("answer", [{}, {"message_id": None}, {"message_id": ""}, [], {"id": "x"}])
def test_a_send_whose_answer_has_no_id_is_in_doubt(wire, answer):
    wire.answer(TEXTS, answer)
    with pytest.raises(InDoubt, match=r"no message id|\$"):
        wire.open().vendor_api.send_text(TO, "Hello")
    assert len(wire.sent) == 1


def test_a_lost_answer_to_a_send_is_in_doubt_and_never_repeated(wire):
    wire.answer(TEXTS, requests.ReadTimeout("slow"))
    with pytest.raises(InDoubt):
        wire.open().vendor_api.send_text(TO, "Hello")
    assert len(wire.sent) == 1


def test_a_read_is_tried_again_and_a_server_fault_keeps_the_headers_for_the_vendors_support(wire):
    wire.answer("/v1/integrations", (500, {"X-Trace": "7", "Set-Cookie": "s=1"}, said("internal_server_error")), [])
    assert wire.open().vendor_api.integrations() == ()
    wire.answer("/v1/integrations", (500, {"X-Trace": "7", "Set-Cookie": "s=1"}, ""))
    with pytest.raises(Unavailable) as caught:
        wire.open().vendor_api.integrations()
    headers = {name.lower() for name in caught.value.response_headers}
    assert "x-trace" in headers
    assert "set-cookie" not in headers
    assert "7" not in str(caught.value)


def test_a_refusal_waits_exactly_what_the_vendor_asks_and_tries_once_more(wire):
    wire.answer(TEXTS, (429, {"Retry-After": "26"}, said("too_many_requests_exception")), {"message_id": "g1"})
    desk = wire.open(max_wait=60)
    assert desk.vendor_api.send_text(TO, "Hello").ids == ("g1",)
    assert len(wire.sent) == 2
    assert 26 <= sum(wire.clock.slept) < 27


@pytest.mark.parametrize("code", ["too_many_requests_exception", "something_else", None])
def test_the_refusal_may_be_a_200_and_is_never_read_as_data(wire, code):
    body = said(code) if code else '{"error": "slow down"}'
    wire.answer("/v1/integrations", (200, {"Retry-After": "26"}, body), [{"id": 11}])
    if code == "something_else":
        with pytest.raises(BadResponse):
            wire.open(max_wait=60).vendor_api.integrations()
        return
    with pytest.raises(RateLimited) as caught:
        wire.open(max_wait=5).vendor_api.integrations()
    assert 26 <= (caught.value.retry_after or 0) < 27
    wire.answer("/v1/integrations", (200, {"Retry-After": "26"}, body), [{"id": 11}])
    assert [one.id for one in wire.open(max_wait=60).vendor_api.integrations()] == [11]


def test_sixty_a_minute_are_kept_by_all_desks_of_this_machine(wire):
    wire.answer("/v1/integrations", (200, {"X-RateLimit-Limit": "60"}, []))
    one, other = wire.open(max_wait=0), wire.open(max_wait=0, api_key="another", integration=22)
    for number in range(60):
        (one, other)[number % 2].check()
    with pytest.raises(RateLimited):
        other.check()
    assert len(wire.sent) == 60
    assert one.budget.remaining == 0


def test_the_servers_own_limit_beats_the_documented_one(wire):
    wire.answer("/v1/integrations", (200, {"X-RateLimit-Limit": "3", "X-RateLimit-Remaining": "2"}, []))
    desk = wire.open(max_wait=0)
    desk.check()
    assert (desk.budget.limit, desk.budget.remaining) == (3, 2)
