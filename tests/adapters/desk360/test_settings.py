"""The keys of a Desk360 desk, and what it can do by them alone."""

import logging

import pytest
from adapters.desk360.wiretap import said

from helpdesk_bridge import open_desk
from helpdesk_bridge.errors import AuthenticationFailed, ConfigError, Unsupported
from helpdesk_bridge_desk360 import VENDOR, Desk360Settings
from helpdesk_bridge_desk360.settings import api_base


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({}, "integration"),
        ({"integration": 11}, "api_key"),
        ({"integration": 11, "email": "a@b.example"}, "api_key"),
        ({"integration": 11, "email": "nobody", "password": "p"}, "email"),
        ({"integration": "../11", "api_key": "k"}, "integration"),
        ({"integration": True, "api_key": "k"}, "integration"),
        ({"integration": 11, "api_key": "two words"}, "api_key"),
        ({"integration": 11, "api_key": "k", "webhook_token": "short"}, "webhook_token"),
        ({"integration": 11, "api_key": "k", "integratoin": 11}, "integratoin"),
    ],
)
def test_a_wrong_key_is_named_before_anything_is_sent(wire, table, key):
    with pytest.raises(ConfigError, match=key) as caught:
        open_desk({"vendor": "desk360", **table})
    assert "two words" not in str(caught.value)
    assert wire.sent == []


def test_plain_http_to_a_foreign_host_is_refused_without_a_connection(wire):
    with pytest.raises(ConfigError, match="https"):
        open_desk({"vendor": "desk360", "integration": 11, "api_key": "k", "base_url": "http://public-api.desk360.com"})
    assert wire.sent == []


@pytest.mark.parametrize(
    ("given", "base"),
    [
        (None, "https://public-api.desk360.com/v1"),
        ("http://127.0.0.1:4711", "http://127.0.0.1:4711/v1"),
        ("http://127.0.0.1:4711/v1", "http://127.0.0.1:4711/v1"),
        ("http://127.0.0.1:4711/v1/", "http://127.0.0.1:4711/v1"),
    ],
)
def test_the_version_is_added_to_a_base_url_that_lacks_it(given, base):
    assert api_base(given) == base


def test_secrets_do_not_show(wire):
    settings = Desk360Settings(
        integration=11, email="me@x.example", password="hunter22", webhook_token="token-number-1"
    )
    assert "hunter22" not in repr(settings)
    assert "token-number-1" not in repr(settings)
    assert "me@x.example" not in repr(settings)


def test_an_open_desk_shows_no_secret_either(wire, inbox, caplog):
    caplog.set_level(logging.DEBUG)
    wire.answer("/v1/login", {"access_token": "1|canary-token"})
    wire.answer("/v1/integrations", (401, {}, said("authentication_exception", "canary-token is wrong")))
    secrets = {"email": "canary@x.example", "password": "canary-password", "webhook_token": "canary-webhook-token"}
    desk = wire.open(**secrets, inbox=inbox)
    with pytest.raises(AuthenticationFailed) as caught:
        desk.check()
    error = caught.value
    shown = "".join((repr(desk), str(desk), repr(error), str(error), repr(vars(error)), caplog.text))
    assert "canary" not in shown
    assert (error.desk, error.vendor, error.operation) == ("desk", "desk360", "integrations.list")


def test_without_an_inbox_reading_raises_and_never_answers_empty(wire):
    desk = wire.open()
    for call in (
        desk.tickets.list,
        lambda: desk.tickets.get("905551112233"),
        desk.contacts.list,
        lambda: desk.contacts.find(phone="+905551112233"),
        lambda: desk.messages.list("905551112233"),
        lambda: desk.webhooks.receive(b"{}"),
        lambda: desk.vendor_api.window("+905551112233"),
    ):
        with pytest.raises(Unsupported, match="inbox"):
            call()
    assert wire.sent == []


def test_capabilities_are_honest_about_what_stays_here_and_what_is_missing(wire, inbox):
    desk = wire.open(inbox=inbox)
    assert not desk.importer
    with pytest.raises(Unsupported, match="real phone"):
        desk.importer.ticket(None, None, (), "m")
    assert "only in the inbox" in desk.capabilities.notes["messages.note"]
    assert "only in the inbox" in desk.capabilities.notes["tickets.update"]
    assert desk.capabilities.missing("messages.add_from_contact", "agents.list", "removal", "events") == (
        "messages.add_from_contact",
        "agents.list",
        "removal",
        "events",
    )
    assert VENDOR.capabilities(Desk360Settings(integration=11, api_key="k")).operations == {
        "templates.list",
        "webhooks",
        "attachments.open",
    }


def test_check_tells_the_integration_the_inbox_and_the_token(wire, inbox):
    wire.answer("/v1/integrations", [{"id": 11, "display_name": "Shop", "phone_number": "+90", "status": "Activated"}])
    assert [one.severity.value for one in wire.open().check()] == ["ok", "warning", "warning"]
    assert [one.severity.value for one in wire.open(inbox=inbox, webhook_token="a-long-token").check()] == ["ok", "ok"]
    wire.answer("/v1/integrations", [{"id": 12, "name": "Other"}])
    problem = wire.open(inbox=inbox).check()[0]
    assert (problem.severity.value, "12" in problem.detail) == ("problem", True)
    wire.answer("/v1/integrations", [{"id": 11, "name": "Shop", "status": "passive"}])
    assert wire.open(inbox=inbox).check()[0].severity.value == "warning"
