"""What is sent: exactly as the samples show it, and nothing that the documents forbid."""

import json
from datetime import date

import pytest
from adapters.desk360 import samples
from adapters.desk360.wiretap import DIGITS, TO
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import Upload
from helpdesk_bridge.errors import InDoubt, Invalid, Unsupported
from helpdesk_bridge_desk360.wire.cards import (
    CardAddress,
    CardEmail,
    CardMessenger,
    CardName,
    CardOrganisation,
    CardPhone,
    CardUrl,
    ContactCard,
    documents,
    received,
)
from helpdesk_bridge_desk360.wire.interactive import Button, Header

MESSAGES = "/v1/integrations/11/conversations/messages"
MB = 1024 * 1024
WORDS = st.text(min_size=1).filter(str.strip)
NAME = CardName(formatted_name="John Smith", first_name="John", last_name="Smith")


def as_sample(request, sample):
    wanted = json.loads(sample)
    assert request.json == {**wanted, "to": TO}
    assert request.headers["Content-Type"] == "application/json"


def refused(wire, field, call):
    with pytest.raises(Invalid) as caught:
        call()
    assert caught.value.field == field
    assert wire.sent == []


@pytest.mark.parametrize(
    "to",
    [
        "905551112233",
        "+0555111223",
        "+90 555 111 22 33",
        "",
        "+90xxxxxxxxxx",
        "+12345",
        "+1234567890123456",
        "+٣٤٥٦٧٨٩",
        None,
    ],
)
def test_a_number_without_plus_and_country_code_is_refused_before_sending(wire, to):
    api = wire.open().vendor_api
    refused(wire, "to", lambda: api.send_text(to, "Hello"))
    refused(wire, "to", lambda: api.send_media(to, [Upload.from_bytes("a", b"a")]))
    refused(wire, "to", lambda: api.mark_read(to, ["x"]))


def test_a_text_goes_as_form_data_and_4096_characters_pass(wire):
    wire.answer(MESSAGES, {"message_id": "gBEGkFBXUQRnAgnoOJ1ESPKBwME"})
    api = wire.open().vendor_api
    assert api.send_text(TO, "ğ" * 4096).ids == ("gBEGkFBXUQRnAgnoOJ1ESPKBwME",)
    (request,) = wire.sent
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert request.form == [("to", TO), ("text", "ğ" * 4096)]
    wire.sent.clear()
    refused(wire, "text", lambda: api.send_text(TO, "x" * 4097))
    refused(wire, "text", lambda: api.send_text(TO, " \n"))


def test_a_place_goes_to_its_own_path_and_numbers_stay_numbers(wire):
    wire.answer(f"{MESSAGES}/locations", {"message_id": "g"})
    place = {
        "latitude": 37.758056,
        "longitude": -122.425332,
        "name": "Facebook HQ",
        "address": "1 Hacker Way, Menlo Park, CA 94025",
    }
    api = wire.open().vendor_api
    api.send_location(TO, **place)
    as_sample(wire.sent.pop(), samples.LOCATION)
    for name, wrong in (
        ("name", ""),
        ("address", None),
        ("latitude", "37.7"),
        ("latitude", 91),
        ("longitude", None),
        ("longitude", float("nan")),
        ("longitude", True),
    ):
        refused(
            wire, f"location.{name}", lambda name=name, wrong=wrong: api.send_location(TO, **{**place, name: wrong})
        )


def test_a_card_goes_as_the_sample_with_its_phone_in_any_spelling(wire):
    wire.answer(f"{MESSAGES}/contacts", {"message_id": "g"})
    card = ContactCard(
        name=NAME,
        addresses=[
            CardAddress(
                city="Menlo Park",
                country="United States",
                country_code="us",
                state="CA",
                street="1 Hacker Way",
                type="HOME",
                zip="94025",
            )
        ],
        birthday=date(2012, 8, 18),
        emails=[CardEmail(email="test@whatsapp.com", type="WORK")],
        org=CardOrganisation(company="WhatsApp", department="Design", title="Manager"),
        phones=[CardPhone(phone="+1 (650) 555-1234", type="WORK", wa_id="16505551234")],
        urls=[CardUrl(url="https://www.facebook.com", type="WORK")],
    )
    wire.open().vendor_api.send_contacts(TO, [card])
    as_sample(wire.sent[0], samples.CONTACTS)


@pytest.mark.parametrize(
    ("card", "field"),
    [
        ({"birthday": "18.08.2012"}, "birthday"),
        ({"birthday": "2012-02-30"}, "birthday"),
        ({"name": CardName(formatted_name="J", first_name="J")}, "name.last_name"),
        ({"name": CardName(first_name="J", last_name="S")}, "name.formatted_name"),
        ({"name": CardName(formatted_name="J", last_name="S", first_name=" ")}, "name.first_name"),
        ({"phones": [CardPhone(wa_id="+1650")]}, "phones.*.wa_id"),
        ({"ims": [CardMessenger(service="AIM")]}, "ims"),
    ],
)
def test_what_a_card_lacks_is_refused(wire, card, field):
    api = wire.open().vendor_api
    refused(wire, f"contacts.*.{field}", lambda: api.send_contacts(TO, [ContactCard(**{"name": NAME, **card})]))
    refused(wire, "contacts", lambda: api.send_contacts(TO, []))


