"""Webhooks: the samples, everything that no document shows, the token, and storing once."""

import json
import logging
from datetime import UTC, datetime

import pytest
from adapters.desk360 import samples
from adapters.desk360.wiretap import DIGITS
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk_bridge import TicketDraft
from helpdesk_bridge.errors import AuthenticationFailed, Invalid
from helpdesk_bridge_desk360.port.webhooks import BODY_LIMIT
from helpdesk_bridge_desk360.wire.events import DeliveryChanged, MessageReceived, UnknownEvent, events_in

TOKEN = "a-token-that-nobody-guesses"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            (
                "id",
                "text",
                "from",
                "timestamp",
                "name",
                "type",
                "location",
                "contacts",
                "attachments",
                "image",
                "status",
            ),
            JSON,
        ),
    },
)


def inbound(**fields):
    message = {
        "id": "ABEG1",
        "text": "Hello",
        "from": DIGITS,
        "timestamp": "1630913975",
        "name": "John Doe",
        "type": "text",
    }
    return json.dumps({"messages": {**message, **fields}})


def status(message_id, word, **fields):
    return json.dumps({"statuses": {"id": message_id, "from": DIGITS, "status": word, **fields}})


@pytest.fixture
def desk(wire, inbox):
    return wire.open(inbox=inbox)


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("sample", "kind", "seconds"),
    [
        (samples.WEBHOOK_TEXT, "text", 1630913975),
        (samples.WEBHOOK_LOCATION, "location", 1700052659),
        (samples.WEBHOOK_CONTACTS, "contacts", 1700052797),
        (samples.WEBHOOK_MEDIA, "image", 1689756449),
    ],
)
def test_each_sample_is_one_inbound_message(desk, sample, kind, seconds):
    (event,) = desk.webhooks.receive(sample)
    assert isinstance(event, MessageReceived)
    assert (event.type, event.name, event.at) == (kind, "John Doe", moment(seconds))
    assert event.phone.startswith("+90")
    (ticket,) = desk.tickets.list()
    assert event.ticket == ticket.ref
    (message,) = desk.messages.list(ticket.id)
    assert (message.id, message.opening, message.created_at) == (event.id, True, moment(seconds))
    assert (message.author.kind.value, message.author.name, message.author.phone) == (
        "contact",
        "John Doe",
        event.phone,
    )
    (contact,) = desk.contacts.list()
    assert (contact.name, contact.phones[0].raw) == ("John Doe", event.phone)


def test_the_samples_say_what_they_say(desk):
    parse = desk.webhooks.parse
    assert parse(samples.WEBHOOK_TEXT)[0].text == "Hello"
    place = parse(samples.WEBHOOK_LOCATION)[0]
    assert (place.location.latitude, place.location.longitude) == (38.9806263495, -131.9428612257)
    assert place.text.startswith("Main Street Beach - Main Street Beach, Santa Cruz, CA, latitude")
    (card,) = parse(samples.WEBHOOK_CONTACTS)[0].contacts
    assert (card.name.formatted_name, card.ims[0].service, card.ims[0].user_id) == ("Kerry Fisher", "AIM", "kfish")
    assert (card.org.company, card.org.title, card.birthday) == ("Meta", None, "2012-08-18")
    assert card.phones[0].phone == "+1 (650) 555-1234"
    (file,) = parse(samples.WEBHOOK_MEDIA)[0].files
    assert file.media_id == "83518734-56a9-4b51-8372-93f1432cfa9b"
    assert file.sha == "7e18d97d50eea65a50d9fa93db26e1c689da7c7de64d829b22aad38c4f541510"
    assert (file.content_type, file.url) == (
        "image/jpeg",
        "https://path/to/file/9oCtWHWxkv4E0PQhtHA4uW4NRinIROKCO8NEae5p.jpeg",
    )
    assert parse(samples.WEBHOOK_STATUS)[0] == DeliveryChanged(
        id="gBEGkFBXUQRnAglM82HET_hbwJs",
        status="delivered|read",
        ticket_id="90xxxxxxxxxx",
        ticket="desk360:11/ticket/90xxxxxxxxxx",
    )


