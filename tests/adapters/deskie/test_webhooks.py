"""Webhooks of both kinds: read as a pure function, and sent by the simulator to a receiver."""

from __future__ import annotations

import json
import threading
from urllib.parse import urlencode

import pytest
from adapters.deskie.simulated import Desk
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.serving import make_server

from helpdesk_bridge import open_desk
from helpdesk_bridge.adapter import AuthenticationFailed, ConfigError, Invalid, Secret
from helpdesk_bridge.desk.webhook_receiver import WebhookReceiver
from helpdesk_bridge_deskie.port.events import AgentAnswered, RuleFired, UnknownEvent, events_in
from helpdesk_bridge_deskie.port.webhooks import BODY_LIMIT, DeskieWebhooks
from helpdesk_bridge_deskie.settings import DeskieSettings

HOOKS = DeskieWebhooks("robotsrule")
ANSWER = {
    "type": "message_new",
    "object": {
        "message_id": 7001, "case_id": 51230, "staff_id": 12, "user_id": 8801, "custom_user_id": "U-7",
        "content": "Hello 👋", "note": False, "sent_via_rule": False,
    },
}  # fmt: skip
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
RULE = {
    "event": "closed", "case_id": "51230", "case_number": "130-000042", "case_subject": "Invoice", "case_status": "Закрыто",
    "case_priority": "Высокий", "case_tags": "vip, bug", "case_group": "Sales", "staff_id": "12", "user_id": "8801",
    "user_email": "ann@x.io", "last_message": "Thanks", "last_message_id": "7001", "last_note_id": "", "note_text": "",
    "custom_field_25": "PO-7",
}  # fmt: skip


def test_an_agents_answer_in_a_custom_channel_is_read_from_json():
    (event,) = HOOKS.parse(json.dumps(ANSWER).encode(), {"content-type": "application/json"}, None)
    assert isinstance(event, AgentAnswered)
    assert (event.id, event.ticket_id, event.ticket) == ("7001", "51230", "deskie:robotsrule/ticket/51230")
    assert (event.agent_id, event.contact_id, event.contact, event.text) == ("12", "8801", "U-7", "Hello 👋")
    assert (event.internal, event.by_rule) == (False, False)
    assert event.raw["type"] == "message_new"
    assert "Hello" not in repr(event)


def test_an_agents_answer_is_read_from_the_form_of_2020():
    pairs = [(f"object[{key}]", "1" if value is True else str(value)) for key, value in
             {**ANSWER["object"], "note": True}.items()]  # fmt: skip
    (event,) = HOOKS.parse(urlencode([("type", "message_new"), *pairs]), FORM, None)
    (same,) = HOOKS.parse(json.dumps(ANSWER), None, None)
    assert (event.id, event.ticket, event.text, event.contact) == (same.id, same.ticket, same.text, same.contact)
    assert event.internal


def test_a_rules_webhook_is_read_from_wherever_its_template_put_the_variables():
    for body in (RULE, {"data": RULE}, {"event": "closed", "case": {**RULE, "event": ""}}):
        (event,) = HOOKS.parse(json.dumps(body), {}, None)
        assert isinstance(event, RuleFired)
        assert (event.name, event.ticket, event.number) == ("closed", "deskie:robotsrule/ticket/51230", "130-000042")
        assert (event.status, event.priority, event.group) == ("Закрыто", "Высокий", "Sales")
        assert (event.tags, event.agent_id, event.contact_id) == (("vip", "bug"), "12", "8801")
        assert (event.last_message_id, event.last_note_id, event.note) == ("7001", None, None)
        assert dict(event.custom_fields) == {"cf_25": "PO-7"}
    (event,) = HOOKS.parse(urlencode(RULE), FORM, None)
    assert event.ticket_id == "51230"
    assert len(HOOKS.parse(json.dumps([RULE, ANSWER]), {}, None)) == 2


@pytest.mark.parametrize(
    "body", ["5", '"x"', "true", '{"type": "message_new", "object": {"case_id": 5}}', '{"case_id": "x"}', '{"case_id": 0}',
             '{"object": {"message_id": 1, "case_id": "../1"}}', '{"unheard": {"of": [1]}}'],
)  # fmt: skip
def test_what_nobody_knows_is_kept_as_it_came(body):
    (event,) = HOOKS.parse(body, {}, None)
    assert isinstance(event, UnknownEvent)
    assert dict(event.raw) if isinstance(event.raw, dict) else event.raw is not None


@pytest.mark.parametrize("body", ["", "{", "<html>", b"\xff\xfe", "NaN", "[" * 100_000])
def test_a_body_that_is_neither_json_nor_a_form_is_invalid(body):
    with pytest.raises(Invalid) as caught:
        HOOKS.parse(body, {}, None)
    assert caught.value.field == "body"