@given(
    st.builds(
        ContactCard,
        name=st.builds(
            CardName, formatted_name=WORDS, first_name=WORDS, last_name=WORDS, middle_name=st.none() | WORDS
        ),
        phones=st.lists(st.builds(CardPhone, phone=WORDS, type=st.none() | WORDS, wa_id=st.none() | st.just("1650"))),
        emails=st.lists(st.builds(CardEmail, email=WORDS)),
        addresses=st.lists(st.builds(CardAddress, street=WORDS, zip=st.none() | WORDS)),
        urls=st.lists(st.builds(CardUrl, url=WORDS)),
        org=st.none() | st.builds(CardOrganisation, company=WORDS),
        birthday=st.none() | st.dates().map(date.isoformat),
    )
)
def test_a_card_that_is_sent_and_received_is_the_same(card):
    (document,) = documents([card])
    assert received(json.loads(json.dumps(document))) == card


def test_files_go_in_one_call_and_each_has_its_own_ids(wire):
    wire.answer(f"{MESSAGES}/medias", samples.MEDIA)
    sent = wire.open().vendor_api.send_media(
        TO, [Upload.from_bytes("desk360.png", b"png", "image/png"), Upload.from_bytes('b"c.txt', b"txt", "text/plain")]
    )
    assert sent.ids == ("gBEGkFBXUQRnAgkEg3us4YW8UJE",)
    assert wire.sent[0].form == [
        ("to", TO),
        ("attachments[]", ("desk360.png", "image/png", b"png")),
        ("attachments[]", ('b"c.txt', "text/plain", b"txt")),
    ]


def test_other_kinds_than_images_are_found_as_well(wire):
    media = {
        "message_id": "m2",
        "media_id": "u2",
        "url": "https://cdn.example/v",
        "name": "v.mp4",
        "content_type": "video/mp4",
    }
    wire.answer(
        f"{MESSAGES}/medias",
        {"medias": {"images": [{"message_id": "m1"}], "videos": [media], "files": [], "others": None}},
    )
    assert wire.open().vendor_api.send_media(TO, [Upload.from_bytes("a", b"a")] * 2).ids == ("m1", "m2")
    for odd in ({"medias": {}}, {"medias": []}, {"medias": {"images": [{"url": "x"}]}}, {}):
        wire.answer(f"{MESSAGES}/medias", odd)
        with pytest.raises(InDoubt):
            wire.open().vendor_api.send_media(TO, [Upload.from_bytes("a", b"a")])


def test_five_files_and_20_mb_pass_and_one_more_is_refused(wire):
    wire.answer(f"{MESSAGES}/medias", samples.MEDIA)
    api = wire.open().vendor_api
    small = Upload.from_bytes("a.txt", b"a", "text/plain")
    api.send_media(TO, [small] * 5)
    api.send_media(TO, [Upload.from_bytes("a.bin", bytes(20 * MB))])
    wire.sent.clear()
    refused(wire, "attachments", lambda: api.send_media(TO, [small] * 6))
    refused(wire, "attachments", lambda: api.send_media(TO, []))
    refused(wire, "attachments", lambda: api.send_media(TO, [Upload.from_bytes("a.bin", bytes(20 * MB + 1))]))
    unknown = Upload("a.bin", "text/plain", Upload.from_bytes("a", bytes(20 * MB + 1)).open)
    refused(wire, "attachments", lambda: api.send_media(TO, [unknown]))
    refused(wire, "attachments", lambda: api.send_media(TO, [Upload.from_bytes("a.bin", bytes(11 * MB))] * 2))


def test_a_message_with_buttons_goes_as_the_sample_markup_untouched(wire):
    wire.answer(f"{MESSAGES}/interactive", {"message_id": "g"})
    link = "https://fastly.picsum.photos/id/879/200/300.jpg?hmac=07llkorYxtpw0EwxaeqFKPC5woveWVLykQVnIOyiwd8"
    buttons = [Button(f"ID 1.{n}", f"Button {n}") for n in (1, 2, 3)]
    wire.open().vendor_api.send_interactive(
        TO, "<p>Hello</p>", buttons, header=Header(type="image", link=link), footer="<b>Bye</b>"
    )
    as_sample(wire.sent[0], samples.INTERACTIVE)


