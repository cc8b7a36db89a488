"""Every payload that the paper prints: read by the adapter for what it says, made by the simulator in the same shape."""

import contextlib
import copy
import json
from datetime import UTC, datetime

import pytest
from adapters.desk360 import samples
from adapters.desk360.simulated import Desk, shape
from adapters.desk360.wiretap import HOST, TO
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpdesk_bridge import Upload, open_desk
from helpdesk_bridge.errors import BadResponse
from helpdesk_bridge.testing.clock import ManualClock
from helpdesk_bridge.testing.nasty import NASTY
from helpdesk_bridge.testing.simulator import mock_simulator
from helpdesk_bridge_desk360.simulator import API_KEY
from helpdesk_bridge_desk360.vendor_api.vendor_api import integration_of
from helpdesk_bridge_desk360.wire.cards import CardName, ContactCard
from helpdesk_bridge_desk360.wire.documents import (
    WIRE,
    IntegrationDocument,
    MediaDocument,
    TemplateDocument,
    TokenDocument,
)
from helpdesk_bridge_desk360.wire.events import DeliveryChanged, MessageReceived, UnknownEvent, events_in
from helpdesk_bridge_desk360.wire.interactive import Button
from helpdesk_bridge_desk360.wire.templates import template_of

MESSAGES = "/v1/integrations/11/conversations/messages"
TEMPLATES = "/v1/integrations/11/conversations/templates"
CARD = ContactCard(name=CardName(formatted_name="J S", first_name="J", last_name="S"))
VALUES = {"header-1": "H", "body-1": "A", "body-2": "B"}
SENDS = {
    "templates/send": ("gBEGkFBXUQRnAglW0luHY8xsrFk", lambda desk: desk.templates.send(75, TO, parameters=VALUES)),
    "messages": ("gBEGkFBXUQRnAgnoOJ1ESPKBwME", lambda desk: desk.vendor_api.send_text(TO, "x")),
    "messages/locations": (
        "gBEGkFBXUQRnAgn3kXajlucbaso",
        lambda desk: desk.vendor_api.send_location(TO, latitude=1, longitude=2, name="N", address="A"),
    ),
    "messages/contacts": ("gBEGkFBXUQRnAgkCL1xSaIMoDz0", lambda desk: desk.vendor_api.send_contacts(TO, [CARD])),
    "messages/interactive": (
        "gBEGkFBXUQRnAglHuQTBEMHpUdo",
        lambda desk: desk.vendor_api.send_interactive(TO, "b", [Button("i", "t")]),
    ),
    "messages/interactive/location-request": (
        "gBEGkFBXUQRnAgn6gWf5CzaF6Ko",
        lambda desk: desk.vendor_api.request_location(TO, "b"),
    ),
}


@pytest.mark.parametrize("path", SENDS)
def test_the_printed_answer_to_a_send_is_its_id(wire, path):
    printed, send = SENDS[path]
    wire.answer(TEMPLATES, samples.TEMPLATES)
    wire.answer(f"/v1/integrations/11/conversations/{path}", json.dumps({"message_id": printed}))
    assert send(wire.open()).ids == (printed,)


def test_the_other_printed_answers_say_what_they_say(wire, inbox):
    wire.answer("/v1/login", samples.LOGIN)
    wire.answer("/v1/integrations", samples.INTEGRATIONS)
    wire.answer(TEMPLATES, samples.TEMPLATES)
    wire.answer(f"{TEMPLATES}/send/bulk", '{"phones": ["+905555555555"]}')
    wire.answer(f"{MESSAGES}/medias", samples.MEDIA)
    wire.answer(f"{MESSAGES}/reads", samples.READS)
    desk = wire.open(email="abc@example.com", password="p", inbox=inbox, check_window=False)
    one, other = desk.vendor_api.integrations()
    assert (one.id, one.name, one.phone) == (11, "YourIntegration1", "+905554443322")
    assert (other.id, other.name, other.phone) == (22, "YourIntegration2", "+905555555555")
    assert wire.sent[-1].headers["Authorization"] == "Bearer 1|iybflVqHloQdz9QH4PIkX0q1Od68T9sDrKCtnuxW6f78ad5b"
    assert desk.templates.send_bulk(75, [TO], parameters=VALUES).phones == ("+905555555555",)
    assert desk.vendor_api.send_media(TO, [Upload.from_bytes("a", b"a")]).ids == ("gBEGkFBXUQRnAgkEg3us4YW8UJE",)
    (message,) = desk.messages.list(TO)
    (file,) = message.attachments
    assert (file.filename, file.content_type) == ("desk360.png", "image/png")
    assert json.loads(file.locator) == {
        "url": "https://my-cdn.desk360.com/integrations/integrationId/attachments/bTARCYuscrcWU20t0dA8aesXufZKVuS0INd8rR5L.png",
        "media": "cae26b43-1463-44f5-9a81-f4119afbf6d9",
    }
    read = desk.vendor_api.mark_read(TO, ["ABEG"])
    assert read == ("gBEGkFBXUQRnAgn6gWf5CzaF6Ko", "gBEGkFBXUQRnAglHuQTBEMHpUdo")


