from __future__ import annotations

import copy

import pytest
from adapters.desk360.simulated import TO, Desk, problem
from hypothesis import given
from hypothesis import strategies as st

LOCATION = {
    "longitude": -122.425332,
    "latitude": 37.758056,
    "name": "Facebook HQ",
    "address": "1 Hacker Way, Menlo Park, CA 94025",
}
CARD = {
    "addresses": [
        {
            "city": "Menlo Park",
            "country": "United States",
            "country_code": "us",
            "state": "CA",
            "street": "1 Hacker Way",
            "type": "HOME",
            "zip": "94025",
        }
    ],
    "birthday": "2012-08-18",
    "emails": [{"email": "test@whatsapp.com", "type": "WORK"}],
    "name": {"first_name": "John", "formatted_name": "John Smith", "last_name": "Smith"},
    "org": {"company": "WhatsApp", "department": "Design", "title": "Manager"},
    "phones": [{"phone": "+1 (650) 555-1234", "type": "WORK", "wa_id": "16505551234"}],
    "urls": [{"url": "https://www.facebook.com", "type": "WORK"}],
}
INTERACTIVE = {
    "to": TO,
    "header": {"type": "image", "image": {"link": "https://fastly.picsum.photos/id/879/200/300.jpg?hmac=07"}},
    "body": "<p>Hello</p>",
    "footer": {"text": "<b>Bye</b>"},
    "buttons": [{"id": f"ID 1.{number}", "title": f"Button {number}"} for number in (1, 2, 3)],
}
DESK = Desk()


def changed(document, path, value):
    """Return a copy with the value at a path of keys replaced, or removed where it is ``...``."""
    made = copy.deepcopy(document)
    *parents, last = path
    place = made
    for key in parents:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return made


def text(value, to=TO):
    return {"to": to, "text": value}


def test_text_of_4096_characters_passes_and_one_more_does_not():
    desk = Desk()
    assert set(desk.accepted("messages", json=text("😀" * 4096))) == {"message_id"}
    assert desk.refused("messages", json=text("x" * 4097)) == "The text field must not be greater than 4096 characters."
    for missing in (None, "", "  "):
        assert desk.refused("messages", json=text(missing)) == "The text field is required."
    assert desk.refused("messages", json=text(7)) == "The text field must be a string."


@pytest.mark.parametrize(
    "to", ["90555111", "905551112233", "+0905551112233", "+90 555 111 22 33", "+90555x", "+1234", "+٩٠٥٥٥١١١٢٢٣٣"]
)
def test_a_number_without_plus_or_country_code_is_refused(to):
    assert Desk().refused("messages", json=text("Hello", to)) == "The to field format is invalid."