def test_a_card_keeps_what_its_text_does_not_show(desk):
    desk.webhooks.receive(samples.WEBHOOK_CONTACTS)
    (message,) = desk.messages.list("90xxxxxxxxxx")
    assert message.body.text == "Kerry Fisher\n+1 (650) 555-1234\nkfish@fb.com"
    with desk.attachments.open(message.attachments[0]) as file:
        assert json.load(file)["contacts"][0]["ims"] == [{"service": "AIM", "user_id": "kfish"}]


def test_the_same_webhook_twice_is_stored_once(desk):
    assert len(desk.webhooks.receive(inbound())) == 1
    assert desk.webhooks.receive(inbound()) == ()
    assert desk.webhooks.receive(inbound(text="changed")) == ()
    assert [one.body.text for one in desk.messages.list(DIGITS)] == ["Hello"]
    assert desk.tickets.get(DIGITS).message_count == 1


def test_states_only_go_forward_and_unknown_ids_are_kept(desk):
    receive = desk.webhooks.receive
    assert [len(receive(status("gBEG1", word))) for word in ("delivered", "read", "delivered", "read")] == [1, 1, 0, 0]
    assert desk.vendor_api.delivery("gBEG1") == "read"
    assert len(receive(status("gBEG2", "read"))) == 1
    assert receive(status("gBEG2", "delivered")) == ()
    assert desk.vendor_api.delivery("gBEG2") == "read"
    assert len(receive(status("gBEG2", "failed"))) == 1
    assert desk.vendor_api.delivery("gBEG2") == "read"
    assert desk.vendor_api.delivery("nobody") is None
    assert list(desk.tickets.list()) == []


def test_one_conversation_a_number_in_whatever_spelling(desk):
    for number, spelling in enumerate(("905551112233", "+905551112233", "00905551112233", "+90 555 111-22-33")):
        desk.webhooks.receive(inbound(**{"id": f"A{number}", "from": spelling, "name": f"Name {number}"}))
    (ticket,) = desk.tickets.list()
    assert (ticket.id, ticket.ref, ticket.message_count) == (DIGITS, f"desk360:11/ticket/{DIGITS}", 4)
    assert ticket.requester.name == "Name 3"
    assert desk.contacts.find(phone="0090 555 111 22 33").name == "Name 3"
    assert desk.contacts.get("+905551112233").id == DIGITS
    assert ticket.custom_fields == {}


def test_lists_several_objects_and_a_wrapper_are_taken(desk):
    one = json.loads(inbound())["messages"]
    two = {**one, "id": "ABEG2", "timestamp": 1630913976}
    body = json.dumps({"body": {"messages": [one, two], "statuses": [json.loads(status("g1", "read"))["statuses"]]}})
    assert [type(event).__name__ for event in desk.webhooks.receive(body)] == [
        "MessageReceived",
        "MessageReceived",
        "DeliveryChanged",
    ]
    assert desk.webhooks.receive(json.dumps([{"messages": one}, {"messages": {**one, "id": "ABEG3"}}]))[0].id == "ABEG3"
    assert desk.tickets.get(DIGITS).message_count == 3


@pytest.mark.parametrize(
    ("fields", "text", "files"),
    [
        (
            {"type": "sticker", "text": None, "sticker": {"media_id": "u-1", "mime_type": "image/webp"}},
            "",
            ["u-1.webp"],
        ),
        (
            {
                "type": "video",
                "text": None,
                "video": {"message": "Look", "media_id": "u", "mime_type": "video/mp4"},
                "attachments": {"videos": [{"url": "https://c/v.mp4", "name": "v.mp4"}]},
            },
            "Look",
            ["v.mp4"],
        ),
        (
            {
                "type": "document",
                "text": None,
                "attachments": {"files": [{"url": "https://c/a.pdf", "name": "a.pdf"}, {"url": "https://c/b"}]},
            },
            "",
            ["a.pdf", "file"],
        ),
        ({"type": "reaction", "text": None, "reaction": {"emoji": "👍"}}, "[reaction]", ["reaction.json"]),
        (
            {"type": "button_reply", "text": None, "button_reply": {"id": "ID 1.1", "title": "Button 1"}},
            "Button 1",
            ["button_reply.json"],
        ),
        ({"type": "<script>", "text": None}, "[unknown]", ["unknown.json"]),
        ({"type": None, "text": None}, "[unknown]", ["unknown.json"]),
        ({"type": "image", "text": None, "image": {"message": None, "media_id": "u"}, "attachments": None}, "", ["u"]),
    ],
)
def test_a_type_that_no_document_shows_is_kept_and_nothing_of_it_is_lost(desk, fields, text, files):
    (event,) = desk.webhooks.receive(inbound(**fields))
    (message,) = desk.messages.list(DIGITS)
    assert message.body.text == text
    assert [one.filename for one in message.attachments] == files
    if files[0].endswith(".json"):
        with desk.attachments.open(message.attachments[0]) as file:
            assert json.load(file) == dict(event.raw)