WEBHOOKS = {
    "text": (samples.WEBHOOK_TEXT, {"text": "Hello"}),
    "location": (samples.WEBHOOK_LOCATION, {"kind": "location"}),
    "contacts": (samples.WEBHOOK_CONTACTS, {"kind": "contacts"}),
    "image": (samples.WEBHOOK_MEDIA, {"kind": "image"}),
}
VARYING = ("id", "ticket_id", "ticket", "phone", "at", "raw", "files")


@pytest.mark.parametrize("kind", WEBHOOKS)
def test_each_printed_webhook_is_made_by_the_simulator_and_read_alike(kind):
    printed_text, given = WEBHOOKS[kind]
    printed = json.loads(printed_text)
    made = Desk().sim("inbound", {**given, "name": "John Doe"})["payload"]
    assert shape(made) == shape(printed)
    (said,), (told,) = events_in(printed, "11"), events_in(made, "11")
    for name in (one.name for one in type(said).__attrs_attrs__ if one.name not in VARYING):
        assert getattr(told, name) == getattr(said, name), name
    assert [shape_of(one) for one in told.files] == [shape_of(one) for one in said.files]
    assert said.at in {datetime.fromtimestamp(at, UTC) for at in (1630913975, 1700052659, 1700052797, 1689756449)}


def shape_of(file):
    return (file.content_type, file.url.partition(":")[0] in ("http", "https"), len(file.media_id), len(file.sha))


@pytest.mark.parametrize("word", ["delivered", "read"])
def test_the_printed_status_is_made_by_the_simulator_and_read_alike(word):
    printed = json.loads(samples.WEBHOOK_STATUS.replace("delivered|read", word).replace("90xxxxxxxxxx", TO[1:]))
    simulated = Desk()
    sent = simulated.accepted("messages", json={"to": TO, "text": "x"})["message_id"]
    (made,) = simulated.sim("statuses", {"id": sent, "status": word})["webhooks"]
    assert shape(made["payload"]) == shape(printed)
    (said,), (told,) = events_in(printed, "11"), events_in(made["payload"], "11")
    assert (said.id, said.status, said.ticket) == (printed["statuses"]["id"], word, told.ticket)
    assert (told.id, told.status, told.ticket_id) == (sent, word, TO[1:])


def test_the_printed_status_as_it_stands_is_a_word_that_nobody_knows_and_is_kept(wire, inbox):
    desk = wire.open(inbox=inbox)
    (event,) = desk.webhooks.receive(samples.WEBHOOK_STATUS)
    assert event.status == "delivered|read"
    assert desk.vendor_api.delivery(event.id) == "delivered|read"


def test_a_message_that_came_by_webhook_is_marked_as_read(own_budget, inbox):
    simulated = Desk()
    with mock_simulator(simulated.app, HOST):
        clock = ManualClock(wall=simulated.clock.now())
        table = {"vendor": "desk360", "integration": 11, "api_key": API_KEY, "inbox": inbox}
        with open_desk(table, clock=clock) as desk:
            (event,) = desk.webhooks.receive(json.dumps(simulated.sim("inbound", {})["payload"]))
            assert not simulated.app.account.incoming[event.id].read
            assert desk.vendor_api.mark_read(event.phone, [event.id, "gBEG-unknown"]) == (event.id, "gBEG-unknown")
            assert simulated.app.account.incoming[event.id].read
    (request,) = simulated.app.requests
    assert request.path == f"{MESSAGES}/reads"
    assert b'name="message_ids[]"' in request.body