BUTTON = Button("id", "Yes")
AT_LIMIT = [
    {"body": "x" * 1024},
    {"buttons": [Button("i" * 199 + str(n), f"Title {n} 👍") for n in range(10)]},
    {"buttons": [Button("id", "t" * 20)]},
    {"header": Header(type="text", text="h" * 60)},
    {"header": Header(type="video", link="https://x.example/v.mp4")},
    {"header": Header(type="document", link="https://x.example/d.pdf", filename="d.pdf")},
    {"footer": "f" * 60},
]
OVER_LIMIT = [
    ({"body": "x" * 1025}, "body"),
    ({"body": " "}, "body"),
    ({"buttons": []}, "buttons"),
    ({"buttons": [Button(str(n), str(n)) for n in range(11)]}, "buttons"),
    ({"buttons": [Button("i" * 201, "t")]}, "buttons.*.id"),
    ({"buttons": [Button("i", "t" * 21)]}, "buttons.*.title"),
    ({"buttons": [Button("i", "")]}, "buttons.*.title"),
    ({"buttons": [Button("1", "same"), Button("2", "same")]}, "buttons.*.title"),
    ({"buttons": [Button("1", "a"), Button("1", "b")]}, "buttons.*.id"),
    ({"header": Header(type="audio", link="https://x.example/a")}, "header.type"),
    ({"header": Header(type="text", text="h" * 61)}, "header.text"),
    ({"header": Header(type="text")}, "header.text"),
    ({"header": Header(type="image")}, "header.image.link"),
    ({"header": Header(type="video", link="/local/file")}, "header.video.link"),
    ({"header": Header(type="image", link="https://x.example/i", filename="i")}, "header.image.filename"),
    ({"footer": "f" * 61}, "footer.text"),
    ({"footer": ""}, "footer.text"),
]


@pytest.mark.parametrize("message", AT_LIMIT)
def test_what_is_at_a_limit_passes(wire, message):
    wire.answer(f"{MESSAGES}/interactive", {"message_id": "g"})
    wire.open().vendor_api.send_interactive(TO, **{"body": "b", "buttons": [BUTTON], **message})
    assert len(wire.sent) == 1


@pytest.mark.parametrize(("message", "field"), OVER_LIMIT)
def test_what_is_over_a_limit_is_refused(wire, message, field):
    api = wire.open().vendor_api
    refused(wire, field, lambda: api.send_interactive(TO, **{"body": "b", "buttons": [BUTTON], **message}))


def test_a_request_for_a_place_goes_as_the_sample(wire):
    wire.answer(f"{MESSAGES}/interactive/location-request", {"message_id": "gBEGkFBXUQRnAgn6gWf5CzaF6Ko"})
    api = wire.open().vendor_api
    api.request_location(TO, "<i>Send Location</i>")
    as_sample(wire.sent.pop(), samples.LOCATION_REQUEST)
    refused(wire, "body", lambda: api.request_location(TO, "x" * 1025))


def test_reads_go_as_form_data_and_no_id_is_judged_by_its_look(wire):
    wire.answer(f"{MESSAGES}/reads", samples.READS)
    api = wire.open().vendor_api
    ids = ("gBEGkFBXUQRnAgn6gWf5CzaF6Ko", "ABEGkFMIcyRoAgo-sGaD-H6MgPEt")
    assert api.mark_read(TO, ids) == tuple(json.loads(samples.READS)["message_ids"])
    assert wire.sent.pop().form == [("to", TO), *(("message_ids[]", one) for one in ids)]
    refused(wire, "message_ids", lambda: api.mark_read(TO, []))
    refused(wire, "message_ids", lambda: api.mark_read(TO, "gBEG"))


def test_what_is_sent_by_the_vendors_own_calls_stands_in_the_inbox(wire, inbox):
    for path in ("", "/locations", "/contacts", "/interactive", "/interactive/location-request"):
        wire.answer(f"{MESSAGES}{path}", {"message_id": f"g{path}"})
    wire.answer(f"{MESSAGES}/medias", samples.MEDIA)
    desk = wire.open(inbox=inbox)
    api = desk.vendor_api
    with pytest.raises(Unsupported, match="template"):
        api.send_text(TO, "Hello")
    assert wire.sent == []
    api.send_text(TO, "Hello", anyway=True)
    api.send_location(TO, latitude=1, longitude=2, name="N", address="A", anyway=True)
    api.send_contacts(TO, [ContactCard(name=NAME)], anyway=True)
    api.send_interactive(TO, "Choose", [BUTTON], anyway=True)
    api.request_location(TO, "Where?", anyway=True)
    api.send_media(TO, [Upload.from_bytes("a", b"a")], anyway=True)
    thread = list(desk.messages.list(DIGITS))
    assert [one.body.text for one in thread] == [
        "Hello",
        "N - A, latitude: 1, longitude: 2",
        "John Smith",
        "Choose\n[Yes]",
        "Where?",
        "",
    ]
    assert thread[-1].attachments[0].filename == "desk360.png"
    assert [one.opening for one in thread] == [True, False, False, False, False, False]
    assert desk.tickets.get(DIGITS).status_label == "pending"
    assert api.delivery("g") == "sent"