def test_a_message_without_a_time_or_an_id_is_stored_at_the_time_of_its_arrival(wire, desk):
    desk.webhooks.receive(inbound(timestamp="soon", id=None))
    assert desk.webhooks.receive(inbound(timestamp="soon", id=None)) == ()
    (message,) = desk.messages.list(DIGITS)
    assert message.created_at == wire.clock.wall()
    assert message.id.startswith("~")


def test_messages_in_any_order_stand_in_the_order_of_their_times(desk):
    for number, seconds in enumerate((30, 50, 40, 50)):
        desk.webhooks.receive(inbound(id=f"A{number}", text=str(number), timestamp=str(1630913900 + seconds)))
    assert [one.body.text for one in desk.messages.list(DIGITS)] == ["0", "2", "1", "3"]
    ticket = desk.tickets.get(DIGITS)
    assert (ticket.created_at, ticket.updated_at) == (moment(1630913930), moment(1630913950))


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(5)), st.booleans())
def test_in_whatever_order_messages_come_the_conversation_is_the_same(order, repeated):
    from helpdesk_bridge import open_desk

    with open_desk({"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": ":memory:"}) as desk:
        for number in (*order, *(order if repeated else ())):
            desk.webhooks.receive(inbound(id=f"A{number}", text=f"text {number}", timestamp=str(1630913900 + number)))
        (ticket,) = desk.tickets.list()
        thread = list(desk.messages.list(DIGITS))
        assert [one.body.text for one in thread] == [f"text {number}" for number in range(5)]
        assert [(one.opening, one.sequence) for one in thread] == [(number == 0, number) for number in range(5)]
        assert (ticket.subject, ticket.message_count) == ("text 0", 5)
        assert desk.tickets.get(DIGITS).description == thread[0].body


def test_an_older_message_that_comes_late_does_not_take_away_the_subject_that_we_gave(wire, desk):
    now = int(wire.clock.wall().timestamp())
    desk.webhooks.receive(inbound(id="A1", timestamp=str(now)))
    wire.answer("/v1/integrations/11/conversations/messages", {"message_id": "g"})
    desk.tickets.create(TicketDraft(subject="Given", description="Good day", requester=f"+{DIGITS}"))
    desk.webhooks.receive(inbound(id="A0", text="older", timestamp=str(now - 60)))
    assert desk.tickets.get(DIGITS).subject == "Given"
    assert [one.body.text for one in desk.messages.list(DIGITS)] == ["older", "Hello", "Good day"]


def test_two_integrations_in_one_file_know_nothing_of_each_other(wire, inbox):
    one, other = wire.open(inbox=inbox), wire.open(inbox=inbox, integration=22)
    one.webhooks.receive(inbound())
    assert list(other.tickets.list()) == []
    assert len(other.webhooks.receive(inbound())) == 1
    assert one.tickets.get(DIGITS).ref != other.tickets.get(DIGITS).ref


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, TOKEN),
        ({"Authorization": f"Bearer {TOKEN}"}, None),
        ({"authorization": TOKEN}, None),
        ({"Token": TOKEN}, None),
        ({"X-Token": TOKEN}, None),
        ({"x-webhook-token": f" {TOKEN} "}, None),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, TOKEN),
        ({}, "the-next-token-of-two"),
    ],
)
def test_the_token_is_found_wherever_clients_have_seen_it(wire, headers, token):
    webhooks = wire.open(webhook_token=f"{TOKEN} the-next-token-of-two").webhooks
    assert len(webhooks.parse(inbound(), headers, token)) == 1


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({}, ""),
        ({}, TOKEN[:-1]),
        ({}, TOKEN + "x"),
        ({"X-Token": "wrong"}, None),
        ({"Authorization": f"Basic {TOKEN}"}, None),
        ({"Cookie": TOKEN}, None),
        ({}, "ğ"),
    ],
)
def test_wrong_short_and_missing_tokens_are_told_the_same_and_nothing_is_stored(wire, inbox, headers, token):
    desk = wire.open(inbox=inbox, webhook_token=TOKEN)
    with pytest.raises(AuthenticationFailed) as caught:
        desk.webhooks.receive(inbound(), headers, token)
    assert caught.value.message == "the webhook's token is missing or wrong"
    assert list(desk.tickets.list()) == []