@pytest.mark.parametrize("body", ["[]", "{}", "null", '""'])
def test_nothing_is_no_event(body):
    assert HOOKS.parse(body, {}, None) == ()


def test_limits_of_a_body():
    HOOKS.parse(json.dumps({"case_id": 1, "case_subject": "x" * 1000}), {}, None)
    with pytest.raises(Invalid) as caught:
        HOOKS.parse(b" " * (BODY_LIMIT + 1), {}, None)
    assert caught.value.limit == BODY_LIMIT
    with pytest.raises(Invalid):
        HOOKS.parse("&".join(f"a{number}=1" for number in range(1001)), FORM, None)


def test_the_token_is_wanted_and_every_wrong_one_is_refused_alike():
    hooks = DeskieWebhooks("robotsrule", ("first-token", "second-token"))
    for token in ("first-token", "second-token"):
        assert hooks.parse(json.dumps(RULE), {}, token)
    messages = set()
    for token in (None, "", "first", "first-token ", "FIRST-TOKEN", "\udcff"):
        with pytest.raises(AuthenticationFailed) as caught:
            hooks.parse("not even json", {}, token)
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert "first-token" not in repr(hooks) + messages.pop()


def test_the_token_is_a_setting():
    given = {"account": "robotsrule", "staff_email": "bot@x.io", "api_key": Secret("k")}
    settings = DeskieSettings(**given, webhook_token=Secret("first-token second-token"))
    assert settings.tokens == ("first-token", "second-token")
    assert DeskieWebhooks("robotsrule", settings.tokens).guarded
    assert not HOOKS.guarded
    assert DeskieSettings(**given).tokens == ()
    assert "first-token" not in repr(settings)
    for wrong in (" ", "short", "long-enough short"):
        with pytest.raises(ConfigError, match="webhook_token"):
            DeskieSettings(**given, webhook_token=Secret(wrong))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["object", "type", "case_id", "message_id", "content", "note", "custom_field_1", "x", "case_tags"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(JSON)
def test_no_document_makes_reading_fail(document):
    for event in events_in(document, "robotsrule"):
        assert isinstance(event, (AgentAnswered, RuleFired, UnknownEvent))
        hash((type(event), getattr(event, "ticket", None)))


# ---- sent by the simulator


@pytest.fixture
def receiver():
    """A receiver for a desk's webhooks, and what arrived at it."""
    events = []
    desk = open_desk({"vendor": "deskie", "account": "hooked", "staff_email": "bot@x.io", "api_key": "k"})
    server = make_server("127.0.0.1", 0, WebhookReceiver(desk, ["a-secret-of-the-path"], on_events=events.extend))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/a-secret-of-the-path", events
    server.shutdown()
    thread.join()
    server.server_close()
    desk.close()


@pytest.mark.parametrize("form", [False, True])
def test_the_simulator_sends_both_kinds(receiver, form):
    url, events = receiver
    account = Desk()
    register = lambda **body: account.client.post("/_sim/webhooks", json={"url": url, "form": form, **body})  # noqa: E731
    assert register(channel="cch1").json == {"registered": 1}
    assert register().json == {"registered": 2}
    made = account.write("POST", "cases.json", {"case": {"user_custom_id": "U-7", "channel": "cch1", "subject": "Hi",
                                                         "content": "x", "custom_fields": {"cf_1": "PO"}}})["case"]  # fmt: skip
    account.write("POST", f"cases/{made['case_id']}/messages.json", {"message": {"content": "Hello 🎉", "staff_id": 2}})
    account.write(
        "POST", f"cases/{made['case_id']}/messages.json", {"message": {"content": "me", "user_id": made["user_id"]}}
    )
    account.write("POST", f"cases/{made['case_id']}/note.json", {"note": {"content": "psst"}})
    answered = [event for event in events if isinstance(event, AgentAnswered)]
    assert [(event.text, event.internal, event.contact) for event in answered] == [
        ("Hello 🎉", False, "U-7"),
        ("psst", True, "U-7"),
    ]
    fired = [event for event in events if isinstance(event, RuleFired)]
    assert [event.ticket_id for event in fired] == [str(made["case_id"])] * 4
    assert (fired[-1].note, fired[-1].last_message, dict(fired[0].custom_fields)) == ("psst", "me", {"cf_1": "PO"})
    deliveries = account.client.get("/_sim/webhooks").json["webhooks"]
    assert {delivery["outcome"] for delivery in deliveries} == {"200"}
    channels = account.list("custom_channels.json", "custom_channel")
    assert channels[0]["webhook_url"] == url


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://127.0.0.1/x", "", "http://169.254.169.254/"])
def test_webhooks_go_to_this_machine_only(url):
    account = Desk()
    assert account.client.post("/_sim/webhooks", json={"url": url}).status_code == 400
