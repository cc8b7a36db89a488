"""Logging in: once, by one thread, and once more when a token that worked is refused."""

import threading

import pytest
from adapters.desk360 import samples
from adapters.desk360.wiretap import TO, said

from helpdesk_bridge.errors import AuthenticationFailed, BadResponse, RateLimited

WHO = {"email": "abc@example.com", "password": "YOUR_PASSWORD"}
TEXTS = "/v1/integrations/11/conversations/messages"


def test_a_desk_with_email_and_password_lists_with_the_token_of_its_login(wire):
    wire.answer("/v1/login", samples.LOGIN)
    wire.answer("/v1/integrations", samples.INTEGRATIONS)
    desk = wire.open(**WHO)
    assert wire.sent == []
    assert len(desk.vendor_api.integrations()) == 2
    login, listing = wire.sent
    assert (login.method, login.path, login.json) == ("POST", "/v1/login", WHO)
    assert "Authorization" not in login.headers
    assert listing.headers["Authorization"] == "Bearer 1|iybflVqHloQdz9QH4PIkX0q1Od68T9sDrKCtnuxW6f78ad5b"


def test_a_key_goes_as_bearer_and_nobody_logs_in(wire):
    wire.answer("/v1/integrations", [])
    wire.open(**WHO, api_key="1|abc").vendor_api.integrations()
    assert [one.headers["Authorization"] for one in wire.sent] == ["Bearer 1|abc"]


def test_a_refused_token_that_worked_is_renewed_once_and_the_send_goes_out_once(wire):
    wire.answer("/v1/login", {"access_token": "1|a"}, {"access_token": "1|b"})
    wire.answer("/v1/integrations", [])
    wire.answer(TEXTS, (401, {}, said("authentication_exception")), {"message_id": "g"})
    desk = wire.open(**WHO)
    desk.vendor_api.integrations()
    assert desk.vendor_api.send_text(TO, "Hello").ids == ("g",)
    assert wire.paths() == ["/v1/login", "/v1/integrations", TEXTS, "/v1/login", TEXTS]
    assert wire.sent[-1].headers["Authorization"] == "Bearer 1|b"


def test_a_fresh_token_that_is_refused_is_given_up(wire):
    wire.answer("/v1/login", {"access_token": "1|a"})
    wire.answer("/v1/integrations", (401, {}, said("authentication_exception")))
    desk = wire.open(**WHO)
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            desk.vendor_api.integrations()
    assert wire.paths().count("/v1/login") == 1
    wire.clock.advance(61)
    with pytest.raises(AuthenticationFailed):
        desk.vendor_api.integrations()
    assert wire.paths().count("/v1/login") == 2


def test_wrong_credentials_are_not_tried_again_within_the_minute(wire):
    wire.answer("/v1/login", (401, {}, said("invalid_credentials")))
    desk = wire.open(**WHO)
    for _ in range(8):
        with pytest.raises(AuthenticationFailed) as caught:
            desk.vendor_api.integrations()
        assert WHO["password"] not in str(caught.value)
    assert len(wire.sent) == 1
    wire.clock.advance(61)
    with pytest.raises(AuthenticationFailed):
        desk.vendor_api.integrations()
    assert len(wire.sent) == 2


def test_a_spent_login_allowance_does_not_stop_other_calls(wire):
    wire.answer("/v1/login", (429, {}, said("too_many_attempts")))
    wire.answer("/v1/integrations", [])
    with pytest.raises(RateLimited) as caught:
        wire.open(**WHO).vendor_api.integrations()
    assert caught.value.retry_after == 60
    wire.open().vendor_api.integrations()
    assert wire.clock.slept == []


def test_the_sixth_wrong_login_of_a_minute_is_not_sent(wire):
    wire.answer("/v1/login", (401, {}, said("invalid_credentials")))
    for number in range(7):
        with pytest.raises((AuthenticationFailed, RateLimited)) as caught:
            wire.open(email=f"user{number}@x.example", password="p", max_wait=0).vendor_api.integrations()
    assert isinstance(caught.value, RateLimited)
    assert len(wire.sent) == 5


def test_twenty_right_logins_pass(wire):
    wire.answer("/v1/login", samples.LOGIN)
    wire.answer("/v1/integrations", [])
    for _ in range(20):
        wire.open(**WHO, max_wait=0).vendor_api.integrations()
    assert wire.paths().count("/v1/login") == 20


def test_eight_threads_log_in_once_and_renew_once(wire):
    valid = {"1|a"}

    def listing(request):
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return (200, {}, []) if token in valid else (401, {}, said("authentication_exception"))

    wire.answer("/v1/login", {"access_token": "1|a"}, {"access_token": "1|b"})
    wire.answer("/v1/integrations", listing)
    desk = wire.open(**WHO)
    start = threading.Barrier(8)
    failures = []

    def work():
        start.wait()
        try:
            for _ in range(2):
                desk.check()
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            failures.append(error)

    def together():
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    together()
    assert (failures, wire.paths().count("/v1/login")) == ([], 1)
    valid.clear()
    valid.add("1|b")
    wire.clock.advance(61)
    together()
    assert (failures, wire.paths().count("/v1/login")) == ([], 2)


def test_a_login_without_a_token_is_unreadable(wire):
    wire.answer("/v1/login", {"token": "1|a"})
    with pytest.raises(BadResponse, match="access_token"):
        wire.open(**WHO).vendor_api.integrations()