def test_tokens_are_compared_in_constant_time_all_of_them_by_digests_of_one_length(wire, monkeypatch):
    compared = []

    def watched(given, wanted):
        compared.append((len(given), len(wanted)))
        return given == wanted

    webhooks = wire.open(webhook_token=f"{TOKEN} the-next-token-of-two").webhooks
    monkeypatch.setattr("helpdesk_bridge_desk360.port.webhooks.hmac.compare_digest", watched)
    for token in (TOKEN, "the-next-token-of-two"):
        webhooks.parse(inbound(), {"X-Token": "x"}, token)
    with pytest.raises(AuthenticationFailed):
        webhooks.parse(inbound(), {"X-Token": "x" * 5000}, "")
    assert compared == [(32, 32)] * 12


@pytest.mark.parametrize(
    "body", ["", "{", b"\xff\xfe", "NaN", "[" * 100_000, b" " * (BODY_LIMIT + 1), "x" * (BODY_LIMIT + 1)]
)
def test_a_body_that_is_no_json_or_too_large_is_invalid(desk, body):
    with pytest.raises(Invalid) as caught:
        desk.webhooks.receive(body)
    assert caught.value.field == "body"


def test_parsing_stores_and_sends_nothing_and_shows_no_customer(wire, desk, caplog):
    caplog.set_level(logging.DEBUG)
    (event,) = desk.webhooks.parse(inbound(text="canary text", name="Canary Name"))
    assert list(desk.tickets.list()) == []
    desk.webhooks.receive(inbound(text="canary text", name="Canary Name"))
    assert wire.sent == []
    for shown in (repr(event), caplog.text):
        assert "canary" not in shown.lower()
        assert DIGITS not in shown


def test_what_has_no_known_shape_is_told_once_and_kept_apart_as_it_came(desk):
    bodies = (
        "{}",
        '{"messages": {"id": "x"}}',
        '{"messages": "x"}',
        '{"statuses": {"id": "x"}}',
        "5",
        '{"body": "x"}',
        '{"text": "\\ud800"}',
    )
    for body in bodies:
        assert [type(one) for one in desk.webhooks.receive(body)] == [UnknownEvent]
        assert desk.webhooks.receive(body) == ()
    assert desk.webhooks.receive("[]") == ()
    assert list(desk.vendor_api.unread_webhooks()) == [*(json.loads(body) for body in bodies[:-1]), {"text": "\ufffd"}]
    assert list(desk.tickets.list()) == []


@given(st.one_of(JSON, st.fixed_dictionaries({"messages": FIELDS}), st.fixed_dictionaries({"statuses": FIELDS})))
def test_no_document_breaks_the_reader(document):
    for event in events_in(document, "11"):
        assert isinstance(event, (MessageReceived, DeliveryChanged, UnknownEvent))


@given(st.lists(st.sampled_from(["delivered", "read", "sent", "odd"]), max_size=8))
def test_whatever_the_order_of_states_the_furthest_stays(words):
    from helpdesk_bridge import open_desk

    ranks = {"odd": -1, "sent": 0, "delivered": 1, "read": 2}
    with open_desk({"vendor": "desk360", "integration": 11, "api_key": "k", "inbox": ":memory:"}) as desk:
        furthest = None
        for word in words:
            desk.webhooks.receive(status("g", word))
            furthest = max((furthest or word, word), key=ranks.__getitem__)
            assert desk.vendor_api.delivery("g") == furthest
