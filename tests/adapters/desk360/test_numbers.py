"""Numbers that WhatsApp writes in two ways are one person; those of every other country are joined by nothing."""

from __future__ import annotations

import json
from itertools import combinations

import phonenumbers
import pytest
from adapters.desk360.test_webhooks import inbound
from hypothesis import given
from hypothesis import strategies as st

from helpdesk_bridge import Actor, MessageDraft, TicketDraft, TicketQuery, open_desk
from helpdesk_bridge.datasets.generator import generate
from helpdesk_bridge.errors import Conflict, Unsupported
from helpdesk_bridge.testing.simulator import SimulatorServer
from helpdesk_bridge_desk360.simulator import create
from helpdesk_bridge_desk360.simulator.records.numbers import other_way
from helpdesk_bridge_desk360.wire.phones import WRITTEN_TWICE, conversation_id, spellings

TEXTS = "/v1/integrations/11/conversations/messages"
PAIRS = [
    ("551187654321", "5511987654321"),
    ("554799998888", "5547999998888"),
    ("5215512345678", "525512345678"),
    ("5218112345678", "528112345678"),
    ("5491123456789", "541123456789"),
    ("5493511234567", "543511234567"),
]
JOINED = {"BR": "9", "MX": "1", "AR": "9"}
TYPES = phonenumbers.PhoneNumberType.values()


def examples():
    """Every example number that the numbering library has, with its region."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in TYPES:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield region, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_both_ways_of_a_number_are_one_conversation(pair):
    one, other = pair
    assert conversation_id(one) == conversation_id(f"+{other}") == conversation_id(f"00{one}")
    assert set(spellings(one)) == set(spellings(other)) == {one, other}
    assert spellings(one)[0] == one
    assert (other_way(one), other_way(other)) == (other, one)


def test_the_id_is_the_number_that_people_dial():
    assert [conversation_id(one) for one, _ in PAIRS] == [
        "5511987654321", "5547999998888", "525512345678", "528112345678", "5491123456789", "5493511234567",
    ]  # fmt: skip


def test_no_number_of_another_country_has_two_ways():
    seen = set()
    for region, digits in examples():
        seen.add(region)
        if region not in JOINED:
            assert conversation_id(digits) == digits, region
            assert spellings(digits) == (digits,), region
            assert other_way(digits) is None, region
    assert len(seen) > 200
    assert {rule.country for rule in WRITTEN_TWICE} == set(JOINED)


def test_no_two_example_numbers_are_one_conversation_unless_they_differ_by_the_digit_of_their_country():
    joined: dict[str, set[tuple[str, str]]] = {}
    for region, digits in examples():
        joined.setdefault(conversation_id(digits), set()).add((region, digits))
    for group in joined.values():
        for (region, one), (_, other) in combinations(group, 2):
            assert one == other or (region in JOINED and set(spellings(one)) == {one, other})


@given(st.from_regex(r"[1-9][0-9]{0,14}", fullmatch=True))
def test_a_conversation_has_one_id_however_it_is_written(digits):
    name = conversation_id(digits)
    assert conversation_id(name) == name
    for form in spellings(digits):
        assert conversation_id(form) == name
    if name != digits:
        assert abs(len(name) - len(digits)) == 1
        assert digits[:2] in {"55", "52", "54"}


@given(st.sampled_from(["55", "52", "54"]), st.text("0123456789", min_size=6, max_size=12))
def test_both_sides_join_the_same_numbers(country, rest):
    digits = country + rest
    assert other_way(digits) == next((form for form in spellings(digits) if form != digits), None)


@pytest.mark.parametrize("digits", ["551134567890", "5511345678901", "52155123456", "54112345678", "15551234567"])
def test_landlines_and_numbers_of_another_length_stay_apart(digits):
    assert conversation_id(digits) == digits
    assert spellings(digits) == (digits,)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_one_conversation_one_contact_one_window(wire, inbox, pair):
    one, other = pair
    desk = wire.open(inbox=inbox)
    now = str(int(wire.clock.wall().timestamp()))
    wire.answer(TEXTS, {"message_id": "gBEG1"}, {"message_id": "gBEG2"}, {"message_id": "gBEG3"})
    (first,) = desk.webhooks.receive(inbound(**{"from": one, "timestamp": now}))
    assert first.phone == f"+{one}"
    desk.messages.reply(first.ticket_id, MessageDraft(body="as they wrote"))
    assert wire.sent[-1].form[0] == ("to", f"+{one}")
    (second,) = desk.webhooks.receive(inbound(**{"from": other, "id": "ABEG2", "text": "Again", "timestamp": now}))
    assert second.ticket == first.ticket
    (ticket,) = desk.tickets.list()
    (contact,) = desk.contacts.list()
    assert ticket.id == contact.id == conversation_id(one)
    assert {phone.e164 for phone in contact.phones} == {f"+{one}", f"+{other}"}
    assert [message.body.text for message in desk.messages.list(ticket.id)] == ["Hello", "as they wrote", "Again"]
    for number in pair:
        assert desk.vendor_api.window(f"+{number}").open
        assert desk.tickets.get(number).id == ticket.id
        assert desk.contacts.get(number).id == contact.id
        assert desk.contacts.find(phone=f"+{number}").id == contact.id
        for person in (number, f"+{number}", Actor.contact(id=ticket.id)):
            assert [found.id for found in desk.tickets.list(TicketQuery(requester={person}))] == [ticket.id]
        with pytest.raises(Conflict):
            desk.contacts.create(phones=(f"+{number}",))
    desk.messages.reply(first.ticket_id, MessageDraft(body="as they wrote last"))
    assert wire.sent[-1].form[0] == ("to", f"+{other}")
    desk.tickets.create(TicketDraft(subject="", requester=f"+{one}", description="once more"))
    assert len(list(desk.tickets.list())) == 1
    wire.clock.advance(24 * 3600)
    for number in pair:
        with pytest.raises(Unsupported, match="24 hours"):
            desk.vendor_api.send_text(f"+{number}", "late")


def test_an_answer_to_a_number_that_whatsapp_writes_otherwise_joins_its_conversation(own_budget, inbox):
    app = create(generate(0), settings={"whatsapp_ids": "other", "enforce_window": True, "delivery": "delivered"})
    with SimulatorServer(app) as server:
        table = {**app.connection, "vendor": "desk360", "base_url": server.url, "inbox": inbox}
        with open_desk(table) as desk:
            told = app.inject({"from": "+5511987654321", "text": "Oi"})
            assert told.payload["messages"]["from"] == "551187654321"
            (event,) = desk.webhooks.receive(json.dumps(told.payload))
            sent = desk.messages.reply(event.ticket_id, MessageDraft(body="Olá"))
            assert sent.ids
            assert desk.vendor_api.send_text("+5511987654321", "e de novo").ids
            assert len(list(desk.tickets.list())) == 1