@given(to=st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z"))
def test_every_international_number_passes(to):
    answer = DESK.post("messages", json=text("Hello", to))
    assert answer.status_code == 200


def test_a_number_that_is_no_text_is_refused():
    assert Desk().refused("messages", json=text("Hello", 905551112233)) == "The to field must be a string."


def test_a_location_keeps_its_numbers():
    desk = Desk()
    desk.accepted("messages/locations", json={"to": TO, "location": LOCATION})
    form = {"to": TO, **{f"location[{key}]": str(value) for key, value in LOCATION.items()}}
    desk.accepted("messages/locations", data=form)
    assert desk.outbox()[0]["body"] == {"location": LOCATION}
    assert desk.outbox()[0]["kind"] == "location"


@pytest.mark.parametrize("name", LOCATION)
def test_each_of_the_four_fields_is_needed(name):
    missing = changed(LOCATION, [name], ...)
    message = Desk().refused("messages/locations", json={"to": TO, "location": missing})
    assert message == f"The location.{name} field is required."


@pytest.mark.parametrize("value", ["north", True, "nan", [], "1e9999"])
def test_a_coordinate_is_a_number(value):
    body = {"to": TO, "location": {**LOCATION, "latitude": value}}
    assert Desk().refused("messages/locations", json=body) == "The location.latitude field must be a number."


def test_a_coordinate_is_finite():
    body = b'{"to": "+905551112233", "location": {"longitude": 1e999, "latitude": 1, "name": "x", "address": "y"}}'
    answer = Desk().post("messages/locations", data=body, content_type="application/json")
    assert problem(answer) == (400, "failed_validation")


def test_a_location_sent_to_messages_lacks_its_text():
    assert Desk().refused("messages", json={"to": TO, "location": LOCATION}) == "The text field is required."


def test_the_printed_card_passes_with_its_free_form_phone():
    desk = Desk()
    desk.accepted("messages/contacts", json={"to": TO, "contacts": [CARD]})
    assert desk.outbox()[0]["body"] == {"contacts": [CARD]}
    desk.accepted("messages/contacts", json={"to": TO, "contacts": [{"name": CARD["name"]}]})


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (["birthday"], "18.08.2012", "The contacts.0.birthday field must match the format Y-m-d."),
        (["birthday"], "2012-02-30", "The contacts.0.birthday field must match the format Y-m-d."),
        (["birthday"], "20120818", "The contacts.0.birthday field must match the format Y-m-d."),
        (["name"], ..., "The contacts.0.name field is required."),
        (["name", "formatted_name"], ..., "The contacts.0.name.formatted name field is required."),
        (["name", "first_name"], "", "The contacts.0.name.first name field is required."),
        (["name", "last_name"], None, "The contacts.0.name.last name field is required."),
        (["phones"], "+1650", "The contacts.0.phones field must be an array."),
        (["phones", 0], "+1650", "The contacts.0.phones.0 field must be an array."),
        (["addresses", 0, "zip"], 94025, "The contacts.0.addresses.0.zip field must be a string."),
        (["org"], "WhatsApp", "The contacts.0.org field must be an array."),
    ],
)
def test_a_card_that_breaks_a_rule_is_refused(path, value, text):
    body = {"to": TO, "contacts": [changed(CARD, path, value)]}
    assert Desk().refused("messages/contacts", json=body) == text


@pytest.mark.parametrize("contacts", [None, [], "John"])
def test_there_must_be_a_card(contacts):
    Desk().refused("messages/contacts", json={"to": TO, "contacts": contacts})


def test_the_printed_message_passes_with_its_html_untouched():
    desk = Desk()
    desk.accepted("messages/interactive", json=INTERACTIVE)
    assert desk.outbox()[0]["body"] == changed(INTERACTIVE, ["to"], ...)


def buttons(count):
    return [{"id": str(number), "title": f"Button {number}"} for number in range(count)]


def header(kind, **more):
    return {"type": kind, **more}


AT_THE_LIMIT = [
    (["body"], "x" * 1024),
    (["buttons"], buttons(1)),
    (["buttons"], buttons(10)),
    (["buttons", 0, "id"], "x" * 200),
    (["buttons", 0, "title"], "👍" * 20),
    (["header"], header("text", text="x" * 60)),
    (["header"], header("video", video={"link": "https://x.io/v.mp4"})),
    (["header"], header("document", document={"link": "https://x.io/d.pdf", "filename": "d.pdf"})),
    (["header"], header("document", document={"link": "https://x.io/d.pdf"})),
    (["header"], ...),
    (["footer", "text"], "x" * 60),
    (["footer"], ...),
]
OVER_THE_LIMIT = [
    (["body"], "x" * 1025, "The body field must not be greater than 1024 characters."),
    (["body"], ..., "The body field is required."),
    (["buttons"], ..., "The buttons field is required."),
    (["buttons"], [], "The buttons field is required."),
    (["buttons"], buttons(11), "The buttons field must not have more than 10 items."),
    (["buttons", 0, "id"], "x" * 201, "The buttons.0.id field must not be greater than 200 characters."),
    (["buttons", 0, "id"], ..., "The buttons.0.id field is required."),
    (["buttons", 1, "id"], "ID 1.1", "The buttons.1.id field has a duplicate value."),
    (["buttons", 0, "title"], "x" * 21, "The buttons.0.title field must not be greater than 20 characters."),
    (["buttons", 0, "title"], "", "The buttons.0.title field is required."),
    (["buttons", 2, "title"], "Button 1", "The buttons.2.title field has a duplicate value."),
    (["header"], {}, "The header field is required."),
    (["header", "type"], ..., "The header.type field is required."),
    (["header", "type"], "audio", "The selected header.type is invalid."),
    (["header"], header("text"), "The header.text field is required."),
    (["header"], header("text", text="x" * 61), "The header.text field must not be greater than 60 characters."),
    (["header"], header("image"), "The header.image field is required."),
    (["header"], header("video", image={"link": "https://x.io"}), "The header.video field is required."),
    (["header", "image"], {"id": "1"}, "The header.image.link field is required."),
    (["header", "image", "link"], "photo.jpg", "The header.image.link field must be a valid URL."),
    (["footer"], {"line": "x"}, "The footer.text field is required."),
    (["footer", "text"], "x" * 61, "The footer.text field must not be greater than 60 characters."),
    (["to"], "x", "The to field format is invalid."),
]