def test_a_pressed_button_or_row_tells_its_id():
    pressed = Desk().sim("inbound", {"kind": "button", "button": {"id": "ID 1.1", "title": "Yes 👍"}})["payload"]
    (event,) = events_in(pressed, "11")
    assert (event.button, event.text) == ("ID 1.1", "Yes 👍")
    for inner, button, text in (
        ({"type": "button_reply", "button_reply": {"id": "ID 1.1", "title": "Yes"}}, "ID 1.1", "Yes"),
        ({"type": "list_reply", "list_reply": {"id": "row 7", "title": "Seven"}}, "row 7", "Seven"),
        ({"payload": "ID 2", "text": "No"}, "ID 2", "No"),
        ({}, None, None),
        ("text", None, None),
    ):
        made = Desk().sim("inbound", {"kind": "interactive", "content": inner})["payload"]
        (event,) = events_in(made, "11")
        assert (event.button, event.text) == (button, text)
    (image,) = events_in(json.loads(samples.WEBHOOK_MEDIA), "11")
    assert image.button is None


# ---- what vendors add tomorrow

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.sampled_from([*NASTY.values()]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
READERS = {
    "login": (samples.LOGIN, lambda one: WIRE.read(TokenDocument, one)),
    "integration": (json.dumps(json.loads(samples.INTEGRATIONS)[0]), lambda one: integration_of(WIRE.read(IntegrationDocument, one))),
    "second integration": (json.dumps(json.loads(samples.INTEGRATIONS)[1]), lambda one: integration_of(WIRE.read(IntegrationDocument, one))),
    "template": (json.dumps(json.loads(samples.TEMPLATES)[0]), lambda one: template_of(WIRE.read(TemplateDocument, one))),
    "media": (json.dumps(json.loads(samples.MEDIA)["medias"]["images"][0]), lambda one: WIRE.read(MediaDocument, one)),
    "webhook text": (samples.WEBHOOK_TEXT, lambda one: events_in(one, "11")),
    "webhook location": (samples.WEBHOOK_LOCATION, lambda one: events_in(one, "11")),
    "webhook contacts": (samples.WEBHOOK_CONTACTS, lambda one: events_in(one, "11")),
    "webhook media": (samples.WEBHOOK_MEDIA, lambda one: events_in(one, "11")),
    "webhook status": (samples.WEBHOOK_STATUS, lambda one: events_in(one, "11")),
}  # fmt: skip


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize("name", READERS)
def test_a_field_that_nobody_knows_changes_nothing_wherever_it_stands(name):
    printed, read = READERS[name]
    document = json.loads(printed)
    # A file's group and a webhook's own top are the two places where a new name means something.
    objects = [
        path for path in places(document) if isinstance(at(document, path), dict) and path[-1:] != ("attachments",)
    ]

    @settings(max_examples=25, deadline=None)
    @given(st.sampled_from(objects), JSON)
    @example(objects[0], {"nested": [1]})
    def holds(path, value):
        changed = copy.deepcopy(document)
        at(changed, path)["a_field_of_tomorrow"] = value
        assert read(changed) == read(document)

    holds()


@pytest.mark.parametrize("name", READERS)
def test_a_value_of_any_other_kind_is_read_or_refused_and_never_breaks(name):
    printed, read = READERS[name]
    document = json.loads(printed)
    leaves = [path for path in places(document) if path]

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(leaves), JSON, st.booleans())
    def holds(path, value, gone):
        changed = copy.deepcopy(document)
        if gone:
            del at(changed, path[:-1])[path[-1]]
        else:
            at(changed, path[:-1])[path[-1]] = value
        if name.startswith("webhook"):
            kinds = (MessageReceived, DeliveryChanged, UnknownEvent)
            assert all(isinstance(event, kinds) for event in read(changed))
            return
        with contextlib.suppress(BadResponse):
            read(changed)

    holds()


WORDS = ("template-messages.paused", "", "ACTIVE", "template-messages.active ", None)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_nobody_knows_never_makes_a_template_sendable(word):
    document = json.loads(samples.TEMPLATES)[0]
    for translation in document["translations"]:
        translation |= {"status": word, "status_value": 9, "quality": word or "x"}
        translation["header_type"] = {"value": 99, "label": "HOLOGRAM"}
    template = template_of(WIRE.read(TemplateDocument, document))
    assert [one.active for one in template.translations] == [False, False]
    assert template.translations[0].status == word
    assert template.translations[0].header_type == "HOLOGRAM"