@pytest.mark.parametrize(("path", "value"), AT_THE_LIMIT)
def test_each_limit_is_reached(path, value):
    Desk().accepted("messages/interactive", json=changed(INTERACTIVE, path, value))


@pytest.mark.parametrize(("path", "value", "text"), OVER_THE_LIMIT)
def test_each_limit_holds(path, value, text):
    assert Desk().refused("messages/interactive", json=changed(INTERACTIVE, path, value)) == text


def test_a_location_request_has_a_body_of_at_most_1024():
    desk = Desk()
    path = "messages/interactive/location-request"
    desk.accepted(path, json={"to": TO, "body": "<i>Send Location</i>"})
    desk.accepted(path, json={"to": TO, "body": "x" * 1024})
    assert "1024" in desk.refused(path, json={"to": TO, "body": "x" * 1025})
    assert desk.refused(path, json={"to": TO}) == "The body field is required."
    assert [message["kind"] for message in desk.outbox()] == ["location_request"] * 2


def test_reads_marks_what_came_by_webhook_and_echoes_every_id():
    desk = Desk()
    inbound = desk.sim("inbound", {})
    ids = [inbound["id"], "gBEGkFBXUQRnAgn6gWf5CzaF6Ko"]
    form = [("to", TO), ("message_ids[]", ids[0]), ("message_ids[]", ids[1])]
    body = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in form)
    answer = desk.accepted("messages/reads", data=body, content_type="application/x-www-form-urlencoded")
    assert answer == {"message_ids": ids}
    assert [message["read"] for message in desk.client.get("/_sim/inbox").get_json()["inbox"]] == [True]
    assert desk.outbox() == []


def test_another_integration_cannot_mark_it():
    desk = Desk()
    inbound = desk.sim("inbound", {"integration": 22})
    desk.accepted("messages/reads", json={"to": TO, "message_ids": [inbound["id"]]})
    assert desk.client.get("/_sim/inbox").get_json()["inbox"][0]["read"] is False


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"message_ids": ["x"]}, "The to field is required."),
        ({"to": TO}, "The message ids field is required."),
        ({"to": TO, "message_ids": []}, "The message ids field is required."),
        ({"to": TO, "message_ids": "x"}, "The message ids field must be an array."),
        ({"to": TO, "message_ids": [7]}, "The message_ids.0 field must be a string."),
    ],
)
def test_reads_asks_for_both_fields(body, text):
    assert Desk().refused("messages/reads", json=body) == text


def test_a_free_form_message_needs_an_open_window_where_that_is_enforced():
    desk = Desk(enforce_window=True)
    assert "24-hour window" in desk.refused("messages", json=text("Hello"))
    desk.sim("inbound", {"from": TO})
    desk.accepted("messages", json=text("Hello"))
    assert problem(desk.post("/v1/integrations/22/conversations/messages", json=text("Hello"))) == (
        400,
        "failed_validation",
    )
    desk.clock.advance(24 * 3600 - 1)
    desk.accepted("messages", json=text("Hello"))
    desk.clock.advance(1)
    desk.refused("messages", json=text("Hello"))
    desk.sim("inbound", {"from": TO, "timestamp": int(desk.clock.now().timestamp()) - 24 * 3600})
    desk.refused("messages", json=text("Hello"))


def test_a_message_that_cannot_arrive_may_vanish():
    desk = Desk(enforce_window=True, undeliverable="silent", delivery="read")
    assert desk.accepted("messages", json=text("Hello"))["message_id"]
    desk.clock.advance(100)
    assert desk.webhooks() == []
